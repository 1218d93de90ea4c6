/* settings.c - options of the checker as text. It believes nothing: the text comes from the environment. */
#include <check/settings.h>
#include <string.h>

/* A piece of the text. */
struct piece {
    const char *at;
    size_t length;
};

static bool is(struct piece piece, const char *word) {
    return strlen(word) == piece.length && !memcmp(piece.at, word, piece.length);
}

/* Cuts off what stands before the mark, and the mark; all if there is none. */
static struct piece cut(struct piece *rest, char mark) {
    const char *end = rest->length ? memchr(rest->at, mark, rest->length) : NULL;
    struct piece first = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
    size_t gone = first.length + (end != NULL);
    rest->at += gone;
    rest->length -= gone;
    return first;
}

static bool read_whole(struct piece piece, uint64_t most, uint64_t *number) {
    uint64_t value = 0;
    if (!piece.length) return false;
    for (size_t i = 0; i < piece.length; i++) {
        if (piece.at[i] < '0' || piece.at[i] > '9') return false;
        unsigned digit = (unsigned)(piece.at[i] - '0');
        if (value > (most - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *number = value;
    return value > 0;
}

static bool read_small(struct piece piece, unsigned *number) {
    uint64_t value;
    if (!read_whole(piece, 1000000, &value)) return false;
    *number = (unsigned)value;
    return true;
}

/* Not strtod, for which the locale decides what a point is. */
static bool read_seconds(struct piece piece, double *seconds) {
    double value = 0, unit = 1;
    bool point = false;
    for (size_t i = 0; i < piece.length; i++) {
        if (piece.at[i] == '.' && !point && piece.length > 1) {
            point = true;
        } else if (piece.at[i] >= '0' && piece.at[i] <= '9' && piece.length <= 15) {
            value = value * 10 + (piece.at[i] - '0');
            if (point) unit *= 10;
        } else {
            return false;
        }
    }
    *seconds = value / unit;
    return value > 0;
}

static bool read_strategy(struct piece piece, plait_check_strategy *strategy) {
    static const char *const names[] = {"auto", "random", "pct", "delay", "dfs"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!is(piece, names[i])) continue;
        *strategy = (plait_check_strategy)i;
        return true;
    }
    return false;
}

static bool read_inject(struct piece piece, unsigned *inject) {
    unsigned all = 0;
    if (is(piece, "nothing")) {
        *inject = PLAIT_CHECK_NOTHING;
        return true;
    }
    for (bool more = true; more;) {
        more = memchr(piece.at, ',', piece.length) != NULL;
        struct piece word = cut(&piece, ',');
        if (is(word, "timeouts"))
            all |= PLAIT_CHECK_TIMEOUTS;
        else if (is(word, "spurious"))
            all |= PLAIT_CHECK_SPURIOUS;
        else if (is(word, "memory"))
            all |= PLAIT_CHECK_MEMORY;
        else
            return false;
    }
    *inject = all;
    return true;
}

static bool read_one(struct piece key, struct piece value, plait_check_options *options) {
    if (!value.length) return false;
    if (is(key, "schedules")) return read_whole(value, UINT64_MAX, &options->schedules);
    if (is(key, "steps")) return read_whole(value, UINT64_MAX, &options->steps);
    if (is(key, "seed")) return read_whole(value, UINT64_MAX, &options->seed);
    if (is(key, "depth")) return read_small(value, &options->depth);
    if (is(key, "bound")) return read_small(value, &options->bound);
    if (is(key, "seconds")) return read_seconds(value, &options->seconds);
    if (is(key, "strategy")) return read_strategy(value, &options->strategy);
    if (is(key, "inject")) return read_inject(value, &options->inject);
    if (is(key, "inside")) {
        options->inside = is(value, "yes");
        return options->inside || is(value, "no");
    }
    return false;
}

bool plait__settings_read(const char *text, plait_check_options *options) {
    struct piece rest = {text, strlen(text)};
    while (rest.length) {
        static const char replay[] = "replay=";
        if (!strncmp(rest.at, replay, sizeof replay - 1)) {
            options->replay = rest.at + sizeof replay - 1;
            return *options->replay != 0;
        }
        struct piece value = cut(&rest, ';'), key = cut(&value, '=');
        if (!read_one(key, value, options)) return false;
    }
    return true;
}

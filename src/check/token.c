/* token.c - a schedule as a short word that people can copy, and back.
 *
 *   p1-7F2K9-QXR0A-3M
 *
 * "p1" is the version: of this format, and of where decisions are asked. Then, in base 32 without letters that
 * look like digits (Crockford's), 5 bits each:
 *   8 bits    what is injected (3), inside (1), whether `steps` follows (1), the parameter k (3)
 *   10 bits   of the hash of the build
 *   [steps; 0: as usual for a program]
 *   for each deviation: decisions since the last one, and the alternative less 1
 *   zeros up to a whole letter
 *   10 bits   a cyclic check over all of it: two wrong or swapped neighbours are always noticed
 * Numbers are written as exponential Golomb codes: small ones short, any size possible. The parameter of the
 * gaps is the one that makes the whole shortest.
 *
 * What would not fit in a line becomes a file, with the same letters in it.
 */
#include <base/memory.h>
#include <check/explore.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VERSION = '1',
    LINE = 64,             /* the longest token */
    FILE_SIZE = 1 << 22,   /* the longest file that is read */
    BUILD = (1 << 10) - 1, /* so much of the build is in it */
};

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* --- bits --- */

struct bits {
    uint8_t *letters; /* 5 bits each; NULL: they are only counted */
    uint64_t count, at;
};

static void write_bits(struct bits *bits, uint64_t value, unsigned count) {
    while (count-- > 0) {
        if (bits->letters && value >> count & 1) bits->letters[bits->at / 5] |= (uint8_t)(16 >> bits->at % 5);
        bits->at++;
    }
}

static void write_number(struct bits *bits, uint64_t number, unsigned parameter) {
    number += (uint64_t)1 << parameter;
    unsigned length = 64 - (unsigned)__builtin_clzll(number);
    write_bits(bits, 0, length - parameter - 1);
    write_bits(bits, number, length);
}

/* False: there are not so many. */
static bool read_bits(struct bits *bits, uint64_t *value, unsigned count) {
    if (bits->count - bits->at < count) return false;
    *value = 0;
    for (; count > 0; count--, bits->at++) {
        *value = *value << 1 | (bits->letters[bits->at / 5] >> (4 - bits->at % 5) & 1);
    }
    return true;
}

static bool read_number(struct bits *bits, uint64_t *number, unsigned parameter) {
    unsigned zeros = 0;
    uint64_t bit = 0;
    while (read_bits(bits, &bit, 1) && !bit) zeros++;
    if (!bit || zeros > 40 || !read_bits(bits, number, zeros + parameter)) return false;
    *number |= bit << (zeros + parameter);
    *number -= (uint64_t)1 << parameter;
    return true;
}

static uint32_t check_of(const uint8_t *values, uint64_t count) {
    uint32_t check = VERSION;
    for (uint64_t i = 0; i < count; i++) {
        check ^= (uint32_t)values[i] << 5;
        for (int bit = 0; bit < 5; bit++) check = check << 1 ^ (check & 0x200 ? 0x233 : 0);
    }
    return check & 0x3ff;
}

/* --- writing --- */

static void write_schedule(struct bits *bits, const struct plait__schedule *schedule,
                           const plait_check_options *options, uint64_t build, unsigned parameter) {
    bool steps = options->steps != PLAIT__STEPS_OF_TEST;
    write_bits(bits, options->inject & 7, 3);
    write_bits(bits, options->inside, 1);
    write_bits(bits, steps, 1);
    write_bits(bits, parameter / 2, 3);
    write_bits(bits, build & BUILD, 10);
    if (steps) write_number(bits, options->steps == PLAIT__STEPS_OF_PROGRAM ? 0 : options->steps, 0);
    for (uint32_t i = 0, next = 0; i < schedule->count; i++) {
        write_number(bits, schedule->of[i].index - next, parameter);
        write_number(bits, schedule->of[i].choice - 1, 0);
        next = schedule->of[i].index + 1;
    }
}

static unsigned best_parameter(const struct plait__schedule *schedule, const plait_check_options *options) {
    unsigned best = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned parameter = 0; parameter < 16; parameter += 2) {
        struct bits bits = {0};
        write_schedule(&bits, schedule, options, 0, parameter);
        if (bits.at >= least) continue;
        least = bits.at;
        best = parameter;
    }
    return best;
}

/* "p1-" and groups of five. */
static char *text_of(const uint8_t *values, uint64_t count) {
    char *text = plait__allocate_unset(count + (count + 4) / 5 + 3), *at = text;
    if (!text) return NULL;
    *at++ = 'p';
    *at++ = VERSION;
    for (uint64_t i = 0; i < count; i++) {
        if (i % 5 == 0) *at++ = '-';
        *at++ = letters[values[i]];
    }
    *at = 0;
    return text;
}

static bool write_all(const char *name, const char *text) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0) return false;
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        text += written;
        left -= (size_t)written;
    }
    return close(file) == 0 && left == 0;
}

/* In this directory, or where temporary files belong; the name is made of what is in it. */
static char *into_file(const char *text, bool *written) {
    uint32_t hash = 2166136261;
    for (const char *at = text; *at; at++) hash = (hash ^ (uint8_t)*at) * 16777619;
    const char *temporary = getenv("TMPDIR");
    const char *places[] = {"", temporary && *temporary ? temporary : "/tmp"};
    char name[4096];
    for (int i = 0; i < 2; i++) {
        int length = snprintf(name, sizeof name, "%s%splait-%c%c%c%c.schedule", places[i],
                              *places[i] ? "/" : "", letters[hash & 31], letters[hash >> 5 & 31],
                              letters[hash >> 10 & 31], letters[hash >> 15 & 31]);
        *written = length < (int)sizeof name && write_all(name, text);
        if (*written) return plait__copy_string(name);
    }
    return NULL;
}

char *plait__token_of(const struct plait__schedule *schedule, const plait_check_options *options,
                      uint64_t build) {
    unsigned parameter = best_parameter(schedule, options);
    struct bits bits = {0};
    write_schedule(&bits, schedule, options, build, parameter);
    uint64_t count = (bits.at + 4) / 5;
    bits = (struct bits){.letters = plait__allocate(count + 2)};
    if (!bits.letters) return NULL;
    write_schedule(&bits, schedule, options, build, parameter);
    uint32_t check = check_of(bits.letters, count);
    bits.letters[count] = (uint8_t)(check >> 5);
    bits.letters[count + 1] = check & 31;
    char *text = text_of(bits.letters, count + 2);
    plait__release(bits.letters);
    if (!text || strlen(text) <= LINE) return text;
    bool written = false;
    char *name = into_file(text, &written);
    if (!written) return text;
    plait__release(text);
    return name;
}

/* --- reading --- */

/* The number of a letter, as people may write it; 32: to be skipped; 33: none. */
static uint8_t value_of(char letter) {
    if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 'a' + 'A');
    if (letter == 'O') letter = '0';
    if (letter == 'I' || letter == 'L') letter = '1';
    if (letter == '-' || letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t') return 32;
    const char *place = letter ? strchr(letters, letter) : NULL;
    return place ? (uint8_t)(place - letters) : 33;
}

static bool read_deviations(struct bits *bits, struct plait__schedule *schedule, unsigned parameter) {
    uint64_t next = 0, gap, choice;
    while (read_number(bits, &gap, parameter)) {
        if (!read_number(bits, &choice, 0) || schedule->count == PLAIT__DEVIATIONS) return false;
        if (next + gap > UINT32_MAX || choice >= UINT32_MAX) return false;
        schedule->of[schedule->count++] = (struct plait__deviation){.index = (uint32_t)(next + gap),
                                                                    .choice = (uint32_t)choice + 1};
        next += gap + 1;
    }
    return true;
}

static enum plait__token_read read_values(uint8_t *values, uint64_t count, struct plait__schedule *schedule,
                                          plait_check_options *options, uint64_t build) {
    if (count < 6) return PLAIT__TOKEN_NONSENSE;
    uint32_t check = (uint32_t)values[count - 2] << 5 | values[count - 1];
    if (check != check_of(values, count - 2)) return PLAIT__TOKEN_MISTYPED;
    struct bits bits = {.letters = values, .count = (count - 2) * 5};
    uint64_t inject, inside, has_steps, parameter, of_build, steps = PLAIT__STEPS_OF_TEST;
    if (!read_bits(&bits, &inject, 3) || !read_bits(&bits, &inside, 1) || !read_bits(&bits, &has_steps, 1) ||
        !read_bits(&bits, &parameter, 3) || !read_bits(&bits, &of_build, 10) ||
        (has_steps && !read_number(&bits, &steps, 0)) ||
        !read_deviations(&bits, schedule, (unsigned)parameter * 2))
        return PLAIT__TOKEN_NONSENSE;
    options->inject = inject ? (unsigned)inject : PLAIT_CHECK_NOTHING;
    options->inside = inside;
    options->steps = steps ? steps : PLAIT__STEPS_OF_PROGRAM;
    return of_build == (build & BUILD) ? PLAIT__TOKEN_GOOD : PLAIT__TOKEN_OF_ANOTHER_BUILD;
}

static enum plait__token_read read_text(const char *text, struct plait__schedule *schedule,
                                        plait_check_options *options, uint64_t build) {
    while (value_of(*text) == 32) text++;
    if (*text != 'p' && *text != 'P') return PLAIT__TOKEN_NONSENSE;
    uint8_t version = value_of(text[1]);
    if (version >= 32) return PLAIT__TOKEN_NONSENSE;
    if (letters[version] != VERSION) return PLAIT__TOKEN_OF_ANOTHER_VERSION;
    text += 2;
    uint8_t *values = plait__allocate_unset(strlen(text));
    if (!values) return PLAIT__TOKEN_NO_MEMORY;
    enum plait__token_read read = PLAIT__TOKEN_GOOD;
    uint64_t count = 0;
    for (; *text && read == PLAIT__TOKEN_GOOD; text++) {
        uint8_t value = value_of(*text);
        if (value == 33) read = PLAIT__TOKEN_NONSENSE;
        if (value < 32) values[count++] = value;
    }
    if (read == PLAIT__TOKEN_GOOD) read = read_values(values, count, schedule, options, build);
    plait__release(values);
    return read;
}

/* Its text, for plait__release; NULL if it cannot be read. */
static char *read_file(const char *name) {
    int file = open(name, O_RDONLY | O_CLOEXEC);
    char *text = file < 0 ? NULL : plait__allocate_unset(FILE_SIZE);
    size_t length = 0;
    ssize_t got = text ? 1 : 0;
    while (got != 0 && length < FILE_SIZE - 1) {
        got = read(file, text + length, FILE_SIZE - 1 - length);
        if (got < 0 && errno != EINTR) break;
        if (got > 0) length += (size_t)got;
    }
    if (file >= 0) close(file);
    if (text && got >= 0) {
        text[length] = 0;
        return text;
    }
    plait__release(text);
    return NULL;
}

enum plait__token_read plait__token_read(const char *token, struct plait__schedule *schedule,
                                         plait_check_options *options, uint64_t build) {
    schedule->count = 0;
    if (!strpbrk(token, "./")) return read_text(token, schedule, options, build);
    char *text = read_file(token);
    if (!text) return PLAIT__TOKEN_NO_FILE;
    enum plait__token_read read = read_text(text, schedule, options, build);
    plait__release(text);
    return read;
}

const char *plait__token_trouble(enum plait__token_read read) {
    switch (read) {
    case PLAIT__TOKEN_GOOD:
        break;
    case PLAIT__TOKEN_NONSENSE:
        return "This is no token. A token looks like p1-7F2K9-QXR0A, or is the name of a file that a failed "
               "check wrote.";
    case PLAIT__TOKEN_MISTYPED:
        return "The token is mistyped or incomplete: its letters do not belong together.";
    case PLAIT__TOKEN_OF_ANOTHER_VERSION:
        return "The token is of another version of plait, whose decisions are numbered in another way.";
    case PLAIT__TOKEN_OF_ANOTHER_BUILD:
        return "The token is of another build: the program or plait has changed since, so its decisions may "
               "be "
               "others. Check it anew, or replay it with the build that failed.";
    case PLAIT__TOKEN_NO_FILE:
        return "The file of this schedule cannot be read.";
    case PLAIT__TOKEN_NO_MEMORY:
        return "There is no memory to read the token.";
    }
    return "The token is good.";
}

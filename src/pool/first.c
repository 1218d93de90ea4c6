/* first.c - plait_first: of several futures the first success wins.
 *
 * A select over those that are not done yet, until one has succeeded or all have failed; then the others
 * are cancelled. A worker of the pool that is to run them does not wait while one of them is still queued,
 * but runs it: it may be the only worker there is.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <pool/future.h>

enum { INLINE_COUNT = 16 };

/* Those still in the race: cases, and which future each one is. */
struct race {
    plait_future *const *futures;
    plait_case *cases;
    size_t *index;
    size_t left;
};

static void begin(struct race *race, size_t count) {
    for (size_t i = 0; i < count; i++) {
        race->cases[i] = plait_case_future(race->futures[i]);
        race->index[i] = i;
    }
    race->left = count;
}

/* The next one that is done leaves the race: its index in *which and its status. */
static plait_status next_done(struct race *race, plait_deadline deadline, size_t *which, bool *done) {
    size_t at;
    plait_status status = plait_select_until(race->cases, race->left, &at, deadline);
    *done = status == PLAIT_OK;
    if (!*done) return status;
    status = race->cases[at].status;
    *which = race->index[at];
    race->left--;
    race->cases[at] = race->cases[race->left];
    race->index[at] = race->index[race->left];
    return status;
}

static bool any_done(const struct race *race) {
    size_t i = 0;
    while (i < race->left && !plait_future_done(race->futures[race->index[i]])) i++;
    return i < race->left;
}

/* On a worker of their pool: runs the first that is still queued, unless one is done. */
static void help(const struct race *race) {
    if (any_done(race)) return;
    for (size_t i = 0; i < race->left; i++) {
        plait_future *future = race->futures[race->index[i]];
        plait__future_help(future);
        if (plait_future_done(future)) return;
    }
}

static plait_status run(struct race *race, size_t count, size_t *which, plait_deadline deadline) {
    plait_status status;
    bool done;
    begin(race, count);
    do {
        if (plait__is_forever(deadline)) help(race);
        status = next_done(race, deadline, which, &done);
    } while (done && status != PLAIT_OK && race->left);
    if (!done) *which = count;
    if (!done && status == PLAIT_NO_MEMORY) return status; /* it has not even begun to wait */
    for (size_t i = 0; i < race->left; i++) plait_future_cancel(race->futures[race->index[i]]);
    return status;
}

static bool makes_sense(plait_future *const *futures, size_t count, const void *out, size_t size) {
    if (!futures || !count) return false;
    for (size_t i = 0; i < count; i++)
        if (!futures[i] || !plait__future_fits(futures[i], out, size)) return false;
    return true;
}

/* Waits for the winner, with room for more cases than fit on the stack where needed. */
static plait_status find_winner(plait_future *const *futures, size_t count, size_t *which,
                                plait_deadline deadline) {
    plait_case cases[INLINE_COUNT];
    size_t index[INLINE_COUNT];
    struct race race = {futures, cases, index, 0};
    if (count <= INLINE_COUNT) return run(&race, count, which, deadline);
    race.cases = plait__allocate_array(count, sizeof *race.cases);
    race.index = plait__allocate_array(count, sizeof *race.index);
    plait_status status = PLAIT_NO_MEMORY;
    if (race.cases && race.index) status = run(&race, count, which, deadline);
    plait__release(race.cases);
    plait__release(race.index);
    return status;
}

plait_status plait_future_first(plait_future *const *futures, size_t count, void *out, size_t size,
                                size_t *which, plait_deadline deadline) {
    if (!makes_sense(futures, count, out, size)) return PLAIT_INVALID;
    size_t winner = count;
    plait_status status = find_winner(futures, count, &winner, deadline);
    if (which) *which = winner;
    if (status != PLAIT_OK) return status;
    return plait_future_result(futures[winner], out, size);
}

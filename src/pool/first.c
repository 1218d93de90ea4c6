/* first.c - plait_first: of several futures the first success wins.
 *
 * A select over those that are not done yet, until one has succeeded or all have failed; then the others
 * are cancelled. A worker of the pool that is to run them does not wait while one of them is still queued,
 * but runs it: it may be the only worker there is.
 *
 * What it runs must not keep it from a winner among the others. So it first leaves a lookout: a callback on
 * each of them, which cancels what the worker runs at that moment (`runs`) when one has succeeded. `winner`
 * and `runs` change under the lookout's mutex, so either the winner finds what runs, or the worker finds that
 * there is a winner. The lookout belongs to the race and to each callback, and goes with the last of them.
 * Without memory for it the winner waits until what runs has returned.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <pool/future.h>
#include <wait/mutex.h>

enum { INLINE_COUNT = 16 };

struct lookout {
    uint32_t references;
    struct plait__mutex mutex;
    const plait_future *winner; /* the first; NULL: none yet. Only to be compared */
    plait_future *runs;         /* NULL: nothing */
};

/* Those still in the race: cases, and which future each one is. */
struct race {
    plait_future *const *futures;
    plait_case *cases;
    size_t *index;
    size_t left;
    struct lookout *lookout; /* NULL: none yet */
};

/* ---- the lookout ---- */

static void lookout_drop(void *context) {
    struct lookout *lookout = context;
    if (lookout && plait__sub(&lookout->references, 1) == 1) plait__release(lookout);
}

/* One has succeeded: returns what it must stop, with a reference. */
static plait_future *lookout_win(struct lookout *lookout, const plait_future *winner) {
    if (!plait__mutex_lock(&lookout->mutex)) return NULL;
    if (!lookout->winner) lookout->winner = winner;
    plait_future *late = plait_future_keep(lookout->runs);
    plait__mutex_unlock(&lookout->mutex);
    return late;
}

static void lookout_sees(plait_future *future, void *context) {
    plait_future *late = future->status == PLAIT_OK ? lookout_win(context, future) : NULL;
    if (late && late != future) (void)plait_future_cancel(late);
    plait_future_free(late);
    lookout_drop(context);
}

/* Before and after the worker runs something (then NULL). Returns the winner, if there is one. */
static const plait_future *lookout_runs(struct lookout *lookout, plait_future *future) {
    if (!lookout || !plait__mutex_lock(&lookout->mutex)) return NULL;
    const plait_future *winner = lookout->winner;
    lookout->runs = winner ? NULL : future;
    plait__mutex_unlock(&lookout->mutex);
    return winner;
}

static void look_out(struct race *race) {
    if (race->lookout) return;
    struct lookout *lookout = plait__allocate(sizeof *lookout);
    if (!lookout) return;
    race->lookout = lookout;
    lookout->references = 1;
    for (size_t i = 0; i < race->left; i++) {
        plait_future *future = race->futures[race->index[i]];
        plait__add_relaxed(&lookout->references, 1);
        if (plait__future_on_done(future, lookout_sees, lookout_drop, lookout) != PLAIT_OK)
            lookout_drop(lookout);
    }
}

/* ---- the race ---- */

static void begin(struct race *race, size_t count) {
    for (size_t i = 0; i < count; i++) {
        race->cases[i] = plait_case_future(race->futures[i]);
        race->index[i] = i;
    }
    race->left = count;
}

/* Where the lookout's winner stands; `left` if there is none. What was stopped for it may have succeeded
 * too. */
static size_t winner_at(const struct race *race) {
    const plait_future *winner = lookout_runs(race->lookout, NULL);
    size_t i = 0;
    while (i < race->left && (!winner || race->futures[race->index[i]] != winner)) i++;
    return i;
}

/* The next one that is done leaves the race: its index in *which and its status. */
static plait_status next_done(struct race *race, plait_deadline deadline, size_t *which, bool *done) {
    size_t at = winner_at(race);
    plait_status status = at < race->left ? plait_select_nowait(&race->cases[at], 1, NULL)
                                          : plait_select_until(race->cases, race->left, &at, deadline);
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
static void help(struct race *race) {
    if (any_done(race)) return;
    for (size_t i = 0; i < race->left; i++) {
        plait_future *future = race->futures[race->index[i]];
        if (!plait__future_can_help(future)) continue;
        look_out(race);
        if (lookout_runs(race->lookout, future)) return;
        plait__future_help(future);
        (void)lookout_runs(race->lookout, NULL);
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
    lookout_drop(race->lookout);
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
    struct race race = {futures, cases, index, 0, NULL};
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

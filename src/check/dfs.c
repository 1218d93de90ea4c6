/* dfs.c - all orders within a bound, one after the other (Musuvathi, Qadeer: Iterative context bounding for
 * systematic testing of multithreaded programs, 2007).
 *
 * A deviation from the default that preempts somebody, lets a deadline pass early, disturbs a sleep or takes
 * memory away costs 1. Where the running actor cannot go on, or of values that the test asks for, everything is
 * free. What costs more than the bound is left out; the bound is 0 first, then 1, 2, ... up to the limit, so the
 * simplest failure is found first. When no iteration left anything out, everything has been tried.
 *
 * The decisions of a run are levels, each with the choice made and the next one to try there. The next run takes
 * back the last levels that have nothing left, makes the next choice at the one before, and beyond it does what is
 * default. That is complete only if the same choices lead to the same decisions: each level keeps a
 * signature, and a run that differs ends the search.
 *
 * Who yields waits for others. To choose it again before they ran would be free, and endless; so it is
 * not chosen while somebody can run who has not since (Musuvathi, Qadeer: Fair stateless model checking, 2008). There
 * always is a choice: of those who can run, the one that has not run for longest.
 */
#include <check/strategy.h>
#include <string.h>

static bool must_wait(const struct plait__dfs *dfs, const struct plait__decision *decision, uint32_t actor) {
    uint32_t yielded_at = dfs->yielded_at[actor];
    if (yielded_at == 0) return false;
    for (uint32_t other = 0; other < decision->count; other++) {
        if (decision->of[other].choice != PLAIT__RUN || decision->of[other].actor == actor) continue;
        if (dfs->ran_at[decision->of[other].actor] < yielded_at) return true;
    }
    return false;
}

static uint32_t cost_of(const struct plait__decision *decision, uint32_t alternative) {
    if (alternative == 0 || decision->question == PLAIT__WHICH_VALUE) return 0;
    if (decision->question == PLAIT__DOES_MEMORY_FAIL) return 1;
    if (decision->of[alternative].choice != PLAIT__RUN) return 1;
    if (decision->yields) return decision->of[alternative].actor == decision->actor;
    return decision->can_go_on;
}

/* The first alternative from this one on that may be tried with what is left of the bound; 0 if none. */
static uint32_t next_choice(struct plait__dfs *dfs, const struct plait__decision *decision, uint32_t from) {
    bool spent = dfs->spent == dfs->bound;
    uint32_t left_out = 0, found = 0;
    if (spent && decision->question == PLAIT__WHO && decision->can_go_on && !decision->yields) {
        left_out = decision->count - from;
    } else {
        for (uint32_t alternative = from; alternative < decision->count && !found; alternative++) {
            if (decision->question == PLAIT__WHO && decision->of[alternative].choice == PLAIT__RUN &&
                must_wait(dfs, decision, decision->of[alternative].actor))
                continue;
            if (spent && cost_of(decision, alternative))
                left_out++;
            else
                found = alternative;
        }
    }
    if (left_out) dfs->cut = true;
    if (dfs->runs == 1) dfs->width += left_out;
    return found;
}

static uint32_t signature_of(const struct plait__decision *decision) {
    uint32_t signature = decision->index * 0x9e3779b1u;
    signature = (signature ^ decision->count) * 0x85ebca6bu;
    signature = (signature ^ decision->actor ^ (uint32_t)decision->question << 8) * 0xc2b2ae35u;
    return signature ^ (uint32_t)decision->can_go_on << 1 ^ (uint32_t)decision->yields;
}

static void has_run(struct plait__dfs *dfs, const struct plait__decision *decision) {
    dfs->ran_at[decision->actor] = ++dfs->tick;
    dfs->yielded_at[decision->actor] = decision->yields ? dfs->tick : 0;
}

static void will_run(struct plait__dfs *dfs, uint32_t actor) {
    dfs->ran_at[actor] = ++dfs->tick;
    dfs->yielded_at[actor] = 0;
}

static void differs(struct plait__dfs *dfs, uint32_t decision) {
    dfs->strange = true;
    dfs->differs_at = decision;
}

uint32_t plait__dfs_choose(struct plait__dfs *dfs, const struct plait__decision *decision) {
    if (dfs->anew || dfs->strange) return 0;
    if (dfs->at == PLAIT__LEVELS) {
        dfs->overflow = dfs->cut = true;
        return 0;
    }
    struct plait__level *level = &dfs->levels[dfs->at];
    uint32_t signature = signature_of(decision);
    if (dfs->at >= dfs->depth) {
        level->signature = signature;
        level->choice = 0;
    } else if (level->signature != signature) {
        differs(dfs, decision->index);
        return 0;
    }
    dfs->at++;
    dfs->last = decision->index;
    bool who = decision->question == PLAIT__WHO;
    if (who) has_run(dfs, decision);
    if (dfs->at >= dfs->depth) level->next = next_choice(dfs, decision, level->choice + 1);
    dfs->spent += cost_of(decision, level->choice);
    if (who) will_run(dfs, decision->of[level->choice].actor);
    return level->choice;
}

/* Takes back what has nothing left, and makes the next choice. False: this iteration is through. */
static bool step_back(struct plait__dfs *dfs) {
    uint32_t depth = dfs->at;
    while (depth > 0 && dfs->levels[depth - 1].next == 0) depth--;
    dfs->depth = depth;
    if (depth == 0) return false;
    dfs->levels[depth - 1].choice = dfs->levels[depth - 1].next;
    return true;
}

static void end_iteration(struct plait__dfs *dfs) {
    if (!dfs->overflow) {
        dfs->complete = true;
        dfs->completed = dfs->cut ? dfs->bound : PLAIT__NO_BOUND;
        dfs->within = dfs->iteration;
    }
    dfs->done = dfs->bound == dfs->limit || !dfs->cut;
    dfs->bound++;
    dfs->cut = false;
    dfs->iteration = 0;
}

static void begin_anew(struct plait__dfs *dfs) {
    dfs->anew = dfs->started = dfs->done = dfs->cut = dfs->overflow = dfs->complete = false;
    dfs->bound = dfs->depth = 0;
    dfs->runs = dfs->iteration = dfs->width = 0;
}

bool plait__dfs_next(struct plait__dfs *dfs) {
    if (dfs->anew) begin_anew(dfs);
    if (dfs->started && !dfs->strange && dfs->at < dfs->depth) differs(dfs, dfs->last + 1);
    if (dfs->strange) dfs->done = true;
    if (!dfs->done && dfs->started && !step_back(dfs)) end_iteration(dfs);
    if (dfs->done) return false;
    dfs->started = true;
    dfs->runs++;
    dfs->iteration++;
    dfs->at = dfs->spent = dfs->tick = 0;
    memset(dfs->ran_at, 0, sizeof dfs->ran_at);
    memset(dfs->yielded_at, 0, sizeof dfs->yielded_at);
    return true;
}

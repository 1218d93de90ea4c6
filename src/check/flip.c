/* flip.c - the deviation on which a failure hangs.
 *
 * In the shortest schedule every deviation is needed. Which one tells people most? Each is tried: the run goes
 * on at random once as found, including it, and once with the default in its place. The best is the one with
 * which runs fail most and without which they pass most; for that one both are then counted in full.
 */
#include <base/clock.h>
#include <check/explore.h>

enum { CANDIDATES = 12, TRIAL = 6, FULL = 50 };

struct course_counts {
    unsigned fails, runs;
};

/* Runs this often along the schedule before the decision `until`, and then at random. */
static struct course_counts try(struct plait__exploration *exploration,
                                const struct plait__schedule *schedule, uint32_t until, unsigned runs,
                                int64_t limit) {
    struct plait__run *run = exploration->run;
    struct course_counts counts = {0, 0};
    plait__search_guide(exploration->search, schedule, until, 0, runs);
    run->following = run->recording = false;
    struct plait__guided guided = {0};
    uint64_t left = runs;
    while (left > 0 && plait__now() < limit) {
        exploration->execute(exploration);
        uint64_t before = left;
        guided = plait__search_guided(exploration->search);
        left = guided.left;
        if (left == before) break; /* nothing was run */
        if (run->end.outcome != PLAIT_CHECK_PASSED && !guided.strays) counts.fails++;
    }
    counts.runs = runs - (unsigned)(left + guided.strayed);
    run->following = true;
    return counts;
}

/* As found, and with deviation number `at` undone. False if too many runs strayed to tell. */
static bool try_both(struct plait__exploration *exploration, uint32_t at, unsigned runs, int64_t limit,
                     struct course_counts *found, struct course_counts *undone) {
    struct plait__schedule *plan = &exploration->run->plan;
    uint32_t count = plan->count, until = plan->of[at].index + 1;
    *found = try(exploration, plan, until, runs, limit);
    plan->count = at;
    *undone = try(exploration, plan, until, runs, limit);
    plan->count = count;
    return 2 * found->runs >= runs && 2 * undone->runs >= runs;
}

void plait__find_flip(struct plait__exploration *exploration, struct plait__finding *finding, int64_t until) {
    const struct plait__schedule *plan = &exploration->run->plan;
    uint32_t count = plan->count < CANDIDATES ? plan->count : CANDIDATES, best = 0;
    int best_score = -1;
    struct course_counts found, undone;
    for (uint32_t at = 0; at < count; at++) {
        if (!try_both(exploration, at, TRIAL, until, &found, &undone)) continue;
        int score = (int)(100 * found.fails / found.runs + 100 * (undone.runs - undone.fails) / undone.runs);
        if (score < best_score) continue;
        best = at;
        best_score = score;
    }
    if (best_score <= 100 || !try_both(exploration, best, FULL, until, &found, &undone)) return;
    finding->has_flip = true;
    finding->flip = plan->of[best];
    finding->flip_passes = undone.runs - undone.fails;
    finding->flip_tries = undone.runs;
    finding->found_fails = found.fails;
    finding->found_tries = found.runs;
}

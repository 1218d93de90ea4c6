/* shrink.c - makes the schedule of a failure short.
 *
 * First by looking for another one, with few delays, that fails in the same way. Then by delta debugging (Zeller,
 * Hildebrandt: Simplifying and isolating failure-inducing input, 2002) over the deviations: whole ranges are left out as long as the run fails in the same way, then smaller ones, then single ones and
 * pairs. What is left is moved to earlier decisions and smaller alternatives. Leaving a deviation out changes
 * which decisions come later, so a candidate often does something else than was meant; but whatever fails in the same
 * way is good, and what it really took (run->taken), which is never more than was asked for, is what counts.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <check/explore.h>
#include <string.h>

enum { FEW_FOR_PAIRS = 10, SMALLEST_ALTERNATIVES = 4, MOST_DELAYS = 3, BATCHES = 40, BATCH = 25 };

struct shrinking {
    struct plait__exploration *exploration;
    plait_check_outcome outcome;
    unsigned runs;
    int64_t until;
    uint32_t count; /* the best so far */
    uint64_t weight;
    struct plait__deviation *best;
};

static uint32_t bits_of(uint32_t number) {
    return 32 - (uint32_t)__builtin_clz(number | 1);
}

/* About as long as its token. */
static uint64_t weight_of(const struct plait__deviation *deviations, uint32_t count) {
    uint64_t weight = 0;
    for (uint32_t i = 0; i < count; i++) {
        weight += (uint64_t)deviations[i].index - (i ? deviations[i - 1].index : 0);
        weight += (uint64_t)bits_of(deviations[i].choice) << 32;
    }
    return weight;
}

static bool may_go_on(const struct shrinking *shrinking) {
    return shrinking->runs > 0 && plait__now() < shrinking->until;
}

/* Runs the plan; true if it fails in the same way and is shorter: it then is the best. */
static bool shorter(struct shrinking *shrinking) {
    struct plait__run *run = shrinking->exploration->run;
    if (!may_go_on(shrinking)) return false;
    shrinking->runs--;
    shrinking->exploration->execute(shrinking->exploration);
    if (run->end.outcome != shrinking->outcome || run->taken.count > shrinking->count) return false;
    uint64_t weight = weight_of(run->taken.of, run->taken.count);
    if (run->taken.count == shrinking->count && weight >= shrinking->weight) return false;
    shrinking->count = run->taken.count;
    shrinking->weight = weight;
    memcpy(shrinking->best, run->taken.of, shrinking->count * sizeof *shrinking->best);
    return true;
}

/* The best without those from `from` to before `to`, and without number `also`. */
static bool shorter_without(struct shrinking *shrinking, uint32_t from, uint32_t to, uint32_t also) {
    struct plait__schedule *plan = &shrinking->exploration->run->plan;
    plan->count = 0;
    for (uint32_t i = 0; i < shrinking->count; i++) {
        if ((i < from || i >= to) && i != also) plan->of[plan->count++] = shrinking->best[i];
    }
    return shorter(shrinking);
}

/* Looks at random for one with so many delays only. */
static bool shorter_with_delays(struct shrinking *shrinking, unsigned delays) {
    struct plait__search *search = shrinking->exploration->search;
    for (int batch = 0; batch < BATCHES && may_go_on(shrinking); batch++) {
        plait__search_guide(search, NULL, 0, delays, BATCH);
        do {
            if (shorter(shrinking)) return true;
        } while (plait__search_guided(search).left > 0 && may_go_on(shrinking));
    }
    return false;
}

/* A random walk deviates in hundreds of places, and leaving one out changes what the others do: leaving out alone
 * often ends with dozens. But most failures need one or two. */
static void search_anew(struct shrinking *shrinking) {
    struct plait__run *run = shrinking->exploration->run;
    run->following = false;
    for (unsigned delays = 1; delays <= MOST_DELAYS && delays < shrinking->count; delays++) {
        if (shorter_with_delays(shrinking, delays)) break;
    }
    run->following = true;
}

/* What comes after the cause is noise: halves the number of deviations as long as the beginning alone fails. */
static void cut_off_the_end(struct shrinking *shrinking) {
    uint32_t passes = 0;
    while (passes < shrinking->count && may_go_on(shrinking)) {
        uint32_t keep = passes + (shrinking->count - passes) / 2;
        if (!shorter_without(shrinking, keep, shrinking->count, UINT32_MAX)) passes = keep + 1;
    }
}

/* Ranges of this length, from the end. */
static bool leave_out_ranges(struct shrinking *shrinking, uint32_t length) {
    bool any = false;
    for (uint32_t to = shrinking->count; to > 0 && may_go_on(shrinking);) {
        uint32_t from = to > length ? to - length : 0;
        any |= shorter_without(shrinking, from, to, UINT32_MAX);
        to = from < shrinking->count ? from : shrinking->count;
    }
    return any;
}

static bool leave_out_pairs(struct shrinking *shrinking) {
    if (shrinking->count > FEW_FOR_PAIRS) return false;
    for (uint32_t one = 0; one < shrinking->count; one++) {
        for (uint32_t other = one + 2; other < shrinking->count; other++) {
            if (shorter_without(shrinking, one, one + 1, other)) return true;
        }
    }
    return false;
}

static struct plait__schedule *best_as_plan(struct shrinking *shrinking) {
    struct plait__schedule *plan = &shrinking->exploration->run->plan;
    plan->count = shrinking->count;
    memcpy(plan->of, shrinking->best, plan->count * sizeof *plan->of);
    return plan;
}

/* This deviation so many decisions earlier; the later ones too, or they stay where they are. */
static bool shorter_earlier(struct shrinking *shrinking, uint32_t at, uint32_t by, bool later_too) {
    struct plait__schedule *plan = best_as_plan(shrinking);
    for (uint32_t i = at; i < (later_too ? plan->count : at + 1); i++) plan->of[i].index -= by;
    return shorter(shrinking);
}

static bool move_earlier(struct shrinking *shrinking, uint32_t at) {
    bool any = false;
    uint32_t step = UINT32_MAX;
    while (at < shrinking->count && step > 0 && may_go_on(shrinking)) {
        uint32_t before = at ? shrinking->best[at - 1].index + 1 : 0;
        uint32_t room = shrinking->best[at].index - before;
        if (step > room) step = room;
        if (step == 0) break;
        bool better = shorter_earlier(shrinking, at, step, true) ||
                      shorter_earlier(shrinking, at, step, false);
        any |= better;
        if (!better) step /= 2;
    }
    return any;
}

static bool choose_smaller(struct shrinking *shrinking, uint32_t at) {
    for (uint32_t choice = 1; at < shrinking->count && choice <= SMALLEST_ALTERNATIVES; choice++) {
        if (choice >= shrinking->best[at].choice) return false;
        best_as_plan(shrinking)->of[at].choice = choice;
        if (shorter(shrinking)) return true;
    }
    return false;
}

static bool simplify(struct shrinking *shrinking) {
    bool any = false;
    for (uint32_t at = 0; at < shrinking->count && may_go_on(shrinking); at++) {
        any |= choose_smaller(shrinking, at);
        any |= move_earlier(shrinking, at);
    }
    return any;
}

bool plait__shrink(struct plait__exploration *exploration, plait_check_outcome outcome, unsigned runs,
                   int64_t until) {
    struct plait__run *run = exploration->run;
    struct shrinking shrinking = {
        .exploration = exploration,
        .outcome = outcome,
        .runs = runs,
        .until = until,
        .count = run->plan.count,
        .weight = weight_of(run->plan.of, run->plan.count),
        .best = plait__allocate_unset(run->plan.count * sizeof *shrinking.best),
    };
    if (!shrinking.best) return false;
    memcpy(shrinking.best, run->plan.of, shrinking.count * sizeof *shrinking.best);
    run->following = true;
    search_anew(&shrinking);
    cut_off_the_end(&shrinking);
    bool any = true;
    while (any && may_go_on(&shrinking)) {
        any = false;
        for (uint32_t length = shrinking.count / 2; length > 1; length /= 2) {
            leave_out_ranges(&shrinking, length);
        }
        any |= leave_out_ranges(&shrinking, 1);
        any |= leave_out_pairs(&shrinking);
        any |= simplify(&shrinking);
    }
    best_as_plan(&shrinking);
    plait__release(shrinking.best);
    return true;
}

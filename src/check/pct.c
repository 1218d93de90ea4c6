/* pct.c - random priorities with few random changes (Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized
 * scheduler with probabilistic guarantees of finding bugs, 2010), and bounded delays (Emmi, Qadeer, Rakamaric:
 * Delay-bounded scheduling, 2011).
 *
 * PCT: whoever has the highest priority runs. Priorities are drawn when an actor is first seen; at each of depth-1
 * moments the running one falls below all of these, to a place that the number of the moment gives. Who
 * yields falls below everybody, so no loop that waits for others keeps them from running.
 */
#include <check/strategy.h>
#include <string.h>

enum { DRAWN = 1 << 30, CHANGED = 1 << 29 };

void plait__pct_begin(struct plait__search *search, unsigned depth) {
    struct plait__pct *pct = &search->pct;
    memset(pct->priority, 0, sizeof pct->priority);
    pct->lowest = CHANGED;
    plait__moments_draw(&pct->changes, depth > 1 ? depth - 1 : 0, search->usual.preempt, &search->random);
}

static uint32_t priority_of(struct plait__search *search, uint32_t actor) {
    uint32_t *priority = &search->pct.priority[actor];
    if (*priority == 0) *priority = DRAWN | (uint32_t)(plait__random_next(&search->random) >> 35);
    return *priority;
}

uint32_t plait__pct_who(struct plait__search *search, const struct plait__decision *decision) {
    struct plait__pct *pct = &search->pct;
    uint32_t incident = plait__incident(search, decision);
    if (incident) return incident;
    if (decision->of[0].choice != PLAIT__RUN) return plait__nobody_can_run(search, decision);
    if (decision->yields) {
        pct->priority[decision->actor] = --pct->lowest;
    } else if (decision->can_go_on) {
        while (plait__moment_comes(&pct->changes, search->steps.preempt)) {
            pct->priority[decision->actor] = CHANGED + pct->changes.count - pct->changes.next;
        }
    }
    uint32_t best = 0, highest = 0;
    for (uint32_t alternative = 0; alternative < decision->count; alternative++) {
        if (decision->of[alternative].choice != PLAIT__RUN) continue;
        uint32_t priority = priority_of(search, decision->of[alternative].actor);
        if (priority > highest) best = alternative, highest = priority;
    }
    return best;
}

void plait__delay_begin(struct plait__search *search, unsigned bound) {
    if (bound > PLAIT__MOMENTS) bound = PLAIT__MOMENTS;
    uint32_t delays = bound ? 1 + plait__random_below(&search->random, bound) : 0;
    plait__moments_draw(&search->delays, delays, search->usual.who, &search->random);
}

/* Each delay passes over one who would have been next. */
uint32_t plait__delay_who(struct plait__search *search, const struct plait__decision *decision) {
    uint32_t incident = plait__incident(search, decision);
    if (incident) return incident;
    uint32_t alternative = 0;
    while (plait__moment_comes(&search->delays, search->steps.who)) {
        do alternative = (alternative + 1) % decision->count;
        while (decision->of[alternative].choice != decision->of[0].choice);
    }
    return alternative;
}

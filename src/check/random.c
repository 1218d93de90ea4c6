/* random.c - a random walk, and what else is drawn at random.
 *
 * Who is preempted at every second point does not get far, and a bug that needs one preemption among a
 * thousand points is hardly ever met by a walk that makes five hundred. So each schedule draws how eagerly it
 * preempts: at every point, every second, fourth, ... down to about once in a run. At its most eager it is the
 * uniform random walk: all who can run are equally likely at each decision.
 */
#include <check/strategy.h>

void plait__moments_draw(struct plait__moments *moments, uint32_t count, uint32_t steps, uint64_t *random) {
    if (count > PLAIT__MOMENTS) count = PLAIT__MOMENTS;
    for (uint32_t drawn = 0; drawn < count; drawn++) {
        uint32_t at = plait__random_below(random, steps ? steps : 1), place = drawn;
        for (; place > 0 && moments->at[place - 1] > at; place--) moments->at[place] = moments->at[place - 1];
        moments->at[place] = at;
    }
    moments->count = count;
    moments->next = 0;
}

static bool may_run(const struct plait__decision *decision, uint32_t alternative, uint32_t except) {
    return decision->of[alternative].choice == PLAIT__RUN && decision->of[alternative].actor != except;
}

uint32_t plait__random_runner(struct plait__search *search, const struct plait__decision *decision,
                              uint32_t except) {
    /* Drawn again until it is one who can run: cheaper than counting them, and uniform. */
    for (int draw = 0; draw < 16; draw++) {
        uint32_t alternative = plait__random_below(&search->random, decision->count);
        if (may_run(decision, alternative, except)) return alternative;
    }
    for (uint32_t alternative = 0; alternative < decision->count; alternative++) {
        if (may_run(decision, alternative, except)) return alternative;
    }
    return 0;
}

uint32_t plait__incident(struct plait__search *search, const struct plait__decision *decision) {
    struct plait__moments *incidents = &search->incidents;
    if (incidents->next == incidents->count || incidents->at[incidents->next] > search->steps.who) return 0;
    uint32_t possible = 0, chosen = 0;
    for (uint32_t alternative = 1; alternative < decision->count; alternative++) {
        if (decision->of[alternative].choice == PLAIT__RUN) continue;
        if (plait__random_below(&search->random, ++possible) == 0) chosen = alternative;
    }
    if (chosen) incidents->next++;
    return chosen;
}

uint32_t plait__nobody_can_run(struct plait__search *search, const struct plait__decision *decision) {
    uint64_t dice = plait__random_next(&search->random);
    return dice % 4 ? 0 : (uint32_t)((dice >> 32) % decision->count);
}

/* About how many preemptions: a power of two up to all. */
void plait__random_begin(struct plait__search *search) {
    uint32_t powers = 1;
    while (powers < 11 && search->usual.preempt >> powers) powers++;
    search->by_random.rate = ((uint64_t)1 << 32) >> plait__random_below(&search->random, powers);
    search->by_random.wild = plait__random_below(&search->random, 8) == 0;
}

uint32_t plait__random_who(struct plait__search *search, const struct plait__decision *decision) {
    if (search->by_random.wild) return plait__random_below(&search->random, decision->count);
    uint32_t incident = plait__incident(search, decision);
    if (incident) return incident;
    if (decision->of[0].choice != PLAIT__RUN) return plait__nobody_can_run(search, decision);
    if (decision->yields) return plait__random_runner(search, decision, decision->actor);
    if (decision->can_go_on && (uint32_t)plait__random_next(&search->random) >= search->by_random.rate)
        return 0;
    return plait__random_runner(search, decision, PLAIT__NOBODY);
}

/* How often the strategies meet what they promise to meet. The numbers are random, but the same each time. */
#include "check/machine.h"
#include "support/test.h"

#include <check/strategy.h>
#include <math.h>
#include <string.h>

static void open_with(struct machine *machine, plait_check_strategy strategy, unsigned depth,
                      unsigned bound) {
    plait_check_options options = {.schedules = UINT64_MAX,
                                   .strategy = strategy,
                                   .depth = depth,
                                   .bound = bound,
                                   .seed = 1,
                                   .steps = 100000};
    machine_open(machine);
    plait__search_begin(machine->search, &options);
}

/* Of so many runs, those that fail. */
static uint32_t fails(struct machine *machine, uint32_t runs) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < runs; i++) {
        ck_assert(plait__search_next(machine->search));
        machine_run(machine);
        if (machine->failed) count++;
        plait__search_ran(machine->search, &machine->run->end);
    }
    return count;
}

/* --- PCT --- */

/* Needs `depth` ordered events: turn by turn, actors 0 and 1 make a mark; out of turn there is none. */
static void mark_in_turn(struct machine *machine, uint32_t actor) {
    uint32_t depth = (uint32_t)(uintptr_t)machine->context, at = ++machine->at[actor];
    bool in_the_middle = at > machine->size / 4 && at <= machine->size / 4 + depth;
    if (actor < 2 && in_the_middle && (machine->value[0] + 1) % 2 == actor) machine->value[0]++;
    if (machine->value[0] == depth) machine_fail(machine, PLAIT_CHECK_ASSERTION, "in turn");
    if (at == machine->size) machine->ended[actor] = true;
}

TEST(pct_keeps_its_promise) {
    static const struct {
        uint32_t actors, size, depth, runs;
    } cases[] = {{2, 20, 1, 2000}, {4, 20, 1, 2000}, {2, 20, 2, 4000}, {3, 20, 2, 4000}, {2, 10, 3, 15000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct machine machine = {.actors = cases[i].actors,
                                  .size = cases[i].size,
                                  .step = mark_in_turn,
                                  .context = (void *)(uintptr_t)cases[i].depth};
        open_with(&machine, PLAIT_CHECK_PCT, cases[i].depth, 2);
        uint32_t n = cases[i].actors, k = n * cases[i].size;
        double least = cases[i].runs / (n * pow(k, cases[i].depth - 1));
        uint32_t found = fails(&machine, cases[i].runs);
        ck_assert_msg(found >= least * 0.9, "case %zu: %u, at least %.0f", i, found, least);
        machine_close(&machine);
    }
}

static void count_steps(struct machine *machine, uint32_t actor) {
    if (++machine->at[actor] == machine->size) machine->ended[actor] = true;
}

TEST(pct_changes_its_mind_less_often_than_its_depth) {
    for (unsigned depth = 1; depth < 6; depth++) {
        struct machine machine = {.actors = 3, .size = 20, .step = count_steps};
        open_with(&machine, PLAIT_CHECK_PCT, depth, 2);
        uint32_t most = 0;
        for (int i = 0; i < 500; i++) {
            fails(&machine, 1);
            /* Where somebody could have gone on and did not; the rest are ends, at most one for each actor. */
            uint32_t switches = machine.run->taken.count;
            if (switches > most) most = switches;
        }
        ck_assert_uint_le(most, depth - 1 + 3);
        ck_assert_uint_ge(most, depth - 1);
        machine_close(&machine);
    }
}

/* --- DELAY --- */

TEST(delays_are_within_the_bound_and_everywhere) {
    for (unsigned bound = 1; bound <= 4; bound++) {
        struct machine machine = {.actors = 3, .size = 10, .step = count_steps};
        open_with(&machine, PLAIT_CHECK_DELAY, 3, bound);
        uint32_t at[64] = {0}, most = 0;
        for (int i = 0; i < 5000; i++) {
            fails(&machine, 1);
            const struct plait__schedule *taken = &machine.run->taken;
            if (taken->count > most) most = taken->count;
            for (uint32_t j = 0; j < taken->count; j++) at[taken->of[j].index]++;
        }
        ck_assert_uint_eq(most, bound);
        for (uint32_t index = 0; index < 20; index++) ck_assert_uint_gt(at[index], 50);
        machine_close(&machine);
    }
}

/* --- RANDOM --- */

TEST(all_who_can_run_are_equally_likely) {
    static struct plait__search search;
    static struct plait__decision decision = {.question = PLAIT__WHO, .count = 12};
    uint32_t count[12] = {0};
    for (uint32_t i = 0; i < 12; i++) {
        decision.of[i].actor = (uint8_t)i;
        decision.of[i].choice = i % 3 == 2 ? PLAIT__EXPIRE : PLAIT__RUN;
    }
    for (int i = 0; i < 80000; i++) count[plait__random_runner(&search, &decision, 4)]++;
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t expected = i % 3 == 2 || i == 4 ? 0 : 80000 / 7;
        ck_assert_msg(fabs((double)count[i] - expected) <= 5 * sqrt(expected), "%u: %u", i, count[i]);
    }
}

TEST(who_cannot_but_be_excluded_is_chosen_in_the_end) {
    static struct plait__search search;
    static struct plait__decision decision = {.question = PLAIT__WHO, .count = 2};
    decision.of[1].choice = PLAIT__EXPIRE;
    ck_assert_uint_eq(plait__random_runner(&search, &decision, 0), 0);
}

TEST(a_random_walk_is_sometimes_eager_and_sometimes_not) {
    struct machine machine = {.actors = 3, .size = 100, .step = count_steps};
    open_with(&machine, PLAIT_CHECK_RANDOM, 3, 2);
    uint32_t few = 0, many = 0;
    for (int i = 0; i < 1000; i++) {
        fails(&machine, 1);
        if (machine.run->taken.count <= 4) few++;
        if (machine.run->taken.count >= 120) many++;
    }
    ck_assert_uint_gt(few, 50);
    ck_assert_uint_gt(many, 50);
    machine_close(&machine);
}

/* --- what does not happen by default --- */

static bool never(struct machine *machine, uint32_t actor) {
    (void)machine, (void)actor;
    return false;
}

/* Actor 0 waits with a deadline, which counts in value[0] when the others have not ended. */
static void wait_until_a_deadline(struct machine *machine, uint32_t actor) {
    if (actor > 0) {
        count_steps(machine, actor);
    } else if (machine->at[0]++ == 0) {
        machine->until[0] = never;
        machine->has_deadline[0] = true;
    } else {
        machine->value[0] = !machine->ended[1];
        machine->ended[0] = true;
    }
}

TEST(deadlines_pass_early_now_and_then) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DELAY; strategy++) {
        struct machine machine = {.actors = 3, .size = 30, .step = wait_until_a_deadline};
        open_with(&machine, strategy, 3, 2);
        uint32_t early = 0;
        for (int i = 0; i < 1000; i++) {
            fails(&machine, 1);
            early += machine.value[0] > 0;
        }
        ck_assert_msg(early > 100 && early < 900, "strategy %d: %u", (int)strategy, early);
        machine_close(&machine);
    }
}

/* `size` allocations; value[0] counts those that fail. */
static void allocate(struct machine *machine, uint32_t actor) {
    machine->value[0] += !machine_has_memory(machine);
    count_steps(machine, actor);
}

TEST(memory_fails_not_at_all_or_once_or_now_and_then) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DELAY; strategy++) {
        struct machine machine = {.actors = 2, .size = 40, .step = allocate};
        open_with(&machine, strategy, 3, 2);
        uint32_t none = 0, once = 0, more = 0;
        for (int i = 0; i < 1000; i++) {
            fails(&machine, 1);
            none += machine.value[0] == 0;
            once += machine.value[0] == 1;
            more += machine.value[0] > 1;
        }
        ck_assert_msg(none > 75 && once > 75 && more > 75, "strategy %d: %u %u %u", (int)strategy, none, once,
                      more);
        machine_close(&machine);
    }
}

/* --- AUTO --- */

/* Many who set two variables, one who looks at both: one preemption, among many places, shows it. */
static void set_and_look(struct machine *machine, uint32_t actor) {
    uint32_t at = machine->at[actor]++;
    if (actor == machine->actors - 1) {
        machine->value[2 + at] = machine->value[at];
        if (at == 1 && machine->value[2] != machine->value[3])
            machine_fail(machine, PLAIT_CHECK_ASSERTION, "half set");
    } else {
        machine->value[1 - at] = 1;
    }
    if (at == 1) machine->ended[actor] = true;
}

TEST(auto_finds_a_reader_among_many_writers) {
    for (uint32_t setters = 3; setters <= 20; setters += 4) {
        struct machine machine = {.actors = setters + 1, .step = set_and_look};
        open_with(&machine, PLAIT_CHECK_AUTO, 3, 2);
        uint32_t runs = 1;
        while (!fails(&machine, 1)) ck_assert_uint_lt(++runs, 1000);
        machine_close(&machine);
    }
}

/* --- a guide --- */

TEST(a_guide_leads_to_a_decision_and_lets_go) {
    struct machine machine = {.actors = 3, .size = 10, .step = count_steps};
    static struct plait__schedule schedule = {.count = 2,
                                              .of = {{.index = 3, .choice = 2}, {.index = 5, .choice = 1}}};
    open_with(&machine, PLAIT_CHECK_AUTO, 3, 2);
    plait__search_guide(machine.search, &schedule, 5, 0, 1000);
    uint32_t different = 0, at_once = 0;
    uint64_t first = 0;
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(plait__search_guided(machine.search).left, 1000 - (uint64_t)i);
        fails(&machine, 1);
        const struct plait__schedule *taken = &machine.run->taken;
        ck_assert_uint_eq(taken->of[0].index, 3);
        ck_assert_uint_eq(taken->of[0].choice, 2);
        ck_assert(taken->count == 1 || taken->of[1].index > 4);
        at_once += taken->count > 1 && taken->of[1].index == 5;
        if (i == 0) first = machine.order;
        different += machine.order != first;
    }
    ck_assert(!plait__search_next(machine.search));
    ck_assert_uint_gt(different, 500);
    ck_assert_uint_gt(at_once, 0);
    ck_assert_uint_eq(plait__search_guided(machine.search).strayed, 0);
    ck_assert_uint_eq(plait__search_result(machine.search).schedules, 0);
    machine_close(&machine);
}

TEST(a_guide_that_cannot_be_followed_says_so) {
    struct machine machine = {.actors = 3, .size = 10, .step = count_steps};
    static struct plait__schedule schedule = {.count = 1, .of = {{.index = 3, .choice = 9}}};
    open_with(&machine, PLAIT_CHECK_AUTO, 3, 2);
    plait__search_guide(machine.search, &schedule, 5, 0, 10);
    fails(&machine, 10);
    ck_assert_uint_eq(plait__search_guided(machine.search).strayed, 10);
    machine_close(&machine);
}

TEST(a_guide_may_be_followed_by_few_delays) {
    struct machine machine = {.actors = 3, .size = 10, .step = count_steps};
    static struct plait__schedule schedule = {.count = 1, .of = {{.index = 3, .choice = 2}}};
    open_with(&machine, PLAIT_CHECK_AUTO, 3, 2);
    fails(&machine, 10);
    plait__search_guide(machine.search, &schedule, 4, 2, 1000);
    uint32_t most = 0;
    for (int i = 0; i < 1000; i++) {
        fails(&machine, 1);
        ck_assert_uint_eq(machine.run->taken.of[0].index, 3);
        if (machine.run->taken.count > most) most = machine.run->taken.count;
    }
    ck_assert_uint_eq(most, 3);
    machine_close(&machine);
}

/* The search on a machine whose orders can be counted. */
#include "check/machine.h"
#include "support/test.h"

#include <string.h>

static const plait_check_options defaults = {
    .schedules = 1000000, .strategy = PLAIT_CHECK_DFS, .depth = 3, .bound = 2, .seed = 1};

static void open_with(struct machine *machine, const plait_check_options *options) {
    machine_open(machine);
    plait__search_begin(machine->search, options);
}

/* Steps that do nothing, `size` of them. */
static void count_steps(struct machine *machine, uint32_t actor) {
    if (++machine->at[actor] == machine->size) machine->ended[actor] = true;
}

/* Orders of what is left of each actor, with at most so many preemptions; `current` took the last step. */
static uint64_t orders(uint32_t actors, uint32_t *left, uint32_t current, uint32_t bound) {
    uint64_t sum = 0;
    bool all = true;
    for (uint32_t actor = 0; actor < actors; actor++) {
        if (left[actor] == 0) continue;
        all = false;
        uint32_t cost = current < actors && actor != current && left[current] > 0;
        if (cost > bound) continue;
        left[actor]--;
        sum += orders(actors, left, actor, bound - cost);
        left[actor]++;
    }
    return all ? 1 : sum;
}

static uint64_t orders_of(uint32_t actors, uint32_t size, uint32_t bound) {
    uint32_t left[MACHINE_ACTORS];
    for (uint32_t actor = 0; actor < actors; actor++) left[actor] = size;
    return orders(actors, left, actors, bound);
}

TEST(dfs_tries_each_order_within_its_bound_once) {
    static const struct {
        uint32_t actors, size, bound;
    } cases[] = {{2, 3, 1}, {2, 3, 2}, {2, 6, 3}, {3, 2, 1}, {3, 3, 2}, {3, 4, 2},
                 {4, 2, 2}, {4, 3, 1}, {5, 2, 1}, {2, 5, 4}, {3, 3, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct machine machine = {.actors = cases[i].actors, .size = cases[i].size, .step = count_steps};
        plait_check_options options = defaults;
        options.bound = cases[i].bound;
        open_with(&machine, &options);
        ck_assert(!machine_search(&machine));
        struct plait__searched searched = plait__search_result(machine.search);
        uint64_t expected = 0;
        for (uint32_t bound = 0; bound <= cases[i].bound; bound++) {
            expected += orders_of(cases[i].actors, cases[i].size, bound);
        }
        ck_assert(searched.complete && !searched.strange && !searched.more_orders);
        ck_assert_uint_eq(searched.bound, cases[i].bound);
        ck_assert_uint_eq(searched.orders, orders_of(cases[i].actors, cases[i].size, cases[i].bound));
        ck_assert_uint_eq(searched.schedules, expected);
        machine_close(&machine);
    }
}

TEST(dfs_says_when_no_bound_left_anything_out) {
    struct machine machine = {.actors = 2, .size = 2, .step = count_steps};
    plait_check_options options = defaults;
    options.bound = 10;
    open_with(&machine, &options);
    ck_assert(!machine_search(&machine));
    struct plait__searched searched = plait__search_result(machine.search);
    ck_assert(searched.complete);
    ck_assert_uint_eq(searched.bound, PLAIT__NO_BOUND);
    ck_assert_uint_eq(searched.orders, 6);
    machine_close(&machine);
}

/* One step for each of two actors, who choose values and memory. */
static void choose_things(struct machine *machine, uint32_t actor) {
    machine->value[actor] = machine_choose(machine, 5);
    if (actor == 1) machine->value[2] = machine_has_memory(machine);
    machine->ended[actor] = true;
    if (machine->value[0] == 3 && machine->value[1] == 4 && machine->ended[0] && machine->ended[1] &&
        machine->context)
        machine_fail(machine, PLAIT_CHECK_ASSERTION, "3 and 4");
}

TEST(dfs_tries_all_values_and_memory_once) {
    struct machine machine = {.actors = 2, .step = choose_things};
    plait_check_options options = defaults;
    options.bound = 1;
    open_with(&machine, &options);
    ck_assert(!machine_search(&machine));
    struct plait__searched searched = plait__search_result(machine.search);
    ck_assert_uint_eq(searched.schedules, 50 + 100);
    ck_assert_uint_eq(searched.orders, 50);
    ck_assert(searched.complete);
    machine_close(&machine);
}

TEST(values_that_fail_are_found_by_every_strategy) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 2, .step = choose_things, .context = &machine};
        plait_check_options options = defaults;
        options.strategy = strategy;
        options.schedules = 1000;
        open_with(&machine, &options);
        ck_assert(machine_search(&machine));
        machine_close(&machine);
    }
}

/* Actor 0 is told late, others look again and again; `value[0]` is the flag. */
static void wait_in_a_loop(struct machine *machine, uint32_t actor) {
    if (actor == 0) {
        if (++machine->at[0] == machine->size) machine->value[0] = 1, machine->ended[0] = true;
        return;
    }
    if (machine->value[0])
        machine->ended[actor] = true;
    else
        machine->yields[actor] = true;
}

TEST(who_waits_in_a_loop_never_keeps_others_from_running) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 4, .size = 3, .step = wait_in_a_loop};
        plait_check_options options = defaults;
        options.strategy = strategy;
        options.schedules = strategy == PLAIT_CHECK_DFS ? 1000000 : 5000;
        open_with(&machine, &options);
        ck_assert_msg(!machine_search(&machine), "strategy %d: %s", (int)strategy, machine.run->end.words);
        struct plait__searched searched = plait__search_result(machine.search);
        if (strategy == PLAIT_CHECK_DFS) ck_assert(searched.complete);
        machine_close(&machine);
    }
}

static bool never(struct machine *machine, uint32_t actor) {
    (void)machine, (void)actor;
    return false;
}

/* Actor 0 sleeps until its deadline and then sets the flag; actor 1 looks again and again until it is set. */
static void wait_for_a_sleeper(struct machine *machine, uint32_t actor) {
    if (actor == 0) {
        if (machine->at[0]++ == 0)
            machine->until[0] = never, machine->has_deadline[0] = true;
        else
            machine->value[0] = 1, machine->ended[0] = true;
    } else if (machine->value[0]) {
        machine->ended[1] = true;
    } else {
        machine->yields[1] = true;
    }
}

TEST(time_passes_for_a_sleeper_while_another_waits_in_a_loop) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 2, .step = wait_for_a_sleeper};
        plait_check_options options = defaults;
        options.strategy = strategy;
        options.schedules = 5000;
        open_with(&machine, &options);
        ck_assert_msg(!machine_search(&machine), "strategy %d: %s", (int)strategy, machine.run->end.words);
        machine_close(&machine);
    }
}

/* Every run is different: the first step is another each time. */
static void be_different(struct machine *machine, uint32_t actor) {
    uint64_t *runs = machine->context;
    if (actor == 0 && machine->at[0] == 0 && ++*runs % 3 == 0) {
        machine->ended[0] = true;
        return;
    }
    count_steps(machine, actor);
}

TEST(dfs_stops_honestly_when_a_run_differs) {
    uint64_t runs = 0;
    struct machine machine = {.actors = 2, .size = 3, .step = be_different, .context = &runs};
    open_with(&machine, &defaults);
    ck_assert(!machine_search(&machine));
    struct plait__searched searched = plait__search_result(machine.search);
    ck_assert(searched.strange && !searched.complete);
    machine_close(&machine);
}

/* The same number of decisions in each run, but another one now and then. */
static void be_shaped_differently(struct machine *machine, uint32_t actor) {
    uint64_t *runs = machine->context;
    if (actor == 0 && machine->at[0] == 0) machine_choose(machine, ++*runs % 3 ? 4 : 5);
    count_steps(machine, actor);
}

TEST(dfs_notices_a_decision_of_another_shape) {
    uint64_t runs = 0;
    struct machine machine = {.actors = 2, .size = 3, .step = be_shaped_differently, .context = &runs};
    open_with(&machine, &defaults);
    ck_assert(!machine_search(&machine));
    struct plait__searched searched = plait__search_result(machine.search);
    ck_assert(searched.strange && !searched.complete);
    ck_assert_uint_eq(searched.differs_at, 1);
    ck_assert_uint_eq(searched.schedules, 3);
    machine_close(&machine);
}

/* Actors 0 and 1 sleep until a deadline that passes when actor 2 has ended; value[0] counts those that were early. */
static void sleep_beside_work(struct machine *machine, uint32_t actor) {
    if (actor == 2) {
        count_steps(machine, actor);
    } else if (machine->at[actor]++ == 0) {
        machine->until[actor] = never;
        machine->has_deadline[actor] = true;
    } else {
        machine->value[0] += !machine->ended[2];
        machine->ended[actor] = true;
    }
}

TEST(an_early_deadline_costs_dfs_as_much_as_a_preemption) {
    for (uint32_t bound = 1; bound <= 2; bound++) {
        struct machine machine = {.actors = 3, .size = 4, .step = sleep_beside_work};
        plait_check_options options = defaults;
        options.bound = bound;
        open_with(&machine, &options);
        uint64_t most = 0;
        while (plait__search_next(machine.search)) {
            machine_run(&machine);
            plait__search_ran(machine.search, &machine.run->end);
            if (machine.value[0] > most) most = machine.value[0];
        }
        ck_assert(plait__search_result(machine.search).complete);
        ck_assert_uint_eq(most, bound);
        machine_close(&machine);
    }
}

TEST(dfs_begins_anew_when_something_is_learned) {
    struct machine machine = {.actors = 2, .size = 3, .step = count_steps};
    open_with(&machine, &defaults);
    for (int i = 0; i < 7; i++) {
        ck_assert(plait__search_next(machine.search));
        if (i == 6) plait__search_learned(machine.search);
        machine_run(&machine);
        plait__search_ran(machine.search, &machine.run->end);
    }
    ck_assert(!machine_search(&machine));
    struct plait__searched searched = plait__search_result(machine.search);
    ck_assert(searched.complete);
    plait__search_learned(machine.search);
    ck_assert(!plait__search_result(machine.search).complete);
    ck_assert_uint_eq(searched.schedules, 7 + orders_of(2, 3, 0) + orders_of(2, 3, 1) + orders_of(2, 3, 2));
    machine_close(&machine);
}

static void end_at_once(struct machine *machine, uint32_t actor) {
    machine->ended[actor] = true;
}

TEST(a_test_with_one_order_is_run_once) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 1, .step = end_at_once};
        plait_check_options options = defaults;
        options.strategy = strategy;
        open_with(&machine, &options);
        ck_assert(!machine_search(&machine));
        struct plait__searched searched = plait__search_result(machine.search);
        ck_assert_uint_eq(searched.schedules, 1);
        ck_assert(searched.complete);
        ck_assert_uint_eq(searched.bound, PLAIT__NO_BOUND);
        machine_close(&machine);
    }
}

TEST(the_first_schedule_is_the_default_one) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 3, .size = 10, .step = count_steps};
        plait_check_options options = defaults;
        options.strategy = strategy;
        options.schedules = 1;
        open_with(&machine, &options);
        ck_assert(!machine_search(&machine));
        ck_assert_uint_eq(machine.run->taken.count, 0);
        ck_assert_uint_eq(plait__search_result(machine.search).schedules, 1);
        machine_close(&machine);
    }
}

/* A number that tells which schedules were run. */
static uint64_t fingerprint(plait_check_strategy strategy, uint64_t seed) {
    struct machine machine = {.actors = 4, .size = 20, .step = count_steps};
    plait_check_options options = defaults;
    options.strategy = strategy;
    options.seed = seed;
    options.schedules = 1000;
    open_with(&machine, &options);
    uint64_t sum = 0;
    while (plait__search_next(machine.search)) {
        machine_run(&machine);
        plait__search_ran(machine.search, &machine.run->end);
        sum = sum * 31 + machine.order;
    }
    machine_close(&machine);
    return sum;
}

TEST(the_same_seed_gives_the_same_schedules) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        ck_assert_uint_eq(fingerprint(strategy, 7), fingerprint(strategy, 7));
        if (strategy != PLAIT_CHECK_DFS)
            ck_assert_uint_ne(fingerprint(strategy, 7), fingerprint(strategy, 8));
    }
}

TEST(the_limit_of_schedules_holds_and_a_search_can_be_stopped) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 4, .size = 20, .step = count_steps};
        plait_check_options options = defaults;
        options.strategy = strategy;
        options.schedules = 123;
        open_with(&machine, &options);
        ck_assert(!machine_search(&machine));
        struct plait__searched searched = plait__search_result(machine.search);
        ck_assert_uint_eq(searched.schedules, 123);
        ck_assert_uint_eq(searched.points, 123 * 80);
        ck_assert(searched.decisions > 123 * 60 && searched.decisions < 123 * 80);
        ck_assert(!searched.complete);
        machine_close(&machine);
        open_with(&machine, &options);
        ck_assert(plait__search_next(machine.search));
        plait__search_stop(machine.search);
        ck_assert(!plait__search_next(machine.search));
        machine_close(&machine);
    }
}

TEST(orders_are_counted_until_there_are_too_many) {
    struct machine machine = {.actors = 1};
    plait_check_options options = defaults;
    options.strategy = PLAIT_CHECK_RANDOM;
    open_with(&machine, &options);
    struct plait__decision decision = {.question = PLAIT__WHICH_VALUE, .count = 2};
    struct plait__end end = {.outcome = PLAIT_CHECK_PASSED};
    for (uint64_t i = 0; i < 800000; i++) {
        ck_assert(plait__search_next(machine.search));
        plait__search_choose(machine.search, &decision);
        end.order = i;
        plait__search_ran(machine.search, &end);
        plait__search_ran(machine.search, &end);
        if (i == 700000) {
            ck_assert_uint_eq(plait__search_result(machine.search).orders, 700001 - 1);
            ck_assert(!plait__search_result(machine.search).more_orders);
        }
    }
    ck_assert_uint_eq(plait__search_result(machine.search).orders, (1 << 20) / 4 * 3);
    ck_assert(plait__search_result(machine.search).more_orders);
    machine_close(&machine);
}

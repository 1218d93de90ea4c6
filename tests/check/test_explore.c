/* Exploring: from a test to a failure that is confirmed, as short as it can be, and explained; on a machine. */
#include "check/machine.h"
#include "support/faults.h"
#include "support/test.h"

#include <base/memory.h>
#include <string.h>

/* Runs the exploration of this machine; the options as a user gives them. */
static plait_check_result *explore(struct machine *machine, const plait_check_options *options) {
    machine_open(machine);
    struct plait__exploration exploration = {
        .options = *options,
        .run = machine->run,
        .search = machine->search,
        .execute = machine_execute,
        .context = machine,
        .build = 0x2a5,
    };
    return plait__explore(&exploration);
}

static void done(struct machine *machine, plait_check_result *result) {
    if (result) {
        plait__release((void *)result->token);
        plait__release((void *)result->report);
        plait__release(result);
    }
    machine_close(machine);
}

static void expect_schedule(const struct machine *machine, uint32_t count,
                            const struct plait__deviation *expected) {
    const struct plait__schedule *plan = &machine->run->plan;
    ck_assert_uint_eq(plan->count, count);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(plan->of[i].index, expected[i].index);
        ck_assert_uint_eq(plan->of[i].choice, expected[i].choice);
    }
}

/* --- programs --- */

/* `size` steps of no interest, then a counter is read, and written; with all ended it must be their number. */
static void lose_an_update(struct machine *machine, uint32_t actor) {
    uint32_t at = machine->at[actor]++;
    if (at < machine->size) return;
    if (at == machine->size) {
        machine->value[1 + actor] = machine->value[0];
        return;
    }
    machine->value[0] = machine->value[1 + actor] + 1;
    machine->ended[actor] = true;
    for (uint32_t i = 0; i < machine->actors; i++) {
        if (!machine->ended[i]) return;
    }
    if (machine->value[0] != machine->actors)
        machine_fail(machine, PLAIT_CHECK_ASSERTION, "an update is lost");
}

/* Actor 0 writes 1, then 2; actor 1 reads twice. Only with a preemption of each does it read 1 and then 2. */
static void read_two_states(struct machine *machine, uint32_t actor) {
    uint32_t at = machine->at[actor]++;
    if (at < machine->size) return;
    at -= machine->size;
    if (actor == 0)
        machine->value[0] = at + 1;
    else
        machine->value[1 + at] = machine->value[0];
    if (at == 1) machine->ended[actor] = true;
    if (machine->value[1] == 1 && machine->value[2] == 2)
        machine_fail(machine, PLAIT_CHECK_ASSERTION, "1, then 2");
}

/* value[lock] is 0 or 1 + the holder. */
static bool is_free(struct machine *machine, uint32_t actor) {
    uint32_t lock = machine->at[actor] == 1 ? actor : (actor + 1) % machine->actors;
    return machine->value[lock] == 0;
}

/* Each takes its own lock, then that of its neighbour: philosophers. */
static void dine(struct machine *machine, uint32_t actor) {
    uint32_t next = (actor + 1) % machine->actors;
    switch (machine->at[actor]++) {
    case 0:
        machine->until[actor] = is_free;
        break;
    case 1:
        machine->value[actor] = 1 + actor;
        machine->until[actor] = is_free;
        break;
    case 2:
        machine->value[next] = 1 + actor;
        break;
    default:
        machine->value[actor] = machine->value[next] = 0;
        machine->ended[actor] = true;
    }
}

/* --- what is found --- */

TEST(a_lost_update_is_found_and_made_as_short_as_possible) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct machine machine = {.actors = 2, .step = lose_an_update};
            plait_check_result *result = explore(&machine,
                                                 &(plait_check_options){.strategy = strategy, .seed = seed});
            ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
            ck_assert(machine_finding.deterministic);
            expect_schedule(&machine, 1, &(struct plait__deviation){1, 1});
            ck_assert(machine_finding.has_flip);
            ck_assert_uint_eq(machine_finding.flip.index, 1);
            ck_assert_uint_eq(machine_finding.flip_passes, 50);
            ck_assert_uint_eq(machine_finding.flip_tries, 50);
            ck_assert_uint_eq(machine_finding.found_fails, 50);
            ck_assert_uint_eq(machine_finding.found_tries, 50);
            ck_assert(machine.run->recording);
            ck_assert_str_eq(result->report, "failed");
            ck_assert_uint_le(strlen(result->token), 24);
            ck_assert_uint_eq(result->schedules, machine_finding.searched.schedules);
            done(&machine, result);
        }
    }
}

TEST(noise_around_a_failure_is_left_out) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DELAY; strategy++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct machine machine = {.actors = 4, .size = 30, .step = lose_an_update};
            plait_check_result *result = explore(
                &machine, &(plait_check_options){.strategy = strategy, .seed = seed, .schedules = 20000});
            ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
            ck_assert_uint_eq(machine.run->plan.count, 1);
            ck_assert_uint_le(strlen(result->token), 24);
            done(&machine, result);
        }
    }
}

TEST(a_failure_that_needs_two_preemptions_keeps_two) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct machine machine = {.actors = 2, .step = read_two_states};
            plait_check_result *result = explore(&machine,
                                                 &(plait_check_options){.strategy = strategy, .seed = seed});
            ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
            expect_schedule(&machine, 2, (struct plait__deviation[]){{1, 1}, {2, 1}});
            ck_assert(machine_finding.has_flip);
            done(&machine, result);
        }
    }
}

/* Actors 0 and 1 must take turns, six times; the others make noise. */
static void take_turns(struct machine *machine, uint32_t actor) {
    if (++machine->at[actor] == (actor < 2 ? 3 : machine->size)) machine->ended[actor] = true;
    if (actor > 1) return;
    machine->value[0] = machine->value[0] % 2 == actor ? machine->value[0] + 1 : 100;
    if (machine->value[0] == 6) machine_fail(machine, PLAIT_CHECK_ASSERTION, "in turn");
}

TEST(more_than_a_few_switches_become_few_by_leaving_out) {
    uint32_t sum = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct machine machine = {.actors = 4, .size = 6, .step = take_turns};
        plait_check_options options = {.strategy = PLAIT_CHECK_RANDOM, .seed = seed};
        plait_check_result *result = explore(&machine, &options);
        ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
        ck_assert_uint_le(machine.run->plan.count, 7);
        sum += machine.run->plan.count;
        done(&machine, result);
    }
    /* 4 is the least there is; 5.75 on average are left. */
    ck_assert_uint_le(sum, 40 * 575 / 100 + 2);
}

/* Fails if an actor has ended before actor 0 has. */
static void end_in_order(struct machine *machine, uint32_t actor) {
    if (++machine->at[actor] < machine->size) return;
    machine->ended[actor] = true;
    if (!machine->ended[0]) machine_fail(machine, PLAIT_CHECK_ASSERTION, "out of order");
}

TEST(what_may_happen_anywhere_is_moved_to_the_beginning) {
    for (plait_check_strategy strategy = PLAIT_CHECK_AUTO; strategy <= PLAIT_CHECK_DFS; strategy++) {
        struct machine machine = {.actors = 4, .size = 30, .step = end_in_order};
        plait_check_result *result = explore(&machine, &(plait_check_options){.strategy = strategy});
        ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
        expect_schedule(&machine, 1, &(struct plait__deviation){0, 1});
        done(&machine, result);
    }
}

TEST(philosophers_end_in_a_deadlock_that_needs_one_preemption_less_than_there_are) {
    for (uint32_t actors = 2; actors <= 5; actors++) {
        struct machine machine = {.actors = actors, .step = dine};
        plait_check_result *result = explore(&machine, &(plait_check_options){.schedules = 100000});
        ck_assert_int_eq(result->outcome, PLAIT_CHECK_DEADLOCK);
        ck_assert_uint_le(machine.run->plan.count, actors - 1);
        done(&machine, result);
    }
}

TEST(what_is_found_is_replayed_by_its_token) {
    struct machine machine = {.actors = 4, .size = 30, .step = lose_an_update};
    plait_check_result *found = explore(&machine, &(plait_check_options){.strategy = PLAIT_CHECK_RANDOM});
    ck_assert_int_eq(found->outcome, PLAIT_CHECK_ASSERTION);
    for (int i = 0; i < 100; i++) {
        struct machine again = {.actors = 4, .size = 30, .step = lose_an_update};
        plait_check_result *result = explore(&again, &(plait_check_options){.replay = found->token});
        ck_assert_int_eq(result->outcome, PLAIT_CHECK_ASSERTION);
        ck_assert_str_eq(result->token, found->token);
        ck_assert(again.run->recording);
        ck_assert_uint_eq(result->schedules, 1);
        done(&again, result);
    }
    struct machine other = {.actors = 1, .size = 3, .step = lose_an_update};
    plait_check_result *result = explore(&other, &(plait_check_options){.replay = found->token});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_PASSED);
    ck_assert_ptr_nonnull(strstr(result->report, "passes"));
    done(&other, result);
    done(&machine, found);
}

/* --- what passes --- */

static void count_steps(struct machine *machine, uint32_t actor) {
    if (++machine->at[actor] == machine->size) machine->ended[actor] = true;
}

TEST(what_passes_is_counted) {
    struct machine machine = {.actors = 2, .size = 3, .step = count_steps};
    plait_check_result *result = explore(&machine,
                                         &(plait_check_options){.strategy = PLAIT_CHECK_DFS, .bound = 9});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_PASSED);
    ck_assert(result->complete);
    ck_assert_uint_eq(result->orders, 20);
    ck_assert_uint_eq(result->points, 6 * result->schedules);
    ck_assert_ptr_null(result->token);
    ck_assert_str_eq(result->report, "passed");
    done(&machine, result);
}

TEST(auto_ends_when_everything_was_tried) {
    struct machine machine = {.actors = 2, .size = 3, .step = count_steps};
    plait_check_result *result = explore(&machine, &(plait_check_options){.bound = 9});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_PASSED);
    ck_assert(result->complete);
    ck_assert_uint_eq(result->orders, 20);
    ck_assert_uint_lt(result->schedules, 1000);
    done(&machine, result);
}

TEST(the_limits_hold) {
    struct machine machine = {.actors = 4, .size = 30, .step = count_steps};
    plait_check_result *result = explore(&machine, &(plait_check_options){.schedules = 77});
    ck_assert_uint_eq(result->schedules, 77);
    ck_assert(!result->complete);
    done(&machine, result);
    result = explore(&machine, &(plait_check_options){.schedules = UINT64_MAX, .seconds = 0.05});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_PASSED);
    ck_assert(result->seconds >= 0.05);
    done(&machine, result);
}

TEST(a_test_in_which_nobody_can_choose_is_no_pass) {
    struct machine machine = {.actors = 1, .size = 3, .step = count_steps};
    plait_check_result *result = explore(&machine, &(plait_check_options){0});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_NOTHING_CONTROLLED);
    ck_assert_uint_eq(result->schedules, 1);
    done(&machine, result);
}

/* --- what is not deterministic --- */

/* Loses an update. When it is replayed, actor 1 has one more choice, after decision 0 and its preemption. */
static void differ_when_replayed(struct machine *machine, uint32_t actor) {
    if (actor == 1 && machine->at[1] == 0 && machine->run->following) machine_choose(machine, 3);
    lose_an_update(machine, actor);
}

TEST(a_failure_that_differs_when_replayed_is_reported_as_that) {
    struct machine machine = {.actors = 2, .step = differ_when_replayed};
    plait_check_result *result = explore(&machine, &(plait_check_options){.strategy = PLAIT_CHECK_DFS});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_NOT_DETERMINISTIC);
    ck_assert(!machine_finding.deterministic);
    ck_assert_uint_eq(machine_finding.differs_at, 2);
    ck_assert_int_eq(machine.run->end.outcome, PLAIT_CHECK_ASSERTION);
    done(&machine, result);
}

/* Fails the first time, in which the run is searched; never again. */
static void fail_once(struct machine *machine, uint32_t actor) {
    count_steps(machine, actor);
    if (!machine->run->following && machine->ended[0] && machine->ended[1])
        machine_fail(machine, PLAIT_CHECK_ASSERTION, "once");
}

TEST(a_failure_that_is_gone_when_replayed_is_reported_as_that) {
    struct machine machine = {.actors = 2, .size = 2, .step = fail_once};
    plait_check_result *result = explore(&machine, &(plait_check_options){0});
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_NOT_DETERMINISTIC);
    /* It took the same course to its end. */
    ck_assert_uint_eq(machine_finding.differs_at, machine.run->trail_count);
    done(&machine, result);
}

/* In every third run, actor 1 has one step less. */
static void differ_now_and_then(struct machine *machine, uint32_t actor) {
    uint64_t *runs = machine->context;
    if (actor == 0 && machine->at[0] == 0) ++*runs;
    if (actor == 1 && machine->at[1] == 0 && *runs % 3 == 0) machine->at[1]++;
    count_steps(machine, actor);
}

TEST(a_pass_that_is_not_deterministic_is_no_pass) {
    for (int i = 0; i < 2; i++) {
        uint64_t runs = 0;
        struct machine machine = {.actors = 2, .size = 4, .step = differ_now_and_then, .context = &runs};
        plait_check_options options = {.strategy = i ? PLAIT_CHECK_DFS : PLAIT_CHECK_AUTO};
        plait_check_result *result = explore(&machine, &options);
        ck_assert_int_eq(result->outcome, PLAIT_CHECK_NOT_DETERMINISTIC);
        ck_assert(!machine_finding.deterministic);
        ck_assert_int_eq(machine.run->end.outcome, PLAIT_CHECK_NOT_DETERMINISTIC);
        done(&machine, result);
    }
}

/* --- what is refused --- */

static void expect_refusal(const plait_check_options *options, const char *words) {
    struct machine machine = {.actors = 2, .size = 2, .step = count_steps};
    plait_check_result *result = explore(&machine, options);
    ck_assert_int_eq(result->outcome, PLAIT_CHECK_REFUSED);
    ck_assert_msg(strstr(result->report, words), "%s", result->report);
    ck_assert_uint_eq(result->schedules, 0);
    ck_assert_uint_eq(machine.tick, 0);
    done(&machine, result);
}

TEST(bad_options_are_refused_in_words) {
    expect_refusal(&(plait_check_options){.seconds = -1}, "seconds");
    expect_refusal(&(plait_check_options){.seconds = __builtin_nan("")}, "seconds");
    expect_refusal(&(plait_check_options){.strategy = (plait_check_strategy)5}, "strategy");
    expect_refusal(&(plait_check_options){.depth = 65}, "depth");
    expect_refusal(&(plait_check_options){.bound = 65}, "bound");
    expect_refusal(&(plait_check_options){.inject = 16}, "injection");
    expect_refusal(&(plait_check_options){.inject = 9}, "nothing");
    expect_refusal(&(plait_check_options){.steps = UINT64_MAX}, "steps");
    expect_refusal(&(plait_check_options){.replay = "hello"}, "no token");
    expect_refusal(&(plait_check_options){.replay = ""}, "no token");
    expect_refusal(&(plait_check_options){.replay = "p1-00000-00000"}, "mistyped");
    expect_refusal(&(plait_check_options){.replay = "p2-00000-00000"}, "version");
    expect_refusal(&(plait_check_options){.replay = "./nowhere.schedule"}, "file");
}

TEST(a_token_of_another_build_is_refused) {
    plait_check_options options = {.inject = PLAIT_CHECK_NOTHING, .steps = 100000};
    struct plait__schedule *schedule = plait__allocate(sizeof *schedule);
    char *token = plait__token_of(schedule, &options, 0x2a4);
    expect_refusal(&(plait_check_options){.replay = token}, "another build");
    plait__release(token);
    plait__release(schedule);
}

/* --- without memory --- */

static plait_status explore_once(void) {
    struct machine machine = {.actors = 2, .step = lose_an_update};
    plait_check_result *result = explore(&machine, &(plait_check_options){0});
    plait_status status = result ? PLAIT_OK : plait_last_error();
    done(&machine, result);
    return status;
}

TEST(exploring_survives_lack_of_memory) {
    fault_every(explore_once);
}

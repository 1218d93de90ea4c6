/* plait_wait and plait_as_completed. */
#include "support.h"
#include "support/faults.h"
#include "support/stress.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static void make(plait_future **futures, int count) {
    for (int i = 0; i < count; i++) futures[i] = plait_future_of(int);
}

static void let_all_go(plait_future **futures, int count) {
    for (int i = 0; i < count; i++) plait_future_free(futures[i]);
}

static void keep_it(plait_future *future, int value) {
    ck_assert_ok(plait_future_set_result(future, &value));
}

static void break_it(plait_future *future) {
    ck_assert_ok(plait_future_set_error(future, PLAIT_USER, "no"));
    (void)plait_result(future); /* so that nobody is told */
}

/* ---- plait_wait ---- */

TEST(what_has_come_already_is_not_waited_for) {
    plait_future *futures[3];
    size_t done = 9;
    make(futures, 3);
    ck_assert_status(plait_wait_until(futures, 3, PLAIT_FIRST_COMPLETED, &done, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_uint_eq(done, 0);
    keep_it(futures[1], 5);
    ck_assert_ok(plait_wait(futures, 3, PLAIT_FIRST_COMPLETED, &done));
    ck_assert_uint_eq(done, 1);
    ck_assert_status(plait_wait_until(futures, 3, PLAIT_FIRST_EXCEPTION, &done, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert(plait_future_cancel(futures[0])); /* is not a failure */
    ck_assert_status(plait_wait_until(futures, 3, PLAIT_FIRST_EXCEPTION, &done, plait_after(0.002)),
                     PLAIT_TIMEOUT);
    ck_assert_uint_eq(done, 2);
    break_it(futures[2]);
    ck_assert_ok(plait_wait(futures, 3, PLAIT_FIRST_EXCEPTION, NULL));
    ck_assert_ok(plait_wait(futures, 3, PLAIT_ALL_COMPLETED, &done));
    ck_assert_uint_eq(done, 3);
    let_all_go(futures, 3);
}

TEST(one_failure_among_those_not_done_is_enough) {
    plait_future *futures[3];
    size_t done = 9;
    make(futures, 3);
    break_it(futures[2]);
    ck_assert_ok(plait_wait(futures, 3, PLAIT_FIRST_EXCEPTION, &done));
    ck_assert_uint_eq(done, 1);
    let_all_go(futures, 3);
}

TEST(none_at_all_is_all) {
    size_t done = 9;
    ck_assert_ok(plait_wait(NULL, 0, PLAIT_FIRST_COMPLETED, &done));
    ck_assert_uint_eq(done, 0);
}

PLAIT_TASK(size_t, wait_in_thread, (plait_future **, futures), (size_t, count), (plait_return_when, when)) {
    size_t done = 0;
    plait_status status = plait_wait(futures, count, when, &done);
    if (status != PLAIT_OK) plait_raise(status, NULL);
    return done;
}

static size_t joined(plait_thread *thread) {
    size_t done = 0;
    ck_assert_ok(plait_thread_result(thread, &done));
    plait_thread_free(thread);
    return done;
}

/* Some early ones do not wake it. */
TEST(it_sleeps_until_there_is_enough) {
    enum { MANY = 40 };
    plait_future *futures[MANY];
    make(futures, MANY);
    plait_thread *all = plait_start(wait_in_thread, futures, MANY, PLAIT_ALL_COMPLETED);
    plait_thread *failure = plait_start(wait_in_thread, futures, MANY, PLAIT_FIRST_EXCEPTION);
    wait_until_asleep_in("futures", 2);
    for (int i = 0; i < 10; i++) keep_it(futures[i], i);
    ck_assert(plait_future_cancel(futures[10]));
    ck_assert_int_eq(threads_asleep_in("futures"), 2);
    break_it(futures[11]);
    ck_assert_uint_eq(joined(failure), 12);
    ck_assert_int_eq(threads_asleep_in("futures"), 1);
    for (int i = 12; i < MANY; i++) keep_it(futures[i], i);
    ck_assert_uint_eq(joined(all), MANY);
    let_all_go(futures, MANY);
}

TEST(the_first_that_is_done_wakes) {
    plait_future *futures[3];
    make(futures, 3);
    plait_thread *thread = plait_start(wait_in_thread, futures, 3, PLAIT_FIRST_COMPLETED);
    wait_until_asleep_in("futures", 1);
    keep_it(futures[1], 1);
    ck_assert_uint_eq(joined(thread), 1);
    let_all_go(futures, 3);
}

TEST(the_same_future_counts_each_time) {
    plait_future *one = plait_future_of(int);
    plait_future *futures[] = {one, one};
    size_t done = 0;
    plait_thread *thread = plait_start(wait_in_thread, futures, 2, PLAIT_ALL_COMPLETED);
    wait_until_asleep_in("futures", 1);
    keep_it(one, 1);
    ck_assert_uint_eq(joined(thread), 2);
    ck_assert_ok(plait_wait(futures, 2, PLAIT_ALL_COMPLETED, &done));
    plait_future_free(one);
}

TEST(a_token_ends_the_wait) {
    plait_future *futures[3];
    make(futures, 3);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    plait_thread *thread = plait_start(wait_in_thread, futures, 3, PLAIT_ALL_COMPLETED);
    plait_token_leave(outer);
    wait_until_asleep_in("futures", 1);
    plait_cancel(token);
    size_t done;
    ck_assert_status(plait_thread_result(thread, &done), PLAIT_CANCELLED);
    plait_thread_free(thread);
    plait_token_free(token);
    for (int i = 0; i < 3; i++) keep_it(futures[i], 1); /* nobody is there any more */
    let_all_go(futures, 3);
}

/* ---- plait_as_completed ---- */

TEST(they_come_in_the_order_in_which_they_are_done) {
    plait_future *futures[5];
    size_t which = 9;
    make(futures, 5);
    keep_it(futures[3], 3);
    keep_it(futures[1], 1);
    plait_completion *completion = plait_as_completed(futures, 5);
    keep_it(futures[4], 4);
    break_it(futures[0]);
    static const size_t order[] = {1, 3, 4, 0};
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_completion_next(completion, &which));
        ck_assert_uint_eq(which, order[i]);
    }
    ck_assert_status(plait_completion_next_until(completion, &which, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_completion_next_until(completion, &which, plait_after(0.002)), PLAIT_TIMEOUT);
    ck_assert(plait_future_cancel(futures[2]));
    ck_assert_ok(plait_completion_next(completion, &which));
    ck_assert_uint_eq(which, 2);
    ck_assert_status(plait_completion_next(completion, &which), PLAIT_EMPTY);
    plait_completion_free(completion);
    let_all_go(futures, 5);
}

TEST(it_may_be_left_at_any_time) {
    plait_future *futures[20];
    make(futures, 20);
    for (int round = 0; round < 3; round++) {
        plait_completion *completion = plait_as_completed(futures, 20);
        if (round) keep_it(futures[round], 1);
        if (round == 2) ck_assert_ok(plait_completion_next(completion, NULL));
        plait_completion_free(completion);
    }
    for (int i = 3; i < 20; i++) keep_it(futures[i], 1);
    let_all_go(futures, 20);
}

/* It has handles of its own. */
TEST(the_futures_may_go_before_it) {
    plait_future *futures[4], *kept;
    make(futures, 4);
    kept = plait_future_keep(futures[2]);
    plait_completion *completion = plait_as_completed(futures, 4);
    let_all_go(futures, 4);
    keep_it(kept, 1);
    size_t which = 9;
    ck_assert_ok(plait_completion_next(completion, &which));
    ck_assert_uint_eq(which, 2);
    plait_completion_free(completion);
    plait_future_free(kept);
}

static plait_event gates[64];

PLAIT_TASK(int, wait_at, (int, i)) {
    (void)plait_event_wait(&gates[i]);
    return i;
}

/* Each result opens the gate of the next task, in an order of its own. */
TEST(each_is_given_when_it_is_done) {
    enum { MANY = 64 };
    plait_pool *pool = plait_pool_new(MANY);
    plait_future *futures[MANY];
    for (int i = 0; i < MANY; i++) futures[i] = plait_submit(pool, wait_at, i);
    plait_completion *completion = plait_as_completed(futures, MANY);
    for (int i = 0; i < MANY; i++) {
        size_t next = (size_t)(i * 37 + 11) % MANY, which = MANY;
        plait_event_set(&gates[next]);
        ck_assert_ok(plait_completion_next(completion, &which));
        ck_assert_uint_eq(which, next);
    }
    plait_completion_free(completion);
    let_all_go(futures, MANY);
    pool_end(pool);
}

/* ---- inside tasks ---- */

static plait_pool *small;

PLAIT_TASK(int, give, (int, x)) {
    if (x < 0) plait_raise(PLAIT_USER, "no");
    return x;
}

static void submit_some(plait_future **futures, int count, int negative) {
    for (int i = 0; i < count; i++) futures[i] = plait_submit(small, give, i == negative ? -1 : i);
}

PLAIT_TASK(size_t, wait_inside, (plait_return_when, when), (int, negative)) {
    plait_future *futures[20];
    size_t done = 0;
    submit_some(futures, 20, negative);
    if (plait_wait(futures, 20, when, &done) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    for (int i = 0; i < 20; i++) (void)plait_future_message(futures[i]);
    if (negative >= 0) (void)plait_result(futures[negative]);
    let_all_go(futures, 20);
    return done;
}

PLAIT_TASK(size_t, sum_inside) {
    plait_future *futures[20];
    size_t which, sum = 0;
    submit_some(futures, 20, -1);
    plait_completion *completion = plait_as_completed(futures, 20);
    while (plait_completion_next(completion, &which) == PLAIT_OK) sum += which;
    plait_completion_free(completion);
    let_all_go(futures, 20);
    return sum;
}

static size_t in_small(plait_future *future) {
    size_t got = 0;
    ck_assert_ok(plait_result(future, &got));
    plait_future_free(future);
    return got;
}

TEST(a_pool_of_one_never_waits_for_itself) {
    for (int workers = 1; workers <= 3; workers++) {
        small = plait_pool_new(workers);
        ck_assert_uint_eq(in_small(plait_submit(small, wait_inside, PLAIT_ALL_COMPLETED, -1)), 20);
        ck_assert_uint_ge(in_small(plait_submit(small, wait_inside, PLAIT_FIRST_COMPLETED, -1)), 1);
        ck_assert_uint_ge(in_small(plait_submit(small, wait_inside, PLAIT_FIRST_EXCEPTION, 4)), 1);
        ck_assert_uint_eq(in_small(plait_submit(small, sum_inside)), 190);
        pool_end(small);
    }
}

PLAIT_TASK(size_t, select_inside) {
    plait_future *some[3] = {plait_submit(small, give, 1), plait_submit(small, give, 2),
                             plait_submit(small, give, 3)};
    plait_case cases[3];
    size_t which = 9, got = 0;
    for (int i = 0; i < 3; i++) cases[i] = plait_case_future(some[i]);
    for (size_t left = 3; left; left--) {
        if (plait_select(cases, left, &which) != PLAIT_OK || cases[which].status != PLAIT_OK) break;
        cases[which] = cases[left - 1];
        got++;
    }
    let_all_go(some, 3);
    return got;
}

TEST(a_select_inside_a_task_runs_what_it_waits_for) {
    for (int workers = 1; workers <= 3; workers++) {
        small = plait_pool_new(workers);
        ck_assert_uint_eq(in_small(plait_submit(small, select_inside)), 3);
        pool_end(small);
    }
}

/* It runs no more than it must. */
TEST(a_lone_worker_stops_helping_when_there_is_enough) {
    small = plait_pool_new(1);
    ck_assert_uint_eq(in_small(plait_submit(small, wait_inside, PLAIT_FIRST_COMPLETED, -1)), 1);
    ck_assert_uint_eq(in_small(plait_submit(small, wait_inside, PLAIT_FIRST_EXCEPTION, 4)), 5);
    pool_end(small);
}

PLAIT_TASK(size_t, take_all, (plait_completion *, completion)) {
    size_t taken = 0;
    while (plait_completion_next(completion, NULL) == PLAIT_OK) taken++;
    return taken;
}

/* Begun by a thread that cannot help, gone on with by a worker that must. */
TEST(a_worker_may_go_on_where_a_thread_began) {
    small = plait_pool_new(1);
    plait_future *first = plait_submit(small, wait_at, 0), *futures[10];
    submit_some(futures, 10, -1);
    plait_completion *completion = plait_as_completed(futures, 10);
    ck_assert_status(plait_completion_next_until(completion, NULL, plait_after(0.001)), PLAIT_TIMEOUT);
    plait_future *taker = plait_submit(small, take_all, completion);
    plait_event_set(&gates[0]);
    ck_assert_uint_eq(in_small(taker), 10);
    plait_completion_free(completion);
    plait_future_free(first);
    let_all_go(futures, 10);
    pool_end(small);
}

/* ---- a fork, nonsense, lack of memory ---- */

#ifndef POOL_THREAD_SANITIZER
TEST(in_the_child_of_a_fork_they_are_broken) {
    small = plait_pool_new(1);
    plait_future *futures[] = {plait_submit(small, wait_at, 0), plait_future_of(int)};
    pid_t child = fork();
    if (child == 0) {
        size_t done = 9;
        bool good = plait_wait(futures, 2, PLAIT_ALL_COMPLETED, &done) == PLAIT_BROKEN && done == 0;
        plait_completion *completion = plait_as_completed(futures, 2);
        plait_future_set_result(futures[1], &(int){1});
        good = good && plait_completion_next(completion, &done) == PLAIT_OK && done == 1;
        good = good && plait_completion_next(completion, &done) == PLAIT_BROKEN;
        good = good && plait_wait(futures, 2, PLAIT_FIRST_COMPLETED, &done) == PLAIT_OK;
        plait_completion_free(completion);
        _exit(good ? 0 : 1);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&gates[0]);
    let_all_go(futures, 2);
    pool_end(small);
}
#endif

TEST(nonsense_is_refused) {
    plait_future *futures[] = {plait_future_of(int), NULL};
    ck_assert_status(plait_wait(NULL, 1, PLAIT_ALL_COMPLETED, NULL), PLAIT_INVALID);
    ck_assert_status(plait_wait(futures, 2, PLAIT_ALL_COMPLETED, NULL), PLAIT_INVALID);
    ck_assert_status(plait_wait(futures, 1, (plait_return_when)7, NULL), PLAIT_INVALID);
    ck_assert_ptr_null(plait_as_completed(futures, 2));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_as_completed(NULL, 3));
    ck_assert_status(plait_completion_next(NULL, NULL), PLAIT_INVALID);
    plait_completion_free(NULL);
    plait_completion *none = plait_as_completed(NULL, 0);
    ck_assert_status(plait_completion_next(none, NULL), PLAIT_EMPTY);
    plait_completion_free(none);
    plait_future_free(futures[0]);
}

static plait_status wait_for_many(void) {
    enum { MANY = 20 };
    plait_future *futures[MANY];
    plait_status status = PLAIT_OK;
    int made = 0;
    for (; made < MANY; made++)
        if (!(futures[made] = plait_future_of(int))) break;
    if (made < MANY) status = plait_last_error();
    for (int i = 0; i < made; i += 2) plait_future_set_result(futures[i], &i);
    if (status == PLAIT_OK)
        status = plait_wait_until(futures, MANY, PLAIT_ALL_COMPLETED, NULL, plait_after(0.001));
    if (status == PLAIT_TIMEOUT) status = PLAIT_OK;
    plait_completion *completion = plait_as_completed(futures, (size_t)made);
    if (!completion) status = plait_last_error();
    for (int i = 0; completion && i < made / 2; i++)
        if (plait_completion_next(completion, NULL) != PLAIT_OK) status = PLAIT_FAILED;
    plait_completion_free(completion);
    let_all_go(futures, made);
    return status;
}

TEST(they_survive_lack_of_memory) {
    ck_assert_int_eq(fault_every(wait_for_many), 22);
}

/* ---- everything at once ---- */

enum { ROUND = 24 };
static uint64_t odd;

static void look(bool good) {
    if (!good) plait__add_relaxed(&odd, 1);
}

PLAIT_TASK(int, some_work, (uint32_t, what)) {
    if (what % 4 == 0) (void)plait_sleep((what >> 8) % 100 * 1e-6);
    if (what % 8 == 1) sched_yield();
    if (what % 16 == 2) plait_raise(PLAIT_USER, NULL);
    return 1;
}

static plait_deadline some_deadline(struct stress_random *random) {
    if (stress_random_below(random, 2)) return PLAIT_FOREVER;
    return plait_after(stress_random_below(random, 200) * 1e-6);
}

static void wait_somehow(plait_future **futures, size_t count, struct stress_random *random) {
    size_t done = 0, now = 0;
    plait_return_when when = (plait_return_when)stress_random_below(random, 3);
    plait_status status = plait_wait_until(futures, count, when, &done, some_deadline(random));
    for (size_t i = 0; i < count; i++) now += plait_future_done(futures[i]);
    look(now >= done && (status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_CANCELLED));
    if (status == PLAIT_OK && when == PLAIT_ALL_COMPLETED) look(done == count);
    if (status == PLAIT_OK && when == PLAIT_FIRST_COMPLETED) look(done > 0);
}

static void iterate_somehow(plait_future **futures, size_t count, struct stress_random *random) {
    bool given[ROUND] = {false};
    size_t left = count, which;
    uint32_t patience = stress_random_below(random, 2 * ROUND);
    plait_completion *completion = plait_as_completed(futures, count);
    for (; patience; patience--) {
        plait_status status = plait_completion_next_until(completion, &which, some_deadline(random));
        if (status == PLAIT_EMPTY) look(left == 0);
        if (status == PLAIT_EMPTY || status == PLAIT_CANCELLED) break;
        if (status == PLAIT_TIMEOUT) continue;
        look(status == PLAIT_OK && plait_future_done(futures[which]) && !given[which]);
        given[which] = true;
        left--;
    }
    plait_completion_free(completion);
}

static void race_somehow(plait_future **futures, size_t count, struct stress_random *random) {
    int got = 0;
    size_t which = count;
    plait_status status = plait_first_until(futures, count, &got, &which, some_deadline(random));
    look(status != PLAIT_OK || (got == 1 && which < count));
}

PLAIT_TASK(int, use_several, (plait_pool *, pool), (unsigned, seed), (int, depth)) {
    struct stress_random random = stress_random_stream(seed);
    plait_future *futures[ROUND];
    size_t count = 1 + stress_random_below(&random, ROUND);
    for (size_t i = 0; i < count; i++) {
        uint32_t what = stress_random_below(&random, UINT32_MAX);
        futures[i] = depth && what % 8 == 5 ? plait_submit(pool, use_several, pool, what >> 3, depth - 1)
                                            : plait_submit(pool, some_work, what);
        if (what % 32 == 7) (void)plait_future_cancel(futures[i]);
    }
    wait_somehow(futures, count, &random);
    iterate_somehow(futures, count, &random);
    race_somehow(futures, count, &random);
    for (size_t i = 0; i < count; i++) {
        (void)plait_result(futures[i]);
        plait_future_free(futures[i]);
    }
    return 1;
}

TEST_WITHIN(all_of_them_at_random, 180) {
    struct stress_random random = stress_random_stream(0);
    for (int round = 0; round < 8; round++) {
        plait_pool *pool = plait_pool_new(1 + (int)stress_random_below(&random, 4));
        plait_future *futures[ROUND];
        for (int i = 0; i < ROUND; i++)
            futures[i] = plait_submit(pool, use_several, pool, stress_random_below(&random, UINT32_MAX), 2);
        for (int i = 0; i < 4; i++) (void)use_several(pool, stress_random_below(&random, UINT32_MAX), 2);
        for (int i = 0; i < ROUND; i++) ck_assert_ok(plait_result(futures[i]));
        let_all_go(futures, ROUND);
        pool_end(pool);
    }
    ck_assert_uint_eq(odd, 0);
}

/* Pools that hold only so many waiting tasks: those who submit wait, are refused, or run the task themselves. */
#include "gate.h"

#include <pthread.h>
#include <stdlib.h>

static plait_pool *full_pool(plait_pool_full when_full) {
    plait_pool *full = plait_pool_new_with(
        &(plait_pool_options){.max_workers = 1, .max_pending = 2, .when_full = when_full});
    ck_assert_ok(plait_post(full, wait_at_gate));
    ck_assert_ok(plait_event_wait(&begun));
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_post(full, bump));
    return full;
}

TEST(a_full_pool_may_refuse) {
    pool = full_pool(PLAIT_POOL_REJECT);
    ck_assert_status(plait_post(pool, bump), PLAIT_FULL);
    plait_future *refused = plait_submit(pool, bump);
    ck_assert_status(plait_result(refused), PLAIT_FULL);
    plait_future_free(refused);
    run_to_end();
    ck_assert_int_eq(counter, 2);
}

PLAIT_TASK(bool, fail_in_main) {
    plait_raise(PLAIT_USER, "here");
    return plait_thread_current() == plait_thread_main();
}

PLAIT_TASK(bool, is_main) {
    return plait_thread_current() == plait_thread_main();
}

PLAIT_TASK(void, enter_and_stay, (plait_token *, token)) {
    (void)plait_token_enter(token);
}

TEST(a_full_pool_may_have_its_caller_run) {
    pool = full_pool(PLAIT_POOL_CALLER_RUNS);
    plait_future *future = plait_submit(pool, is_main);
    ck_assert(plait_future_done(future));
    bool here = false;
    ck_assert_ok(plait_result(future, &here));
    ck_assert(here);
    plait_future_free(future);
    future = plait_submit(pool, fail_in_main);
    ck_assert_status(plait_result(future), PLAIT_USER);
    ck_assert_str_eq(plait_future_message(future), "here");
    plait_future_free(future);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    ck_assert_ok(plait_post(pool, enter_and_stay, token));
    plait_cancel(token);
    ck_assert(!plait_cancelled()); /* what the task entered and did not leave has been left for it */
    ck_assert_ok(plait_post(pool, bump));
    ck_assert_int_eq(counter, 1);
    plait_token_free(token);
    run_to_end();
    ck_assert_int_eq(counter, 3);
}

PLAIT_TASK(plait_status, post_one) {
    return plait_post(pool, bump);
}

PLAIT_TASK(plait_status, post_under, (plait_token *, token)) {
    plait_token *before = plait_token_enter(token);
    plait_status status = plait_post(pool, bump);
    plait_token_leave(before);
    return status;
}

static plait_status status_of(plait_thread *thread) {
    plait_status status = PLAIT_FAILED;
    ck_assert_ok(plait_thread_result(thread, &status));
    plait_thread_free(thread);
    return status;
}

TEST(a_full_pool_makes_its_submitters_wait) {
    pool = full_pool(PLAIT_POOL_BLOCK);
    plait_deadline soon = plait_after(0.003);
    plait_future *late = plait_submit_with(pool, (&(plait_submit_options){.deadline = &soon}), bump);
    ck_assert_status(plait_result(late), PLAIT_TIMEOUT);
    plait_future_free(late);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_thread *one = plait_start(post_one), *cancelled = plait_start(post_under, token);
    wait_until_asleep_in("pool.submit", 2);
    plait_cancel(token);
    ck_assert_int_eq(status_of(cancelled), PLAIT_CANCELLED);
    plait_token_free(token);
    plait_event_set(&gate);
    ck_assert_int_eq(status_of(one), PLAIT_OK);
    pool_end(pool);
    ck_assert_int_eq(counter, 3);
}

TEST(closing_a_full_pool_sends_those_who_wait_away) {
    pool = full_pool(PLAIT_POOL_BLOCK);
    plait_thread *threads[3];
    for (int i = 0; i < 3; i++) threads[i] = plait_start(post_one);
    wait_until_asleep_in("pool.submit", 3);
    ck_assert_ok(plait_pool_close(pool));
    for (int i = 0; i < 3; i++) ck_assert_int_eq(status_of(threads[i]), PLAIT_SHUTDOWN);
    run_to_end();
    ck_assert_int_eq(counter, 2);
}

PLAIT_TASK(void, post_many, (int, count)) {
    for (int i = 0; i < count; i++)
        if (plait_post(pool, bump) != PLAIT_OK) abort();
}

TEST(room_is_given_to_all_who_wait_for_it) {
    for (int kind = PLAIT_POOL_FIFO; kind <= PLAIT_POOL_PRIORITY; kind++) {
        counter = 0;
        pool = plait_pool_new_with(
            &(plait_pool_options){.max_workers = 2, .max_pending = 3, .order = (plait_pool_order)kind});
        plait_thread *threads[4];
        for (int i = 0; i < 4; i++) threads[i] = plait_start(post_many, 2000);
        for (int i = 0; i < 4; i++) {
            ck_assert_ok(plait_thread_join(threads[i]));
            plait_thread_free(threads[i]);
        }
        plait_pool_counters counters;
        ck_assert_ok(plait_pool_stats(pool, &counters));
        ck_assert_uint_le(counters.most_queued, 3);
        pool_end(pool);
        ck_assert_int_eq(counter, 8000);
    }
}

TEST(a_pools_own_tasks_never_wait_for_room) {
    for (int kind = PLAIT_POOL_FIFO; kind <= PLAIT_POOL_PRIORITY; kind++) {
        counter = 0;
        pool = plait_pool_new_with(
            &(plait_pool_options){.max_workers = 1, .max_pending = 1, .order = (plait_pool_order)kind});
        ck_assert_ok(plait_post(pool, post_many, 100));
        pool_end(pool);
        ck_assert_int_eq(counter, 100);
    }
}

PLAIT_TASK(void, leave) {
    pthread_exit(NULL);
}

static void *submit_leave(void *unused) {
    plait_future_free(plait_submit(pool, leave));
    return unused;
}

static void *post_leave(void *unused) {
    (void)plait_post(pool, leave);
    return unused;
}

TEST(a_task_may_end_the_thread_of_its_caller) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    pool = full_pool(PLAIT_POOL_CALLER_RUNS);
    pthread_t threads[2];
    ck_assert_int_eq(pthread_create(&threads[0], NULL, submit_leave, NULL), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, post_leave, NULL), 0);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(told.count, 2); /* nobody else can hear of it */
    ck_assert_str_eq(told.task, "leave");
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_eq(counters.failed, 2);
    ck_assert_uint_eq(counters.running, 1);
    run_to_end();
}

TEST(a_caller_does_not_begin_what_has_come_too_late) {
    pool = full_pool(PLAIT_POOL_CALLER_RUNS);
    plait_deadline past = plait_after(0);
    plait_future *late = plait_submit_with(pool, (&(plait_submit_options){.deadline = &past}), bump);
    ck_assert_status(plait_result(late), PLAIT_TIMEOUT);
    plait_future_free(late);
    ck_assert_int_eq(counter, 0);
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_eq(counters.failed, 1);
    ck_assert_uint_eq(counters.running, 1);
    run_to_end();
}

PLAIT_TASK(void, be_refused, (int, count)) {
    for (int i = 0; i < count; i++) {
        plait_future *future = plait_submit(pool, bump);
        if (plait_result(future) != PLAIT_INVALID) abort();
        plait_future_free(future);
    }
}

TEST(those_who_wait_hear_that_no_thread_can_be_started) {
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 1, .max_pending = 1, .stack_size = 1});
    plait_thread *threads[4];
    for (int i = 0; i < 4; i++) threads[i] = plait_start(be_refused, 1000);
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    pool_end(pool);
    ck_assert_int_eq(counter, 0);
}

/* Handing over tasks, and how a pool ends. */
#include "support.h"

PLAIT_TASK(int, add, (int, a), (int, b)) {
    return a + b;
}

PLAIT_TASK(void, bump, (int *, counter)) {
    plait__add(counter, 1);
}

PLAIT_TASK(int, fail_with, (int, code)) {
    plait_raise(code, "told to fail with %d", code);
    return 3;
}

static plait_event gate, begun;

PLAIT_TASK(plait_status, wait_at_gate) {
    plait_event_set(&begun);
    return plait_event_wait(&gate);
}

TEST(a_task_gives_its_result_to_its_future) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, add, 2, .b = 3);
    int sum = 0;
    ck_assert_ok(plait_result(future, &sum));
    ck_assert_int_eq(sum, 5);
    ck_assert(plait_future_done(future));
    ck_assert_status(plait_future_set_result(future, &sum), PLAIT_NOT_OWNER);
    long wrong;
    ck_assert_status(plait_result(future, &wrong), PLAIT_INVALID);
    plait_future_free(future);
    pool_end(pool);
}

TEST(arguments_left_out_are_zero_and_results_may_be_left) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, add, .b = 7);
    int sum = 0;
    ck_assert_ok(plait_result(future, &sum));
    ck_assert_int_eq(sum, 7);
    plait_future_free(future);
    int counter = 0;
    for (int i = 0; i < 100; i++) plait_future_free(plait_submit(pool, bump, &counter));
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_post(pool, bump, &counter));
    pool_end(pool);
    ck_assert_int_eq(counter, 200);
}

static void *twice(void *number) {
    return (void *)(2 * (intptr_t)number);
}

TEST(untyped_functions_are_tasks_too) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit_function(pool, twice, (void *)21);
    void *result = NULL;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_ptr_eq(result, (void *)42);
    plait_future_free(future);
    ck_assert_ok(plait_post_function(pool, twice, NULL));
    pool_end(pool);
}

TEST(a_failure_reaches_the_future) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, fail_with, PLAIT_USER + 1);
    int result = 9;
    ck_assert_status(plait_result(future, &result), PLAIT_USER + 1);
    ck_assert_str_eq(plait_future_message(future), "told to fail with 1001");
    ck_assert_int_eq(result, 9);
    plait_future_free(future);
    pool_end(pool);
}

TEST(a_failure_nobody_read_reaches_the_hook) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    plait_pool *pool = plait_pool_new(1);
    ck_assert_ok(plait_post(pool, fail_with, PLAIT_USER + 2));
    plait_future_free(plait_submit(pool, fail_with, PLAIT_USER + 2));
    pool_end(pool);
    ck_assert_int_eq(told.count, 2);
    ck_assert_int_eq(told.status, PLAIT_USER + 2);
    ck_assert_str_eq(told.message, "told to fail with 1002");
    ck_assert_str_eq(told.task, "fail_with");
}

TEST(workers_start_on_demand) {
    size_t before = plait_thread_active_count();
    plait_pool *pool = plait_pool_new(50);
    ck_assert_uint_eq(plait_thread_active_count(), before);
    for (int i = 0; i < 20; i++) {
        plait_future *future = plait_submit(pool, add, 1, 1);
        ck_assert_ok(plait_result(future));
        plait_future_free(future);
    }
    ck_assert_uint_lt(plait_thread_active_count(), before + 50);
    pool_end(pool);
}

TEST(as_many_run_at_once_as_there_are_workers) {
    enum { WORKERS = 5 };
    plait_pool *pool = plait_pool_new(WORKERS);
    plait_future *futures[WORKERS + 1];
    for (int i = 0; i <= WORKERS; i++) futures[i] = plait_submit(pool, wait_at_gate);
    wait_until_asleep_in("event", WORKERS);
    int running = 0;
    for (int i = 0; i <= WORKERS; i++) running += plait_future_running(futures[i]);
    ck_assert_int_eq(running, WORKERS);
    plait_event_set(&gate);
    for (int i = 0; i <= WORKERS; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    pool_end(pool);
}

TEST(closed_pools_finish_and_refuse) {
    plait_pool *pool = plait_pool_new(1);
    int counter = 0;
    ck_assert_status(plait_pool_join(pool), PLAIT_INVALID);
    plait_future *first = plait_submit(pool, wait_at_gate);
    for (int i = 0; i < 10; i++) ck_assert_ok(plait_post(pool, bump, &counter));
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_ok(plait_pool_close(pool));
    plait_future *refused = plait_submit(pool, bump, &counter);
    ck_assert_status(plait_result(refused), PLAIT_SHUTDOWN);
    int out;
    ck_assert_status(plait_result(refused, &out), PLAIT_SHUTDOWN);
    plait_future_free(refused);
    ck_assert_status(plait_post(pool, bump, &counter), PLAIT_SHUTDOWN);
    ck_assert_status(plait_pool_join_until(pool, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_pool_join_until(pool, plait_after(0.003)), PLAIT_TIMEOUT);
    plait_event_set(&gate);
    ck_assert_ok(plait_pool_join(pool));
    ck_assert_int_eq(counter, 10);
    plait_pool_free(pool);
    plait_future_free(first);
}

TEST(shutdown_may_cancel_what_has_not_begun) {
    plait_pool *pool = plait_pool_new(1);
    int counter = 0;
    plait_future *first = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_event_wait(&begun));
    plait_future *second = plait_submit(pool, bump, &counter);
    ck_assert_ok(plait_pool_shutdown(pool, false, true));
    ck_assert(plait_future_cancelled(second));
    ck_assert_status(plait_pool_shutdown_until(pool, true, plait_after(0.003)), PLAIT_TIMEOUT);
    plait_event_set(&gate);
    ck_assert_ok(plait_pool_shutdown(pool, true, false));
    ck_assert_ok(plait_result(first));
    ck_assert_status(plait_result(second), PLAIT_CANCELLED);
    ck_assert_int_eq(counter, 0);
    plait_future_free(first);
    plait_future_free(second);
    plait_pool_free(pool);
}

TEST(a_pool_may_be_let_go_at_once) {
    static int counter; /* others than the last task may still run when the test is over */
    plait_future *last = NULL;
    plait_pool *pool = plait_pool_new(2);
    for (int i = 0; i < 100; i++) {
        plait_future_free(last);
        last = plait_submit(pool, bump, &counter);
    }
    plait_pool_free(pool);
    ck_assert_ok(plait_result(last));
    plait_future_free(last);
    plait_pool_free(plait_pool_new(3));
}

TEST(a_token_ends_a_join_and_not_a_shutdown) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_event_wait(&begun));
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_cancel(token);
    plait_token *outer = plait_token_enter(token);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_status(plait_pool_join(pool), PLAIT_CANCELLED);
    ck_assert_status(plait_pool_shutdown_until(pool, false, plait_after(0.003)), PLAIT_TIMEOUT);
    plait_token_leave(outer);
    plait_token_free(token);
    plait_event_set(&gate);
    ck_assert_ok(plait_pool_join(pool));
    plait_future_free(future);
    plait_pool_free(pool);
}

static plait_pool *own;

PLAIT_TASK(plait_status, join_own) {
    plait_pool_close(own);
    return plait_pool_join(own);
}

TEST(a_task_cannot_join_its_own_pool) {
    own = plait_pool_new(1);
    plait_future *future = plait_submit(own, join_own);
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_DEADLOCK);
    plait_future_free(future);
    pool_end(own);
}

PLAIT_TASK(void, hand_on, (int, left), (int *, counter)) {
    plait__add(counter, 1);
    if (left) (void)plait_post(own, hand_on, left - 1, counter);
}

TEST(tasks_of_a_closed_pool_may_hand_over_more) {
    own = plait_pool_new(2);
    int counter = 0;
    ck_assert_ok(plait_post(own, hand_on, 500, &counter));
    pool_end(own);
    ck_assert_int_eq(counter, 501);
}

TEST(nonsense_is_refused) {
    ck_assert_ptr_null(plait_pool_new(-1));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    plait_pool *pool = plait_pool_new(0);
    int in[1] = {0}, out[1];
    plait_future *future = plait_submit((plait_pool *)NULL, add, 1, 2);
    ck_assert_ptr_nonnull(future);
    ck_assert_status(plait_result(future), PLAIT_INVALID);
    plait_future_free(future);
    future = plait_pool_submit(pool, NULL, NULL);
    ck_assert_status(plait_result(future, out), PLAIT_INVALID);
    plait_future_free(future);
    future = plait_submit_function(pool, NULL, NULL);
    ck_assert_status(plait_result(future), PLAIT_INVALID);
    plait_future_free(future);
    plait_task old = *plait_task_of(add);
    old.version = 99;
    ck_assert_status(plait_pool_post(pool, &old, NULL), PLAIT_INVALID);
    ck_assert_status(plait_post((plait_pool *)NULL, add), PLAIT_INVALID);
    ck_assert_status(plait_post_function(NULL, twice, NULL), PLAIT_INVALID);
    ck_assert_status(plait_pool_map(pool, NULL, plait_task_of(add), NULL, out, 1), PLAIT_INVALID);
    ck_assert_status(plait_starmap(pool, add, out, 1, plait_each(in)), PLAIT_INVALID); /* b is missing */
    ck_assert_status(plait_pool_close(NULL), PLAIT_INVALID);
    ck_assert_status(plait_pool_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_pool_shutdown(NULL, true, true), PLAIT_INVALID);
    plait_pool_free(NULL);
    pool_end(pool);
}

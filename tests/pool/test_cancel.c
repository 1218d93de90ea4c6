/* Cancelling tasks: queued, running, through the submitter's token, and under a shield. */
#include "support.h"

#include <sched.h>

static plait_event gate, begun;

PLAIT_TASK(plait_status, wait_at_gate) {
    plait_event_set(&begun);
    return plait_event_wait(&gate);
}

PLAIT_TASK(void, bump, (int *, counter)) {
    plait__add(counter, 1);
}

TEST(a_queued_task_is_cancelled_at_once_and_never_runs) {
    plait_pool *pool = plait_pool_new(1);
    int counter = 0;
    plait_future *first = plait_submit(pool, wait_at_gate), *second = plait_submit(pool, bump, &counter);
    ck_assert(plait_future_cancel(second));
    ck_assert(plait_future_done(second) && plait_future_cancelled(second));
    ck_assert_status(plait_result(second), PLAIT_CANCELLED);
    plait_event_set(&gate);
    pool_end(pool);
    ck_assert_int_eq(counter, 0);
    plait_future_free(first);
    plait_future_free(second);
}

TEST(a_running_task_sees_its_token) {
    plait_pool *pool = plait_pool_new(1);
    plait_status status = PLAIT_OK;
    for (int i = 0; i < 3; i++) { /* the worker's next token is a fresh one */
        plait_event_clear(&begun);
        plait_future *future = plait_submit(pool, wait_at_gate);
        ck_assert_ok(plait_event_wait(&begun));
        ck_assert(plait_future_running(future));
        ck_assert(plait_future_cancel(future));
        ck_assert_ok(plait_result(future, &status));
        ck_assert_int_eq(status, PLAIT_CANCELLED);
        ck_assert(!plait_future_cancel(future));
        plait_future_free(future);
    }
    plait_event_set(&gate);
    plait_future *other = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_result(other, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    plait_future_free(other);
    pool_end(pool);
}

TEST(the_submitters_token_reaches_the_task) {
    plait_pool *pool = plait_pool_new(1);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    plait_future *running = plait_submit(pool, wait_at_gate);
    int counter = 0;
    plait_future *queued = plait_submit(pool, bump, &counter);
    ck_assert_ok(plait_post(pool, bump, &counter));
    plait_token_leave(outer);
    ck_assert_ok(plait_event_wait(&begun));
    plait_cancel(token);
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_result(running, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    ck_assert_status(plait_result(queued), PLAIT_CANCELLED);
    plait_token_free(token);
    pool_end(pool);
    ck_assert_int_eq(counter, 1); /* what was posted is not dropped silently */
    plait_future_free(running);
    plait_future_free(queued);
}

TEST(what_is_submitted_under_a_shield_runs_under_one) {
    plait_pool *pool = plait_pool_new(1);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_cancel(token);
    plait_token *outer = plait_token_enter(token);
    plait_shield_enter();
    plait_future *future = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_event_wait(&begun));
    plait_event_set(&gate);
    plait_status status = PLAIT_FAILED;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    plait_shield_leave();
    plait_token_leave(outer);
    plait_token_free(token);
    plait_future_free(future);
    pool_end(pool);
}

PLAIT_TASK(bool, is_cancelled) {
    return plait_cancelled();
}

/* A token that a task made below its own keeps the worker's one alive; the next task must not inherit. */
static plait_token *leaked;

PLAIT_TASK(void, leak_a_token) {
    leaked = plait_token_new(NULL, PLAIT_FOREVER);
}

TEST(tasks_do_not_share_tokens) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, leak_a_token);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    bool cancelled = true;
    future = plait_submit(pool, is_cancelled);
    ck_assert_ok(plait_result(future, &cancelled));
    ck_assert(!cancelled);
    plait_future_free(future);
    ck_assert(!plait_token_cancelled(leaked));
    plait_token_free(leaked);
    pool_end(pool);
}

PLAIT_TASK(void, spin_until_cancelled) {
    plait_event_set(&begun);
    while (!plait_cancelled()) sched_yield();
    plait_raise(PLAIT_CANCELLED, NULL);
}

TEST(a_task_that_raises_cancelled_was_cancelled) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, spin_until_cancelled);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert(plait_future_cancel(future));
    plait_future_free(future);
    pool_end(pool);
    ck_assert_int_eq(told.count, 0);
}

/* Cancels at every moment of a task's life: each is done in the end, and later tasks are not hit. */
TEST(a_cancel_may_come_at_any_moment) {
    plait_pool *pool = plait_pool_new(2);
    for (int i = 0; i < 3000; i++) {
        plait_future *future = plait_submit(pool, is_cancelled);
        plait_future *next = plait_submit(pool, is_cancelled);
        plait_future_cancel(future);
        plait_status status = plait_result(future);
        ck_assert(status == PLAIT_OK || status == PLAIT_CANCELLED);
        bool cancelled = true;
        ck_assert_ok(plait_result(next, &cancelled));
        ck_assert(!cancelled);
        plait_future_free(future);
        plait_future_free(next);
    }
    pool_end(pool);
}

/* They keep their places in the queue, and their memory, until a worker comes past; that must be quick. */
TEST(many_cancelled_tasks_are_passed_over) {
    enum { MANY = 200000 };
    static plait_future *futures[MANY];
    plait_pool *pool = plait_pool_new(1);
    int counter = 0;
    plait_future *first = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_event_wait(&begun));
    for (int i = 0; i < MANY; i++) futures[i] = plait_submit(pool, bump, &counter);
    plait_future *last = plait_submit(pool, bump, &counter);
    int cancelled = 0;
    for (int i = 0; i < MANY; i++) {
        cancelled += plait_future_cancel(futures[i]);
        plait_future_free(futures[i]);
    }
    ck_assert_int_eq(cancelled, MANY);
    plait_event_set(&gate);
    ck_assert_ok(plait_result(last));
    ck_assert_int_eq(counter, 1);
    plait_future_free(first);
    plait_future_free(last);
    pool_end(pool);
}

PLAIT_TASK(plait_status, wait_for_future, (plait_future *, future)) {
    return plait_result(future);
}

TEST(cancelling_ends_the_waits_for_it) {
    plait_future *promise = plait_future_of(int);
    plait_thread *thread = plait_start(wait_for_future, promise);
    wait_until_asleep_in("future", 1);
    ck_assert(plait_future_cancel(promise));
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    plait_thread_free(thread);
    plait_future_free(promise);
}

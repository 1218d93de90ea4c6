/* A pool that is ended at once: what runs is asked to stop, and what has not begun never does. */
#include "gate.h"

#include <base/os.h>

#include <pthread.h>
#include <sched.h>

PLAIT_TASK(plait_status, wait_inside) {
    plait_future *inner = plait_submit(pool, wait_at_gate);
    plait_status status = PLAIT_OK;
    plait_shield_enter();
    (void)plait_result(inner, &status);
    plait_shield_leave();
    plait_future_free(inner);
    return plait_cancelled() ? status : PLAIT_FAILED;
}

TEST(terminate_stops_what_runs_and_what_waits) {
    pool = plait_pool_new(2);
    plait_future *running = plait_submit(pool, wait_at_gate), *nested = plait_submit(pool, wait_inside);
    wait_until_asleep_in("event", 2);
    plait_future *queued = plait_submit(pool, bump);
    ck_assert_ok(plait_pool_terminate(pool));
    plait_status status = PLAIT_OK;
    ck_assert_status(plait_result(queued), PLAIT_CANCELLED);
    ck_assert_ok(plait_result(running, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    ck_assert_ok(plait_result(nested, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    ck_assert_status(plait_post(pool, bump), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_pool_join(pool));
    ck_assert_status(plait_pool_terminate(NULL), PLAIT_INVALID);
    plait_future_free(running);
    plait_future_free(nested);
    plait_future_free(queued);
    plait_pool_free(pool);
    ck_assert_int_eq(counter, 0);
}

TEST(terminate_may_come_at_any_moment) {
    for (int i = 0; i < 300; i++) {
        pool = plait_pool_new(3);
        for (int j = 0; j < 20; j++) (void)plait_post(pool, bump);
        plait_future *future = plait_submit(pool, wait_at_gate);
        ck_assert_ok(plait_pool_terminate(pool));
        (void)plait_result(future);
        plait_future_free(future);
        ck_assert_ok(plait_pool_join(pool));
        plait_pool_counters counters = counters_of(pool);
        ck_assert_uint_eq(counters.submitted, 21);
        ck_assert_uint_eq(counters.done + counters.cancelled, 21);
        plait_pool_free(pool);
    }
}

/* Each is asked to stop, at whatever point of its beginning: one that was missed would wait for ever. */
TEST(terminate_misses_nobody_who_just_begins) {
    for (int i = 0; i < 3000; i++) {
        pool = plait_pool_new(2);
        for (int j = 0; j < 3; j++) (void)plait_post(pool, wait_at_gate);
        for (int j = 0; j < i % 50 * 20; j++) plait__os_pause();
        ck_assert_ok(plait_pool_terminate(pool));
        ck_assert_ok(plait_pool_join(pool));
        plait_pool_free(pool);
    }
}

PLAIT_TASK(void, bump_slowly) {
    plait__add(&counter, 1);
    for (int i = 0; i < 200; i++) plait__os_pause();
}

PLAIT_TASK(void, bump_many) {
    for (int i = 0; i < 200; i++) (void)plait_post(pool, bump_slowly);
    plait_event_set(&begun);
}

/* What is on its way from one worker to another is cancelled as well: each worker ends what it does. */
TEST(nothing_begins_after_a_shutdown_that_cancels) {
    enum { WORKERS = 4 };
    for (int i = 0; i < 500; i++) {
        pool = plait_pool_new(WORKERS);
        plait_event_clear(&begun);
        (void)plait_post(pool, bump_many);
        (void)plait_event_wait(&begun);
        ck_assert_ok(plait_pool_shutdown(pool, false, true));
        int begun_by_then = plait__load(&counter);
        ck_assert_ok(plait_pool_join(pool));
        ck_assert_int_le(plait__load(&counter) - begun_by_then, WORKERS);
        plait_pool_counters counters = counters_of(pool);
        ck_assert_uint_eq(counters.submitted, counters.done + counters.cancelled);
        plait_pool_free(pool);
    }
}

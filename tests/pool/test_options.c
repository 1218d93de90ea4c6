/* Options of pools and of single tasks, changing a pool's size, and its counters. */
#include "gate.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

static int order[16], ordered;

PLAIT_TASK(void, note, (int, number)) {
    order[ordered++] = number;
}

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

static plait_pool *blocked_pool(const plait_pool_options *options) {
    plait_pool *blocked = plait_pool_new_with(options);
    ck_assert_ok(plait_post(blocked, wait_at_gate));
    ck_assert_ok(plait_event_wait(&begun));
    return blocked;
}

/* ---- order ---- */

TEST(lifo_begins_with_the_newest) {
    pool = blocked_pool(&(plait_pool_options){.max_workers = 1, .order = PLAIT_POOL_LIFO});
    for (int i = 0; i < 5; i++) ck_assert_ok(plait_post(pool, note, i));
    run_to_end();
    for (int i = 0; i < 5; i++) ck_assert_int_eq(order[i], 4 - i);
}

TEST(priority_begins_with_the_highest_and_is_stable) {
    static const int priorities[8] = {1, -5, 3, 1, 0, 3, 1, -5}, expected[8] = {2, 5, 0, 3, 6, 4, 1, 7};
    pool = blocked_pool(&(plait_pool_options){.max_workers = 1, .order = PLAIT_POOL_PRIORITY});
    for (int i = 0; i < 8; i++)
        plait_future_free(
            plait_submit_with(pool, (&(plait_submit_options){.priority = priorities[i]}), note, i));
    run_to_end();
    ck_assert_int_eq(ordered, 8);
    for (int i = 0; i < 8; i++) ck_assert_int_eq(order[i], expected[i]);
}

PLAIT_TASK(void, hand_over_in_order) {
    for (int i = 0; i < 8; i++)
        plait_future_free(plait_submit_with(pool, (&(plait_submit_options){.priority = i}), note, i));
}

TEST(priorities_hold_for_what_tasks_hand_over) {
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 1, .order = PLAIT_POOL_PRIORITY});
    ck_assert_ok(plait_post(pool, hand_over_in_order));
    pool_end(pool);
    for (int i = 0; i < 8; i++) ck_assert_int_eq(order[i], 7 - i);
}

TEST(maps_run_in_pools_of_any_order) {
    int in[50], out[50];
    for (int i = 0; i < 50; i++) in[i] = i;
    for (int kind = PLAIT_POOL_FIFO; kind <= PLAIT_POOL_PRIORITY; kind++) {
        pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 3, .order = (plait_pool_order)kind});
        for (int i = 0; i < 20; i++) {
            plait_future_free(plait_submit(pool, bump));
            ck_assert_ok(plait_map(pool, square, in, out, 50));
            ck_assert_int_eq(out[49], 49 * 49);
        }
        pool_end(pool);
    }
    ck_assert_int_eq(counter, 60);
}

TEST(shutdown_cancels_what_has_a_priority) {
    pool = blocked_pool(&(plait_pool_options){.max_workers = 1, .order = PLAIT_POOL_PRIORITY});
    plait_future *futures[7];
    for (int i = 0; i < 7; i++)
        futures[i] = plait_submit_with(pool, (&(plait_submit_options){.priority = i * 5 % 7}), bump);
    ck_assert_ok(plait_pool_shutdown(pool, false, true));
    for (int i = 0; i < 7; i++) {
        ck_assert(plait_future_cancelled(futures[i]));
        plait_future_free(futures[i]);
    }
    ck_assert_uint_eq(counters_of(pool).cancelled, 7);
    run_to_end();
}

/* ---- workers ---- */

static void wait_for_workers(uint32_t count) {
    while (counters_of(pool).workers != count) sched_yield();
}

static void occupy(int count) {
    for (int i = 0; i < count; i++) ck_assert_ok(plait_post(pool, wait_at_gate));
    wait_until_asleep_in("event", count);
}

TEST(idle_workers_above_the_minimum_end) {
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 4, .min_workers = 1, .idle_time = 0.002});
    for (int i = 0; i < 3; i++) {
        plait_event_clear(&gate);
        occupy(4);
        ck_assert_uint_eq(counters_of(pool).workers, 4);
        plait_event_set(&gate);
        wait_for_workers(1);
    }
    ck_assert_uint_eq(counters_of(pool).most_workers, 4);
    pool_end(pool);
}

TEST(without_a_minimum_all_may_end_and_come_back) {
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 2, .idle_time = 1e-6});
    for (int i = 0; i < 200; i++) {
        plait_future *future = plait_submit(pool, square, i);
        int result = 0;
        ck_assert_ok(plait_result(future, &result));
        ck_assert_int_eq(result, i * i);
        plait_future_free(future);
        if (i % 20 == 0) wait_for_workers(0);
    }
    pool_end(pool);
}

TEST(those_who_stayed_end_when_fewer_need_to) {
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 3, .min_workers = 3, .idle_time = 0.001});
    occupy(3);
    plait_event_set(&gate);
    wait_until_asleep_in("pool.idle", 3);
    ck_assert_ok(plait_pool_resize(pool, 0, 4));
    wait_for_workers(0);
    pool_end(pool);
}

TEST(a_pool_grows_and_shrinks) {
    pool = plait_pool_new(1);
    occupy(1);
    ck_assert_ok(plait_post(pool, wait_at_gate));
    ck_assert_ok(plait_post(pool, wait_at_gate));
    ck_assert_ok(plait_pool_resize(pool, 0, 3));
    wait_until_asleep_in("event", 3);
    ck_assert_ok(plait_pool_resize(pool, 0, 1));
    ck_assert_uint_eq(counters_of(pool).workers, 3); /* they are at work */
    plait_event_set(&gate);
    wait_for_workers(1);
    ck_assert_ok(plait_pool_resize(pool, 0, 4));
    plait_event_clear(&gate);
    occupy(4);
    plait_event_set(&gate);
    wait_until_asleep_in("pool.idle", 4);
    ck_assert_ok(plait_pool_resize(pool, 1, 2)); /* the idle ones too */
    wait_for_workers(2);
    ck_assert_status(plait_pool_resize(pool, 3, 2), PLAIT_INVALID);
    ck_assert_status(plait_pool_resize(pool, -1, 2), PLAIT_INVALID);
    ck_assert_status(plait_pool_resize(pool, 0, -2), PLAIT_INVALID);
    ck_assert_status(plait_pool_resize(NULL, 0, 2), PLAIT_INVALID);
    pool_end(pool);
}

static size_t stack_size;
static char name[32];

PLAIT_TASK(void, look_at_thread) {
    pthread_attr_t attributes;
    plait_thread *self = plait_thread_current();
    strncpy(name, plait_thread_name(self), sizeof name - 1);
    if (pthread_getattr_np(pthread_self(), &attributes)) return;
    pthread_attr_getstacksize(&attributes, &stack_size);
    pthread_attr_destroy(&attributes);
}

TEST(workers_have_the_name_and_stack_that_was_asked_for) {
    enum { STACK = 1 << 20 };
    char prefix[] = "baker";
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 1, .name = prefix, .stack_size = STACK});
    prefix[0] = 'x';
    ck_assert_ok(plait_post(pool, look_at_thread));
    pool_end(pool);
    ck_assert_str_eq(name, "baker-1");
    ck_assert_uint_ge(stack_size, STACK);
    ck_assert_uint_lt(stack_size, STACK + (1 << 18));
}

/* ---- deadlines ---- */

TEST(a_task_that_has_not_begun_by_its_deadline_never_does) {
    pool = blocked_pool(&(plait_pool_options){.max_workers = 1});
    plait_deadline past = plait_after(0);
    plait_submit_options timed = {.deadline = &past};
    plait_future *future = plait_submit_with(pool, &timed, bump);
    plait_shield_enter();
    plait_future *shielded = plait_submit_with(pool, &timed, bump);
    plait_shield_leave();
    plait_event_set(&gate);
    ck_assert_status(plait_result(future), PLAIT_TIMEOUT);
    ck_assert_status(plait_result(shielded), PLAIT_TIMEOUT);
    plait_future_free(future);
    plait_future_free(shielded);
    pool_end(pool);
    ck_assert_int_eq(counter, 0);
}

TEST(a_deadline_ends_the_waits_of_a_running_task) {
    pool = plait_pool_new(1);
    plait_deadline deadline = plait_after(0.02);
    plait_future *future = plait_submit_with(pool, (&(plait_submit_options){.deadline = &deadline}),
                                             wait_at_gate);
    plait_status status = plait_result(future), inner = PLAIT_OK;
    if (status == PLAIT_OK) { /* else the machine was so busy that it did not even begin */
        ck_assert_ok(plait_result(future, &inner));
        ck_assert_int_eq(inner, PLAIT_CANCELLED);
    } else {
        ck_assert_int_eq(status, PLAIT_TIMEOUT);
    }
    plait_future_free(future);
    future = plait_submit_with(pool, NULL, square, 4);
    int sixteen = 0;
    ck_assert_ok(plait_result(future, &sixteen));
    ck_assert_int_eq(sixteen, 16);
    plait_future_free(future);
    pool_end(pool);
}

/* ---- counters ---- */

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

PLAIT_TASK(int, fail_or_not, (int, x)) {
    if (x % 3 == 0) plait_raise(PLAIT_USER, NULL);
    return x;
}

PLAIT_TASK(plait_status, wait_for, (plait_future *, future)) {
    return plait_result(future);
}

TEST(counters_tell_what_there_is) {
    plait_excepthook_set(ignore, NULL);
    pool = plait_pool_new(2);
    plait_future *first = plait_submit(pool, wait_at_gate);
    ck_assert_ok(plait_event_wait(&begun)); /* or the second would run it itself instead of waiting */
    plait_future *second = plait_submit(pool, wait_for, first);
    while (counters_of(pool).waiting != 1) sched_yield();
    plait_future *cancelled = plait_submit(pool, bump);
    for (int i = 0; i < 9; i++) ck_assert_ok(plait_post(pool, fail_or_not, i));
    plait_pool_counters now = counters_of(pool);
    ck_assert_uint_eq(now.submitted, 12);
    ck_assert_uint_eq(now.queued, 10);
    ck_assert_uint_eq(now.running, 2);
    ck_assert_uint_eq(now.workers, 2);
    ck_assert_uint_eq(now.idle, 0);
    ck_assert(plait_future_cancel(cancelled));
    plait_event_set(&gate);
    wait_until_asleep_in("pool.idle", 2);
    now = counters_of(pool);
    ck_assert_uint_eq(now.idle, 2);
    ck_assert_uint_eq(now.waiting, 0);
    ck_assert_uint_eq(now.queued, 0);
    ck_assert_uint_eq(now.running, 0);
    ck_assert_uint_eq(now.done, 8);
    ck_assert_uint_eq(now.failed, 3);
    ck_assert_uint_eq(now.cancelled, 1);
    ck_assert_uint_ge(now.most_queued, 1);
    ck_assert_uint_eq(now.most_workers, 2);
    ck_assert_status(plait_pool_stats(pool, NULL), PLAIT_INVALID);
    ck_assert_status(plait_pool_stats(NULL, &now), PLAIT_INVALID);
    plait_future_free(first);
    plait_future_free(second);
    plait_future_free(cancelled);
    pool_end(pool);
}

PLAIT_TASK(void, set, (plait_event *, event)) {
    plait_event_set(event);
}

PLAIT_TASK(void, needs_another) {
    plait_event event = {0};
    if (plait_post(pool, set, &event) != PLAIT_OK || plait_event_wait(&event) != PLAIT_OK) abort();
}

TEST(what_another_worker_takes_counts_as_stolen) {
    pool = plait_pool_new(2);
    for (int i = 0; i < 10; i++) {
        plait_future *future = plait_submit(pool, needs_another);
        ck_assert_ok(plait_result(future));
        plait_future_free(future);
    }
    ck_assert_uint_ge(counters_of(pool).stolen, 10);
    pool_end(pool);
}

/* ---- nonsense ---- */

TEST(options_that_make_no_sense_are_refused) {
    static const plait_pool_options bad[] = {
        {.max_workers = -1},
        {.min_workers = -1},
        {.max_workers = 2, .min_workers = 3},
        {.idle_time = -1},
        {.idle_time = __builtin_nan("")},
        {.order = (plait_pool_order)3},
        {.when_full = (plait_pool_full)3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_ptr_null(plait_pool_new_with(&bad[i]));
        ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    }
    pool = plait_pool_new_with(NULL);
    ck_assert_ptr_nonnull(pool);
    plait_future *future = plait_pool_submit_with(pool, NULL, NULL, NULL);
    ck_assert_status(plait_result(future), PLAIT_INVALID);
    plait_future_free(future);
    pool_end(pool);
    pool = plait_pool_new_with(&(plait_pool_options){.max_workers = 1, .stack_size = 1});
    future = plait_submit(pool, bump);
    ck_assert_status(plait_result(future), PLAIT_INVALID); /* no thread has such a stack */
    plait_future_free(future);
    pool_end(pool);
}

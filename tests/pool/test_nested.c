/* Waiting inside tasks: the awaited task is run by whoever waits for it, so nothing waits for itself. */
#include "support.h"

#include <pthread.h>

static plait_pool *pool;

PLAIT_TASK(int, leaf, (int, x)) {
    return x;
}

PLAIT_TASK(int, sum_by_futures, (int, depth)) {
    if (depth == 0) return 1;
    plait_future *one = plait_submit(pool, sum_by_futures, depth - 1);
    plait_future *other = plait_submit(pool, sum_by_futures, depth - 1);
    int a = 0, b = 0;
    if (plait_result(one, &a) != PLAIT_OK || plait_result(other, &b) != PLAIT_OK)
        plait_raise(PLAIT_FAILED, NULL);
    plait_future_free(one);
    plait_future_free(other);
    return a + b;
}

PLAIT_TASK(long, sum_by_maps, (int, depth)) {
    if (depth == 0) return 1;
    int depths[3] = {depth - 1, depth - 1, depth - 1};
    long sums[3] = {0};
    if (plait_map(pool, sum_by_maps, depths, sums, 3) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    return sums[0] + sums[1] + sums[2];
}

TEST(results_inside_tasks_never_wait_for_themselves) {
    for (int workers = 1; workers <= 3; workers++) {
        pool = plait_pool_new(workers);
        plait_future *future = plait_submit(pool, sum_by_futures, 8);
        int sum = 0;
        ck_assert_ok(plait_result(future, &sum));
        ck_assert_int_eq(sum, 256);
        plait_future_free(future);
        pool_end(pool);
    }
}

TEST(nested_maps_never_wait_for_themselves) {
    for (int workers = 1; workers <= 3; workers++) {
        pool = plait_pool_new(workers);
        plait_future *future = plait_submit(pool, sum_by_maps, 6);
        long sum = 0;
        ck_assert_ok(plait_result(future, &sum));
        ck_assert_int_eq(sum, 729);
        plait_future_free(future);
        ck_assert_ok(plait_map(pool, sum_by_maps, &(int){5}, &sum, 1));
        ck_assert_int_eq(sum, 243);
        pool_end(pool);
    }
}

static plait_event gate;

PLAIT_TASK(plait_status, wait_for_own, (plait_future **, own)) {
    plait_event_wait(&gate);
    return plait_result(*own);
}

TEST(a_task_cannot_wait_for_its_own_result) {
    pool = plait_pool_new(1);
    plait_future *future = NULL;
    future = plait_submit(pool, wait_for_own, &future);
    plait_event_set(&gate);
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_DEADLOCK);
    plait_future_free(future);
    pool_end(pool);
}

static plait_future *outer_future;

PLAIT_TASK(plait_status, wait_for_outer) {
    return plait_result(outer_future);
}

PLAIT_TASK(plait_status, outer_task) {
    plait_event_wait(&gate);
    plait_future *inner = plait_submit(pool, wait_for_outer);
    plait_status status = PLAIT_OK;
    (void)plait_result(inner, &status);
    plait_future_free(inner);
    return status;
}

TEST(a_task_run_inside_another_cannot_wait_for_that_one) {
    pool = plait_pool_new(1);
    outer_future = plait_submit(pool, outer_task);
    plait_event_set(&gate);
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_result(outer_future, &status));
    ck_assert_int_eq(status, PLAIT_DEADLOCK);
    plait_future_free(outer_future);
    pool_end(pool);
}

/* The awaited task's shield, token and failure are its own, not those of the task it runs inside. */
PLAIT_TASK(int, fail_if_cancelled) {
    if (plait_cancelled()) plait_raise(PLAIT_CANCELLED, NULL);
    plait_raise(PLAIT_USER, "inner");
    return 0;
}

PLAIT_TASK(int, wait_for_failing) {
    plait_future *inner = plait_submit(pool, fail_if_cancelled);
    plait_shield_enter();
    plait_status status = plait_result(inner);
    plait_shield_leave();
    bool as_said = strcmp(plait_future_message(inner), "inner") == 0;
    plait_future_free(inner);
    return status == PLAIT_USER && as_said;
}

TEST(a_failure_inside_stays_inside) {
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, wait_for_failing);
    int good = 0;
    ck_assert_ok(plait_result(future, &good));
    ck_assert_int_eq(good, 1);
    plait_future_free(future);
    pool_end(pool);
}

PLAIT_TASK(plait_status, wait_with_deadline) {
    plait_future *inner = plait_submit(pool, leaf, 1);
    plait_status status = plait_result_until(inner, NULL, plait_after(0.003));
    plait_future_free(inner);
    return status;
}

/* Running it could take longer than the deadline allows. */
TEST(with_a_deadline_nothing_is_run_inside) {
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, wait_with_deadline);
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_TIMEOUT);
    plait_future_free(future);
    pool_end(pool);
}

PLAIT_TASK(int, fail_or_give, (int, x)) {
    if (x < 0) plait_raise(PLAIT_USER, "no");
    return x;
}

PLAIT_TASK(int, first_of_three) {
    plait_future *futures[3];
    static const int numbers[3] = {-1, 7, 8};
    for (int i = 0; i < 3; i++) futures[i] = plait_submit(pool, fail_or_give, numbers[i]);
    int winner = 0;
    if (plait_first(futures, 3, &winner, NULL) != PLAIT_OK) winner = -1;
    for (int i = 0; i < 3; i++) plait_future_free(futures[i]);
    return winner;
}

TEST(the_first_of_several_inside_a_task_never_waits_for_itself) {
    for (int workers = 1; workers <= 3; workers++) {
        pool = plait_pool_new(workers);
        plait_future *future = plait_submit(pool, first_of_three);
        int winner = 0;
        ck_assert_ok(plait_result(future, &winner));
        ck_assert(winner == 7 || winner == 8);
        plait_future_free(future);
        pool_end(pool);
    }
}

/* ---- a task that leaves inside a wait ---- */

PLAIT_TASK(void, leave) {
    pthread_exit(NULL);
}

static plait_pool *left;
static plait_future *leaving;

/* More than fit on the stack, too. */
PLAIT_TASK(void, wait_and_be_left, (plait_future *, promise), (int, count), (bool, first)) {
    plait_future *futures[20];
    leaving = plait_submit(left, leave);
    for (int i = 0; i < count; i++) futures[i] = i + 1 < count ? promise : leaving;
    size_t which;
    plait_status status = first ? plait_first(futures, (size_t)count, NULL, &which)
                                : plait_wait(futures, (size_t)count, PLAIT_ALL_COMPLETED, NULL);
    plait_raise(PLAIT_USER, "it went on with %d", status);
}

static void ignore_failure(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(nothing_is_left_of_a_wait_that_was_left) {
    plait_excepthook_set(ignore_failure, NULL);
    for (int i = 0; i < 8; i++) {
        plait_future *promise = plait_future_of(int);
        left = plait_pool_new(1);
        plait_future *waiter = plait_submit(left, wait_and_be_left, promise, i & 1 ? 20 : 3, (i & 2) != 0);
        ck_assert_status(plait_result(waiter), PLAIT_FAILED);
        plait_future_free(waiter);
        plait_future_free(leaving);
        pool_end(left); /* the thread and its stack are gone */
        ck_assert_ok(plait_future_set_result(promise, &(int){1}));
        plait_future_free(promise);
    }
}

/* ---- who holds a future that is run inside another ---- */

static plait_event may_begin, has_begun, may_end;
static plait_future *awaited;

PLAIT_TASK(void, hold_back) {
    (void)plait_event_wait(&may_begin);
}

PLAIT_TASK(void, begin_and_wait) {
    plait_event_set(&has_begun);
    (void)plait_event_wait(&may_end);
}

PLAIT_TASK(plait_status, wait_for_awaited) {
    return plait_result(awaited);
}

static void count_call(plait_future *future, void *count) {
    (void)future;
    ++*(int *)count;
}

/* The queue's reference is gone before it ends, and the handle is the only one; it is not its runner's. */
TEST(a_callback_may_come_after_it_was_run_inside_another) {
    int calls = 0;
    pool = plait_pool_new(1);
    ck_assert_ok(plait_post(pool, hold_back));
    plait_future *outer = plait_submit(pool, wait_for_awaited);
    awaited = plait_submit(pool, begin_and_wait);
    plait_event_set(&may_begin);
    ck_assert_ok(plait_event_wait(&has_begun));
    ck_assert_ok(plait_pool_resize(pool, 0, 2));
    wait_until_asleep_in("pool.idle", 1); /* that one has found its place in the queue, and nothing to do */
    plait_event_set(&may_end);
    ck_assert_ok(plait_result(outer));
    ck_assert_ok(plait_future_add_done_callback(awaited, count_call, &calls));
    ck_assert_int_eq(calls, 1);
    plait_future_free(awaited);
    plait_future_free(outer);
    pool_end(pool);
}

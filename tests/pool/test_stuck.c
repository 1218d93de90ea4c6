/* Waits that cannot end because every worker waits: told, not hung; and no others. */
#include "support.h"
#include "support/stress.h"

#include <stdio.h>

enum { MOST = 16 };

static plait_future *futures[MOST];
static plait_event all_known;
static plait_semaphore begun; /* counts tasks */
static int told;              /* how many waits were refused */
static char words[300];

/* What a wait said; a refusal is counted, and its words kept. */
static plait_status heard(plait_status status, plait_future *future) {
    if (status == PLAIT_DEADLOCK && plait__add(&told, 1) == 0)
        snprintf(words, sizeof words, "%s", plait_future_message(future));
    return status;
}

#define BEGIN(pool, task, count) \
    do { \
        forget(); \
        for (int begun_ = 0; begun_ < (count); begun_++) futures[begun_] = plait_submit(pool, task, begun_); \
    } while (0)

static void forget(void) {
    told = 0;
    words[0] = 0;
    plait_event_clear(&all_known);
}

/* Each task has a worker of its own. */
static void wait_until_all_have_begun(int count) {
    for (int i = 0; i < count; i++) ck_assert_ok(plait_semaphore_acquire(&begun));
}

/* All are done in the end, however. */
static void end(int count) {
    plait_event_set(&all_known);
    for (int i = 0; i < count; i++) (void)plait_result(futures[i]);
    for (int i = 0; i < count; i++) plait_future_free(futures[i]); /* nobody waits for any of them now */
}

/* ---- circles in one pool ---- */

static int circle;

PLAIT_TASK(plait_status, wait_for_next, (int, i)) {
    plait_semaphore_release(&begun, 1);
    (void)plait_event_wait(&all_known);
    plait_future *next = futures[(i + 1) % circle];
    return heard(plait_result(next), next);
}

TEST(a_circle_is_told_once) {
    for (circle = 2; circle <= 8; circle++) {
        for (int round = 0; round < 30; round++) {
            plait_pool *pool = plait_pool_new(circle);
            BEGIN(pool, wait_for_next, circle);
            wait_until_all_have_begun(circle);
            end(circle);
            pool_end(pool);
            ck_assert_int_eq(told, 1);
            ck_assert_msg(strstr(words, "wait_for_next waits for wait_for_next") == words, "%s", words);
        }
    }
}

/* Fewer workers than tasks: some are run inside others. */
TEST(a_circle_is_told_to_a_small_pool) {
    circle = 8;
    for (int workers = 1; workers <= 4; workers++) {
        for (int round = 0; round < 30; round++) {
            plait_pool *pool = plait_pool_new(workers);
            BEGIN(pool, wait_for_next, circle);
            end(circle);
            pool_end(pool);
            ck_assert_int_eq(told, 1);
        }
    }
}

PLAIT_TASK(plait_status, wait_for_all_others, (int, i)) {
    (void)plait_event_wait(&all_known);
    plait_future *others[MOST];
    size_t count = 0;
    for (int j = 0; j < circle; j++)
        if (j != i) others[count++] = futures[j];
    return heard(plait_wait(others, count, i % 2 ? PLAIT_ALL_COMPLETED : PLAIT_FIRST_EXCEPTION, NULL),
                 others[0]);
}

TEST(waiting_for_all_in_a_circle_is_told) {
    for (circle = 2; circle <= 6; circle++) {
        plait_pool *pool = plait_pool_new(circle);
        BEGIN(pool, wait_for_all_others, circle);
        end(circle);
        pool_end(pool);
        ck_assert_int_ge(told, 1);
    }
}

PLAIT_TASK(plait_status, wait_for_any_other, (int, i)) {
    (void)plait_event_wait(&all_known);
    plait_future *others[MOST];
    size_t count = 0;
    for (int j = 0; j < circle; j++)
        if (j != i) others[count++] = futures[j];
    if (i == 0) return heard(plait_future_first(others, count, NULL, 0, NULL, PLAIT_FOREVER), others[0]);
    plait_completion *completion = plait_as_completed(others, count);
    plait_status status = plait_completion_next(completion, NULL);
    plait_completion_free(completion);
    return heard(status, others[0]);
}

TEST(waiting_for_any_is_stuck_when_all_are) {
    for (circle = 2; circle <= 6; circle++) {
        plait_pool *pool = plait_pool_new(circle);
        BEGIN(pool, wait_for_any_other, circle);
        end(circle);
        pool_end(pool);
        ck_assert_int_eq(told, 1);
    }
}

/* ---- two pools ---- */

static plait_pool *left, *right;

PLAIT_TASK(int, leaf) {
    return 1;
}

PLAIT_TASK(plait_status, call_back_left) {
    plait_future *queued = plait_submit(left, leaf);
    plait_status status = heard(plait_result(queued), queued);
    plait_future_cancel(queued);
    plait_future_free(queued);
    return status;
}

PLAIT_TASK(plait_status, call_right) {
    plait_future *there = plait_submit(right, call_back_left);
    plait_status status = PLAIT_FAILED;
    if (plait_result(there, &status) == PLAIT_DEADLOCK) status = heard(PLAIT_DEADLOCK, there);
    plait_future_free(there);
    return status;
}

TEST(two_pools_whose_workers_wait_for_each_other_are_told) {
    told = 0;
    for (int i = 0; i < 50; i++) {
        left = plait_pool_new(1);
        right = plait_pool_new(1);
        plait_future *future = plait_submit(left, call_right);
        plait_status status = PLAIT_OK;
        ck_assert_ok(plait_result(future, &status));
        ck_assert_int_eq(status, PLAIT_DEADLOCK);
        plait_future_free(future);
        pool_end(left);
        pool_end(right);
    }
    ck_assert_int_eq(told, 50);
    static const char end_of_words[] = "waits for leaf, which is queued in a pool whose workers all wait";
    ck_assert_msg(strstr(words, end_of_words) != NULL, "%s",
                  words); /* the last to wait begins with himself */
}

TEST(a_pool_with_a_worker_left_is_not_stuck) {
    left = plait_pool_new(2);
    right = plait_pool_new(1);
    told = 0;
    for (int i = 0; i < 50; i++) {
        plait_future *future = plait_submit(left, call_right);
        plait_status status = PLAIT_FAILED;
        ck_assert_ok(plait_result(future, &status));
        ck_assert_int_eq(status, PLAIT_OK);
        plait_future_free(future);
    }
    ck_assert_int_eq(told, 0);
    pool_end(left);
    pool_end(right);
}

/* ---- what may end after all ---- */

static plait_future *promise;

/* The last of the circle waits for a promise too. */
PLAIT_TASK(plait_status, wait_for_next_or_promise, (int, i)) {
    plait_semaphore_release(&begun, 1);
    (void)plait_event_wait(&all_known);
    plait_future *both[] = {futures[(i + 1) % circle], promise};
    size_t count = i == circle - 1 ? 2 : 1;
    return heard(plait_wait(both, count, PLAIT_FIRST_COMPLETED, NULL), both[0]);
}

TEST(a_promise_may_be_kept) {
    circle = 3;
    plait_pool *pool = plait_pool_new(circle);
    promise = plait_future_of(int);
    BEGIN(pool, wait_for_next_or_promise, circle);
    wait_until_all_have_begun(circle);
    plait_event_set(&all_known);
    wait_until_asleep_in("futures", circle);
    ck_assert_int_eq(told, 0);
    ck_assert_ok(plait_future_set_result(promise, &(int){1}));
    end(circle);
    ck_assert_int_eq(told, 0);
    plait_future_free(promise);
    pool_end(pool);
}

PLAIT_TASK(plait_status, wait_for_next_or_time, (int, i)) {
    plait_semaphore_release(&begun, 1);
    (void)plait_event_wait(&all_known);
    plait_future *next = futures[(i + 1) % circle];
    plait_deadline deadline = i == 0 ? plait_after(0.01) : PLAIT_FOREVER;
    return heard(plait_result_until(next, NULL, deadline), next);
}

TEST(a_deadline_comes) {
    circle = 3;
    plait_pool *pool = plait_pool_new(circle);
    BEGIN(pool, wait_for_next_or_time, circle);
    wait_until_all_have_begun(circle);
    end(circle);
    ck_assert_int_eq(told, 0);
    pool_end(pool);
}

PLAIT_TASK(plait_status, wait_for_next_under_a_token, (int, i)) {
    plait_semaphore_release(&begun, 1);
    (void)plait_event_wait(&all_known);
    plait_future *next = futures[(i + 1) % circle];
    plait_token *token = plait_token_new(NULL, i == 0 ? plait_after(0.01) : PLAIT_FOREVER);
    plait_token *below = plait_token_new(token, PLAIT_FOREVER), *before = plait_token_enter(below);
    plait_status status = heard(plait_result(next), next);
    plait_token_leave(before);
    plait_token_free(below);
    plait_token_free(token);
    return status;
}

TEST(so_does_the_deadline_of_a_token) {
    plait_status status = PLAIT_OK;
    circle = 3;
    plait_pool *pool = plait_pool_new(circle);
    BEGIN(pool, wait_for_next_under_a_token, circle);
    wait_until_all_have_begun(circle);
    plait_event_set(&all_known);
    ck_assert_ok(plait_result(futures[0], &status));
    ck_assert_status(status, PLAIT_CANCELLED);
    end(circle);
    ck_assert_int_eq(told, 0);
    pool_end(pool);
}

/* ---- at random ---- */

static uint32_t seed;

/* Waits for some that were submitted before it: that always ends, in one pool. */
PLAIT_TASK(plait_status, wait_for_earlier, (int, i)) {
    struct stress_random random = stress_random_stream(seed + (unsigned)i);
    plait_future *earlier[4];
    (void)plait_event_wait(&all_known);
    plait_status status = PLAIT_OK;
    for (int turn = 0; i && turn < 3; turn++) {
        size_t count = 1 + stress_random_below(&random, 4);
        for (size_t k = 0; k < count; k++) earlier[k] = futures[stress_random_below(&random, (uint32_t)i)];
        if (stress_random_below(&random, 2))
            status = plait_wait(earlier, count, (plait_return_when)stress_random_below(&random, 3), NULL);
        else
            status = plait_result(earlier[0]);
        (void)heard(status, earlier[0]);
    }
    return status;
}

TEST_WITHIN(there_is_no_false_alarm, 180) {
    struct stress_random random = stress_random_stream(0);
    for (int round = 0; round < 300; round++) {
        seed = stress_random_below(&random, UINT32_MAX / 2);
        plait_pool *pool = plait_pool_new(1 + (int)stress_random_below(&random, 6));
        BEGIN(pool, wait_for_earlier, MOST);
        end(MOST);
        pool_end(pool);
        ck_assert_int_eq(told, 0);
    }
}

PLAIT_TASK(plait_status, wait_for_anyone, (int, i)) {
    struct stress_random random = stress_random_stream(seed + (unsigned)i);
    plait_future *some[3];
    (void)plait_event_wait(&all_known);
    size_t count = 1 + stress_random_below(&random, 3);
    for (size_t k = 0; k < count; k++) some[k] = futures[stress_random_below(&random, MOST)];
    return heard(plait_wait(some, count, (plait_return_when)stress_random_below(&random, 3), NULL), some[0]);
}

/* Whatever waits for whatever, in two pools: everything ends. */
TEST_WITHIN(nothing_hangs, 180) {
    struct stress_random random = stress_random_stream(1);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
        seed = stress_random_below(&random, UINT32_MAX / 2);
        forget();
        plait_pool *pools[2];
        for (int p = 0; p < 2; p++) pools[p] = plait_pool_new(1 + (int)stress_random_below(&random, 3));
        for (int i = 0; i < MOST; i++)
            futures[i] = plait_submit(pools[stress_random_below(&random, 2)], wait_for_anyone, i);
        end(MOST);
        for (int p = 0; p < 2; p++) pool_end(pools[p]);
        refused += told;
    }
    ck_assert_int_gt(refused, 0);
}

/* ---- a cancel ends such a wait by itself ---- */

static plait_future *one_waits, *other_waits;
static plait_event has_begun, close_circle;

PLAIT_TASK(plait_status, wait_for_the_other) {
    return plait_result(other_waits);
}

PLAIT_TASK(plait_status, wait_cancelled) {
    plait_event_set(&has_begun); /* before that, who waits for it would run it */
    (void)plait_event_wait(&close_circle);
    (void)plait_future_cancel(other_waits); /* itself */
    return plait_result(one_waits);
}

TEST(who_is_cancelled_is_not_told_of_a_circle) {
    plait_pool *both = plait_pool_new(2);
    plait_status status = PLAIT_OK;
    other_waits = plait_submit(both, wait_cancelled);
    ck_assert_ok(plait_event_wait(&has_begun));
    one_waits = plait_submit(both, wait_for_the_other);
    wait_until_asleep_in("future", 1);
    plait_event_set(&close_circle);
    ck_assert_ok(plait_result(one_waits, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    ck_assert_ok(plait_result(other_waits, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    plait_future_free(one_waits);
    plait_future_free(other_waits);
    pool_end(both);
}

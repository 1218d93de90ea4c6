/* plait_first: the first success wins. */
#include "support.h"

static plait_event never;

PLAIT_TASK(int, answer, (int, value), (plait_status, failure), (bool, waits)) {
    if (waits && plait_event_wait(&never) != PLAIT_OK) plait_raise(PLAIT_CANCELLED, NULL);
    if (failure) plait_raise(failure, "no %d", value);
    return value;
}

TEST(the_first_success_wins_and_the_others_are_cancelled) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    plait_pool *pool = plait_pool_new(3);
    plait_future *futures[] = {
        plait_submit(pool, answer, 1, .waits = true),
        plait_submit(pool, answer, 2, .failure = PLAIT_USER),
        plait_submit(pool, answer, 3),
    };
    int got = 0;
    size_t which = 9;
    ck_assert_ok(plait_first(futures, 3, &got, &which));
    ck_assert_int_eq(got, 3);
    ck_assert_uint_eq(which, 2);
    ck_assert_status(plait_result(futures[0]), PLAIT_CANCELLED);
    (void)plait_result(futures[1]);
    for (int i = 0; i < 3; i++) plait_future_free(futures[i]);
    pool_end(pool);
    ck_assert_int_eq(told.count, 0);
}

TEST(when_all_fail_so_does_first) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *futures[] = {
        plait_submit(pool, answer, 0, .failure = PLAIT_USER),
        plait_submit(pool, answer, 1, .failure = PLAIT_USER + 1),
    };
    int got = 7;
    size_t which = 9;
    plait_status status = plait_first(futures, 2, &got, &which);
    ck_assert_uint_lt(which, 2);
    ck_assert_status(status, PLAIT_USER + (int)which);
    ck_assert_int_eq(got, 7);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    pool_end(pool);
}

TEST(a_deadline_cancels_all) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *futures[] = {
        plait_submit(pool, answer, 0, .waits = true),
        plait_submit(pool, answer, 1, .waits = true),
        plait_submit(pool, answer, 2, .waits = true),
    };
    size_t which = 9;
    ck_assert_status(plait_first_until(futures, 3, NULL, &which, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(which, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_status(plait_result(futures[i]), PLAIT_CANCELLED);
        plait_future_free(futures[i]);
    }
    pool_end(pool);
}

static plait_pool *small;
static plait_future *promise;

PLAIT_TASK(int, race_inside, (bool, kept)) {
    promise = plait_future_of(int);
    if (kept) plait_future_set_result(promise, &(int){4});
    plait_future *futures[] = {plait_submit(small, answer, 5, .waits = kept), promise};
    int got = 0;
    if (plait_first(futures, 2, &got, NULL) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    return got;
}

/* The only worker runs what nobody else can run, but not while there is a winner. */
TEST(inside_a_task_what_is_done_comes_first) {
    small = plait_pool_new(1);
    for (int kept = 0; kept < 2; kept++) {
        int got = 0;
        plait_future *future = plait_submit(small, race_inside, kept);
        ck_assert_ok(plait_result(future, &got));
        ck_assert_int_eq(got, kept ? 4 : 5);
        plait_future_free(future);
    }
    pool_end(small);
}

/* ---- a winner elsewhere, while the worker runs another one itself ---- */

static plait_event occupied, endless_begun;

/* Keeps the other worker from the endless task, until this one has begun it. */
PLAIT_TASK(void, occupy) {
    plait_event_set(&occupied);
    (void)plait_event_wait(&endless_begun);
}

PLAIT_TASK(int, endless) {
    static plait_event for_ever;
    plait_event_set(&endless_begun);
    plait_raise(plait_event_wait(&for_ever), NULL);
    return 0;
}

PLAIT_TASK(int, seven) {
    return 7;
}

PLAIT_TASK(int, race_with_endless, (plait_pool *, pool)) {
    plait_future *futures[] = {plait_submit(pool, endless), plait_submit(pool, seven)};
    int got = 0;
    if (plait_first(futures, 2, &got, NULL) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    if (!plait_future_cancelled(futures[0])) plait_raise(PLAIT_FAILED, "not cancelled");
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    return got;
}

TEST(a_winner_stops_what_the_waiting_worker_runs) {
    plait_pool *pool = plait_pool_new(2);
    ck_assert_ok(plait_post(pool, occupy));
    ck_assert_ok(plait_event_wait(&occupied));
    plait_future *future = plait_submit(pool, race_with_endless, pool);
    int got = 0;
    ck_assert_ok(plait_result(future, &got));
    ck_assert_int_eq(got, 7);
    plait_future_free(future);
    pool_end(pool);
}

/* Neither a promise that nobody keeps nor what was looked out for may leak. */
PLAIT_TASK(int, race_with_a_broken_promise, (plait_pool *, pool)) {
    plait_future *futures[] = {plait_submit(pool, seven), plait_future_of(int)};
    int got = 0;
    if (plait_first(futures, 2, &got, NULL) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    return got;
}

TEST(a_promise_may_go_after_the_race) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, race_with_a_broken_promise, pool);
    int got = 0;
    ck_assert_ok(plait_result(future, &got));
    ck_assert_int_eq(got, 7);
    plait_future_free(future);
    pool_end(pool);
}

static plait_future *own;
static plait_event own_is_known;

PLAIT_TASK(plait_status, wait_for_own) {
    (void)plait_event_wait(&own_is_known);
    plait_case one = plait_case_future(own);
    return plait_select(&one, 1, NULL) == PLAIT_OK ? one.status : PLAIT_FAILED;
}

TEST(waiting_for_oneself_is_a_deadlock_as_a_case_too) {
    plait_pool *pool = plait_pool_new(1);
    own = plait_submit(pool, wait_for_own);
    plait_event_set(&own_is_known);
    plait_status found = PLAIT_OK;
    ck_assert_ok(plait_result(own, &found));
    ck_assert_int_eq(found, PLAIT_DEADLOCK);
    plait_future_free(own);
    pool_end(pool);
}

static void destroy(void *result, void *sum) {
    plait__add((int *)sum, *(int *)result);
}

TEST(results_that_lost_are_destroyed) {
    enum { MANY = 40 }; /* more than fit on the stack */
    plait_future *futures[MANY];
    int sum = 0, got = 0;
    for (int i = 0; i < MANY; i++) {
        futures[i] = plait_future_of(int);
        ck_assert_ok(plait_future_set_destroy(futures[i], destroy, &sum));
        ck_assert_ok(plait_future_set_result(futures[i], &(int){1}));
    }
    ck_assert_ok(plait_first(futures, MANY, &got, NULL));
    for (int i = 0; i < MANY; i++) plait_future_free(futures[i]);
    ck_assert_int_eq(sum, MANY - 1);
}

TEST(nonsense_is_refused) {
    plait_future *futures[] = {plait_future_of(int), NULL};
    int got;
    long wrong;
    ck_assert_status(plait_first((plait_future **)NULL, 1, &got, NULL), PLAIT_INVALID);
    ck_assert_status(plait_first(futures, 0, &got, NULL), PLAIT_INVALID);
    ck_assert_status(plait_first(futures, 2, &got, NULL), PLAIT_INVALID);
    ck_assert_status(plait_first(futures, 1, &wrong, NULL), PLAIT_INVALID);
    ck_assert(!plait_future_done(futures[0]));
    plait_future_free(futures[0]);
}

/* Futures by themselves: promises kept by hand. */
#include "support.h"

#include <wait/waiter.h>

static void count(plait_future *future, void *counter) {
    (void)future;
    plait__add(&*(int *)counter, 1);
}

TEST(a_result_is_copied_in_and_out) {
    plait_future *future = plait_future_of(long);
    long result = 41, got = 0;
    ck_assert(!plait_future_done(future) && !plait_future_running(future));
    ck_assert_status(plait_result_until(future, &got, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_result_until(future, &got, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_future_set_result(future, &result));
    result = 0;
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(plait_result(future, &got));
        ck_assert_int_eq(got, 41);
    }
    ck_assert_ok(plait_result(future));
    ck_assert_ok(plait_result(future, NULL));
    ck_assert(plait_future_done(future) && !plait_future_cancelled(future));
    ck_assert_str_eq(plait_future_message(future), "");
    plait_future_free(future);
}

TEST(a_failure_has_a_code_and_words) {
    plait_future *future = plait_future_of(int);
    int got = 7;
    ck_assert_str_eq(plait_future_message(future), "");
    ck_assert_ok(plait_future_set_error(future, PLAIT_USER + 3, "no %s in line %d", "bread", 12));
    ck_assert_status(plait_result(future, &got), PLAIT_USER + 3);
    ck_assert_str_eq(plait_future_message(future), "no bread in line 12");
    ck_assert_int_eq(got, 7);
    plait_future_free(future);
    future = plait_future_new(0);
    ck_assert_ok(plait_future_set_error(future, PLAIT_CRASHED, NULL));
    ck_assert_str_eq(plait_future_message(future), plait_status_text(PLAIT_CRASHED));
    plait_future_free(future);
}

TEST(a_promise_is_kept_once) {
    plait_future *future = plait_future_of(int);
    int one = 1, two = 2, got;
    ck_assert_ok(plait_future_set_running(future));
    ck_assert(plait_future_running(future));
    ck_assert(!plait_future_cancel(future)); /* it runs, and no task is there to be asked */
    ck_assert_status(plait_future_set_running(future), PLAIT_INVALID);
    ck_assert_ok(plait_future_set_result(future, &one));
    ck_assert_status(plait_future_set_result(future, &two), PLAIT_INVALID);
    ck_assert_status(plait_future_set_error(future, PLAIT_FAILED, "late"), PLAIT_INVALID);
    ck_assert_status(plait_future_set_running(future), PLAIT_INVALID);
    ck_assert(!plait_future_cancel(future));
    ck_assert_ok(plait_result(future, &got));
    ck_assert_int_eq(got, 1);
    plait_future_free(future);
}

TEST(a_cancelled_promise_cannot_be_kept) {
    plait_future *future = plait_future_of(int);
    int one = 1, called = 0;
    ck_assert_ok(plait_future_add_done_callback(future, count, &called));
    ck_assert(plait_future_cancel(future));
    ck_assert_int_eq(called, 1);
    ck_assert(plait_future_cancel(future));
    ck_assert(plait_future_cancelled(future) && plait_future_done(future));
    ck_assert_status(plait_future_set_running(future), PLAIT_CANCELLED);
    ck_assert_status(plait_future_set_result(future, &one), PLAIT_CANCELLED);
    ck_assert_status(plait_future_set_error(future, PLAIT_FAILED, NULL), PLAIT_CANCELLED);
    ck_assert_status(plait_result(future, &one), PLAIT_CANCELLED);
    plait_future_free(future);
}

static char order[8];

static void note(plait_future *future, void *letter) {
    ck_assert(plait_future_done(future));
    strncat(order, letter, 1);
}

TEST(callbacks_come_in_order_and_once) {
    plait_future *future = plait_future_new(0);
    ck_assert_ok(plait_future_add_done_callback(future, note, "a"));
    ck_assert_ok(plait_future_add_done_callback(future, note, "b"));
    ck_assert_ok(plait_future_add_done_callback(future, note, "c"));
    ck_assert_str_eq(order, "");
    ck_assert_ok(plait_future_set_result(future, NULL));
    ck_assert_str_eq(order, "abc");
    ck_assert_ok(plait_future_add_done_callback(future, note, "d"));
    ck_assert_str_eq(order, "abcd");
    plait_future_free(future);
}

static void let_go(plait_future *future, void *unused) {
    (void)unused;
    plait_future_free(future);
}

TEST(a_future_may_be_freed_in_its_own_callback) {
    for (int how = 0; how < 3; how++) {
        plait_future *future = plait_future_new(0);
        ck_assert_ok(plait_future_add_done_callback(future, let_go, NULL));
        if (how == 0) ck_assert_ok(plait_future_set_result(future, NULL));
        if (how == 1) ck_assert_ok(plait_future_set_error(future, PLAIT_CANCELLED, NULL));
        if (how == 2) ck_assert(plait_future_cancel(future));
    }
    plait_future *future = plait_future_new(0);
    ck_assert_ok(plait_future_set_result(future, NULL));
    ck_assert_ok(plait_future_add_done_callback(future, let_go, NULL));
}

/* A callback may cancel, add another, and free; what it raises is its task's, or nobody's. */
static void meddle(plait_future *future, void *counter) {
    ck_assert(!plait_future_cancel(future));
    ck_assert_ok(plait_future_add_done_callback(future, count, counter));
    (void)plait_raise(PLAIT_USER, "in a callback");
    plait_future_free(future);
}

TEST(a_callback_may_meddle_with_its_future) {
    int called = 0, got = 0;
    plait_future *future = plait_future_of(int), *other = plait_future_keep(future);
    ck_assert_ok(plait_future_add_done_callback(future, meddle, &called));
    ck_assert_ok(plait_future_add_done_callback(future, count, &called));
    ck_assert_ok(plait_future_set_result(future, &(int){6}));
    ck_assert_int_eq(called, 2);
    ck_assert_ok(plait_result(other, &got));
    ck_assert_int_eq(got, 6);
    plait_future_free(other);
}

TEST(an_unkept_promise_simply_goes) {
    plait_future *future = plait_future_of(int);
    int called = 0;
    ck_assert_ok(plait_future_add_done_callback(future, count, &called));
    plait_future_free(future);
    ck_assert_int_eq(called, 0);
}

static void destroy(void *result, void *sum) {
    *(int *)sum += *(int *)result;
}

TEST(a_result_nobody_took_is_destroyed) {
    int sum = 0, five = 5, got;
    plait_future *future = plait_future_of(int);
    ck_assert_ok(plait_future_set_destroy(future, destroy, &sum));
    ck_assert_ok(plait_future_set_result(future, &five));
    ck_assert_ok(plait_result(future)); /* looked at, not taken */
    plait_future_free(future);
    ck_assert_int_eq(sum, 5);
    future = plait_future_of(int);
    ck_assert_ok(plait_future_set_destroy(future, destroy, &sum));
    ck_assert_ok(plait_future_set_result(future, &five));
    ck_assert_ok(plait_result(future, &got));
    plait_future_free(future);
    ck_assert_int_eq(sum, 5);
}

TEST(what_becomes_of_a_result_can_be_changed) {
    int first = 0, second = 0, five = 5;
    plait_future *future = plait_future_of(int);
    ck_assert_ok(plait_future_set_result(future, &five));
    ck_assert_ok(plait_future_set_destroy(future, NULL, NULL));
    ck_assert_ok(plait_future_set_destroy(future, destroy, &first));
    ck_assert_ok(plait_future_set_destroy(future, destroy, &second));
    plait_future_free(future);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(second, 5);
    future = plait_future_of(int);
    ck_assert_ok(plait_future_set_result(future, &five));
    ck_assert_ok(plait_future_set_destroy(future, destroy, &second));
    ck_assert_ok(plait_future_set_destroy(future, NULL, NULL));
    plait_future_free(future);
    ck_assert_int_eq(second, 5);
}

TEST(a_failure_nobody_read_is_told) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    plait_future *future = plait_future_new(0);
    ck_assert_ok(plait_future_set_error(future, PLAIT_USER, "unheard"));
    plait_future *other = plait_future_keep(future);
    plait_future_free(future);
    ck_assert_int_eq(told.count, 0);
    plait_future_free(other);
    ck_assert_int_eq(told.count, 1);
    ck_assert_int_eq(told.status, PLAIT_USER);
    ck_assert_str_eq(told.message, "unheard");
    future = plait_future_new(0);
    ck_assert_ok(plait_future_set_error(future, PLAIT_USER, "heard"));
    ck_assert_status(plait_result(future), PLAIT_USER);
    plait_future_free(future);
    future = plait_future_new(0);
    ck_assert(plait_future_cancel(future));
    plait_future_free(future);
    ck_assert_int_eq(told.count, 1);
}

TEST(a_result_of_another_size_is_refused) {
    plait_future *future = plait_future_of(long);
    char small = 1;
    long right = 2;
    void *unknown = &right;
    ck_assert_status(plait_future_set_result(future, &small), PLAIT_INVALID);
    ck_assert_status(plait_future_set_result_sized(future, NULL, 0), PLAIT_INVALID);
    ck_assert_ok(plait_future_set_result(future, &right));
    ck_assert_status(plait_result(future, &small), PLAIT_INVALID);
    ck_assert_ok(plait_result(future, unknown));
    plait_future_free(future);
    future = plait_future_new(0);
    ck_assert_ok(plait_future_set_result(future, NULL));
    ck_assert_status(plait_result(future, &right), PLAIT_INVALID);
    plait_future_free(future);
}

TEST(nonsense_is_refused) {
    int i = 0;
    plait_future *future = plait_future_new(0);
    ck_assert_status(plait_result((plait_future *)NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_future_set_result(NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_future_set_error(NULL, PLAIT_FAILED, NULL), PLAIT_INVALID);
    ck_assert_status(plait_future_set_error(future, PLAIT_OK, NULL), PLAIT_INVALID);
    ck_assert_status(plait_future_set_error(future, -3, NULL), PLAIT_INVALID);
    ck_assert_status(plait_future_set_running(NULL), PLAIT_INVALID);
    ck_assert_status(plait_future_add_done_callback(NULL, count, &i), PLAIT_INVALID);
    ck_assert_status(plait_future_add_done_callback(future, NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_future_set_destroy(NULL, NULL, NULL), PLAIT_INVALID);
    ck_assert(!plait_future_done(NULL) && !plait_future_running(NULL) && !plait_future_cancelled(NULL));
    ck_assert(!plait_future_cancel(NULL));
    ck_assert_str_eq(plait_future_message(NULL), "");
    ck_assert_ptr_null(plait_future_keep(NULL));
    ck_assert_ptr_null(plait_future_new(SIZE_MAX));
    plait_case one = plait_case_future(NULL);
    ck_assert_status(plait_select(&one, 1, NULL), PLAIT_INVALID);
    plait_future_free(NULL);
    plait_future_free(future);
}

PLAIT_TASK(long, wait_for, (plait_future *, future)) {
    long got = 0;
    plait_status status = plait_result(future, &got);
    return status == PLAIT_OK ? got : -status;
}

TEST(everybody_who_waits_is_woken) {
    enum { WAITERS = PLAIT__WAKES + 4 };
    plait_future *future = plait_future_of(long);
    plait_thread *threads[WAITERS];
    for (int i = 0; i < WAITERS; i++) threads[i] = plait_start(wait_for, future);
    wait_until_asleep_in("future", WAITERS);
    ck_assert_ok(plait_future_set_result(future, &(long){9}));
    for (int i = 0; i < WAITERS; i++) {
        long got = 0;
        ck_assert_ok(plait_thread_result(threads[i], &got));
        ck_assert_int_eq(got, 9);
        plait_thread_free(threads[i]);
    }
    plait_future_free(future);
}

TEST(a_token_ends_the_wait_and_not_the_future) {
    plait_future *future = plait_future_of(long);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    plait_thread *thread = plait_start(wait_for, future);
    plait_token_leave(outer);
    wait_until_asleep_in("future", 1);
    plait_cancel(token);
    long got = 0;
    ck_assert_ok(plait_thread_result(thread, &got));
    ck_assert_int_eq(got, -PLAIT_CANCELLED);
    ck_assert(!plait_future_done(future));
    plait_thread_free(thread);
    plait_token_free(token);
    plait_future_free(future);
}

PLAIT_TASK(void, keep_promise, (plait_future *, future)) {
    wait_until_asleep_in("select", 1);
    plait_future_set_result(future, &(long){3});
}

TEST(a_future_is_a_case) {
    plait_future *futures[] = {plait_future_of(long), plait_future_of(long)};
    plait_thread *thread = plait_start(keep_promise, futures[1]);
    plait_case cases[] = {plait_case_future(futures[0]), plait_case_future(futures[1])};
    size_t which;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_status(cases[1].status, PLAIT_OK);
    ck_assert_ok(plait_future_set_error(futures[0], PLAIT_USER, NULL));
    ck_assert_ok(plait_select(cases, 1, &which));
    ck_assert_status(cases[0].status, PLAIT_USER);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
}

/* Scopes that are cancelled: by the body, a deadline, the caller's token; and what that does to the children. */
#include "scope_tasks.h"

TEST(the_body_cancels_it) {
    begin(1);
    ck_assert_ok(plait_scope_post(&scope, wait_for_ever));
    plait_future *queued = plait_scope_submit(&scope, square, 2);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_scope_cancel(&scope));
    ck_assert_status(plait_scope_end(&scope), PLAIT_CANCELLED);
    ck_assert_str_ne(plait_scope_message(&scope), "");
    ck_assert_ptr_null(plait_scope_failed(&scope, NULL));
    ck_assert_int_eq(plait__load(&ran), 1);
    ck_assert(plait_future_cancelled(queued));
    plait_future_free(queued);
    pool_end(pool);
}

TEST(its_deadline_cancels_it) {
    pool = plait_pool_new(1);
    ck_assert_ok(plait_scope_begin_until(&scope, pool, plait_after(0.01)));
    ck_assert_ok(plait_scope_post(&scope, wait_for_ever));
    plait_future *queued = plait_scope_submit(&scope, square, 2);
    ck_assert_status(plait_scope_end(&scope), PLAIT_TIMEOUT);
    ck_assert(plait_future_cancelled(queued));
    plait_future_free(queued);
    pool_end(pool);
}

PLAIT_TASK(plait_status, run_a_scope) {
    plait_scope inner;
    (void)plait_scope_begin(&inner, NULL);
    plait_thread_free(plait_scope_start(&inner, wait_for_ever));
    return plait_scope_end(&inner);
}

TEST(a_cancel_of_the_caller_reaches_the_children) {
    plait_status status = PLAIT_OK;
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *thread = plait_start(run_a_scope);
    plait_token_leave(before);
    wait_until_asleep_in("scope.end", 1);
    wait_until_asleep(2);
    ck_assert_ok(plait_cancel(token));
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_status(status, PLAIT_CANCELLED);
    plait_thread_free(thread);
    plait_token_free(token);
}

/* Queued tasks of a cancelled scope end at once, although the pool has no time for them. */
TEST(the_end_of_a_cancelled_scope_does_not_wait_for_the_pool) {
    pool = plait_pool_new(1);
    plait_future *busy = plait_submit(pool, wait_for_go);
    ck_assert_ok(plait_scope_begin_until(&scope, pool, plait_after(0.01)));
    for (int i = 0; i < 10; i++) ck_assert_ok(plait_scope_post(&scope, square, 2));
    ck_assert_status(plait_scope_end(&scope), PLAIT_TIMEOUT);
    ck_assert_int_eq(plait__load(&ran), 0);
    plait_event_set(&go);
    ck_assert_ok(plait_result(busy));
    plait_future_free(busy);
    pool_end(pool);
}

/* Under a shield nothing is cancelled, tasks included: as for plait_submit. */
TEST(a_shielded_scope_goes_on) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_cancel(token);
    plait_shield_enter();
    begin(1);
    ck_assert_ok(plait_scope_post(&scope, square, 2));
    (void)plait_scope_end(&scope);
    plait_shield_leave();
    ck_assert_int_eq(plait__load(&ran), 1);
    plait_token_leave(before);
    plait_token_free(token);
    pool_end(pool);
}

TEST(cancelled_from_above_and_late_is_cancelled) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    ck_assert_ok(plait_scope_begin_until(&scope, NULL, PLAIT_NOW));
    ck_assert_ok(plait_cancel(token));
    ck_assert_status(plait_scope_end(&scope), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
}

/* A child is the scope's, whatever token the caller has. */
TEST(children_are_under_the_scopes_token) {
    begin(1);
    plait_token *before = plait_token_enter(plait_token_root());
    plait_future *future = plait_scope_submit(&scope, wait_for_ever);
    plait_token_leave(before);
    ck_assert_ok(plait_event_wait(&begun));
    before = plait_token_enter(plait_token_root());
    plait_thread *thread = plait_scope_start(&scope, wait_for_ever);
    plait_token_leave(before);
    ck_assert_ok(plait_scope_cancel(&scope));
    plait_shield_enter();
    ck_assert_ok(plait_result(future)); /* it need not be asked by the end */
    plait_shield_leave();
    plait_future_free(future);
    ck_assert_status(plait_scope_end(&scope), PLAIT_CANCELLED);
    plait_thread_free(thread);
    pool_end(pool);
}

TEST(a_thread_that_raises_cancelled_has_not_failed) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    begin(1);
    plait_thread_free(plait_scope_start(&scope, fail_with, PLAIT_CANCELLED, "no more"));
    ck_assert_ok(plait_scope_post(&scope, fail_with, PLAIT_CANCELLED, "no more"));
    ck_assert_ok(plait_scope_end(&scope));
    pool_end(pool);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&told.count), 0);
}

PLAIT_TASK(void, wait_shielded) {
    plait_shield();
    plait_event_set(&begun);
    (void)plait_event_wait(&go);
}

PLAIT_TASK(void, let_go_when, (const char *, kind)) {
    wait_until_asleep_in(kind, 1);
    plait_event_set(&go);
}

/* Having asked them once, the end sleeps. */
TEST(children_that_go_on_are_asked_to_stop_once) {
    begin(1);
    plait_thread *opener = NULL;
    ck_assert_ok(plait_scope_post(&scope, wait_shielded));
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_scope_cancel(&scope));
    plait_token *before = plait_token_enter(plait_token_root());
    opener = plait_start(let_go_when, "scope.end");
    plait_token_leave(before);
    ck_assert_status(plait_scope_end(&scope), PLAIT_CANCELLED);
    plait_thread_free(opener);
    pool_end(pool);
}

PLAIT_TASK(void, add_to_the_cancelled, (plait_scope *, into)) {
    plait_shield();
    plait_future *first = plait_scope_submit(into, square, 2);
    (void)plait_scope_cancel(into);
    (void)plait_result(first);
    wait_until_asleep_in("scope.end", 1); /* for the second time: it has cancelled what there was */
    plait_shield_leave();
    plait_future *second = plait_scope_submit(into, square, 2);
    plait_shield_enter();
    if (plait_result(second) != PLAIT_CANCELLED) plait_raise(PLAIT_FAILED, "it was not cancelled");
    plait_event_set(&go);
    plait_future_free(first);
    plait_future_free(second);
}

TEST(what_is_added_to_a_cancelled_scope_is_cancelled_although_the_pool_has_no_time) {
    pool = plait_pool_new(1);
    plait_future *busy = plait_submit(pool, wait_for_go);
    ck_assert_ok(plait_scope_begin(&scope, pool));
    plait_thread_free(plait_scope_start(&scope, add_to_the_cancelled, &scope));
    ck_assert_status(plait_scope_end(&scope), PLAIT_CANCELLED);
    ck_assert_ok(plait_result(busy));
    plait_future_free(busy);
    pool_end(pool);
}

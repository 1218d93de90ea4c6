/* Scopes: children end before, the first failure stops the others, and what cancels whom. */
#include "scope_tasks.h"
#include "support/faults.h"

#include <sys/wait.h>
#include <unistd.h>

TEST(an_empty_scope) {
    plait_token *before = plait_token_current();
    ck_assert_ok(plait_scope_begin(&scope, NULL));
    ck_assert_ptr_eq(plait_scope_token(&scope), plait_token_current());
    ck_assert_ptr_ne(plait_scope_token(&scope), before);
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_ptr_eq(plait_token_current(), before);
    ck_assert_str_eq(plait_scope_message(&scope), "");
    ck_assert_ptr_null(plait_scope_failed(&scope, NULL));
    ck_assert_ptr_null(plait_scope_token(&scope));
}

TEST(children_of_every_kind_give_their_results) {
    int results[3] = {0};
    void *untyped[2] = {NULL, NULL};
    begin(2);
    plait_future *future = plait_scope_submit(&scope, square, 3);
    plait_thread *thread = plait_scope_start(&scope, square, .x = 4);
    plait_thread *named = plait_scope_start_with(&scope, (&(plait_thread_options){.name = "child"}), square,
                                                 5);
    plait_future *function = plait_scope_submit_function(&scope, give_back, &ran);
    plait_thread *other = plait_scope_start_function(&scope, NULL, give_back, &go);
    ck_assert_ok(plait_scope_post(&scope, square, 6));
    ck_assert_str_eq(plait_thread_name(named), "child");
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_int_eq(ran, 4);
    ck_assert(plait_future_done(future) && plait_future_done(function));
    ck_assert(!plait_thread_is_alive(thread) && !plait_thread_is_alive(other));
    ck_assert_ok(plait_result(future, &results[0]));
    ck_assert_ok(plait_thread_result(thread, &results[1]));
    ck_assert_ok(plait_thread_result(named, &results[2]));
    ck_assert_ok(plait_result(function, &untyped[0]));
    ck_assert_ok(plait_thread_result(other, &untyped[1]));
    ck_assert(results[0] == 9 && results[1] == 16 && results[2] == 25);
    ck_assert(untyped[0] == &ran && untyped[1] == &go);
    plait_future_free(future);
    plait_future_free(function);
    plait_thread_free(thread);
    plait_thread_free(named);
    plait_thread_free(other);
    pool_end(pool);
}

PLAIT_TASK(void, let_them_go, (const char *, kind)) {
    wait_until_asleep_in(kind, 1);
    ck_assert_int_eq(plait__load(&ran), 0);
    plait_event_set(&go);
}

TEST(the_end_waits_for_tasks_and_threads) {
    plait_thread *opener = plait_start(let_them_go, "scope.end");
    begin(2);
    ck_assert_ok(plait_scope_post(&scope, wait_for_go));
    plait_thread_free(plait_scope_start(&scope, wait_for_go));
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_int_eq(plait__load(&ran), 2);
    plait_thread_free(opener);
    pool_end(pool);
}

/* ---- failures ---- */

TEST(the_first_failure_of_a_task_stops_the_others) {
    plait_status seen = PLAIT_OK;
    size_t number = 99;
    begin(2);
    plait_future *waits = plait_scope_submit(&scope, wait_for_ever);
    plait_thread *thread = plait_scope_start(&scope, wait_for_ever);
    ck_assert_ok(plait_scope_post(&scope, fail_with, PLAIT_USER + 7, "of seven"));
    ck_assert_status(plait_event_wait(&never), PLAIT_CANCELLED); /* the body is stopped, too */
    ck_assert_status(plait_scope_end(&scope), PLAIT_USER + 7);
    ck_assert_str_eq(plait_scope_message(&scope), "of seven");
    ck_assert_str_eq(plait_scope_failed(&scope, &number), "fail_with");
    ck_assert_uint_eq(number, 2);
    plait_status status = plait_result(waits, &seen);
    ck_assert(status == PLAIT_CANCELLED || seen == PLAIT_CANCELLED); /* it may not have begun */
    ck_assert_ok(plait_thread_result(thread, &seen));
    ck_assert_status(seen, PLAIT_CANCELLED);
    plait_future_free(waits);
    plait_thread_free(thread);
    pool_end(pool);
}

TEST(the_first_failure_of_a_thread_stops_the_others_and_counts_as_told) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    begin(1);
    ck_assert_ok(plait_scope_post(&scope, wait_for_ever));
    ck_assert_ok(plait_event_wait(&begun));
    plait_thread_free(plait_scope_start(&scope, fail_with, PLAIT_USER, "a thread"));
    ck_assert_status(plait_scope_end(&scope), PLAIT_USER);
    ck_assert_str_eq(plait_scope_message(&scope), "a thread");
    ck_assert_int_eq(plait__load(&ran), 1);
    pool_end(pool);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&told.count), 0);
}

TEST(a_second_failure_goes_to_the_excepthook) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    begin(1);
    ck_assert_ok(plait_scope_post(&scope, fail_with, PLAIT_USER, "first"));
    ck_assert_status(plait_event_wait(&never), PLAIT_CANCELLED);
    plait_thread *late = plait_scope_start(&scope, fail_with, PLAIT_USER + 1, "second");
    ck_assert_status(plait_scope_end(&scope), PLAIT_USER);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&told.count), 0);
    plait_thread_free(late);
    ck_assert_int_eq(plait__load(&told.count), 1);
    ck_assert_str_eq(told.message, "second");
    pool_end(pool);
}

TEST(a_child_that_was_cancelled_has_not_failed) {
    begin(1);
    ck_assert_ok(plait_scope_post(&scope, wait_for_go));
    plait_future *queued = plait_scope_submit(&scope, square, 2);
    ck_assert(plait_future_cancel(queued));
    plait_event_set(&go);
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_int_eq(plait__load(&ran), 1);
    ck_assert(plait_future_cancelled(queued));
    plait_future_free(queued);
    pool_end(pool);
}

TEST(what_cannot_be_started_is_the_scopes_failure) {
    begin(1);
    ck_assert_ok(plait_pool_close(pool));
    plait_future *refused = plait_scope_submit(&scope, square, 1);
    ck_assert_status(plait_result(refused), PLAIT_SHUTDOWN);
    plait_future_free(refused);
    ck_assert(plait_cancelled());
    ck_assert_status(plait_scope_end(&scope), PLAIT_SHUTDOWN);
    ck_assert_str_eq(plait_scope_failed(&scope, NULL), "square");

    ck_assert_ok(plait_scope_begin(&scope, NULL));
    ck_assert_status(plait_scope_post(&scope, square, 1), PLAIT_INVALID); /* no pool */
    ck_assert_status(plait_scope_end(&scope), PLAIT_INVALID);

    ck_assert_ok(plait_scope_begin(&scope, pool));
    ck_assert_ptr_null(plait_scope_start_with(&scope, (&(plait_thread_options){.stack_size = 1}), square, 1));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_status(plait_scope_end(&scope), PLAIT_INVALID);
    plait_pool_free(pool);
}

/* ---- children of children ---- */

PLAIT_TASK(void, grow, (plait_scope *, into), (int, depth)) {
    plait__add(&ran, 1);
    if (!depth) return;
    (void)plait_scope_post(into, grow, into, depth - 1);
    plait_thread_free(plait_scope_start(into, grow, into, depth - 1));
}

TEST(children_add_children) {
    begin(2);
    ck_assert_ok(plait_scope_post(&scope, grow, &scope, 6));
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_int_eq(plait__load(&ran), 127);
    pool_end(pool);
}

PLAIT_TASK(int, nest, (plait_pool *, of), (int, depth)) {
    int sum = 1;
    if (!depth) return 1;
    plait_scope inner;
    plait_future *futures[3];
    (void)plait_scope_begin(&inner, of);
    for (int i = 0; i < 3; i++) futures[i] = plait_scope_submit(&inner, nest, of, depth - 1);
    plait_status status = plait_scope_end(&inner);
    if (status != PLAIT_OK) plait_raise(status, "%s", plait_scope_message(&inner));
    for (int i = 0; i < 3; i++) {
        int part = 0;
        if (plait_result(futures[i], &part) == PLAIT_OK) sum += part;
        plait_future_free(futures[i]);
    }
    return sum;
}

TEST(nested_scopes_in_a_pool_of_one_worker) {
    int result = 0;
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, nest, pool, 6);
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, (2187 - 1) / 2);
    plait_future_free(future);
    pool_end(pool);
}

/* The only worker waits in the end of a scope when a thread adds a task to it. */
PLAIT_TASK(void, add_late, (plait_scope *, into)) {
    wait_until_asleep_in("scope.end", 1);
    plait_future *future = plait_scope_submit(into, square, 9);
    int result = 0;
    if (plait_result(future, &result) != PLAIT_OK || result != 81) plait_raise(PLAIT_FAILED, "not run");
    plait_future_free(future);
}

PLAIT_TASK(void, hold_the_worker, (plait_pool *, of)) {
    plait_scope inner;
    (void)plait_scope_begin(&inner, of);
    plait_thread_free(plait_scope_start(&inner, add_late, &inner));
    if (plait_scope_end(&inner) != PLAIT_OK) plait_raise(PLAIT_FAILED, "%s", plait_scope_message(&inner));
}

TEST(a_task_added_while_the_only_worker_waits_in_the_end) {
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, hold_the_worker, pool);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    pool_end(pool);
}

/* ---- leaving early ---- */

static plait_status leave_early(bool fails) {
    plait_event_clear(&begun);
    plait_with_scope(guarded, pool);
    (void)plait_scope_post(&guarded, wait_for_ever);
    (void)plait_event_wait(&begun);
    if (fails) (void)plait_scope_post(&guarded, fail_with, PLAIT_USER, "unheard");
    if (fails) (void)plait_event_wait(&never);
    return plait_cancelled() ? PLAIT_CANCELLED : PLAIT_OK;
}

TEST(a_guarded_scope_that_is_left_early_stops_its_children) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    pool = plait_pool_new(2);
    ck_assert_ok(leave_early(false));
    ck_assert_int_eq(plait__load(&ran), 1);
    ck_assert_int_eq(told.count, 0);
    ck_assert_status(leave_early(true), PLAIT_CANCELLED);
    ck_assert_int_eq(plait__load(&ran), 2);
    ck_assert_int_eq(told.count, 1);
    ck_assert_str_eq(told.message, "unheard");
    ck_assert_str_eq(told.task, "fail_with");
    pool_end(pool);
}

TEST(a_guarded_scope_that_was_ended_is_left_alone) {
    pool = plait_pool_new(1);
    {
        plait_with_scope(guarded, pool);
        ck_assert_ok(plait_scope_post(&guarded, square, 2));
        ck_assert_ok(plait_scope_end(&guarded));
    }
    ck_assert_int_eq(plait__load(&ran), 1);
    pool_end(pool);
}

/* ---- misuse ---- */

PLAIT_TASK(plait_status, end_it, (plait_scope *, of)) {
    return plait_scope_end(of);
}

TEST(what_makes_no_sense) {
    plait_scope zeroed = {0};
    plait_status status = PLAIT_OK;
    ck_assert_status(plait_scope_begin(NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_scope_end(NULL), PLAIT_INVALID);
    ck_assert_status(plait_scope_end(&zeroed), PLAIT_INVALID);
    ck_assert_status(plait_scope_cancel(NULL), PLAIT_INVALID);
    ck_assert_status(plait_scope_cancel(&zeroed), PLAIT_INVALID);
    ck_assert_status(plait_scope_post(NULL, square, 1), PLAIT_INVALID);
    ck_assert_status(plait_scope_post(&zeroed, square, 1), PLAIT_INVALID);
    ck_assert_ptr_null(plait_scope_start(&zeroed, square, 1));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_str_eq(plait_scope_message(NULL), "");
    ck_assert_ptr_null(plait_scope_failed(NULL, NULL));
    ck_assert_ptr_null(plait_scope_token(NULL));
    plait_scope_leave(NULL);
    plait_scope_leave(&zeroed);

    begin(1);
    plait_thread *other = plait_start(end_it, &scope);
    ck_assert_ok(plait_thread_result(other, &status));
    ck_assert_status(status, PLAIT_NOT_OWNER);
    plait_thread_free(other);
    ck_assert_ok(plait_scope_end(&scope));
    ck_assert_status(plait_scope_end(&scope), PLAIT_INVALID);
    ck_assert_status(plait_scope_post(&scope, square, 1), PLAIT_SHUTDOWN);

    ck_assert_ok(plait_scope_begin(&scope, pool));
    ck_assert_status(plait_scope_post_task(&scope, NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_scope_end(&scope), PLAIT_INVALID);
    ck_assert_ok(plait_scope_begin(&scope, pool));
    plait_future *none = plait_scope_submit_function(&scope, NULL, NULL);
    ck_assert_status(plait_result(none), PLAIT_INVALID);
    plait_future_free(none);
    ck_assert_status(plait_scope_end(&scope), PLAIT_INVALID);
    pool_end(pool);
}

PLAIT_TASK(plait_status, end_from_within, (plait_pool *, of)) {
    plait_scope inner;
    plait_status status = PLAIT_OK;
    (void)plait_scope_begin(&inner, of);
    plait_future *child = plait_scope_submit(&inner, end_it, &inner);
    (void)plait_scope_end(&inner);
    (void)plait_result(child, &status);
    plait_future_free(child);
    return status;
}

TEST(a_child_that_the_end_runs_cannot_end_it) {
    plait_status status = PLAIT_OK;
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, end_from_within, pool);
    ck_assert_ok(plait_result(future, &status));
    ck_assert_status(status, PLAIT_DEADLOCK);
    plait_future_free(future);
    pool_end(pool);
}

/* ---- fork, and lack of memory ---- */

TEST(in_the_child_of_a_fork_it_is_broken) {
    begin(1);
    plait_thread *thread = plait_scope_start(&scope, wait_for_go);
    pid_t child = fork();
    if (child == 0) {
        plait_token *before = scope.before;
        bool good = plait_scope_post(&scope, square, 1) == PLAIT_BROKEN &&
                    plait_scope_end(&scope) == PLAIT_BROKEN && plait_token_current() == before;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&go);
    ck_assert_ok(plait_scope_end(&scope));
    plait_thread_free(thread);
    pool_end(pool);
}

static plait_status scope_with_children(void) {
    int result = 9;
    plait_scope inner;
    plait_pool *workers = plait_pool_new(1);
    if (!workers) return plait_last_error();
    (void)plait_scope_begin(&inner, workers);
    plait_future *future = plait_scope_submit(&inner, square, 3);
    (void)plait_scope_post(&inner, square, 4);
    plait_thread_free(plait_scope_start(&inner, square, 5));
    plait_status status = plait_scope_end(&inner);
    if (status == PLAIT_OK) status = plait_result(future, &result);
    if (result != 9) status = PLAIT_FAILED;
    plait_future_free(future);
    plait_pool_shutdown(workers, true, false);
    plait_pool_free(workers);
    return status;
}

TEST(a_scope_survives_lack_of_memory) {
    ck_assert_int_gt(fault_every(scope_with_children), 6);
}

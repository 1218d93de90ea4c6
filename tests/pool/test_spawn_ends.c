/* Children that fall, are cancelled, are left by pthread_exit, and stay behind in a fork. */
#include "spawn_support.h"
#include "support/faults.h"

#include <errno.h>
#include <plait/raise.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_event begun, go_on;

/* The tasks of this file have a parameter that says whether the child is to be stolen: the parent waits for it then. */
static void let_it_begin(bool stolen) {
    if (stolen) plait_event_wait(&begun);
}

static void pass(bool stolen) {
    if (!stolen) return;
    plait_event_set(&begun);
    plait_event_wait(&go_on);
}

/* ---- failures ---- */

PLAIT_TASK(int, fall, (bool, stolen)) {
    pass(stolen);
    plait_raise(PLAIT_USER + 3, "number %d", 3);
    return 33;
}

PLAIT_TASK(int, spawn_failing, (bool, stolen)) {
    plait_spawn(child, fall, stolen);
    let_it_begin(stolen);
    plait_event_set(&go_on);
    return plait_sync(child) == 33 ? 1 : 2;
}

PLAIT_TASK(int, leave_failing, (bool, stolen)) {
    plait_spawn(child, fall, stolen);
    let_it_begin(stolen);
    plait_event_set(&go_on);
    return 1;
}

static void expect_failure(plait_future *future, plait_status status, const char *message) {
    ck_assert_status(plait_result(future), status);
    ck_assert_str_eq(plait_future_message(future), message);
    plait_future_free(future);
}

TEST(a_failure_of_a_child_is_its_parents) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, spawn_failing, false), PLAIT_USER + 3, "number 3");
    expect_failure(plait_submit(pool, spawn_failing, true), PLAIT_USER + 3, "number 3");
    pool_end(pool);
}

TEST(a_child_that_nobody_syncs_fails_its_parent_too) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, leave_failing, false), PLAIT_USER + 3, "number 3");
    expect_failure(plait_submit(pool, leave_failing, true), PLAIT_USER + 3, "number 3");
    pool_end(pool);
}

PLAIT_TASK(int, sync_failing) {
    plait_spawn(child, fall, true);
    plait_event_wait(&begun);
    plait_event_set(&go_on);
    plait_raise(PLAIT_FAILED, "before");
    int result = plait_sync(child);
    return result;
}

TEST(the_last_failure_counts) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, sync_failing), PLAIT_USER + 3, "number 3");
    pool_end(pool);
}

PLAIT_TASK(int, fail_by_errno) {
    plait_event_set(&begun);
    errno = ENOENT;
    plait_raise(PLAIT_ERRNO, "nowhere");
    return 0;
}

PLAIT_TASK(int, spawn_failing_by_errno) {
    plait_spawn(child, fail_by_errno);
    plait_event_wait(&begun);
    return plait_sync(child);
}

TEST(words_of_a_failure_are_passed_on_as_they_are) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, spawn_failing_by_errno), PLAIT_ERRNO,
                   "nowhere: No such file or directory");
    pool_end(pool);
}

/* ---- tokens and shields ---- */

static plait_event never;

PLAIT_TASK(int, wait_for_ever) {
    plait_event_set(&begun);
    return plait_event_wait(&never);
}

PLAIT_TASK(int, spawn_waiting) {
    plait_spawn(child, wait_for_ever);
    plait_event_wait(&begun);
    return plait_sync(child);
}

TEST(cancelling_a_task_cancels_its_children) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, spawn_waiting);
    wait_until_asleep_in("event", 1);
    wait_until_asleep_in("sync", 1);
    ck_assert(plait_future_cancel(future));
    int status = PLAIT_OK;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    plait_future_free(future);
    pool_end(pool);
}

/* The token of the moment of spawning counts, and it lives as long as the child, whoever lets go of it. */
PLAIT_TASK(int, spawn_under_a_token) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_spawn(child, wait_for_ever);
    plait_token_leave(before);
    plait_event_wait(&begun);
    plait_cancel(token);
    plait_token_free(token);
    return plait_sync(child);
}

TEST(a_child_runs_under_the_token_that_its_parent_had) {
    ck_assert_int_eq(spawn_run(2, plait_task_of(spawn_under_a_token)), PLAIT_CANCELLED);
}

/* The only other worker is busy until the token has been let go of, and its memory perhaps used again. */
static plait_event busy, free_again;

PLAIT_TASK(void, be_busy) {
    plait_event_set(&busy);
    plait_event_wait(&free_again);
}

PLAIT_TASK(int, spawn_under_a_token_that_goes) {
    plait_event_wait(&busy);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_spawn(child, wait_for_ever);
    plait_token_leave(before);
    plait_cancel(token);
    plait_token_free(token);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_event_set(&free_again);
    plait_event_wait(&begun);
    int status = plait_sync(child);
    plait_token_free(token);
    return status;
}

TEST(a_child_keeps_its_token) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *other = plait_submit(pool, be_busy);
    plait_future *future = plait_submit(pool, spawn_under_a_token_that_goes);
    int status = PLAIT_OK;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    plait_future_free(future);
    plait_future_free(other);
    pool_end(pool);
}

PLAIT_TASK(int, number, (int, x)) {
    return x;
}

/* The references are all given back: the address sanitizer looks. */
PLAIT_TASK(int, spawn_under_a_token_and_take_back) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_spawn(a, number, 1);
    plait_spawn(b, number, 10);
    plait_spawn(c, number, 100);
    plait_token_leave(before);
    plait_token_free(token);
    int sum = plait_sync(a);
    return sum + plait_sync(b);
}

TEST(a_child_lets_go_of_its_token) {
    ck_assert_int_eq(spawn_run(1, plait_task_of(spawn_under_a_token_and_take_back)), 11);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(spawn_run(2, plait_task_of(spawn_under_a_token_and_take_back)), 11);
}

PLAIT_TASK(int, wait_to_go_on) {
    plait_event_set(&begun);
    return plait_event_wait(&go_on);
}

PLAIT_TASK(int, spawn_shielded) {
    plait_shield_enter();
    plait_spawn(child, wait_to_go_on);
    plait_shield_leave();
    plait_event_wait(&begun);
    return plait_sync(child);
}

TEST(a_child_runs_under_the_shield_that_its_parent_had) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, spawn_shielded);
    wait_until_asleep_in("event", 1);
    wait_until_asleep_in("sync", 1);
    ck_assert(plait_future_cancel(future));
    plait_event_set(&go_on);
    int status = PLAIT_FAILED;
    ck_assert_ok(plait_result(future, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    plait_future_free(future);
    pool_end(pool);
}

/* ---- pthread_exit ---- */

PLAIT_TASK(int, leave, (bool, stolen)) {
    pass(stolen);
    pthread_exit(NULL);
}

PLAIT_TASK(int, spawn_leaving, (bool, stolen)) {
    plait_spawn(child, leave, stolen);
    let_it_begin(stolen);
    plait_event_set(&go_on);
    return plait_sync(child);
}

TEST(a_child_that_is_left_by_pthread_exit_fails_its_parent) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, spawn_leaving, false), PLAIT_FAILED,
                   "the task was left by pthread_exit");
    expect_failure(plait_submit(pool, spawn_leaving, true), PLAIT_FAILED,
                   "the task was left by pthread_exit");
    pool_end(pool);
}

static int runs;

PLAIT_TASK(void, count_run) {
    plait__add(&runs, 1);
}

PLAIT_TASK(int, leave_with_children) {
    plait_spawn(a, count_run);
    plait_spawn(b, count_run);
    pthread_exit(NULL);
}

TEST(children_that_nobody_has_begun_are_forgotten_by_pthread_exit) {
    plait_pool *pool = plait_pool_new(1);
    expect_failure(plait_submit(pool, leave_with_children), PLAIT_FAILED,
                   "the task was left by pthread_exit");
    expect_failure(plait_submit(pool, spawn_failing, false), PLAIT_USER + 3,
                   "number 3"); /* the worker's place is good */
    ck_assert_int_eq(plait__load(&runs), 0);
    pool_end(pool);
}

/* Its child is back: nobody else has anything on its stack. */
PLAIT_TASK(int, leave_after_a_child) {
    plait_spawn(child, wait_to_go_on);
    plait_event_wait(&begun);
    plait_event_set(&go_on);
    (void)plait_sync(child);
    pthread_exit(NULL);
}

TEST(a_task_may_leave_when_its_children_are_back) {
    plait_pool *pool = plait_pool_new(2);
    expect_failure(plait_submit(pool, leave_after_a_child), PLAIT_FAILED,
                   "the task was left by pthread_exit");
    expect_failure(plait_submit(pool, spawn_failing, false), PLAIT_USER + 3, "number 3");
    pool_end(pool);
}

#if !defined(POOL_THREAD_SANITIZER) /* which cannot follow threads that a forked child starts */

/* Runs it in a process of its own, which must abort and say so. */
static void expect_abort(void (*body)(void), const char *words) {
    int ends[2];
    char said[512] = "";
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length + 1 < sizeof said; length += (size_t)got)
        if ((got = read(ends[0], said + length, sizeof said - 1 - length)) <= 0) break;
    close(ends[0]);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d, it said: %s", status, said);
    ck_assert_msg(strstr(said, words) != NULL, "it said: %s", said);
}

PLAIT_TASK(int, leave_while_a_child_runs) {
    plait_spawn(child, wait_for_ever);
    plait_event_wait(&begun);
    pthread_exit(NULL);
}

static void leave_a_running_child(void) {
    plait_pool *pool = plait_pool_new(2);
    (void)plait_result(plait_submit(pool, leave_while_a_child_runs));
}

TEST(a_child_on_a_stack_that_is_no_more_ends_the_program) {
    expect_abort(leave_a_running_child, "left by pthread_exit while another thread ran a child");
}

PLAIT_TASK(int, sync_twice) {
    plait_spawn(child, number, 1);
    int sum = 0;
    for (int i = 0; i < 2; i++) sum += plait_sync(child);
    return sum;
}

static void sync_twice_on_a_worker(void) {
    (void)plait_result(plait_submit(plait_pool_new(1), sync_twice));
}

static void sync_twice_here(void) {
    (void)sync_twice();
}

TEST(syncing_a_child_twice_ends_the_program) {
    expect_abort(sync_twice_on_a_worker, "synced before");
    expect_abort(sync_twice_here, "synced before");
}

#endif

/* ---- fork ---- */

static pid_t forked = -1;
static int after_fork = -1;
static plait_event somebody_listens;

PLAIT_TASK(int, fork_with_a_running_child) {
    plait_spawn(stolen, wait_to_go_on);
    plait_event_wait(&begun);
    plait_spawn(kept, number, 4);
    plait_event_wait(&somebody_listens);
    forked = fork();
    if (forked > 0) plait_event_set(&go_on);
    int sum = plait_sync(stolen);
    plait_spawn(later, number, 50);
    sum += plait_sync(kept);
    after_fork = sum + plait_sync(later);
    return after_fork;
}

/* On the worker, whose process is the parent or the child of the fork. */
static void tell_of_fork(plait_future *future, void *context) {
    (void)context;
    if (forked) return;
    _exit(plait_result(future) == PLAIT_BROKEN && after_fork == 54 ? 10 : 11);
}

TEST(a_child_that_stayed_behind_in_a_fork_is_broken) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, fork_with_a_running_child);
    ck_assert_ok(plait_future_add_done_callback(future, tell_of_fork, NULL));
    plait_event_set(&somebody_listens);
    int result = 0, status = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 54);
    ck_assert_int_eq(waitpid(forked, &status, 0), forked);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 10);
    plait_future_free(future);
    pool_end(pool);
}

/* ---- memory ---- */

PLAIT_TASK(int, fail_below, (int, depth)) {
    if (depth == 0) return fall(false);
    plait_spawn(child, fail_below, depth - 1);
    return plait_sync(child) + number(1);
}

static plait_status fail_in_a_pool(void) {
    plait_pool *pool = plait_pool_new(2);
    if (!pool) return plait_last_error();
    plait_future *future = plait_submit(pool, fail_below, 3);
    plait_status status = plait_result(future);
    plait_future_free(future);
    plait_status closed = plait_pool_close(pool);
    if (closed == PLAIT_OK) closed = plait_pool_join(pool);
    plait_pool_free(pool);
    return status == PLAIT_USER + 3 ? closed : status;
}

TEST(children_need_no_memory) {
    fault_every(fail_in_a_pool);
}

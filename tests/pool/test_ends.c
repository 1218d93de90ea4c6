/* How threads, processes and programs end around a pool: pthread_exit, exit and fork. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_pool *pool;
static int counter;
static plait_event gate;

PLAIT_TASK(int, leave, (int, x)) {
    if (x) pthread_exit(NULL);
    return 1;
}

static plait_future *inner;

PLAIT_TASK(int, wait_for_leave) {
    inner = plait_submit(pool, leave, 1);
    (void)plait_result(inner);
    return 2;
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(a_task_that_ends_its_thread_fails_once) {
    struct pool_told told = {0};
    plait_excepthook_set(pool_hear, &told);
    pool = plait_pool_new(1);
    plait_future_free(plait_submit(pool, leave, 1));
    pool_end(pool);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER)); /* the worker has told all that it had to tell */
    ck_assert_int_eq(told.count, 1);
    ck_assert_str_eq(told.task, "leave");
}

TEST(a_task_that_ends_its_thread_has_failed) {
    plait_excepthook_set(ignore, NULL);
    pool = plait_pool_new(1);
    for (int i = 0; i < 3; i++) {
        plait_future *future = plait_submit(pool, leave, 1), *next = plait_submit(pool, leave, 0);
        ck_assert_status(plait_result(future), PLAIT_FAILED);
        ck_assert_str_eq(plait_future_message(future), "the task was left by pthread_exit");
        int one = 0;
        ck_assert_ok(plait_result(next, &one)); /* another worker has taken over */
        ck_assert_int_eq(one, 1);
        plait_future_free(future);
        plait_future_free(next);
    }
    plait_future *outer = plait_submit(pool, wait_for_leave);
    ck_assert_status(plait_result(outer), PLAIT_FAILED);
    ck_assert_status(plait_result(inner), PLAIT_FAILED);
    plait_future_free(outer);
    plait_future_free(inner);
    pool_end(pool);
}

PLAIT_TASK(int, leave_if_worker, (int, x)) {
    if (x == 1 && plait_thread_current() != plait_thread_main()) pthread_exit(NULL);
    if (x == 0) (void)plait_event_wait(&gate);
    if (x == 2) plait_event_set(&gate);
    return 1;
}

TEST(a_map_goes_on_when_a_helper_ends_its_thread) {
    plait_excepthook_set(ignore, NULL);
    pool = plait_pool_new(2);
    enum { COUNT = 64 };
    int in[COUNT] = {0}, out[COUNT];
    in[0] = 3;
    for (int i = 1; i < COUNT; i++) in[i] = 1;
    for (int i = 0; i < 20; i++) {
        plait_status status = plait_map(pool, leave_if_worker, in, out, COUNT);
        ck_assert(status == PLAIT_OK || status == PLAIT_FAILED);
    }
    pool_end(pool);
}

PLAIT_TASK(void, write_a_letter, (int, descriptor)) {
    (void)plait_sleep(0.0005);
    if (write(descriptor, "x", 1) != 1) abort();
}

PLAIT_TASK(plait_status, wait_at_gate) {
    return plait_event_wait(&gate);
}

PLAIT_TASK(void, leave_program) {
    exit(7);
}

/* Runs body in a process of its own; its exit status. `pipes[0]` can then be read to the end. */
static int pipes[2];

static int in_process(void (*body)(void)) {
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        body();
        exit(0);
    }
    close(pipes[1]);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int letters(void) {
    char buffer[256];
    int count = 0;
    for (ssize_t got; (got = read(pipes[0], buffer, sizeof buffer)) > 0;) count += (int)got;
    close(pipes[0]);
    return count;
}

static void hand_over_letters(void) {
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_post(pool, write_a_letter, pipes[1]));
}

static void leave_work_behind(void) {
    pool = plait_pool_new(2);
    hand_over_letters();
}

TEST(exit_finishes_what_was_handed_over) {
    ck_assert_int_eq(in_process(leave_work_behind), 0);
    ck_assert_int_eq(letters(), 100);
}

/* Both workers have begun, before they might find that one is enough. */
static void leave_pool_idle(void) {
    pool = plait_pool_new(2);
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_post(pool, wait_at_gate));
    wait_until_asleep_in("event", 2);
    hand_over_letters();
    plait_event_set(&gate);
    wait_until_asleep_in("pool.idle", 2);
}

TEST(exit_does_not_wait_for_idle_workers) {
    ck_assert_int_eq(in_process(leave_pool_idle), 0);
    ck_assert_int_eq(letters(), 100);
}

static void wake_one_and_leave(void) {
    leave_pool_idle();
    ck_assert_ok(plait_post(pool, write_a_letter, pipes[1]));
}

TEST(exit_waits_for_a_worker_that_was_just_woken) {
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(in_process(wake_one_and_leave), 0);
        ck_assert_int_eq(letters(), 101);
    }
}

static void exit_in_a_task(void) {
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, leave_program);
    (void)plait_result(future);
}

TEST(a_task_may_call_exit) {
    ck_assert_int_eq(in_process(exit_in_a_task), 7);
    letters();
}

PLAIT_TASK(void, bump) {
    plait__add(&counter, 1);
}

static plait_future *pending, *finished;

static void look_at_what_stayed_behind(void) {
    if (plait_post(pool, bump) != PLAIT_BROKEN) _exit(1);
    plait_future *refused = plait_submit(pool, bump);
    if (plait_result(refused) != PLAIT_BROKEN) _exit(2);
    plait_future_free(refused);
    if (plait_result(pending) != PLAIT_BROKEN) _exit(3);
    plait_case one = plait_case_future(pending);
    if (plait_select(&one, 1, NULL) != PLAIT_OK || one.status != PLAIT_BROKEN) _exit(4);
    if (plait_result(finished) != PLAIT_OK) _exit(5);
    if (plait_pool_close(pool) != PLAIT_BROKEN || plait_pool_join(pool) != PLAIT_BROKEN) _exit(6);
    int number = 3, result;
    if (plait_map(pool, leave, &number, &result, 1) != PLAIT_BROKEN) _exit(7);
    plait_pool_free(pool);
#if !defined(POOL_THREAD_SANITIZER)
    plait_pool *fresh = plait_pool_new(2);
    plait_future *future = plait_submit(fresh, bump);
    if (plait_result(future) != PLAIT_OK) _exit(8);
    plait_future_free(future);
    plait_pool_free(fresh);
#endif
    _exit(0);
}

TEST(in_a_forked_child_the_pool_is_broken_and_a_new_one_works) {
    pool = plait_pool_new(1);
    finished = plait_submit(pool, bump);
    ck_assert_ok(plait_result(finished));
    pending = plait_submit(pool, wait_at_gate);
    wait_until_asleep_in("event", 1);
    ck_assert_int_eq(in_process(look_at_what_stayed_behind), 0);
    letters();
    plait_event_set(&gate);
    ck_assert_ok(plait_result(pending));
    plait_future_free(pending);
    plait_future_free(finished);
    pool_end(pool);
}

#if !defined(POOL_THREAD_SANITIZER) && !defined(POOL_ADDRESS_SANITIZER)
PLAIT_TASK(int, fork_inside) {
    pid_t child = fork();
    if (child == 0) return 0; /* in the child this thread is alone; it ends, and so does the process */
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? 1 : 2;
}

TEST(a_task_may_fork) {
    pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, fork_inside);
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 1);
    plait_future_free(future);
    pool_end(pool);
}

/* One helper works on an item when another item forks. */
static plait_event helping;
static pid_t forked = -1;

PLAIT_TASK(int, fork_while_helped, (int, x)) {
    if (plait_thread_current() != plait_thread_main()) {
        plait_event_set(&helping);
        (void)plait_event_wait(&gate);
    } else if (forked == -1) {
        (void)plait_event_wait(&helping);
        forked = fork();
        if (forked > 0) plait_event_set(&gate);
    }
    return x;
}

TEST(an_item_of_a_map_may_fork) {
    pool = plait_pool_new(1);
    int in[4] = {1, 2, 3, 4}, out[4];
    plait_status status = plait_map(pool, fork_while_helped, in, out, 4);
    if (forked == 0) _exit(status == PLAIT_BROKEN ? 3 : 4); /* and does not wait for the helper */
    ck_assert_ok(status);
    int ended = 0;
    ck_assert_int_eq(waitpid(forked, &ended, 0), forked);
    ck_assert(WIFEXITED(ended));
    ck_assert_int_eq(WEXITSTATUS(ended), 3);
    pool_end(pool);
}
#endif

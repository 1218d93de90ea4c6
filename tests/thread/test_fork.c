/* What a fork leaves of threads in the child. */
#include "program.h"
#include "support/asleep.h"
#include "support/stress.h"

#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

static plait_event never;
static plait_thread *sleeper;

static plait_event asleep;

PLAIT_TASK(void, sleep_for_ever) {
    plait_event_set(&asleep);
    plait_event_wait(&never);
}
PLAIT_TASK(int, plus_one, (int, x)) {
    return x + 1;
}

/* Every finding has a number of its own. */
static int in_child_of_main(void) {
    int result = 0;
    plait_thread *found[4];
    if (plait_thread_is_alive(sleeper)) return 1;
    if (plait_thread_join(sleeper) != PLAIT_OK) return 2;
    if (plait_thread_result(sleeper, NULL) != PLAIT_BROKEN) return 3;
    if (plait_thread_enumerate(found, 4) != 1 || found[0] != plait_thread_main()) return 4;
    if (plait_thread_current() != plait_thread_main()) return 5;
    if (plait_thread_native_id(plait_thread_main()) != (uint32_t)getpid()) return 6;
    if (plait_shutdown(PLAIT_NOW) != PLAIT_OK) return 7; /* vanished threads are not waited for */
    plait_thread_free(sleeper);
    plait_thread *thread = plait_start(plus_one, 41);
    if (plait_thread_result(thread, &result) != PLAIT_OK || result != 42) return 8;
    plait_thread_free(thread);
    return 0; /* and exit does not wait for them either */
}

TEST(the_child_has_one_thread) {
    sleeper = plait_start(sleep_for_ever);
    ck_assert_ok(plait_event_wait(&asleep));
    (void)plait_thread_main();
    struct program program = program_run(in_child_of_main);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said, "");
    ck_assert(plait_thread_is_alive(sleeper));
    plait_event_set(&never);
    ck_assert_ok(plait_thread_result(sleeper, NULL));
    plait_thread_free(sleeper);
}

/* ---- who waits for the thread that forks ---- */

PLAIT_TASK(void, join_main) {
    if (plait_thread_join(plait_thread_main()) != PLAIT_CANCELLED) plait_raise(PLAIT_FAILED, NULL);
}
PLAIT_TASK(void, use_the_stack) {
    char filled[64 * 1024];
    memset(filled, 0x5a, sizeof filled);
    __asm__ volatile("" : : "r"(filled) : "memory");
}

/* Its threads are given the stacks of those that are gone. */
static int child_of_the_awaited(void) {
    for (int i = 0; i < 8; i++) {
        plait_thread *thread = plait_start(use_the_stack);
        if (plait_thread_join(thread) != PLAIT_OK) return 1;
        plait_thread_free(thread);
    }
    return 0; /* exit ends the main thread, for those who join it: nobody */
}

TEST(who_joined_the_forking_thread_is_forgotten) {
    if (PROGRAM_SANITIZED) return;
    plait_token *patience = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(patience);
    plait_thread *joiners[4];
    for (int i = 0; i < 4; i++) joiners[i] = plait_start(join_main);
    plait_token_leave(before);
    wait_until_asleep(4);
    struct program program = program_run(child_of_the_awaited);
    ck_assert_program_exit(program, 0);
    plait_cancel(patience);
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_thread_result(joiners[i], NULL));
        plait_thread_free(joiners[i]);
    }
    plait_token_free(patience);
}

/* ---- failures of before ---- */

PLAIT_TASK(void, fails) {
    plait_raise(PLAIT_FAILED, "nobody asked");
}

static int child_that_asks_nothing(void) {
    return 0;
}

TEST(failures_of_before_are_told_by_the_parent_alone) {
    plait_thread *thread = plait_start(fails);
    ck_assert_ok(plait_thread_join(thread));
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER)); /* its last doings are done, too */
    struct program program = program_run(child_that_asks_nothing);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said, "");
    ck_assert_status(plait_thread_result(thread, NULL), PLAIT_FAILED);
    plait_thread_free(thread);
}

/* ---- a thread that had not begun ---- */

static plait_thread *starting;

static int child_of_early_fork(void) {
    if (plait_thread_join(starting) != PLAIT_OK) return 1;
    (void)plait_thread_ident(starting); /* 0 if it had not begun; what matters is that this returns */
    (void)plait_thread_native_id(starting);
    plait_thread_free(starting);
    return 0;
}

/* On one CPU a new thread mostly does not run before its starter waits for something. */
TEST(the_numbers_of_a_thread_that_never_began_are_not_waited_for) {
    if (PROGRAM_SANITIZED) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    for (int i = 0; i < 20; i++) {
        int result = 0;
        starting = plait_start(plus_one, i);
        struct program program = program_run(child_of_early_fork);
        ck_assert_program_exit(program, 0);
        ck_assert_ok(plait_thread_result(starting, &result));
        ck_assert_int_eq(result, i + 1);
        plait_thread_free(starting);
    }
}

static int in_child_of_a_thread(void) {
    plait_thread *current = plait_thread_current();
    if (current != plait_thread_main()) return 1;
    if (plait_thread_active_count() != 1) return 2;
    if (plait_thread_native_id(current) != (uint32_t)getpid()) return 3;
    if (plait_thread_join(current) != PLAIT_DEADLOCK) return 4;
    return in_child_of_main();
}

PLAIT_TASK(int, fork_and_look) {
    struct program program = program_run(in_child_of_a_thread);
    return WIFEXITED(program.status) ? WEXITSTATUS(program.status) : -1;
}

TEST(the_forking_thread_is_the_childs_main_thread) {
    if (PROGRAM_SANITIZED) return;
    int found = -1;
    sleeper = plait_start(sleep_for_ever);
    ck_assert_ok(plait_event_wait(&asleep));
    plait_thread *thread = plait_start(fork_and_look);
    ck_assert_ok(plait_thread_result(thread, &found));
    ck_assert_int_eq(found, 0);
    plait_thread_free(thread);
    plait_event_set(&never);
    ck_assert_ok(plait_thread_join(sleeper));
    plait_thread_free(sleeper);
}

static int child_of_foreign(void) {
    return plait_thread_current() == plait_thread_main() && plait_thread_active_count() == 1 ? 0 : 1;
}

static void *fork_in_foreign(void *unused) {
    (void)unused;
    struct program program = program_run(child_of_foreign);
    return program.status == 0 ? NULL : &never;
}

TEST(a_foreign_thread_that_forks_is_main_too) {
    pthread_t thread;
    void *bad = &never;
    (void)plait_thread_current();
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_in_foreign, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &bad), 0);
    ck_assert_ptr_null(bad);
}

/* The thread's function returns in the child, where it is the main thread: the process ends well. */
PLAIT_TASK(pid_t, just_fork) {
    return fork();
}

TEST(a_task_that_forks_may_return_in_both) {
    if (PROGRAM_SANITIZED) return;
    pid_t child = 0;
    int status = -1;
    plait_thread *thread = plait_start(just_fork);
    ck_assert_ok(plait_thread_result(thread, &child));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_thread_free(thread);
}

/* Forks at any moment of other threads' starts and ends: no child may hang or crash. */
static plait_event stop;

PLAIT_TASK(void, start_and_end) {
    int result;
    while (!plait_event_is_set(&stop)) {
        plait_thread *thread = plait_start(plus_one, 1);
        if (!thread || plait_thread_result(thread, &result)) plait_raise(PLAIT_FAILED, NULL);
        plait_thread_free(thread);
    }
}

static int quick_child(void) {
    int result = 0;
    plait_thread *thread = plait_start(plus_one, 1);
    if (!thread || plait_thread_result(thread, &result) || result != 2) return 1;
    plait_thread_free(thread);
    return 0;
}

TEST(forks_at_any_moment) {
    if (PROGRAM_SANITIZED) return;
    plait_thread *busy[2] = {plait_start(start_and_end), plait_start(start_and_end)};
    for (int i = 0; i < 100 || stress_goes_on(); i++) {
        struct program program = program_run(quick_child);
        ck_assert_program_exit(program, 0);
    }
    plait_event_set(&stop);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(plait_thread_result(busy[i], NULL));
        plait_thread_free(busy[i]);
    }
}

/* How a pool of processes ends, and what is left: nothing, however its own process ends. */
#include "process/pool_support.h"
#include "support/kill.h"

#include <signal.h>
#include <sys/wait.h>

static struct book { int begun, ended, pids[4]; } * book;

static void get_ready(void) {
    book = process_shared(sizeof *book);
}

PLAIT_TASK(int, own_pid, (int, ignored)) {
    (void)ignored;
    return (int)getpid();
}
PLAIT_TASK(int, stay, (int, ignored)) {
    (void)ignored;
    book->pids[plait__add(&book->begun, 1) % 4] = (int)getpid();
    while (plait_sleep(1) != PLAIT_CANCELLED) {}
    plait__add(&book->ended, 1);
    return 5;
}
PLAIT_TASK(void, stay_deaf, (int, ignored)) {
    (void)ignored;
    book->pids[plait__add(&book->begun, 1) % 4] = (int)getpid();
    while (true) (void)plait_sleep(1);
}
PLAIT_TASK(void, write_down, (int, ignored)) {
    (void)ignored;
    (void)plait_sleep(0.001);
    plait__add(&book->ended, 1);
}

TEST(a_closed_pool_does_what_it_was_given) {
    get_ready();
    kill_nothing_left_begin();
    plait_pool *pool = process_pool(2, NULL);
    for (int i = 0; i < 50; i++) ck_assert_ok(plait_post(pool, write_down, i));
    ck_assert_status(plait_pool_join(pool), PLAIT_INVALID);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_fails(plait_submit(pool, own_pid, 0), PLAIT_SHUTDOWN, "shut down");
    ck_assert_ok(plait_pool_join(pool));
    ck_assert_int_eq(book->ended, 50);
    ck_assert_ok(plait_pool_join_until(pool, plait_after(0)));
    plait_pool_free(pool);
}

TEST(a_freed_pool_does_it_too) {
    get_ready();
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[20];
    for (int i = 0; i < 20; i++) futures[i] = plait_submit(pool, write_down, i);
    plait_pool_free(pool);
    for (int i = 0; i < 20; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    ck_assert_int_eq(book->ended, 20);
}

TEST(shutdown_cancels_what_has_not_begun) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *running = plait_submit(pool, stay, 0), *queued = plait_submit(pool, own_pid, 0);
    wait_for_word(&book->begun, 1);
    ck_assert_ok(plait_pool_shutdown(pool, false, true));
    ck_assert_status(plait_result(queued), PLAIT_CANCELLED);
    ck_assert_status(plait_pool_join_until(pool, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_pool_terminate(pool)); /* and that asks what runs to stop */
    int result = 0;
    ck_assert_ok(plait_result(running, &result));
    ck_assert_int_eq(result, 5);
    ck_assert_ok(plait_pool_join(pool));
    plait_future_free(running);
    plait_future_free(queued);
    plait_pool_free(pool);
}

static void end_them(plait_status (*end)(plait_pool *pool), const char *words) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[4];
    for (int i = 0; i < 4; i++) futures[i] = plait_submit(pool, stay_deaf, 0);
    wait_for_word(&book->begun, 2);
    ck_assert_ok(end(pool));
    int crashed = 0, cancelled = 0;
    for (int i = 0; i < 4; i++) {
        plait_status status = plait_result(futures[i]);
        crashed += status == PLAIT_CRASHED && strstr(plait_future_message(futures[i]), words);
        cancelled += status == PLAIT_CANCELLED;
        plait_future_free(futures[i]);
    }
    ck_assert_int_eq(crashed, 2);
    ck_assert_int_eq(cancelled, 2);
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

TEST(workers_are_terminated) {
    get_ready();
    end_them(plait_pool_terminate_workers, "SIGTERM");
}

TEST(workers_are_killed) {
    get_ready();
    end_them(plait_pool_kill_workers, "SIGKILL");
}

/* ---- the pool's own process ---- */

/* The workers that run have noted themselves. Nobody of theirs is left, soon. */
static void wait_until_gone(int count) {
    for (int i = 0; i < count; i++)
        while (kill(book->pids[i], 0) == 0) usleep(1000);
}

static void run_two(void *memory) {
    book = memory;
    plait_pool *pool = process_pool(2, NULL);
    (void)plait_post(pool, stay_deaf, 0);
    (void)plait_post(pool, stay_deaf, 0);
    while (true) pause();
}

TEST(workers_do_not_outlive_a_killed_parent) {
    kill_nothing_left_begin();
    book = kill_memory(sizeof *book);
    pid_t parent = kill_start(run_two, book);
    wait_for_word(&book->begun, 2);
    kill_now(parent);
    wait_until_gone(2);
    kill_nothing_left(NULL);
}

static void return_with_work(void *memory) {
    book = memory;
    plait_pool *pool = process_pool(2, NULL);
    for (int i = 0; i < 30; i++) (void)plait_post(pool, write_down, i);
    exit(0);
}

TEST(the_end_of_the_program_waits_for_what_was_handed_over) {
    kill_nothing_left_begin();
    book = kill_memory(sizeof *book);
    kill_join(kill_start(return_with_work, book), 30);
    ck_assert_int_eq(book->ended, 30);
    kill_nothing_left(NULL);
}

TEST(a_pool_is_broken_in_a_forked_child) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *future = plait_submit(pool, stay, 0);
    wait_for_word(&book->begun, 1);
    pid_t child = fork();
    if (child == 0) {
        bool right = plait_result(future) == PLAIT_BROKEN && plait_pool_close(pool) == PLAIT_BROKEN;
        plait_future *late = plait_submit(pool, own_pid, 0);
        right = right && plait_result(late) == PLAIT_BROKEN;
        plait_future_free(late);
        plait_future_cancel(future);
        _exit(right ? 0 : 1);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(plait_future_cancel(future));
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    process_pool_end(pool);
}

/* A terminal's Ctrl-C goes to the whole group: the workers leave it to their parent. */
TEST(an_interrupt_of_the_group_reaches_the_parent_alone) {
    get_ready();
    ck_assert_int_eq(setpgid(0, 0), 0);
    (void)signal(SIGINT, SIG_IGN);
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[20];
    for (int i = 0; i < 20; i++) {
        futures[i] = plait_submit(pool, write_down, i);
        ck_assert_int_eq(kill(-getpgrp(), SIGINT), 0);
    }
    for (int i = 0; i < 20; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    process_pool_end(pool);
}

TEST(wait_for_any_child_sees_none_of_the_workers) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_submit(pool, own_pid, 0);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    int status;
    ck_assert_int_eq(waitpid(-1, &status, WNOHANG), -1);
    process_pool_end(pool);
}

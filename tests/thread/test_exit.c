/* The end of the program, and plait_shutdown. Each program is a child process. */
#include "program.h"

#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <stdio.h>

static plait_event go, never;

/* Says a word when it is done; if the program did not wait the word is missing. */
PLAIT_TASK(void, say_later, (const char *, word), (double, seconds)) {
    plait_shield();
    plait_sleep(seconds);
    fprintf(stderr, "%s\n", word);
}
PLAIT_TASK(void, wait_for_ever) {
    plait_event_wait(&never);
}
PLAIT_TASK(int, call_exit, (int, status)) {
    exit(status);
}
PLAIT_TASK(void, join_main) {
    plait_thread_join(plait_thread_main());
    fprintf(stderr, "main has ended\n");
}
PLAIT_TASK(void, exit_on_go) {
    plait_event_wait(&go);
    exit(6);
}
PLAIT_TASK(void, join_other, (plait_thread *, other)) {
    plait_event_set(&go);
    plait_thread_join(other);
    fprintf(stderr, "%s\n", plait_thread_message(other));
}
PLAIT_TASK(int, fails, (int, code)) {
    plait_raise(code, "nobody asked");
    return 0;
}

static int leave_with_a_thread(void) {
    plait_thread_free(plait_start(say_later, "done", 0.05));
    return 3;
}

TEST(exit_waits_for_threads) {
    struct program program = program_run(leave_with_a_thread);
    ck_assert_program_exit(program, 3);
    ck_assert_str_eq(program.said, "done\n");
}

static int leave_with_a_daemon(void) {
    plait_thread_free(plait_start_with((&(plait_thread_options){.daemon = true}), wait_for_ever));
    return 4;
}

TEST(exit_leaves_daemons) {
    struct program program = program_run(leave_with_a_daemon);
    ck_assert_program_exit(program, 4);
    ck_assert_str_eq(program.said, "");
}

static int leave_from_a_thread(void) {
    plait_thread *thread = plait_start(call_exit, 5);
    plait_thread_join(thread); /* ends: a thread in exit counts as ended */
    plait_event_wait(&never);
    return 1;
}

TEST(a_thread_may_call_exit) {
    struct program program = program_run(leave_from_a_thread);
    ck_assert_program_exit(program, 5);
}

static void exit_with_nine(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
    exit(9);
}

static int leave_from_the_excepthook(void) {
    plait_excepthook_set(exit_with_nine, NULL);
    plait_thread_free(plait_start(fails, PLAIT_USER));
    plait_event_wait(&never);
    return 1;
}

TEST(the_excepthook_may_call_exit) {
    struct program program = program_run(leave_from_the_excepthook);
    ck_assert_program_exit(program, 9);
}

static int leave_while_another_joins(void) {
    plait_thread *thread = plait_start(exit_on_go);
    plait_thread_free(plait_start(join_other, thread));
    plait_event_wait(&never);
    return 1;
}

TEST(who_joins_a_thread_in_exit_goes_on) {
    struct program program = program_run(leave_while_another_joins);
    ck_assert_program_exit(program, 6);
    ck_assert_ptr_nonnull(strstr(program.said, "called exit"));
}

static int leave_while_main_is_joined(void) {
    plait_thread_free(plait_start(join_main));
    return 7;
}

TEST(who_joins_the_main_thread_goes_on_at_exit) {
    struct program program = program_run(leave_while_main_is_joined);
    ck_assert_program_exit(program, 7);
    ck_assert_str_eq(program.said, "main has ended\n");
}

static int leave_main_by_pthread_exit(void) {
    plait_thread_free(plait_start(join_main));
    pthread_exit(NULL);
}

/* (The thread sanitizer has a thread of its own, which keeps such a process alive.) */
TEST(main_may_leave_by_pthread_exit) {
    if (PROGRAM_SANITIZED) return;
    struct program program = program_run(leave_main_by_pthread_exit);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said, "main has ended\n");
}

/* Takes until somebody complains, and passes the complaint on. */
PLAIT_TASK(void, wait_for_words, (int, ear), (int, mouth)) {
    char letter = 0;
    while (letter != '\n' && read(ear, &letter, 1) == 1) dprintf(mouth, "%c", letter);
    dprintf(mouth, "done\n");
}

static int leave_with_a_slow_one(void) {
    int ends[2], mouth = dup(STDERR_FILENO);
    if (mouth < 0 || pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) return 1;
    plait_thread_free(
        plait_start_with((&(plait_thread_options){.name = "slow"}), wait_for_words, ends[0], mouth));
    return 0;
}

TEST(who_takes_long_is_named_once) {
    struct program program = program_run(leave_with_a_slow_one);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said,
                     "plait: the end of the program waits for thread slow (wait_for_words)\ndone\n");
}

static int leave_with_failures(void) {
    plait_thread *kept = plait_start(fails, PLAIT_USER), *read = plait_start(fails, PLAIT_USER + 1);
    if (plait_thread_result(read, NULL) != PLAIT_USER + 1) return 1;
    return plait_thread_join(kept); /* never freed */
}

TEST(a_failure_nobody_read_is_told_at_exit) {
    struct program program = program_run(leave_with_failures);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said, "plait: thread Thread-1 (fails): PLAIT_USER: nobody asked\n");
}

/* Many threads call exit at once, while others end. One of them ends the process, none hangs. */
static int leave_from_many(void) {
    for (int i = 0; i < 4; i++) {
        plait_thread_free(plait_start(call_exit, 8));
        plait_thread_free(plait_start(fails, PLAIT_USER));
    }
    return 8;
}

static void quiet(const plait_failure *failure, void *unused) {
    (void)failure;
    (void)unused;
}

TEST(many_leave_at_once) {
    plait_excepthook_set(quiet, NULL);
    for (int i = 0; i < 50; i++) {
        struct program program = program_run(leave_from_many);
        ck_assert_program_exit(program, 8);
    }
}

/* ---- plait_shutdown ---- */

PLAIT_TASK(int, shut_down) {
    return plait_shutdown(PLAIT_FOREVER);
}
PLAIT_TASK(void, wait_for_go) {
    plait_event_wait(&go);
}

TEST(shutdown_is_bounded_and_can_be_repeated) {
    plait_thread *thread = plait_start(wait_for_go);
    ck_assert_status(plait_shutdown(PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_shutdown(plait_after(0.01)), PLAIT_TIMEOUT);
    plait_event_set(&go);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert(!plait_thread_is_alive(thread));
    ck_assert_ok(plait_shutdown(PLAIT_NOW));
    plait_thread_free(thread);
}

TEST(two_that_shut_down_do_not_wait_for_each_other) {
    int status = -1;
    plait_thread *one = plait_start(shut_down), *other = plait_start(shut_down);
    ck_assert_ok(plait_thread_result(one, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    ck_assert_ok(plait_thread_result(other, &status));
    ck_assert_int_eq(status, PLAIT_OK);
    plait_thread_free(one);
    plait_thread_free(other);
}

TEST(shutdown_cannot_be_cancelled) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_cancel(token);
    plait_thread_free(plait_start(say_later, "done", 0.01));
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    plait_token_leave(before);
    plait_token_free(token);
}

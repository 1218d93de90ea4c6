/* Ctrl-C. Each program is a child process. */
#include "program.h"
#include "support/faults.h"

#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static plait_event never;

static int clean_up_after_ctrl_c(void) {
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    kill(getpid(), SIGINT);
    if (plait_event_wait(&never) != PLAIT_CANCELLED) return 2;
    if (!plait_cancelled() || !plait_token_cancelled(plait_token_root())) return 3;
    {
        plait_shield();
        if (plait_event_wait_until(&never, plait_after(0.005)) != PLAIT_TIMEOUT) return 4;
    }
    return 0;
}

TEST(the_first_cancels_every_wait_and_a_shield_holds) {
    struct program program = program_run(clean_up_after_ctrl_c);
    ck_assert_program_exit(program, 0);
}

PLAIT_TASK(int, wait_in_a_thread) {
    return plait_event_wait(&never);
}

static int threads_leave(void) {
    plait_thread *threads[4];
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    for (int i = 0; i < 4; i++) threads[i] = plait_start(wait_in_a_thread);
    if (plait_interrupt_main() != PLAIT_OK) return 2;
    plait_shield();
    for (int i = 0; i < 4; i++) {
        int status = -1;
        if (plait_thread_result(threads[i], &status) || status != PLAIT_CANCELLED) return 3;
        plait_thread_free(threads[i]);
    }
    return 0;
}

TEST(threads_leave_their_waits) {
    struct program program = program_run(threads_leave);
    ck_assert_program_exit(program, 0);
}

static int second_kills(void) {
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    raise(SIGINT);
    (void)plait_event_wait(&never);
    raise(SIGINT);
    return 2;
}

TEST(the_second_kills_by_sigint) {
    struct program program = program_run(second_kills);
    ck_assert(WIFSIGNALED(program.status));
    ck_assert_int_eq(WTERMSIG(program.status), SIGINT);
}

static int caught;
static void catch_signal(int number) {
    caught = number;
}

static int uninstalled(void) {
    signal(SIGINT, catch_signal);
    for (int i = 0; i < 2; i++)
        if (plait_interrupt_install() != PLAIT_OK) return 1;
    plait_interrupt_uninstall();
    plait_interrupt_uninstall();
    raise(SIGINT);
    if (caught != SIGINT) return 2;
    return plait_token_cancelled(plait_token_root()) ? 3 : 0;
}

TEST(uninstalling_brings_back_what_was) {
    struct program program = program_run(uninstalled);
    ck_assert_program_exit(program, 0);
}

static int uninstalled_after_one(void) {
    signal(SIGINT, catch_signal);
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    raise(SIGINT);
    plait_interrupt_uninstall();
    raise(SIGINT);
    return caught == SIGINT ? 0 : 2;
}

TEST(uninstalling_works_after_the_first_too) {
    struct program program = program_run(uninstalled_after_one);
    ck_assert_program_exit(program, 0);
}

static int ignored(void) {
    signal(SIGINT, SIG_IGN);
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    raise(SIGINT);
    return plait_interrupt_main() == PLAIT_INVALID ? 0 : 2;
}

TEST(an_ignored_signal_stays_ignored) {
    struct program program = program_run(ignored);
    ck_assert_program_exit(program, 0);
}

TEST(interrupting_without_installing_is_refused) {
    ck_assert_status(plait_interrupt_main(), PLAIT_INVALID);
}

/* In the child of a fork the parent's handler is gone; it may have its own. */
static int forked(void) {
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    struct program killed = program_run(second_kills); /* installs anew: first cancels, second kills */
    if (!WIFSIGNALED(killed.status)) return 2;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGINT);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) return 3;
    return plait_token_cancelled(plait_token_root()) ? 4 : 0; /* the parent has noticed nothing */
}

TEST(a_fork_begins_anew) {
    if (PROGRAM_SANITIZED) return;
    struct program program = program_run(forked);
    ck_assert_program_exit(program, 0);
}

static plait_status install_and_uninstall(void) {
    signal(SIGINT, SIG_DFL); /* ignored, it would stay so and nothing be installed */
    plait_status status = plait_interrupt_install();
    plait_interrupt_uninstall();
    return status;
}

TEST(installing_survives_lack_of_memory) {
    fault_every(install_and_uninstall);
}

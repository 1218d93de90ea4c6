/* Leaving: the end of the program with processes, Ctrl-C, what stdio holds, and exit handlers. Each program is a child
 * process of the test's. */
#include "../thread/program.h"
#include "support/proc.h"

#include <fcntl.h>
#include <plait.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

/* Says a word when its time has come. */
PLAIT_TASK(void, say_later, (const char *, word), (double, seconds)) {
    plait_sleep(seconds);
    fprintf(stderr, "%s\n", word);
}
PLAIT_TASK(void, waits_for_ever) {
    for (;;) pause();
}
PLAIT_TASK(void, stays) {
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
}
PLAIT_TASK(void, nothing) {}
PLAIT_TASK(void, print, (const char *, text)) {
    printf("%s", text);
}
PLAIT_TASK(void, starts_a_thread) {
    plait_thread_free(plait_start(say_later, "thread", 0.02));
}
PLAIT_TASK(void, starts_a_process) {
    plait_process_free(plait_process_start(say_later, "grandchild", 0.02));
}
static void child_handler(void) {
    fprintf(stderr, "the process's handler\n");
}
PLAIT_TASK(void, registers, (bool, exits)) {
    atexit(child_handler);
    if (exits) exit(0);
}

/* ---- exit waits, or ends ---- */

static int leave_with_a_process(void) {
    plait_process_free(plait_process_start(say_later, "done", 0.05));
    return 3;
}

TEST(exit_waits_for_processes_also_for_those_let_go) {
    struct program program = program_run(leave_with_a_process);
    ck_assert_program_exit(program, 3);
    ck_assert_str_eq(program.said, "done\n");
}

static int leave_with_daemons(void) {
    static const plait_process_options daemon = {.daemon = true};
    plait_process *one = plait_process_start_with(&daemon, waits_for_ever);
    plait_process *other = plait_process_start(say_later, "done", 0.05);
    fprintf(stderr, "%d %d\n", plait_process_pid(one), (int)proc_of(plait_process_pid(one)).parent);
    return other ? 4 : 5;
}

TEST(exit_ends_daemons_and_the_server) {
    struct program program = program_run(leave_with_daemons);
    int daemon = 0, server = 0;
    ck_assert_program_exit(program, 4);
    ck_assert_int_eq(sscanf(program.said, "%d %d\ndone\n", &daemon, &server), 2);
    /* Not only ended, but reaped, for the program has waited for that. */
    ck_assert_int_eq(proc_of(daemon).state, 0);
    ck_assert_int_eq(proc_of(server).state, 0);
}

static int leave_with_a_stubborn_one(void) {
    plait_process *process = plait_process_start_with((&(plait_process_options){.daemon = true}), stays);
    while (!(proc_signals(plait_process_pid(process), "SigIgn:") & 1ull << (SIGTERM - 1))) sched_yield();
    return 5;
}

TEST(a_daemon_that_will_not_end_is_killed) {
    struct program program = program_run(leave_with_a_stubborn_one);
    ck_assert_program_exit(program, 5);
}

PLAIT_TASK(void, wait_for_words, (int, ear)) {
    char letter = 0;
    while (letter != '\n' && read(ear, &letter, 1) == 1) {}
}

/* Takes until somebody complains. By fork, which has the descriptor. */
static int leave_with_a_slow_one(void) {
    int ends[2], mouth = dup(STDERR_FILENO);
    static const plait_process_options by_fork = {.name = "slow", .method = PLAIT_START_FORK};
    if (mouth < 0 || pipe(ends) != 0) return 1;
    plait_process *process = plait_process_start_with(&by_fork, wait_for_words, ends[0]);
    close(ends[0]);
    if (!process || dup2(ends[1], STDERR_FILENO) < 0) return 2;
    close(ends[1]);
    return 0;
}

TEST(who_takes_long_is_named) {
    struct program program = program_run(leave_with_a_slow_one);
    ck_assert_program_exit(program, 0);
}

static int leave_with_threads_and_processes_below(void) {
    plait_process *one = plait_process_start(starts_a_thread), *other = plait_process_start(starts_a_process);
    if (plait_process_join(one) || plait_process_join(other)) return 1;
    fprintf(stderr, "joined\n");
    plait_process_free(one);
    plait_process_free(other);
    return 0;
}

TEST(a_process_waits_for_its_threads_and_processes) {
    struct program program = program_run(leave_with_threads_and_processes_below);
    ck_assert_program_exit(program, 0);
    ck_assert_msg(strstr(program.said, "thread\n"), "%s", program.said);
    ck_assert_msg(strstr(program.said, "grandchild\n"), "%s", program.said);
    ck_assert_ptr_nonnull(strstr(program.said, "joined\n"));
    ck_assert(strstr(program.said, "joined\n") > strstr(program.said, "grandchild\n"));
}

/* ---- handlers and buffers ---- */

static void program_handler(void) {
    fprintf(stderr, "the program's handler\n");
}

static int leave_with_handlers(void) {
    atexit(program_handler);
    static const plait_process_options by_fork = {.method = PLAIT_START_FORK};
    for (int exits = 0; exits < 2; exits++) {
        plait_process *process = plait_process_start(registers, exits);
        if (plait_process_join(process)) return 1;
        plait_process_free(process);
        process = plait_process_start_with(&by_fork, registers, exits);
        if (plait_process_join(process)) return 1;
        plait_process_free(process);
    }
    return 0;
}

static int count(const char *text, const char *word) {
    int found = 0;
    for (; (text = strstr(text, word)); text++) found++;
    return found;
}

TEST(a_process_runs_its_own_exit_handlers_only) {
    struct program program = program_run(leave_with_handlers);
    ck_assert_program_exit(program, 0);
    ck_assert_int_eq(count(program.said, "the process's handler"), 4);
    ck_assert_int_eq(count(program.said, "the program's handler"), 1);
}

static int leave_with_full_buffers(void) {
    static const plait_process_options by_fork = {.method = PLAIT_START_FORK};
    dup2(STDERR_FILENO, STDOUT_FILENO);
    setvbuf(stdout, NULL, _IOFBF, 4096);
    printf("program 1\n");
    plait_process *process = plait_process_start(print, "process 1\n");
    if (plait_process_join(process)) return 1;
    plait_process_free(process);
    printf("program 2\n");
    process = plait_process_start_with(&by_fork, print, "process 2\n");
    if (plait_process_join(process)) return 1;
    plait_process_free(process);
    printf("program 3\n");
    return 0;
}

TEST(what_stdio_holds_is_written_once) {
    struct program program = program_run(leave_with_full_buffers);
    ck_assert_program_exit(program, 0);
    ck_assert_str_eq(program.said, "program 1\nprocess 1\nprogram 2\nprocess 2\nprogram 3\n");
}

static int leave_with_a_failure(void) {
    plait_process_free(plait_process_start(waits_for_ever));
    plait_process *all[1];
    if (plait_process_enumerate(all, 1) != 1) return 1;
    kill(plait_process_pid(all[0]), SIGUSR1);
    plait_process_free(all[0]);
    return 0;
}

TEST(a_crash_nobody_read_is_told_at_exit) {
    struct program program = program_run(leave_with_a_failure);
    ck_assert_program_exit(program, 0);
    ck_assert_msg(strstr(program.said, "was killed by SIGUSR1"), "%s", program.said);
}

/* ---- Ctrl-C in a terminal ---- */

static plait_process *ready_processes[3];

static int enter_terminal(int terminal, bool installs) {
    static const int of_terminals[] = {SIGINT, SIGQUIT, SIGHUP};
    for (int i = 0; i < 3; i++)
        (void)signal(of_terminals[i], SIG_DFL); /* ignored, if the tests run in the background */
    if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) return 10;
    for (int i = 0; i < 3; i++) dup2(terminal, i);
    if (plait_process_setup(0, NULL) != PLAIT_OK) return 11;
    if (installs && plait_interrupt_install() != PLAIT_OK) return 12;
    return 0;
}

PLAIT_TASK(int, waits_for_cancel, (const char *, path)) {
    static plait_event never;
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (write(file, "r", 1) != 1) return 1;
    return plait_event_wait(&never) == PLAIT_CANCELLED ? 42 : 2;
}

struct terminal {
    pid_t program;
    int master;
    pid_t processes[3];
};

static int run_in_terminal(int slave, bool installs, int mouth) {
    int ends[2], failed = enter_terminal(slave, installs);
    char path[64], byte;
    if (failed || pipe(ends) != 0) return failed ? failed : 13;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), ends[1]);
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        ready_processes[i] = plait_process_start(waits_for_cancel, path);
        pids[i] = plait_process_pid(ready_processes[i]);
        if (read(ends[0], &byte, 1) != 1) return 14;
    }
    static plait_event never;
    if (write(mouth, pids, sizeof pids) != sizeof pids) return 15;
    if (plait_event_wait(&never) != PLAIT_CANCELLED) return 16;
    plait_shield_enter();
    for (int i = 0; i < 3; i++) {
        int result = 0;
        if (plait_process_result(ready_processes[i], &result) || result != 42) return 20 + i;
        plait_process_free(ready_processes[i]);
    }
    plait_shield_leave();
    return 0;
}

static struct terminal terminal_begin(bool installs) {
    struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    int ends[2];
    ck_assert_int_ge(terminal.master, 0);
    ck_assert_int_eq(grantpt(terminal.master), 0);
    ck_assert_int_eq(unlockpt(terminal.master), 0);
    const char *name = ptsname(terminal.master);
    ck_assert_int_eq(pipe(ends), 0);
    terminal.program = fork();
    ck_assert_int_ge(terminal.program, 0);
    if (terminal.program == 0) {
        int slave = open(name, O_RDWR | O_NOCTTY);
        close(ends[0]);
        close(terminal.master);
        exit(run_in_terminal(slave, installs, ends[1]));
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], terminal.processes, sizeof terminal.processes), sizeof terminal.processes);
    close(ends[0]);
    return terminal;
}

/* Returns how the program has ended. */
static int press_and_wait(struct terminal *terminal, char key) {
    int status;
    ck_assert_int_eq(write(terminal->master, &key, 1), 1);
    ck_assert_int_eq(waitpid(terminal->program, &status, 0), terminal->program);
    for (int i = 0; i < 3; i++) proc_wait_for_end(terminal->processes[i]);
    close(terminal->master);
    return status;
}

enum { CTRL_C = 3 };

TEST(ctrl_c_kills_a_program_and_its_processes) {
    struct terminal terminal = terminal_begin(false);
    int status = press_and_wait(&terminal, CTRL_C);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGINT);
}

TEST(ctrl_c_cancels_where_it_is_installed_there_and_in_the_processes) {
    struct terminal terminal = terminal_begin(true);
    int status = press_and_wait(&terminal, CTRL_C);
    ck_assert_msg(WIFEXITED(status), "status %x", (unsigned)status);
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

TEST(a_terminal_that_hangs_up_leaves_nobody) {
    struct terminal terminal = terminal_begin(false);
    close(terminal.master);
    int status;
    ck_assert_int_eq(waitpid(terminal.program, &status, 0), terminal.program);
    ck_assert_int_eq(WTERMSIG(status), SIGHUP);
    for (int i = 0; i < 3; i++) proc_wait_for_end(terminal.processes[i]);
}

/* A signal for the whole group that the program survives is not there for the next process. */
static int survive_and_start(void) {
    setpgid(0, 0);
    plait_process *process = plait_process_start(waits_for_ever);
    pid_t server = proc_of(plait_process_pid(process)).parent;
    if (plait_process_kill(process) || plait_process_join(process)) return 1;
    proc_wait_for_end(plait_process_pid(process));
    plait_process_free(process);
    struct sigaction before, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGUSR1, &ignore, &before);
    pid_t spare = proc_child_but(server, 0);
    kill(0, SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
    while (proc_signals(spare, "ShdPnd:")) sched_yield();
    process = plait_process_start(nothing);
    plait_status status = plait_process_result(process, NULL);
    plait_process_free(process);
    return status;
}

TEST(a_signal_from_before_is_not_for_the_next_process) {
    struct program program = program_run(survive_and_start);
    ck_assert_program_exit(program, 0);
}

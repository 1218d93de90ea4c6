/* No process survives the program that started it, whatever ends that program, or the server; and none ends for the
 * end of something else. */
#include "support/proc.h"
#include "support/test.h"

#include <base/os_process.h>
#include <plait.h>
#include <process/start.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 3 };

PLAIT_TASK(void, waits_for_ever) {
    for (;;) pause();
}
PLAIT_TASK(void, starts_and_waits, (int, mouth)) {
    plait_process *process = plait_process_start(waits_for_ever);
    int pid = plait_process_pid(process);
    if (write(mouth, &pid, sizeof pid) == sizeof pid) (void)plait_process_join(process);
}

/* A program in a child of the test's, and the numbers of its processes and of its server. */
struct program {
    pid_t pid;
    pid_t processes[MANY + 1];
};

static void report(int mouth, const pid_t *pids, size_t size) {
    if (write(mouth, pids, size) != (ssize_t)size) _exit(1);
}

static plait_process *started[MANY];

static void start_them(int mouth) {
    pid_t pids[MANY + 1];
    for (int i = 0; i < MANY; i++) {
        started[i] = plait_process_start(waits_for_ever);
        pids[i] = plait_process_pid(started[i]);
    }
    pids[MANY] = proc_of(pids[0]).parent;
    report(mouth, pids, sizeof pids);
}

static struct program program_run(void (*body)(int mouth)) {
    struct program program;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    program.pid = fork();
    ck_assert_int_ge(program.pid, 0);
    if (program.pid == 0) {
        close(ends[0]);
        body(ends[1]);
        for (;;) pause();
    }
    close(ends[1]);
    for (size_t i = 0; i <= MANY; i++)
        ck_assert_int_eq(read(ends[0], &program.processes[i], sizeof(pid_t)), sizeof(pid_t));
    close(ends[0]);
    for (size_t i = 0; i <= MANY; i++) ck_assert(!proc_has_ended(program.processes[i]));
    return program;
}

static void ends_with(struct program *program, int number) {
    ck_assert_int_eq(kill(program->pid, number), 0);
    ck_assert_int_eq(waitpid(program->pid, NULL, 0), program->pid);
    for (size_t i = 0; i <= MANY; i++) proc_wait_for_end(program->processes[i]);
}

TEST(they_end_with_the_killed_program) {
    struct program program = program_run(start_them);
    ends_with(&program, SIGKILL);
}

TEST(they_end_with_a_program_that_a_signal_ends) {
    struct program program = program_run(start_them);
    ends_with(&program, SIGTERM);
}

TEST(they_end_with_a_program_that_was_stopped) {
    struct program program = program_run(start_them);
    ck_assert_int_eq(kill(program.pid, SIGSTOP), 0);
    while (proc_of(program.pid).state != 'T') sched_yield();
    ends_with(&program, SIGKILL);
}

/* Its fork has the program's end of every socket. */
static void start_them_and_fork(int mouth) {
    if (plait_process_setup(0, NULL) != PLAIT_OK) _exit(1);
    pid_t child = fork();
    if (child == 0) {
        close(mouth);
        for (;;) pause();
    }
    pid_t pids[MANY + 1];
    for (int i = 0; i < MANY; i++) pids[i] = plait_process_pid(plait_process_start(waits_for_ever));
    pid_t second = plait__os_fork_hidden(); /* of which plait does not know */
    if (second == 0) {
        close(mouth);
        for (;;) pause();
    }
    pids[MANY] = proc_of(pids[0]).parent;
    pids[0] = child;
    pids[1] = second;
    report(mouth, pids, sizeof pids);
}

TEST(they_end_though_forks_of_the_program_live) {
    struct program program = program_run(start_them_and_fork);
    ck_assert_int_eq(kill(program.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(program.pid, NULL, 0), program.pid);
    proc_wait_for_end(program.processes[2]);
    proc_wait_for_end(program.processes[MANY]);
    ck_assert(!proc_has_ended(program.processes[0]));
    kill(program.processes[0], SIGKILL);
    kill(program.processes[1], SIGKILL);
}

static void start_a_chain(int mouth) {
    int ends[2];
    pid_t pids[MANY + 1];
    if (pipe(ends) != 0) _exit(1);
    /* By fork, which has the descriptor; what that one starts has a server of its own. */
    plait_process *process = plait_process_start_with((&(plait_process_options){.method = PLAIT_START_FORK}),
                                                      starts_and_waits, ends[1]);
    pids[0] = plait_process_pid(process);
    if (read(ends[0], &pids[1], sizeof(int)) != sizeof(int)) _exit(1);
    pids[2] = proc_of(pids[1]).parent;
    pids[3] = pids[0];
    report(mouth, pids, sizeof pids);
}

TEST(what_processes_have_started_ends_too) {
    struct program program = program_run(start_a_chain);
    ends_with(&program, SIGKILL);
}

/* ---- the server ---- */

static pid_t server_of(plait_process *process) {
    return proc_of(plait_process_pid(process)).parent;
}

TEST(processes_end_with_a_killed_server_and_there_can_be_another) {
    int code = 0;
    plait_process *process = plait_process_start(waits_for_ever);
    ck_assert_int_eq(kill(server_of(process), SIGKILL), 0);
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_exit_code(process, &code));
    ck_assert_int_eq(code, -SIGKILL);
    proc_wait_for_end(plait_process_pid(process));
    plait_process_free(process);
    do { /* one may be a spare that is about to be killed */
        process = plait_process_start(waits_for_ever);
        ck_assert_ptr_nonnull(process);
        bool lives = plait_process_join_until(process, plait_after(0.01)) == PLAIT_TIMEOUT;
        ck_assert_ok(plait_process_kill(process));
        ck_assert_ok(plait_process_join(process));
        plait_process_free(process);
        if (lives) break;
    } while (true);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nor is the server a zombie that anyone sees */
}

static plait_event leave;
PLAIT_TASK(void, wait_for_leave) {
    plait_event_wait(&leave);
}

TEST(without_a_server_beside_threads_nothing_starts) {
    plait_process *process = plait_process_start(waits_for_ever);
    plait_thread *thread = plait_start(wait_for_leave);
    ck_assert_int_eq(kill(server_of(process), SIGKILL), 0);
    ck_assert_ok(plait_process_join(process));
    /* One may be a spare that is about to be killed. */
    for (plait_process *last; (last = plait_process_start(waits_for_ever)) != NULL;
         plait_process_free(last)) {
        ck_assert_ok(plait_process_kill(last));
        ck_assert_ok(plait_process_join(last));
    }
    ck_assert_int_eq(plait_last_error(), PLAIT_BROKEN);
    ck_assert_msg(strstr(plait_last_message(), "killed"), "%s", plait_last_message());
    plait_event_set(&leave);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
    plait_process_free(process);
}

TEST(a_spare_that_is_killed_is_replaced) {
    plait_process *first = plait_process_start(waits_for_ever);
    pid_t server = server_of(first), spare = 0;
    while (!spare) /* what the server has besides the process */
        for (pid_t pid = plait_process_pid(first) + 1; pid < plait_process_pid(first) + 50; pid++)
            if (proc_of(pid).parent == server) spare = pid;
    ck_assert_int_eq(kill(spare, SIGKILL), 0);
    proc_wait_for_end(spare);
    plait_process *second = plait_process_start(waits_for_ever);
    ck_assert_ptr_nonnull(second);
    ck_assert(plait_process_is_alive(second));
    ck_assert_ok(plait_process_kill(first));
    ck_assert_ok(plait_process_kill(second));
    plait_process_free(first);
    plait_process_free(second);
}

/* ---- what must not end them ---- */

PLAIT_TASK(plait_process *, start_one, (plait_start_method, method)) {
    return plait_process_start_with((&(plait_process_options){.method = method, .force = true}),
                                    waits_for_ever);
}

static void outlives_its_thread(plait_start_method method) {
    plait_process *process = NULL;
    int code = 0;
    plait_thread *thread = plait_start(start_one, method);
    pid_t tid = (pid_t)plait_thread_native_id(thread);
    ck_assert_ok(plait_thread_result(thread, &process));
    plait_thread_free(thread);
    ck_assert_ptr_nonnull(process);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d", (int)tid);
    while (access(path, F_OK) == 0) sched_yield();
    ck_assert_status(plait_process_join_until(process, plait_after(0.02)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_process_kill(process));
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_exit_code(process, &code));
    ck_assert_int_eq(code, -SIGKILL);
    plait_process_free(process);
}

TEST(a_process_outlives_the_thread_that_started_it) {
    ck_assert_ok(plait_process_setup(0, NULL));
    outlives_its_thread(PLAIT_START_FORKSERVER);
    outlives_its_thread(PLAIT_START_FORK);
}

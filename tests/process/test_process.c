/* Processes of the program's: what they run, how they end, and what is told of it. */
#include "support/faults.h"
#include "support/kill.h"
#include "support/proc.h"
#include "support/test.h"

#include <errno.h>
#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

PLAIT_TASK(long, add, (long, a), (int, b)) {
    return a + b;
}
PLAIT_TASK(const char *, twice, (const char *, text), (plait_bytes, more)) {
    static char room[1 << 20];
    if (!text) return NULL;
    int length = snprintf(room, sizeof room, "%s%s", text, text);
    memcpy(room + length, more.data, more.size);
    return room;
}
PLAIT_TASK(void, nothing) {}
PLAIT_TASK(int, fails, (int, code), (const char *, why)) {
    if (*why)
        plait_raise(code, "%s", why);
    else
        plait_raise(code, NULL);
    return 5;
}
PLAIT_TASK(void, calls_exit, (int, code)) {
    exit(code);
}
PLAIT_TASK(void, calls_quick_exit, (int, code)) {
    _exit(code);
}
PLAIT_TASK(void, leaves_early) {
    pthread_exit(NULL);
}
PLAIT_TASK(void, signals_itself, (int, number)) {
    raise(number);
    for (;;) pause();
}
PLAIT_TASK(void, waits_for_ever) {
    for (;;) pause();
}
PLAIT_TASK(void, takes_pointer, (int, harmless), (int *, secret)) {
    if (secret) *secret = harmless;
}
PLAIT_TASK(void, executes, (const char *, program)) {
    execl(program, program, (char *)NULL);
}

static int code_of(plait_process *process) {
    int code = 1000;
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_exit_code(process, &code));
    plait_process_free(process);
    return code;
}

/* ---- results ---- */

TEST(a_task_gives_its_result) {
    long sum = 0;
    plait_process *process = plait_process_start(add, 40, .b = 2);
    ck_assert_ptr_nonnull(process);
    ck_assert_ok(plait_process_result(process, &sum));
    ck_assert_int_eq(sum, 42);
    sum = 0;
    ck_assert_ok(plait_process_result(process, &sum));
    ck_assert_int_eq(sum, 42);
    int wrong;
    ck_assert_status(plait_process_result(process, &wrong), PLAIT_INVALID);
    ck_assert_str_eq(plait_process_message(process), "");
    ck_assert(!plait_process_is_alive(process));
    ck_assert_int_eq(code_of(process), 0);
    process = plait_process_start(nothing);
    ck_assert_ok(plait_process_result(process, NULL));
    plait_process_free(process);
}

static void travels(size_t size) {
    char *text = malloc(size + 1), *expected = malloc(2 * size + 4);
    memset(text, 'a', size);
    text[size] = '\0';
    snprintf(expected, 2 * size + 4, "%s%sxyz", text, text);
    const char *back = NULL;
    plait_process *process = plait_process_start(twice, text, ((plait_bytes){"xyz", 4}));
    ck_assert_ptr_nonnull(process);
    ck_assert_ok(plait_process_result(process, &back));
    ck_assert_str_eq(back, expected);
    plait_process_free(process);
    free(text);
    free(expected);
}

TEST(strings_and_bytes_travel_whatever_their_size) {
    travels(0);
    travels(10);
    travels(500);
    travels(5000);
    travels(300000);
    const char *back = "not this";
    plait_process *process = plait_process_start(twice);
    ck_assert_ok(plait_process_result(process, &back));
    ck_assert_ptr_null(back);
    plait_process_free(process);
}

struct pair {
    int first;
    char text[20000];
};

static int sum_up(void *data) {
    struct pair *pair = data;
    pair->text[0] = 'x'; /* it is the process's own */
    return pair->first + (int)strlen(pair->text);
}
static int has_no_data(void *data) {
    return data ? 9 : -3;
}

TEST(an_untyped_function_works_on_a_copy_and_gives_its_exit_code) {
    static struct pair pair = {7, "abc"};
    int code;
    plait_process *process = plait_process_new(NULL, sum_up, &pair, sizeof pair);
    ck_assert_ok(plait_process_result(process, &code));
    ck_assert_int_eq(code, 10);
    ck_assert_int_eq(code_of(process), 10);
    ck_assert_str_eq(pair.text, "abc");
    ck_assert_int_eq(code_of(plait_process_new(NULL, has_no_data, NULL, 0)), 253);
}

/* ---- failures ---- */

TEST(a_failure_comes_back_with_its_words) {
    plait_process *process = plait_process_start(fails, PLAIT_USER + 3, "too much");
    ck_assert_status(plait_process_result(process, NULL), PLAIT_USER + 3);
    ck_assert_str_eq(plait_process_message(process), "too much");
    ck_assert_int_eq(code_of(process), 1);
    process = plait_process_start(fails, PLAIT_TIMEOUT, "");
    ck_assert_status(plait_process_result(process, NULL), PLAIT_TIMEOUT);
    ck_assert_str_eq(plait_process_message(process), plait_status_text(PLAIT_TIMEOUT));
    plait_process_free(process);
}

static char told[300];
static plait_status told_status;
static void remember(const plait_failure *failure, void *unused) {
    (void)unused;
    told_status = failure->status;
    snprintf(told, sizeof told, "%s|%s|%s", failure->thread, failure->task ? failure->task : "",
             failure->message);
}

TEST(a_failure_nobody_reads_goes_to_the_excepthook) {
    plait_excepthook_set(remember, NULL);
    plait_process *process = plait_process_start(fails, PLAIT_USER, "unread");
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    ck_assert_str_eq(told, "Process-1|fails|unread");
    process = plait_process_start_with((&(plait_process_options){.name = "crasher"}), signals_itself,
                                       SIGUSR1);
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    ck_assert_int_eq(told_status, PLAIT_CRASHED);
    ck_assert_ptr_nonnull(strstr(told, "process crasher was killed by SIGUSR1"));
    *told = '\0';
    process = plait_process_start(waits_for_ever); /* whoever kills it knows */
    ck_assert_ok(plait_process_kill(process));
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    process = plait_process_start(calls_exit, 3);
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    ck_assert_str_eq(told, "");
}

TEST(every_end_has_its_exit_code_and_words) {
    ck_assert_int_eq(code_of(plait_process_start(calls_exit, 3)), 3);
    ck_assert_int_eq(code_of(plait_process_start(calls_quick_exit, 4)), 4);
    ck_assert_int_eq(code_of(plait_process_start(leaves_early)), 1);
    ck_assert_int_eq(code_of(plait_process_start(signals_itself, SIGABRT)), -SIGABRT);
    ck_assert_int_eq(code_of(plait_process_start(signals_itself, SIGKILL)), -SIGKILL);
    ck_assert_int_eq(code_of(plait_process_start(executes, "/bin/false")), 1);

    plait_process *process = plait_process_start(calls_exit, 3);
    ck_assert_status(plait_process_result(process, NULL), PLAIT_FAILED);
    ck_assert_str_eq(plait_process_message(process), "the task called exit(3)");
    plait_process_free(process);
    process = plait_process_start(calls_quick_exit, 4);
    ck_assert_status(plait_process_result(process, NULL), PLAIT_CRASHED);
    ck_assert_ptr_nonnull(
        strstr(plait_process_message(process), "before its task was done, with exit code 4"));
    plait_process_free(process);
    process = plait_process_start(leaves_early);
    ck_assert_status(plait_process_result(process, NULL), PLAIT_FAILED);
    ck_assert_str_eq(plait_process_message(process), "the task was left by pthread_exit");
    plait_process_free(process);
    process = plait_process_start(signals_itself, SIGTERM);
    ck_assert_status(plait_process_result(process, NULL), PLAIT_CRASHED);
    ck_assert_ptr_nonnull(strstr(plait_process_message(process), "was killed by SIGTERM"));
    plait_process_free(process);
}

TEST(what_makes_no_sense_is_refused) {
    ck_assert_ptr_null(plait_process_start(takes_pointer, 1));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_last_message(), "secret"), "%s", plait_last_message());
    ck_assert_ptr_null(plait_process_start_task(NULL, NULL, NULL));
    ck_assert_ptr_null(plait_process_new(NULL, NULL, NULL, 0));
    ck_assert_ptr_null(plait_process_new(NULL, sum_up, NULL, 4));
    ck_assert_status(plait_process_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_exit_code(NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_kill(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_result(NULL, NULL), PLAIT_INVALID);
    ck_assert_str_eq(plait_process_message(NULL), "");
    ck_assert_int_eq(plait_process_pid(NULL), 0);
    ck_assert(!plait_process_is_alive(NULL));
    plait_process_free(NULL);
}

/* ---- names and signals ---- */

TEST(a_process_has_a_name_a_number_and_lives) {
    plait_process *process = plait_process_start_with(
        (&(plait_process_options){.name = "the waiter", .daemon = true}), waits_for_ever);
    char path[64], shown[64] = "";
    int code;
    snprintf(path, sizeof path, "/proc/%d/comm", plait_process_pid(process));
    while (!strstr(shown, "the waiter")) {
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        ck_assert_ptr_nonnull(fgets(shown, sizeof shown, file));
        fclose(file);
    }
    ck_assert_str_eq(plait_process_name(process), "the waiter");
    ck_assert(plait_process_daemon(process));
    ck_assert(plait_process_is_alive(process));
    ck_assert_str_eq(plait_process_message(process), "");
    ck_assert_status(plait_process_exit_code(process, &code), PLAIT_BUSY);
    ck_assert_status(plait_process_join_until(process, plait_after(0.01)), PLAIT_TIMEOUT);
    plait_process *all[4];
    ck_assert_uint_eq(plait_process_enumerate(all, 4), 1);
    ck_assert_ptr_eq(all[0], process);
    plait_process_free(all[0]);
    ck_assert_ok(plait_process_terminate(process));
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_terminate(process));
    ck_assert_uint_eq(plait_process_enumerate(NULL, 0), 0);
    ck_assert_int_eq(code_of(process), -SIGTERM);
    process = plait_process_start(waits_for_ever);
    ck_assert_ok(plait_process_interrupt(process));
    ck_assert_int_eq(code_of(process), -SIGINT);
}

/* ---- waiting ---- */

PLAIT_TASK(int, join_it, (plait_process *, process)) {
    return plait_process_join(process);
}

TEST(many_threads_join_one_process) {
    enum { MANY = 8 };
    ck_assert_ok(plait_process_setup(0, NULL));
    plait_process *process = plait_process_start(waits_for_ever);
    plait_thread *threads[MANY];
    for (int i = 0; i < MANY; i++) threads[i] = plait_start(join_it, process);
    ck_assert_ok(plait_process_kill(process));
    for (int i = 0; i < MANY; i++) {
        int status = -1;
        ck_assert_ok(plait_thread_result(threads[i], &status));
        ck_assert_int_eq(status, PLAIT_OK);
        plait_thread_free(threads[i]);
    }
    ck_assert_int_eq(code_of(process), -SIGKILL);
}

TEST(a_select_waits_for_several_ends) {
    plait_process *never = plait_process_start(waits_for_ever), *soon = plait_process_start(nothing);
    plait_case cases[] = {plait_case_process(never), plait_case_process(soon)};
    size_t which = 9;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_ok(cases[1].status);
    ck_assert_status(plait_select_nowait(cases, 1, &which), PLAIT_BUSY);
    ck_assert_ok(plait_process_kill(never));
    ck_assert_ok(plait_select(cases, 1, &which));
    plait_process_free(soon);
    plait_process_free(never);
}

TEST(a_join_can_be_cancelled) {
    plait_process *process = plait_process_start(waits_for_ever);
    plait_token *token = plait_token_new(NULL, plait_after(0.01)), *before = plait_token_enter(token);
    ck_assert_status(plait_process_join(process), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
    ck_assert_ok(plait_process_kill(process));
    ck_assert_int_eq(code_of(process), -SIGKILL);
}

/* ---- what the program must not notice ---- */

TEST(the_programs_own_children_are_its_own) {
    plait_process *process = plait_process_start(nothing);
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    process = plait_process_start(waits_for_ever);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_ok(plait_process_kill(process));
    ck_assert_ok(plait_process_join(process));
    plait_process_free(process);
    pid_t child = fork();
    if (child == 0) _exit(3);
    int status;
    ck_assert_int_eq(waitpid(-1, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
}

static volatile sig_atomic_t children_ended;
static void count_children(int number) {
    (void)number;
    children_ended++;
}

TEST(no_signal_comes_and_an_ignored_one_disturbs_nobody) {
    signal(SIGCHLD, count_children);
    ck_assert_int_eq(code_of(plait_process_start(calls_exit, 3)), 3);
    ck_assert_int_eq(code_of(plait_process_start(signals_itself, SIGKILL)), -SIGKILL);
    ck_assert_int_eq(children_ended, 0);
    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(code_of(plait_process_start(calls_quick_exit, 3)), 3);
    ck_assert_int_eq(code_of(plait_process_start(signals_itself, SIGKILL)), -SIGKILL);
}

TEST(ignored_children_at_the_setup_disturb_nobody) {
    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(code_of(plait_process_start(calls_quick_exit, 3)), 3);
    ck_assert_int_eq(code_of(plait_process_start(signals_itself, SIGKILL)), -SIGKILL);
}

/* ---- handles that nobody has ---- */

static int open_descriptors(void) {
    return proc_count_descriptors("self");
}

TEST(those_let_go_do_not_gather) {
    int before = 0;
    for (int i = 0; i < 40; i++) {
        plait_process *process = plait_process_start(nothing);
        int pid = plait_process_pid(process);
        plait_process_free(process);
        while (proc_of(pid).state) sched_yield();
        if (i == 4) before = open_descriptors();
    }
    ck_assert_int_le(open_descriptors(), before + 2);
    ck_assert_uint_eq(plait_process_enumerate(NULL, 0), 0);
}

/* ---- after a fork ---- */

static int use_after_fork(plait_process *process) {
    int code;
    if (plait_process_join(process) != PLAIT_BROKEN) return 1;
    if (plait_process_exit_code(process, &code) != PLAIT_BROKEN) return 2;
    if (plait_process_kill(process) != PLAIT_BROKEN) return 3;
    if (plait_process_is_alive(process) || plait_process_enumerate(NULL, 0)) return 4;
    plait_process_free(process);
    process = plait_process_start(calls_exit, 7); /* by a server of its own */
    if (!process || plait_process_join(process) || plait_process_exit_code(process, &code)) return 5;
    plait_process_free(process);
    return code == 7 ? 0 : 6;
}

TEST(a_fork_has_none_of_the_processes_and_may_start_its_own) {
    plait_process *process = plait_process_start(waits_for_ever);
    pid_t child = fork();
    if (child == 0) exit(use_after_fork(process));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    ck_assert(plait_process_is_alive(process));
    ck_assert_ok(plait_process_kill(process));
    ck_assert_int_eq(code_of(process), -SIGKILL);
}

PLAIT_TASK(long, starts_another, (long, depth)) {
    long below = 0;
    if (!depth) return 0;
    plait_process *process = plait_process_start(starts_another, depth - 1);
    if (!process || plait_process_result(process, &below))
        plait_raise(PLAIT_FAILED, "%s", plait_last_message());
    plait_process_free(process);
    return below + 1;
}

TEST(processes_start_processes) {
    long depth = 0;
    plait_process *process = plait_process_start(starts_another, 3);
    plait_status status = plait_process_result(process, &depth);
    ck_assert_msg(status == PLAIT_OK, "%s", plait_process_message(process));
    ck_assert_int_eq(depth, 3);
    plait_process_free(process);
}

/* ---- memory that runs out ---- */

static plait_status start_and_join(void) {
    long sum = 0;
    plait_process *process = plait_process_start(add, 1, 2);
    if (!process) return plait_last_error();
    plait_status status = plait_process_result(process, &sum);
    plait_process_free(process);
    return status;
}

TEST(lack_of_memory_is_a_status) {
    fault_every(start_and_join);
}

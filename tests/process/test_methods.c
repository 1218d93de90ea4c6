/* The methods of starting, what each hands over, and when each is refused. */
#include "support/proc.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const plait_process_options spawn = {.method = PLAIT_START_SPAWN};
static const plait_process_options by_fork = {.method = PLAIT_START_FORK};
static const plait_process_options by_force = {.method = PLAIT_START_FORK, .force = true};

static int global = 1;

PLAIT_TASK(int, get_global) {
    return global;
}
PLAIT_TASK(int, count_descriptors) {
    return proc_count_descriptors("self");
}
PLAIT_TASK(const char *, get_directory) {
    static char path[4096];
    return getcwd(path, sizeof path);
}
PLAIT_TASK(size_t, length_of, (const char *, text)) {
    return strlen(text);
}
PLAIT_TASK(bool, reads_nothing) {
    char byte;
    return read(STDIN_FILENO, &byte, 1) == 0;
}
PLAIT_TASK(void, waits_for_ever) {
    for (;;) pause();
}
PLAIT_TASK(bool, has_signals_as_before) {
    sigset_t mask;
    struct sigaction one, other;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGCHLD, NULL, &other);
    return sigismember(&mask, SIGUSR2) == 1 && !sigismember(&mask, SIGTERM) && one.sa_handler == SIG_IGN &&
           other.sa_handler == SIG_IGN;
}
PLAIT_TASK(bool, is_alone) {
    return plait_thread_active_count() == 1;
}

static void nothing_else(int number) {
    (void)number;
}

#define ck_assert_task(options, expected, ...) \
    do { \
        int result_ = -1; \
        ck_assert_ok(run((options), plait_task_of(__VA_ARGS__), &result_)); \
        ck_assert_int_eq(result_, (expected)); \
    } while (0)

static plait_status run(const plait_process_options *options, const plait_task *task, int *result) {
    char room[16] = {0};
    plait_process *process = plait_process_start_task(options, task, NULL);
    if (!process) return plait_last_error();
    plait_status status = plait_process_result_as(process, room, task->result_size, task->result_kind,
                                                  PLAIT_FOREVER);
    if (status) fprintf(stderr, "%s\n", plait_process_message(process));
    plait_process_free(process);
    if (task->result_size == sizeof *result)
        memcpy(result, room, sizeof *result);
    else
        *result = (unsigned char)*room;
    return status;
}

static const char *directory_by(const plait_process_options *options, plait_process **process) {
    const char *path = NULL;
    *process = plait_process_start_with(options, get_directory);
    ck_assert_ok(plait_process_result(*process, &path));
    return path;
}

TEST(each_has_the_memory_that_it_should) {
    ck_assert_ok(plait_process_setup(0, NULL));
    global = 2;
    ck_assert_task(NULL, 1, get_global);
    ck_assert_task(&spawn, 1, get_global);
    ck_assert_task(&by_fork, 2, get_global);
}

TEST(they_have_three_descriptors_and_two_of_the_librarys) {
    int extra[2], many[40];
    ck_assert_int_eq(pipe(extra), 0); /* the server begins with it, and does not keep it */
    ck_assert_ok(plait_process_setup(0, NULL));
    for (int i = 0; i < 40; i++) many[i] = open("/dev/null", O_RDONLY);
    plait_process *others[5];
    for (int i = 0; i < 5; i++) others[i] = plait_process_start(waits_for_ever);
    ck_assert_task(NULL, 5, count_descriptors);
    ck_assert_task(&spawn, 5, count_descriptors);
    char server[16];
    snprintf(server, sizeof server, "%d", (int)proc_of(plait_process_pid(others[0])).parent);
    for (int i = 0; i < 5; i++) {
        ck_assert_ok(plait_process_kill(others[i]));
        ck_assert_ok(plait_process_join(others[i]));
        plait_process_free(others[i]);
    }
    ck_assert_int_le(proc_count_descriptors(server), 10);
    close(extra[1]);
    char byte;
    ck_assert_int_eq(read(extra[0], &byte, 1), 0); /* nobody else can write */
    for (int i = 0; i < 40; i++) close(many[i]);
}

TEST(the_programs_descriptors_are_closed_when_processes_end) {
    ck_assert_task(NULL, 1, get_global);
    int before = proc_count_descriptors("self");
    for (int i = 0; i < 20; i++) {
        ck_assert_task(NULL, 1, get_global);
        ck_assert_task(&by_fork, 1, get_global);
    }
    ck_assert_int_eq(proc_count_descriptors("self"), before + 2); /* the lifeline */
}

TEST(they_begin_in_the_directory_of_now) {
    plait_process *process;
    ck_assert_ok(plait_process_setup(0, NULL));
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_str_eq(directory_by(NULL, &process), "/");
    plait_process_free(process);
    ck_assert_str_eq(directory_by(&spawn, &process), "/");
    plait_process_free(process);
    ck_assert_str_eq(directory_by(&by_fork, &process), "/");
    plait_process_free(process);
}

TEST(they_read_nothing_from_standard_input) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ck_assert_ok(plait_process_setup(0, NULL));
    ck_assert_task(NULL, true, reads_nothing);
    ck_assert_task(&spawn, true, reads_nothing);
    ck_assert_task(&by_fork, true, reads_nothing);
    char byte;
    ck_assert_int_eq(read(STDIN_FILENO, &byte, 1), 1);
}

TEST(signals_are_as_they_were_at_the_setup) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    ck_assert_ok(plait_process_setup(0, NULL));
    ck_assert_task(&by_fork, true, has_signals_as_before);
    signal(SIGUSR1, nothing_else);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    ck_assert_task(NULL, true, has_signals_as_before);
    ck_assert_task(&spawn, true, has_signals_as_before);
}

/* ---- spawn ---- */

static int double_it(void *data) {
    return *(int *)data * 2;
}

TEST(spawn_runs_functions_too) {
    int number = 21, code = 0;
    ck_assert_ok(plait_process_setup(0, NULL));
    plait_process *process = plait_process_new(&spawn, double_it, &number, sizeof number);
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_exit_code(process, &code));
    ck_assert_int_eq(code, 42);
    plait_process_free(process);
}

TEST(spawn_without_a_setup_is_refused) {
    ck_assert_task(NULL, 1, get_global);
    ck_assert_ptr_null(plait_process_start_with(&spawn, get_global));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_last_message(), "plait_process_setup"), "%s", plait_last_message());
}

/* ---- beside threads ---- */

static plait_event leave;
PLAIT_TASK(void, wait_for_leave) {
    plait_event_wait(&leave);
}
static uint32_t stop;
PLAIT_TASK(void, be_busy) {
    static plait_lock lock;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        plait_lock_acquire(&lock);
        free(malloc(100));
        plait_lock_release(&lock);
    }
}

TEST(without_a_setup_threads_are_in_the_way) {
    plait_thread *thread = plait_start(wait_for_leave);
    ck_assert_ptr_null(plait_process_start(get_global));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_last_message(), "plait_process_setup"), "%s", plait_last_message());
    ck_assert_status(plait_process_setup(0, NULL), PLAIT_INVALID);
    ck_assert_ptr_null(plait_process_start_with(&by_fork, get_global));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_last_message(), "threads"), "%s", plait_last_message());
    plait_event_set(&leave);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

/* (In a fork of many threads the sanitizers' own locks may be held.) */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FORKS = 0 };
#else
enum { FORKS = 30 };
#endif

TEST(they_start_beside_busy_threads) {
    plait_thread *threads[4];
    ck_assert_ok(plait_process_setup(0, NULL));
    for (int i = 0; i < 4; i++) threads[i] = plait_start(be_busy);
    for (int i = 0; i < 50; i++) ck_assert_task(NULL, true, is_alone);
    for (int i = 0; i < FORKS; i++) ck_assert_task(&by_force, true, is_alone);
    ck_assert_task(&spawn, true, is_alone);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
}

PLAIT_TASK(int, start_some, (int, many)) {
    int right = 0;
    for (int i = 0; i < many; i++) {
        int result = 0;
        plait_process *process = plait_process_start(get_global);
        right += plait_process_result(process, &result) == PLAIT_OK && result == 1;
        plait_process_free(process);
    }
    return right;
}

TEST(many_threads_start_at_once) {
    enum { MANY = 6, EACH = 10 };
    plait_thread *threads[MANY];
    ck_assert_ok(plait_process_setup(0, NULL));
    for (int i = 0; i < MANY; i++) threads[i] = plait_start(start_some, EACH);
    for (int i = 0; i < MANY; i++) {
        int right = 0;
        ck_assert_ok(plait_thread_result(threads[i], &right));
        ck_assert_int_eq(right, EACH);
        plait_thread_free(threads[i]);
    }
}

/* ---- forks are children of the program's ---- */

TEST(a_fork_is_a_child_whose_end_anybody_may_take) {
    int code = 0, status;
    plait_process *process = plait_process_start_with(&by_fork, waits_for_ever);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
    ck_assert_ok(plait_process_kill(process));
    ck_assert_int_eq(waitpid(plait_process_pid(process), &status, 0), plait_process_pid(process));
    ck_assert_ok(plait_process_join(process));
    ck_assert_ok(plait_process_exit_code(process, &code));
    ck_assert_int_eq(code, 255);
    plait_process_free(process);
    signal(SIGCHLD, SIG_IGN);
    ck_assert_task(&by_fork, 1, get_global); /* it says itself how it went */
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- limits ---- */

/* Beyond the limit for files the system would end the program by SIGXFSZ. */
TEST(arguments_beyond_the_limit_for_files_are_a_status) {
    static char text[100000];
    memset(text, 'x', sizeof text - 1);
    ck_assert_ok(plait_process_setup(0, NULL));
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096}), 0);
    ck_assert_ptr_null(plait_process_start(length_of, text));
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_int_eq(plait_last_error(), PLAIT_ERRNO);
    plait_process *process = plait_process_start(length_of, "short");
    size_t length = 0;
    ck_assert_ok(plait_process_result(process, &length));
    ck_assert_uint_eq(length, 5);
    plait_process_free(process);
}

TEST(no_more_descriptors_is_a_status) {
    ck_assert_task(NULL, 1, get_global);
    struct rlimit limit, tight;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (rlim_t more = 0; more < 12; more++) {
        tight = (struct rlimit){(rlim_t)proc_count_descriptors("self") + more, limit.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
        plait_process *process = plait_process_start(get_global);
        int error = errno;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (!process) {
            ck_assert_int_eq(plait_last_error(), PLAIT_ERRNO);
            ck_assert_int_eq(error, EMFILE);
            ck_assert_msg(strstr(plait_last_message(), "Too many open files"), "%s", plait_last_message());
        }
        plait_process_free(process);
    }
    ck_assert_task(NULL, 1, get_global);
}

/* Root has no such limit: the program becomes somebody who has no other processes. */
static int at_the_limit(void) {
    enum { SOMEBODY = 54321, MOST = 12 };
    if (geteuid() == 0 && setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0) return 77;
    if (setrlimit(RLIMIT_NPROC, &(struct rlimit){MOST, MOST}) != 0) return 77;
    plait_process *processes[MOST + 1];
    int started = 0, result = 0;
    while (started <= MOST && (processes[started] = plait_process_start(waits_for_ever))) started++;
    if (started > MOST) return 77;
    if (plait_last_error() != PLAIT_ERRNO || errno != EAGAIN) return 2;
    if (!strstr(plait_last_message(), "temporarily")) return 3;
    for (int i = 0; i < started; i++) {
        if (plait_process_kill(processes[i]) || plait_process_join(processes[i])) return 4;
        plait_process_free(processes[i]);
    }
    return run(NULL, plait_task_of(get_global), &result) == PLAIT_OK && result == 1 ? 0 : 5;
}

TEST(no_more_processes_is_a_status) {
    int status;
    pid_t child = fork();
    if (child == 0) exit(at_the_limit());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "status %x", (unsigned)status);
    if (WEXITSTATUS(status) != 77) ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* Processes and pools inside processes and inside the workers of pools, beside threads there, and what ends with what. */
#include "../thread/program.h"
#include "pool_support.h"
#include "support/proc.h"

#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int *seen; /* shared by all: numbers of processes, and words */

static void share(void) {
    if (!seen) seen = process_shared(4096);
    ck_assert_ok(plait_process_setup(0, NULL));
}

PLAIT_TASK(int, twice, (int, number)) {
    return 2 * number;
}
PLAIT_TASK(void, waits_for_ever, (int, place)) {
    plait__store_release(&seen[place], (int)getpid());
    for (;;) pause();
}
static int ask_another(plait_start_method method, int number) {
    int result = -1;
    const plait_process_options options = {.method = method};
    plait_process *process = plait_process_start_with(&options, twice, number);
    if (!process || plait_process_result(process, &result) != PLAIT_OK) result = -1;
    plait_process_free(process);
    return result;
}
PLAIT_TASK(int, asks_another, (int, number), (plait_start_method, method)) {
    return ask_another(method, number);
}

/* ---- where processes may start ---- */

TEST(a_worker_starts_processes) {
    share();
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[8];
    for (int i = 0; i < 8; i++) futures[i] = plait_submit(pool, asks_another, i, PLAIT_START_FORKSERVER);
    for (int i = 0; i < 8; i++) {
        int result = 0;
        ck_assert_ok(plait_result(futures[i], &result));
        ck_assert_int_eq(result, 2 * i);
        plait_future_free(futures[i]);
    }
    process_pool_end(pool);
}

PLAIT_TASK(int, asks_a_pool, (int, depth)) {
    int sum = 0, result = 0;
    if (!depth) return 1;
    plait_pool *pool = plait_process_pool_new(2, NULL);
    if (!pool) return -1000;
    for (int i = 0; i < 2; i++) {
        plait_future *future = plait_submit(pool, asks_a_pool, depth - 1);
        sum += plait_result(future, &result) == PLAIT_OK ? result : -1000;
        plait_future_free(future);
    }
    if (plait_pool_close(pool) != PLAIT_OK || plait_pool_join(pool) != PLAIT_OK) sum = -1000;
    plait_pool_free(pool);
    return sum;
}

TEST(pools_of_processes_three_deep) {
    int result = 0;
    share();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *future = plait_submit(pool, asks_a_pool, 2);
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 4);
    plait_future_free(future);
    process_pool_end(pool);
}

static void *ask_many(void *nothing) {
    intptr_t wrong = 0;
    (void)nothing;
    for (int i = 0; i < 5; i++) wrong += ask_another(PLAIT_START_FORKSERVER, i) != 2 * i;
    return (void *)wrong;
}

PLAIT_TASK(int, asks_by_threads) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    intptr_t wrong = 0;
    for (int i = 0; i < THREADS; i++) wrong += pthread_create(&threads[i], NULL, ask_many, NULL);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        wrong += pthread_join(threads[i], &result);
        wrong += (intptr_t)result;
    }
    return (int)wrong;
}

static void threads_ask(plait_start_method method) {
    int wrong = -1;
    const plait_process_options options = {.method = method};
    plait_process *process = plait_process_start_with(&options, asks_by_threads);
    ck_assert_ptr_nonnull(process);
    ck_assert_ok(plait_process_result(process, &wrong));
    ck_assert_int_eq(wrong, 0);
    plait_process_free(process);
}

TEST(threads_of_a_process_start_processes) {
    share();
    threads_ask(PLAIT_START_FORKSERVER);
    threads_ask(PLAIT_START_SPAWN);
#if !defined(__SANITIZE_THREAD__)
    threads_ask(PLAIT_START_FORK);
#endif
}

TEST(every_method_inside_every_other) {
    share();
    for (plait_start_method outer = PLAIT_START_FORKSERVER; outer <= PLAIT_START_FORK; outer++)
        for (plait_start_method inner = PLAIT_START_FORKSERVER; inner <= PLAIT_START_FORK; inner++) {
            int result = 0;
            const plait_process_options options = {.method = outer};
            plait_process *process = plait_process_start_with(&options, asks_another, 21, inner);
            ck_assert_ptr_nonnull(process);
            ck_assert_ok(plait_process_result(process, &result));
            ck_assert_msg(result == 42, "method %d in %d gave %d", inner, outer, result);
            plait_process_free(process);
        }
}

/* ---- what ends with what ---- */

PLAIT_TASK(void, starts_one_for_ever, (int, place)) {
    plait_process *process = plait_process_start(waits_for_ever, place);
    if (process) (void)plait_process_join(process);
}

TEST(what_a_killed_process_has_started_ends) {
    share();
    plait_process *process = plait_process_start(starts_one_for_ever, 0);
    wait_for_word(&seen[0], 1);
    pid_t grandchild = seen[0], server = proc_of(grandchild).parent;
    ck_assert_int_eq(proc_of(server).parent, proc_of(plait_process_pid(process)).parent);
    ck_assert_ok(plait_process_kill(process));
    ck_assert_ok(plait_process_join(process));
    proc_wait_for_end(grandchild);
    proc_wait_for_end(server);
    plait_process_free(process);
}

TEST(what_a_killed_worker_has_started_ends) {
    share();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *future = plait_submit(pool, starts_one_for_ever, 1);
    wait_for_word(&seen[1], 1);
    ck_assert_ok(plait_pool_kill_workers(pool));
    ck_assert_fails(future, PLAIT_CRASHED, "killed");
    proc_wait_for_end(seen[1]);
    plait_pool_free(pool);
}

PLAIT_TASK(void, killed_with_its_server, (int, place)) {
    plait_process *process = plait_process_start(waits_for_ever, place);
    wait_for_word(&seen[place], 1);
    kill(proc_of(plait_process_pid(process)).parent, SIGKILL);
    (void)plait_process_join(process);
    plait_process_free(process);
    plait__store_release(&seen[place], 0);
    while (ask_another(PLAIT_START_FORKSERVER, 1) != 2) {} /* the first may be a spare of the killed one's */
}

TEST(a_process_gets_another_server_for_a_killed_one) {
    share();
    plait_process *process = plait_process_start(killed_with_its_server, 2);
    ck_assert_ok(plait_process_result(process, NULL));
    plait_process_free(process);
}

/* Its server has in its memory whom the program's server had forked. */
TEST(a_process_that_had_processes_ends_none_of_the_others) {
    share();
    plait_process *other = plait_process_start(waits_for_ever, 3);
    static const plait_process_options by_fork = {.method = PLAIT_START_FORK};
    for (int i = 0; i < 4; i++) {
        int result = 0;
        plait_process *process = plait_process_start_with(i % 2 ? &by_fork : NULL, asks_another, 21,
                                                          PLAIT_START_FORKSERVER);
        ck_assert_ok(plait_process_result(process, &result));
        ck_assert_int_eq(result, 42);
        plait_process_free(process);
    }
    ck_assert(plait_process_is_alive(other));
    ck_assert_ok(plait_process_terminate(other));
    ck_assert_ok(plait_process_join(other));
    plait_process_free(other);
}

PLAIT_TASK(int, forks_and_asks) {
    pid_t child = fork();
    int status = -1;
    if (child == 0) _exit(ask_another(PLAIT_START_FORKSERVER, 4));
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_fork_of_a_process_has_a_server_of_its_own) {
    int result = 0;
    share();
    plait_process *other = plait_process_start(waits_for_ever, 4);
    plait_process *process = plait_process_start(forks_and_asks);
    ck_assert_ok(plait_process_result(process, &result));
    ck_assert_int_eq(result, 8);
    ck_assert(plait_process_is_alive(other));
    ck_assert_ok(plait_process_kill(other));
    plait_process_free(other);
    plait_process_free(process);
}

/* ---- what a task does to its own process ---- */

/* Takes the numbers that were the library's for two packet sockets of its own, into which nobody else may write. */
PLAIT_TASK(void, takes_all_descriptors) {
    int ends[2];
    char text[64];
    for (int i = 3; i < 64; i++) close(i);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || ends[0] != 3) abort();
    plait__store(&seen[5], plait_process_start(twice, 1) != NULL);
    plait__store(&seen[6], (int)recv(ends[1], text, sizeof text, MSG_DONTWAIT));
    if (dup2(open("/dev/null", O_RDONLY), 0) != 0) abort();
    int keeper = fork();
    if (keeper == 0) { /* hears what the process itself may say at its end */
        close(ends[0]);
        plait__store(&seen[7], (int)recv(ends[1], text, sizeof text, 0));
        plait__store_release(&seen[8], 1);
        _exit(0);
    }
}

TEST(descriptors_that_a_task_has_taken_are_its_own) {
    int code = -1;
    share();
    seen[7] = seen[8] = 0;
    plait_process *process = plait_process_start(takes_all_descriptors);
    ck_assert_status(plait_process_result(process, NULL), PLAIT_CRASHED);
    ck_assert_ok(plait_process_exit_code(process, &code));
    ck_assert_int_eq(code, 0);
    wait_for_word(&seen[8], 1);
    ck_assert_int_eq(seen[6], -1);
    ck_assert_int_eq(seen[7], 0);
    plait_process_free(process);
}

static void program_handler(void) {
    if (seen) plait__add(&seen[9], 1);
}

PLAIT_TASK(int, returns_twice) {
    pid_t child = fork();
    int status = -1;
    if (child == 0) return 5;
    return waitpid(child, &status, 0) == child && status == 0 ? 6 : 7;
}
static int function_returns_twice(void *data) {
    (void)data;
    pid_t child = fork();
    int status = -1;
    if (child == 0) return 5;
    return waitpid(child, &status, 0) == child && status == 0 ? 6 : 7;
}

TEST(the_fork_in_a_task_ends_where_the_task_does) {
    int result = 0;
    share();
    plait_process *process = plait_process_start(returns_twice);
    ck_assert_ok(plait_process_result(process, &result));
    ck_assert_int_eq(result, 6);
    plait_process_free(process);
    process = plait_process_new(NULL, function_returns_twice, NULL, 0);
    ck_assert_ok(plait_process_result(process, &result));
    ck_assert_int_eq(result, 6);
    plait_process_free(process);
}

static int leave_with_forks_in_tasks(void) {
    int result = 0;
    atexit(program_handler);
    plait_process *process = plait_process_start(returns_twice);
    if (plait_process_result(process, &result) != PLAIT_OK || result != 6) return 1;
    plait_process_free(process);
    return 0;
}

TEST(the_fork_in_a_task_runs_none_of_the_programs_handlers) {
    seen = process_shared(4096);
    struct program program = program_run(leave_with_forks_in_tasks);
    ck_assert_program_exit(program, 0);
    ck_assert_int_eq(seen[9], 1);
}

static int run_without_standard_files(void) {
    for (int i = 0; i <= STDERR_FILENO; i++) close(i);
    if (plait_process_setup(0, NULL) != PLAIT_OK) return 1;
    for (plait_start_method method = PLAIT_START_FORKSERVER; method <= PLAIT_START_FORK; method++)
        if (ask_another(method, 4) != 8) return 2 + (int)method;
    return 0;
}

TEST(a_program_without_standard_files_starts_processes) {
    struct program program = program_run(run_without_standard_files);
    ck_assert_program_exit(program, 0);
}

TEST(arguments_of_a_users_may_look_like_the_librarys) {
    char name[] = "program", flag[] = "--plait-process", number[] = "3";
    char *arguments[] = {name, flag, number, NULL};
    ck_assert_ok(plait_process_setup(3, arguments));
    ck_assert_int_eq(ask_another(PLAIT_START_FORKSERVER, 3), 6);
}

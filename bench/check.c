/* bench-check - how many orders the checker tries in a second.
 *
 * Beside it stands what the usual way costs at least: a process for each run (fork and wait, of this same small
 * process), and, for what is done in one process, as many hand-overs between threads on one CPU as there are
 * switches in such a run, by bare futexes.
 */
#include "peers.h"
#include "support.h"
#include "work.h"

#include <linux/futex.h>
#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCHEDULES = 4000, PROCESSES = 300, SWITCHES = 10 };

static const char *const figures_told[] = {"ns_per_schedule", "points_per_schedule", NULL};

/* ---- the test: three threads ---- */

static plait_lock lock;
static int balance;

PLAIT_TASK(void, deposit, (int, amount)) {
    plait_hold(&lock);
    balance += amount;
}

static void two_deposits(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    balance = 0;
    plait_thread *one = plait_start(deposit, 10), *other = plait_start(deposit, 20);
    plait_thread_join(one);
    plait_thread_join(other);
    plait_thread_free(one);
    plait_thread_free(other);
    plait_check_that(balance == 30);
}

static void check_function(const void *what, const void *detail, double *figures) {
    const plait_check_strategy *strategy = what;
    plait_check_options options = {.schedules = bench_amount(SCHEDULES), .strategy = *strategy};
    (void)detail;
    plait_check_result *result = plait_check_run(two_deposits, NULL, &options);
    if (!result || result->outcome != PLAIT_CHECK_PASSED) bench_fail("the checked function does not pass");
    figures[0] = result->seconds * 1e9 / (double)result->schedules;
    figures[1] = (double)result->points / (double)result->schedules;
    plait_check_free(result);
}

/* ---- bare hand-overs ---- */

static uint32_t turn;

static void hand_over(uint32_t own, size_t times) {
    for (size_t i = 0; i < times; i++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != own)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !own, NULL, NULL, 0);
        __atomic_store_n(&turn, !own, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void *hand_back(void *times) {
    hand_over(1, *(size_t *)times);
    return NULL;
}

static void switch_only(const void *what, const void *detail, double *figures) {
    size_t runs = bench_amount(SCHEDULES), times = runs * SWITCHES / 2;
    cpu_set_t one;
    pthread_t other;
    (void)what, (void)detail;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    turn = 0;
    uint64_t start = bench_now();
    if (pthread_create(&other, NULL, hand_back, &times)) bench_fail("no thread to be had");
    hand_over(0, times);
    pthread_join(other, NULL);
    figures[0] = (double)(bench_now() - start) / (double)runs;
    figures[1] = SWITCHES;
}

/* ---- a process for each ---- */

static void fork_only(const void *what, const void *detail, double *figures) {
    size_t runs = bench_amount(PROCESSES);
    (void)what, (void)detail;
    uint64_t start = bench_now();
    for (size_t i = 0; i < runs; i++) {
        pid_t child = fork();
        if (child == 0) _exit(0);
        if (child < 0 || waitpid(child, NULL, 0) != child) bench_fail("no process to be had");
    }
    figures[0] = (double)(bench_now() - start) / (double)runs;
    figures[1] = 0;
}

/* The program checks itself: `detail` is what it is told. */
static void check_program(const void *what, const void *detail, double *figures) {
    size_t runs = bench_amount(PROCESSES);
    char settings[64];
    (void)what, (void)detail;
    snprintf(settings, sizeof settings, "schedules=%zu", runs);
    uint64_t start = bench_now();
    pid_t child = fork();
    if (child == 0) {
        setenv("PLAIT_CHECK", settings, 1);
        setenv("LD_PRELOAD", BENCH_CHECKING_LIBRARY, 1);
        if (!freopen("/dev/null", "w", stdout)) _exit(127);
        execl(BENCH_CHECKED_PROGRAM, BENCH_CHECKED_PROGRAM, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        bench_fail("the checked program does not pass");
    figures[0] = (double)(bench_now() - start) / (double)runs;
    figures[1] = 0;
}

/* Both kinds of contestants are runs of their own: the shape's run calls what the contestant is. */
struct contest {
    bench_run *run;
    const void *what;
};

static void run(const void *what, const void *detail, double *figures) {
    const struct contest *contest = what;
    contest->run(contest->what, detail, figures);
}

static const plait_check_strategy automatic = PLAIT_CHECK_AUTO, at_random = PLAIT_CHECK_RANDOM;
static const struct contest switches = {switch_only, NULL}, forks = {fork_only, NULL},
                            program = {check_program, NULL}, by_default = {check_function, &automatic},
                            random_walk = {check_function, &at_random};

static const struct bench_contestant in_a_process[] = {
    {.who = "10 futex hand-overs, bare", .what = &switches},
    {.who = "plait, auto", .ours = true, .what = &by_default},
    {.who = "plait, random", .ours = true, .what = &random_walk},
};

static const struct bench_contestant in_processes[] = {
    {.who = "fork and wait, bare", .what = &forks},
    {.who = "plait check, 3 threads", .ours = true, .what = &program},
};

static const struct bench_shape shapes[] = {
    {"3 threads and a lock, a function", figures_told, run, NULL, in_a_process, LENGTH(in_a_process),
     .apart = true},
    {"3 threads and a lock, a program", figures_told, run, NULL, in_processes, LENGTH(in_processes),
     .apart = true},
};

int main(int argc, char **argv) {
    bench_start("check", argc, argv);
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
    return bench_finish();
}

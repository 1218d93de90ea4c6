/* The failing allocator and the loop over all allocations (faults.h).
 *
 * The counters are the compiler's own atomics, not plait's: this must count right while plait's are tested. */
#include "faults.h"
#include "test.h"

#include <plait/memory.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Atomic long until_failure; /* allocations left until one fails; 0 and below: none will */
static _Atomic long outstanding;
static _Atomic int failed_once;

static void *allocate(size_t size, void *context) {
    (void)context;
    if (atomic_fetch_sub(&until_failure, 1) == 1) {
        atomic_store(&failed_once, 1);
        return NULL;
    }
    void *memory = malloc(size);
    if (memory) atomic_fetch_add(&outstanding, 1);
    return memory;
}

static void release(void *memory, void *context) {
    (void)context;
    atomic_fetch_sub(&outstanding, 1);
    free(memory);
}

void fault_install(void) {
    plait_allocator faulty = {allocate, release, NULL};
    ck_assert_ok(plait_set_allocator(&faulty));
}

void fault_arm(long n) {
    atomic_store(&failed_once, 0);
    atomic_store(&until_failure, n);
}

int fault_happened(void) {
    return atomic_load(&failed_once);
}

long fault_outstanding(void) {
    return atomic_load(&outstanding);
}

/* What a run in a child process found out; sent through a pipe as it is. */
struct outcome {
    int happened;
    plait_status first, second;
    long left;
};

/* Stands for "not known yet": the reference run finds it out. */
#define UNKNOWN (-1)

/* Blocks may be given back by threads that are just ending: wait for as few as expected, but not for ever. The
 * reference run does not know how few, and waits until the number stands still. */
static long settle(long expected) {
    long patience = (long)((expected == UNKNOWN ? 50 : 2000) * test_time_scale());
    long before = fault_outstanding();
    struct timespec millisecond = {0, 1000000};
    for (long waited = 0; before > expected && before > 0 && waited < patience; waited++) {
        nanosleep(&millisecond, NULL);
        long now = fault_outstanding();
        waited = now < before ? 0 : waited;
        before = now;
    }
    return fault_outstanding();
}

static void run_and_report(fault_scenario scenario, long n, long expected, int pipe_end) {
    struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    fault_install();
    fault_arm(n);
    outcome.first = scenario();
    outcome.happened = fault_happened();
    fault_arm(0);
    outcome.second = scenario();
    outcome.left = settle(expected);
    if (write(pipe_end, &outcome, sizeof outcome) != (ssize_t)sizeof outcome) _exit(3);
}

/* Runs the scenario twice in a child of its own, which ends by exit() so that a leak checker has its say. */
static struct outcome run_in_child(fault_scenario scenario, long n, long expected) {
    struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    int ends[2];
    ck_assert_msg(pipe(ends) == 0, "no pipe");
    pid_t child = fork();
    ck_assert_msg(child >= 0, "no process");
    if (child == 0) {
        close(ends[0]);
        run_and_report(scenario, n, expected, ends[1]);
        exit(0);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &outcome, sizeof outcome);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {}
    ck_assert_msg(!WIFSIGNALED(status), "allocation %ld failing: killed by signal %d (%s)", n,
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    ck_assert_msg(WEXITSTATUS(status) == 0, "allocation %ld failing: exit status %d", n, WEXITSTATUS(status));
    ck_assert_msg(got == (ssize_t)sizeof outcome, "allocation %ld failing: the scenario ended its process",
                  n);
    return outcome;
}

static void judge(const struct outcome *outcome, long n, long expected) {
    ck_assert_msg(outcome->first == PLAIT_OK || outcome->first == PLAIT_NO_MEMORY,
                  "allocation %ld failing: the scenario returned %s", n, plait_status_name(outcome->first));
    ck_assert_msg(outcome->second == PLAIT_OK,
                  "allocation %ld failing: afterwards, with memory, the scenario returned %s", n,
                  plait_status_name(outcome->second));
    ck_assert_msg(outcome->left <= expected, "allocation %ld failing: %ld blocks leaked", n,
                  outcome->left - expected);
}

int fault_every(fault_scenario scenario) {
    struct outcome reference = run_in_child(scenario, 0, UNKNOWN);
    ck_assert_msg(reference.first == PLAIT_OK, "without a failure the scenario returned %s",
                  plait_status_name(reference.first));
    for (long n = 1;; n++) {
        struct outcome outcome = run_in_child(scenario, n, reference.left);
        judge(&outcome, n, reference.left);
        if (!outcome.happened) {
            ck_assert_msg(n > 1, "the scenario allocates nothing");
            return (int)(n - 1);
        }
    }
}

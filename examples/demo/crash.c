/* crash.c - act 6: a task that crashes takes nobody along.
 *
 * A thousand tasks in a pool of processes; one of them follows a pointer to nowhere. Its future fails, with the reason, and
 * the other 999 come back. In between the pool has replaced the worker. The same thousand without the crash tell what
 * it cost.
 */
#include "acts.h"

#include <plait.h>
#include <signal.h>
#include <stdio.h>

enum { TASKS = 1000, UNLUCKY = 613 };
static const uint64_t ROUNDS = 20000;

/* Somebody's function that has a bug. It sends itself the signal that a wild pointer brings, so that no compiler and no
 * sanitizer explains it away. */
PLAIT_TASK(uint64_t, measure, (int, number), (bool, buggy)) {
    uint64_t sum = 0;
    if (buggy && number == UNLUCKY) raise(SIGSEGV);
    for (uint64_t i = 0; i < ROUNDS; i++) sum += (i ^ (uint64_t)number) % 7;
    return sum;
}

struct outcome {
    int results, failures;
    double seconds;
};

static void run_thousand(plait_pool *pool, bool buggy, struct outcome *outcome) {
    static plait_future *futures[TASKS];
    *outcome = (struct outcome){0, 0, 0};
    double start = plait_monotonic();
    for (int i = 0; i < TASKS; i++) futures[i] = plait_submit(pool, measure, i, buggy);
    for (int i = 0; i < TASKS; i++) {
        uint64_t result;
        plait_status status = plait_result(futures[i], &result);
        outcome->results += status == PLAIT_OK;
        outcome->failures += status == PLAIT_CRASHED;
        if (status == PLAIT_CRASHED) printf("  %s\n", plait_future_message(futures[i]));
        plait_future_free(futures[i]);
    }
    outcome->seconds = plait_monotonic() - start;
}

static void tell(const char *what, const struct outcome *outcome) {
    printf("  %-26s  %4d results, %d failed  %6.1f ms\n", what, outcome->results, outcome->failures,
           1e3 * outcome->seconds);
}

int act_crash(void) {
    struct outcome warm_up, without, with;
    puts("A thousand tasks in processes, one of which crashes");
    plait_pool *pool = plait_process_pool_new(0, NULL);
    if (!pool) {
        fprintf(stderr, "no pool of processes: %s\n", plait_last_message());
        return 1;
    }
    run_thousand(pool, false, &warm_up);
    run_thousand(pool, false, &without);
    run_thousand(pool, true, &with);
    plait_pool_free(pool);
    if (plait_cancelled()) return 0;
    tell("a thousand without", &without);
    tell("a thousand with the crash", &with);
    return without.results == TASKS && with.results == TASKS - 1 && with.failures == 1 ? 0 : 1;
}

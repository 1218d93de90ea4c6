/* pool.c - act 4: work that finds its workers.
 *
 * First a sum by halves: every level of the recursion offers one half to whoever has nothing to do. Nobody
 * says how many parts there are to be, or who takes which. Then ten thousand small tasks: a hundred tasks
 * hand over a hundred each and add up the results, one of which is a failure every time. The pool's own
 * counters tell what became of them.
 */
#include "acts.h"

#include <inttypes.h>
#include <plait.h>
#include <stdio.h>

enum { TURNS = 3, CROWDS = 100, CROWD = 100, UNLUCKY = 13 };
static const uint64_t RANGE = 70000000; /* a multiple of seven: the sum is known */
static const uint64_t FEW = 20000;

/* ---- the sum by halves ---- */

/* The remainders keep the compiler from replacing the loop by a formula. */
PLAIT_TASK(uint64_t, sum_by_halves, (uint64_t, from), (uint64_t, to)) {
    uint64_t sum = 0;
    if (plait_cancelled()) return 0;
    if (to - from <= FEW) {
        for (; from < to; from++) sum += from % 7;
        return sum;
    }
    uint64_t middle = from + (to - from) / 2;
    plait_spawn(low, sum_by_halves, from, middle);
    sum = sum_by_halves(middle, to);
    return sum + plait_sync(low);
}

/* Seconds, the best of a few turns; 0 if the sum is wrong. */
static double time_sum(plait_pool *pool) {
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        uint64_t sum = 0;
        double start = plait_monotonic();
        plait_status status = plait_apply(pool, &sum, sum_by_halves, 0, RANGE);
        double seconds = plait_monotonic() - start;
        if (status != PLAIT_OK || sum != RANGE / 7 * 21) return 0;
        if (best == 0 || seconds < best) best = seconds;
    }
    return best;
}

static int sum_on(int workers, double *one) {
    plait_pool *pool = plait_pool_new(workers);
    if (!pool) return 1;
    double seconds = time_sum(pool);
    plait_pool_free(pool);
    if (plait_cancelled()) return 0;
    if (seconds == 0) {
        puts("  the sum is wrong");
        return 1;
    }
    if (workers == 1) *one = seconds;
    int parallel = workers < plait_cpu_count() ? workers : plait_cpu_count();
    double possible = *one / parallel;
    printf("  %7d  %7.3f s  %7.2f x  %11.3f s  %7.0f %%\n", workers, seconds, *one / seconds, possible,
           100 * possible / seconds);
    return 0;
}

/* ---- ten thousand small tasks ---- */

PLAIT_TASK(int, small, (int, number)) {
    if (number == UNLUCKY) plait_raise(PLAIT_USER, "%d is unlucky", number);
    return number;
}

/* Adds up what its hundred return; one of them fails. */
PLAIT_TASK(int, crowd, (plait_pool *, pool)) {
    plait_future *futures[CROWD];
    int sum = 0;
    for (int i = 0; i < CROWD; i++) futures[i] = plait_submit(pool, small, i);
    for (int i = 0; i < CROWD; i++) {
        int number;
        if (plait_result(futures[i], &number) == PLAIT_OK) sum += number;
        plait_future_free(futures[i]);
    }
    return sum;
}

static int tell_counters(plait_pool *pool, double seconds) {
    plait_pool_counters counters;
    if (plait_pool_stats(pool, &counters) != PLAIT_OK) return 1;
    uint64_t ended = counters.done + counters.failed + counters.cancelled;
    printf("  %" PRIu64 " tasks in %.1f ms, %.0f ns for each\n", ended, seconds * 1e3,
           seconds * 1e9 / (double)(ended ? ended : 1));
    printf("  submitted %" PRIu64 " = done %" PRIu64 " + failed %" PRIu64 " + cancelled %" PRIu64
           "; stolen %" PRIu64 "; workers %" PRIu32 ", idle %" PRIu32 "\n",
           counters.submitted, counters.done, counters.failed, counters.cancelled, counters.stolen,
           counters.workers, counters.idle);
    return counters.submitted == ended ? 0 : 1;
}

static int many_small_tasks(void) {
    plait_pool *pool = plait_pool_new(0);
    plait_pool *pools[1] = {pool};
    int sums[CROWDS], wrong = 0;
    if (!pool) return 1;
    double start = plait_monotonic();
    plait_status status = plait_starmap(pool, crowd, sums, CROWDS, plait_repeat(pools));
    double seconds = plait_monotonic() - start;
    for (int i = 0; i < CROWDS && status == PLAIT_OK; i++)
        wrong += sums[i] != CROWD * (CROWD - 1) / 2 - UNLUCKY;
    if (status == PLAIT_OK && !wrong) wrong = tell_counters(pool, seconds);
    plait_pool_free(pool);
    return status == PLAIT_OK || plait_cancelled() ? wrong : 1;
}

int act_pool(void) {
    double one = 0;
    printf("A sum by halves, where every half may find a worker of its own\n");
    printf("  %7s  %9s  %9s  %13s  %9s\n", "workers", "time", "speed-up", "best possible", "reached");
    for (int workers = 1; workers <= 2 * plait_cpu_count() && !plait_cancelled(); workers *= 2)
        if (sum_on(workers, &one)) return 1;
    if (plait_cancelled()) return 0;
    printf("  Then ten thousand small tasks, handed over inside a hundred others:\n");
    return many_small_tasks();
}

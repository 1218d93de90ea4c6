/* sum.c - act 2: two threads really compute at the same time.
 *
 * The same function adds up the same range, whole on one thread, then in two halves on two: once with
 * plait, once with pthreads. The three take turns, and of several turns the fastest counts, so that
 * whatever else runs on the machine disturbs all of them alike.
 */
#include "acts.h"

#include <plait.h>
#include <pthread.h>
#include <stdio.h>

enum { TURNS = 5 };
static const uint64_t RANGE = 210000000; /* a multiple of seven: the sum is known */
static const uint64_t STEP = 10000000;

struct part {
    uint64_t from, to;
    uint64_t sum;
};

/* The remainders keep the compiler from replacing the loop by a formula. Who computes for long asks now and
 * then whether it is still wanted; that costs a few nanoseconds. */
static uint64_t sum_of(uint64_t from, uint64_t to) {
    uint64_t sum = 0;
    while (from < to && !plait_cancelled()) {
        uint64_t pause = to - from > STEP ? from + STEP : to;
        for (; from < pause; from++) sum += from % 7;
    }
    return sum;
}

/* ---- with plait ---- */

PLAIT_TASK(uint64_t, sum_part, (uint64_t, from), (uint64_t, to)) {
    return sum_of(from, to);
}

static uint64_t plait_one(void) {
    uint64_t sum = 0;
    plait_thread *thread = plait_start(sum_part, 0, RANGE);
    if (plait_thread_result(thread, &sum) != PLAIT_OK) sum = 0;
    plait_thread_free(thread);
    return sum;
}

static uint64_t plait_two(void) {
    uint64_t low = 0, high = 0;
    plait_thread *one = plait_start(sum_part, 0, RANGE / 2);
    plait_thread *two = plait_start(sum_part, RANGE / 2, RANGE);
    bool good = plait_thread_result(one, &low) == PLAIT_OK && plait_thread_result(two, &high) == PLAIT_OK;
    plait_thread_free(one);
    plait_thread_free(two);
    return good ? low + high : 0;
}

/* ---- with pthreads ---- */

static void *sum_part_raw(void *argument) {
    struct part *part = argument;
    part->sum = sum_of(part->from, part->to);
    return NULL;
}

static uint64_t pthread_two(void) {
    struct part parts[2] = {{0, RANGE / 2, 0}, {RANGE / 2, RANGE, 0}};
    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, sum_part_raw, &parts[0]) != 0) return 0;
    if (pthread_create(&threads[1], NULL, sum_part_raw, &parts[1]) != 0) {
        pthread_join(threads[0], NULL);
        return 0;
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return parts[0].sum + parts[1].sum;
}

/* ---- side by side ---- */

struct contestant {
    const char *name;
    uint64_t (*sum)(void);
    int threads;
    double best; /* seconds; 0: has not run yet */
};

static bool take_turn(struct contestant *contestant) {
    double start = plait_monotonic();
    uint64_t sum = contestant->sum();
    double seconds = plait_monotonic() - start;
    if (contestant->best == 0 || seconds < contestant->best) contestant->best = seconds;
    return sum == RANGE / 7 * 21;
}

int act_sum(void) {
    struct contestant contestants[] = {
        {"plait, one thread", plait_one, 1, 0},
        {"plait, two threads", plait_two, 2, 0},
        {"two plain pthreads", pthread_two, 2, 0},
    };
    enum { CONTESTANTS = sizeof contestants / sizeof *contestants };
    printf("The sum of %d million remainders, on %d CPU%s\n", (int)(RANGE / 1000000), plait_cpu_count(),
           plait_cpu_count() == 1 ? "" : "s");
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < CONTESTANTS; i++) {
            if (take_turn(&contestants[i])) continue;
            if (plait_cancelled()) return 0;
            printf("  %s: the sum is wrong\n", contestants[i].name);
            return 1;
        }
    }
    printf("  best of %-12d  %9s  %9s  %13s  %9s\n", TURNS, "time", "speed-up", "best possible", "reached");
    for (int i = 0; i < CONTESTANTS; i++) {
        const struct contestant *it = &contestants[i];
        int parallel = it->threads < plait_cpu_count() ? it->threads : plait_cpu_count();
        double possible = contestants[0].best / parallel;
        printf("  %-20s  %7.3f s  %7.2f x  %11.3f s  %7.0f %%\n", it->name, it->best,
               contestants[0].best / it->best, possible, 100 * possible / it->best);
    }
    return 0;
}

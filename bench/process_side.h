/* process_side.h - the sides of a run of bench-process: functions that run at once, each in a process of its own, or, for
 * comparison, each in a thread of this one.
 */
#ifndef BENCH_PROCESS_SIDE_H
#define BENCH_PROCESS_SIDE_H

#include "work.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct side {
    void (*function)(void *context);
    void *context;
    bool is_thread;
    pid_t pid;
    pthread_t thread;
};

/* Zeroed memory that this process and those that it forks later share. Never freed: the run's process ends. */
void *side_memory(size_t size);

/* What everybody waits at before the run begins, for so many. In shared memory. */
pthread_barrier_t *side_barrier(int count);

void side_start(struct side *side, bool is_thread, void (*function)(void *), void *context);
/* Waits for its end; ends the benchmark if it failed. */
void side_join(struct side *side);

/* CPU time of the calling thread, in nanoseconds. */
static inline uint64_t side_cpu_now(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

#endif

/* process_lock.c - locks in memory that processes share.
 *
 * A pair of acquire and release, by one process alone and by two that both want it all the time. pthread's robust mutex,
 * which survives the death of its holder, is what the same promise costs elsewhere; its plain shared one does not
 * promise it. plait's lock between threads stands beside them.
 */
#include "parts.h"
#include "peers.h"
#include "process_side.h"

#include <plait/lock.h>
#include <plait/process_lock.h>

enum {
    PAIRS = 1000000,
    CONTENDED_PAIRS = 200000,
    SIDES = 2,
    ROUNDS = 11,
    INSIDE = 20,
    OUTSIDE = 40,
    ARRIVAL_MS = 3
};

struct kind {
    void *(*make)(void);
    void (*acquire)(void *lock);
    void (*release)(void *lock);
    void (*alone)(void *lock, size_t pairs);
    bool threads;
};

/* ---- pthread ---- */

static void *make_mutex(int robust) {
    pthread_mutex_t *mutex = side_memory(sizeof *mutex);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, robust);
    if (pthread_mutex_init(mutex, &attributes)) bench_fail("no mutex to be had");
    return mutex;
}

static void *shared_make(void) {
    return make_mutex(PTHREAD_MUTEX_STALLED);
}

static void *robust_make(void) {
    return make_mutex(PTHREAD_MUTEX_ROBUST);
}

static void mutex_acquire(void *lock) {
    if (pthread_mutex_lock((pthread_mutex_t *)lock)) bench_fail("a mutex failed");
}

static void mutex_release(void *lock) {
    pthread_mutex_unlock((pthread_mutex_t *)lock);
}

/* ---- plait ---- */

static void *our_make(void) {
    return side_memory(sizeof(plait_process_lock));
}

static void our_acquire(void *lock) {
    if (plait_process_lock_acquire((plait_process_lock *)lock)) bench_fail("a lock between processes failed");
}

static void our_release(void *lock) {
    if (plait_process_lock_release((plait_process_lock *)lock)) bench_fail("a lock between processes failed");
}

/* ---- plait, between threads ---- */

static void *thread_make(void) {
    return side_memory(sizeof(plait_lock));
}

static void thread_acquire(void *lock) {
    plait_lock_acquire((plait_lock *)lock);
}

static void thread_release(void *lock) {
    if (plait_lock_release((plait_lock *)lock)) bench_fail("a lock failed");
}

/* The loop of a kind that has name_acquire and name_release, with both compiled into it. */
#define ALONE(name) \
    static void name##_alone(void *lock, size_t pairs) { \
        for (size_t i = 0; i < pairs; i++) { \
            name##_acquire(lock); \
            name##_release(lock); \
        } \
    }
ALONE(mutex)
ALONE(our)
ALONE(thread)

static const struct kind shared_kind = {shared_make, mutex_acquire, mutex_release, mutex_alone, false};
static const struct kind robust_kind = {robust_make, mutex_acquire, mutex_release, mutex_alone, false};
static const struct kind our_kind = {our_make, our_acquire, our_release, our_alone, false};
static const struct kind thread_kind = {thread_make, thread_acquire, thread_release, thread_alone, true};

/* ---- alone ---- */

static void alone(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    void *lock = kind->make();
    size_t pairs = bench_amount(PAIRS);
    (void)detail;
    bench_start_sleeper(); /* programs that lock have threads */
    kind->alone(lock, pairs / 10 + 1);
    struct bench_span span = bench_span_start();
    kind->alone(lock, pairs);
    bench_span_end(&span, (double)pairs, figures);
}

/* ---- two at once ---- */

struct rival {
    const struct kind *kind;
    void *lock;
    uint64_t *count; /* under the lock */
    pthread_barrier_t *start;
    uint64_t cpu;
    struct side side;
};

static void compete(void *argument) {
    struct rival *rival = argument;
    size_t pairs = bench_amount(CONTENDED_PAIRS);
    pthread_barrier_wait(rival->start);
    uint64_t start = side_cpu_now();
    for (size_t i = 0; i < pairs; i++) {
        rival->kind->acquire(rival->lock);
        ++*rival->count;
        bench_burn(INSIDE);
        rival->kind->release(rival->lock);
        bench_burn(OUTSIDE);
    }
    rival->cpu = side_cpu_now() - start;
}

static void contended(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    struct rival *rivals = side_memory(SIDES * sizeof *rivals);
    uint64_t *count = side_memory(sizeof *count);
    pthread_barrier_t *barrier = side_barrier(SIDES + 1);
    void *lock = kind->make();
    double pairs = (double)bench_amount(CONTENDED_PAIRS) * SIDES;
    uint64_t cpu = 0;
    (void)detail;
    for (int i = 0; i < SIDES; i++) {
        rivals[i] = (struct rival){.kind = kind, .lock = lock, .count = count, .start = barrier};
        side_start(&rivals[i].side, kind->threads, compete, &rivals[i]);
    }
    bench_pause_ms(ARRIVAL_MS); /* their start does not count */
    uint64_t start = bench_now();
    pthread_barrier_wait(barrier);
    for (int i = 0; i < SIDES; i++) {
        side_join(&rivals[i].side);
        cpu += rivals[i].cpu;
    }
    if (*count != (uint64_t)pairs) bench_fail("a lock let two in at once");
    figures[0] = (double)(bench_now() - start) / pairs;
    figures[1] = (double)cpu / pairs;
}

/* ---- shapes ---- */

static const struct bench_contestant kinds[] = {
    {.who = "pthread shared", .what = &shared_kind},
    {.who = "pthread robust", .what = &robust_kind},
    {.who = "plait", .ours = true, .what = &our_kind},
    {.who = "plait threads", .ours = true, .what = &thread_kind},
};

static const char *const told[] = {"ns_per_op", "cpu_ns_per_op", NULL};

static const struct bench_shape shapes[] = {
    {"lock, free", told, alone, NULL, kinds, LENGTH(kinds), ROUNDS, .apart = true},
    {"lock, two want it", told, contended, NULL, kinds, LENGTH(kinds), ROUNDS, .apart = true},
};

void compare_process_locks(void) {
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}

/* contended.c - what a lock costs between threads that want it at the same time.
 *
 * Each thread takes the lock, works inside for so many nanoseconds, releases it, works outside for so many,
 * and again, until time is over. Besides the throughput (wall time per operation of all threads together) two
 * figures tell how it was reached: the wait that one acquire in a thousand exceeded, and how much of a fair
 * share the least and the most favoured thread got. One acquire in 64 is timed, so that timing does not
 * become part of what is measured. The work is arithmetic of known length; what the lock guards, a counter
 * next to it, is checked at the end of every run.
 */
#include "parts.h"
#include "peers.h"
#include "work.h"

#include <plait/lock.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { RUN_MS = 80, THREADS = 4, SAMPLED = 64 };

/* ---- the contest ---- */

/* Every lock here is ready when zero. On a line of its own, with what it guards. */
static _Alignas(128) struct {
    union {
        pthread_mutex_t pthread;
        plait_lock plait;
#ifdef BENCH_NSYNC
        nsync_mu nsync;
#endif
#ifdef BENCH_GLIB
        GMutex glib;
#endif
    } lock;
    uint64_t counter;
} shared;

struct setting {
    int threads;
    double inside_ns;
    double outside_ns;
};

static _Alignas(128) struct {
    pthread_barrier_t start;
    uint64_t inside; /* rounds of work */
    uint64_t outside;
} contest;

static _Alignas(128) atomic_bool stop; /* written once a run, read by every operation */

struct worker {
    _Alignas(128) uint64_t operations;
    struct bench_waits waits;
    pthread_t thread;
};

static struct worker workers[THREADS];

typedef void verb(void);

struct kind {
    void *(*compete)(void *worker);
};

BENCH_INLINE void acquire_timed(struct worker *worker, verb *acquire) {
    uint64_t start = bench_ticks();
    acquire();
    bench_waits_add(&worker->waits, bench_ticks() - start);
}

BENCH_INLINE void *run_competing(struct worker *worker, verb *acquire, verb *release) {
    uint64_t operations = 0;
    pthread_barrier_wait(&contest.start);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        if (++operations % SAMPLED == 0) {
            acquire_timed(worker, acquire);
        } else {
            acquire();
        }
        shared.counter++;
        bench_burn(contest.inside);
        release();
        bench_burn(contest.outside);
    }
    worker->operations = operations;
    return NULL;
}

/* ---- contestants ---- */

/* The loop for one kind of lock, with its calls compiled into it. */
#define CONTESTANT(name, acquire_it, release_it) \
    static void name##_acquire(void) { \
        acquire_it; \
    } \
    static void name##_release(void) { \
        release_it; \
    } \
    static void *name##_compete(void *worker) { \
        return run_competing(worker, name##_acquire, name##_release); \
    } \
    static const struct kind name##_kind = {name##_compete}

CONTESTANT(pthread, pthread_mutex_lock(&shared.lock.pthread), pthread_mutex_unlock(&shared.lock.pthread));
CONTESTANT(our, plait_lock_acquire(&shared.lock.plait), plait_lock_release(&shared.lock.plait));
#ifdef BENCH_NSYNC
CONTESTANT(nsync, nsync_mu_lock(&shared.lock.nsync), nsync_mu_unlock(&shared.lock.nsync));
#endif
#ifdef BENCH_GLIB
CONTESTANT(glib, g_mutex_lock(&shared.lock.glib), g_mutex_unlock(&shared.lock.glib));
#endif

static const struct bench_contestant locks[] = {
    {.who = "pthread", .what = &pthread_kind},
    PEER_NSYNC("nsync", nsync_kind),
    PEER_GLIB("GMutex", glib_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
};

/* ---- one run ---- */

static void start_workers(const struct kind *kind, int threads) {
    for (int i = 0; i < threads; i++) {
        memset(&workers[i], 0, sizeof workers[i]);
        if (pthread_create(&workers[i].thread, NULL, kind->compete, &workers[i]))
            bench_fail("no thread to be had");
    }
}

/* Lets the workers compete for a while. Returns how long it was. */
static double let_them_run(int threads) {
    pthread_barrier_wait(&contest.start);
    uint64_t start = bench_now();
    bench_pause_ms((int)bench_amount(RUN_MS));
    uint64_t end = bench_now();
    atomic_store(&stop, true);
    for (int i = 0; i < threads; i++) pthread_join(workers[i].thread, NULL);
    return (double)(end - start);
}

static void count_up(int threads, double ns, double *figures) {
    static struct bench_waits waits;
    uint64_t all = 0;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    memset(&waits, 0, sizeof waits);
    for (int i = 0; i < threads; i++) {
        uint64_t own = workers[i].operations;
        all += own;
        if (own < least) least = own;
        if (own > most) most = own;
        bench_waits_merge(&waits, &workers[i].waits);
    }
    if (all != shared.counter) bench_fail("a lock let two threads in at once");
    double fair = (double)all / threads;
    figures[0] = ns / (double)all;
    figures[1] = bench_waits_quantile(&waits, 0.999);
    figures[2] = (double)least / fair;
    figures[3] = (double)most / fair;
}

static void competing(const void *what, const void *detail, double *figures) {
    const struct setting *setting = detail;
    memset(&shared, 0, sizeof shared);
    contest.inside = bench_burn_rounds(setting->inside_ns);
    contest.outside = bench_burn_rounds(setting->outside_ns);
    atomic_store(&stop, false);
    pthread_barrier_init(&contest.start, NULL, (unsigned)setting->threads + 1);
    start_workers(what, setting->threads);
    double ns = let_them_run(setting->threads);
    pthread_barrier_destroy(&contest.start);
    count_up(setting->threads, ns, figures);
}

/* ---- shapes ---- */

static const char *const figures_told[] = {"ns_per_op", "p999_wait_ns", "share_min", "share_max", NULL};

static const struct setting settings[] = {
    {2, 0, 0}, {2, 0, 200}, {2, 100, 0}, {2, 100, 200}, {4, 0, 0}, {4, 0, 200}, {4, 100, 0}, {4, 100, 200},
};

void compare_contended(void) {
    static struct bench_shape shapes[LENGTH(settings)];
    static char names[LENGTH(settings)][48];
    for (int i = 0; i < LENGTH(settings); i++) {
        const struct setting *setting = &settings[i];
        snprintf(names[i], sizeof names[i], "%d threads, %.0f ns inside, %.0f ns outside", setting->threads,
                 setting->inside_ns, setting->outside_ns);
        shapes[i] = (struct bench_shape){.name = names[i],
                                         .figures = figures_told,
                                         .run = competing,
                                         .detail = setting,
                                         .contestants = locks,
                                         .count = LENGTH(locks)};
        bench_compare(&shapes[i]);
    }
}

/* asleep.c - how much memory a sleeping thread takes.
 *
 * Ten thousand threads are started and wait for something that does not happen; by how much the process's
 * resident memory has grown, divided by their number, is the figure. The stack pages that a thread has
 * touched are most of it. What the kernel keeps for each thread (some 16 KiB of stack) comes on top, for
 * everybody alike, and so do page tables.
 */
#include "parts.h"
#include "peers.h"
#include "work.h"

#include <plait/event.h>
#include <plait/thread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

enum { SLEEPERS = 10000, SETTLE_MS = 50, ROUNDS = 3 };

static atomic_int going_to_sleep;

struct kind {
    bool (*start)(void);
};

/* ---- pthread ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void *wait_for_condition(void *unused) {
    pthread_mutex_lock(&mutex);
    atomic_fetch_add(&going_to_sleep, 1);
    for (;;) pthread_cond_wait(&condition, &mutex);
    return unused;
}

static bool pthread_start(void) {
    pthread_t thread;
    return pthread_create(&thread, NULL, wait_for_condition, NULL) == 0;
}

static const struct kind pthread_kind = {pthread_start};

/* ---- GLib ---- */

#ifdef BENCH_GLIB
static GMutex glib_mutex;
static GCond glib_condition;

static void *wait_for_glib(void *unused) {
    g_mutex_lock(&glib_mutex);
    atomic_fetch_add(&going_to_sleep, 1);
    for (;;) g_cond_wait(&glib_condition, &glib_mutex);
    return unused;
}

static bool glib_start(void) {
    return g_thread_try_new("bench", wait_for_glib, NULL, NULL) != NULL;
}

static const struct kind glib_kind = {glib_start};
#endif

/* ---- plait ---- */

static plait_event event;

static void *wait_for_event(void *unused) {
    atomic_fetch_add(&going_to_sleep, 1);
    plait_event_wait(&event);
    return unused;
}

static bool plait_start_one(void) {
    return plait_thread_new(NULL, wait_for_event, NULL) != NULL;
}

static const struct kind our_kind = {plait_start_one};

/* ---- one run ---- */

static double resident_bytes(void) {
    long total = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2) bench_fail("cannot read /proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* The process ends with its threads asleep. */
static void run(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    (void)detail;
    int sleepers = (int)bench_amount(SLEEPERS);
    double before = resident_bytes();
    for (int i = 0; i < sleepers; i++)
        if (!kind->start()) bench_fail("not so many threads to be had");
    while (atomic_load(&going_to_sleep) < sleepers) bench_pause_ms(1);
    bench_pause_ms(SETTLE_MS);
    figures[0] = (resident_bytes() - before) / sleepers;
}

static const struct bench_contestant kinds[] = {
    {.who = "pthread", .what = &pthread_kind},
    PEER_GLIB("GThread", glib_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
};

static const char *const figures_told[] = {"bytes_per_thread", NULL};

void compare_asleep(void) {
    static const struct bench_shape shape = {"memory of 10000 sleeping threads",
                                             figures_told,
                                             run,
                                             NULL,
                                             kinds,
                                             LENGTH(kinds),
                                             ROUNDS,
                                             .apart = true};
    bench_compare(&shape);
}

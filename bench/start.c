/* start.c - what it costs to start a thread and to join it: one after the other, and eight at a time.
 *
 * Beside the time on the wall stands the CPU time of the process: what other programs on the machine do adds
 * less to it. */
#include "parts.h"
#include "peers.h"
#include "work.h"

#include <plait/thread.h>
#include <stddef.h>

enum { STARTS = 800, MOST_AT_A_TIME = 8, WARM_UP = 16 };

static void *do_nothing(void *argument) {
    return argument;
}

struct kind {
    void (*start)(int i);
    void (*join)(int i);
};

static pthread_t pthreads[MOST_AT_A_TIME];

static void pthread_start(int i) {
    if (pthread_create(&pthreads[i], NULL, do_nothing, NULL)) bench_fail("no thread to be had");
}

static void pthread_end(int i) {
    pthread_join(pthreads[i], NULL);
}

static plait_thread *plait_threads[MOST_AT_A_TIME];

static void plait_begin(int i) {
    plait_threads[i] = plait_thread_new(NULL, do_nothing, NULL);
    if (!plait_threads[i]) bench_fail("no thread to be had");
}

static void plait_end(int i) {
    plait_thread_join(plait_threads[i]);
    plait_thread_free(plait_threads[i]);
}

static const struct kind pthread_kind = {pthread_start, pthread_end};
static const struct kind our_kind = {plait_begin, plait_end};

#ifdef BENCH_GLIB
static GThread *gthreads[MOST_AT_A_TIME];

static void glib_start(int i) {
    gthreads[i] = g_thread_new("bench", do_nothing, NULL);
}

static void glib_end(int i) {
    g_thread_join(gthreads[i]);
}

static const struct kind glib_kind = {glib_start, glib_end};
#endif

static void start_and_join(const struct kind *kind, int starts, int at_a_time) {
    for (int done = 0; done < starts; done += at_a_time) {
        for (int i = 0; i < at_a_time; i++) kind->start(i);
        for (int i = 0; i < at_a_time; i++) kind->join(i);
    }
}

static void run(const void *what, const void *detail, double *figures) {
    const int *at_a_time = detail;
    int starts = (int)bench_amount(STARTS);
    start_and_join(what, WARM_UP, *at_a_time);
    uint64_t start = bench_now();
    uint64_t cpu_start = bench_cpu_now();
    start_and_join(what, starts, *at_a_time);
    figures[0] = (double)(bench_now() - start) / starts;
    figures[1] = (double)(bench_cpu_now() - cpu_start) / starts;
}

static const struct bench_contestant kinds[] = {
    {.who = "pthread", .what = &pthread_kind},
    PEER_GLIB("GThread", glib_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
};

static const char *const figures_told[] = {"ns_per_op", "cpu_ns_per_op", NULL};
static const int one = 1;
static const int eight = MOST_AT_A_TIME;

static const struct bench_shape shapes[] = {
    {"start and join, one at a time", figures_told, run, &one, kinds, LENGTH(kinds), .apart = true},
    {"start and join, eight at a time", figures_told, run, &eight, kinds, LENGTH(kinds), .apart = true},
};

void compare_start(void) {
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}

/* work.c - time, work and waits; see work.h. */
#include "work.h"

#include "support.h"

#include <pthread.h>

/* Other programs and the hypervisor only ever add time, so the shortest of many trials is the true one;
 * pauses make the trials outlast what disturbs them. */
enum { TRIALS = 100, TRIAL_ROUNDS = 20000 };

double bench_tick_ns(void) {
    static double tick_ns;
    if (tick_ns > 0) return tick_ns;
    uint64_t ns = bench_now();
    uint64_t ticks = bench_ticks();
    bench_pause_ms(20);
    uint64_t passed = bench_now() - ns;
    tick_ns = (double)passed / (double)(bench_ticks() - ticks);
    return tick_ns;
}

static double measure_round(void) {
    double shortest = 0;
    for (int i = 0; i < TRIALS; i++) {
        uint64_t start = bench_now();
        bench_burn(TRIAL_ROUNDS);
        double took = (double)(bench_now() - start) / TRIAL_ROUNDS;
        if (i == 0 || took < shortest) shortest = took;
        bench_pause_ms(1);
    }
    return shortest;
}

uint64_t bench_burn_rounds(double ns) {
    static double round_ns;
    if (round_ns <= 0) round_ns = measure_round();
    return (uint64_t)(ns / round_ns + 0.5);
}

void bench_pause_ms(int ms) {
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

static void *sleep_for_ever(void *unused) {
    for (;;) bench_pause_ms(1000);
    return unused;
}

void bench_start_sleeper(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_for_ever, NULL)) bench_fail("no thread to be had");
    pthread_detach(thread);
}

/* ---- waits ---- */

/* Values below 16 have a bucket each; from there on the highest bit names the row and the next four bits the
 * bucket in it. */
static unsigned bucket_of(uint64_t ticks) {
    if (ticks < 16) return (unsigned)ticks;
    unsigned high = 63u - (unsigned)__builtin_clzll(ticks);
    return (high - 3) * 16 + (unsigned)(ticks >> (high - 4)) % 16;
}

static uint64_t bucket_end(unsigned bucket) {
    if (bucket < 16) return bucket;
    return (uint64_t)(16 + bucket % 16 + 1) << (bucket / 16 - 1);
}

void bench_waits_add(struct bench_waits *waits, uint64_t ticks) {
    waits->counts[bucket_of(ticks)]++;
}

void bench_waits_merge(struct bench_waits *into, const struct bench_waits *from) {
    for (int i = 0; i < BENCH_BUCKETS; i++) into->counts[i] += from->counts[i];
}

double bench_waits_quantile(const struct bench_waits *waits, double share) {
    double all = 0;
    double seen = 0;
    for (int i = 0; i < BENCH_BUCKETS; i++) all += waits->counts[i];
    for (unsigned i = 0; i < BENCH_BUCKETS; i++) {
        seen += waits->counts[i];
        if (all > 0 && seen >= all * share) return (double)bucket_end(i) * bench_tick_ns();
    }
    return 0;
}

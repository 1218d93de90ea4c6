/* work.h - time, work and waits for the benchmarks: a clock, a cheap counter, calibrated busy work, and a
 * histogram of waits.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>
#include <time.h>

/* A function whose function-pointer arguments are constants at every call: inlined, so that no contestant
 * pays for an indirect call that programs do not make. */
#define BENCH_INLINE static inline __attribute__((always_inline))

/* Nanoseconds of the monotonic clock. */
static inline uint64_t bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds of CPU time that the process has used, in all of its threads. */
static inline uint64_t bench_cpu_now(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* What passes between two moments, on the wall and of the process's CPU time; the end divides both by the
 * number of things done and writes them as the first two figures. */
struct bench_span {
    uint64_t wall;
    uint64_t cpu;
};

static inline struct bench_span bench_span_start(void) {
    struct bench_span span = {bench_now(), bench_cpu_now()};
    return span;
}

static inline void bench_span_end(const struct bench_span *span, double things, double *figures) {
    figures[0] = (double)(bench_now() - span->wall) / things;
    figures[1] = (double)(bench_cpu_now() - span->cpu) / things;
}

/* A counter that is cheap to read, where the CPU has one. */
static inline uint64_t bench_ticks(void) {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#else
    return bench_now();
#endif
}

/* Nanoseconds per tick; measured at the first call. Call it before threads start. */
double bench_tick_ns(void);

/* Busy work that needs nothing but the CPU: a chain of multiplications, each waiting for the last. */
static inline void bench_burn(uint64_t rounds) {
    uint64_t x = rounds;
    for (; rounds; rounds--) {
        x *= UINT64_C(6364136223846793005);
        __asm__ __volatile__("" : "+r"(x));
    }
}

/* How many rounds of bench_burn last this many nanoseconds when nothing disturbs them; measured at the first
 * call. */
uint64_t bench_burn_rounds(double ns);

/* Starts a thread that sleeps for ever: many libraries, and the C library itself, are cheaper while there is
 * none. */
void bench_start_sleeper(void);

/* Pauses the calling thread. */
void bench_pause_ms(int ms);

/* How long waits lasted, in ticks: 16 buckets for each power of two, so that a quantile is right within 6 %.
 * */
enum { BENCH_BUCKETS = 64 * 16 };

struct bench_waits {
    uint32_t counts[BENCH_BUCKETS];
};

void bench_waits_add(struct bench_waits *waits, uint64_t ticks);
void bench_waits_merge(struct bench_waits *into, const struct bench_waits *from);
/* The wait in nanoseconds that this share of the waits did not exceed. */
double bench_waits_quantile(const struct bench_waits *waits, double share);

#endif

/* fork_kind.h - ways to compute something in parts, as the benchmarks see them: fork-join, and loops over
 * arrays. For C and C++. As with pools, every run has a process of its own.
 */
#ifndef BENCH_FORK_KIND_H
#define BENCH_FORK_KIND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fork_kind {
    const char *program; /* or NULL; then its name there */
    const char *name;
    void (*start)(int workers);
    long (*fib)(int n); /* one of the two calls is always a task, down to 1 */
};

struct map_kind {
    const char *program;
    const char *name;
    void (*start)(int workers);
    void (*cheap)(const long *in, long *out, size_t n); /* out[i] = map_cheap_item(in[i]) */
    void (*burn)(uint64_t rounds, size_t n);            /* so many rounds of bench_burn for each item */
};

static inline long map_cheap_item(long item) {
    return 2 * item + 1;
}

/* Those of bench/peers/tbb. */
extern const struct fork_kind fork_tbb;
extern const struct map_kind map_tbb;

#ifdef __cplusplus
}
#endif

#endif

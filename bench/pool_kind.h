/* pool_kind.h - a kind of pool as the benchmarks see it. For C and C++.
 *
 * Every run has a process and therefore a pool of its own, which is never freed; so its functions need not be
 * told which.
 */
#ifndef BENCH_POOL_KIND_H
#define BENCH_POOL_KIND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pool_kind {
    /* A peer that is a program of its own, and its name there. The rest is then NULL. */
    const char *program;
    const char *name;

    void (*start)(int workers);

    /* From outside of the pool: hands over so many tasks, each of them so many rounds of bench_burn, and
     * returns when all have run. At most TASKS_AT_ONCE. */
    void (*run_many)(size_t tasks, uint64_t rounds);

    /* From outside: hands over so many tasks, of which task i returns i + 1, then asks each for its result;
     * their sum. At most RESULTS_AT_ONCE. NULL: it has no results. */
    long (*results)(size_t tasks);

    /* Hands over one task that does nothing, and does not wait. NULL: cannot. */
    void (*post)(void);
};

enum { RESULTS_AT_ONCE = 1000, TASKS_AT_ONCE = 20000 };

/* For those that cannot wait for many tasks: tells when so many have counted down. */
void countdown_start(size_t count);
void countdown_one(void);
void countdown_wait(void);

/* The rounds that the tasks of this run burn. */
extern uint64_t task_rounds;

/* Those of bench/peers/tbb. */
extern const struct pool_kind pool_tbb_group;
extern const struct pool_kind pool_tbb_arena;

#ifdef __cplusplus
}
#endif

#endif

/* What stress tests share: how long to go on, with how many threads, and random numbers that can be repeated.
 *
 * Environment: PLAIT_STRESS_SECONDS (default 0.5), PLAIT_STRESS_SEED (default: from the clock; the seed is printed
 * with the first number drawn from it), PLAIT_TEST_OVERSUBSCRIBE (threads per CPU, default 1). */
#ifndef PLAIT_TEST_SUPPORT_STRESS_H
#define PLAIT_TEST_SUPPORT_STRESS_H

#include <stdbool.h>
#include <stdint.h>

/* How long one stress test should go on, in seconds. */
double stress_seconds(void);

/* True until stress_seconds() have passed since the first call in this process. Any thread may ask. */
bool stress_goes_on(void);

/* How many threads to use: CPUs this process may run on, times PLAIT_TEST_OVERSUBSCRIBE, and at least `least`. */
int stress_threads(int least);

/* A random stream. Give each thread its own: stream i of the run's seed. */
struct stress_random {
    uint64_t state;
};

struct stress_random stress_random_stream(unsigned stream);

/* A number from 0 to below - 1. */
uint32_t stress_random_below(struct stress_random *random, uint32_t below);

#endif

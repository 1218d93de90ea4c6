/* Lengths, thread counts and seeds of the stress tests (stress.h). This file reads the real clock and uses the
 * compiler's atomics itself: it must work while the library's own are what is tested. */
#include "stress.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double number_from_environment(const char *name, double otherwise) {
    const char *text = getenv(name);
    double value = text ? strtod(text, NULL) : 0;
    return value > 0 ? value : otherwise;
}

double stress_seconds(void) {
    return number_from_environment("PLAIT_STRESS_SECONDS", 0.5);
}

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool stress_goes_on(void) {
    static _Atomic uint64_t end;
    uint64_t now = nanoseconds(), expected = 0;
    atomic_compare_exchange_strong(&end, &expected, now + (uint64_t)(stress_seconds() * 1e9));
    return now < atomic_load(&end);
}

int stress_threads(int least) {
    cpu_set_t allowed;
    int cpus = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    int threads = (int)(cpus * number_from_environment("PLAIT_TEST_OVERSUBSCRIBE", 1));
    return threads > least ? threads : least;
}

/* One seed per process, printed once so that a failing run can be repeated. */
static uint64_t seed(void) {
    static _Atomic uint64_t chosen;
    uint64_t known = atomic_load(&chosen);
    if (known) {
        return known;
    }
    const char *text = getenv("PLAIT_STRESS_SEED");
    uint64_t mine = text ? strtoull(text, NULL, 0) : nanoseconds();
    mine = mine ? mine : 1;
    if (atomic_compare_exchange_strong(&chosen, &known, mine)) {
        fprintf(stderr, "# PLAIT_STRESS_SEED=%llu\n", (unsigned long long)mine);
        return mine;
    }
    return known;
}

/* splitmix64 (Steele, Lea, Flood 2014): any state is a good one, so neighbouring streams do not resemble. */
static uint64_t next(struct stress_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct stress_random stress_random_stream(unsigned stream) {
    struct stress_random random = {seed() ^ ((uint64_t)stream << 32)};
    next(&random);
    return random;
}

uint32_t stress_random_below(struct stress_random *random, uint32_t below) {
    return (uint32_t)(((next(random) >> 32) * below) >> 32);
}

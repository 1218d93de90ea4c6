/* place.c - which CPUs; see place.h. */
#include "place.h"

#include "support.h"

#include <sched.h>

static cpu_set_t at_first; /* what the process was given, before a thread of it was confined */

static const cpu_set_t *allowed(void) {
    if (!CPU_COUNT(&at_first) && sched_getaffinity(0, sizeof at_first, &at_first))
        bench_fail("cannot tell which CPUs there are");
    return &at_first;
}

int place_cpus(void) {
    return CPU_COUNT(allowed());
}

bool place_exists(enum place place) {
    return place != ONE_CPU_EACH || place_cpus() > 1;
}

/* Of the CPUs that this process may use, the one with this index. */
static void stay_on(int n) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed()) && n-- == 0) CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set)) bench_fail("cannot stay on one CPU");
}

void place_first(enum place place) {
    if (place != ANYWHERE) stay_on(0);
}

void place_second(enum place place) {
    if (place == ONE_CPU_EACH) stay_on(1);
}

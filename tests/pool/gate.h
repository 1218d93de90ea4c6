/* gate.h - tasks that wait until a test lets them go, and what else the tests of a pool's life share. */
#ifndef PLAIT_TEST_POOL_GATE_H
#define PLAIT_TEST_POOL_GATE_H

#include "support.h"

static plait_event gate, begun;
static plait_pool *pool;
static int counter;

PLAIT_TASK(plait_status, wait_at_gate) {
    plait_event_set(&begun);
    return plait_event_wait(&gate);
}

PLAIT_TASK(void, bump) {
    plait__add(&counter, 1);
}

static inline plait_pool_counters counters_of(plait_pool *of) {
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(of, &counters));
    return counters;
}

static inline void run_to_end(void) {
    plait_event_set(&gate);
    pool_end(pool);
}

#endif

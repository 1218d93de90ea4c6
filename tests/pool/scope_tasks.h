/* What children do, for the tests of scopes. */
#ifndef PLAIT_TEST_POOL_SCOPE_TASKS_H
#define PLAIT_TEST_POOL_SCOPE_TASKS_H

#include "support.h"

static plait_event go, never, begun;
static int ran;

PLAIT_TASK(int, square, (int, x)) {
    plait__add(&ran, 1);
    return x * x;
}

PLAIT_TASK(void, fail_with, (int, code), (const char *, why)) {
    plait_raise(code, "%s", why);
}

/* Ends only by a cancel, and says how its wait ended. */
PLAIT_TASK(plait_status, wait_for_ever) {
    plait_event_set(&begun);
    plait_status status = plait_event_wait(&never);
    plait__add(&ran, 1);
    return status;
}

PLAIT_TASK(void, wait_for_go) {
    plait__add(&ran, plait_event_wait(&go) == PLAIT_OK);
}

static inline void *give_back(void *argument) {
    return argument;
}

static plait_scope scope;
static plait_pool *pool;

static inline void begin(int workers) {
    pool = plait_pool_new(workers);
    ck_assert_ok(plait_scope_begin(&scope, pool));
}

#endif

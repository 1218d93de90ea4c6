/* What the tests of children share. */
#ifndef PLAIT_TEST_SPAWN_SUPPORT_H
#define PLAIT_TEST_SPAWN_SUPPORT_H

#include "support.h"

/* What a task without parameters returns, an int, run in a pool of its own. */
static inline int spawn_run(int workers, const plait_task *task) {
    plait_pool *pool = plait_pool_new(workers);
    plait_future *future = plait_pool_submit(pool, task, NULL);
    int result = -1;
    ck_assert_ok(plait_future_result(future, &result, sizeof result));
    plait_future_free(future);
    pool_end(pool);
    return result;
}

#endif

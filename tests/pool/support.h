/* What the tests of futures and pools share. */
#ifndef PLAIT_TEST_POOL_SUPPORT_H
#define PLAIT_TEST_POOL_SUPPORT_H

#include "support/asleep.h"
#include "support/test.h"

#include <base/atomic.h>
#include <plait.h>

/* Which sanitizer this is built with. The thread sanitizer cannot follow threads that a forked child starts or
 * ends with; the address sanitizer takes what the parent's other threads held for leaks of the child. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define POOL_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define POOL_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define POOL_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define POOL_ADDRESS_SANITIZER 1
#endif

/* Ends a pool as most tests do. */
static inline void pool_end(plait_pool *pool) {
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

/* The excepthook of tests that look at what it is told. */
struct pool_told {
    int count;
    plait_status status;
    char message[64], task[32];
};

static inline void pool_hear(const plait_failure *failure, void *context) {
    struct pool_told *told = context;
    told->status = failure->status;
    strncpy(told->message, failure->message, sizeof told->message - 1);
    strncpy(told->task, failure->task ? failure->task : "", sizeof told->task - 1);
    plait__add(&told->count, 1);
}

#endif

/* What the tests of pools of processes share. */
#ifndef PLAIT_TEST_PROCESS_POOL_SUPPORT_H
#define PLAIT_TEST_PROCESS_POOL_SUPPORT_H

#include "support/asleep.h"
#include "support/test.h"

#include <base/atomic.h>
#include <plait.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Memory that a test and its workers share: made before the first pool, so that the server's forks have it, too. */
static inline void *process_shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    return memory;
}

static inline plait_pool *process_pool(int workers, const plait_process_pool_options *options) {
    plait_pool *pool = plait_process_pool_new(workers, options);
    ck_assert_msg(pool != NULL, "%s: %s", plait_status_name(plait_last_error()), plait_last_message());
    return pool;
}

static inline void process_pool_end(plait_pool *pool) {
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

/* The future must end so, with these words in its message; frees it. */
#define ck_assert_fails(future, expected, words) \
    do { \
        plait_future *future_ = (future); \
        ck_assert_status(plait_result(future_), (expected)); \
        const char *message_ = plait_future_message(future_); \
        ck_assert_msg(strstr(message_, (words)) != NULL, "%s", message_); \
        plait_future_free(future_); \
    } while (0)

/* Until a word in shared memory says so. */
static inline void wait_for_word(int *word, int least) {
    while (plait__load_acquire(word) < least) usleep(200);
}

#endif

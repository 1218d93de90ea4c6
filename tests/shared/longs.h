/* What the tests of the queue between processes share: queues of numbers in their order. */
#ifndef PLAIT_TEST_SHARED_LONGS_H
#define PLAIT_TEST_SHARED_LONGS_H

#include "support/test.h"

#include <plait.h>

static inline plait_process_queue *queue_of_longs(size_t maxsize) {
    plait_process_queue *queue = plait_process_queue_of(long, maxsize);
    ck_assert_ptr_nonnull(queue);
    return queue;
}

static inline void put_longs(plait_process_queue *queue, long first, long count) {
    for (long i = first; i < first + count; i++) ck_assert_ok(plait_process_queue_put(queue, &i));
}

static inline void get_longs(plait_process_queue *queue, long first, long count) {
    for (long i = first, item; i < first + count; i++) {
        ck_assert_ok(plait_process_queue_get(queue, &item));
        ck_assert_int_eq(item, i);
    }
}

#endif

/* What the tests of the queue share: threads, and telling when one is asleep. */
#ifndef PLAIT_TEST_QUEUE_SUPPORT_H
#define PLAIT_TEST_QUEUE_SUPPORT_H

#include "support/asleep.h"
#include "support/test.h"

#include <base/atomic.h>
#include <plait/event.h>
#include <plait/queue.h>

#include <pthread.h>

static inline pthread_t queue_thread(void *(*body)(void *), void *arg) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, arg), 0);
    return thread;
}

static inline void *queue_thread_end(pthread_t thread) {
    void *result = NULL;
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

#endif

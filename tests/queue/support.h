/* What the tests of the queue share: threads, and telling when one is asleep. */
#ifndef PLAIT_TEST_QUEUE_SUPPORT_H
#define PLAIT_TEST_QUEUE_SUPPORT_H

#include "support/test.h"

#include <plait/queue.h>
#include <wait/waiter.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

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

struct queue_sleepers {
    const char *kind;
    int count;
};

static inline void queue_count_sleeper(struct plait__waiter *waiter, void *context) {
    struct queue_sleepers *sleepers = context;
    if (waiter->kind && strcmp(waiter->kind, sleepers->kind) == 0 &&
        plait__load(&waiter->word) == PLAIT__SLEEPING)
        sleepers->count++;
}

/* Returns when this many threads sleep in a wait of this kind. */
static inline void queue_await_sleepers(const char *kind, int count) {
    for (;;) {
        struct queue_sleepers sleepers = {kind, 0};
        plait__each_sleeper(queue_count_sleeper, &sleepers);
        if (sleepers.count >= count) return;
        sched_yield();
    }
}

#endif

/* queue.cpp - the queues of oneTBB; see queue_kind.h. */
#include "queue_kind.h"

#include <functional>
#include <oneapi/tbb/concurrent_priority_queue.h>
#include <oneapi/tbb/concurrent_queue.h>

using bounded = tbb::concurrent_bounded_queue<uint64_t>;
using polled = tbb::concurrent_queue<uint64_t>;
using priority = tbb::concurrent_priority_queue<uint64_t, std::greater<uint64_t>>;

static void *bounded_make(size_t room) {
    bounded *queue = new bounded;
    if (room) queue->set_capacity(static_cast<bounded::size_type>(room));
    return queue;
}

static void bounded_put(void *queue, uint64_t item) {
    static_cast<bounded *>(queue)->push(item);
}

static uint64_t bounded_get(void *queue) {
    uint64_t item = 0;
    static_cast<bounded *>(queue)->pop(item);
    return item;
}

QUEUE_LOOPS(bounded)
const struct queue_kind queue_tbb_bounded = QUEUE_KIND(bounded);

static void *polled_make(size_t) {
    return new polled;
}

static void polled_put(void *queue, uint64_t item) {
    static_cast<polled *>(queue)->push(item);
}

static uint64_t polled_get(void *queue) {
    uint64_t item = 0;
    while (!static_cast<polled *>(queue)->try_pop(item)) {}
    return item;
}

QUEUE_LOOPS(polled)
const struct queue_kind queue_tbb_polled = QUEUE_KIND(polled);

static void *priority_make(size_t) {
    return new priority;
}

static void priority_put(void *queue, uint64_t item) {
    static_cast<priority *>(queue)->push(item);
}

static uint64_t priority_get(void *queue) {
    uint64_t item = 0;
    while (!static_cast<priority *>(queue)->try_pop(item)) {}
    return item;
}

const struct queue_kind queue_tbb_priority = {nullptr,      nullptr, priority_make, priority_put,
                                              priority_get, nullptr, nullptr,       nullptr};

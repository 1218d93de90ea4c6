/* two_locks.c - a ring with a mutex for each end: a put and a get run beside each other, and meet only when one of them
 * has used up what it knew of the other's index. Who parks is listed at the other end, whose mutex whoever wakes it has
 * anyway; so it is seen, and there is no order to be kept. */
#include "patience.h"
#include "prototype.h"
#include "side.h"

#include <stdlib.h>

struct end {
    _Alignas(128) struct plait__mutex mutex;
    uint64_t index;      /* the next item to be put, or to be got; read by the other end */
    uint64_t limit;      /* where this end must look at the other's index again */
    struct side waiting; /* for what this end does */
};

struct queue {
    struct end put, get;
    uint64_t *items;
    size_t capacity;
};

static void *prototype_make(size_t room) {
    size_t capacity = room ? room : ROOM_FOR_ALL; /* a power of two */
    struct queue *queue = aligned_alloc(128, sizeof *queue);
    *queue = (struct queue){.capacity = capacity, .items = calloc(capacity, sizeof(uint64_t))};
    queue->put.limit = capacity;
    return queue;
}

/* Whether there is nothing to be done at this end; slack is what a full queue is ahead. Under the end's mutex. */
static bool stuck(struct end *end, struct end *other, size_t slack) {
    end->limit = plait__load_acquire(&other->index) + slack;
    return end->limit == end->index;
}

/* Moves the index, which lets the other end go on, and wakes one who waits for that. Gives the mutex back. */
static void advance(struct end *end) {
    plait__store_release(&end->index, end->index + 1);
    if (plait__unlikely(side_wants_wake(&end->waiting))) {
        struct plait__wakes wakes;
        wakes.count = 0;
        side_wake(&end->waiting, &wakes);
        plait__mutex_unlock(&end->mutex);
        plait__wakes_send(&wakes);
    } else {
        plait__mutex_unlock(&end->mutex);
    }
}

static void park(struct end *end, struct end *other, size_t slack, bool *again) {
    struct sleeper sleeper;
    struct plait__wakes wakes;
    wakes.count = 0;
    plait__mutex_lock(&other->mutex);
    bool wait = plait__load_acquire(&end->index) == other->index + slack;
    if (wait) side_enter(&other->waiting, &sleeper, *again);
    plait__mutex_unlock(&other->mutex);
    if (!wait) return;
    plait__wait(&sleeper.waiter, PLAIT_FOREVER, false);
    *again = true;
    plait__mutex_lock(&other->mutex);
    other->waiting.waking = false;
    if (other->index + slack - plait__load_acquire(&end->index) > 1 && side_wants_wake(&other->waiting))
        side_wake(&other->waiting, &wakes);
    plait__mutex_unlock(&other->mutex);
    plait__wakes_send(&wakes);
}

__attribute__((noinline)) static void wait_at(struct end *end, struct end *other, size_t slack, bool *again) {
    struct patience patience = {0};
    while (patience_wait(&patience))
        if (plait__load(&other->index) + slack != plait__load(&end->index)) return;
    park(end, other, slack, again);
}

static void prototype_put(void *object, uint64_t item) {
    struct queue *queue = object;
    bool again = false;
    for (;; wait_at(&queue->put, &queue->get, queue->capacity, &again)) {
        plait__mutex_lock(&queue->put.mutex);
        uint64_t tail = queue->put.index;
        if (plait__likely(tail != queue->put.limit) || !stuck(&queue->put, &queue->get, queue->capacity)) {
            queue->items[tail & (queue->capacity - 1)] = item;
            advance(&queue->put);
            return;
        }
        plait__mutex_unlock(&queue->put.mutex);
    }
}

static uint64_t prototype_get(void *object) {
    struct queue *queue = object;
    bool again = false;
    for (;; wait_at(&queue->get, &queue->put, 0, &again)) {
        plait__mutex_lock(&queue->get.mutex);
        uint64_t head = queue->get.index;
        if (plait__likely(head != queue->get.limit) || !stuck(&queue->get, &queue->put, 0)) {
            uint64_t item = queue->items[head & (queue->capacity - 1)];
            advance(&queue->get);
            return item;
        }
        plait__mutex_unlock(&queue->get.mutex);
    }
}

QUEUE_LOOPS(prototype)
const struct queue_kind prototype_two_locks = QUEUE_KIND(prototype);

/* one_lock.c - a ring under one mutex. */
#include "patience.h"
#include "prototype.h"
#include "side.h"

#include <stdlib.h>

struct queue {
    _Alignas(128) struct plait__mutex mutex;
    uint64_t head, tail;
    uint64_t *items;
    size_t capacity;
    struct side getters, putters;
};

static void *prototype_make(size_t room) {
    size_t capacity = room ? room : ROOM_FOR_ALL; /* a power of two */
    struct queue *queue = aligned_alloc(128, sizeof *queue);
    *queue = (struct queue){.capacity = capacity, .items = calloc(capacity, sizeof(uint64_t))};
    return queue;
}

static void unlock(struct queue *queue, struct plait__wakes *wakes) {
    plait__mutex_unlock(&queue->mutex);
    if (plait__unlikely(wakes->count)) plait__wakes_send(wakes);
}

static bool empty(struct queue *queue) {
    return plait__load(&queue->tail) == plait__load(&queue->head);
}

static bool full(struct queue *queue) {
    return plait__load(&queue->tail) - plait__load(&queue->head) == queue->capacity;
}

/* Returns with the mutex held, when it makes sense to try again. */
__attribute__((noinline)) static void wait_in(struct queue *queue, struct side *side,
                                              bool (*stuck)(struct queue *)) {
    struct patience patience = {0};
    struct sleeper sleeper;
    while (patience_wait(&patience)) {
        if (stuck(queue)) continue;
        plait__mutex_lock(&queue->mutex);
        if (!stuck(queue)) return;
        plait__mutex_unlock(&queue->mutex);
    }
    plait__mutex_lock(&queue->mutex);
    for (bool again = false; stuck(queue); again = true) {
        side_enter(side, &sleeper, again);
        plait__mutex_unlock(&queue->mutex);
        plait__wait(&sleeper.waiter, PLAIT_FOREVER, false);
        plait__mutex_lock(&queue->mutex);
        side->waking = false;
    }
}

static void prototype_put(void *object, uint64_t item) {
    struct queue *queue = object;
    struct plait__wakes wakes;
    wakes.count = 0;
    plait__mutex_lock(&queue->mutex);
    if (plait__unlikely(full(queue))) {
        plait__mutex_unlock(&queue->mutex);
        wait_in(queue, &queue->putters, full);
    }
    queue->items[queue->tail & (queue->capacity - 1)] = item;
    plait__store(&queue->tail, queue->tail + 1);
    if (plait__unlikely(side_wants_wake(&queue->getters))) side_wake(&queue->getters, &wakes);
    if (plait__unlikely(side_wants_wake(&queue->putters)) && !full(queue)) side_wake(&queue->putters, &wakes);
    unlock(queue, &wakes);
}

static uint64_t prototype_get(void *object) {
    struct queue *queue = object;
    struct plait__wakes wakes;
    wakes.count = 0;
    plait__mutex_lock(&queue->mutex);
    if (plait__unlikely(empty(queue))) {
        plait__mutex_unlock(&queue->mutex);
        wait_in(queue, &queue->getters, empty);
    }
    uint64_t item = queue->items[queue->head & (queue->capacity - 1)];
    plait__store(&queue->head, queue->head + 1);
    if (plait__unlikely(side_wants_wake(&queue->putters))) side_wake(&queue->putters, &wakes);
    if (plait__unlikely(side_wants_wake(&queue->getters)) && !empty(queue))
        side_wake(&queue->getters, &wakes);
    unlock(queue, &wakes);
    return item;
}

QUEUE_LOOPS(prototype)
const struct queue_kind prototype_one_lock = QUEUE_KIND(prototype);

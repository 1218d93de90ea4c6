/* many.c - several items with one synchronisation.
 *
 * An attempt moves as many as can be moved now, under one hold of the mutex, and the call remembers how many
 * are left; waiting between attempts is the same as for one item. A put goes on until all are in; for a get
 * one item is enough. However many were moved, one getter and one putter is woken, as after a single put or
 * get: each wakes the next if there is more.
 */
#include <queue/queue.h>

static size_t least(size_t one, size_t other) {
    return one < other ? one : other;
}

/* Both with room or items enough. False: as a single one, see queue.c. */
static bool push(plait_queue *queue, const char *from, size_t count) {
    struct plait__items *items = &queue->items;
    if (plait__items_compare(items)) return plait__queue_push_compared(queue, from, count);
    if (items->order <= PLAIT__LIFO)
        plait__ring_push_many(&items->ring, from, count);
    else
        for (size_t i = 0; i < count; i++) plait__items_push(items, from + i * items->size);
    return true;
}

static bool pop(plait_queue *queue, char *to, size_t count) {
    struct plait__items *items = &queue->items;
    if (plait__items_compare(items)) return plait__queue_pop_compared(queue, to, count);
    if (items->order == PLAIT__FIFO)
        plait__ring_pop_many(&items->ring, to, count);
    else
        for (size_t i = 0; i < count; i++) plait__items_pop(items, to + i * items->size);
    return true;
}

static void moved(const plait_queue *queue, struct plait__call *call, size_t count) {
    call->item += count * queue->items.size;
    call->left -= count;
}

static plait_status meet_getters(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    while (call->left && plait__rendezvous_put(queue, call->item, wakes) == PLAIT_OK) moved(queue, call, 1);
    return call->left ? PLAIT_BUSY : PLAIT_OK;
}

static plait_status meet_putters(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    plait_status first = plait__rendezvous_get(queue, call->item, wakes);
    if (first != PLAIT_OK) return first;
    moved(queue, call, 1);
    while (call->left && plait__rendezvous_get(queue, call->item, wakes) == PLAIT_OK) moved(queue, call, 1);
    return PLAIT_OK;
}

static plait_status put_some(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    const struct plait__ring *ring = &queue->items.ring;
    if (queue->shut_down) return PLAIT_SHUTDOWN;
    if (queue->items.order == PLAIT__RENDEZVOUS) return meet_getters(queue, call, wakes);
    size_t count = plait__queue_room(queue, call->left);
    if (!count) return PLAIT_BUSY;
    if (ring->capacity - ring->count < count) return PLAIT__RESIZE;
    if (!push(queue, call->item, count)) return PLAIT_BROKEN;
    moved(queue, call, count);
    queue->unfinished += count;
    plait__queue_wake_one(&queue->getters, wakes);
    if (!plait__queue_is_full(queue)) plait__queue_wake_one(&queue->putters, wakes);
    return call->left ? PLAIT_BUSY : PLAIT_OK;
}

static plait_status get_some(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    const struct plait__ring *ring = &queue->items.ring;
    if (queue->items.order == PLAIT__RENDEZVOUS) return meet_putters(queue, call, wakes);
    if (!ring->count) return queue->shut_down ? PLAIT_SHUTDOWN : PLAIT_BUSY;
    if (ring->count < ring->shrink_below) return PLAIT__RESIZE;
    size_t count = least(ring->count, call->left);
    if (!pop(queue, call->item, count)) return PLAIT_BROKEN;
    moved(queue, call, count);
    plait__queue_wake_one(&queue->putters, wakes);
    if (ring->count) plait__queue_wake_one(&queue->getters, wakes);
    return PLAIT_OK;
}

/* ---- the calls ---- */

static plait_status finish(plait_status status, const struct plait__call *call, size_t count, size_t *moved) {
    if (moved) *moved = count - call->left;
    return status;
}

static struct plait__call put_call(const void *items, size_t count) {
    struct plait__call call = plait__put_of(items);
    call.attempt = put_some;
    call.left = count;
    return call;
}

static struct plait__call get_call(void *items, size_t count) {
    struct plait__call call = plait__get_of(items);
    call.attempt = get_some;
    call.left = count;
    return call;
}

/* Whether it makes sense; and *moved is 0 then. */
static bool begins(const plait_queue *queue, const void *items, size_t size, size_t *moved) {
    if (!plait__queue_fits(queue, items, size)) return false;
    if (moved) *moved = 0;
    return true;
}

plait_status plait_queue_put_many_sized_until(plait_queue *queue, const void *items, size_t size,
                                              size_t count, size_t *put, plait_deadline deadline) {
    if (!begins(queue, items, size, put)) return PLAIT_INVALID;
    if (!count) return PLAIT_OK;
    struct plait__call call = put_call(items, count);
    return finish(plait__queue_perform(queue, &call, deadline), &call, count, put);
}

plait_status plait_queue_put_many_sized(plait_queue *queue, const void *items, size_t size, size_t count,
                                        size_t *put) {
    return plait_queue_put_many_sized_until(queue, items, size, count, put, PLAIT_FOREVER);
}

plait_status plait_queue_put_many_sized_nowait(plait_queue *queue, const void *items, size_t size,
                                               size_t count, size_t *put) {
    if (!begins(queue, items, size, put)) return PLAIT_INVALID;
    if (!count) return PLAIT_OK;
    struct plait__call call = put_call(items, count);
    plait_status status = plait__queue_try(queue, &call);
    return finish(status == PLAIT_BUSY ? PLAIT_FULL : status, &call, count, put);
}

plait_status plait_queue_get_many_sized_until(plait_queue *queue, void *items, size_t size, size_t count,
                                              size_t *got, plait_deadline deadline) {
    if (!got || !begins(queue, items, size, got)) return PLAIT_INVALID;
    if (!count) return PLAIT_OK;
    struct plait__call call = get_call(items, count);
    return finish(plait__queue_perform(queue, &call, deadline), &call, count, got);
}

plait_status plait_queue_get_many_sized(plait_queue *queue, void *items, size_t size, size_t count,
                                        size_t *got) {
    return plait_queue_get_many_sized_until(queue, items, size, count, got, PLAIT_FOREVER);
}

plait_status plait_queue_get_many_sized_nowait(plait_queue *queue, void *items, size_t size, size_t count,
                                               size_t *got) {
    if (!got || !begins(queue, items, size, got)) return PLAIT_INVALID;
    if (!count) return PLAIT_OK;
    struct plait__call call = get_call(items, count);
    plait_status status = plait__queue_try(queue, &call);
    return finish(status == PLAIT_BUSY ? PLAIT_EMPTY : status, &call, count, got);
}

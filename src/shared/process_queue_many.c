/* process_queue_many.c - several items with one synchronisation: as many as can be moved under one hold of
 * the lock, in at most two copies. Waiting between attempts is the same as for one item. */
#include <shared/process_queue.h>

/* Between the caller's items and the ring, from this index on. */
static void move(plait_process_queue *queue, const struct plait__process_queue_call *call, uint64_t index,
                 uint64_t count) {
    size_t size = queue->item_size;
    uint64_t to_the_end = queue->mask + 1 - (index & queue->mask);
    uint64_t first = count < to_the_end ? count : to_the_end;
    char *here = plait__process_queue_place(queue, index, size), *rest = call->items + first * size;
    memcpy(call->putting ? here : call->items, call->putting ? call->items : here, first * size);
    if (count > first)
        memcpy(call->putting ? queue->items : rest, call->putting ? rest : queue->items,
               (count - first) * size);
}

static void moved(const plait_process_queue *queue, struct plait__process_queue_call *call, uint64_t count) {
    call->items += count * queue->item_size;
    call->left -= count;
}

static plait_status put_some(plait_process_queue *queue, struct plait__process_queue_call *call) {
    struct plait__shared_lane *put = &queue->memory->put;
    if (put->closed) return PLAIT_SHUTDOWN;
    uint64_t count = plait__process_queue_room(queue, call->left);
    move(queue, call, put->index, count);
    plait__store_release(&put->index, put->index + count);
    moved(queue, call, count);
    return call->left ? PLAIT_BUSY : PLAIT_OK;
}

static plait_status get_some(plait_process_queue *queue, struct plait__process_queue_call *call) {
    uint64_t count = plait__process_queue_stock(queue, call->left);
    if (!count) {
        plait_status status = plait__process_queue_nothing_left(queue);
        if (status != PLAIT_OK) return status;
        count = plait__process_queue_stock(queue, call->left);
    }
    move(queue, call, queue->memory->get.index, count);
    plait__process_queue_took(queue, count);
    moved(queue, call, count);
    return PLAIT_OK;
}

static plait_status perform(plait_process_queue *queue, bool putting, void *items, size_t size, size_t count,
                            size_t *done, plait_deadline deadline, bool waits) {
    if (!plait__process_queue_fits(queue, items, size) || (!putting && !done)) return PLAIT_INVALID;
    if (done) *done = 0;
    if (!count) return PLAIT_OK;
    struct plait__process_queue_call call = {.step = putting ? put_some : get_some,
                                             .putting = putting,
                                             .waits = waits,
                                             .items = items,
                                             .left = count};
    plait_status status = plait__process_queue_perform(queue, &call, deadline);
    if (done) *done = count - call.left;
    return status;
}

static plait_status put(plait_process_queue *queue, const void *items, size_t size, size_t count, size_t *put,
                        plait_deadline deadline, bool waits) {
    return perform(queue, true, (void *)(uintptr_t)items, size, count, put, deadline, waits);
}

plait_status plait_process_queue_put_many_sized(plait_process_queue *queue, const void *items, size_t size,
                                                size_t count, size_t *done) {
    return put(queue, items, size, count, done, PLAIT_FOREVER, true);
}

plait_status plait_process_queue_put_many_sized_until(plait_process_queue *queue, const void *items,
                                                      size_t size, size_t count, size_t *done,
                                                      plait_deadline deadline) {
    return put(queue, items, size, count, done, deadline, true);
}

plait_status plait_process_queue_put_many_sized_nowait(plait_process_queue *queue, const void *items,
                                                       size_t size, size_t count, size_t *done) {
    return put(queue, items, size, count, done, PLAIT_NOW, false);
}

plait_status plait_process_queue_get_many_sized(plait_process_queue *queue, void *items, size_t size,
                                                size_t count, size_t *got) {
    return perform(queue, false, items, size, count, got, PLAIT_FOREVER, true);
}

plait_status plait_process_queue_get_many_sized_until(plait_process_queue *queue, void *items, size_t size,
                                                      size_t count, size_t *got, plait_deadline deadline) {
    return perform(queue, false, items, size, count, got, deadline, true);
}

plait_status plait_process_queue_get_many_sized_nowait(plait_process_queue *queue, void *items, size_t size,
                                                       size_t count, size_t *got) {
    return perform(queue, false, items, size, count, got, PLAIT_NOW, false);
}

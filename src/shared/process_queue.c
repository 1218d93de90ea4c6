/* process_queue.c - put, get and peek of one item, and how a call waits; the protocol is in lane.h, the books
 * of who has got what in process_queue.h. */
#include <shared/process_queue.h>
#include <wait/waiter.h>

/* How long a call that never waits waits for one who is in the middle of his. */
static const double brief_s = 0.1;

/* A pointer, a long, a double: the size that most items have is known to the compiler here. */
static inline void copy(void *to, const void *from, size_t size) {
    if (plait__likely(size == 8))
        memcpy(to, from, 8);
    else
        memcpy(to, from, size);
}

/* ---- one item, under the lock ---- */

plait_status plait__process_queue_put_step(plait_process_queue *queue,
                                           struct plait__process_queue_call *call) {
    struct plait__shared_lane *put = &queue->memory->put;
    if (plait__unlikely(put->closed)) return PLAIT_SHUTDOWN;
    if (!plait__process_queue_room(queue, 1)) return PLAIT_BUSY;
    copy(plait__process_queue_place(queue, put->index, queue->item_size), call->items, queue->item_size);
    plait__store_release(&put->index, put->index + 1);
    call->left = 0;
    return PLAIT_OK;
}

plait_status plait__process_queue_nothing_left(plait_process_queue *queue) {
    if (!plait__load_acquire(&queue->memory->put.closed)) return PLAIT_BUSY;
    return plait__process_queue_stock(queue, 1) ? PLAIT_OK : PLAIT_SHUTDOWN;
}

plait_status plait__process_queue_get_step(plait_process_queue *queue,
                                           struct plait__process_queue_call *call) {
    if (!plait__process_queue_stock(queue, 1)) {
        plait_status status = plait__process_queue_nothing_left(queue);
        if (status != PLAIT_OK) return status;
    }
    copy(call->items, plait__process_queue_place(queue, queue->memory->get.index, queue->item_size),
         queue->item_size);
    plait__process_queue_took(queue, 1);
    call->left = 0;
    return PLAIT_OK;
}

/* ---- a call ---- */

struct plait__shared_lane_call plait__process_queue_brief(const plait_process_queue *queue,
                                                          const char *kind) {
    return (struct plait__shared_lane_call){.wait = {kind, queue, plait_after(brief_s), false}};
}

struct plait__shared_lane_call plait__process_queue_patient(const plait_process_queue *queue,
                                                            const char *kind) {
    return (struct plait__shared_lane_call){.wait = {kind, queue, PLAIT_FOREVER, false}};
}

/* Takes the lock, and does what can be done. */
static plait_status attempt(plait_process_queue *queue, struct plait__process_queue_call *call) {
    struct plait__process_queue_memory *memory = queue->memory;
    struct plait__shared_lane *lane = call->putting ? &memory->put : &memory->get;
    plait_status status = call->putting ? plait__process_queue_lock_puts(queue, &call->lane)
                                        : plait__process_queue_lock_gets(queue, &call->lane);
    if (status != PLAIT_OK) return status;
    size_t before = call->left;
    status = call->step(queue, call);
    if (status == PLAIT_BUSY && call->waits) plait__shared_lane_stuck(lane, &call->lane);
    bool wake = call->left != before && plait__shared_lane_wants_wake(lane);
    plait__shared_lane_unlock(lane);
    if (wake) plait__shared_lane_wake(lane);
    return status;
}

static plait_status wait_for_others(plait_process_queue *queue, struct plait__process_queue_call *call) {
    struct plait__process_queue_memory *memory = queue->memory;
    if (plait_passed(call->lane.wait.deadline)) return PLAIT_TIMEOUT;
    plait__process_queue_enter(queue);
    plait_status status = call->putting
                              ? plait__shared_lane_wait(&memory->get, plait__process_queue_full_at(queue),
                                                        &call->lane)
                              : plait__shared_lane_wait(&memory->put, plait__process_queue_empty_at(queue),
                                                        &call->lane);
    plait__process_queue_leave(queue);
    return status;
}

static void pass_on(plait_process_queue *queue, const struct plait__process_queue_call *call) {
    struct plait__process_queue_memory *memory = queue->memory;
    if (call->putting)
        plait__shared_lane_pass_on(&memory->get, plait__process_queue_full_at(queue), &call->lane);
    else
        plait__shared_lane_pass_on(&memory->put, plait__process_queue_empty_at(queue), &call->lane);
}

plait_status plait__process_queue_perform(plait_process_queue *queue, struct plait__process_queue_call *call,
                                          plait_deadline deadline) {
    const char *kind = call->putting ? "process_queue.put" : "process_queue.get";
    call->lane = plait__process_queue_brief(queue, kind);
    if (call->waits) {
        call->lane.wait.deadline = deadline;
        call->lane.wait.cancellable = true;
    }
    plait_status status = PLAIT_OK;
    if (!call->putting && !plait__process_queue_is_member(queue))
        status = plait__process_queue_join_in(queue, &call->lane);
    while (status == PLAIT_OK) {
        status = attempt(queue, call);
        if (status != PLAIT_BUSY || !call->waits) break;
        status = wait_for_others(queue, call);
    }
    pass_on(queue, call);
    if (!call->waits && (status == PLAIT_BUSY || status == PLAIT_TIMEOUT))
        return call->putting ? PLAIT_FULL : PLAIT_EMPTY;
    return status;
}

/* ---- the straight path ----
 *
 * A lane that is free, and room or items that are known of: then a put or get is one compare-and-swap, a copy
 * and a few stores. A limit that lies ahead says that nobody wants a wake, and that the queue is open. */

__attribute__((noinline)) static plait_status perform_one(plait_process_queue *queue, bool putting,
                                                          void *item, plait_deadline deadline, bool waits) {
    struct plait__process_queue_call call = {.step = putting ? plait__process_queue_put_step
                                                             : plait__process_queue_get_step,
                                             .putting = putting,
                                             .waits = waits,
                                             .items = item,
                                             .left = 1};
    return plait__process_queue_perform(queue, &call, deadline);
}

__attribute__((always_inline)) static inline plait_status
put_one(plait_process_queue *queue, const void *item, size_t size, plait_deadline deadline, bool waits) {
    if (plait__unlikely(!plait__process_queue_fits(queue, item, size))) return PLAIT_INVALID;
    struct plait__shared_lane *put = &queue->memory->put;
    if (plait__likely(plait__robust_take(&put->lock))) {
        uint64_t index = put->index;
        if (plait__unlikely(!plait__shared_lane_known(put)))
            (void)plait__shared_lane_look(put, &queue->memory->get, queue->maxsize);
        bool can = plait__likely(plait__shared_lane_known(put));
        if (can) {
            copy(plait__process_queue_place(queue, index, size), item, size);
            plait__store_release(&put->index, index + 1);
        }
        plait__shared_lane_unlock(put);
        if (can) return PLAIT_OK;
    }
    return perform_one(queue, true, (void *)(uintptr_t)item, deadline, waits);
}

__attribute__((always_inline)) static inline plait_status
get_one(plait_process_queue *queue, void *item, size_t size, plait_deadline deadline, bool waits) {
    if (plait__unlikely(!plait__process_queue_fits(queue, item, size))) return PLAIT_INVALID;
    struct plait__shared_lane *get = &queue->memory->get;
    if (plait__process_queue_is_member(queue) && plait__likely(plait__robust_take(&get->lock))) {
        uint64_t index = get->index;
        if (plait__unlikely(!plait__shared_lane_known(get)))
            (void)plait__shared_lane_look(get, &queue->memory->put, 0);
        bool can = plait__likely(plait__shared_lane_known(get));
        if (can) {
            copy(item, plait__process_queue_place(queue, index, size), size);
            plait__process_queue_took(queue, 1);
        }
        plait__shared_lane_unlock(get);
        if (can) return PLAIT_OK;
    }
    return perform_one(queue, false, item, deadline, waits);
}

plait_status plait_process_queue_put_sized(plait_process_queue *queue, const void *item, size_t size) {
    return put_one(queue, item, size, PLAIT_FOREVER, true);
}

plait_status plait_process_queue_put_sized_until(plait_process_queue *queue, const void *item, size_t size,
                                                 plait_deadline deadline) {
    return put_one(queue, item, size, deadline, true);
}

plait_status plait_process_queue_put_sized_nowait(plait_process_queue *queue, const void *item, size_t size) {
    return put_one(queue, item, size, PLAIT_NOW, false);
}

plait_status plait_process_queue_get_sized(plait_process_queue *queue, void *item, size_t size) {
    return get_one(queue, item, size, PLAIT_FOREVER, true);
}

plait_status plait_process_queue_get_sized_until(plait_process_queue *queue, void *item, size_t size,
                                                 plait_deadline deadline) {
    return get_one(queue, item, size, deadline, true);
}

plait_status plait_process_queue_get_sized_nowait(plait_process_queue *queue, void *item, size_t size) {
    return get_one(queue, item, size, PLAIT_NOW, false);
}

/* ---- looks ---- */

plait_status plait_process_queue_peek_sized(plait_process_queue *queue, void *item, size_t size) {
    if (!plait__process_queue_fits(queue, item, size)) return PLAIT_INVALID;
    struct plait__shared_lane *get = &queue->memory->get;
    struct plait__shared_lane_call call = plait__process_queue_brief(queue, "process_queue.peek");
    plait_status status = plait__process_queue_lock_gets(queue, &call);
    if (status != PLAIT_OK) return status == PLAIT_TIMEOUT ? PLAIT_EMPTY : status;
    if (!plait__process_queue_stock(queue, 1)) status = plait__process_queue_nothing_left(queue);
    if (status == PLAIT_OK) copy(item, plait__process_queue_place(queue, get->index, size), size);
    plait__shared_lane_unlock(get);
    return status == PLAIT_BUSY ? PLAIT_EMPTY : status;
}

/* Nothing was got between the two looks at what was got: so the count is that of the moment between them. */
size_t plait_process_queue_qsize(const plait_process_queue *queue) {
    if (!queue) return 0;
    const struct plait__process_queue_memory *memory = queue->memory;
    for (uint64_t before, head = plait__load_acquire(&memory->get.index);;) {
        before = head;
        uint64_t tail = plait__load_acquire(&memory->put.index);
        head = plait__load_acquire(&memory->get.index);
        if (head == before) return (size_t)(tail - head);
    }
}

bool plait_process_queue_empty(const plait_process_queue *queue) {
    return plait_process_queue_qsize(queue) == 0;
}

bool plait_process_queue_full(const plait_process_queue *queue) {
    return queue && plait_process_queue_qsize(queue) >= queue->maxsize;
}

size_t plait_process_queue_maxsize(const plait_process_queue *queue) {
    return queue ? queue->maxsize : 0;
}

size_t plait_process_queue_item_size(const plait_process_queue *queue) {
    return queue ? queue->item_size : 0;
}

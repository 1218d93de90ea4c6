/* queue.c - the FIFO queue.
 *
 * One short critical section under the queue's own mutex does a put or a get; nothing waits, allocates or
 * calls the user inside it. Whoever cannot be served puts a node into one of three lists in the queue
 * (getters, putters, joiners) and waits outside the mutex.
 *
 * A wake costs as much as hundreds of operations, so at most one is on its way to each side: `waking` is
 * set when a getter is claimed, and cleared by that getter, under the mutex, when it comes back. Until
 * then puts wake nobody else; a getter that got something and sees more wakes the next. The same for
 * putters. Items are not handed to the thread that is woken; it competes for them with those that are
 * awake, and goes to the head of its list if it came too late.
 *
 * No wake-up is lost. It always holds, outside the mutex, that if there are items and getters are listed,
 * then one of them is on its way (waking), or a select that was woken is about to attempt its get:
 *   - a getter is listed only while there are no items, and no shutdown;
 *   - a put makes an item and claims a getter, unless one is on its way;
 *   - the one on its way comes back: it gets an item and wakes the next if there are more, or there are
 *     no items. A claim is final, so it comes back even if its deadline has passed meanwhile;
 *   - a getter that gives up by itself was not claimed, and its leaving changes nothing;
 *   - for a select, coming back and attempting are two critical sections. What happens between them is
 *     made good by the attempt: every get, whoever makes it, wakes the next if there are more.
 * With room for items, and putters, it is the same; shutdown claims everyone.
 *
 * After the mutex is given back a put or get touches the queue no more, only waiters' words, so the queue
 * may be freed by whom it has served. `inside` counts the threads that are listed or have been claimed and
 * are not back yet; as long as there is one, the queue cannot be freed. After a fork they have vanished
 * and their nodes with them: the child finds `inside` counted under another generation, and the queue is
 * broken. So it is when the mutex was held by a thread that vanished.
 *
 * A queue that must grow does so between two critical sections, because the allocator may be the user's.
 */
#include <base/memory.h>
#include <base/status.h>
#include <plait/queue.h>
#include <queue/ring.h>
#include <wait/case.h>

enum { SMALL_BYTES = 64 * 1024, FIRST_ITEMS = 16 };

/* Those who wait for the same thing. */
struct side {
    struct plait__list nodes;
    bool waking; /* one was claimed and has not come back */
};

/* All of it is guarded by the mutex, but for item_size and maxsize, which never change. */
struct plait_queue {
    struct plait__mutex mutex;
    uint32_t inside;     /* threads listed, or claimed and not back */
    uint32_t generation; /* of forks, when the last one went inside */
    bool shut_down;
    size_t maxsize; /* 0: none */
    struct plait__ring ring;
    struct side getters, putters, joiners;
    uint64_t unfinished; /* items put that nobody called task_done for */
    void (*destroy)(void *item, void *context);
    void *context;
};

/* One operation. `attempt` does it, under the mutex, if it can be done now, else returns PLAIT_BUSY; a put
 * that needs the queue to grow returns PLAIT_NO_MEMORY. */
struct call {
    plait_status (*attempt)(plait_queue *queue, const struct call *call, struct plait__wakes *wakes);
    size_t side; /* offset of the struct side of those who wait for it */
    const char *kind;
    const void *from;
    void *to;
};

static bool lock(plait_queue *queue) {
    if (!plait__mutex_lock(&queue->mutex)) return false;
    if (plait__likely(!queue->inside || queue->generation == plait__generation())) return true;
    plait__mutex_unlock(&queue->mutex);
    return false;
}

static void unlock(plait_queue *queue, struct plait__wakes *wakes) {
    plait__mutex_unlock(&queue->mutex);
    if (wakes->count) plait__wakes_send(wakes);
}

/* ---- those who wait; all under the mutex ---- */

static struct side *side_of(plait_queue *queue, const struct call *call) {
    return (struct side *)(void *)((char *)queue + call->side);
}

static void enter(plait_queue *queue, struct side *side, struct plait__node *node, bool at_head) {
    queue->inside++;
    queue->generation = plait__generation();
    if (at_head)
        plait__list_prepend(&side->nodes, &node->link);
    else
        plait__list_append(&side->nodes, &node->link);
}

static void come_back(plait_queue *queue, struct side *side, struct plait__node *node) {
    queue->inside--;
    if (plait__linked(&node->link))
        plait__list_remove(&node->link);
    else if (plait__load_acquire(&node->waiter->word) == PLAIT__FIRST + node->index)
        side->waking = false;
}

static void wake_one(struct side *side, struct plait__wakes *wakes) {
    if (side->waking) return;
    struct plait__link *link;
    while ((link = plait__list_first(&side->nodes)) != NULL) {
        if (!plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes)) continue;
        side->waking = true;
        return;
    }
}

static void wake_all(struct side *side, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&side->nodes)) != NULL)
        plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

/* ---- the operations; all under the mutex ---- */

static bool is_full(const plait_queue *queue) {
    return queue->maxsize && queue->ring.count >= queue->maxsize;
}

static plait_status put(plait_queue *queue, const struct call *call, struct plait__wakes *wakes) {
    if (queue->shut_down) return PLAIT_SHUTDOWN;
    if (is_full(queue)) return PLAIT_BUSY;
    if (plait__unlikely(queue->ring.count == queue->ring.capacity)) return PLAIT_NO_MEMORY;
    plait__ring_push(&queue->ring, call->from);
    queue->unfinished++;
    wake_one(&queue->getters, wakes);
    if (!is_full(queue)) wake_one(&queue->putters, wakes);
    return PLAIT_OK;
}

static plait_status get(plait_queue *queue, const struct call *call, struct plait__wakes *wakes) {
    if (!queue->ring.count) return queue->shut_down ? PLAIT_SHUTDOWN : PLAIT_BUSY;
    plait__ring_pop(&queue->ring, call->to);
    wake_one(&queue->putters, wakes);
    if (queue->ring.count) wake_one(&queue->getters, wakes);
    return PLAIT_OK;
}

static plait_status peek(plait_queue *queue, const struct call *call, struct plait__wakes *wakes) {
    (void)wakes;
    if (!queue->ring.count) return queue->shut_down ? PLAIT_SHUTDOWN : PLAIT_BUSY;
    plait__ring_copy(call->to, plait__ring_at(&queue->ring, 0), queue->ring.item_size);
    return PLAIT_OK;
}

static plait_status all_done(plait_queue *queue, const struct call *call, struct plait__wakes *wakes) {
    (void)call;
    (void)wakes;
    return queue->unfinished ? PLAIT_BUSY : PLAIT_OK;
}

static plait_status one_done(plait_queue *queue, const struct call *call, struct plait__wakes *wakes) {
    (void)call;
    if (!queue->unfinished) return PLAIT_OVERFLOW;
    if (--queue->unfinished == 0) wake_all(&queue->joiners, wakes);
    return PLAIT_OK;
}

static struct call put_of(const void *item) {
    return (struct call){put, offsetof(struct plait_queue, putters), "queue.put", item, NULL};
}

static struct call get_of(void *item) {
    return (struct call){get, offsetof(struct plait_queue, getters), "queue.get", NULL, item};
}

/* ---- performing them ---- */

/* Twice as much room, unless somebody else made or took away some meanwhile. False: memory is out. */
static bool grow(plait_queue *queue) {
    size_t capacity = plait__load(&queue->ring.capacity);
    size_t larger = capacity ? capacity * 2 : FIRST_ITEMS;
    char *memory = larger > capacity ? plait__ring_memory(larger, queue->ring.item_size) : NULL;
    if (!memory) return false;
    if (lock(queue)) {
        if (queue->ring.capacity == capacity && !queue->shut_down)
            memory = plait__ring_move(&queue->ring, memory, larger);
        plait__mutex_unlock(&queue->mutex);
    }
    plait__release(memory);
    return true;
}

/* Does it if it can be done without waiting; else PLAIT_BUSY. */
static inline plait_status try_call(plait_queue *queue, const struct call *call) {
    for (;;) {
        struct plait__wakes wakes;
        wakes.count = 0;
        if (plait__unlikely(!lock(queue))) return PLAIT_BROKEN;
        plait_status status = call->attempt(queue, call, &wakes);
        unlock(queue, &wakes);
        if (plait__likely(status != PLAIT_NO_MEMORY) || !grow(queue)) return status;
    }
}

static plait_status perform(plait_queue *queue, const struct call *call, plait_deadline deadline);

static plait_status wait_call(plait_queue *queue, const struct call *call, plait_deadline deadline) {
    struct side *side = side_of(queue, call);
    struct plait__waiter waiter;
    struct plait__node node;
    for (uint32_t claim = PLAIT__AWAKE;; claim = plait__wait(&waiter, deadline, true)) {
        bool first = claim == PLAIT__AWAKE;
        struct plait__wakes wakes = {.count = 0};
        if (!lock(queue)) return PLAIT_BROKEN;
        if (!first) come_back(queue, side, &node);
        plait_status status = call->attempt(queue, call, &wakes);
        if (status == PLAIT_BUSY && (first || plait__claimed_node(claim))) {
            plait__waiter_init(&waiter, call->kind, queue);
            plait__node_init(&node, &waiter, queue, 0);
            enter(queue, side, &node, !first);
            unlock(queue, &wakes);
            continue;
        }
        unlock(queue, &wakes);
        if (status == PLAIT_BUSY) return plait__claim_status(claim);
        if (status == PLAIT_NO_MEMORY) return perform(queue, call, deadline); /* it must grow first */
        return status;
    }
}

static plait_status perform(plait_queue *queue, const struct call *call, plait_deadline deadline) {
    plait_status status = try_call(queue, call);
    if (plait__likely(status != PLAIT_BUSY)) return status;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    return wait_call(queue, call, deadline);
}

static bool makes_sense(const plait_queue *queue, const void *item, size_t size) {
    return plait__likely(queue && item && size == queue->ring.item_size);
}

plait_status plait_queue_put_sized_until(plait_queue *queue, const void *item, size_t size,
                                         plait_deadline deadline) {
    if (!makes_sense(queue, item, size)) return PLAIT_INVALID;
    struct call call = put_of(item);
    return perform(queue, &call, deadline);
}

plait_status plait_queue_put_sized(plait_queue *queue, const void *item, size_t size) {
    return plait_queue_put_sized_until(queue, item, size, PLAIT_FOREVER);
}

plait_status plait_queue_put_sized_nowait(plait_queue *queue, const void *item, size_t size) {
    if (!makes_sense(queue, item, size)) return PLAIT_INVALID;
    struct call call = put_of(item);
    plait_status status = try_call(queue, &call);
    return status == PLAIT_BUSY ? PLAIT_FULL : status;
}

plait_status plait_queue_get_sized_until(plait_queue *queue, void *item, size_t size,
                                         plait_deadline deadline) {
    if (!makes_sense(queue, item, size)) return PLAIT_INVALID;
    struct call call = get_of(item);
    return perform(queue, &call, deadline);
}

plait_status plait_queue_get_sized(plait_queue *queue, void *item, size_t size) {
    return plait_queue_get_sized_until(queue, item, size, PLAIT_FOREVER);
}

plait_status plait_queue_get_sized_nowait(plait_queue *queue, void *item, size_t size) {
    if (!makes_sense(queue, item, size)) return PLAIT_INVALID;
    struct call call = get_of(item);
    plait_status status = try_call(queue, &call);
    return status == PLAIT_BUSY ? PLAIT_EMPTY : status;
}

plait_status plait_queue_peek_sized(plait_queue *queue, void *item, size_t size) {
    if (!makes_sense(queue, item, size)) return PLAIT_INVALID;
    struct call call = {.attempt = peek, .to = item};
    plait_status status = try_call(queue, &call);
    return status == PLAIT_BUSY ? PLAIT_EMPTY : status;
}

plait_status plait_queue_task_done(plait_queue *queue) {
    if (!queue) return PLAIT_INVALID;
    struct call call = {.attempt = one_done};
    return try_call(queue, &call);
}

plait_status plait_queue_join_until(plait_queue *queue, plait_deadline deadline) {
    if (!queue) return PLAIT_INVALID;
    struct call call = {all_done, offsetof(struct plait_queue, joiners), "queue.join", NULL, NULL};
    return perform(queue, &call, deadline);
}

plait_status plait_queue_join(plait_queue *queue) {
    return plait_queue_join_until(queue, PLAIT_FOREVER);
}

/* ---- snapshots ---- */

size_t plait_queue_qsize(const plait_queue *queue) {
    return queue ? plait__load(&queue->ring.count) : 0;
}

bool plait_queue_empty(const plait_queue *queue) {
    return plait_queue_qsize(queue) == 0;
}

bool plait_queue_full(const plait_queue *queue) {
    return queue && queue->maxsize && plait__load(&queue->ring.count) >= queue->maxsize;
}

/* ---- beginning and end ---- */

plait_queue *plait_queue_new(size_t item_size, size_t maxsize) {
    if (item_size == 0 || item_size > PTRDIFF_MAX || maxsize > PTRDIFF_MAX) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_queue *queue = plait__allocate(sizeof *queue);
    if (!queue) return NULL;
    bool small = maxsize && maxsize <= SMALL_BYTES / item_size; /* then it never needs to grow */
    size_t capacity = plait__ring_capacity(small ? maxsize : FIRST_ITEMS);
    queue->maxsize = maxsize;
    queue->ring = (struct plait__ring){.item_size = item_size, .capacity = capacity};
    queue->ring.items = plait__ring_memory(capacity, item_size);
    if (queue->ring.items) return queue;
    plait__release(queue);
    return NULL;
}

plait_status plait_queue_set_destroy(plait_queue *queue, void (*destroy)(void *item, void *context),
                                     void *context) {
    if (!queue) return PLAIT_INVALID;
    if (!lock(queue)) return PLAIT_BROKEN;
    queue->destroy = destroy;
    queue->context = context;
    plait__mutex_unlock(&queue->mutex);
    return PLAIT_OK;
}

/* What was taken out of a queue to be thrown away. */
struct leftovers {
    struct plait__ring ring;
    void (*destroy)(void *item, void *context);
    void *context;
};

/* Under the mutex. */
static struct leftovers take_leftovers(plait_queue *queue, struct plait__wakes *wakes) {
    struct leftovers leftovers = {queue->ring, queue->destroy, queue->context};
    size_t count = queue->ring.count;
    queue->ring.items = NULL;
    plait__store(&queue->ring.count, 0);
    plait__store(&queue->ring.capacity, 0);
    queue->ring.first = 0;
    queue->unfinished -= count < queue->unfinished ? count : queue->unfinished;
    if (!queue->unfinished) wake_all(&queue->joiners, wakes);
    return leftovers;
}

/* Without the mutex; the queue itself may be gone. */
static void discard(struct leftovers *leftovers) {
    if (leftovers->destroy)
        for (size_t i = 0; i < leftovers->ring.count; i++)
            leftovers->destroy(plait__ring_at(&leftovers->ring, i), leftovers->context);
    plait__release(leftovers->ring.items);
}

plait_status plait_queue_shutdown(plait_queue *queue, bool immediate) {
    if (!queue) return PLAIT_INVALID;
    struct plait__wakes wakes = {.count = 0};
    struct leftovers leftovers = {0};
    if (!lock(queue)) return PLAIT_BROKEN;
    queue->shut_down = true;
    if (immediate) leftovers = take_leftovers(queue, &wakes);
    wake_all(&queue->getters, &wakes);
    wake_all(&queue->putters, &wakes);
    unlock(queue, &wakes);
    discard(&leftovers);
    return PLAIT_OK;
}

plait_status plait_queue_free(plait_queue *queue) {
    if (!queue) return PLAIT_OK;
    struct plait__wakes wakes = {.count = 0};
    if (!lock(queue)) return PLAIT_BROKEN;
    if (queue->inside) {
        plait__mutex_unlock(&queue->mutex);
        return PLAIT_BUSY;
    }
    struct leftovers leftovers = take_leftovers(queue, &wakes);
    plait__mutex_unlock(&queue->mutex);
    discard(&leftovers);
    plait__release(queue);
    return PLAIT_OK;
}

/* ---- cases of a select ---- */

static bool case_perform(plait_case *one, const struct call *call) {
    one->status = try_call(one->object, call);
    return one->status != PLAIT_BUSY;
}

/* Lists the node unless there is something to be done. */
static bool case_enter(plait_queue *queue, bool ready, struct side *side, struct plait__node *node) {
    if (!ready) enter(queue, side, node, false);
    plait__mutex_unlock(&queue->mutex);
    return !ready;
}

static void case_leave(plait_queue *queue, struct side *side, struct plait__node *node) {
    if (!lock(queue)) return;
    come_back(queue, side, node);
    plait__mutex_unlock(&queue->mutex);
}

static bool get_attempt(plait_case *one) {
    struct call call = get_of(one->item);
    return case_perform(one, &call);
}

static bool get_enqueue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    if (!lock(queue)) return false;
    return case_enter(queue, queue->ring.count || queue->shut_down, &queue->getters, node);
}

static void get_dequeue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    case_leave(queue, &queue->getters, node);
}

static bool put_attempt(plait_case *one) {
    struct call call = put_of(one->item);
    return case_perform(one, &call);
}

static bool put_enqueue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    if (!lock(queue)) return false;
    return case_enter(queue, !is_full(queue) || queue->shut_down, &queue->putters, node);
}

static void put_dequeue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    case_leave(queue, &queue->putters, node);
}

static const struct plait__case_kind get_kind = {"queue.get", get_attempt, get_enqueue, get_dequeue};
static const struct plait__case_kind put_kind = {"queue.put", put_attempt, put_enqueue, put_dequeue};

plait_case plait_case_get_sized(plait_queue *queue, void *item, size_t size) {
    if (!makes_sense(queue, item, size)) return (plait_case){0};
    return (plait_case){.kind = &get_kind, .object = queue, .item = item};
}

plait_case plait_case_put_sized(plait_queue *queue, const void *item, size_t size) {
    if (!makes_sense(queue, item, size)) return (plait_case){0};
    return (plait_case){.kind = &put_kind, .object = queue, .item = (void *)(uintptr_t)item};
}

/* queue.c - putting and getting: the protocol of waiting and waking.
 *
 * One short critical section under the queue's own mutex does a put or a get; nothing waits, allocates or
 * calls the user inside it. Whoever cannot be served puts a node into one of three lists in the queue
 * (getters, putters, joiners) and waits outside the mutex. Where the items lie and which comes out first is
 * the business of items.h; here it only matters whether there is one, and whether there is room.
 *
 * In a FIFO queue puts and gets that wake nobody have a lane each, beside all this; the mutex then means both
 * lanes' mutexes, and everything here holds as it stands. See lanes.h.
 *
 * A wake costs as much as hundreds of operations, so at most one is on its way to each side: `waking` is set
 * when a getter is claimed, and cleared by that getter, under the mutex, when it comes back. Until then puts
 * wake nobody else; a getter that got something and sees more wakes the next. The same for putters. Items
 * are not handed to the thread that is woken; it competes for them with those that are awake, and goes to
 * the head of its list if it came too late.
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
 * With room for items, and putters, it is the same, but that a putter may find room and no memory: it then
 * wakes the next, which may need less. Shutdown claims everyone.
 *
 * After the mutex is given back a put or get touches the queue no more, only waiters' words, so the queue
 * may be freed by whom it has served. `inside` counts the threads that are listed or have been claimed and
 * are not back yet; as long as there is one, the queue cannot be freed. After a fork they have vanished and
 * their nodes with them: the child finds `inside` counted under another generation, and the queue is broken.
 * So it is when the mutex was held by a thread that vanished.
 *
 * Memory comes and goes between two critical sections, because the allocator may be the user's: a put that
 * finds no room for its item, or a get that finds far too much room, does nothing, gets or gives back
 * memory, and begins anew. It has not been performed then, so nobody whom it serves can have freed the
 * queue.
 *
 * Where items are compared by the user's function, the mutex is not held while that runs, but the turn is: a
 * second lock, taken before the mutex by all that looks at items. Who has the turn and the mutex may give
 * the mutex back, compare and move items, and take it again to count what it has done and to wake others.
 * Nobody else changes items, the count, or `shut_down` meanwhile; nodes may come and go, and tasks be done.
 * A listed getter is not forgotten: it was listed under the mutex, hence before or after the whole, and the
 * put that counts its item afterwards looks for it. The turn's holder is known by its ident, so that a
 * comparison which uses its own queue is told of it. Whoever frees the queue takes the turn, too, and giving
 * it back is the last touch.
 */
#include <base/memory.h>
#include <queue/queue.h>

/* ---- the turn and the mutex ---- */

static plait_status take_turn(plait_queue *queue) {
    uint32_t holder = plait__load(&queue->turn.word) & PLAIT__IDENT_MASK;
    if (holder == plait__self()->ident) return PLAIT_DEADLOCK;
    return plait__mutex_lock(&queue->turn) ? PLAIT_OK : PLAIT_BROKEN;
}

static inline bool takes_turns(const plait_queue *queue) {
    return plait__items_compare(&queue->items);
}

static inline plait_status begin(plait_queue *queue) {
    if (takes_turns(queue)) {
        plait_status status = take_turn(queue);
        if (status != PLAIT_OK) return status;
    }
    if (plait__likely(plait__queue_lock(queue))) return PLAIT_OK;
    if (takes_turns(queue)) plait__mutex_unlock(&queue->turn);
    return PLAIT_BROKEN;
}

static inline void end(plait_queue *queue, struct plait__wakes *wakes) {
    struct plait__mutex *turn = takes_turns(queue) ? &queue->turn : NULL;
    plait__queue_give_back(queue);
    if (turn) plait__mutex_unlock(turn);
    if (wakes->count) plait__wakes_send(wakes);
}

plait_status plait__queue_begin(plait_queue *queue) {
    return begin(queue);
}

void plait__queue_end(plait_queue *queue, struct plait__wakes *wakes) {
    end(queue, wakes);
}

/* After an attempt. */
static inline void end_attempt(plait_queue *queue, plait_status status, struct plait__wakes *wakes) {
    if (plait__likely(status != PLAIT_BROKEN))
        end(queue, wakes);
    else
        plait__mutex_unlock(&queue->turn);
}

/* ---- those who wait; all under the mutex ---- */

static struct plait__side *side_of(plait_queue *queue, const struct plait__call *call) {
    return (struct plait__side *)(void *)((char *)queue + call->side);
}

void plait__queue_enter(plait_queue *queue, struct plait__side *side, struct plait__node *node,
                        bool at_head) {
    queue->inside++;
    if (at_head)
        plait__list_prepend(&side->nodes, &node->link);
    else
        plait__list_append(&side->nodes, &node->link);
}

void plait__queue_come_back(plait_queue *queue, struct plait__side *side, struct plait__node *node) {
    queue->inside--;
    if (plait__linked(&node->link))
        plait__list_remove(&node->link);
    else if (plait__load_acquire(&node->waiter->word) == PLAIT__FIRST + node->index)
        side->waking = false;
}

void plait__queue_wake_first(struct plait__side *side, struct plait__wakes *wakes) {
    if (side->waking) return;
    struct plait__link *link;
    while ((link = plait__list_first(&side->nodes)) != NULL) {
        if (!plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes)) continue;
        side->waking = true;
        return;
    }
}

/* ---- the operations; all under the mutex ---- */

bool plait__queue_push_compared(plait_queue *queue, const char *from, size_t count) {
    struct plait__items *items = &queue->items;
    plait__mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < count; i++) plait__heap_push(items, items->ring.count + i, from + i * items->size);
    if (!plait__mutex_lock(&queue->mutex)) return false;
    plait__store(&items->ring.count, items->ring.count + count);
    return true;
}

bool plait__queue_pop_compared(plait_queue *queue, char *to, size_t count) {
    struct plait__items *items = &queue->items;
    plait__mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < count; i++) plait__heap_pop(items, items->ring.count - i, to + i * items->size);
    if (!plait__mutex_lock(&queue->mutex)) return false;
    plait__store(&items->ring.count, items->ring.count - count);
    return true;
}

plait_status plait__queue_put(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    if (queue->shut_down) return PLAIT_SHUTDOWN;
    if (plait__queue_is_full(queue)) return PLAIT_BUSY;
    if (plait__unlikely(queue->items.ring.count == queue->items.ring.capacity)) {
        if (queue->items.order != PLAIT__RENDEZVOUS) return PLAIT__RESIZE;
        return plait__rendezvous_put(queue, call->item, wakes);
    }
    if (!takes_turns(queue))
        plait__items_push(&queue->items, call->item);
    else if (!plait__queue_push_compared(queue, call->item, 1))
        return PLAIT_BROKEN;
    queue->unfinished++;
    plait__queue_wake_one(&queue->getters, wakes);
    if (!plait__queue_is_full(queue)) plait__queue_wake_one(&queue->putters, wakes);
    return PLAIT_OK;
}

plait_status plait__queue_get(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    if (!queue->items.ring.count) {
        if (queue->items.order == PLAIT__RENDEZVOUS) return plait__rendezvous_get(queue, call->item, wakes);
        return queue->shut_down ? PLAIT_SHUTDOWN : PLAIT_BUSY;
    }
    if (plait__unlikely(queue->items.ring.count < queue->items.ring.shrink_below)) return PLAIT__RESIZE;
    if (!takes_turns(queue))
        plait__items_pop(&queue->items, call->item);
    else if (!plait__queue_pop_compared(queue, call->item, 1))
        return PLAIT_BROKEN;
    plait__queue_wake_one(&queue->putters, wakes);
    if (queue->items.ring.count) plait__queue_wake_one(&queue->getters, wakes);
    return PLAIT_OK;
}

static plait_status peek(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    (void)wakes;
    if (!queue->items.ring.count) return queue->shut_down ? PLAIT_SHUTDOWN : PLAIT_EMPTY;
    plait__ring_copy(call->item, plait__items_next(&queue->items), queue->items.size);
    return PLAIT_OK;
}

/* ---- performing them ---- */

/* Gives the ring the size it should have for what is to be put, unless somebody else did so meanwhile.
 * False: there is no memory for it. That the ring cannot become smaller is no failure. */
static bool resize(plait_queue *queue, const struct plait__call *call) {
    struct plait__ring *ring = &queue->items.ring;
    struct plait__wakes wakes = {.count = 0};
    size_t before = plait__load(&ring->capacity),
           wanted = plait__ring_wanted(ring, call->any ? 0 : plait__queue_room(queue, call->left));
    if (wanted == before) return true;
    char *memory = wanted ? plait__ring_memory(wanted, ring->item_size) : NULL;
    if (!memory && !(wanted && wanted < before)) return false;
    if (begin(queue) == PLAIT_OK) {
        if (!memory)
            plait__store(&ring->shrink_below, 0); /* not before it has grown again */
        else if (ring->capacity == before && ring->count <= wanted)
            memory = plait__ring_move(ring, memory, wanted);
        end(queue, &wakes);
    }
    plait__release(memory);
    return true;
}

/* There is no memory for what is to be put. */
static plait_status no_memory(plait_queue *queue) {
    struct plait__wakes wakes = {.count = 0};
    if (begin(queue) != PLAIT_OK) return PLAIT_NO_MEMORY;
    if (!plait__queue_is_full(queue)) plait__queue_wake_one(&queue->putters, &wakes);
    end(queue, &wakes);
    return PLAIT_NO_MEMORY;
}

plait_status plait__queue_try(plait_queue *queue, struct plait__call *call) {
    for (;;) {
        struct plait__wakes wakes;
        wakes.count = 0;
        plait_status status = begin(queue);
        if (plait__unlikely(status != PLAIT_OK)) return status;
        status = call->attempt(queue, call, &wakes);
        end_attempt(queue, status, &wakes);
        if (plait__likely(status != PLAIT__RESIZE)) return status;
        if (!resize(queue, call)) return no_memory(queue);
    }
}

/* A partner has moved one item. Whether that is all. */
static bool was_given(const plait_queue *queue, struct plait__call *call) {
    call->item += queue->items.size;
    call->left--;
    return call->any || !call->left;
}

/* looked: it has been patient, and sleeps at once; away: where it counts as staying away, until it is listed, or NULL. */
static plait_status wait_call(plait_queue *queue, struct plait__call *call, plait_deadline deadline,
                              bool looked, uint32_t *away) {
    struct plait__side *side = side_of(queue, call);
    struct plait__waiter waiter;
    struct plait__node node;
    for (uint32_t claim = PLAIT__AWAKE;; claim = plait__wait(&waiter, deadline, true)) {
        bool first = claim == PLAIT__AWAKE;
        struct plait__wakes wakes = {.count = 0};
        plait_status status = begin(queue);
        if (status != PLAIT_OK) return status;
        if (!first)
            plait__queue_come_back(queue, side, &node);
        else if (away)
            --*away;
        if (claim & PLAIT__GIFT && was_given(queue, call))
            status = PLAIT_OK;
        else
            status = call->attempt(queue, call, &wakes);
        if (status == PLAIT_BUSY && (first || plait__claimed_node(claim))) {
            plait__waiter_init(&waiter, call->kind, queue);
            plait__node_init(&node, &waiter, queue, 0);
            waiter.looked = looked;
            node.item = call->item;
            plait__queue_enter(queue, side, &node, !first);
            end(queue, &wakes);
            continue;
        }
        end_attempt(queue, status, &wakes);
        if (status == PLAIT_BUSY) return plait__claim_status(claim);
        if (status == PLAIT__RESIZE) return plait__queue_perform(queue, call, deadline); /* that first */
        return status;
    }
}

/* ---- the straight path ----
 *
 * Items in a ring, room, and nobody who might be woken: then a put or get is a few instructions under the
 * mutex, here in one place for the compiler to see; in a FIFO queue under the mutex of its lane (lanes.h).
 * All else goes on with an attempt. */

static inline bool lock_plain(plait_queue *queue) {
    if (plait__queue_has_lanes(queue)) return false;
    return plait__likely(plait__load(&queue->plain)) && plait__likely(plait__queue_lock(queue));
}

static inline bool nobody_waits(const plait_queue *queue) {
    return plait__list_empty(&queue->getters.nodes) && plait__list_empty(&queue->putters.nodes);
}

/* The mutex is taken already. */
__attribute__((noinline)) static plait_status go_on(plait_queue *queue, struct plait__call *call) {
    struct plait__wakes wakes;
    wakes.count = 0;
    plait_status status = call->attempt(queue, call, &wakes);
    end_attempt(queue, status, &wakes);
    return plait__likely(status != PLAIT__RESIZE) ? status : plait__queue_try(queue, call);
}

/* `lane` is what has come of it there: PLAIT_BUSY or PLAIT__ELSEWHERE. */
static inline plait_status put_now(plait_status lane, plait_queue *queue, const void *item,
                                   struct plait__call *call) {
    struct plait__items *items = &queue->items;
    *call = plait__put_of(item);
    if (lane == PLAIT_BUSY) return PLAIT_BUSY;
    bool locked = lock_plain(queue);
    if (plait__likely(locked && queue->plain && items->ring.count < items->ring.capacity &&
                      !plait__queue_is_full(queue) && nobody_waits(queue))) {
        plait__ring_push(&items->ring, item);
        queue->unfinished++;
        plait__mutex_unlock(&queue->mutex);
        return PLAIT_OK;
    }
    return locked ? go_on(queue, call) : plait__queue_try(queue, call);
}

static inline plait_status get_now(plait_status lane, plait_queue *queue, void *item,
                                   struct plait__call *call) {
    struct plait__items *items = &queue->items;
    *call = plait__get_of(item);
    if (lane == PLAIT_BUSY) return PLAIT_BUSY;
    bool locked = lock_plain(queue);
    if (plait__likely(locked && queue->plain && items->ring.count &&
                      items->ring.count >= items->ring.shrink_below && nobody_waits(queue))) {
        plait__ring_pop_last(&items->ring, item);
        plait__mutex_unlock(&queue->mutex);
        return PLAIT_OK;
    }
    return locked ? go_on(queue, call) : plait__queue_try(queue, call);
}

/* ---- the calls ---- */

static plait_status wait_until(plait_queue *queue, struct plait__call *call, plait_deadline deadline) {
    return plait_passed(deadline) ? PLAIT_TIMEOUT : wait_call(queue, call, deadline, false, NULL);
}

/* For a single item. */
__attribute__((noinline)) static plait_status wait_patiently(plait_queue *queue, struct plait__call *call,
                                                             plait_deadline deadline) {
    if (!plait__queue_has_lanes(queue)) return wait_until(queue, call, deadline);
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    uint32_t *away = NULL;
    plait_status status = plait__lane_wait(queue, call, &away);
    return status == PLAIT_OK ? PLAIT_OK : wait_call(queue, call, deadline, true, away);
}

plait_status plait__queue_perform(plait_queue *queue, struct plait__call *call, plait_deadline deadline) {
    plait_status status = plait__queue_try(queue, call);
    return status == PLAIT_BUSY ? wait_until(queue, call, deadline) : status;
}

/* What remains of a put or get that was not done in a lane. */
static plait_status finish(plait_status lane, plait_queue *queue, bool putting, void *item,
                           plait_deadline deadline, bool waits) {
    struct plait__call call;
    plait_status status = putting ? put_now(lane, queue, item, &call) : get_now(lane, queue, item, &call);
    if (status != PLAIT_BUSY) return status;
    if (!waits) return putting ? PLAIT_FULL : PLAIT_EMPTY;
    return wait_patiently(queue, &call, deadline);
}

/* ---- one item ----
 *
 * The usual put or get is a straight piece of code that calls nothing, so that no register need be saved:
 * items of the usual size, in a lane that is free and where there is something to be done. All that may
 * be otherwise is left to a function at its very end. */

/* The lane was stuck, and is still held. */
__attribute__((noinline)) static plait_status put_stuck(plait_status lane, plait_queue *queue, void *item,
                                                        plait_deadline deadline, bool waits) {
    plait__mutex_unlock(&queue->mutex);
    return finish(lane, queue, true, item, deadline, waits);
}

__attribute__((noinline)) static plait_status get_stuck(plait_status lane, plait_queue *queue, void *item,
                                                        plait_deadline deadline, bool waits) {
    plait__mutex_unlock(&queue->get_mutex);
    return finish(lane, queue, false, item, deadline, waits);
}

/* Nothing has been done yet. */
__attribute__((noinline)) static plait_status put_any(plait_queue *queue, void *item, size_t size,
                                                      plait_deadline deadline, bool waits) {
    if (!plait__queue_fits(queue, item, size)) return PLAIT_INVALID;
    plait_status lane = plait__lane_try(queue, true, item);
    return plait__likely(lane == PLAIT_OK) ? PLAIT_OK : finish(lane, queue, true, item, deadline, waits);
}

__attribute__((noinline)) static plait_status get_any(plait_queue *queue, void *item, size_t size,
                                                      plait_deadline deadline, bool waits) {
    if (!plait__queue_fits(queue, item, size)) return PLAIT_INVALID;
    plait_status lane = plait__lane_try(queue, false, item);
    return plait__likely(lane == PLAIT_OK) ? PLAIT_OK : finish(lane, queue, false, item, deadline, waits);
}

/* All is done, but that somebody sleeps for the lane. */
__attribute__((noinline, cold)) static plait_status wake_and_be_done(const struct plait__mutex *mutex) {
    plait__mutex_wake(mutex);
    return PLAIT_OK;
}

__attribute__((always_inline)) static inline plait_status
move_one(plait_queue *queue, bool putting, void *item, size_t size, plait_deadline deadline, bool waits) {
    bool straight = plait__likely(queue && item && size == PLAIT__STRAIGHT && queue->straight == size);
    if (!straight || !plait__mutex_take(plait__lane_mutex(queue, putting)))
        return putting ? put_any(queue, item, size, deadline, waits)
                       : get_any(queue, item, size, deadline, waits);
    plait_status lane = plait__lane_step(queue, putting, item, PLAIT__STRAIGHT);
    if (plait__unlikely(lane != PLAIT_OK))
        return putting ? put_stuck(lane, queue, item, deadline, waits)
                       : get_stuck(lane, queue, item, deadline, waits);
    struct plait__mutex *mutex = plait__lane_mutex(queue, putting);
    return plait__mutex_give(mutex) ? wake_and_be_done(mutex) : PLAIT_OK;
}

plait_status plait_queue_put_sized_until(plait_queue *queue, const void *item, size_t size,
                                         plait_deadline deadline) {
    return move_one(queue, true, (void *)(uintptr_t)item, size, deadline, true);
}

plait_status plait_queue_put_sized(plait_queue *queue, const void *item, size_t size) {
    return move_one(queue, true, (void *)(uintptr_t)item, size, PLAIT_FOREVER, true);
}

plait_status plait_queue_put_sized_nowait(plait_queue *queue, const void *item, size_t size) {
    return move_one(queue, true, (void *)(uintptr_t)item, size, PLAIT_FOREVER, false);
}

plait_status plait_queue_get_sized_until(plait_queue *queue, void *item, size_t size,
                                         plait_deadline deadline) {
    return move_one(queue, false, item, size, deadline, true);
}

plait_status plait_queue_get_sized(plait_queue *queue, void *item, size_t size) {
    return move_one(queue, false, item, size, PLAIT_FOREVER, true);
}

plait_status plait_queue_get_sized_nowait(plait_queue *queue, void *item, size_t size) {
    return move_one(queue, false, item, size, PLAIT_FOREVER, false);
}

plait_status plait_queue_peek_sized(plait_queue *queue, void *item, size_t size) {
    if (!plait__queue_fits(queue, item, size)) return PLAIT_INVALID;
    struct plait__call call = {.attempt = peek, .item = item};
    return plait__queue_try(queue, &call);
}

/* ---- snapshots ---- */

/* Nothing was got between the two looks at what was got: so the count is that of the moment between them. */
static size_t count_in_lanes(const plait_queue *queue) {
    for (uint64_t before, head = plait__load_acquire(&queue->get.index);;) {
        before = head;
        uint64_t tail = plait__load_acquire(&queue->put.index);
        head = plait__load_acquire(&queue->get.index);
        if (head == before) return (size_t)(tail - head);
    }
}

size_t plait_queue_qsize(const plait_queue *queue) {
    if (!queue) return 0;
    return plait__queue_has_lanes(queue) ? count_in_lanes(queue) : plait__load(&queue->items.ring.count);
}

bool plait_queue_empty(const plait_queue *queue) {
    return plait_queue_qsize(queue) == 0;
}

bool plait_queue_full(const plait_queue *queue) {
    if (!queue) return false;
    if (!queue->maxsize) return queue->items.order == PLAIT__RENDEZVOUS;
    return plait_queue_qsize(queue) >= queue->maxsize;
}

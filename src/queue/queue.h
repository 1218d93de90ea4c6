/* queue.h - what the files of this room share: the queue, one operation on it, and how one is performed.
 *
 *   queue.c       the protocol: trying, waiting, waking; put, get and peek of one item
 *   lanes.c       puts and gets of a FIFO queue beside each other
 *   items.h       where items lie, behind one face: a ring, a ring used as a stack, a heap
 *   many.c        several items with one synchronisation
 *   rendezvous.c  putters and getters that meet
 *   descriptor.c  a descriptor that is readable when there is something to get
 *   ends.c        beginning and end: constructors, shutdown, free
 *   join.c        task_done and join
 *   cases.c       puts and gets in a select
 */
#ifndef PLAIT__QUEUE_H
#define PLAIT__QUEUE_H

#include <plait/queue.h>
#include <queue/lanes.h>
#include <wait/mutex.h>
#include <wait/waiter.h>

/* Those who wait for the same thing. */
struct plait__side {
    struct plait__list nodes;
    bool waking; /* one was claimed and has not come back */
};

/* All of it is guarded by the mutex (FIFO: by both mutexes), but for the lanes, and for maxsize and the size
 * of an item, which never change. What changes often lies apart from what is often read. */
struct plait_queue {
    struct plait__items items;
    uint32_t straight;   /* the size of its items, if it has lanes and that size is PLAIT__STRAIGHT; else 0 */
    uint32_t generation; /* of forks, when the queue was last found in order */
    uint32_t inside;     /* threads listed, or claimed and not back */
    bool shut_down;
    bool plain;     /* a ring, not shut down, no descriptor: the straight path can be taken */
    size_t maxsize; /* 0: none */
    struct plait__side getters, putters, joiners;
    uint64_t unfinished;      /* items put that nobody called task_done for */
    struct plait__mutex turn; /* whoever compares items has it; see queue.c */
    void (*destroy)(void *item, void *context);
    void *context;
    int descriptor; /* -1: nobody has asked for it */
    bool readable;  /* it has been made so */
    uint32_t descriptor_generation;

    char apart_from_puts[PLAIT__APART];
    struct plait__mutex mutex;
    struct plait__lane put;
    char apart_from_gets[PLAIT__APART];
    struct plait__mutex get_mutex;
    struct plait__lane get;
    char apart_from_others[PLAIT__APART];
};

/* bytes: a pointer, a long, a double. The size that most items have is known to the compiler. */
enum { PLAIT__STRAIGHT = 8 };

/* What an attempt returns when there must be more or less memory first; never seen outside this room. */
#define PLAIT__RESIZE (-1)

/* One operation. `attempt` does it, under the mutex, if it can be done now, else returns PLAIT_BUSY or
 * PLAIT__RESIZE. (One that compares gives the mutex back meanwhile; if it cannot take it again it returns
 * PLAIT_BROKEN, without the mutex.) */
struct plait__call {
    plait_status (*attempt)(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes);
    size_t side; /* offset of the struct plait__side of those who wait for it */
    const char *kind;
    char *item;  /* the caller's: the next one to be moved */
    size_t left; /* how many there are yet to be moved */
    bool any;    /* one is enough */
};

plait_status plait__queue_put(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes);
plait_status plait__queue_get(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes);

static inline struct plait__call plait__put_of(const void *item) {
    return (struct plait__call){.attempt = plait__queue_put,
                                .side = offsetof(struct plait_queue, putters),
                                .kind = "queue.put",
                                .item = (char *)(uintptr_t)item,
                                .left = 1,
                                .any = false};
}

static inline struct plait__call plait__get_of(void *item) {
    return (struct plait__call){.attempt = plait__queue_get,
                                .side = offsetof(struct plait_queue, getters),
                                .kind = "queue.get",
                                .item = item,
                                .left = 1,
                                .any = true};
}

/* So many items to or from a heap that the user's function orders; with the turn, and the mutex is given back
 * meanwhile. False: it could not be taken again, for this is the child of a fork now. */
bool plait__queue_push_compared(plait_queue *queue, const char *from, size_t count);
bool plait__queue_pop_compared(plait_queue *queue, char *to, size_t count);

/* In a RENDEZVOUS: one item moved to or from somebody who waits, or PLAIT_BUSY. */
plait_status plait__rendezvous_put(plait_queue *queue, const char *item, struct plait__wakes *wakes);
plait_status plait__rendezvous_get(plait_queue *queue, char *item, struct plait__wakes *wakes);
/* Whether another waiter than this one stands there. */
bool plait__rendezvous_possible(const struct plait__side *side, const struct plait__waiter *waiter);

/* Does it if it can be done without waiting; else PLAIT_BUSY. */
plait_status plait__queue_try(plait_queue *queue, struct plait__call *call);
/* Does it, waiting as long as it takes or until the deadline. */
plait_status plait__queue_perform(plait_queue *queue, struct plait__call *call, plait_deadline deadline);

/* The turn (where items are compared) and the mutex: PLAIT_OK; PLAIT_BROKEN; PLAIT_DEADLOCK, if it is this
 * thread that compares. */
plait_status plait__queue_begin(plait_queue *queue);
/* Gives back the mutex, and the turn; sends the wakes. The queue is not touched after that. */
void plait__queue_end(plait_queue *queue, struct plait__wakes *wakes);

static inline bool plait__queue_has_lanes(const plait_queue *queue) {
    return queue->items.order == PLAIT__FIFO;
}

/* The lanes at first. What they have done becomes known to all else (which takes the getters' mutex, too;
 * false: it cannot be taken), and what has been done becomes known to them (which gives it back). Under the
 * mutex. */
void plait__lanes_begin(plait_queue *queue);
bool plait__lanes_gather(plait_queue *queue);
void plait__lanes_tell(plait_queue *queue);

/* Threads that would miss the queue. */
static inline uint32_t plait__queue_used(const plait_queue *queue) {
    return queue->inside + queue->put.away + queue->get.away;
}

/* Makes the descriptor readable or not, as it should be. Under the mutex. */
void plait__descriptor_settle(plait_queue *queue);
/* Closes it, if there is one. Nobody uses the queue any more. */
void plait__descriptor_close(plait_queue *queue);

/* Every change of what lies in a queue, or of who waits, ends here. */
static inline void plait__queue_give_back(plait_queue *queue) {
    if (plait__unlikely(queue->descriptor >= 0)) plait__descriptor_settle(queue);
    if (plait__queue_has_lanes(queue)) plait__lanes_tell(queue);
    plait__mutex_unlock(&queue->mutex);
}

static inline void plait__queue_unlock(plait_queue *queue, struct plait__wakes *wakes) {
    plait__queue_give_back(queue);
    if (wakes->count) plait__wakes_send(wakes);
}

/* The mutex, and the getters' where there are lanes; for what does not look at items. False: the queue is
 * broken. */
static inline bool plait__queue_lock(plait_queue *queue) {
    if (plait__unlikely(!plait__mutex_lock(&queue->mutex))) return false;
    if (plait__queue_has_lanes(queue) && !plait__lanes_gather(queue)) {
        plait__mutex_unlock(&queue->mutex);
        return false;
    }
    if (plait__likely(queue->generation == plait__generation())) return true;
    if (!plait__queue_used(queue)) {
        queue->generation = plait__generation();
        return true;
    }
    struct plait__wakes none = {.count = 0};
    plait__queue_unlock(queue, &none);
    return false;
}

/* Where the item with this index lies; items have `size` bytes. */
static inline char *plait__lane_place(const plait_queue *queue, uint64_t index, size_t size) {
    const struct plait__ring *ring = &queue->items.ring;
    return ring->items + (index & (ring->capacity - 1)) * size;
}

/* One step in a lane, under its mutex. The item is the caller's, and has `size` bytes. Inline whatever the
 * compiler thinks of its length: `putting` is known then, and mostly the size, and what is left is short. */
__attribute__((always_inline)) static inline plait_status plait__lane_step(plait_queue *queue, bool putting,
                                                                           void *item, size_t size) {
    struct plait__lane *lane = putting ? &queue->put : &queue->get;
    uint64_t index = lane->index;
    if (plait__unlikely(queue->generation != plait__generation())) return PLAIT__ELSEWHERE;
    if (plait__unlikely(index == lane->limit)) {
        plait_status status = plait__lane_look(lane, putting ? &queue->get : &queue->put);
        if (plait__unlikely(status != PLAIT_OK)) return status;
    }
    char *place = plait__lane_place(queue, index, size);
    memcpy(putting ? place : item, putting ? item : place, size);
    plait__store_release(&lane->index, index + 1);
    return PLAIT_OK;
}

static inline struct plait__mutex *plait__lane_mutex(plait_queue *queue, bool putting) {
    return putting ? &queue->mutex : &queue->get_mutex;
}

/* Does it in the lane, if there is one. PLAIT_BUSY: there is no item, or no room; PLAIT__ELSEWHERE: that has
 * to be found out by `perform`. */
__attribute__((always_inline)) static inline plait_status plait__lane_try(plait_queue *queue, bool putting,
                                                                          void *item) {
    struct plait__mutex *mutex = plait__lane_mutex(queue, putting);
    if (plait__unlikely(!plait__queue_has_lanes(queue)) || plait__unlikely(!plait__mutex_lock(mutex)))
        return PLAIT__ELSEWHERE;
    plait_status status = plait__lane_step(queue, putting, item, queue->items.size);
    plait__mutex_unlock(mutex);
    return status;
}

/* Counts down unfinished tasks, if there certainly are more. */
bool plait__lane_done(plait_queue *queue, size_t tasks);
/* The same as plait__lane_try after PLAIT_BUSY, with patience. Who has lost it stays counted at *away, as one who stays
 * away, until it is listed among those who wait; NULL: nowhere. */
plait_status plait__lane_wait(plait_queue *queue, const struct plait__call *call, uint32_t **away);

/* ---- under the mutex ---- */

static inline bool plait__queue_is_full(const plait_queue *queue) {
    return queue->maxsize && queue->items.ring.count >= queue->maxsize;
}

/* For how many of so many items there is room, as far as maxsize goes. */
static inline size_t plait__queue_room(const plait_queue *queue, size_t items) {
    size_t count = plait__load(&queue->items.ring.count);
    if (!queue->maxsize) return items;
    if (count >= queue->maxsize) return 0;
    return items < queue->maxsize - count ? items : queue->maxsize - count;
}

/* Goes to the end of the line, or to its head; and comes back, whether it was woken or not. */
void plait__queue_enter(plait_queue *queue, struct plait__side *side, struct plait__node *node, bool at_head);
void plait__queue_come_back(plait_queue *queue, struct plait__side *side, struct plait__node *node);

/* Wakes the first of those who wait, unless one is on its way. */
void plait__queue_wake_first(struct plait__side *side, struct plait__wakes *wakes);

static inline void plait__queue_wake_one(struct plait__side *side, struct plait__wakes *wakes) {
    if (!plait__list_empty(&side->nodes)) plait__queue_wake_first(side, wakes);
}

static inline bool plait__queue_fits(const plait_queue *queue, const void *item, size_t size) {
    return plait__likely(queue && item && size == queue->items.size);
}

#endif

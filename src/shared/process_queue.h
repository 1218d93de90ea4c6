/* process_queue.h - what the files of the queue between processes share: what lies in its memory, a handle,
 * one call.
 *
 *   process_queue.c         put, get and peek of one item
 *   process_queue_many.c    several items with one synchronisation
 *   process_queue_books.c   who has got what, and done it: task_done, join, discarding, what a death leaves
 *   process_queue_new.c     beginning and end: constructors, attaching, travelling, shutdown, free
 *
 * The ring has two lanes (lane.h): puts and gets. A put is one store, of the put lane's index; nothing else
 * of it is kept, so a death leaves nothing to be put right there. A get is more: who got it must be known,
 * should that process die before it says task_done. This is written by several stores, and a process may be
 * killed between any two of them. So:
 *
 * The books, all under the get lane's lock. Each process that gets has a member's entry: `got` and `done`,
 * how many items it has taken and said task_done for; they only grow. What it has in its hands is the
 * difference. The get lane's index says how many were taken by all, DONE how many are done. To move the index
 * and a member's `got` as one:
 *
 *   NEXT_INDEX = index + n;  TAKER = member;  TAKER_GOT = got + n;  index = NEXT_INDEX;  got = TAKER_GOT
 *
 * The index is what counts. Who finds the lock of one who died (PLAIT_CRASHED) looks whether index ==
 * NEXT_INDEX: then that get counted, and he does the last step again, which does no harm if it was done. Else
 * there was none, and the three words mean nothing. task_done moves DONE and `done` in the same way. Changes
 * of more words (discarding, striking off a dead member) are written down as a whole first, in `change`, with
 * the values that shall be; then `change.valid` makes it count; then it is carried out; who finds a valid one
 * carries it out again. It makes the two short notes above void, for they may speak of an entry that is
 * another's by now.
 *
 * All these stores are releases, so that neither compiler nor CPU changes their order as seen by the kernel,
 * which marks the lock of a dead thread by an atomic operation, and then by the next holder.
 */
#ifndef PLAIT__PROCESS_QUEUE_H
#define PLAIT__PROCESS_QUEUE_H

#include <plait/process_queue.h>
#include <shared/lane.h>
#include <shared/traveller.h>
#include <string.h>

enum { PLAIT__MEMBERS = 1024 }; /* entry 0: of those who found no place */

/* A process that gets. Under the get lane's lock, but for `process`, which is read without it. */
struct plait__member {
    uint64_t process; /* see alive.h; 0: nobody. Written last when the entry is taken */
    uint64_t got, done;
    uint64_t apart[5]; /* a line for each: they are written with every get */
};

/* In the get lane's `own`. */
enum plait__books {
    PLAIT__DONE, /* items done, discarded and lost */
    PLAIT__NEXT_INDEX,
    PLAIT__TAKER,
    PLAIT__TAKER_GOT,
    PLAIT__NEXT_DONE,
    PLAIT__DOER,
    PLAIT__DOER_DONE,
    PLAIT__JOINERS, /* somebody sleeps on join_turn, or has */
    PLAIT__BOOKS_END
};
_Static_assert(PLAIT__BOOKS_END <= sizeof((struct plait__shared_lane *)0)->own / sizeof(uint64_t), "room");

/* A change of several words: what they shall be. */
struct plait__change {
    uint64_t valid; /* written last, and cleared when it has been carried out */
    uint64_t index, done, lost;
    uint64_t member, member_done;
};

/* What all processes have in common. Zero at first. */
struct plait__process_queue_memory {
    uint64_t magic;
    uint32_t join_turn;                    /* joins sleep on it */
    uint64_t item_size, maxsize, capacity; /* do not change */
    struct plait__change change;
    uint64_t lost, told; /* items that dead processes had; and how many of them a join has told of */
    _Alignas(PLAIT__SHARED_LANE_APART) struct plait__shared_lane put;
    _Alignas(PLAIT__SHARED_LANE_APART) struct plait__shared_lane get;
    _Alignas(PLAIT__SHARED_LANE_APART) struct plait__member members[PLAIT__MEMBERS];
    _Alignas(PLAIT__SHARED_LANE_APART) char items[];
};

/* A handle, this process's own. What is needed for each call lies together. */
struct plait_process_queue {
    struct plait__traveller traveller;
    struct plait__process_queue_memory *memory;
    char *items;
    size_t item_size, maxsize;
    uint64_t mask;            /* capacity - 1 */
    struct plait__member *me; /* this process's entry; NULL: not looked for yet. Atomic */
    uint32_t generation;      /* of forks, under which it was found. Atomic */
    uint64_t inside;          /* threads that wait in it, and above 32 bits the generation. Atomic */
};

extern const struct plait__traveller_kind plait__process_queue_kind;

/* ---- the books ---- */

/* This process's entry. Without the lock, before the first get or task_done. PLAIT_OK, or why the lock cannot
 * be had. */
plait_status plait__process_queue_join_in(plait_process_queue *queue,
                                          const struct plait__shared_lane_call *call);
/* Under the get lane's lock, whose holder died. */
void plait__process_queue_mend(plait_process_queue *queue);
/* Discards all that is there. The queue is closed. */
plait_status plait__process_queue_discard(plait_process_queue *queue,
                                          const struct plait__shared_lane_call *call);

static inline bool plait__process_queue_is_member(const plait_process_queue *queue) {
    return plait__likely(plait__load_acquire(&queue->me) != NULL) &&
           plait__likely(plait__load(&queue->generation) == plait__generation());
}

/* ---- locks ---- */

static inline plait_status plait__process_queue_lock_gets(plait_process_queue *queue,
                                                          const struct plait__shared_lane_call *call) {
    plait_status status = plait__shared_lane_lock(&queue->memory->get, call);
    if (plait__likely(status == PLAIT_OK)) return PLAIT_OK;
    if (status != PLAIT_CRASHED) return status;
    plait__process_queue_mend(queue);
    return PLAIT_OK;
}

static inline plait_status plait__process_queue_lock_puts(plait_process_queue *queue,
                                                          const struct plait__shared_lane_call *call) {
    plait_status status = plait__shared_lane_lock(&queue->memory->put, call);
    return status == PLAIT_CRASHED ? PLAIT_OK : status;
}

/* ---- steps under the lock ---- */

/* How many can be put, or got: not more than `wanted`, and 0 only if there is none. */
static inline uint64_t plait__process_queue_room(plait_process_queue *queue, uint64_t wanted) {
    struct plait__shared_lane *put = &queue->memory->put;
    uint64_t room = plait__shared_lane_known(put);
    if (plait__unlikely(room < wanted))
        room = plait__shared_lane_look(put, &queue->memory->get, queue->maxsize);
    return room < wanted ? room : wanted;
}

static inline uint64_t plait__process_queue_stock(plait_process_queue *queue, uint64_t wanted) {
    struct plait__shared_lane *get = &queue->memory->get;
    uint64_t stock = plait__shared_lane_known(get);
    if (plait__unlikely(stock < wanted)) stock = plait__shared_lane_look(get, &queue->memory->put, 0);
    return stock < wanted ? stock : wanted;
}

static inline char *plait__process_queue_place(const plait_process_queue *queue, uint64_t index,
                                               size_t size) {
    return queue->items + (index & queue->mask) * size;
}

/* So many have been copied out and count as taken. */
static inline void plait__process_queue_took(plait_process_queue *queue, uint64_t count) {
    struct plait__process_queue_memory *memory = queue->memory;
    uint64_t *own = memory->get.own, index = memory->get.index + count;
    struct plait__member *me = plait__load(&queue->me);
    plait__store_release(&own[PLAIT__NEXT_INDEX], index);
    plait__store_release(&own[PLAIT__TAKER], (uint64_t)(me - memory->members));
    plait__store_release(&own[PLAIT__TAKER_GOT], me->got + count);
    plait__store_release(&memory->get.index, index);
    plait__store_release(&me->got, me->got + count);
}

/* Where a put or get that could not be done looks again: when the other index is larger than this. */
static inline uint64_t plait__process_queue_full_at(const plait_process_queue *queue) {
    return plait__load(&queue->memory->put.index) - queue->maxsize;
}
static inline uint64_t plait__process_queue_empty_at(const plait_process_queue *queue) {
    return plait__load(&queue->memory->get.index);
}

/* ---- a call that may have to wait ---- */

/* One put or get, of one item or of many. `step` does what can be done now, under the lock: PLAIT_OK: all of
 * it; PLAIT_BUSY: not (all of) it; or PLAIT_SHUTDOWN. */
struct plait__process_queue_call {
    struct plait__shared_lane_call lane;
    plait_status (*step)(plait_process_queue *queue, struct plait__process_queue_call *call);
    bool putting, waits;
    char *items; /* the caller's: the next to be moved, */
    size_t left; /* and how many there are yet */
};

/* Does it, waiting until the deadline; with waits == false the lock is waited for only a little. */
plait_status plait__process_queue_perform(plait_process_queue *queue, struct plait__process_queue_call *call,
                                          plait_deadline deadline);
plait_status plait__process_queue_put_step(plait_process_queue *queue,
                                           struct plait__process_queue_call *call);
plait_status plait__process_queue_get_step(plait_process_queue *queue,
                                           struct plait__process_queue_call *call);

/* Under the get lane's lock, when there is nothing: PLAIT_BUSY: not yet; PLAIT_SHUTDOWN: never again;
 * PLAIT_OK: there is. */
plait_status plait__process_queue_nothing_left(plait_process_queue *queue);

/* Around a wait, so that nobody frees the handle meanwhile. */
void plait__process_queue_enter(plait_process_queue *queue);
void plait__process_queue_leave(plait_process_queue *queue);

static inline bool plait__process_queue_fits(const plait_process_queue *queue, const void *item,
                                             size_t size) {
    return queue && item && size == queue->item_size;
}

/* A lock that is waited for by what never waits for items: short, or as long as it takes. */
struct plait__shared_lane_call plait__process_queue_brief(const plait_process_queue *queue, const char *kind);
struct plait__shared_lane_call plait__process_queue_patient(const plait_process_queue *queue,
                                                            const char *kind);

#endif

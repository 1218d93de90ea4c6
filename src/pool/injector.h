/* injector.h - the pool's common queue: what was handed over from outside, and what a worker's ring cannot
 * hold.
 *
 * Futures, in the pool's order, and maps, which stay at the head while they have items left, so that every
 * worker that comes takes part. They are guarded by the pool's mutex.
 *
 * Where nothing else has to be done at a submit it goes without the mutex: futures are pushed on the inbox, a
 * stack in one word, by compare-and-swap, and whoever takes from the queue next empties it with one exchange
 * and turns it round. The same word has the bit ASK: set while there is something to do (somebody is to be
 * set going, or the pool is closed), and by whoever holds the mutex. Who finds it set takes the mutex. So a
 * pusher learns in the very step that hands the future over that nothing is left to be done, and does not
 * touch the pool after it, which the task may have freed. And whoever sets the bit sees in that step whether
 * something was pushed before. There is no ABA: nobody takes a single one off.
 */
#ifndef PLAIT__INJECTOR_H
#define PLAIT__INJECTOR_H

#include <base/atomic.h>
#include <base/list.h>
#include <pool/map.h>

struct plait__injector {
    uintptr_t inbox; /* the newest future, perhaps with ASK; its link's `next` is the one pushed before it */
    char apart[64 - sizeof(uintptr_t)];
    plait_pool_order order;
    struct plait__list jobs;    /* with PRIORITY only maps */
    struct plait__link *urgent; /* with PRIORITY: a pairing heap of futures (Fredman and others, 1986) */
    uint32_t turn;              /* of the future added last */
    size_t count;               /* of futures, without those in the inbox */
    size_t most;                /* that there have been */
    uint64_t handed_in;         /* futures added by plait__injector_push and _hand_in, ever */
};

enum { PLAIT__INBOX_ASK = 1 };

/* Pushes a future on the inbox. False: the mutex must be taken. */
bool plait__injector_push(struct plait__injector *injector, plait_future *future);
/* Sets and takes away ASK; under the mutex. */
void plait__injector_ask(struct plait__injector *injector, bool ask);
/* Whether anything lies in the inbox. */
static inline bool plait__injector_pushed(const struct plait__injector *injector) {
    return plait__load_seq(&injector->inbox) & ~(uintptr_t)PLAIT__INBOX_ASK;
}

static inline plait_future *plait__job_future(struct plait__job *job) {
    return plait__of_link(job, plait_future, job);
}

static inline struct plait__map *plait__job_map(struct plait__job *job) {
    return plait__of_link(job, struct plait__map, job);
}

void plait__injector_add(struct plait__injector *injector, struct plait__job *job);
/* The same for a future that comes from outside, and counts. */
void plait__injector_hand_in(struct plait__injector *injector, plait_future *future);
/* Looks into the inbox, so that the counts are right. */
void plait__injector_collect(struct plait__injector *injector);
/* The next job with work in it; NULL: none. Maps whose items have all been taken leave the queue. */
struct plait__job *plait__injector_first(struct plait__injector *injector);
/* The same; a future is off the queue then. */
struct plait__job *plait__injector_take(struct plait__injector *injector);
/* Moves all futures to another list; maps stay. */
void plait__injector_take_futures(struct plait__injector *injector, struct plait__list *taken);

#endif

/* lock_order.h - what lock, rlock, rwlock and condition tell the tracker of lock order. The public side is
 * plait/lock_order.h; how it works is told in lock_order.c.
 *
 * Only the long ways call these: while orders are watched no thread has a short one (plait__quick). The lock is
 * known by its address; of its memory only `since` is touched, and only by plait__order_asks.
 */
#ifndef PLAIT__LOCK_ORDER_H
#define PLAIT__LOCK_ORDER_H

#include <base/atomic.h>
#include <plait/deadline.h>
#include <plait/lock_order.h>

/* How a lock is asked for. */
enum {
    PLAIT__ORDER_SHARED = 1,  /* to read, beside others */
    PLAIT__ORDER_WRITES = 4,  /* alone, where others read */
    PLAIT__ORDER_PATIENT = 2, /* for as long as it takes: only this can end in a deadlock */
};

/* An acquisition that has begun; zero: not watched. */
struct plait__order {
    uint32_t watch; /* under which it began */
    uint32_t stack;
    unsigned how;
};

extern uint32_t plait__order_watched; /* the number of the watch, 0 for none */

struct plait__order plait__order_ask(const void *lock, uint32_t *since, unsigned how, const void *caller);
void plait__order_have(const void *lock, struct plait__order order);
void plait__order_leave(const void *lock);

static inline unsigned plait__order_patience(plait_deadline deadline) {
    return deadline.ns == PLAIT_FOREVER.ns ? PLAIT__ORDER_PATIENT : 0;
}

/* Before the lock is waited for, with no lock of plait's own held: the program's callback may run here.
 * `caller` is where the program called plait. */
static inline struct plait__order plait__order_asks(const void *lock, uint32_t *since, unsigned how,
                                                    const void *caller) {
    if (plait__load(&plait__order_watched)) return plait__order_ask(lock, since, how, caller);
    return (struct plait__order){0};
}

/* When it has been acquired. */
static inline void plait__order_has(const void *lock, struct plait__order order) {
    if (order.watch) plait__order_have(lock, order);
}

/* Before it is released. */
static inline void plait__order_leaves(const void *lock) {
    if (plait__load(&plait__order_watched)) plait__order_leave(lock);
}

#endif

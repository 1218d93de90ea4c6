/* sleepers.h - those who sleep, in any process, until something in shared memory has changed.
 *
 * For changes that many make in many ways, with and without a lock, so that the sleepers cannot be marked
 * under one (as lane.h does it). Two words in shared memory. Whoever changes something looks at the first: is
 * a wake wanted?
 *
 *   about to sleep:  asleep + 1;  word |= WANTED;  order all processes;  look once more;  sleep while word is that
 *   changing:        the change, ordered;  is WANTED set? then  word = next turn, without WANTED;  wake one
 *   awake again:     asleep - 1;  do it, or give up;  others are asleep? then  WANTED again,  order all processes;
 *                    look once more;  wake one if there is still something for it
 *
 * Either the one about to sleep sees the change, or the changer sees WANTED: the sleeper pays for the order
 * between the two (base/order.h between processes, as in robust.h). One wake at a time is on its way, and
 * goes round: a burst of changes costs one. Whoever is killed with the wake in his hands, or between a change
 * and the wake, leaves the others to the net under all sleeps (wait/shared.h); who is killed asleep stays
 * counted, which costs an extra look each time.
 */
#ifndef PLAIT__SLEEPERS_H
#define PLAIT__SLEEPERS_H

#include <base/atomic.h>
#include <base/os.h>
#include <plait/deadline.h>
#include <plait/status.h>

/* In shared memory; zero at first. */
struct plait__sleepers {
    uint32_t word; /* WANTED, and the turn */
    uint32_t asleep;
};

#define PLAIT__WANTED UINT32_C(1)

/* Stores what sleepers wait for, before plait__sleepers_wake. */
#define plait__store_for_sleepers(p, v) \
    (plait__likely(plait__os_orders_processes) ? (plait__store_release((p), (v)), plait__keep_order()) \
                                               : (void)plait__exchange_seq((p), (v)))

/* After a change: wakes one of them if that is wanted. */
void plait__sleepers_wake_one(struct plait__sleepers *sleepers);
static inline void plait__sleepers_wake(struct plait__sleepers *sleepers) {
    if (plait__unlikely(plait__load_seq(&sleepers->word) & PLAIT__WANTED)) plait__sleepers_wake_one(sleepers);
}
/* Wakes all of them, whether or not it is wanted. */
void plait__sleepers_wake_all(struct plait__sleepers *sleepers);

/* About to sleep: the caller looks once more, then sleeps with what this returned, or not; and leaves. */
uint32_t plait__sleepers_enter(struct plait__sleepers *sleepers);
/* As plait__wait_shared, without looking first. */
plait_status plait__sleepers_sleep(struct plait__sleepers *sleepers, uint32_t entered, const char *kind,
                                   const void *object, plait_deadline deadline, bool cancellable);
void plait__sleepers_leave(struct plait__sleepers *sleepers);
/* When a call is over that has slept: others may have to be woken, if `more` says that there is something for
 * them. */
void plait__sleepers_pass_on(struct plait__sleepers *sleepers, bool (*more)(const void *context),
                             const void *context);

#endif

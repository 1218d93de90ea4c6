/* lock.h - what rlock and condition need of the lock beyond its public verbs. */
#ifndef PLAIT__SYNC_LOCK_H
#define PLAIT__SYNC_LOCK_H

#include <plait/lock.h>
#include <wait/parking.h>

/* The ident of the thread that holds it, 0 when nobody does. */
static inline uint32_t plait__lock_holder(const plait_lock *lock) {
    return plait__load(&lock->word) & PLAIT__IDENT_MASK;
}

/* Acquires it where the short path has failed: it is taken, or the thread has none. `caller`: where the program
 * called plait. */
plait_status plait__lock_acquire_slow(plait_lock *lock, plait_deadline deadline, const void *caller);

/* Moves a node from the list that it is on to those parked on the lock, if the lock is held; else does
 * nothing and returns false. The caller has locked both lists; `list` is plait__parking(lock). From then on
 * a release may claim the node; who is claimed so goes on with plait__lock_acquire_claimed. */
bool plait__lock_adopt(struct plait__wait_list *list, plait_lock *lock, struct plait__node *node);

/* Goes on acquiring as a thread whose node on the lock's list was claimed, with that claim. PLAIT_OK, or
 * PLAIT_INTERRUPTED: not held. */
plait_status plait__lock_acquire_claimed(plait_lock *lock, uint32_t claim);

#endif

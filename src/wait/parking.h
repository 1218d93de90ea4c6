/* parking.h - the parking table: wait lists for objects that are only a word.
 *
 * A lock of four bytes has no room for a list of waiters, so those live here, in one static table of
 * lists keyed by the address of the object (after WebKit's ParkingLot, Pizlo 2016). An object only keeps
 * a bit that says "somebody may be parked on me", and that bit changes only under the lock of the
 * address's list: whoever parks sets it there before, whoever wakes the last clears it there.
 *
 *   park:    lock the list; look at the object again: if there is no reason to wait, unlock and go on;
 *            make sure that the bit is set; plait__park
 *   unpark:  lock the list; choose nodes; change the object (its last use: it may be freed from then on);
 *            claim the nodes; unlock; plait__wakes_send
 *
 * The object is not touched after the store that lets another thread go on; the list is static and the
 * nodes belong to waiters who cannot leave while the list is locked.
 */
#ifndef PLAIT__PARKING_H
#define PLAIT__PARKING_H

#include <wait/waiter.h>

/* The list that holds this address's waiters, among others. */
struct plait__wait_list *plait__parking(const void *address);

/* The first node of this address, and the one after `node`; NULL when there is none. List locked. */
struct plait__node *plait__parked(struct plait__wait_list *list, const void *address);
struct plait__node *plait__parked_after(struct plait__wait_list *list, const struct plait__node *node);

enum plait__park_flags {
    PLAIT__CANCELLABLE = 1,
    PLAIT__AT_HEAD = 2 /* before the others: it was woken before and came too late */
};

/* Waits at the address. The caller has locked the list and found that it must wait; the list is unlocked
 * before waiting. Returns the claim: PLAIT__FIRST (perhaps with PLAIT__GIFT) if it was unparked, else
 * why the wait ended; the node is off the list in any case. `kind` is for people, `want` for whoever
 * unparks. */
struct plait__park {
    const char *kind;
    plait_deadline deadline;
    unsigned flags;
    uint32_t want;
};
uint32_t plait__park(struct plait__wait_list *list, const void *address, struct plait__park *how);

/* Wakes all that are parked at the address; nothing there is touched. For objects whose word has been written
 * before: by a thread that then comes here because it saw there that somebody may be parked. */
void plait__unpark_all(const void *address);

#endif

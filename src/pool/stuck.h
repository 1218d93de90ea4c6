/* stuck.h - a wait that cannot end because every worker waits is told, not hung.
 *
 * A worker, or an owner's thread, that is about to park for a future, or for several, without a deadline enters its
 * wait into one list and then looks whether there is a set of listed waits that cannot end but by one of themselves. If there is,
 * it takes its own off the list and returns PLAIT_DEADLOCK, so that its task may fail and set the others free.
 * A listed wait may end if as many of its futures may be done as it waits for. A future may be done
 *   - if it is done, or is being set: then its waiters are woken
 *   - if it is a promise: anybody may keep it
 *   - if it is queued, and its pool has a worker, or may start one, that is not in a listed wait that cannot end
 *   - if it runs, on a worker that is not in a listed wait, or is in one that may end
 *   - if it was asked of an owner, whose thread is not in a listed wait, or is in one that may end; whether it is
 *     that request that waits, or an earlier one.
 * "Cannot end" is the greatest set that is consistent with this: all listed waits are taken for such, and those
 * found to be otherwise are struck out until nothing changes.
 *
 * Nobody is missed: such a set becomes complete when the last of its workers enters its wait, for nothing but
 * waiting makes a future unable to be done. (A wait for the first failure loses a hope with each future that
 * succeeds; so it ends, and is entered anew, each time.) All are in the list by then, because each enters before it looks, and
 * entering, looking and leaving are under one mutex; so the last one sees the whole set.
 * No false alarm: all in the set stay where they are while one looks, for to go on they must leave the list,
 * which takes the mutex. A future that runs on one of them is made done by that worker alone, one that is queued
 * is run only by workers of its pool, which are all in the set. So nothing of what was seen can have changed
 * between two looks, except by somebody who comes from outside: a cancel, a larger pool, a closing that
 * cancels what is queued. Those may come at any time or never; whoever comes after the look comes too late.
 * What is known to end by itself is not listed: a wait with a deadline, or under a token with one. A wait whose
 * token is cancelled may end. Waits for anything else than futures (an event, a queue, a map, a select) are
 * not listed either: somebody may come and end them.
 *
 * Locks: the parking list's is never taken here; under this mutex first a group's (watch.h), then a pool's.
 */
#ifndef PLAIT__STUCK_H
#define PLAIT__STUCK_H

#include <pool/future.h>

struct plait__watching;
struct plait__worker;
struct plait_owner;

/* A worker's or an owner's wait, on its stack. */
struct plait__stuck {
    plait_future *future;          /* what it waits for, or */
    struct plait__watching *group; /* what it waits for */
    struct plait__link link;
    const struct plait__worker *worker; /* its stack of tasks does not change meanwhile */
    const struct plait_owner *owner;    /* without that: the owner whose thread it is; neither: not listed */
    const plait_token *token;           /* NULL: shielded */
    bool may_end, named;                /* for whoever looks */
};

/* What a worker or an owner was told last. */
struct plait__stuck_words {
    const plait_future *future; /* only to be compared */
    char words[240];
};

/* Before and after the calling thread parks. PLAIT_OK, or PLAIT_DEADLOCK: it must not, and need not leave.
 * Nothing happens on threads that are neither workers nor owners. */
plait_status plait__stuck_enter(struct plait__stuck *wait, plait_deadline deadline);
void plait__stuck_leave(struct plait__stuck *wait);

/* Who waits for whom, if the calling thread's last wait was refused because of this future; else NULL. */
const char *plait__stuck_told(const plait_future *future);

#endif

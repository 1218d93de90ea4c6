/* case.h - what a kind of object supplies so that it can stand in a select.
 *
 * Three functions per kind, in the object's own room (after nsync's wait_n), and a public plait_case_...
 * function that makes the case.
 */
#ifndef PLAIT__CASE_H
#define PLAIT__CASE_H

#include <plait/select.h>
#include <wait/waiter.h>

/* A case that sets `events` has its descriptor polled beside, and is attempted when that is ready. attempt may change
 * the descriptor; enqueue comes after the last attempt, and from there until dequeue it must stay open. */
struct plait__case_kind {
    const char *name; /* for dumps */
    /* Performs the operation if that needs no waiting: true, with the case's status set. Is called again
     * after every wake, so it must do the whole check anew. */
    bool (*attempt)(plait_case *one);
    /* Puts the node into the object's wait list, unless the operation could be done now: false then, with
     * nothing put. Check and put are one step under the list's lock. Who claims the node either only wakes,
     * and the select attempts; or has performed the operation (PLAIT__GIFT) by the time he gives back the
     * list's lock, and its status is PLAIT_OK. NULL: nothing to put it into. */
    bool (*enqueue)(plait_case *one, struct plait__node *node);
    /* Takes the list's lock, always, and takes the node off if it is still on. */
    void (*dequeue)(plait_case *one, struct plait__node *node);
};

/* dequeue for objects whose waiters are in the parking table: the node's address says where. */
void plait__case_unpark(plait_case *one, struct plait__node *node);

#endif

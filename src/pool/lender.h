/* lender.h - parked resources that are borrowed and returned, from inside. The public side is plait/lender.h.
 *
 * Each resource has a slot; there are `most` of them, so a slot without a resource is the right to open one.
 * Under the lender's mutex a slot is
 *   FREE    without a resource, in the list `free`
 *   IDLE    parked, in the list `idle`, the one that was returned last at the head
 *   TAKEN   somebody's: lent, or being opened, checked or closed. Only who took it touches it then.
 * Only TAKEN slots are worked on by the user's tasks, without the mutex.
 *
 * Borrowers who find neither stand in line. A slot that comes back, with a resource or without, is handed to
 * the first of them directly: it is written into the borrower's node and given with the claim (PLAIT__GIFT),
 * under the mutex; so nobody who comes just then can be faster, and a borrower that has given up by itself
 * was not claimed and has got nothing. A select cannot be given anything: for it the slot becomes FREE or
 * IDLE, and it is woken to attempt its borrow. So it always holds, outside the mutex, that if a slot is to be
 * had and somebody waits, a select has been claimed that will look before any of its other cases; if somebody
 * else was faster, that one brings the slot back.
 *
 * The handle and each TAKEN slot hold a reference, counted under the mutex; whoever gives back the last one
 * frees the lender after the mutex.
 */
#ifndef PLAIT__LENDER_H
#define PLAIT__LENDER_H

#include <plait/lender.h>
#include <pool/pool.h>
#include <wait/waiter.h>

enum { PLAIT__LENT_BYTES = 16 };

struct plait__slot {
    struct plait__link link;
    bool taken, full;
    bool lent;     /* taken, and its borrower has it, or is about to see it */
    int64_t since; /* when it was parked */
    _Alignas(16) char resource[PLAIT__LENT_BYTES];
};

struct plait_lender {
    struct plait__mutex mutex; /* guards all that changes */
    uint32_t generation;       /* of forks, when it was made */
    size_t references, resource_size, most;
    const plait_task *open, *close, *check;
    void *args; /* of `open` */
    bool closed;
    size_t used; /* slots that have ever been taken: the others need not be looked at */
    size_t made, taken, idle_count, waiting;
    struct plait__list free, idle;
    struct plait__list borrowers, joiners; /* nodes */
    struct plait__slot *slots;
};

/* False in the child of a fork. */
static inline bool plait__lender_lock(plait_lender *lender) {
    return lender->generation == plait__generation() && plait__mutex_lock(&lender->mutex);
}

/* Gives the mutex back, and the lender if nobody has it any more. */
void plait__lender_unlock(plait_lender *lender, struct plait__wakes *wakes);
/* Closes those that have been parked since then or before, the longest parked first; returns how many. */
size_t plait__lender_close_idle(plait_lender *lender, int64_t parked_before);

#endif

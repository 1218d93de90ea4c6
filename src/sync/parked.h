/* parked.h - what the objects of this room share around the parking table (wait/parking.h).
 *
 * Handing over. A release lets whoever runs take what was released, which is fast and keeps a crowd from
 * slowing down those who run, but could starve those who are parked. So an object has a `since`: the time
 * of its last hand-over, or when the first thread parked if that was later; written under the list's lock.
 * When it is a millisecond old a release gives what it releases to the first parked thread, by a claim that
 * is a gift. So hand-overs, which cost a wake each, come at most once a millisecond: even when a crowd has
 * been waiting for long, the object serves whoever runs in between, and each of the crowd gets its turn.
 * Times are in units of 2^16 ticks of the CPU's counter, which is cheaper to read than the clock.
 *
 * Settling. Where the giver makes the claim before it has written the object's word, because only then it
 * knows whether the claim was first, the receiver must not go on before that is written: it passes through
 * the list's lock, which the giver holds until then. So the giver's store to the object comes before the
 * receiver's return, and the receiver may free the object.
 */
#ifndef PLAIT__PARKED_H
#define PLAIT__PARKED_H

#include <wait/parking.h>

enum { PLAIT__FAIR_US = 1000, PLAIT__SINCE_SHIFT = 16 };

static inline uint32_t plait__coarse(uint64_t ticks) {
    return (uint32_t)(ticks >> PLAIT__SINCE_SHIFT);
}

static inline bool plait__overdue(const uint32_t *since) {
    uint32_t most = plait__coarse(plait__os_ticks_per_us() * PLAIT__FAIR_US);
    return plait__coarse(plait__os_ticks()) - plait__load(since) > most;
}

/* Called by the receiver of a gift. */
static inline void plait__settle(struct plait__wait_list *list) {
    plait__mutex_lock(&list->mutex);
    plait__mutex_unlock(&list->mutex);
}

/* Whether more than n nodes of this address are parked. List locked. */
static inline bool plait__parked_more_than(struct plait__wait_list *list, const void *address, uint32_t n) {
    struct plait__node *node = plait__parked(list, address);
    for (; node && n > 0; n--) node = plait__parked_after(list, node);
    return node != NULL;
}

/* Claims the first n nodes of this address that can be claimed, without a gift. List locked. */
static inline void plait__claim_parked(struct plait__wait_list *list, const void *address, uint32_t n,
                                       struct plait__wakes *wakes) {
    struct plait__node *next, *node = plait__parked(list, address);
    for (; node && n > 0; node = next) {
        next = plait__parked_after(list, node);
        if (plait__claim(node, 0, wakes)) n--;
    }
}

#endif

/* lanes.h - the hot path of a FIFO queue: a put and a get that run beside each other.
 *
 * A ring has two ends, and a put has nothing to do with a get as long as there are items and room. So each
 * has a lane of its own: putters share the queue's mutex, getters another one, and each lane knows how far it
 * may go (`limit`) before it must look at the other one's index. Two threads that put and get then run in
 * parallel, each in its own cache lines; they meet once for each batch.
 *
 * Everything else (waiting, waking, shutdown, batches, growing, tasks done, select) is written as if there
 * were one mutex, and has both: plait__queue_lock takes putters' first, then getters', and writes what
 * the lanes have done since into the ring and the count of unfinished tasks; plait__queue_unlock tells
 * the lanes anew. So it is exact, and need not know of the lanes.
 *
 * When the lanes are told, each is also told whether it may do without the rest (`elsewhere`). A put must go
 * the general way if a getter is listed that nobody is on his way for, because it has to wake one, and after a
 * shutdown; a get likewise for putters. (Both also in the moment after a select was woken and before it
 * attempts: see queue.c on that.) While one is on its way, or nobody is listed, the lane does no harm to
 * what queue.c says always holds: a put adds items, but no getter is listed that needs a wake; a get takes
 * items away. Nobody becomes listed without both mutexes, and then the lanes are told; they see it because
 * their limit is taken back, too.
 *
 * Orders: an index is stored with release after the item has been copied, and the other lane loads it with
 * acquire before it touches that place. All else in a lane belongs to its mutex. The indexes are those of
 * the ring, which does not fold them, so they never go back, whatever is done to the queue: qsize reads both
 * without a lock.
 *
 * Patience. Whoever finds nothing to do stays away for a while, in which it does not touch the queue: the
 * other side fills it, or empties it, at full speed, and there is a batch when it comes back. Two threads
 * that hand over each item in lock step need five times as long. How long the first distance is, is learned:
 * longer when there were many items since the last time, shorter when there was one, for then somebody may
 * wait for an answer. All in all it is about as long as a wake costs, and not at all when more threads run
 * than there are CPUs (wait/spin.h); then it parks. Those who stay away count as inside.
 *
 * Who waits for one item at a time looks often, at the other lane's index; so that has a line for itself. Beside
 * the mutex each look would take the line from the other side, which then fetches it twice more to take the
 * mutex and to give it back: a round trip took half as long again.
 */
#ifndef PLAIT__LANES_H
#define PLAIT__LANES_H

#include <queue/items.h>
#include <wait/mutex.h>

enum { PLAIT__APART = 128 }; /* bytes: then two lanes never share what a CPU fetches at a time */

/* Guarded by the lane's mutex; what says "told" is only written with both. */
struct plait__lane {
    uint64_t limit;    /* up to this index it need not look at the other lane */
    int64_t ahead;     /* told: how far it may be ahead of the other; see plait__lanes_tell */
    bool may_be_stuck; /* told: if it is so far ahead there is nothing to be done, else it is for elsewhere */
    bool elsewhere;    /* told: nothing can be done in this lane */
    uint8_t
        nearness;  /* of the first look when it is stuck: a wake's cost divided by 2 to the power of this */
    uint32_t away; /* threads that stay away */
    uint64_t stuck_at; /* the index when it was stuck last */
    uint64_t counted;  /* put lane: the index up to which items count as unfinished tasks */
    uint64_t done;     /* get lane: tasks done that are still counted as unfinished, ... */
    uint64_t left;     /* ... and how many are certainly left then */
    char apart[PLAIT__APART];
    uint64_t index; /* of the next item to be put, or got; grows on and on. The other lane reads it */
};

enum { PLAIT__ELSEWHERE = -2 }; /* as a status: it must go the general way */

/* Looks at the other lane. PLAIT_OK: there is something to be done. */
static inline plait_status plait__lane_look(struct plait__lane *lane, const struct plait__lane *other) {
    if (plait__unlikely(lane->elsewhere)) return PLAIT__ELSEWHERE;
    uint64_t limit = plait__load_acquire(&other->index) + (uint64_t)lane->ahead;
    if (plait__unlikely((int64_t)(limit - lane->index) <= 0))
        return lane->may_be_stuck ? PLAIT_BUSY : PLAIT__ELSEWHERE;
    lane->limit = limit;
    return PLAIT_OK;
}

#endif

/* task_ring.h - the futures that a worker has before it: handed over by its own tasks, or taken in a batch
 * from the pool's common queue or from another worker.
 *
 * Slots head .. tail - 1 are full; both only grow, and a slot's place is its number modulo the size. The
 * owner alone puts at the tail. At the head the owner takes one, and thieves take half, by compare-and-swap:
 * first in, first out for all. Who takes reads the slots first and then moves the head (release); who puts
 * looks at the head (acquire) before it fills a slot again, so nobody reads a slot that is being filled, or
 * else his compare-and-swap fails. The tail is stored with release, and looked at with acquire, for what the
 * slots point at. A put also stands before the owner's later look at who sleeps: plait__store_ordered; see
 * thread_pool.h. After Go's run queues (Vyukov 2012) and Tokio's, which took them over.
 */
#ifndef PLAIT__TASK_RING_H
#define PLAIT__TASK_RING_H

#include <base/order.h>
#include <pool/future.h>

enum { PLAIT__TASK_RING_SIZE = 256 };

struct plait__task_ring {
    uint32_t head; /* by compare-and-swap */
    uint32_t tail; /* by the owner */
    plait_future *slots[PLAIT__TASK_RING_SIZE];
};

/* Owner: false if it is full. */
bool plait__task_ring_put(struct plait__task_ring *ring, plait_future *future);
/* Owner: the oldest, or NULL. */
plait_future *plait__task_ring_take(struct plait__task_ring *ring);
/* Any thread: takes the older half of what is there, at least one and at most half the size, to `out`.
 * Returns how many; 0: it was empty. */
uint32_t plait__task_ring_grab(struct plait__task_ring *ring, plait_future *out[PLAIT__TASK_RING_SIZE / 2]);
/* Any thread: how many there are, more or less. */
static inline uint32_t plait__task_ring_count(const struct plait__task_ring *ring) {
    uint32_t head = plait__load_seq(&ring->head);
    return plait__load_seq(&ring->tail) - head;
}

#endif

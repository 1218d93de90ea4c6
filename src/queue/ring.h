/* ring.h - things of one size, in a row: a ring in one block of memory whose length is a power of two.
 *
 * It gives back what came first (a queue) or what came last (a stack); a heap uses it as an array, with
 * `first` always 0. Whoever owns the ring guards it. Only `count` and `capacity` may be read without its
 * lock, as snapshots, and are therefore written atomically.
 *
 * It doubles when it is full and is halved when less than an eighth is used, so that a burst does not keep
 * its memory: between two moves of n things there are at least n/4 puts or gets, so moving costs a
 * constant for each. Small rings are left as they are.
 */
#ifndef PLAIT__RING_H
#define PLAIT__RING_H

#include <base/atomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct plait__ring {
    char *items;
    size_t item_size;
    size_t capacity; /* a power of two, or 0 */
    uint64_t first;  /* how many have been taken from this end; masked, the place of the first item */
    size_t count;
    size_t shrink_below; /* when there are fewer items than that, it is too large */
};

/* The smallest capacity that holds this many items; 0 if there is none. */
size_t plait__ring_capacity(size_t items);
/* The capacity it should have for `more` items in addition: larger, smaller, or what it has. 0: no such
 * number. May be asked without the lock. */
size_t plait__ring_wanted(const struct plait__ring *ring, size_t more);
/* Memory for a ring of this capacity, NULL when there is none. */
char *plait__ring_memory(size_t capacity, size_t item_size);
/* Moves the items, in order, to other memory that has room for them; returns the memory they were in. */
char *plait__ring_move(struct plait__ring *ring, char *memory, size_t capacity);

static inline char *plait__ring_at(const struct plait__ring *ring, size_t i) {
    return ring->items + ((ring->first + i) & (ring->capacity - 1)) * ring->item_size;
}

/* A pointer, a long, a double: the size that most items have is known to the compiler here. */
static inline void plait__ring_copy(void *to, const void *from, size_t size) {
    if (plait__likely(size == 8))
        memcpy(to, from, 8);
    else
        memcpy(to, from, size);
}

/* Several at once, in order: there is room for them; there are so many. */
void plait__ring_push_many(struct plait__ring *ring, const char *items, size_t count);
void plait__ring_pop_many(struct plait__ring *ring, char *items, size_t count);

/* There is room. */
static inline void plait__ring_push(struct plait__ring *ring, const void *item) {
    plait__ring_copy(plait__ring_at(ring, ring->count), item, ring->item_size);
    plait__store(&ring->count, ring->count + 1);
}

/* There is an item. */
static inline void plait__ring_pop(struct plait__ring *ring, void *item) {
    plait__ring_copy(item, plait__ring_at(ring, 0), ring->item_size);
    ring->first++;
    plait__store(&ring->count, ring->count - 1);
}

/* There is an item. */
static inline void plait__ring_pop_last(struct plait__ring *ring, void *item) {
    plait__ring_copy(item, plait__ring_at(ring, ring->count - 1), ring->item_size);
    plait__store(&ring->count, ring->count - 1);
}

#endif

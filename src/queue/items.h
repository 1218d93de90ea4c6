/* items.h - where the items of a queue lie, and in which order they come out: the kinds behind one face.
 *
 * FIFO and LIFO are the two ends of a ring. A put or get there takes no longer than a call would, so they
 * are inline, and the usual case comes first. BY_KEY and COMPARED are heaps in the memory of a ring. The
 * owner guards all of it. COMPARED calls the user, so its owner lets go of his lock meanwhile; pushing and
 * popping therefore leave the count alone there, as threads that hold the lock look at it. In a RENDEZVOUS
 * nothing ever lies.
 */
#ifndef PLAIT__ITEMS_H
#define PLAIT__ITEMS_H

#include <plait/queue.h>
#include <queue/ring.h>

enum plait__order { PLAIT__FIFO, PLAIT__LIFO, PLAIT__BY_KEY, PLAIT__COMPARED, PLAIT__RENDEZVOUS };

struct plait__items {
    struct plait__ring ring; /* of slots: items; in a heap each with its number behind it */
    size_t size;             /* of an item */
    enum plait__order order;

    /* Heaps only. */
    plait_key key; /* BY_KEY: what in an item says its place */
    bool (*less)(const void *one, const void *other, void *context);
    void *context;
    size_t number_at; /* where in a slot the number is */
    uint64_t numbers; /* how many have been given out */
};

/* How large a slot must be for an item of this size with its number behind it; 0: too large. */
size_t plait__heap_slot(size_t item_size, size_t *number_at);
/* Pushes an item to a heap of `count`, for which there is room; pops the first of `count`, at least one. */
void plait__heap_push(struct plait__items *items, size_t count, const void *item);
void plait__heap_pop(struct plait__items *items, size_t count, void *item);
/* Whether this key lies in such an item. */
bool plait__heap_key_fits(plait_key key, size_t item_size);

static inline bool plait__items_compare(const struct plait__items *items) {
    return plait__unlikely(items->order == PLAIT__COMPARED);
}

/* There is room. */
static inline void plait__items_push(struct plait__items *items, const void *item) {
    if (plait__likely(items->order <= PLAIT__LIFO)) {
        plait__ring_push(&items->ring, item);
    } else {
        plait__heap_push(items, items->ring.count, item);
        plait__store(&items->ring.count, items->ring.count + 1);
    }
}

/* There is an item. */
static inline void plait__items_pop(struct plait__items *items, void *item) {
    if (plait__likely(items->order == PLAIT__FIFO)) {
        plait__ring_pop(&items->ring, item);
    } else if (items->order == PLAIT__LIFO) {
        plait__ring_pop_last(&items->ring, item);
    } else {
        plait__heap_pop(items, items->ring.count, item);
        plait__store(&items->ring.count, items->ring.count - 1);
    }
}

/* The item that would come out now. There is one. */
static inline const char *plait__items_next(const struct plait__items *items) {
    return plait__ring_at(&items->ring, items->order == PLAIT__LIFO ? items->ring.count - 1 : 0);
}

#endif

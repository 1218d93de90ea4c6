/* ends.c - how queues begin and end: constructors, shutdown, free, and what becomes of items left. */
#include <base/memory.h>
#include <base/status.h>
#include <queue/queue.h>
#include <wait/name.h>

enum { SMALL_BYTES = 64 * 1024, FIRST_ITEMS = 16 };

/* A queue whose items lie as `items` says, all but the memory. */
static plait_queue *new_queue(struct plait__items items, size_t item_size, size_t maxsize) {
    bool heap = items.order == PLAIT__BY_KEY || items.order == PLAIT__COMPARED;
    size_t slot = heap ? plait__heap_slot(item_size, &items.number_at) : item_size;
    if (item_size == 0 || item_size > PTRDIFF_MAX || maxsize > PTRDIFF_MAX || slot == 0) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_queue *queue = plait__allocate(sizeof *queue);
    if (!queue) return NULL;
    bool rendezvous = items.order == PLAIT__RENDEZVOUS;
    size_t in_small = SMALL_BYTES / slot > FIRST_ITEMS ? SMALL_BYTES / slot : FIRST_ITEMS;
    bool small = maxsize && maxsize <= in_small; /* then it never needs to grow */
    size_t capacity = rendezvous ? 0 : plait__ring_capacity(small ? maxsize : FIRST_ITEMS);
    queue->descriptor = -1;
    queue->generation = plait__generation();
    queue->maxsize = maxsize;
    queue->plain = items.order <= PLAIT__LIFO;
    queue->items = items;
    queue->items.size = item_size;
    queue->straight = items.order == PLAIT__FIFO && item_size == PLAIT__STRAIGHT ? PLAIT__STRAIGHT : 0;
    queue->items.ring = (struct plait__ring){.item_size = slot, .capacity = capacity};
    if (rendezvous) return queue;
    queue->items.ring.items = plait__ring_memory(capacity, slot);
    plait__lanes_begin(queue);
    if (queue->items.ring.items) return queue;
    plait__release(queue);
    return NULL;
}

plait_queue *plait_queue_new(size_t item_size, size_t maxsize) {
    return new_queue((struct plait__items){.order = PLAIT__FIFO}, item_size, maxsize);
}

plait_queue *plait_lifo_queue_new(size_t item_size, size_t maxsize) {
    return new_queue((struct plait__items){.order = PLAIT__LIFO}, item_size, maxsize);
}

plait_queue *plait_rendezvous_queue_new(size_t item_size) {
    return new_queue((struct plait__items){.order = PLAIT__RENDEZVOUS}, item_size, 0);
}

plait_queue *plait_priority_queue_new(size_t item_size, size_t maxsize,
                                      bool (*less)(const void *one, const void *other, void *context),
                                      void *context) {
    struct plait__items items = {.order = PLAIT__COMPARED, .less = less, .context = context};
    if (less) return new_queue(items, item_size, maxsize);
    plait__set_last_error(PLAIT_INVALID);
    return NULL;
}

plait_queue *plait_priority_queue_new_by(size_t item_size, size_t maxsize, plait_key key) {
    struct plait__items items = {.order = PLAIT__BY_KEY, .key = key};
    if (plait__heap_key_fits(key, item_size)) return new_queue(items, item_size, maxsize);
    plait__set_last_error(PLAIT_INVALID);
    return NULL;
}

plait_status plait_queue_set_destroy(plait_queue *queue, void (*destroy)(void *item, void *context),
                                     void *context) {
    struct plait__wakes wakes = {.count = 0};
    if (!queue) return PLAIT_INVALID;
    if (!plait__queue_lock(queue)) return PLAIT_BROKEN;
    queue->destroy = destroy;
    queue->context = context;
    plait__queue_unlock(queue, &wakes);
    return PLAIT_OK;
}

/* What was taken out of a queue to be thrown away. */
struct leftovers {
    struct plait__ring ring;
    void (*destroy)(void *item, void *context);
    void *context;
};

/* Under turn and mutex. */
static struct leftovers take_leftovers(plait_queue *queue, struct plait__wakes *wakes) {
    struct plait__ring *ring = &queue->items.ring;
    struct leftovers leftovers = {*ring, queue->destroy, queue->context};
    ring->items = NULL;
    ring->first += ring->count;
    plait__store(&ring->count, 0);
    plait__store(&ring->capacity, 0);
    plait__store(&ring->shrink_below, 0);
    size_t count = leftovers.ring.count;
    queue->unfinished -= count < queue->unfinished ? count : queue->unfinished;
    if (!queue->unfinished) plait__claim_all(&queue->joiners.nodes, wakes);
    return leftovers;
}

/* Without a lock; the queue itself may be gone. Heaps, too, are thrown away in the order of their memory. */
static void discard(struct leftovers *leftovers) {
    if (leftovers->destroy)
        for (size_t i = 0; i < leftovers->ring.count; i++)
            leftovers->destroy(plait__ring_at(&leftovers->ring, i), leftovers->context);
    plait__release(leftovers->ring.items);
}

plait_status plait_queue_shutdown(plait_queue *queue, bool immediate) {
    if (!queue) return PLAIT_INVALID;
    struct plait__wakes wakes = {.count = 0};
    struct leftovers leftovers = {0};
    plait_status status = plait__queue_begin(queue);
    if (status != PLAIT_OK) return status;
    queue->shut_down = true;
    plait__store(&queue->plain, false);
    if (immediate) leftovers = take_leftovers(queue, &wakes);
    plait__claim_all(&queue->getters.nodes, &wakes);
    plait__claim_all(&queue->putters.nodes, &wakes);
    plait__queue_end(queue, &wakes);
    discard(&leftovers);
    return PLAIT_OK;
}

plait_status plait_queue_free(plait_queue *queue) {
    if (!queue) return PLAIT_OK;
    struct plait__wakes wakes = {.count = 0};
    plait_status status = plait__queue_begin(queue);
    if (status != PLAIT_OK) return status;
    bool used = plait__queue_used(queue);
    struct leftovers leftovers = {0};
    if (!used) leftovers = take_leftovers(queue, &wakes);
    plait__queue_end(queue, &wakes);
    if (used) {
        PLAIT__MISUSE("a queue is freed while a thread waits in it", queue);
        return PLAIT_BUSY;
    }
    discard(&leftovers);
    plait__descriptor_close(queue);
    plait__name_forget(queue);
    plait__release(queue);
    return PLAIT_OK;
}

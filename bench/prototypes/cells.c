/* cells.c - no mutex for items: each cell has a sequence number that says whose turn it is (Dmitry Vyukov's bounded MPMC
 * queue). A put takes a turn by a compare-and-swap on the tail, then fills the cell, then says so in it. A thread that
 * loses its CPU between the two holds up all who come after it in the ring: they park until it goes on. Who parks is
 * listed under a mutex; a put that finds the list not empty, after an ordered store, wakes one. */
#include "patience.h"
#include "prototype.h"
#include "side.h"

#include <base/order.h>
#include <stdlib.h>

struct cell {
    uint64_t turn, item;
};

struct end {
    _Alignas(128) uint64_t index;
    _Alignas(128)
        uint32_t listed; /* somebody waits for this end, and none is on its way; written under the mutex */
    struct plait__mutex mutex;
    struct side waiting; /* for what this end does */
};

struct queue {
    struct end put, get;
    struct cell *cells;
    size_t capacity;
};

static void *prototype_make(size_t room) {
    size_t capacity = room ? room : ROOM_FOR_ALL; /* a power of two */
    struct queue *queue = aligned_alloc(128, sizeof *queue);
    *queue = (struct queue){.capacity = capacity, .cells = calloc(capacity, sizeof(struct cell))};
    for (size_t i = 0; i < capacity; i++) queue->cells[i].turn = i;
    return queue;
}

/* Takes the next turn at this end; NULL if the cell is not ready for it. */
static struct cell *take_turn(struct queue *queue, struct end *end, uint64_t offset, uint64_t *turn) {
    uint64_t index = plait__load(&end->index);
    for (;;) {
        struct cell *cell = &queue->cells[index & (queue->capacity - 1)];
        int64_t early = (int64_t)(plait__load_acquire(&cell->turn) - (index + offset));
        if (early < 0) return NULL;
        if (early > 0) {
            index = plait__load(&end->index);
        } else if (plait__cas_acquire(&end->index, &index, index + 1)) {
            *turn = index;
            return cell;
        }
    }
}

static bool stuck(struct queue *queue, struct end *end, uint64_t offset) {
    uint64_t index = plait__load(&end->index);
    return (int64_t)(plait__load_acquire(&queue->cells[index & (queue->capacity - 1)].turn) -
                     (index + offset)) < 0;
}

static void tell(struct end *end) {
    plait__exchange_seq(&end->listed, side_wants_wake(&end->waiting));
}

__attribute__((noinline)) static void wake(struct end *end) {
    struct plait__wakes wakes;
    wakes.count = 0;
    plait__mutex_lock(&end->mutex);
    if (side_wants_wake(&end->waiting)) side_wake(&end->waiting, &wakes);
    tell(end);
    plait__mutex_unlock(&end->mutex);
    plait__wakes_send(&wakes);
}

static void finish(struct end *end, struct cell *cell, uint64_t turn) {
    plait__store_ordered(&cell->turn, turn);
    if (plait__unlikely(plait__load_seq(&end->listed))) wake(end);
}

__attribute__((noinline)) static void wait_at(struct queue *queue, struct end *end, struct end *other,
                                              uint64_t offset) {
    struct patience patience = {0};
    struct sleeper sleeper;
    while (patience_wait(&patience))
        if (!stuck(queue, end, offset)) return;
    plait__mutex_lock(&other->mutex);
    side_enter(&other->waiting, &sleeper, false);
    tell(other);
    plait__mutex_unlock(&other->mutex);
    plait__os_order_all();
    if (stuck(queue, end, offset)) plait__wait(&sleeper.waiter, PLAIT_FOREVER, false);
    plait__mutex_lock(&other->mutex);
    if (plait__linked(&sleeper.node.link))
        plait__list_remove(&sleeper.node.link);
    else
        other->waiting.waking = false;
    tell(other);
    plait__mutex_unlock(&other->mutex);
    if (!stuck(queue, end, offset)) wake(other); /* there may be more, which nobody has been woken for */
}

static void prototype_put(void *object, uint64_t item) {
    struct queue *queue = object;
    struct cell *cell;
    uint64_t turn;
    while (!(cell = take_turn(queue, &queue->put, 0, &turn))) wait_at(queue, &queue->put, &queue->get, 0);
    cell->item = item;
    finish(&queue->put, cell, turn + 1);
}

static uint64_t prototype_get(void *object) {
    struct queue *queue = object;
    struct cell *cell;
    uint64_t turn;
    while (!(cell = take_turn(queue, &queue->get, 1, &turn))) wait_at(queue, &queue->get, &queue->put, 1);
    uint64_t item = cell->item;
    finish(&queue->get, cell, turn + queue->capacity);
    return item;
}

QUEUE_LOOPS(prototype)
const struct queue_kind prototype_cells = QUEUE_KIND(prototype);

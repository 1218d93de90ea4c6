/* ring.c - the rare part of the ring: making room. */
#include <base/memory.h>
#include <queue/ring.h>

size_t plait__ring_capacity(size_t items) {
    size_t capacity = 1;
    while (capacity && capacity < items) capacity *= 2;
    return capacity;
}

char *plait__ring_memory(size_t capacity, size_t item_size) {
    return plait__allocate_array(capacity, item_size);
}

char *plait__ring_move(struct plait__ring *ring, char *memory, size_t capacity) {
    char *before = ring->items;
    size_t to_end = ring->capacity - ring->first; /* items from `first` before the ring wraps */
    if (to_end > ring->count) to_end = ring->count;
    if (ring->count) {
        memcpy(memory, plait__ring_at(ring, 0), to_end * ring->item_size);
        memcpy(memory + to_end * ring->item_size, before, (ring->count - to_end) * ring->item_size);
    }
    ring->items = memory;
    plait__store(&ring->capacity, capacity);
    ring->first = 0;
    return before;
}

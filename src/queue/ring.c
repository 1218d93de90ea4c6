/* ring.c - the rare part of the ring: making room, and giving it back. */
#include <base/memory.h>
#include <queue/ring.h>

enum { KEPT_BYTES = 16 * 1024 };

size_t plait__ring_capacity(size_t items) {
    size_t capacity = 1;
    while (capacity && capacity < items) capacity *= 2;
    return capacity;
}

size_t plait__ring_wanted(const struct plait__ring *ring, size_t more) {
    size_t capacity = plait__load(&ring->capacity), count = plait__load(&ring->count);
    if (count < plait__load(&ring->shrink_below)) capacity /= 2;
    return more <= capacity && count <= capacity - more ? capacity : plait__ring_capacity(count + more);
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
    ring->first = 0;
    plait__store(&ring->capacity, capacity);
    plait__store(&ring->shrink_below, capacity * ring->item_size > KEPT_BYTES ? capacity / 8 : 0);
    return before;
}

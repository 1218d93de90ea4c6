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
    if (more > SIZE_MAX - count) return 0;
    return more <= capacity && count <= capacity - more ? capacity : plait__ring_capacity(count + more);
}

char *plait__ring_memory(size_t capacity, size_t item_size) {
    return plait__allocate_array(capacity, item_size);
}

/* How many of `count` places from the i-th on come before the ring wraps. */
static size_t before_end(const struct plait__ring *ring, size_t i, size_t count) {
    size_t to_end = ring->capacity - ((ring->first + i) & (ring->capacity - 1));
    return to_end < count ? to_end : count;
}

static void copy_out(const struct plait__ring *ring, char *to, size_t count) {
    size_t to_end = before_end(ring, 0, count);
    memcpy(to, plait__ring_at(ring, 0), to_end * ring->item_size);
    memcpy(to + to_end * ring->item_size, ring->items, (count - to_end) * ring->item_size);
}

void plait__ring_push_many(struct plait__ring *ring, const char *items, size_t count) {
    size_t to_end = before_end(ring, ring->count, count);
    memcpy(plait__ring_at(ring, ring->count), items, to_end * ring->item_size);
    memcpy(ring->items, items + to_end * ring->item_size, (count - to_end) * ring->item_size);
    plait__store(&ring->count, ring->count + count);
}

void plait__ring_pop_many(struct plait__ring *ring, char *items, size_t count) {
    copy_out(ring, items, count);
    ring->first += count;
    plait__store(&ring->count, ring->count - count);
}

char *plait__ring_move(struct plait__ring *ring, char *memory, size_t capacity) {
    struct plait__ring before = *ring;
    ring->items = memory;
    plait__store(&ring->capacity, capacity);
    plait__store(&ring->shrink_below, capacity * ring->item_size > KEPT_BYTES ? capacity / 8 : 0);
    for (size_t i = 0, run; i < ring->count; i += run) { /* what wraps in neither */
        run = before_end(ring, i, before_end(&before, i, ring->count - i));
        memcpy(plait__ring_at(ring, i), plait__ring_at(&before, i), run * ring->item_size);
    }
    return before.items;
}

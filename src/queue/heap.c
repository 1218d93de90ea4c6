/* heap.c - items in the order of their priority, equal ones in the order in which they came.
 *
 * A heap in one array: no item comes before its parent. Every item has four children, because a level then
 * takes one cache line of small items and there are half as many levels as with two; taking out compares
 * as often, putting in less. (d-ary heaps: Johnson 1975.) Each item has a number behind it that says when
 * it came, which decides between equal ones: that is what makes the heap stable, with 8 bytes an item and,
 * for a comparison of the user's, no more than one call for each pair.
 *
 * A comparison that contradicts itself makes a mess of the order, not of the memory: every index is bounded
 * by the count, whatever is said.
 */
#include <queue/items.h>

enum { CHILDREN = 4 };

size_t plait__heap_slot(size_t item_size, size_t *number_at) {
    size_t alignment = item_size % 16 == 0 ? 16 : 8; /* items lie as malloc and an array would have them */
    if (item_size > PTRDIFF_MAX - 32) return 0;
    *number_at = (item_size + 7) / 8 * 8;
    return (*number_at + sizeof(uint64_t) + alignment - 1) / alignment * alignment;
}

static char *at(const struct plait__items *items, size_t i) {
    return items->ring.items + i * items->ring.item_size;
}

static uint64_t number_of(const struct plait__items *items, const char *slot) {
    uint64_t number;
    memcpy(&number, slot + items->number_at, sizeof number);
    return number;
}

static void copy_slot(const struct plait__items *items, size_t to, size_t from) {
    if (plait__likely(items->ring.item_size == 16))
        memcpy(at(items, to), at(items, from), 16);
    else
        memcpy(at(items, to), at(items, from), items->ring.item_size);
}

/* ---- keys ---- */

bool plait__heap_key_fits(plait_key key, size_t item_size) {
    bool whole = key.size == 1 || key.size == 2 || key.size == 4 || key.size == 8;
    if (key.offset > item_size || key.size > item_size - key.offset) return false;
    if (key.kind == PLAIT_KEY_FLOATING) return key.size == sizeof(float) || key.size == sizeof(double);
    return whole && (key.kind == PLAIT_KEY_SIGNED || key.kind == PLAIT_KEY_UNSIGNED);
}

static uint64_t unsigned_key(const char *key, size_t size) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        return memcpy(&one, key, size), one;
    case 2:
        return memcpy(&two, key, size), two;
    case 4:
        return memcpy(&four, key, size), four;
    default:
        return memcpy(&eight, key, sizeof eight), eight;
    }
}

#define SIGN (UINT64_C(1) << 63)

/* Larger numbers have larger bits, once the sign is turned over, and the rest of a negative one; a zero has
 * no sign here. What is not a number comes before or after all others. */
static uint64_t floating_rank(const char *key, size_t size) {
    double number;
    float small;
    if (size == sizeof small)
        memcpy(&small, key, sizeof small), number = (double)small;
    else
        memcpy(&number, key, sizeof number);
    number += 0.0;
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

/* A number that is smaller, the earlier the item comes. */
static uint64_t rank_of(const struct plait__items *items, const char *item) {
    const char *key = item + items->key.offset;
    size_t size = items->key.size;
    if (items->key.kind == PLAIT_KEY_FLOATING) return floating_rank(key, size);
    uint64_t bits = unsigned_key(key, size);
    if (items->key.kind == PLAIT_KEY_UNSIGNED) return bits;
    return (bits << (64 - 8 * size)) ^ SIGN; /* in its upper bytes: its sign is the uppermost bit */
}

/* ---- which comes first ---- */

/* An item that is being placed: it lies outside the heap, or in its last slot. */
struct placed {
    const char *item;
    uint64_t number, rank;
};

static struct placed place(const struct plait__items *items, const char *item, uint64_t number) {
    return (struct placed){item, number, items->order == PLAIT__BY_KEY ? rank_of(items, item) : 0};
}

static bool comes_before(const struct plait__items *items, const struct placed *one,
                         const struct placed *other) {
    bool older = one->number < other->number;
    if (items->order == PLAIT__BY_KEY) return one->rank < other->rank || (one->rank == other->rank && older);
    if (older) return !items->less(other->item, one->item, items->context);
    return items->less(one->item, other->item, items->context);
}

static struct placed in_slot(const struct plait__items *items, size_t i) {
    const char *slot = at(items, i);
    return place(items, slot, number_of(items, slot));
}

void plait__heap_push(struct plait__items *items, size_t count, const void *item) {
    struct placed new = place(items, item, items->numbers++);
    size_t hole = count;
    while (hole > 0) {
        size_t parent = (hole - 1) / CHILDREN;
        struct placed above = in_slot(items, parent);
        if (!comes_before(items, &new, &above)) break;
        copy_slot(items, hole, parent);
        hole = parent;
    }
    plait__ring_copy(at(items, hole), item, items->size);
    memcpy(at(items, hole) + items->number_at, &new.number, sizeof new.number);
}

/* The child of `hole` that comes first, among `count` items; there is one. */
static size_t first_child(const struct plait__items *items, size_t hole, size_t count, struct placed *best) {
    size_t first = hole * CHILDREN + 1;
    size_t end = count - first > CHILDREN ? first + CHILDREN : count;
    *best = in_slot(items, first);
    for (size_t i = first + 1; i < end; i++) {
        struct placed child = in_slot(items, i);
        if (!comes_before(items, &child, best)) continue;
        *best = child;
        first = i;
    }
    return first;
}

void plait__heap_pop(struct plait__items *items, size_t count, void *item) {
    plait__ring_copy(item, at(items, 0), items->size);
    size_t left = count - 1, hole = 0;
    if (!left) return;
    struct placed last = in_slot(items, left), best;
    while (hole < (left + CHILDREN - 2) / CHILDREN) { /* it has children */
        size_t child = first_child(items, hole, left, &best);
        if (!comes_before(items, &best, &last)) break;
        copy_slot(items, hole, child);
        hole = child;
    }
    copy_slot(items, hole, left);
}

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

/* ---- which comes first ----
 *
 * How items are compared is known to the compiler in each of three copies of the code below. Items of 8 bytes
 * that are their own key are compared without a jump: which of four children is the first cannot be foretold. */

enum how { WORDS, KEYED, COMPARED };

static enum how how_compared(const struct plait__items *items) {
    if (items->order == PLAIT__COMPARED) return COMPARED;
    bool words = items->size == 8 && items->key.size == 8 && items->key.kind != PLAIT_KEY_FLOATING;
    return words ? WORDS : KEYED;
}

/* An item that is being placed: it lies outside the heap, or in its last slot. */
struct placed {
    const char *item;
    uint64_t number, rank;
};

__attribute__((always_inline)) static inline struct placed
place(const struct plait__items *items, enum how how, const char *item, uint64_t number) {
    struct placed placed = {item, number, 0};
    if (how == WORDS)
        placed.rank = unsigned_key(item, 8) ^ (items->key.kind == PLAIT_KEY_SIGNED ? SIGN : 0);
    else if (how == KEYED)
        placed.rank = rank_of(items, item);
    return placed;
}

__attribute__((always_inline)) static inline bool comes_before(const struct plait__items *items, enum how how,
                                                               const struct placed *one,
                                                               const struct placed *other) {
    bool older = one->number < other->number;
    if (how != COMPARED) return (one->rank < other->rank) | ((one->rank == other->rank) & older);
    if (older) return !items->less(other->item, one->item, items->context);
    return items->less(one->item, other->item, items->context);
}

/* ---- slots ---- */

__attribute__((always_inline)) static inline size_t slot_size(const struct plait__items *items,
                                                              enum how how) {
    return how == WORDS ? 16 : items->ring.item_size;
}

static inline char *at(const struct plait__items *items, enum how how, size_t i) {
    return items->ring.items + i * slot_size(items, how);
}

__attribute__((always_inline)) static inline struct placed in_slot(const struct plait__items *items,
                                                                   enum how how, size_t i) {
    const char *slot = at(items, how, i);
    uint64_t number;
    memcpy(&number, slot + (how == WORDS ? 8 : items->number_at), sizeof number);
    return place(items, how, slot, number);
}

__attribute__((always_inline)) static inline void copy_slot(const struct plait__items *items, enum how how,
                                                            size_t to, size_t from) {
    memcpy(at(items, how, to), at(items, how, from), slot_size(items, how));
}

__attribute__((always_inline)) static inline void push(struct plait__items *items, enum how how, size_t count,
                                                       const void *item) {
    struct placed new = place(items, how, item, items->numbers++);
    size_t hole = count;
    while (hole > 0) {
        size_t parent = (hole - 1) / CHILDREN;
        struct placed above = in_slot(items, how, parent);
        if (!comes_before(items, how, &new, &above)) break;
        copy_slot(items, how, hole, parent);
        hole = parent;
    }
    char *slot = at(items, how, hole);
    memcpy(slot, item, how == WORDS ? 8 : items->size);
    memcpy(slot + (how == WORDS ? 8 : items->number_at), &new.number, sizeof new.number);
}

/* The child of `hole` that comes first, among `count` items; there is one. */
__attribute__((always_inline)) static inline size_t
first_child(const struct plait__items *items, enum how how, size_t hole, size_t count, struct placed *best) {
    size_t first = hole * CHILDREN + 1;
    size_t end = count - first > CHILDREN ? first + CHILDREN : count;
    *best = in_slot(items, how, first);
    for (size_t i = first + 1; i < end; i++) {
        struct placed child = in_slot(items, how, i);
        bool better = comes_before(items, how, &child, best);
        first = better ? i : first;
        best->item = better ? child.item : best->item;
        best->number = better ? child.number : best->number;
        best->rank = better ? child.rank : best->rank;
    }
    return first;
}

__attribute__((always_inline)) static inline void pop(struct plait__items *items, enum how how, size_t count,
                                                      void *item) {
    memcpy(item, at(items, how, 0), how == WORDS ? 8 : items->size);
    size_t left = count - 1, hole = 0;
    if (!left) return;
    struct placed last = in_slot(items, how, left), best;
    while (hole < (left + CHILDREN - 2) / CHILDREN) { /* it has children */
        size_t child = first_child(items, how, hole, left, &best);
        if (!comes_before(items, how, &best, &last)) break;
        copy_slot(items, how, hole, child);
        hole = child;
    }
    copy_slot(items, how, hole, left);
}

/* ---- the three copies ---- */

void plait__heap_push(struct plait__items *items, size_t count, const void *item) {
    switch (how_compared(items)) {
    case WORDS:
        push(items, WORDS, count, item);
        break;
    case KEYED:
        push(items, KEYED, count, item);
        break;
    case COMPARED:
        push(items, COMPARED, count, item);
        break;
    }
}

void plait__heap_pop(struct plait__items *items, size_t count, void *item) {
    switch (how_compared(items)) {
    case WORDS:
        pop(items, WORDS, count, item);
        break;
    case KEYED:
        pop(items, KEYED, count, item);
        break;
    case COMPARED:
        pop(items, COMPARED, count, item);
        break;
    }
}

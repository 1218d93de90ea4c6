/* deque.h - one worker's children that nobody has begun: the owner pushes and pops at the bottom, thieves take
 * from the top.
 *
 * The deque of Chase and Lev ("Dynamic Circular Work-Stealing Deque", SPAA 2005) in the form of Lê, Pop, Cohen and
 * Zappa Nardelli ("Correct and Efficient Work-Stealing for Weak Memory Models", PPoPP 2013), with a fixed number of
 * cells. The items with index top ... bottom - 1 are in it, item i in cell i % CELLS. `bottom` is written by the owner
 * alone; `top` only grows, by compare-and-swap, and whoever moves it from i to i + 1 has item i.
 *
 *   push   writes the cell, then bottom + 1 (release): a thief that sees the new bottom sees the cell, and what the
 *          item consists of. Full: nothing happens, and the owner keeps the item to itself.
 *   pop    takes item b = bottom - 1 back: it stores bottom = b and then loads top. Above b: nothing is left. Below b:
 *          it has the item, and nobody had to be asked. Equal to b: it is the last one, and the owner moves top like
 *          a thief.
 *   steal  loads top = t, then bottom; if t is below it, reads cell t and moves top.
 *
 * What must not happen is that a pop takes item i without a compare-and-swap while a thief takes the same. The thief
 * saw bottom > i after it had seen top = i, so the owner's store of bottom = i came later than that look; the owner saw
 * top < i, so its look came before top became i. Those two are impossible together if on each side the first access
 * stands before the second. That order costs the owner, who is frequent, nothing: the thief pays for both
 * (base/order.h). It therefore looks first, without any order, whether there is something at all.
 *
 * A cell may be overwritten only when its item has left: a push sees the cells from top on as taken, and a top that it
 * has not seen yet only makes it more careful. A thief that read a cell too early finds top moved on. While top is
 * still t, item t cannot have left; so a thief may look at other things between reading the cell and taking the item,
 * and knows afterwards that the item was there all the time.
 *
 * Nobody but the owner looks into an item before it has won it: items lie on the owner's stack.
 */
#ifndef PLAIT__DEQUE_H
#define PLAIT__DEQUE_H

#include <base/order.h>
#include <stdbool.h>
#include <stdint.h>

enum { PLAIT__DEQUE_CELLS = 1024 };

/* Zero is ready. */
struct plait__deque {
    int64_t bottom;
    int64_t taken_from_top; /* by the owner; only it looks */
    char apart[128 - 2 * sizeof(int64_t)];
    int64_t top;
    char apart_too[128 - sizeof(int64_t)];
    void *cells[PLAIT__DEQUE_CELLS];
};

static inline void **plait__deque_cell(struct plait__deque *deque, int64_t index) {
    return &deque->cells[(uint64_t)index % PLAIT__DEQUE_CELLS];
}

/* ---- for the owner ---- */

/* False: it is full. */
static inline bool plait__deque_push(struct plait__deque *deque, void *item) {
    int64_t bottom = plait__load(&deque->bottom);
    if (plait__unlikely(bottom - plait__load_acquire(&deque->top) >= PLAIT__DEQUE_CELLS)) return false;
    plait__store(plait__deque_cell(deque, bottom), item);
    plait__store_ordered(&deque->bottom, bottom + 1);
    return true;
}

/* The first step of a pop, and for nearly all the only one. */
enum plait__pop {
    PLAIT__POPPED,   /* the owner has it */
    PLAIT__POP_LAST, /* it is the last one, or gone: plait__deque_pop_last must be called, and tells */
    PLAIT__NOT_LAST_PUSHED
};
static inline enum plait__pop plait__deque_pop_begin(struct plait__deque *deque, const void *item) {
    int64_t index = plait__load(&deque->bottom) - 1;
    if (plait__unlikely(plait__load(plait__deque_cell(deque, index)) != item)) return PLAIT__NOT_LAST_PUSHED;
    plait__store_ordered(&deque->bottom, index);
    return plait__likely(plait__load_seq(&deque->top) < index) ? PLAIT__POPPED : PLAIT__POP_LAST;
}
bool plait__deque_pop_last(struct plait__deque *deque);

/* Takes this item back. False: it is not there any more, or not the one pushed last. */
static inline bool plait__deque_pop(struct plait__deque *deque, const void *item) {
    enum plait__pop pop = plait__deque_pop_begin(deque, item);
    return pop == PLAIT__POPPED || (pop == PLAIT__POP_LAST && plait__deque_pop_last(deque));
}

/* Takes back the one pushed last; NULL: none is left. */
void *plait__deque_pop_any(struct plait__deque *deque);

/* How many thieves have taken since the beginning. */
static inline int64_t plait__deque_stolen(const struct plait__deque *deque) {
    return plait__load_acquire(&deque->top) - deque->taken_from_top;
}

/* ---- for everybody ---- */

/* Whether there is anything; without any order, so only worth a try. */
static inline bool plait__deque_any(const struct plait__deque *deque) {
    return plait__load(&deque->top) < plait__load(&deque->bottom);
}

/* A theft in two steps: between them the thief may look whether it still wants the item. */
struct plait__theft {
    struct plait__deque *from;
    int64_t index;
    void *item; /* not to be looked into before it is won */
};

/* Finds the oldest item; false: there is none. */
bool plait__deque_look(struct plait__deque *deque, struct plait__theft *theft);
/* True: the item is the thief's. False: somebody else was faster. */
bool plait__deque_win(const struct plait__theft *theft);

#endif

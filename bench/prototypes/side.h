/* side.h - those who are parked because the queue is empty (or full), guarded by the mutex of whoever wakes them. At
 * most one of them is on its way at a time. */
#ifndef SIDE_H
#define SIDE_H

#include <wait/waiter.h>

struct side {
    struct plait__list nodes;
    bool waking;
};

struct sleeper {
    struct plait__waiter waiter;
    struct plait__node node;
};

static inline void side_enter(struct side *side, struct sleeper *sleeper, bool at_head) {
    plait__waiter_init(&sleeper->waiter, "prototype",
                       NULL); /* no object: it does not look before it sleeps */
    plait__node_init(&sleeper->node, &sleeper->waiter, NULL, 0);
    if (at_head)
        plait__list_prepend(&side->nodes, &sleeper->node.link);
    else
        plait__list_append(&side->nodes, &sleeper->node.link);
}

static inline bool side_wants_wake(const struct side *side) {
    return plait__unlikely(!plait__list_empty(&side->nodes)) && !side->waking;
}

static inline void side_wake(struct side *side, struct plait__wakes *wakes) {
    struct plait__link *link = plait__list_first(&side->nodes);
    side->waking = true;
    plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

#endif

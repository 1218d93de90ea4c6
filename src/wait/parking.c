/* parking.c - the parking table; the protocol is in parking.h.
 *
 * The number of lists is fixed: ten thousand sleeping threads make some ten nodes a list, and a table
 * that never moves needs no protocol for growing. It lies in zeroed memory that costs nothing until used.
 */
#include <base/memory.h>
#include <wait/fork.h>
#include <wait/parking.h>

#if defined(PLAIT_CHECKED)
enum { LISTS_BITS = 5 };
#define HASH(address) ((uint64_t)plait__check_spot(address) << (64 - LISTS_BITS))
#else
enum { LISTS_BITS = 10 };
#define HASH(address) ((uint64_t)(uintptr_t)(address)*UINT64_C(0x9e3779b97f4a7c15)) /* Fibonacci hashing */
#endif
enum { LISTS = 1 << LISTS_BITS };

static struct bucket { _Alignas(64) struct plait__wait_list list; } table[LISTS];

struct plait__wait_list *plait__parking(const void *address) {
    return &table[HASH(address) >> (64 - LISTS_BITS)].list;
}

static struct plait__node *next_of(struct plait__wait_list *list, struct plait__link *link,
                                   const void *address) {
    for (; link; link = plait__list_after(&list->nodes, link)) {
        struct plait__node *node = plait__of_link(link, struct plait__node, link);
        if (node->address == address) return node;
    }
    return NULL;
}

struct plait__node *plait__parked(struct plait__wait_list *list, const void *address) {
    return next_of(list, plait__list_first(&list->nodes), address);
}

struct plait__node *plait__parked_after(struct plait__wait_list *list, const struct plait__node *node) {
    return next_of(list, plait__list_after(&list->nodes, &node->link), node->address);
}

uint32_t plait__park(struct plait__wait_list *list, const void *address, struct plait__park *how) {
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, how->kind, address);
    plait__node_init(&node, &waiter, address, 0);
    node.want = how->want;
    if (how->flags & PLAIT__AT_HEAD)
        plait__list_prepend(&list->nodes, &node.link);
    else
        plait__list_append(&list->nodes, &node.link);
    plait__mutex_unlock(&list->mutex);
    uint32_t claim = plait__wait(&waiter, how->deadline, how->flags & PLAIT__CANCELLABLE);
    if (!plait__claimed_node(claim)) {
        plait__mutex_lock(&list->mutex);
        if (plait__linked(&node.link)) plait__list_remove(&node.link);
        plait__mutex_unlock(&list->mutex);
    }
    return claim;
}

void plait__unpark_all(const void *address) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(address);
    struct plait__node *node;
    plait__mutex_lock(&list->mutex);
    while ((node = plait__parked(list, address)) != NULL) (void)plait__claim(node, 0, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
}

void plait__parking_after_fork(void) {
    plait__clear_used(table, sizeof table);
}

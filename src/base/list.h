/* list.h - an intrusive, circular, doubly linked list.
 *
 * The links live inside the things listed, so nothing is allocated and a thing leaves its list in
 * constant time. A link knows whether it is on a list: a link that is not points nowhere (NULL).
 * Whoever owns the list guards it; nothing here is atomic.
 */
#ifndef PLAIT__LIST_H
#define PLAIT__LIST_H

#include <stdbool.h>
#include <stddef.h>

struct plait__link {
    struct plait__link *next;
    struct plait__link *previous;
};

/* A zeroed head is an empty list: it is closed into a ring when first used. */
struct plait__list {
    struct plait__link head;
};

/* The thing of this type whose member `member` is the link. */
#define plait__of_link(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline bool plait__list_empty(const struct plait__list *list) {
    return list->head.next == NULL || list->head.next == &list->head;
}

static inline bool plait__linked(const struct plait__link *link) {
    return link->next != NULL;
}

static inline struct plait__link *plait__list_first(const struct plait__list *list) {
    return plait__list_empty(list) ? NULL : list->head.next;
}

/* The link after this one, NULL at the end. */
static inline struct plait__link *plait__list_after(const struct plait__list *list,
                                                    const struct plait__link *link) {
    return link->next == &list->head ? NULL : link->next;
}

static inline void plait__link_between(struct plait__link *link, struct plait__link *previous,
                                       struct plait__link *next) {
    link->previous = previous;
    link->next = next;
    previous->next = link;
    next->previous = link;
}

static inline void plait__list_close(struct plait__list *list) {
    if (list->head.next == NULL) list->head.next = list->head.previous = &list->head;
}

static inline void plait__list_append(struct plait__list *list, struct plait__link *link) {
    plait__list_close(list);
    plait__link_between(link, list->head.previous, &list->head);
}

static inline void plait__list_prepend(struct plait__list *list, struct plait__link *link) {
    plait__list_close(list);
    plait__link_between(link, &list->head, list->head.next);
}

static inline void plait__list_remove(struct plait__link *link) {
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): in a loop it takes the next link of a list for the last one */
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}

#endif

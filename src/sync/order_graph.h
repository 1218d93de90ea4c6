/* order_graph.h - which lock was asked for while which was held, and the circles in that. For lock_order.c, under
 * whose mutex all of this runs.
 *
 * The nodes are locks. An edge from a to b says: a thread asked for b while it held a, and with it the edge's
 * guards, all that it held then, a among them. There are several edges from a to b where the guards differ.
 *
 * A circle of edges can become a deadlock only if each step can stand still at the same time, each in a thread of
 * its own (Havelund's Goodlock, 2000, with the guards of Bensalem and Havelund, 2005):
 *   - no lock is among the guards of two of them, but for readers of one rwlock: else only one thread could be there
 *   - each lock asked for cannot be had while it is held: not if both are readers, unless somebody waits to
 *     write it at times; a waiting writer keeps new readers out
 */
#ifndef PLAIT__ORDER_GRAPH_H
#define PLAIT__ORDER_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAIT__ORDER_LOCKS = 16384,
    PLAIT__ORDER_EDGES = 65536,
    PLAIT__ORDER_BUCKETS = 4096,
    PLAIT__ORDER_HELD = 12,    /* by one thread at once */
    PLAIT__ORDER_CIRCLE = 8,   /* steps */
    PLAIT__ORDER_VARIANTS = 16 /* edges between the same two locks */
};

/* A lock that took part in an order; indices, 0 for none. */
struct plait__order_lock {
    const void *address;
    uint32_t next;    /* in its bucket, or among the free */
    uint32_t out, in; /* edges */
    uint32_t mark;
    bool written; /* somebody waited to write it */
};

struct plait__order_edge {
    uint32_t from, to;
    uint32_t next_out, next_in;
    uint32_t thread, held_stack, wanted_stack;
    uint32_t checked; /* the epoch in which circles through it were looked for */
    bool held_shared, wanted_shared;
    uint32_t guard_count, guards_shared; /* a bit for each guard that is held to read */
    uint32_t guards[PLAIT__ORDER_HELD];  /* locks */
};

struct plait__order_graph {
    uint32_t buckets[PLAIT__ORDER_BUCKETS];
    uint32_t locks_used, locks_free, edges_used, edges_free;
    uint32_t epoch; /* changes when edges that were harmless may be so no longer */
    uint32_t mark;
    bool full; /* something had to be left out */
    /* From here on nothing is set before it is used. */
    uint32_t pending[PLAIT__ORDER_LOCKS];
    struct plait__order_lock locks[PLAIT__ORDER_LOCKS];
    struct plait__order_edge edges[PLAIT__ORDER_EDGES];
};

struct plait__order_circle {
    uint32_t count;
    const struct plait__order_edge *edges[PLAIT__ORDER_CIRCLE];
};

void plait__order_graph_begin(struct plait__order_graph *graph);

/* The lock's index, which it is given if it has none; 0 if there is no room. */
uint32_t plait__order_lock_at(struct plait__order_graph *graph, const void *address);
/* What lay there is a lock no longer: forgets it, with its edges. */
void plait__order_lock_gone(struct plait__order_graph *graph, const void *address);
/* Somebody waits to write it. */
void plait__order_written(struct plait__order_graph *graph, uint32_t lock);

/* Learns the edge; its links and `checked` are not looked at. If it is new and closes a circle, that is stored. */
void plait__order_learn(struct plait__order_graph *graph, const struct plait__order_edge *edge,
                        struct plait__order_circle *circle);

#endif

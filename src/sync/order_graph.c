/* order_graph.c - the graph of lock orders. What counts as a circle is told in order_graph.h.
 *
 * Most edges are known, and found at once. A new one asks first whether there is any way back at all, which looks
 * at each edge once; there is none in a program that keeps its orders. Only then ways are tried one by one,
 * short ones first, because whether an edge fits depends on the others; a bound keeps that short.
 */
#include <stddef.h>
#include <string.h>
#include <sync/order_graph.h>

enum { MOST_TRIED = 20000 };

void plait__order_graph_begin(struct plait__order_graph *graph) {
    memset(graph, 0, offsetof(struct plait__order_graph, pending));
    graph->epoch = 1;
}

/* ---- locks ---- */

static uint32_t *bucket_of(struct plait__order_graph *graph, const void *address) {
    uint64_t hash = (uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);
    return &graph->buckets[(hash >> 32) % PLAIT__ORDER_BUCKETS];
}

/* The link that leads to the lock, or to the chain's end. */
static uint32_t *find_lock(struct plait__order_graph *graph, const void *address) {
    uint32_t *link = bucket_of(graph, address);
    while (*link && graph->locks[*link].address != address) link = &graph->locks[*link].next;
    return link;
}

static uint32_t unused_lock(struct plait__order_graph *graph) {
    uint32_t lock = graph->locks_free;
    if (lock) {
        graph->locks_free = graph->locks[lock].next;
        return lock;
    }
    if (graph->locks_used + 1 < PLAIT__ORDER_LOCKS) return ++graph->locks_used;
    graph->full = true;
    return 0;
}

uint32_t plait__order_lock_at(struct plait__order_graph *graph, const void *address) {
    uint32_t *link = find_lock(graph, address), lock = *link;
    if (lock) return lock;
    lock = unused_lock(graph);
    if (!lock) return 0;
    graph->locks[lock] = (struct plait__order_lock){.address = address};
    *link = lock;
    return lock;
}

void plait__order_written(struct plait__order_graph *graph, uint32_t lock) {
    if (!graph->locks[lock].written) graph->epoch++;
    graph->locks[lock].written = true;
}

/* ---- edges ---- */

static void unlink_out(struct plait__order_graph *graph, uint32_t edge) {
    uint32_t *link = &graph->locks[graph->edges[edge].from].out;
    while (*link != edge) link = &graph->edges[*link].next_out;
    *link = graph->edges[edge].next_out;
}

static void unlink_in(struct plait__order_graph *graph, uint32_t edge) {
    uint32_t *link = &graph->locks[graph->edges[edge].to].in;
    while (*link != edge) link = &graph->edges[*link].next_in;
    *link = graph->edges[edge].next_in;
}

static void drop(struct plait__order_graph *graph, uint32_t edge) {
    unlink_out(graph, edge);
    unlink_in(graph, edge);
    graph->edges[edge].next_out = graph->edges_free;
    graph->edges_free = edge;
}

/* Edges that have it among their guards keep it there, though it may be given to another lock: at worst two of them
 * seem to share a guard, and an inversion is missed. */
void plait__order_lock_gone(struct plait__order_graph *graph, const void *address) {
    uint32_t *link = find_lock(graph, address), lock = *link;
    if (!lock) return;
    while (graph->locks[lock].out) drop(graph, graph->locks[lock].out);
    while (graph->locks[lock].in) drop(graph, graph->locks[lock].in);
    *link = graph->locks[lock].next;
    graph->locks[lock].next = graph->locks_free;
    graph->locks_free = lock;
}

static uint32_t unused_edge(struct plait__order_graph *graph) {
    uint32_t edge = graph->edges_free;
    if (edge) {
        graph->edges_free = graph->edges[edge].next_out;
        return edge;
    }
    if (graph->edges_used + 1 < PLAIT__ORDER_EDGES) return ++graph->edges_used;
    graph->full = true;
    return 0;
}

static struct plait__order_edge *add(struct plait__order_graph *graph,
                                     const struct plait__order_edge *fresh) {
    uint32_t index = unused_edge(graph);
    if (!index) return NULL;
    struct plait__order_edge *edge = &graph->edges[index];
    struct plait__order_lock *from = &graph->locks[fresh->from], *to = &graph->locks[fresh->to];
    *edge = *fresh;
    edge->next_out = from->out;
    edge->next_in = to->in;
    from->out = to->in = index;
    return edge;
}

/* Which of its guards the lock is; PLAIT__ORDER_HELD: none. */
static uint32_t guard_of(const struct plait__order_edge *edge, uint32_t lock) {
    for (uint32_t i = 0; i < edge->guard_count; i++)
        if (edge->guards[i] == lock) return i;
    return PLAIT__ORDER_HELD;
}

static bool shares(const struct plait__order_edge *edge, uint32_t guard) {
    return edge->guards_shared >> guard & 1;
}

/* Whether all circles through `fresh` would be circles through the known edge too: it asks for as much, and is
 * guarded by no more. */
static bool covers(const struct plait__order_edge *known, const struct plait__order_edge *fresh) {
    if (known->held_shared > fresh->held_shared || known->wanted_shared > fresh->wanted_shared) return false;
    for (uint32_t i = 0; i < known->guard_count; i++) {
        uint32_t guard = guard_of(fresh, known->guards[i]);
        if (guard == PLAIT__ORDER_HELD || (shares(fresh, guard) && !shares(known, i))) return false;
    }
    return true;
}

/* The edge that covers it, which is added if there is none, in the place of those that it covers; NULL if there is
 * no room. */
static struct plait__order_edge *know(struct plait__order_graph *graph,
                                      const struct plait__order_edge *fresh) {
    uint32_t variants = 0, next;
    for (uint32_t i = graph->locks[fresh->from].out; i; i = next) {
        const struct plait__order_edge *known = &graph->edges[i];
        next = known->next_out;
        if (known->to != fresh->to) continue;
        if (covers(known, fresh)) return &graph->edges[i];
        if (covers(fresh, known))
            drop(graph, i);
        else
            variants++;
    }
    if (variants < PLAIT__ORDER_VARIANTS) return add(graph, fresh);
    graph->full = true;
    return NULL;
}

/* ---- circles ---- */

/* Whether any way leads from one lock to the other. */
static bool reaches(struct plait__order_graph *graph, uint32_t from, uint32_t to) {
    uint32_t mark = ++graph->mark, count = 0;
    graph->pending[count++] = from;
    graph->locks[from].mark = mark;
    while (count > 0) {
        uint32_t lock = graph->pending[--count];
        if (lock == to) return true;
        for (uint32_t i = graph->locks[lock].out; i; i = graph->edges[i].next_out) {
            struct plait__order_lock *next = &graph->locks[graph->edges[i].to];
            if (next->mark == mark) continue;
            next->mark = mark;
            graph->pending[count++] = graph->edges[i].to;
        }
    }
    return false;
}

struct search {
    struct plait__order_graph *graph;
    uint32_t tried;
    struct plait__order_circle circle;
};

/* Whether no two threads can be at these two at once. */
static bool exclude(const struct plait__order_edge *one, const struct plait__order_edge *other) {
    for (uint32_t i = 0; i < one->guard_count; i++) {
        uint32_t guard = guard_of(other, one->guards[i]);
        if (guard != PLAIT__ORDER_HELD && !(shares(one, i) && shares(other, guard))) return true;
    }
    return false;
}

/* Whether who asks, in the one, waits for who holds, in the other. */
static bool waits_for(const struct search *search, const struct plait__order_edge *asks,
                      const struct plait__order_edge *holds) {
    return !(asks->wanted_shared && holds->held_shared) || search->graph->locks[holds->from].written;
}

static bool fits(const struct search *search, const struct plait__order_edge *edge) {
    const struct plait__order_circle *way = &search->circle;
    if (!waits_for(search, way->edges[way->count - 1], edge)) return false;
    for (uint32_t i = 0; i < way->count; i++)
        if (exclude(way->edges[i], edge)) return false;
    return true;
}

/* The way so far, made into a circle of at most so many edges. (Guards that exclude each other keep the way from
 * coming through a lock twice, but for readers; a circle that does is none the less one.) */
static bool close_circle(struct search *search, uint32_t most) {
    struct plait__order_circle *way = &search->circle;
    const struct plait__order_edge *first = way->edges[0], *last = way->edges[way->count - 1];
    for (uint32_t i = search->graph->locks[last->to].out; i; i = search->graph->edges[i].next_out) {
        const struct plait__order_edge *edge = &search->graph->edges[i];
        if (search->tried++ >= MOST_TRIED) return false;
        if (!fits(search, edge)) continue;
        way->edges[way->count++] = edge;
        if (edge->to == first->from ? waits_for(search, edge, first)
                                    : way->count < most && close_circle(search, most))
            return true;
        way->count--;
    }
    return false;
}

void plait__order_learn(struct plait__order_graph *graph, const struct plait__order_edge *fresh,
                        struct plait__order_circle *circle) {
    struct plait__order_edge *edge = know(graph, fresh);
    if (!edge || edge->checked == graph->epoch) return;
    edge->checked = graph->epoch;
    if (!reaches(graph, edge->to, edge->from)) return;
    struct search search = {.graph = graph, .circle = {.count = 1, .edges = {edge}}};
    for (uint32_t most = 2; most <= PLAIT__ORDER_CIRCLE; most++) {
        if (!close_circle(&search, most)) continue;
        *circle = search.circle;
        return;
    }
    if (search.tried >= MOST_TRIED) graph->full = true;
}

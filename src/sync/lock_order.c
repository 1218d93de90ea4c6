/* lock_order.c - the tracker of lock order: what threads hold, where they took it, and what they ask for.
 *
 * How it looks. The short paths of the locks take and give with the word of plait__quick. Watching takes it from
 * all threads first, then sets `plait__order_watched`; so every lock that is entered here as held will be taken
 * off again when it is released, for its release goes the long way too. Ending it is the reverse. So what is not
 * watched costs nothing: no branch and no load that were not there without it.
 *
 * What it keeps. An entry for each lock that is held, by thread and by lock, for any thread may release a lock. An
 * edge for each lock held while another is asked for (order_graph.h). Stacks, each once.
 *
 * What a lock is. Most have no name and no creation: zero is ready, and the first that is heard of one is that it is
 * asked for. Kinds of locks, told apart by the place where each was first taken, as Linux's lockdep tells them by
 * the place where each is initialised, would find more: an order seen with one pair would hold for all. But
 * programs that lock two accounts by their numbers do so with two lines of one function, where each account comes
 * through either; kinds by place would call that an inversion. So the nodes are single locks, and the places, the
 * few innermost frames of the stacks of a circle, say only whether it was reported before: the same code with
 * other locks is no news. One rule keeps a freed lock from lending its past to a new one at its address:
 * a lock that is made is zero, also its `since`. So a lock whose `since` is 0 is new here, and is
 * marked by storing 1, a time long past, there. (`since` matters only while threads are parked, and is stored when
 * the first one parks; so it is not 0 either when somebody else has written it.)
 *
 * One mutex guards all of it. All memory is one block, taken when watching begins, so that no allocator runs under
 * the mutex or in a thread that only wanted a lock; the program's callback runs without it, on a copy. What is
 * unwound is unwound before taking it.
 *
 * A fork takes the mutex, so that the child finds all whole and goes on. A watch has a number, and an acquisition
 * that began under one is not entered under the next.
 */
#include <base/list.h>
#include <base/memory.h>
#include <base/stack.h>
#include <plait/name.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sync/lock_order.h>
#include <sync/order_graph.h>
#include <unistd.h>
#include <wait/mutex.h>

enum { FRAMES = PLAIT_LOCK_ORDER_FRAMES, PLACE_FRAMES = 4 };
enum { HOLDS = 8192, HOLD_BUCKETS = 1024, STACKS = 8192, STACK_BUCKETS = 4096, REPORTED = 256 };

struct hold {
    struct plait__link by_thread, by_lock; /* by_thread also among the free */
    const void *address;
    uint32_t thread, stack;
    bool shared;
};

struct stack {
    uint32_t next; /* in its bucket */
    uint32_t count;
    uint64_t hash, place; /* of all frames, and of the innermost ones */
    void *frames[FRAMES];
};

struct tracker {
    plait_lock_order_callback callback;
    void *context;
    bool told_full;
    uint32_t reported_count, holds_used, stacks_used;
    uint64_t reported[REPORTED]; /* circles, by their places */
    struct plait__list free_holds;
    struct plait__list of_thread[HOLD_BUCKETS], of_lock[HOLD_BUCKETS];
    uint32_t stack_buckets[STACK_BUCKETS];
    /* From here on nothing is set before it is used. */
    struct hold holds[HOLDS];
    struct stack stacks[STACKS];
    struct plait__order_graph graph;
};

uint32_t plait__order_watched; /* written under both mutexes */

static struct plait__mutex control; /* taken to begin and to end; the other may be taken under it */
static struct plait__mutex mutex;
static struct tracker *tracker; /* NULL: not watched */
static uint32_t last_watch;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool forks_watched;

/* ---- stacks ---- */

static uint64_t hash_of(void *const *frames, size_t count) {
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash;
}

/* Its index; 0, for a stack without frames, if there is no room. */
static uint32_t stack_of(void *const *frames, size_t count) {
    uint64_t hash = hash_of(frames, count);
    uint32_t *link = &tracker->stack_buckets[hash % STACK_BUCKETS];
    for (; *link; link = &tracker->stacks[*link].next) {
        const struct stack *known = &tracker->stacks[*link];
        if (known->hash == hash && known->count == count &&
            memcmp(known->frames, frames, count * sizeof *frames) == 0)
            return *link;
    }
    if (tracker->stacks_used + 1 >= STACKS) {
        tracker->graph.full = true;
        return 0;
    }
    struct stack *fresh = &tracker->stacks[ *link = ++tracker->stacks_used];
    fresh->next = 0;
    fresh->count = (uint32_t)count;
    fresh->hash = hash;
    fresh->place = hash_of(frames, count < PLACE_FRAMES ? count : PLACE_FRAMES);
    memcpy(fresh->frames, frames, count * sizeof *frames);
    return *link;
}

/* ---- what is held ---- */

static struct plait__list *holds_of_thread(uint32_t thread) {
    return &tracker->of_thread[thread % HOLD_BUCKETS];
}

static struct plait__list *holds_of_lock(const void *address) {
    uint64_t hash = (uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);
    return &tracker->of_lock[(hash >> 32) % HOLD_BUCKETS];
}

static struct hold *unused_hold(void) {
    struct plait__link *free = plait__list_first(&tracker->free_holds);
    if (free) {
        plait__list_remove(free);
        return plait__of_link(free, struct hold, by_thread);
    }
    if (tracker->holds_used < HOLDS) return &tracker->holds[tracker->holds_used++];
    tracker->graph.full = true;
    return NULL;
}

static void remove_hold(struct hold *hold) {
    plait__list_remove(&hold->by_thread);
    plait__list_remove(&hold->by_lock);
    plait__list_append(&tracker->free_holds, &hold->by_thread);
}

/* Of those who hold it: this thread, else who has longest; NULL if nobody is known to. */
static struct hold *find_hold(const void *address, uint32_t thread) {
    struct plait__list *list = holds_of_lock(address);
    struct hold *first = NULL;
    for (struct plait__link *link = plait__list_first(list); link; link = plait__list_after(list, link)) {
        struct hold *hold = plait__of_link(link, struct hold, by_lock);
        if (hold->address != address) continue;
        if (hold->thread == thread) return hold;
        if (!first) first = hold;
    }
    return first;
}

static void remove_all_holds(const void *address) {
    struct hold *hold;
    while ((hold = find_hold(address, 0)) != NULL) remove_hold(hold);
}

/* The next one of this thread; `after` NULL: the first. */
static struct hold *next_hold(uint32_t thread, const struct hold *after) {
    struct plait__list *list = holds_of_thread(thread);
    struct plait__link *link = after ? plait__list_after(list, &after->by_thread) : plait__list_first(list);
    for (; link; link = plait__list_after(list, link)) {
        struct hold *hold = plait__of_link(link, struct hold, by_thread);
        if (hold->thread == thread) return hold;
    }
    return NULL;
}

/* ---- what is asked for ---- */

/* A lock that is new here has no past. */
static void meet(const void *lock, uint32_t *since) {
    uint32_t fresh = 0;
    if (plait__load(since) != 0) return;
    plait__order_lock_gone(&tracker->graph, lock);
    remove_all_holds(lock);
    (void)plait__cas(since, &fresh, 1);
}

/* The edge from all that the thread holds, but for the lock itself, without its ends; false if there is none. */
static bool guards_of(uint32_t thread, const void *lock, struct plait__order_edge *edge) {
    edge->guard_count = edge->guards_shared = 0;
    for (struct hold *hold = next_hold(thread, NULL); hold; hold = next_hold(thread, hold)) {
        uint32_t i = edge->guard_count, guard = 0;
        if (hold->address == lock) continue;
        if (i < PLAIT__ORDER_HELD)
            guard = plait__order_lock_at(&tracker->graph, hold->address);
        else
            tracker->graph.full = true;
        if (!guard) return false; /* without its guards an edge could close a circle that cannot be */
        edge->guards[edge->guard_count++] = guard;
        edge->guards_shared |= (uint32_t)hold->shared << i;
    }
    return edge->guard_count > 0;
}

/* Learns the order of the lock after all that the thread holds, up to the first that closes a circle: the others
 * are learned when they come again. */
static void learn(uint32_t thread, const void *lock, struct plait__order order,
                  struct plait__order_circle *circle) {
    struct plait__order_graph *graph = &tracker->graph;
    struct plait__order_edge edge = {
        .thread = thread, .wanted_shared = order.how & PLAIT__ORDER_SHARED, .wanted_stack = order.stack};
    if (order.how & PLAIT__ORDER_WRITES && (edge.to = plait__order_lock_at(graph, lock)))
        plait__order_written(graph, edge.to);
    if (!guards_of(thread, lock, &edge) || !(edge.to = plait__order_lock_at(graph, lock))) return;
    uint32_t i = 0;
    for (struct hold *hold = next_hold(thread, NULL); hold; hold = next_hold(thread, hold)) {
        if (hold->address == lock) continue;
        edge.from = edge.guards[i++];
        edge.held_shared = hold->shared;
        edge.held_stack = hold->stack;
        plait__order_learn(graph, &edge, circle);
        if (circle->count) return;
    }
}

/* ---- what is reported ---- */

static const struct stack *stack_at(uint32_t index) {
    return &tracker->stacks[index];
}

/* Whether this circle is the first of its places. */
static bool is_news(const struct plait__order_circle *circle) {
    uint64_t key = circle->count;
    for (uint32_t i = 0; i < circle->count; i++) {
        uint64_t held = stack_at(circle->edges[i]->held_stack)->place;
        uint64_t wanted = stack_at(circle->edges[i]->wanted_stack)->place;
        key += (held ^ wanted << 1 ^ wanted >> 63) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (uint32_t i = 0; i < tracker->reported_count; i++)
        if (tracker->reported[i] == key) return false;
    if (tracker->reported_count == REPORTED) {
        tracker->graph.full = true;
        return false;
    }
    tracker->reported[tracker->reported_count++] = key;
    return true;
}

static uint32_t copy_stack(uint32_t index, void **frames) {
    const struct stack *stack = stack_at(index);
    memcpy(frames, stack->frames, stack->count * sizeof *frames);
    return stack->count;
}

static void copy_step(const struct plait__order_edge *edge, plait_lock_order_step *step) {
    step->held = tracker->graph.locks[edge->from].address;
    step->wanted = tracker->graph.locks[edge->to].address;
    step->held_to_read = edge->held_shared;
    step->wanted_to_read = edge->wanted_shared;
    step->thread = edge->thread;
    step->held_depth = copy_stack(edge->held_stack, step->held_stack);
    step->wanted_depth = copy_stack(edge->wanted_stack, step->wanted_stack);
}

/* What is to be told, copied so that the mutex can be given back. */
struct news {
    plait_lock_order_callback callback;
    void *context;
    bool circle, full;
    plait_lock_order_report report;
    plait_lock_order_step steps[PLAIT__ORDER_CIRCLE];
};

static void gather(struct news *news, const struct plait__order_circle *circle) {
    news->callback = tracker->callback;
    news->context = tracker->context;
    news->circle = circle->count && is_news(circle);
    news->full = tracker->graph.full && !tracker->told_full;
    if (news->full) tracker->told_full = true;
    if (!news->circle) return;
    news->report = (plait_lock_order_report){circle->count, news->steps};
    for (uint32_t i = 0; i < circle->count; i++) copy_step(circle->edges[i], &news->steps[i]);
}

static void tell(const struct news *news) {
    if (news->circle) news->callback(&news->report, news->context);
    if (news->full) news->callback(&(plait_lock_order_report){0, NULL}, news->context);
}

/* ---- what the locks tell ---- */

struct plait__order plait__order_ask(const void *lock, uint32_t *since, unsigned how, const void *caller) {
    void *frames[FRAMES];
    size_t count = plait__stack_capture(frames, FRAMES, caller);
    uint32_t thread = plait__self()->ident;
    struct plait__order order = {.how = how};
    struct plait__order_circle circle;
    struct news news;
    circle.count = 0;
    if (!plait__mutex_lock(&mutex)) return order;
    if (!tracker) {
        plait__mutex_unlock(&mutex);
        return order;
    }
    order.watch = plait__load(&plait__order_watched);
    order.stack = stack_of(frames, count);
    meet(lock, since);
    if (how & PLAIT__ORDER_PATIENT) learn(thread, lock, order, &circle);
    gather(&news, &circle);
    plait__mutex_unlock(&mutex);
    tell(&news);
    return order;
}

void plait__order_have(const void *lock, struct plait__order order) {
    uint32_t thread = plait__self()->ident;
    if (!plait__mutex_lock(&mutex)) return;
    if (tracker && plait__load(&plait__order_watched) == order.watch) {
        bool shared = order.how & PLAIT__ORDER_SHARED;
        if (!shared) remove_all_holds(lock); /* nobody else has it, whatever was heard */
        struct hold *hold = unused_hold();
        if (hold) {
            *hold = (struct hold){.address = lock, .thread = thread, .stack = order.stack, .shared = shared};
            plait__list_append(holds_of_thread(thread), &hold->by_thread);
            plait__list_append(holds_of_lock(lock), &hold->by_lock);
        }
    }
    plait__mutex_unlock(&mutex);
}

void plait__order_leave(const void *lock) {
    uint32_t thread = plait__self()->ident;
    if (!plait__mutex_lock(&mutex)) return;
    struct hold *hold = tracker ? find_hold(lock, thread) : NULL;
    if (hold) remove_hold(hold);
    plait__mutex_unlock(&mutex);
}

/* ---- on and off ---- */

static void before_fork(void) {
    (void)plait__mutex_lock(&control);
    (void)plait__mutex_lock(&mutex);
}

static void after_fork(void) {
    plait__mutex_unlock(&mutex);
    plait__mutex_unlock(&control);
}

static void process_begins(void) {
    (void)plait__self(); /* so that the wait core's handler runs before this one in the child */
    forks_watched = pthread_atfork(before_fork, after_fork, after_fork) == 0;
}

static void print_to_stderr(const plait_lock_order_report *report, void *context) {
    (void)context;
    plait_lock_order_print(report, STDERR_FILENO);
}

/* With `control` held. */
static void begin(struct tracker *fresh) {
    plait__quick_set(false);
    plait__mutex_lock(&mutex);
    tracker = fresh;
    if (++last_watch == 0) last_watch = 1;
    plait__store(&plait__order_watched, last_watch);
    plait__mutex_unlock(&mutex);
}

plait_status plait_lock_order_watch(plait_lock_order_callback report, void *context) {
    pthread_once(&once, process_begins);
    struct tracker *fresh = forks_watched ? plait__allocate_unset(sizeof *fresh) : NULL;
    if (!fresh) return PLAIT_NO_MEMORY;
    memset(fresh, 0, offsetof(struct tracker, holds));
    plait__order_graph_begin(&fresh->graph);
    fresh->stacks[0] = (struct stack){.count = 0};
    fresh->callback = report ? report : print_to_stderr;
    fresh->context = context;
    void *frame;
    (void)plait__stack_capture(&frame, 1, __builtin_return_address(0)); /* loads what it needs */
    plait__mutex_lock(&control);
    bool busy = tracker != NULL;
    if (!busy) begin(fresh);
    plait__mutex_unlock(&control);
    if (busy) plait__release(fresh);
    return busy ? PLAIT_BUSY : PLAIT_OK;
}

plait_status plait_lock_order_unwatch(void) {
    plait__mutex_lock(&control);
    plait__mutex_lock(&mutex);
    struct tracker *old = tracker;
    tracker = NULL;
    plait__store(&plait__order_watched, 0);
    plait__mutex_unlock(&mutex);
    if (old) plait__quick_set(true);
    plait__mutex_unlock(&control);
    plait__release(old);
    return PLAIT_OK;
}

/* ---- in words ---- */

static void print_lock(const void *lock, bool to_read, int descriptor) {
    char name[64];
    if (plait_get_name(lock, name, sizeof name) > 0)
        dprintf(descriptor, " \"%s\" (%p)%s", name, lock, to_read ? " to read" : "");
    else
        dprintf(descriptor, " %p%s", lock, to_read ? " to read" : "");
}

static void print_step(const plait_lock_order_step *step, bool now, int descriptor) {
    dprintf(descriptor, "    thread %u%s held", (unsigned)step->thread, now ? ", now," : "");
    print_lock(step->held, step->held_to_read, descriptor);
    dprintf(descriptor, ", acquired at\n");
    plait__stack_print(step->held_stack, step->held_depth, descriptor);
    dprintf(descriptor, "      and asked for");
    print_lock(step->wanted, step->wanted_to_read, descriptor);
    dprintf(descriptor, " at\n");
    plait__stack_print(step->wanted_stack, step->wanted_depth, descriptor);
}

void plait_lock_order_print(const plait_lock_order_report *report, int descriptor) {
    if (!report) return;
    if (report->count == 0) {
        dprintf(descriptor,
                "plait: lock order: there are too many locks or orders to remember; some inversions "
                "will be missed\n");
        return;
    }
    dprintf(descriptor, "plait: lock order: %u locks are taken in a circle; this can deadlock:\n",
            (unsigned)report->count);
    for (uint32_t i = 0; i < report->count; i++) print_step(&report->steps[i], i == 0, descriptor);
}

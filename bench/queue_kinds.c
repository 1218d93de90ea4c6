/* queue_kinds.c - plait's queue and its peers.
 *
 * Items have 8 bytes. Who has no bound at all (GAsyncQueue) takes part in the unbounded shapes only; who must
 * have one (APR, Go) gets room for all items of the run there, so that nobody ever waits for room.
 */
#include "queue_kinds.h"

#include "peers.h"

#include <plait/queue.h>

enum { ROOM_FOR_ALL = 1 << 20 };

/* ---- plait ---- */

static void *our_make(size_t room) {
    return plait_queue_of(uint64_t, room);
}

static void our_put(void *queue, uint64_t item) {
    if (plait_queue_put((plait_queue *)queue, &item)) bench_fail("plait_queue_put failed");
}

static uint64_t our_get(void *queue) {
    uint64_t item = QUEUE_END;
    if (plait_queue_get((plait_queue *)queue, &item)) bench_fail("plait_queue_get failed");
    return item;
}

QUEUE_LOOPS(our)
const struct queue_kind queue_plait = QUEUE_KIND(our);

/* Several at a time, as far as there are several; the loops are its own. */

enum { AT_A_TIME = 64 };

static void many_put_some(plait_queue *queue, const uint64_t *items, size_t count) {
    if (plait_queue_put_many(queue, items, count, NULL)) bench_fail("plait_queue_put_many failed");
}

static size_t many_get_some(plait_queue *queue, uint64_t *items, size_t most) {
    size_t got = 0;
    if (plait_queue_get_many(queue, items, most, &got)) bench_fail("plait_queue_get_many failed");
    return got;
}

static void many_put_all(void *queue, uint64_t from, uint64_t to) {
    uint64_t items[AT_A_TIME];
    while (from < to) {
        size_t count = 0;
        while (count < AT_A_TIME && from < to) items[count++] = from++;
        many_put_some(queue, items, count);
    }
}

/* Of the ends that it gets it keeps one, and puts back what is the others'. */
static uint64_t many_get_all(void *queue) {
    uint64_t items[AT_A_TIME];
    uint64_t sum = 0;
    for (;;) {
        size_t ends = 0;
        size_t got = many_get_some(queue, items, AT_A_TIME);
        for (size_t i = 0; i < got; i++) {
            if (items[i] == QUEUE_END) {
                ends++;
            } else {
                sum += items[i];
            }
        }
        for (size_t i = 1; i < ends; i++) our_put(queue, QUEUE_END);
        if (ends) return sum;
    }
}

static uint64_t many_put_and_get(void *queue, uint64_t items) {
    uint64_t taken[AT_A_TIME];
    uint64_t sum = 0;
    for (uint64_t next = 1; next <= items;) {
        uint64_t end = next + AT_A_TIME <= items ? next + AT_A_TIME : items + 1;
        many_put_all(queue, next, end);
        for (size_t left = (size_t)(end - next), got; left; left -= got) {
            got = many_get_some(queue, taken, left);
            for (size_t i = 0; i < got; i++) sum += taken[i];
        }
        next = end;
    }
    return sum;
}

static const struct queue_kind many_kind = {.make = our_make,
                                            .put = our_put,
                                            .get = our_get,
                                            .put_all = many_put_all,
                                            .get_all = many_get_all,
                                            .put_and_get = many_put_and_get};

/* Other orders, and no room at all. */

static void *lifo_make(size_t room) {
    return plait_lifo_queue_of(uint64_t, room);
}

static const struct queue_kind lifo_kind = {.make = lifo_make,
                                            .put = our_put,
                                            .get = our_get,
                                            .put_all = our_put_all,
                                            .get_all = our_get_all,
                                            .put_and_get = our_put_and_get};

static void *priority_make(size_t room) {
    return plait_priority_queue_new_by(sizeof(uint64_t), room,
                                       (plait_key){0, sizeof(uint64_t), PLAIT_KEY_UNSIGNED});
}

static const struct queue_kind priority_kind = {.make = priority_make,
                                                .put = our_put,
                                                .get = our_get,
                                                .put_all = our_put_all,
                                                .get_all = our_get_all,
                                                .put_and_get = our_put_and_get};

static void *rendezvous_make(size_t room) {
    (void)room;
    return plait_rendezvous_queue_of(uint64_t);
}

static const struct queue_kind rendezvous_kind = {
    .make = rendezvous_make, .put = our_put, .get = our_get, .put_all = our_put_all, .get_all = our_get_all};

/* ---- GLib ---- */

#ifdef BENCH_GLIB
static void *glib_make(size_t room) {
    (void)room;
    return g_async_queue_new();
}

static void glib_put(void *queue, uint64_t item) {
    g_async_queue_push(queue, GSIZE_TO_POINTER(item));
}

static uint64_t glib_get(void *queue) {
    return GPOINTER_TO_SIZE(g_async_queue_pop(queue));
}

QUEUE_LOOPS(glib)
const struct queue_kind queue_glib = QUEUE_KIND(glib);

/* Its order by priority: a walk along the list of what is there. */
static int glib_compare(const void *one, const void *other, void *unused) {
    (void)unused;
    return (one > other) - (one < other);
}

static void sorted_put(void *queue, uint64_t item) {
    g_async_queue_push_sorted(queue, GSIZE_TO_POINTER(item), glib_compare, NULL);
}

static const struct queue_kind glib_sorted = {.make = glib_make, .put = sorted_put, .get = glib_get};
#endif

/* ---- APR ---- */

#ifdef BENCH_APR
static void *apr_make(size_t room) {
    apr_pool_t *pool = NULL;
    apr_queue_t *queue = NULL;
    apr_initialize();
    if (apr_pool_create(&pool, NULL) ||
        apr_queue_create(&queue, (unsigned)(room ? room : ROOM_FOR_ALL), pool))
        bench_fail("APR has no queue");
    return queue;
}

/* Both may come back early, without having done anything. */
static void apr_put(void *queue, uint64_t item) {
    while (apr_queue_push(queue, (void *)(uintptr_t)item) != APR_SUCCESS) {}
}

static uint64_t apr_get(void *queue) {
    void *item = NULL;
    while (apr_queue_pop(queue, &item) != APR_SUCCESS) {}
    return (uintptr_t)item;
}

QUEUE_LOOPS(apr)
const struct queue_kind queue_apr = QUEUE_KIND(apr);
#endif

/* ---- programs of their own ---- */

const struct queue_kind queue_crossbeam = {.program = BENCH_RUST, .name = "crossbeam"};
const struct queue_kind queue_go = {.program = BENCH_GO, .name = "chan"};
static const struct queue_kind crossbeam_rendezvous = {.program = BENCH_RUST, .name = "rendezvous"};
static const struct queue_kind go_rendezvous = {.program = BENCH_GO, .name = "rendezvous"};

/* ---- who takes part in what ---- */

#define OURS(name, kind) \
    { .who = (name), .ours = true, .what = &(kind) }

static const struct bench_contestant bounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GO("Go chan", queue_go),
    PEER_APR("apr_queue", queue_apr),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    OURS("plait", queue_plait),
    OURS("plait, 64 at a time", many_kind),
};

static const struct bench_contestant unbounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GO("Go chan, room for all", queue_go),
    PEER_GLIB("GAsyncQueue", queue_glib),
    PEER_APR("apr_queue, room for all", queue_apr),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    OURS("plait", queue_plait),
    OURS("plait, 64 at a time", many_kind),
};

static const struct bench_contestant alone_unbounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GLIB("GAsyncQueue", queue_glib),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    PEER_TBB("TBB concurrent_queue", queue_tbb_polled),
    OURS("plait", queue_plait),
    OURS("plait, 64 at a time", many_kind),
    OURS("plait lifo", lifo_kind),
};

static const struct bench_contestant priority[] = {
    PEER_TBB("TBB priority_queue", queue_tbb_priority),
    PEER_GLIB("GAsyncQueue, sorted", glib_sorted),
    OURS("plait priority", priority_kind),
};

static const struct bench_contestant rendezvous[] = {
    PEER_RUST("crossbeam(0)", crossbeam_rendezvous),
    PEER_GO("Go chan(0)", go_rendezvous),
    OURS("plait rendezvous", rendezvous_kind),
};

const struct queue_contestants queues_bounded = {bounded, LENGTH(bounded)};
const struct queue_contestants queues_unbounded = {unbounded, LENGTH(unbounded)};
const struct queue_contestants queues_one_by_one = {unbounded, LENGTH(unbounded) - 1};
const struct queue_contestants queues_alone_bounded = {bounded, LENGTH(bounded)};
const struct queue_contestants queues_alone_unbounded = {alone_unbounded, LENGTH(alone_unbounded)};
const struct queue_contestants queues_priority = {priority, LENGTH(priority)};
const struct queue_contestants queues_rendezvous = {rendezvous, LENGTH(rendezvous)};

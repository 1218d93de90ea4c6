/* queue_kinds.c - plait's queue and its peers.
 *
 * Items have 8 bytes. Who has no bound at all (GAsyncQueue) takes part in the unbounded shapes only; who must have one
 * (APR, Go) gets room for all items of the run there, so that nobody ever waits for room.
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

/* ---- who takes part in what ---- */

#define OURS \
    { .who = "plait", .ours = true, .what = &queue_plait }

static const struct bench_contestant bounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GO("Go chan", queue_go),
    PEER_APR("apr_queue", queue_apr),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    OURS,
};

static const struct bench_contestant unbounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GO("Go chan, room for all", queue_go),
    PEER_GLIB("GAsyncQueue", queue_glib),
    PEER_APR("apr_queue, room for all", queue_apr),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    OURS,
};

static const struct bench_contestant alone_unbounded[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    PEER_GLIB("GAsyncQueue", queue_glib),
    PEER_TBB("TBB bounded_queue", queue_tbb_bounded),
    PEER_TBB("TBB concurrent_queue", queue_tbb_polled),
    OURS,
};

const struct queue_contestants queues_bounded = {bounded, LENGTH(bounded)};
const struct queue_contestants queues_unbounded = {unbounded, LENGTH(unbounded)};
const struct queue_contestants queues_alone_bounded = {bounded, LENGTH(bounded)};
const struct queue_contestants queues_alone_unbounded = {alone_unbounded, LENGTH(alone_unbounded)};

/* bench-memory - how much memory plait and its peers take for what waits, and how often they ask for some.
 *
 * This program's malloc counts: blocks, and bytes with what malloc itself adds to a block. Peers that take
 * their memory from elsewhere, APR and oneTBB, are not here, nor are those that are programs of their own.
 */
#include "peers.h"
#include "place.h"
#include "pool_kinds.h"
#include "queue_kinds.h"
#include "work.h"

#include <errno.h>
#include <malloc.h>
#include <plait/event.h>
#include <plait/pool.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { ROUNDS = 5, ITEMS = 100000, FUTURES = 10000, BATCHES = 20, ROOM = 1024 };

/* ---- malloc ---- */

static atomic_llong bytes;
static atomic_llong blocks;

/* The C library's own, under the names by which whoever replaces malloc can still call it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static long long size_of(void *memory) {
    return memory ? (long long)malloc_usable_size(memory) + (long long)sizeof(size_t) : 0;
}

static void *counted(void *memory) {
    atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size_of(memory), memory_order_relaxed);
    return memory;
}

void *malloc(size_t size) {
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return counted(__libc_calloc(count, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = aligned_alloc(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void *realloc(void *memory, size_t size) {
    atomic_fetch_sub_explicit(&bytes, size_of(memory), memory_order_relaxed);
    return counted(__libc_realloc(memory, size));
}

void free(void *memory) {
    atomic_fetch_sub_explicit(&bytes, size_of(memory), memory_order_relaxed);
    __libc_free(memory);
}

/* ---- items ---- */

/* Bytes for each item of a queue in which so many lie, the queue itself among them. */
static void run_items(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    const size_t *room = detail;
    size_t items = *room ? *room : bench_amount(ITEMS);
    long long before = atomic_load(&bytes);
    void *queue = kind->make(*room);
    if (!queue) bench_fail("no queue to be had");
    kind->put_all(queue, 1, items + 1);
    figures[0] = (double)(atomic_load(&bytes) - before) / (double)items;
}

/* ---- futures ---- */

PLAIT_TASK(long, successor, (long, number)) {
    return number + 1;
}

PLAIT_TASK(void, wait_for, (plait_event *, event)) {
    plait_event_wait(event);
}

/* While one task keeps the only worker, so that all of them wait. */
static void run_futures(const void *what, const void *detail, double *figures) {
    static plait_event event;
    static plait_future *futures[FUTURES];
    plait_pool *pool = plait_pool_new(1);
    size_t count = bench_amount(FUTURES);
    (void)what;
    (void)detail;
    if (!pool || plait_post(pool, wait_for, &event)) bench_fail("no pool to be had");
    long long before = atomic_load(&bytes);
    for (size_t i = 0; i < count; i++) futures[i] = plait_submit(pool, successor, (long)i);
    figures[0] = (double)(atomic_load(&bytes) - before) / (double)count;
    plait_event_set(&event);
    for (size_t i = 0; i < count; i++) {
        if (plait_result(futures[i])) bench_fail("plait_result failed");
        plait_future_free(futures[i]);
    }
}

/* ---- mallocs ---- */

typedef void batch_of_tasks(const struct pool_kind *kind);

static void take_results(const struct pool_kind *kind) {
    if (!kind->results(RESULTS_AT_ONCE)) bench_fail("a wrong result");
}

static void run_tasks(const struct pool_kind *kind) {
    kind->run_many(RESULTS_AT_ONCE, 0);
}

/* How often memory is asked for, for each of many tasks, when as many have been run before. */
static void count_mallocs(const struct pool_kind *kind, batch_of_tasks *batch, double *figures) {
    size_t batches = bench_amount(BATCHES);
    kind->start(place_cpus());
    for (size_t i = 0; i < batches; i++) batch(kind);
    long long before = atomic_load(&blocks);
    for (size_t i = 0; i < batches; i++) batch(kind);
    figures[0] = (double)(atomic_load(&blocks) - before) / (double)(batches * RESULTS_AT_ONCE);
}

static void run_results(const void *what, const void *detail, double *figures) {
    (void)detail;
    count_mallocs(what, take_results, figures);
}

static void run_posts(const void *what, const void *detail, double *figures) {
    (void)detail;
    count_mallocs(what, run_tasks, figures);
}

/* ---- shapes ---- */

static const struct bench_contestant unbounded[] = {
    PEER_GLIB("GAsyncQueue", queue_glib),
    {.who = "plait", .ours = true, .what = &queue_plait},
};
static const struct bench_contestant bounded[] = {
    {.who = "plait", .ours = true, .what = &queue_plait},
};
static const struct bench_contestant futures[] = {
    {.who = "plait", .ours = true},
};
static const struct bench_contestant pools[] = {
    PEER_UV("libuv", pool_uv),
    PEER_GLIB("GThreadPool", pool_glib),
    {.who = "plait", .ours = true, .what = &pool_plait},
};

static const char *const bytes_told[] = {"bytes_each", NULL};
static const char *const mallocs_told[] = {"mallocs_each", NULL};
static const size_t rooms[] = {0, ROOM};

static const struct bench_shape shapes[] = {
    {"an item in a queue, unbounded", bytes_told, run_items, &rooms[0], unbounded, LENGTH(unbounded), ROUNDS,
     true},
    {"an item in a queue, bounded", bytes_told, run_items, &rooms[1], bounded, LENGTH(bounded), ROUNDS, true},
    {"a future", bytes_told, run_futures, NULL, futures, LENGTH(futures), ROUNDS, true},
    {"mallocs for a task and its result", mallocs_told, run_results, NULL, pools, LENGTH(pools), ROUNDS,
     true},
    {"mallocs for a task without result", mallocs_told, run_posts, NULL, pools, LENGTH(pools), ROUNDS, true},
};

int main(int argc, char **argv) {
    bench_start("memory", argc, argv);
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
    return bench_finish();
}

/* memory.c - how much memory plait takes for what waits, and how often it asks for some.
 *
 * Its allocator is replaced by one that counts. No peer lets one look like this.
 */
#include "parts.h"
#include "peers.h"
#include "place.h"
#include "work.h"

#include <plait/event.h>
#include <plait/memory.h>
#include <plait/pool.h>
#include <plait/queue.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { ROUNDS = 5, ITEMS = 100000, FUTURES = 10000, SUBMITS = 20000, HEADER = 16 };

static atomic_llong bytes;
static atomic_llong allocations;

static void *allocate(size_t size, void *unused) {
    (void)unused;
    size_t *block = malloc(size + HEADER);
    if (!block) return NULL;
    *block = size;
    atomic_fetch_add(&bytes, (long long)size);
    atomic_fetch_add(&allocations, 1);
    return (char *)block + HEADER;
}

static void release(void *memory, void *unused) {
    (void)unused;
    size_t *block = (size_t *)(void *)((char *)memory - HEADER);
    atomic_fetch_sub(&bytes, (long long)*block);
    free(block);
}

PLAIT_TASK(long, successor, (long, number)) {
    return number + 1;
}

PLAIT_TASK(void, nothing) {}

/* ---- what is counted ---- */

static double bytes_of_queue(size_t room) {
    long long before = atomic_load(&bytes);
    plait_queue *queue = plait_queue_of(uint64_t, room);
    size_t items = room ? room : bench_amount(ITEMS);
    for (uint64_t i = 0; i < items; i++)
        if (plait_queue_put(queue, &i)) bench_fail("plait_queue_put failed");
    return (double)(atomic_load(&bytes) - before) / (double)items;
}

static double bytes_per_item_unbounded(void) {
    return bytes_of_queue(0);
}

static double bytes_per_item_bounded(void) {
    return bytes_of_queue(1024);
}

/* While one task keeps the only worker, so that all of them wait. */
PLAIT_TASK(void, wait_for, (plait_event *, event)) {
    plait_event_wait(event);
}

static double bytes_per_future(void) {
    static plait_event event;
    plait_pool *pool = plait_pool_new(1);
    size_t count = bench_amount(FUTURES);
    plait_future **futures = malloc(count * sizeof *futures);
    if (!pool || !futures || plait_post(pool, wait_for, &event)) bench_fail("no pool to be had");
    long long before = atomic_load(&bytes);
    for (size_t i = 0; i < count; i++) futures[i] = plait_submit(pool, successor, (long)i);
    double each = (double)(atomic_load(&bytes) - before) / (double)count;
    plait_event_set(&event);
    for (size_t i = 0; i < count; i++) {
        if (plait_result(futures[i])) bench_fail("plait_result failed");
        plait_future_free(futures[i]);
    }
    free(futures);
    return each;
}

static void submit_and_take(plait_pool *pool, size_t count) {
    for (size_t i = 0; i < count; i++) {
        plait_future *future = plait_submit(pool, successor, (long)i);
        if (plait_result(future)) bench_fail("plait_result failed");
        plait_future_free(future);
    }
}

static void post_and_take(plait_pool *pool, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (plait_post(pool, nothing)) bench_fail("plait_post failed");
    submit_and_take(pool, 1);
}

static double allocations_of(void (*hand_over)(plait_pool *pool, size_t count)) {
    plait_pool *pool = plait_pool_new(place_cpus());
    size_t count = bench_amount(SUBMITS);
    if (!pool) bench_fail("no pool to be had");
    hand_over(pool, count);
    long long before = atomic_load(&allocations);
    hand_over(pool, count);
    return (double)(atomic_load(&allocations) - before) / (double)count;
}

static double allocations_per_submit(void) {
    return allocations_of(submit_and_take);
}

static double allocations_per_post(void) {
    return allocations_of(post_and_take);
}

/* ---- shapes ---- */

struct count {
    double (*count)(void);
};

static void run(const void *what, const void *detail, double *figures) {
    const struct count *count = what;
    static const plait_allocator counting = {allocate, release, NULL};
    (void)detail;
    if (plait_set_allocator(&counting)) bench_fail("plait_set_allocator failed");
    figures[0] = count->count();
}

static const struct count counts[] = {{bytes_per_item_unbounded},
                                      {bytes_per_item_bounded},
                                      {bytes_per_future},
                                      {allocations_per_submit},
                                      {allocations_per_post}};
static const struct bench_contestant memories[] = {
    {.who = "plait item, unbounded", .ours = true, .what = &counts[0]},
    {.who = "plait item, bounded", .ours = true, .what = &counts[1]},
    {.who = "plait future", .ours = true, .what = &counts[2]},
};
static const struct bench_contestant steadies[] = {
    {.who = "plait_submit", .ours = true, .what = &counts[3]},
    {.who = "plait_post", .ours = true, .what = &counts[4]},
};

static const char *const bytes_told[] = {"bytes_each", NULL};
static const char *const allocations_told[] = {"mallocs_each", NULL};

void compare_memory(void) {
    static const struct bench_shape shapes[] = {
        {"memory for each that waits", bytes_told, run, NULL, memories, LENGTH(memories), ROUNDS,
         .apart = true},
        {"mallocs in steady state", allocations_told, run, NULL, steadies, LENGTH(steadies), ROUNDS,
         .apart = true},
    };
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}

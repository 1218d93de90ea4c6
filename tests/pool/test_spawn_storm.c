/* Children everywhere at once: random trees whose parts spawn, sync in any order or not at all, raise, take locks, map,
 * wait for futures, enter tokens and are cancelled, in two pools on the same CPUs. Kept count of: each child ran exactly
 * once, each result and failure reached its parent, and nothing hangs. */
#include "spawn_support.h"
#include "support/stress.h"

#include <base/order.h>
#include <pool/thread_pool.h>
#include <stdio.h>

static struct { uint64_t spawned, ran, odd; } books;

static plait_pool *pools[2];
static plait_lock lock;
static uint64_t under_lock;

static void tick(uint64_t *counter) {
    plait__add_relaxed(counter, 1);
}

/* Which task this is decides all that it does, and so what it must return. */
static uint32_t mix(uint32_t what, uint32_t step) {
    uint64_t x = ((uint64_t)what << 32 | step) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 29);
}

PLAIT_TASK_DECLARE(uint64_t, grow, (uint32_t, what), (int, depth));

PLAIT_TASK(uint64_t, leaf, (uint32_t, what)) {
    tick(&books.ran);
    return what % 1000;
}

static uint64_t expected(uint32_t what, int depth) {
    if (depth == 0) return what % 1000;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 3; i++) sum += expected(mix(what, i), depth - 1);
    return sum;
}

static void sync_all(uint64_t *sum, uint32_t what, int depth) {
    plait_spawn(a, grow, mix(what, 0), depth - 1);
    plait_spawn(b, grow, mix(what, 1), depth - 1);
    plait_spawn(c, grow, mix(what, 2), depth - 1);
    switch (what % 4) {
    case 0:
        *sum = plait_sync(a) + plait_sync(b) + plait_sync(c);
        break;
    case 1:
        *sum = plait_sync(b);
        *sum += plait_sync(c);
        *sum += plait_sync(a);
        break;
    case 2:
        *sum = plait_sync(c);
        *sum += plait_sync(b);
        *sum += plait_sync(a);
        break;
    default: /* they are waited for all the same */
        *sum = expected(what, depth);
        break;
    }
}

static void under_token(uint64_t *sum, uint32_t what, int depth) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_spawn(a, grow, mix(what, 0), depth - 1);
    plait_spawn(b, grow, mix(what, 1), depth - 1);
    plait_token_leave(before);
    if (what & 64) plait_cancel(token); /* nothing here waits where it could be cancelled */
    plait_token_free(token);
    *sum = grow(mix(what, 2), depth - 1);
    *sum += plait_sync(b) + plait_sync(a);
}

/* A future of the own pool, for workers that wait for each other's pools can all end up waiting. */
static void with_others(uint64_t *sum, uint32_t what, int depth) {
    plait_spawn(a, grow, mix(what, 0), depth - 1);
    plait_shield_enter();
    plait_future *future = plait_submit(&plait__worker()->pool->pool, grow, mix(what, 1), depth - 1);
    uint32_t in[1] = {mix(what, 2)};
    int depths[1] = {depth - 1};
    uint64_t mapped[1] = {0}, result = 0;
    plait__add_relaxed(&books.spawned, 2);
    if (plait_starmap(pools[what >> 7 & 1], grow, mapped, 1, plait_each(in), plait_each(depths)) != PLAIT_OK)
        tick(&books.odd);
    if (plait_result(future, &result) != PLAIT_OK) tick(&books.odd);
    plait_shield_leave();
    plait_future_free(future);
    *sum = plait_sync(a) + result + mapped[0];
}

PLAIT_TASK_DEFINE(uint64_t, grow, (uint32_t, what), (int, depth)) {
    uint64_t sum = 0;
    if (depth == 0) return leaf(what);
    tick(&books.ran);
    switch (what >> 3 & 7) {
    case 0:
        plait__add_relaxed(&books.spawned, 2);
        under_token(&sum, what, depth);
        tick(&books.spawned);
        break;
    case 1:
        tick(&books.spawned);
        with_others(&sum, what, depth);
        break;
    case 2:
        plait_lock_acquire(&lock);
        under_lock++;
        plait_lock_release(&lock);
        /* fall through */
    default:
        plait__add_relaxed(&books.spawned, 3);
        sync_all(&sum, what, depth);
        break;
    }
    if (sum != expected(what, depth)) tick(&books.odd);
    return sum;
}

PLAIT_TASK(uint64_t, plant, (uint32_t, what), (int, depth), (bool, fails)) {
    plait_spawn(tree, grow, what, depth);
    tick(&books.spawned);
    if (fails) plait_raise(PLAIT_USER, "tree %u", what);
    return plait_sync(tree);
}

enum { TREES = 8 };

static void play(struct stress_random *random) {
    plait_future *futures[TREES];
    uint32_t whats[TREES];
    int depths[TREES];
    memset(&books, 0, sizeof books);
    for (int i = 0; i < 2; i++) pools[i] = plait_pool_new(1 + (int)stress_random_below(random, 4));
    for (int i = 0; i < TREES; i++) {
        whats[i] = stress_random_below(random, UINT32_MAX);
        depths[i] = (int)stress_random_below(random, 6);
        futures[i] = plait_submit(pools[i % 2], plant, whats[i], depths[i], i % 3 == 0);
    }
    for (int i = 0; i < TREES; i++) {
        uint64_t sum = 0;
        if (i % 5 == 4) plait_future_cancel(futures[i]);
        plait_status status = plait_result(futures[i], &sum);
        if (status == PLAIT_OK)
            ck_assert_uint_eq(sum, expected(whats[i], depths[i]));
        else
            ck_assert(status == (i % 3 == 0 ? PLAIT_USER : PLAIT_CANCELLED) || status == PLAIT_CANCELLED);
        plait_future_free(futures[i]);
    }
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_pool_close(pools[i]));
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_pool_join(pools[i]));
    for (int i = 0; i < 2; i++) plait_pool_free(pools[i]);
    ck_assert_uint_eq(books.odd, 0);
    ck_assert_uint_eq(books.ran, books.spawned);
}

TEST(each_child_runs_once_and_reaches_its_parent) {
    struct stress_random random = stress_random_stream(0);
    do {
        play(&random);
    } while (stress_goes_on());
}

/* ---- many at the same few children ---- */

PLAIT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    plait_spawn(left, fib, n - 1);
    long right = fib(n - 2);
    return plait_sync(left) + right;
}

PLAIT_TASK(int, fail_at, (int, n), (int, at)) {
    if (n == at) plait_raise(PLAIT_USER + n, "at %d", n);
    if (n == 0) return 1;
    plait_spawn(other, fail_at, n - 1, at);
    int mine = fail_at(n - 1, -1);
    return mine + plait_sync(other);
}

TEST(failures_come_through_all_levels) {
    plait_pool *pool = plait_pool_new(stress_threads(2));
    do {
        for (int at = -1; at <= 8; at++) {
            char words[16];
            int leaves = 0;
            plait_future *future = plait_submit(pool, fail_at, 8, at);
            ck_assert_status(plait_result(future, &leaves), at < 0 ? PLAIT_OK : PLAIT_USER + at);
            snprintf(words, sizeof words, "at %d", at);
            ck_assert_str_eq(plait_future_message(future), at < 0 ? "" : words);
            ck_assert_int_eq(leaves, at < 0 ? 256 : 0);
            plait_future_free(future);
        }
    } while (stress_goes_on());
    pool_end(pool);
}

static void crowd(void) {
    plait_pool *pool = plait_pool_new(4 * stress_threads(2));
    do {
        long result = 0;
        plait_future *future = plait_submit(pool, fib, 16);
        ck_assert_ok(plait_result(future, &result));
        ck_assert_int_eq(result, 987);
        plait_future_free(future);
    } while (stress_goes_on());
    pool_end(pool);
}

TEST(a_crowd_of_thieves) {
    crowd();
}

TEST(a_crowd_of_thieves_where_the_kernel_cannot_help) {
    plait__os_orders_all = false;
    crowd();
}

/* map and starmap, and their options. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

static plait_pool *shared;

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

PLAIT_TASK(double, scale, (double, x), (double, by), (int, plus)) {
    return x * by + plus;
}

PLAIT_TASK(size_t, length, (const char *, text)) {
    return strlen(text);
}

enum { MANY = 20000 };
static int in[MANY], out[MANY];

static void check_map(int workers, size_t n) {
    plait_pool *pool = plait_pool_new(workers);
    for (size_t i = 0; i < n; i++) in[i] = (int)i % 1000, out[i] = -1;
    ck_assert_ok(plait_map(pool, square, in, out, n));
    for (size_t i = 0; i < n; i++) {
        int expected = in[i] * in[i];
        ck_assert_int_eq(out[i], expected);
    }
    pool_end(pool);
}

TEST(results_come_in_order) {
    for (int workers = 1; workers <= 4; workers++)
        for (size_t n = 0; n < 40; n++) check_map(workers, n);
    check_map(2, MANY);
    check_map(8, MANY);
}

TEST(arrays_and_constants_mix) {
    plait_pool *pool = plait_pool_new(2);
    double xs[100], k = 3, results[100];
    int plus[100];
    for (int i = 0; i < 100; i++) xs[i] = i, plus[i] = 2 * i;
    ck_assert_ok(
        plait_starmap(pool, scale, results, 100, plait_each(xs), plait_repeat(&k), plait_each(plus)));
    for (int i = 0; i < 100; i++) ck_assert_double_eq(results[i], 5 * i);
    const char *words[] = {"one", "three", ""};
    size_t lengths[3];
    ck_assert_ok(plait_map(pool, length, words, lengths, 3));
    ck_assert_uint_eq(lengths[1], 5);
    pool_end(pool);
}

PLAIT_TASK(void, tally, (int *, counter)) {
    plait__add(counter, 1);
}

TEST(results_may_be_left) {
    plait_pool *pool = plait_pool_new(2);
    int counter = 0, *where = &counter;
    ck_assert_ok(plait_starmap(pool, tally, NULL, 1000, plait_repeat(&where)));
    ck_assert_int_eq(counter, 1000);
    ck_assert_ok(plait_map(pool, square, in, NULL, 10));
    pool_end(pool);
}

PLAIT_TASK(int, odd_fails, (int, x)) {
    if (x % 2) plait_raise(PLAIT_USER + x, "%d is odd", x);
    return x + 1;
}

TEST(the_first_failure_is_told_and_the_rest_is_done) {
    for (int workers = 1; workers <= 3; workers++) {
        plait_pool *pool = plait_pool_new(workers);
        int numbers[50], results[50];
        for (int i = 0; i < 50; i++) numbers[i] = i < 7 ? 2 * i : i, results[i] = -1;
        ck_assert_status(plait_map(pool, odd_fails, numbers, results, 50), PLAIT_USER + 7);
        size_t index;
        ck_assert_str_eq(plait_map_message(&index), "7 is odd");
        ck_assert_uint_eq(index, 7);
        for (int i = 0; i < 50; i++) ck_assert_int_eq(results[i], numbers[i] % 2 ? 0 : numbers[i] + 1);
        ck_assert_ok(plait_map(pool, square, numbers, results, 50));
        ck_assert_str_eq(plait_map_message(NULL), "");
        pool_end(pool);
    }
}

PLAIT_TASK(int, last_fails, (int, x)) {
    if (x == 5) plait_raise(PLAIT_FAILED, NULL);
    return x;
}

TEST(a_failure_of_the_last_item_is_seen) {
    plait_pool *pool = plait_pool_new(1);
    int numbers[] = {1, 2, 3, 4, 5}, results[5];
    ck_assert_status(plait_map(pool, last_fails, numbers, results, 5), PLAIT_FAILED);
    ck_assert_str_eq(plait_map_message(NULL), plait_status_text(PLAIT_FAILED));
    ck_assert_int_eq(results[4], 0);
    ck_assert_int_eq(results[3], 4);
    pool_end(pool);
}

static plait_token *token;

/* What comes behind the fourth item waits for it: else a helper could be through with all of them before. */
PLAIT_TASK(int, cancels, (int, x)) {
    if (x == 3) plait_cancel(token);
    while (x > 3 && !plait_token_cancelled(token)) sched_yield();
    return 1;
}

TEST(a_cancelled_map_leaves_the_rest_out) {
    plait_pool *pool = plait_pool_new(1);
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = 0;
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    ck_assert_status(plait_map(pool, cancels, in, out, MANY), PLAIT_CANCELLED);
    int run = 0;
    for (int i = 0; i < MANY; i++) run += out[i];
    ck_assert_int_lt(run, MANY);
    ck_assert_int_eq(out[3], 1);
    ck_assert_status(plait_map(pool, square, in, out, 1), PLAIT_CANCELLED);
    plait_shield_enter();
    ck_assert_ok(plait_map(pool, square, in, out, MANY));
    plait_shield_leave();
    plait_token_leave(outer);
    plait_token_free(token);
    pool_end(pool);
}

TEST(a_closed_pool_maps_nothing) {
    plait_pool *pool = plait_pool_new(1);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_status(plait_map(pool, square, in, out, 3), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

PLAIT_TASK(int, map_some, (int, seed)) {
    int numbers[200], results[200];
    for (int i = 0; i < 200; i++) numbers[i] = seed + i;
    if (plait_map(shared, square, numbers, results, 200) != PLAIT_OK) return 0;
    for (int i = 0; i < 200; i++)
        if (results[i] != numbers[i] * numbers[i]) return 0;
    return 1;
}

TEST(many_maps_share_a_pool) {
    shared = plait_pool_new(2);
    plait_thread *threads[6];
    for (int i = 0; i < 6; i++) threads[i] = plait_start(map_some, i);
    for (int i = 0; i < 6; i++) {
        int good = 0;
        ck_assert_ok(plait_thread_result(threads[i], &good));
        ck_assert_int_eq(good, 1);
        plait_thread_free(threads[i]);
    }
    pool_end(shared);
}

/* ---- options ---- */

TEST(each_item_has_a_status_where_asked) {
    plait_pool *pool = plait_pool_new(2);
    int numbers[100], results[100];
    plait_status statuses[100];
    for (int i = 0; i < 100; i++) numbers[i] = i, statuses[i] = -1;
    plait_map_options options = {.statuses = statuses};
    ck_assert_status(plait_map_with(pool, &options, odd_fails, numbers, results, 100), PLAIT_USER + 1);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(statuses[i], i % 2 ? PLAIT_USER + i : PLAIT_OK);
    ck_assert_ok(plait_map_with(pool, &options, square, numbers, results, 100));
    for (int i = 0; i < 100; i++) ck_assert_int_eq(statuses[i], PLAIT_OK);
    pool_end(pool);
}

TEST(items_left_out_have_a_status_too) {
    plait_pool *pool = plait_pool_new(1);
    static plait_status statuses[MANY];
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = 0, statuses[i] = -1;
    plait_map_options options = {.statuses = statuses};
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    ck_assert_status(plait_map_with(pool, &options, cancels, in, out, MANY), PLAIT_CANCELLED);
    plait_token_leave(outer);
    plait_token_free(token);
    for (int i = 0; i < MANY; i++) ck_assert_int_eq(statuses[i], out[i] ? PLAIT_OK : PLAIT_CANCELLED);
    ck_assert_int_eq(statuses[MANY - 1], PLAIT_CANCELLED);
    pool_end(pool);
}

PLAIT_TASK(uint32_t, whose, (int, x)) {
    (void)x;
    return plait_thread_ident(plait_thread_current());
}

TEST(a_chunk_is_run_by_one_thread) {
    plait_pool *pool = plait_pool_new(3);
    for (size_t chunk = 1; chunk < 9; chunk++) {
        uint32_t by[200];
        plait_map_options options = {.chunk = chunk};
        ck_assert_ok(plait_map_with(pool, &options, whose, in, by, 200));
        for (size_t i = 0; i < 200; i++) ck_assert_uint_eq(by[i], by[i / chunk * chunk]);
    }
    plait_map_options all = {.chunk = SIZE_MAX};
    ck_assert_ok(plait_map_with(pool, &all, square, in, out, 200));
    for (int i = 0; i < 200; i++) ck_assert_int_eq(out[i], in[i] * in[i]);
    pool_end(pool);
}

static plait_event never;

PLAIT_TASK(int, wait_for_ever, (int, x)) {
    plait_status status = plait_event_wait(&never);
    if (status != PLAIT_OK) plait_raise(status, "%d was cut short", x);
    return x;
}

TEST(a_deadline_ends_waits_and_leaves_the_rest_out) {
    plait_pool *pool = plait_pool_new(2);
    plait_status statuses[30];
    plait_map_options options = {.statuses = statuses, .deadline = plait_after(0.005)};
    ck_assert_status(plait_map_with(pool, &options, wait_for_ever, in, out, 30), PLAIT_TIMEOUT);
    /* It is left out like the others if it has not begun in time. */
    ck_assert(statuses[0] == PLAIT_CANCELLED || statuses[0] == PLAIT_TIMEOUT);
    ck_assert_int_eq(statuses[29], PLAIT_TIMEOUT);
    options.deadline = PLAIT_NOW;
    out[0] = -1;
    ck_assert_status(plait_map_with(pool, &options, square, in, out, 30), PLAIT_TIMEOUT);
    ck_assert_int_eq(out[0], -1);
    ck_assert_int_eq(statuses[0], PLAIT_TIMEOUT);
    plait_shield_enter();
    ck_assert_status(plait_map_with(pool, &options, square, in, out, 30), PLAIT_TIMEOUT);
    options.deadline = plait_after(1000);
    ck_assert_ok(plait_map_with(pool, &options, square, in, out, 30));
    plait_shield_leave();
    pool_end(pool);
}

static plait_barrier both;

static bool met;

/* Cheap, unless asked to be slow; then to wait for another item. */
PLAIT_TASK(int, depends, (int, what)) {
    if (what == 1) plait_sleep(0.005);
    if (what == 2) plait__store(&met, plait_barrier_wait(&both, NULL) == PLAIT_OK);
    return what;
}

TEST(items_that_were_cheap_until_now_get_their_helpers) {
    plait_pool *pool = plait_pool_new(1);
    int cheap[64] = {0}, slow[] = {1, 2, 2}, results[64];
    ck_assert_ok(plait_barrier_init(&both, 2, NULL, NULL));
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_map(pool, depends, cheap, results, 1));
    ck_assert_ok(plait_map(pool, depends, slow, results, 3));
    ck_assert(plait__load(&met));
    pool_end(pool);
}

PLAIT_TASK(int, leave_at, (int, x)) {
    if (x == 7) pthread_exit(NULL);
    return x + 1;
}

PLAIT_TASK(plait_status, map_and_leave, (plait_status *, statuses)) {
    int numbers[12], results[12];
    for (int i = 0; i < 12; i++) numbers[i] = 7;
    plait_map_options options = {.statuses = statuses, .chunk = 12};
    return plait_map_with(shared, &options, leave_at, numbers, results, 12);
}

/* The item's own thread is gone, and with it the rest of its chunk; here it was the caller's or the
 * helper's. */
TEST(what_pthread_exit_leaves_counts_as_failed) {
    shared = plait_pool_new(1);
    plait_status statuses[12];
    for (int i = 0; i < 12; i++) statuses[i] = -1;
    plait_thread *thread = plait_start(map_and_leave, statuses);
    plait_status status = PLAIT_OK;
    if (plait_thread_result(thread, &status) == PLAIT_OK) ck_assert_int_eq(status, PLAIT_FAILED);
    for (int i = 0; i < 12; i++) ck_assert_int_eq(statuses[i], PLAIT_FAILED);
    plait_thread_free(thread);
    pool_end(shared);
}

static int arrived;

/* Each on a thread of its own. */
PLAIT_TASK(bool, meet, (int, count)) {
    plait__add(&arrived, 1);
    while (plait__load(&arrived) < count) sched_yield();
    return plait_cancelled();
}

TEST(helpers_run_under_the_callers_shield) {
    plait_pool *pool = plait_pool_new(1);
    plait_token *scope = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(scope);
    int counts[2] = {2, 2};
    bool seen[2] = {true, true};
    plait_cancel(scope);
    plait_shield_enter();
    ck_assert_ok(plait_map_with(pool, (&(plait_map_options){.chunk = 1}), meet, counts, seen, 2));
    plait_shield_leave();
    ck_assert(!seen[0] && !seen[1]);
    plait_token_leave(before);
    plait_token_free(scope);
    pool_end(pool);
}

/* map and starmap. */
#include "support.h"

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

PLAIT_TASK(int, cancels, (int, x)) {
    if (x == 3) plait_cancel(token);
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

static plait_pool *shared;

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

/* Maps in pools of processes: map, starmap, their options, crashes in the middle, and maps that nobody waits for. */
#include "process/pool_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { MANY = 1000 };

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}
PLAIT_TASK(double, scale, (double, x), (double, by)) {
    return x * by;
}
PLAIT_TASK(const char *, shout, (const char *, word)) {
    static char loud[70000];
    if (!word) return NULL;
    for (size_t i = 0; (loud[i] = word[i]) != '\0'; i++)
        if (loud[i] >= 'a' && loud[i] <= 'z') loud[i] = (char)(loud[i] - 'a' + 'A');
    return loud;
}
PLAIT_TASK(plait_bytes, first_half, (plait_bytes, whole)) {
    return (plait_bytes){whole.data, whole.size / 2};
}
PLAIT_TASK(int, odd_fails, (int, x)) {
    if (x % 2) (void)plait_raise(PLAIT_USER + x, "%d is odd", x);
    return x;
}
PLAIT_TASK(int, crashes_at, (int, x), (int, bad)) {
    if (x == bad) raise(SIGKILL);
    return x + 1;
}
PLAIT_TASK(int, pid_of, (int, x)) {
    (void)x;
    return (int)getpid();
}
PLAIT_TASK(int, reads, (int *, number)) {
    return *number;
}
PLAIT_TASK(int, exits_at, (int, x), (int, bad)) {
    if (x == bad) exit(3);
    return x + 1;
}
PLAIT_TASK(int, leaves_at, (int, x), (int, bad)) {
    if (x == bad) pthread_exit(NULL);
    return x + 1;
}
PLAIT_TASK(void, nothing, (int, x)) {
    (void)x;
}
struct huge {
    char bytes[100000];
};
PLAIT_TASK(struct huge, fill, (char, with)) {
    struct huge huge;
    memset(huge.bytes, with, sizeof huge.bytes);
    return huge;
}
PLAIT_TASK(const char *, repeat, (char, letter), (size_t, times)) {
    char *text = malloc(times + 1); /* the process ends soon enough */
    memset(text, letter, times);
    text[times] = '\0';
    return text;
}
PLAIT_TASK(long, sum_eight, (char, a), (short, b), (int, c), (long, d), (float, e), (double, f), (bool, g),
           (unsigned, h)) {
    return a + b + c + d + (long)e + (long)f + g + (long)h;
}

TEST(a_map_stores_results_in_order) {
    static int in[MANY], out[MANY];
    for (int i = 0; i < MANY; i++) in[i] = i;
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_map(pool, square, in, out, MANY));
    for (int i = 0; i < MANY; i++) ck_assert_int_eq(out[i], i * i);
    ck_assert_str_eq(plait_map_message(NULL), "");
    ck_assert_ok(plait_map(pool, square, in, NULL, MANY));
    ck_assert_ok(plait_map(pool, square, in, out, 0));
    process_pool_end(pool);
}

TEST(items_run_in_other_processes) {
    int in[20] = {0}, out[20] = {0};
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_map_with(pool, &(plait_map_options){.chunk = 1}, pid_of, in, out, 20));
    for (int i = 0; i < 20; i++) ck_assert(out[i] > 0 && out[i] != getpid());
    process_pool_end(pool);
}

TEST(one_crash_fails_one_item) {
    static int in[MANY], out[MANY];
    static plait_status statuses[MANY];
    size_t index = 0;
    int bad = 500;
    for (int i = 0; i < MANY; i++) in[i] = i;
    plait_pool *pool = process_pool(2, NULL);
    plait_map_options options = {.statuses = statuses};
    ck_assert_status(
        plait_starmap_with(pool, &options, crashes_at, out, MANY, plait_each(in), plait_repeat(&bad)),
        PLAIT_CRASHED);
    const char *words = plait_map_message(&index);
    ck_assert_uint_eq(index, 500);
    ck_assert_msg(strstr(words, "task 'crashes_at' was killed by SIGKILL") != NULL, "%s", words);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(statuses[i], i == bad ? PLAIT_CRASHED : PLAIT_OK);
        ck_assert_int_eq(out[i], i == bad ? 0 : i + 1);
    }
    process_pool_end(pool);
}

/* ---- columns, kinds and sizes ---- */

TEST(a_starmap_takes_strides_and_constants) {
    struct point {
        double x, y;
    } points[300];
    double by = 10, out[300];
    for (int i = 0; i < 300; i++) points[i] = (struct point){i, -i};
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_starmap(pool, scale, out, 300, &points[0].y, sizeof *points, plait_repeat(&by)));
    for (int i = 0; i < 300; i++) ck_assert_double_eq(out[i], -10.0 * i);
    process_pool_end(pool);
}

TEST(eight_parameters_of_all_sizes) {
    enum { COUNT = 200 };
    char a[COUNT];
    short b = 2;
    int c[COUNT];
    long d[COUNT], out[COUNT];
    float e = 5;
    double f[COUNT];
    bool g = true;
    unsigned h[COUNT];
    for (int i = 0; i < COUNT; i++) a[i] = 1, c[i] = i, d[i] = 4, f[i] = 6, h[i] = 8;
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_starmap(pool, sum_eight, out, COUNT, plait_each(a), plait_repeat(&b), plait_each(c),
                               plait_each(d), plait_repeat(&e), plait_each(f), plait_repeat(&g),
                               plait_each(h)));
    for (int i = 0; i < COUNT; i++) ck_assert_int_eq(out[i], 1 + 2 + i + 4 + 5 + 6 + 1 + 8);
    process_pool_end(pool);
}

TEST(strings_go_there_and_back) {
    enum { COUNT = 3000 };
    static char texts[COUNT][24];
    static const char *in[COUNT], *out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "word number %d", i);
        in[i] = i % 7 ? texts[i] : NULL;
    }
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_map(pool, shout, in, out, COUNT));
    for (int i = 0; i < COUNT; i++) {
        char expected[24];
        (void)snprintf(expected, sizeof expected, "WORD NUMBER %d", i);
        if (i % 7)
            ck_assert_str_eq(out[i], expected);
        else
            ck_assert_ptr_null(out[i]);
        free((char *)(uintptr_t)out[i]);
    }
    process_pool_end(pool);
}

TEST(bytes_of_any_size_go_there_and_back) {
    static const size_t sizes[] = {0, 1, 100, 5000, 70000, 300000, 2, 1000000, 0, 64000, 3, 66000};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    plait_bytes in[COUNT], out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        char *data = malloc(sizes[i] + 1);
        memset(data, 'a' + i, sizes[i]);
        in[i] = (plait_bytes){data, sizes[i]};
    }
    plait_pool *pool = process_pool(2, NULL);
    for (size_t chunk = 0; chunk <= COUNT; chunk += 4) {
        plait_map_options options = {.chunk = chunk};
        ck_assert_ok(plait_map_with(pool, &options, first_half, in, out, COUNT));
        for (int i = 0; i < COUNT; i++) {
            ck_assert_uint_eq(out[i].size, sizes[i] / 2);
            ck_assert(out[i].size == 0 || memcmp(out[i].data, in[i].data, out[i].size) == 0);
            free((void *)(uintptr_t)out[i].data);
        }
    }
    for (int i = 0; i < COUNT; i++) free((void *)(uintptr_t)in[i].data);
    process_pool_end(pool);
}

/* What comes back does not fit where a chunk's results lie: the chunk ends there and the rest goes again. */
TEST(results_larger_than_their_room_come_back_one_after_the_other) {
    static const size_t times[] = {10, 200000, 10, 10, 40000, 40000, 40000, 5, 100000, 1};
    enum { COUNT = sizeof times / sizeof *times };
    const char *out[COUNT];
    char letter = 'x';
    plait_pool *pool = process_pool(1, NULL);
    plait_map_options options = {.chunk = COUNT};
    ck_assert_ok(
        plait_starmap_with(pool, &options, repeat, out, COUNT, plait_repeat(&letter), plait_each(times)));
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(strlen(out[i]), times[i]);
        ck_assert_uint_eq(strspn(out[i], "x"), times[i]);
        free((char *)(uintptr_t)out[i]);
    }
    process_pool_end(pool);
}

TEST(structs_larger_than_a_room_come_back) {
    static struct huge out[6];
    static const char in[6] = "abcdef";
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_map(pool, fill, in, out, 6));
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(out[i].bytes[0], 'a' + i);
        ck_assert_int_eq(out[i].bytes[sizeof out[i].bytes - 1], 'a' + i);
    }
    process_pool_end(pool);
}

TEST(a_task_without_a_result_is_mapped) {
    static int in[MANY];
    plait_pool *pool = process_pool(2, NULL);
    void *nowhere = NULL;
    ck_assert_ok(plait_pool_map(pool, NULL, plait_task_of(nothing),
                                &(struct plait__columns_nothing){0, in, sizeof *in}, nowhere, MANY));
    process_pool_end(pool);
}

/* ---- failures ---- */

TEST(items_that_raise_fail_alone_and_the_first_is_told) {
    static int in[MANY], out[MANY];
    static plait_status statuses[MANY];
    size_t index = 0;
    for (int i = 0; i < MANY; i++) in[i] = i;
    plait_pool *pool = process_pool(2, NULL);
    for (size_t chunk = 0; chunk < 3; chunk++) {
        memset(out, -1, sizeof out);
        plait_map_options options = {.statuses = statuses, .chunk = chunk};
        ck_assert_status(plait_map_with(pool, &options, odd_fails, in, out, MANY), PLAIT_USER + 1);
        ck_assert_str_eq(plait_map_message(&index), "1 is odd");
        ck_assert_uint_eq(index, 1);
        for (int i = 0; i < MANY; i++) {
            ck_assert_int_eq(statuses[i], i % 2 ? PLAIT_USER + i : PLAIT_OK);
            ck_assert_int_eq(out[i], i % 2 ? 0 : i);
        }
    }
    process_pool_end(pool);
}

TEST(a_pointer_is_refused_by_name) {
    int number = 1, *in[1] = {&number}, out[1] = {7};
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_status(plait_map(pool, reads, in, out, 1), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_map_message(NULL), "parameter 'number' of 'reads' is a pointer") != NULL, "%s",
                  plait_map_message(NULL));
    ck_assert_int_eq(out[0], 7);
    plait_future *future = plait_map_async(pool, reads, in, out, 1);
    ck_assert_fails(future, PLAIT_INVALID, "parameter 'number' of 'reads' is a pointer");
    process_pool_end(pool);
}

TEST(what_makes_no_sense_is_refused) {
    int in[1] = {0}, out[1];
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_status(plait_map(pool, square, (int *)NULL, out, 1), PLAIT_INVALID);
    ck_assert_status(plait_pool_map(pool, NULL, NULL, NULL, out, 1), PLAIT_INVALID);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_status(plait_map(pool, square, in, out, 1), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_pool_join(pool));
    ck_assert_status(plait_map(pool, square, in, out, 1), PLAIT_SHUTDOWN);
    plait_pool_free(pool);
}

static void expect_one_bad(plait_pool *pool, const plait_task *task, size_t chunk, int bad,
                           plait_status expected, const char *expected_words) {
    enum { COUNT = 60 };
    int in[COUNT], out[COUNT];
    plait_status statuses[COUNT];
    size_t index = 0;
    for (int i = 0; i < COUNT; i++) in[i] = i, out[i] = -1;
    struct plait__columns_crashes_at columns = {0, in, sizeof *in, &bad, 0};
    plait_map_options options = {.statuses = statuses, .chunk = chunk};
    ck_assert_status(plait_pool_map(pool, &options, task, &columns, out, COUNT), expected);
    const char *words = plait_map_message(&index);
    ck_assert_msg(index == (size_t)bad && strstr(words, expected_words), "%zu: %s", index, words);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(statuses[i], i == bad ? expected : PLAIT_OK);
        ck_assert_int_eq(out[i], i == bad ? 0 : i + 1);
    }
}

TEST(whichever_item_crashes_fails_alone) {
    plait_pool *pool = process_pool(2, NULL);
    for (size_t chunk = 0; chunk <= 60; chunk += 20)
        for (int bad = 0; bad < 60; bad += 59)
            expect_one_bad(pool, plait_task_of(crashes_at), chunk, bad, PLAIT_CRASHED, "killed by SIGKILL");
    expect_one_bad(pool, plait_task_of(crashes_at), 1, 30, PLAIT_CRASHED, "killed by SIGKILL");
    process_pool_end(pool);
}

TEST(an_item_that_exits_or_leaves_its_thread_fails_alone) {
    plait_pool *pool = process_pool(2, NULL);
    expect_one_bad(pool, plait_task_of(exits_at), 0, 20, PLAIT_CRASHED, "exited with code 3");
    expect_one_bad(pool, plait_task_of(exits_at), 30, 20, PLAIT_CRASHED, "exited with code 3");
    expect_one_bad(pool, plait_task_of(leaves_at), 1, 20, PLAIT_FAILED, "left by pthread_exit");
    expect_one_bad(pool, plait_task_of(leaves_at), 30, 20, PLAIT_FAILED, "left by pthread_exit");
    process_pool_end(pool);
}

PLAIT_TASK(int, every_tenth_crashes, (int, x)) {
    if (x % 10 == 9) abort();
    return x + 1;
}

TEST(many_crashes_fail_as_many_items) {
    enum { COUNT = 100 };
    int in[COUNT], out[COUNT];
    plait_status statuses[COUNT];
    for (int i = 0; i < COUNT; i++) in[i] = i;
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_status(
        plait_map_with(pool, &(plait_map_options){.statuses = statuses}, every_tenth_crashes, in, out, COUNT),
        PLAIT_CRASHED);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(statuses[i], i % 10 == 9 ? PLAIT_CRASHED : PLAIT_OK);
        ck_assert_int_eq(out[i], i % 10 == 9 ? 0 : i + 1);
    }
    process_pool_end(pool);
}

/* Maps in pools of processes: map, starmap, their options, crashes in the middle, and maps that nobody waits for. */
#include "process/pool_support.h"

#include <errno.h>
#include <fcntl.h>
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
PLAIT_TASK(int, counts, (int *, counter)) {
    return plait__add(counter, 1);
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
    ck_assert_status(plait_starmap_with(pool, &options, crashes_at, out, MANY, plait_each(in), plait_repeat(&bad)),
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

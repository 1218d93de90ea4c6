/* Imaps in pools of processes, and what is made of a submit: apply, first. */
#include "process/pool_support.h"
#include "support/faults.h"

#include <signal.h>
#include <stdio.h>

enum { MANY = 500 };

static int in[MANY];

static void fill_in(void) {
    for (int i = 0; i < MANY; i++) in[i] = i;
}

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}
PLAIT_TASK(int, pid_of, (int, x)) {
    (void)x;
    return (int)getpid();
}
PLAIT_TASK(const char *, name_of, (int, x)) {
    static char name[32];
    (void)snprintf(name, sizeof name, "number %d", x);
    return name;
}
PLAIT_TASK(int, some_fail, (int, x)) {
    if (x % 100 == 7) (void)plait_raise(PLAIT_USER + x, "not %d", x);
    if (x % 100 == 50) raise(SIGKILL);
    return x;
}
PLAIT_TASK(int, waits, (int, seconds)) {
    static plait_event never;
    return (int)plait_event_wait_until(&never, plait_after(seconds));
}
PLAIT_TASK(int, length, (const char *, text)) {
    return (int)strlen(text);
}

TEST(an_imap_gives_results_in_order) {
    fill_in();
    plait_pool *pool = process_pool(2, NULL);
    plait_imap *imap = plait_imap_new(pool, square, in, MANY);
    int out = -1;
    for (int i = 0; i < MANY; i++) {
        ck_assert_ok(plait_imap_next(imap, &out));
        ck_assert_int_eq(out, i * i);
    }
    ck_assert_status(plait_imap_next(imap, &out), PLAIT_EMPTY);
    plait_imap_free(imap);
    imap = plait_imap_new(pool, pid_of, in, 3);
    ck_assert_ok(plait_imap_next(imap, &out));
    ck_assert_int_ne(out, getpid());
    plait_imap_free(imap);
    process_pool_end(pool);
}

TEST(an_unordered_imap_gives_each_result_once) {
    static bool seen[MANY];
    fill_in();
    plait_pool *pool = process_pool(2, NULL);
    plait_imap_options options = {.unordered = true, .chunk = 3};
    plait_imap *imap = plait_imap_new_with(pool, &options, square, in, MANY);
    int out = -1;
    size_t index = 0;
    for (int i = 0; i < MANY; i++) {
        ck_assert_ok(plait_imap_next(imap, &out));
        (void)plait_imap_message(imap, &index);
        ck_assert(index < MANY && !seen[index]);
        ck_assert_int_eq(out, (int)(index * index));
        seen[index] = true;
    }
    ck_assert_status(plait_imap_next(imap, &out), PLAIT_EMPTY);
    plait_imap_free(imap);
    process_pool_end(pool);
}

static bool count_to_100(void *item, void *context) {
    int *last = context;
    if (*last == 100) return false;
    *(int *)item = ++*last;
    return true;
}

TEST(an_imap_takes_items_from_a_function) {
    int last = 0, out = 0, sum = 0;
    plait_pool *pool = process_pool(2, NULL);
    plait_imap *imap = plait_imap_from(pool, square, count_to_100, &last);
    while (plait_imap_next(imap, &out) == PLAIT_OK) sum += out;
    ck_assert_int_eq(sum, 338350);
    plait_imap_free(imap);
    process_pool_end(pool);
}

TEST(an_items_failure_or_crash_is_its_own) {
    fill_in();
    plait_pool *pool = process_pool(2, NULL);
    for (size_t chunk = 0; chunk <= 40; chunk += 20) {
        plait_imap *imap = plait_imap_new_with(pool, &(plait_imap_options){.chunk = chunk}, some_fail, in,
                                               MANY);
        for (int i = 0; i < MANY; i++) {
            int out = -1;
            size_t index = 0;
            plait_status status = plait_imap_next(imap, &out);
            const char *words = plait_imap_message(imap, &index);
            ck_assert_uint_eq(index, (size_t)i);
            if (i % 100 == 7) {
                ck_assert_int_eq(status, PLAIT_USER + i);
                ck_assert(strncmp(words, "not ", 4) == 0);
            } else if (i % 100 == 50) {
                ck_assert_int_eq(status, PLAIT_CRASHED);
                ck_assert_msg(strstr(words, "killed by SIGKILL") != NULL, "%s", words);
            } else {
                ck_assert_ok(status);
                ck_assert_int_eq(out, i);
            }
        }
        plait_imap_free(imap);
    }
    process_pool_end(pool);
}

TEST(strings_of_an_imap_are_the_consumers) {
    fill_in();
    plait_pool *pool = process_pool(2, NULL);
    plait_imap *imap = plait_imap_new(pool, name_of, in, MANY);
    for (int i = 0; i < 20; i++) {
        const char *name = NULL;
        char expected[32];
        (void)snprintf(expected, sizeof expected, "number %d", i);
        ck_assert_ok(plait_imap_next(imap, &name));
        ck_assert_str_eq(name, expected);
        free((char *)(uintptr_t)name);
    }
    ck_assert_ok(plait_imap_next_sized(imap, NULL, 0, PLAIT_FOREVER)); /* nobody wants it: it is freed */
    plait_imap_free(imap);                                             /* and so are those that nobody took */
    process_pool_end(pool);
}

TEST(a_deadline_of_next_leaves_the_imap_as_it_is) {
    int seconds[3] = {30, 0, 0}, out = -1;
    plait_pool *pool = process_pool(2, NULL);
    plait_imap *imap = plait_imap_new_with(pool, &(plait_imap_options){.chunk = 1}, waits, seconds, 3);
    ck_assert_status(plait_imap_next_until(imap, &out, plait_after(0.05)), PLAIT_TIMEOUT);
    ck_assert_status(plait_imap_next_until(imap, &out, PLAIT_NOW), PLAIT_TIMEOUT);
    plait_imap_free(imap); /* asks the item that waits to stop */
    process_pool_end(pool);
}

TEST(a_closed_pool_runs_no_more_of_an_imap) {
    int out = -1;
    fill_in();
    plait_pool *pool = process_pool(1, NULL);
    plait_imap *imap = plait_imap_new(pool, square, in, MANY);
    ck_assert_ok(plait_imap_next(imap, &out));
    ck_assert_ok(plait_pool_close(pool));
    plait_status status = PLAIT_OK;
    int given = 1;
    while ((status = plait_imap_next(imap, &out)) == PLAIT_OK) given++;
    ck_assert_status(status, PLAIT_SHUTDOWN);
    while ((status = plait_imap_next(imap, &out)) == PLAIT_SHUTDOWN) given++;
    ck_assert_status(status, PLAIT_EMPTY);
    ck_assert_int_eq(given, MANY - 1);
    plait_imap_free(imap);
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

/* ---- verbs made of a submit ---- */

TEST(apply_waits_for_one_task) {
    int out = 0;
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_ok(plait_apply(pool, &out, length, "twelve bytes"));
    ck_assert_int_eq(out, 12);
    ck_assert_status(plait_apply(pool, &out, some_fail, 7), PLAIT_USER + 7);
    ck_assert_str_eq(plait_map_message(NULL), "not 7");
    ck_assert_status(plait_apply(pool, &out, some_fail, 50), PLAIT_CRASHED);
    ck_assert(strstr(plait_map_message(NULL), "killed by SIGKILL") != NULL);
    process_pool_end(pool);
}

static void hear_result(const void *result, void *context) {
    plait__store_release((int *)context, *(const int *)result);
}
static void hear_error(plait_status status, const char *message, void *context) {
    plait__store_release((int *)context, strstr(message, "SIGKILL") ? -status : -1);
}

TEST(apply_async_calls_one_of_its_callbacks) {
    static int heard;
    plait_callbacks callbacks = {hear_result, hear_error, &heard};
    plait_pool *pool = process_pool(1, NULL);
    plait_future *future = plait_apply_async(pool, &callbacks, square, 6);
    while (!plait__load_acquire(&heard)) usleep(200);
    ck_assert_int_eq(heard, 36);
    plait_future_free(future);
    heard = 0;
    future = plait_apply_async(pool, &callbacks, some_fail, 50);
    while (!plait__load_acquire(&heard)) usleep(200);
    ck_assert_int_eq(heard, -PLAIT_CRASHED);
    plait_future_free(future);
    process_pool_end(pool);
}

TEST(the_first_of_several_wins_and_the_others_are_cancelled) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[3] = {plait_submit(pool, some_fail, 50), plait_submit(pool, waits, 30),
                                plait_submit(pool, square, 9)};
    size_t which = 9;
    int out = 0;
    ck_assert_ok(plait_first(futures, 3, &out, &which));
    ck_assert_uint_eq(which, 2);
    ck_assert_int_eq(out, 81);
    for (int i = 0; i < 3; i++) plait_future_free(futures[i]);
    process_pool_end(pool);
}

/* ---- memory ---- */

static plait_status map_and_imap(void) {
    static const int numbers[] = {1, 2, 3, 4, 5};
    int out[5] = {0};
    const char *name = NULL;
    plait_pool *pool = plait_process_pool_new(1, NULL);
    if (!pool) return plait_last_error();
    plait_status status = plait_map(pool, square, numbers, out, 5);
    if (status == PLAIT_OK && out[4] != 25) status = PLAIT_FAILED;
    plait_imap *imap = plait_imap_new(pool, name_of, numbers, 5);
    if (!imap && status == PLAIT_OK) status = plait_last_error();
    plait_status next = PLAIT_EMPTY;
    while (imap && (next = plait_imap_next(imap, &name)) == PLAIT_OK) free((char *)(uintptr_t)name);
    if (status == PLAIT_OK && next != PLAIT_EMPTY) status = next;
    plait_imap_free(imap);
    plait_future *future = plait_map_async(pool, square, numbers, out, 5);
    next = plait_result(future);
    if (status == PLAIT_OK) status = next;
    plait_future_free(future);
    (void)plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST_WITHIN(maps_survive_lack_of_memory, 120) {
    fault_every(map_and_imap);
}

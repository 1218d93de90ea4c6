/* imap: lazy, in order or as they finish. */
#include "support.h"
#include "support/faults.h"

#include <pthread.h>
#include <stdio.h>

static plait_pool *shared;

PLAIT_TASK(int, square, (int, x)) {
    if (x < 0) plait_raise(PLAIT_USER - x, "%d is negative", x);
    return x * x;
}

PLAIT_TASK(double, scale, (double, x), (double, by)) {
    return x * by;
}

/* ---- input by a function ---- */

struct source {
    int next, end, calls;
    uint32_t thread;
};

static bool count(void *item, void *context) {
    struct source *source = context;
    source->calls++;
    source->thread = plait_thread_ident(plait_thread_current());
    if (source->next == source->end) return false;
    *(int *)item = source->next++;
    return true;
}

/* Takes all results, and returns how many; `seen` counts each item's. */
static int take_all(plait_imap *imap, int *seen, bool in_order) {
    int result = 0, taken = 0;
    plait_status status;
    while ((status = plait_imap_next(imap, &result)) == PLAIT_OK) {
        size_t index;
        ck_assert_str_eq(plait_imap_message(imap, &index), "");
        if (in_order) ck_assert_uint_eq(index, (size_t)taken);
        ck_assert_int_eq(result, (int)(index * index));
        seen[index]++;
        taken++;
    }
    ck_assert_int_eq(status, PLAIT_EMPTY);
    ck_assert_status(plait_imap_next(imap, &result), PLAIT_EMPTY);
    plait_imap_free(imap);
    return taken;
}

enum { MANY = 3000 };
static int numbers[MANY], seen[MANY];

static void check(plait_pool *pool, const plait_imap_options *options, int n) {
    bool in_order = !options->unordered;
    for (int i = 0; i < MANY; i++) numbers[i] = i, seen[i] = 0;
    ck_assert_int_eq(take_all(plait_imap_new_with(pool, options, square, numbers, (size_t)n), seen, in_order),
                     n);
    struct source source = {.end = n};
    ck_assert_int_eq(take_all(plait_imap_from_with(pool, options, square, count, &source), seen, in_order),
                     n);
    ck_assert_int_eq(source.calls, n + 1);
    ck_assert_uint_eq(source.thread, plait_thread_ident(plait_thread_current()));
    for (int i = 0; i < n; i++) ck_assert_int_eq(seen[i], 2);
}

TEST(every_item_gives_one_result) {
    for (int workers = 1; workers <= 3; workers++) {
        plait_pool *pool = plait_pool_new(workers);
        for (int unordered = 0; unordered < 2; unordered++)
            for (size_t chunk = 0; chunk < 4; chunk++)
                for (size_t ahead = 0; ahead < 5; ahead++) {
                    plait_imap_options options = {
                        .chunk = chunk, .read_ahead = ahead, .unordered = unordered};
                    for (int n = 0; n < 4; n++) check(pool, &options, n);
                    check(pool, &options, 100);
                }
        plait_imap_options defaults = {0}, large = {.chunk = SIZE_MAX / 8, .read_ahead = 1000};
        check(pool, &defaults, MANY);
        check(pool, &large, MANY);
        pool_end(pool);
    }
}

TEST(arrays_and_constants_mix) {
    plait_pool *pool = plait_pool_new(2);
    double xs[500], by = 3, result = 0;
    for (int i = 0; i < 500; i++) xs[i] = i;
    plait_imap *imap = plait_istarmap_new(pool, scale, 500, plait_each(xs), plait_repeat(&by));
    for (int i = 0; i < 500; i++) {
        ck_assert_ok(plait_imap_next(imap, &result));
        ck_assert_double_eq(result, 3 * i);
    }
    ck_assert_status(plait_imap_next(imap, &result), PLAIT_EMPTY);
    plait_imap_free(imap);
    pool_end(pool);
}

TEST(no_more_is_read_than_the_read_ahead) {
    plait_pool *pool = plait_pool_new(2);
    for (size_t chunk = 0; chunk < 3; chunk++)
        for (size_t ahead = 1; ahead < 9; ahead++) {
            struct source source = {.end = 200};
            plait_imap_options options = {.read_ahead = ahead, .chunk = chunk};
            plait_imap *imap = plait_imap_from_with(pool, &options, square, count, &source);
            ck_assert_int_eq(source.calls, 0);
            for (int taken = 0; taken < 200; taken++) {
                int result;
                ck_assert_ok(plait_imap_next(imap, &result));
                ck_assert_int_le(source.next, taken + (int)ahead);
            }
            plait_imap_free(imap);
        }
    pool_end(pool);
}

/* ---- failures ---- */

TEST(each_failure_comes_out_of_its_own_next) {
    for (int unordered = 0; unordered < 2; unordered++)
        for (size_t chunk = 0; chunk < 8; chunk += 3) {
            plait_pool *pool = plait_pool_new(2);
            plait_imap_options options = {.chunk = chunk, .unordered = unordered};
            for (int i = 0; i < 300; i++) numbers[i] = i % 3 == 1 ? -i : i;
            plait_imap *imap = plait_imap_new_with(pool, &options, square, numbers, 300);
            for (int i = 0; i < 300; i++) {
                int result = 7;
                size_t at;
                char words[32];
                plait_status status = plait_imap_next(imap, &result);
                const char *message = plait_imap_message(imap, &at);
                if (!unordered) ck_assert_uint_eq(at, (size_t)i);
                snprintf(words, sizeof words, "%d is negative", numbers[at]);
                ck_assert_int_eq(status, numbers[at] < 0 ? PLAIT_USER - numbers[at] : PLAIT_OK);
                ck_assert_str_eq(message, numbers[at] < 0 ? words : "");
                ck_assert_int_eq(result, numbers[at] < 0 ? 7 : numbers[at] * numbers[at]);
            }
            ck_assert_status(plait_imap_next(imap, NULL), PLAIT_EMPTY);
            plait_imap_free(imap);
            pool_end(pool);
        }
}

PLAIT_TASK(int, leave, (int, x)) {
    if (x % 10 == 3) pthread_exit(NULL);
    return x;
}

/* The workers' threads end, and others come. With a deadline the calling thread runs none. */
TEST(an_item_that_ends_its_thread_has_failed) {
    plait_pool *pool = plait_pool_new(2);
    for (int i = 0; i < 50; i++) numbers[i] = i;
    plait_imap_options options = {.chunk = 1};
    plait_imap *imap = plait_imap_new_with(pool, &options, leave, numbers, 50);
    for (int i = 0; i < 50; i++) {
        int result = -1;
        plait_status status = plait_imap_next_until(imap, &result, plait_after(1000));
        ck_assert_int_eq(status, i % 10 == 3 ? PLAIT_FAILED : PLAIT_OK);
        ck_assert_int_eq(result, i % 10 == 3 ? -1 : i);
    }
    plait_imap_free(imap);
    pool_end(pool);
}

TEST(what_makes_no_sense_is_refused) {
    plait_pool *pool = plait_pool_new(1);
    int result = 0;
    char small = 0;
    ck_assert_ptr_null(plait_imap_new((plait_pool *)NULL, square, numbers, 3));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_imap_new(pool, square, (int *)NULL, 3));
    ck_assert_ptr_null(plait_imap_from(pool, square, NULL, NULL));
    ck_assert_ptr_null(plait_imap_from(pool, scale, count, NULL));
    ck_assert_ptr_null(plait_pool_imap_from(pool, NULL, NULL, count, NULL));
    ck_assert_status(plait_imap_next((plait_imap *)NULL, &result), PLAIT_INVALID);
    plait_imap *imap = plait_imap_new(pool, square, numbers, 3);
    ck_assert_status(plait_imap_next(imap, &small), PLAIT_INVALID);
    size_t index = 0;
    ck_assert_str_eq(plait_imap_message(imap, &index), "");
    ck_assert(index == SIZE_MAX);
    ck_assert_ok(plait_imap_next(imap, NULL));
    plait_imap_free(imap);
    plait_imap_free(NULL);
    pool_end(pool);
}

/* ---- waiting ---- */

static plait_event gate;

PLAIT_TASK(int, wait_for_gate, (int, x)) {
    plait_status status = plait_event_wait(&gate);
    if (status != PLAIT_OK) plait_raise(status, NULL);
    return x;
}

TEST(next_can_be_repeated_after_its_deadline) {
    plait_pool *pool = plait_pool_new(2);
    for (int unordered = 0; unordered < 2; unordered++) {
        plait_imap_options options = {.unordered = unordered};
        int result = -1;
        size_t index = 0;
        plait_event_clear(&gate);
        for (int i = 0; i < 5; i++) numbers[i] = i;
        plait_imap *imap = plait_imap_new_with(pool, &options, wait_for_gate, numbers, 5);
        ck_assert_status(plait_imap_next_until(imap, &result, plait_after(0.002)), PLAIT_TIMEOUT);
        ck_assert_str_eq(plait_imap_message(imap, &index), "");
        ck_assert(index == SIZE_MAX);
        plait_event_set(&gate);
        for (int i = 0; i < 5; i++) ck_assert_ok(plait_imap_next_until(imap, &result, plait_after(1000)));
        ck_assert_status(plait_imap_next_until(imap, &result, PLAIT_NOW), PLAIT_EMPTY);
        plait_imap_free(imap);
    }
    pool_end(pool);
}

/* Also when cheap items have sent no helper for, it comes when somebody with a deadline waits. */
TEST(with_a_deadline_somebody_comes) {
    plait_pool *pool = plait_pool_new(1);
    for (int i = 0; i < MANY; i++) numbers[i] = i;
    plait_imap *imap = plait_imap_new(pool, square, numbers, MANY);
    for (int i = 0; i < MANY; i++) {
        int result = 0;
        ck_assert_ok(plait_imap_next_until(imap, &result, i % 7 ? plait_after(1000) : PLAIT_FOREVER));
        ck_assert_int_eq(result, i * i);
    }
    plait_imap_free(imap);
    pool_end(pool);
}

PLAIT_TASK(int, imap_inside, (int, unordered)) {
    struct source source = {.end = 50};
    plait_imap_options options = {.unordered = unordered, .chunk = 1};
    plait_imap *imap = plait_imap_from_with(shared, &options, square, count, &source);
    int result, sum = 0;
    while (plait_imap_next(imap, &result) == PLAIT_OK) sum += result;
    plait_imap_free(imap);
    return sum;
}

TEST(inside_a_task_it_never_waits_for_itself) {
    for (int workers = 1; workers <= 3; workers++) {
        shared = plait_pool_new(workers);
        int orders[] = {0, 1, 0, 1, 0, 1, 0, 1}, sums[8];
        ck_assert_ok(plait_map(shared, imap_inside, orders, sums, 8));
        for (int i = 0; i < 8; i++) ck_assert_int_eq(sums[i], 40425);
        plait_imap *imap = plait_imap_new(shared, imap_inside, orders, 8);
        for (int i = 0; i < 8; i++) {
            ck_assert_ok(plait_imap_next(imap, &sums[0]));
            ck_assert_int_eq(sums[0], 40425);
        }
        plait_imap_free(imap);
        pool_end(shared);
    }
}

TEST(a_closed_pool_only_does_not_help) {
    for (int discard = 0; discard < 2; discard++) {
        plait_pool *pool = plait_pool_new(1);
        plait_future *busy = plait_submit(pool, wait_for_gate,
                                          1); /* the helper of this imap will never begin */
        for (int i = 0; i < 20; i++) numbers[i] = i;
        plait_imap_options options = {.unordered = true, .chunk = 1};
        plait_imap *imap = plait_imap_new_with(pool, &options, square, numbers, 20);
        ck_assert_status(plait_imap_next_until(imap, NULL, PLAIT_NOW), PLAIT_TIMEOUT);
        ck_assert_ok(plait_pool_shutdown(pool, false, discard));
        if (!discard) plait_event_set(&gate);
        ck_assert_int_eq(take_all(imap, seen, false), 20);
        plait_event_set(&gate);
        plait_future_free(busy);
        ck_assert_ok(plait_pool_join(pool));
        plait_pool_free(pool);
        plait_event_clear(&gate);
    }
}

/* But for the first they take until the cancel: else helpers could be through with all of them before. */
PLAIT_TASK(int, square_late, (int, x)) {
    while (x && !plait_cancelled()) sched_yield();
    return x * x;
}

TEST(a_cancelled_imap_gives_what_was_not_run_as_cancelled) {
    enum { WORKERS = 2 };
    plait_pool *pool = plait_pool_new(WORKERS);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    for (int i = 0; i < 20; i++) numbers[i] = i;
    plait_imap_options options = {.chunk = 1};
    plait_imap *imap = plait_imap_new_with(pool, &options, square_late, numbers, 20);
    plait_token_leave(before);
    int result = 0;
    ck_assert_ok(plait_imap_next(imap, &result));
    plait_cancel(token);
    int given = 1, cancelled = 0;
    plait_status status;
    while ((status = plait_imap_next(imap, &result)) != PLAIT_EMPTY) {
        ck_assert(status == PLAIT_OK || status == PLAIT_CANCELLED);
        cancelled += status == PLAIT_CANCELLED;
        given++;
    }
    ck_assert_int_eq(given, 20);
    ck_assert_int_ge(cancelled, 19 - WORKERS);
    plait_imap_free(imap);
    plait_token_free(token);
    pool_end(pool);
}

/* ---- freed early ---- */

static int made, destroyed, running;

static char things[30];

PLAIT_TASK(char *, make, (int, x)) {
    plait__add(&running, 1);
    if (x == 5)
        plait_raise(PLAIT_USER, "five");
    else
        plait__add(&made, 1);
    plait__add(&running, -1);
    return &things[x];
}

static void destroy(void *result, void *context) {
    ck_assert_ptr_eq(context, &destroyed);
    ck_assert_ptr_nonnull(*(char **)result);
    destroyed++;
}

TEST(nothing_is_lost_when_it_is_freed_early) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    for (int unordered = 0; unordered < 2; unordered++)
        for (size_t chunk = 0; chunk < 6; chunk += 2)
            for (int take = 0; take < 12; take++) {
                plait_pool *pool = plait_pool_new(2);
                struct source source = {.end = 30};
                made = destroyed = told.count = 0;
                plait_imap_options options = {.unordered = unordered,
                                              .chunk = chunk,
                                              .read_ahead = 10,
                                              .destroy = destroy,
                                              .context = &destroyed};
                plait_imap *imap = plait_imap_from_with(pool, &options, make, count, &source);
                int failed = 0, kept = 0;
                for (int i = 0; i < take; i++) {
                    char *result;
                    plait_status status = plait_imap_next(imap, i == 1 ? NULL : &result);
                    failed += status != PLAIT_OK;
                    kept += status == PLAIT_OK && i != 1;
                }
                plait_imap_free(imap);
                ck_assert_int_eq(plait__load(&running), 0);
                ck_assert_int_eq(made, kept + destroyed);
                ck_assert_int_le(told.count + failed, 1);
                if (told.count) ck_assert_str_eq(told.message, "five");
                pool_end(pool);
            }
}

TEST(freeing_waits_for_what_runs_and_forgets_what_does_not) {
    plait_pool *pool = plait_pool_new(2);
    plait_token *token = plait_token_new(NULL, plait_after(0.01));
    plait_token *before = plait_token_enter(token);
    struct source source = {.end = 1000};
    plait_imap *imap = plait_imap_from(pool, wait_for_gate, count, &source);
    plait_token_leave(before);
    ck_assert_int_ne(plait_imap_next_until(imap, NULL, PLAIT_NOW), PLAIT_OK);
    plait_imap_free(imap); /* until the token's deadline ends the waits of those that run */
    plait_token_free(token);
    ck_assert_int_lt(source.next, 1000);
    pool_end(pool);
}

/* ---- lack of memory ---- */

static plait_status imap_some(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    struct source source = {.end = 40};
    plait_status status = PLAIT_OK;
    for (int unordered = 0; unordered < 2 && status == PLAIT_OK; unordered++) {
        plait_imap_options options = {.unordered = unordered, .chunk = 1};
        source.next = 0;
        plait_imap *imap = plait_imap_from_with(pool, &options, square, count, &source);
        if (!imap) status = plait_last_error();
        int result, taken = 0;
        while (imap && (status = plait_imap_next(imap, &result)) == PLAIT_OK) taken++;
        if (imap) status = taken == 40 && status == PLAIT_EMPTY ? PLAIT_OK : PLAIT_FAILED;
        plait_imap_free(imap);
    }
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST(imap_survives_lack_of_memory) {
    ck_assert_int_gt(fault_every(imap_some), 4);
}

/* ---- when nobody can come ---- */

static plait_pool *full_pool(plait_pool_full when_full) {
    plait_pool *full = plait_pool_new_with(
        &(plait_pool_options){.max_workers = 1, .max_pending = 1, .when_full = when_full});
    ck_assert_ok(plait_post(full, wait_for_gate, 1));
    wait_until_asleep_in("event", 1);
    ck_assert_ok(plait_post(full, wait_for_gate, 1));
    return full;
}

/* It is not waited for, and the results come all the same. */
TEST(a_full_pool_only_does_not_help) {
    for (int kind = PLAIT_POOL_BLOCK; kind <= PLAIT_POOL_CALLER_RUNS; kind++) {
        plait_pool *pool = full_pool((plait_pool_full)kind);
        for (int unordered = 0; unordered < 2; unordered++) {
            plait_imap_options options = {.unordered = unordered};
            check(pool, &options, 100);
        }
        plait_event_set(&gate);
        pool_end(pool);
        plait_event_clear(&gate);
    }
}

/* Else the deadline would pass again and again. */
TEST(with_a_deadline_too_if_nobody_can_come) {
    for (int kind = PLAIT_POOL_BLOCK; kind <= PLAIT_POOL_CALLER_RUNS + 1; kind++) {
        bool closed = kind > PLAIT_POOL_CALLER_RUNS;
        plait_pool *pool = closed ? plait_pool_new(1) : full_pool((plait_pool_full)kind);
        if (closed) ck_assert_ok(plait_pool_close(pool));
        for (int unordered = 0; unordered < 2; unordered++) {
            plait_imap_options options = {.unordered = unordered};
            for (int i = 0; i < 20; i++) numbers[i] = 3;
            plait_imap *imap = plait_imap_new_with(pool, &options, square, numbers, 20);
            int result = 0;
            for (int i = 0; i < 20; i++) {
                ck_assert_ok(plait_imap_next_until(imap, &result, plait_after(1000)));
                ck_assert_int_eq(result, 9);
            }
            ck_assert_status(plait_imap_next_until(imap, &result, plait_after(1000)), PLAIT_EMPTY);
            plait_imap_free(imap);
        }
        plait_event_set(&gate);
        pool_end(pool);
        plait_event_clear(&gate);
    }
}

/* Maps and imaps from several threads at once in one pool of processes, with crashes, cancels and deadlines at random:
 * each item ends in just one way, with the right result. */
#include "process/pool_support.h"
#include "support/stress.h"

#include <signal.h>
#include <stdio.h>

enum { MOST = 400 };

PLAIT_TASK(int, may_crash, (int, x), (int, every)) {
    if (every && x % every == every - 1) raise(SIGKILL);
    if (x % 11 == 5) (void)plait_raise(PLAIT_USER + x, "not %d", x);
    return x + 1;
}
PLAIT_TASK(const char *, in_words, (int, x), (const char *, unit)) {
    static char words[64];
    (void)snprintf(words, sizeof words, "%d %s", x, unit);
    return words;
}

static int numbers[MOST], wrong;
static plait_pool *pool;

/* Told here, asserted in the test's first thread. */
static void found_wrong(const char *what, size_t item, plait_status status) {
    printf("# %s: item %zu is wrong: %s\n", what, item, plait_status_name(status));
    plait__add(&wrong, 1);
}

/* What may have become of an item: `every` as above. */
static bool is_right(int x, int every, plait_status status, int out) {
    if (status == PLAIT_CANCELLED || status == PLAIT_TIMEOUT) return true; /* left out */
    if (every && x % every == every - 1) return status == PLAIT_CRASHED && out == 0;
    if (x % 11 == 5) return status == PLAIT_USER + x && out == 0;
    return status == PLAIT_OK && out == x + 1;
}

static void check_map(struct stress_random *random) {
    int out[MOST], every = stress_random_below(random, 8) ? 0 : 50 + (int)stress_random_below(random, 100);
    plait_status statuses[MOST];
    size_t count = 1 + stress_random_below(random, MOST);
    plait_map_options options = {
        .chunk = stress_random_below(random, 3) ? 0 : 1 + stress_random_below(random, 40),
        .statuses = statuses};
    if (!stress_random_below(random, 6))
        options.deadline = plait_after(0.0001 * (double)stress_random_below(random, 20));
    memset(out, 0x55, sizeof out);
    if (stress_random_below(random, 2)) {
        plait_future *future = plait_starmap_async_with(pool, &options, may_crash, out, count,
                                                        plait_each(numbers), plait_repeat(&every));
        if (!stress_random_below(random, 3)) (void)plait_future_cancel(future);
        (void)plait_result(future);
        plait_future_free(future);
    } else {
        (void)plait_starmap_with(pool, &options, may_crash, out, count, plait_each(numbers),
                                 plait_repeat(&every));
    }
    for (size_t i = 0; i < count; i++)
        if (!is_right((int)i, every, statuses[i], out[i])) found_wrong("map", i, statuses[i]);
}

static void check_imap(struct stress_random *random) {
    const char *unit = "apples", *out = NULL;
    size_t count = 1 + stress_random_below(random, MOST),
           wanted = stress_random_below(random, (uint32_t)count + 1), index = 0;
    plait_imap_options options = {.chunk = stress_random_below(random, 20),
                                  .unordered = stress_random_below(random, 2)};
    plait_imap *imap = plait_istarmap_new_with(pool, &options, in_words, count, plait_each(numbers),
                                               plait_repeat(&unit));
    while (imap && wanted--) {
        char expected[64];
        plait_status status = plait_imap_next(imap, &out);
        (void)plait_imap_message(imap, &index);
        (void)snprintf(expected, sizeof expected, "%d apples", (int)index);
        if (status != PLAIT_OK || strcmp(out, expected) != 0) found_wrong("imap", index, status);
        if (status == PLAIT_OK) free((char *)(uintptr_t)out);
    }
    plait_imap_free(imap);
}

PLAIT_TASK(void, work, (unsigned, stream)) {
    struct stress_random random = stress_random_stream(stream);
    while (stress_goes_on()) {
        if (stress_random_below(&random, 2))
            check_map(&random);
        else
            check_imap(&random);
    }
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(many_maps_share_a_pool_with_crashes_and_cancels) {
    enum { THREADS = 3 };
    plait_thread *threads[THREADS];
    for (int i = 0; i < MOST; i++) numbers[i] = i;
    plait_excepthook_set(ignore, NULL);
    pool = process_pool(2, NULL);
    for (unsigned i = 0; i < THREADS; i++) threads[i] = plait_start(work, i);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    ck_assert_int_eq(wrong, 0);
    process_pool_end(pool);
}

/* Many imaps at once on one small pool: random options, random deadlines, freed at random points; each item
 * is run at most once, each result is given out or destroyed exactly once. */
#include "support.h"
#include "support/stress.h"

static plait_pool *pool;
static int made, ended, odd;

PLAIT_TASK(int, note, (int, x)) {
    if (x % 64 == 9) plait_sleep(1e-5);
    if (x % 32 == 5)
        plait_raise(PLAIT_USER, NULL);
    else
        plait__add(&made, 1);
    return x + 1;
}

static void destroy(void *result, void *context) {
    (void)context;
    plait__add(*(int *)result > 0 ? &ended : &odd, 1);
}

static bool count(void *item, void *context) {
    int *next = context;
    if (*next == 200) return false;
    *(int *)item = (*next)++;
    return true;
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

static void go_through(struct stress_random *random) {
    int next = 0, most = (int)stress_random_below(random, 220);
    plait_imap_options options = {.chunk = stress_random_below(random, 5),
                                  .read_ahead = stress_random_below(random, 20),
                                  .unordered = stress_random_below(random, 2) == 0,
                                  .destroy = destroy};
    plait_imap *imap = plait_imap_from_with(pool, &options, note, count, &next);
    for (int i = 0; i < most; i++) {
        int result = 0;
        bool hurry = stress_random_below(random, 4) == 0;
        plait_deadline deadline = hurry ? plait_after(1e-6 * (double)stress_random_below(random, 40))
                                        : PLAIT_FOREVER;
        plait_status status = plait_imap_next_until(imap, &result, deadline);
        if (status == PLAIT_EMPTY) break;
        if (status == PLAIT_OK) plait__add(result > 0 ? &ended : &odd, 1);
    }
    plait_imap_free(imap);
}

PLAIT_TASK(int, inside, (unsigned, stream)) {
    struct stress_random random = stress_random_stream(stream);
    go_through(&random);
    return 1;
}

PLAIT_TASK(void, consume, (unsigned, stream)) {
    struct stress_random random = stress_random_stream(stream);
    while (stress_goes_on()) {
        int done = 1;
        plait_future *future = stress_random_below(&random, 3) ? NULL
                                                               : plait_submit(pool, inside, stream + 100);
        go_through(&random);
        if (future && plait_result(future, &done) != PLAIT_OK) plait__add(&odd, 1);
        plait_future_free(future);
    }
}

TEST(many_imaps_share_a_pool) {
    enum { MOST = 64 };
    plait_excepthook_set(ignore, NULL);
    pool = plait_pool_new(2);
    int count = stress_threads(4);
    if (count > MOST) count = MOST;
    plait_thread *threads[MOST];
    for (int i = 0; i < count; i++) threads[i] = plait_start(consume, (unsigned)i);
    for (int i = 0; i < count; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    pool_end(pool);
    ck_assert_int_eq(odd, 0);
    ck_assert_int_gt(made, 0);
    ck_assert_int_eq(made, ended);
}

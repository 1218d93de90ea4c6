/* Everything at once: threads submit, post, map, race, cancel, wait and let go at random, from outside and
 * from inside tasks, while pools are closed under them. Kept count of: each task that was accepted ran
 * exactly once or was cancelled, each callback came exactly once, each result nobody took was destroyed,
 * and nothing hangs. */
#include "support.h"
#include "support/stress.h"

enum { SUBMITTERS = 4, OUTSTANDING = 16 };

static struct {
    uint64_t ran, cancelled, refused, submitted, posted;
    uint64_t callbacks_added, callbacks_called;
    uint64_t results_left, results_destroyed;
    uint64_t odd;
} books;

static plait_pool *pool;

static void tick(uint64_t *counter) {
    plait__add_relaxed(counter, 1);
}

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

static void destroy(void *result, void *context) {
    (void)result;
    (void)context;
    tick(&books.results_destroyed);
}

static void called(plait_future *future, void *context) {
    (void)context;
    if (!plait_future_done(future)) tick(&books.odd);
    tick(&books.callbacks_called);
}

static plait_future *submit(uint32_t what, int depth);
static void settle(plait_future *future, uint32_t how);

static void nest(uint32_t what, int depth) {
    plait_future *futures[3];
    for (uint32_t i = 0; i < 3; i++) futures[i] = submit(what >> (i + 3), depth - 1);
    for (uint32_t i = 0; i < 3; i++) settle(futures[i], what >> (2 * i));
}

static void map_some(uint32_t what) {
    int in[100], out[100], n = (int)(what % 100);
    for (int i = 0; i < n; i++) in[i] = i + (int)(what % 7);
    plait_status status = plait_map(pool, square, in, out, (size_t)n);
    if (status == PLAIT_CANCELLED || status == PLAIT_SHUTDOWN) return;
    if (status != PLAIT_OK) tick(&books.odd);
    for (int i = 0; i < n; i++)
        if (out[i] != in[i] * in[i]) tick(&books.odd);
}

PLAIT_TASK(long, body, (uint32_t, what), (int, depth)) {
    tick(&books.ran);
    switch (what % 8) {
    case 0:
        (void)plait_sleep((what >> 8) % 200 * 1e-6);
        break;
    case 1:
        if (depth > 0) nest(what, depth);
        break;
    case 2:
        map_some(what >> 8);
        break;
    case 3:
        plait_raise(PLAIT_USER + (int)(what % 5), "task %u", what);
        return 0;
    default:
        break;
    }
    return (long)what;
}

static plait_future *submit(uint32_t what, int depth) {
    plait_future *future = plait_submit(pool, body, what, depth);
    if (plait_future_done(future) && plait_result(future) == PLAIT_SHUTDOWN) {
        tick(&books.refused);
        plait_future_free(future);
        return NULL;
    }
    tick(&books.submitted);
    (void)plait_future_set_destroy(future, destroy, NULL);
    return future;
}

/* Waits for it and keeps the books. */
static void await(plait_future *future) {
    long result = 0;
    plait_shield_enter();
    plait_status status = plait_result(future, &result);
    plait_shield_leave();
    if (status == PLAIT_CANCELLED)
        tick(&books.cancelled);
    else if (status != PLAIT_OK && status < PLAIT_USER)
        tick(&books.odd);
    plait_future_free(future);
}

/* For a future whose handle has been let go. */
static void ended(plait_future *future, void *context) {
    (void)context;
    if (plait_future_cancelled(future))
        tick(&books.cancelled);
    else if (plait_result(future) == PLAIT_OK)
        tick(&books.results_left);
}

static void settle(plait_future *future, uint32_t how) {
    if (!future) return;
    if (how & 1) {
        tick(&books.callbacks_added);
        if (plait_future_add_done_callback(future, called, NULL) != PLAIT_OK) tick(&books.odd);
    }
    if (how & 2) plait_future_cancel(future);
    if (how & 4 && plait_result_until(future, NULL, plait_after((how >> 3) % 300 * 1e-6)) == PLAIT_INVALID)
        tick(&books.odd);
    if (how & 8) {
        await(future);
    } else {
        if (plait_future_add_done_callback(future, ended, NULL) != PLAIT_OK) tick(&books.odd);
        plait_future_free(future);
    }
}

PLAIT_TASK(void, submitter, (unsigned, index)) {
    struct stress_random random = stress_random_stream(10 + index);
    plait_future *waiting[OUTSTANDING] = {NULL};
    for (int i = 0; i < 400; i++) {
        uint32_t what = stress_random_below(&random, UINT32_MAX);
        plait_future **slot = &waiting[what % OUTSTANDING];
        settle(*slot, what >> 5);
        *slot = submit(what, 3);
        if (what % 16 == 3) map_some(what >> 4);
        if (what % 32 == 5) {
            if (plait_post(pool, body, what, 2) == PLAIT_OK) tick(&books.posted);
        }
    }
    for (int i = 0; i < OUTSTANDING; i++) settle(waiting[i], (uint32_t)i);
}

static void ignore(const plait_failure *failure, void *context) {
    (void)context;
    if (failure->status < PLAIT_USER) tick(&books.odd);
}

/* The pool's own books must be right, too: each task has ended in exactly one way. */
static void look_at_counters(void) {
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_eq(counters.submitted, books.submitted + books.posted);
    ck_assert_uint_eq(counters.done + counters.failed + counters.cancelled, counters.submitted);
    ck_assert_uint_eq(counters.queued + counters.running, 0);
    ck_assert_uint_eq(counters.workers, 0);
}

static void play(struct stress_random *random) {
    memset(&books, 0, sizeof books);
    pool = plait_pool_new_with(
        &(plait_pool_options){.max_workers = 1 + (int)stress_random_below(random, 6),
                              .idle_time = stress_random_below(random, 2) * 1e-4,
                              .order = (plait_pool_order)(stress_random_below(random, 6) % 4 % 3)});
    bool discard = false;
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *outer = plait_token_enter(token);
    plait_thread *threads[SUBMITTERS];
    for (unsigned i = 0; i < SUBMITTERS; i++) threads[i] = plait_start(submitter, i);
    plait_token_leave(outer);
    for (int i = (int)stress_random_below(random, 6); i > 0; i--) {
        (void)plait_sleep(stress_random_below(random, 2000) * 1e-6);
        ck_assert_ok(plait_pool_resize(pool, 0, 1 + (int)stress_random_below(random, 6)));
    }
    if (stress_random_below(random, 3) == 0) {
        (void)plait_sleep(stress_random_below(random, 20000) * 1e-6);
        plait_cancel(token);
    }
    if (stress_random_below(random, 3) == 0) {
        (void)plait_sleep(stress_random_below(random, 20000) * 1e-6);
        discard = stress_random_below(random, 2);
        ck_assert_ok(plait_pool_shutdown(pool, false, discard));
    }
    for (int i = 0; i < SUBMITTERS; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    ck_assert_ok(plait_pool_shutdown(pool, true, false));
    look_at_counters();
    plait_pool_free(pool);
    plait_token_free(token);
    ck_assert_uint_eq(books.odd, 0);
    ck_assert_uint_eq(books.callbacks_added, books.callbacks_called);
    ck_assert_uint_eq(books.results_left, books.results_destroyed);
    uint64_t settled = books.ran + books.cancelled;
    if (discard) /* posts that were thrown away have left no trace */
        ck_assert(settled >= books.submitted && settled <= books.submitted + books.posted);
    else
        ck_assert_uint_eq(settled, books.submitted + books.posted);
}

TEST(every_task_runs_once_or_is_cancelled) {
    struct stress_random random = stress_random_stream(0);
    plait_excepthook_set(ignore, NULL);
    do {
        play(&random);
    } while (stress_goes_on());
}

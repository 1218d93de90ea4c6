/* apply, apply_async, and maps that nobody waits for. */
#include "support.h"
#include "support/faults.h"

PLAIT_TASK(int, add, (int, a), (int, b)) {
    return a + b;
}

PLAIT_TASK(int, fails, (const char *, why)) {
    plait_raise(PLAIT_USER, "%s", why);
    return 1;
}

static uint32_t ran_on;

PLAIT_TASK(void, note_thread) {
    ran_on = plait_thread_ident(plait_thread_current());
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    ++*(int *)context;
}

TEST(apply_returns_what_the_task_returns) {
    plait_pool *pool = plait_pool_new(1);
    int sum = 0, unread = 0;
    plait_excepthook_set(ignore, &unread);
    ck_assert_ok(plait_apply(pool, &sum, add, 2, .b = 3));
    ck_assert_int_eq(sum, 5);
    ck_assert_ok(plait_apply(pool, NULL, add, 2, 3));
    ck_assert_str_eq(plait_map_message(NULL), "");
    ck_assert_status(plait_apply(pool, &sum, fails, "a reason"), PLAIT_USER);
    ck_assert_str_eq(plait_map_message(NULL), "a reason");
    ck_assert_int_eq(sum, 5);
    ck_assert_ok(plait_apply(pool, NULL, note_thread));
    ck_assert_uint_ne(ran_on, plait_thread_ident(plait_thread_current()));
    ck_assert_status(plait_apply((plait_pool *)NULL, &sum, add, 1, 1), PLAIT_INVALID);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_status(plait_apply(pool, &sum, add, 1, 1), PLAIT_SHUTDOWN);
    ck_assert_str_eq(plait_map_message(NULL), plait_status_text(PLAIT_SHUTDOWN));
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
    ck_assert_int_eq(unread, 0);
}

static plait_pool *shared;
static plait_event never;

PLAIT_TASK(int, apply_inside, (int, x)) {
    int sum = 0;
    return plait_apply(shared, &sum, add, x, 1) == PLAIT_OK ? sum : -1;
}

TEST(apply_inside_a_task_never_waits_for_itself) {
    shared = plait_pool_new(1);
    int sum = 0;
    ck_assert_ok(plait_apply(shared, &sum, apply_inside, 4));
    ck_assert_int_eq(sum, 5);
    pool_end(shared);
}

static int ended;

PLAIT_TASK(void, wait_for_ever) {
    (void)plait_event_wait(&never);
    plait__store(&ended, 1);
}

/* Its arguments may be gone after the call, so the task must be as well. */
TEST(an_apply_that_is_cancelled_leaves_nothing_running) {
    plait_pool *pool = plait_pool_new(1);
    plait_token *token = plait_token_new(NULL, plait_after(0.005));
    plait_token *before = plait_token_enter(token);
    plait_status status = plait_apply(pool, NULL, wait_for_ever);
    ck_assert(status == PLAIT_CANCELLED || status == PLAIT_OK);
    plait_token_leave(before);
    plait_token_free(token);
    wait_until_asleep_in("pool.idle", 1);
    pool_end(pool);
}

/* ---- callbacks ---- */

static struct {
    int results, errors, result;
    plait_status status;
    char message[64];
} heard;

static void hear_result(const void *result, void *context) {
    ck_assert_ptr_eq(context, &heard);
    heard.results++;
    heard.result = *(const int *)result;
}

static void hear_error(plait_status status, const char *message, void *context) {
    ck_assert_ptr_eq(context, &heard);
    heard.errors++;
    heard.status = status;
    strncpy(heard.message, message, sizeof heard.message - 1);
}

static const plait_callbacks callbacks = {hear_result, hear_error, &heard};

/* A callback may come a moment after the result. */
static void end_of(plait_pool *pool, plait_future *future) {
    plait_future_free(future);
    pool_end(pool);
}

TEST(a_result_goes_to_the_result_callback) {
    plait_pool *pool = plait_pool_new(1);
    end_of(pool, plait_apply_async(pool, &callbacks, add, 20, 22));
    ck_assert_int_eq(heard.results, 1);
    ck_assert_int_eq(heard.errors, 0);
    ck_assert_int_eq(heard.result, 42);
}

TEST(a_failure_goes_to_the_error_callback) {
    int unread = 0;
    plait_excepthook_set(ignore, &unread);
    plait_pool *pool = plait_pool_new(1);
    end_of(pool, plait_apply_async(pool, &callbacks, fails, "no luck"));
    ck_assert_int_eq(heard.results, 0);
    ck_assert_int_eq(heard.errors, 1);
    ck_assert_int_eq(heard.status, PLAIT_USER);
    ck_assert_str_eq(heard.message, "no luck");
    ck_assert_int_eq(unread, 0);
}

TEST(a_refusal_goes_to_the_error_callback) {
    plait_pool *pool = plait_pool_new(1);
    ck_assert_ok(plait_pool_close(pool));
    plait_future *future = plait_apply_async(pool, &callbacks, add, 1, 1);
    ck_assert_status(plait_result(future), PLAIT_SHUTDOWN);
    ck_assert_int_eq(heard.errors, 1);
    plait_future_free(future);
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

TEST(callbacks_may_be_left_out) {
    int unread = 0;
    plait_excepthook_set(ignore, &unread);
    plait_pool *pool = plait_pool_new(1);
    plait_callbacks none = {0};
    plait_future *one = plait_apply_async(pool, NULL, add, 1, 1),
                 *other = plait_apply_async(pool, &none, fails, "x");
    ck_assert_ok(plait_result(one));
    plait_future_free(one);
    end_of(pool, other);
    ck_assert_int_eq(unread, 1);
}

/* ---- maps that nobody waits for ---- */

enum { MANY = 5000 };
static int in[MANY], out[MANY];

PLAIT_TASK(int, square, (int, x)) {
    if (x == -1) plait_raise(PLAIT_USER, "negative");
    return x * x;
}

TEST(a_map_is_done_when_its_future_is) {
    for (int workers = 1; workers <= 3; workers++) {
        plait_pool *pool = plait_pool_new(workers);
        for (int i = 0; i < MANY; i++) in[i] = i, out[i] = -1;
        plait_future *future = plait_map_async(pool, square, in, out, MANY);
        ck_assert_ok(plait_result(future));
        for (int i = 0; i < MANY; i++) ck_assert_int_eq(out[i], i * i);
        plait_future_free(future);
        int by = 3;
        plait_map_options options = {.chunk = 7};
        future = plait_starmap_async_with(pool, &options, add, out, MANY, plait_each(in), plait_repeat(&by));
        ck_assert_ok(plait_result(future));
        for (int i = 0; i < MANY; i++) ck_assert_int_eq(out[i], i + 3);
        plait_future_free(future);
        pool_end(pool);
    }
}

TEST(a_failure_of_a_map_reaches_its_future) {
    plait_pool *pool = plait_pool_new(2);
    for (int i = 0; i < MANY; i++) in[i] = i == 77 ? -1 : i;
    plait_future *future = plait_map_async(pool, square, in, out, MANY);
    ck_assert_status(plait_result(future), PLAIT_USER);
    ck_assert_str_eq(plait_future_message(future), "negative");
    plait_future_free(future);
    future = plait_map_async(pool, square, (int *)NULL, out, MANY);
    ck_assert_status(plait_result(future), PLAIT_INVALID);
    plait_future_free(future);
    pool_end(pool);
}

PLAIT_TASK(int, block, (int, x)) {
    (void)plait_event_wait(&never);
    return x;
}

TEST(cancelling_the_future_cancels_the_map) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_map_async(pool, block, in, out, MANY);
    wait_until_asleep_in("event", 2);
    ck_assert(plait_future_cancel(future));
    ck_assert_status(plait_result(future), PLAIT_CANCELLED);
    plait_future_free(future);
    pool_end(pool);
}

/* ---- lack of memory ---- */

static plait_status use_all(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    int sum = 3, numbers[4] = {1, 2, 3, 4}, squares[4] = {0};
    plait_status status = plait_apply(pool, &sum, add, 1, 2);
    if (sum != 3) status = PLAIT_FAILED;
    heard.results = heard.errors = 0;
    plait_future *future = plait_apply_async(pool, &callbacks, add, 4, 4);
    plait_status later = plait_result(future);
    if (status == PLAIT_OK && later != PLAIT_CANCELLED) status = later;
    plait_future_free(future);
    future = plait_map_async(pool, square, numbers, squares, 4);
    later = plait_result(future);
    if (status == PLAIT_OK) status = later;
    plait_future_free(future);
    plait_map_options options = {.deadline = plait_after(1000)};
    later = plait_map_with(pool, &options, square, numbers, squares, 4);
    if (status == PLAIT_OK) status = later;
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

static void forget(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(they_survive_lack_of_memory) {
    plait_excepthook_set(forget, NULL);
    ck_assert_int_gt(fault_every(use_all), 6);
}

/* Lack of memory: a failed future or a status, nothing lost, no leak, no hang. */
#include "support.h"
#include "support/faults.h"

#include <stdlib.h>

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

static void nothing(plait_future *future, void *context) {
    (void)future;
    (void)context;
}

static plait_status submit_and_wait(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    plait_future *future = plait_submit(pool, square, 3);
    int nine = 9;
    plait_status status = plait_result(future, &nine);
    if (nine != 9) status = PLAIT_FAILED;
    if (status == PLAIT_OK) status = plait_future_add_done_callback(future, nothing, NULL);
    plait_future_free(future);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST(submit_survives_lack_of_memory) {
    fault_every(submit_and_wait);
}

static plait_status post_and_wait(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    plait_status status = plait_post(pool, square, 3);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(post_survives_lack_of_memory) {
    plait_excepthook_set(ignore, NULL);
    fault_every(post_and_wait);
}

static plait_status map_some(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    int in[10], out[10];
    for (int i = 0; i < 10; i++) in[i] = i;
    plait_status status = plait_map(pool, square, in, out, 10);
    for (int i = 0; i < 10; i++)
        if (status == PLAIT_OK && out[i] != i * i) status = PLAIT_FAILED;
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST(map_survives_lack_of_memory) {
    fault_every(map_some);
}

static void forget(void *result, void *context) {
    (void)result;
    (void)context;
}

static plait_status keep_a_result(void) {
    plait_future *future = plait_future_new(0);
    if (!future) return plait_last_error();
    plait_status status = plait_future_set_destroy(future, forget, NULL);
    plait_future_free(future);
    return status;
}

TEST(what_becomes_of_a_result_survives_lack_of_memory) {
    fault_every(keep_a_result);
}

/* The second worker of a pool cannot be started. While that is tried the first one becomes idle, and another
 * task comes. */
static struct {
    plait_pool *pool;
    plait_future *first;
    plait_event begun, go, last_has_run;
    bool armed; /* the next allocation but one of the first thread is the second worker */
    int left;
} short_of_one;

PLAIT_TASK(void, wait_to_go) {
    plait_event_set(&short_of_one.begun);
    (void)plait_event_wait(&short_of_one.go);
}

PLAIT_TASK(void, be_last) {
    plait_event_set(&short_of_one.last_has_run);
}

static void *fail_the_second_worker(size_t size, void *context) {
    (void)context;
    if (!short_of_one.armed || --short_of_one.left) return malloc(size);
    short_of_one.armed = false;
    plait_event_set(&short_of_one.go);
    (void)plait_result(short_of_one.first);
    wait_until_asleep_in("pool.idle", 1);
    (void)plait_post(short_of_one.pool, be_last); /* left to the worker that is being started */
    return NULL;
}

static void give_back(void *memory, void *context) {
    (void)context;
    free(memory);
}

TEST(an_idle_worker_goes_where_none_can_be_started) {
    plait_allocator allocator = {fail_the_second_worker, give_back, NULL};
    ck_assert_ok(plait_set_allocator(&allocator));
    short_of_one.pool = plait_pool_new(2);
    short_of_one.first = plait_submit(short_of_one.pool, wait_to_go);
    ck_assert_ok(plait_event_wait(&short_of_one.begun));
    short_of_one.left = 2; /* the future, the worker */
    short_of_one.armed = true;
    plait_future *second = plait_submit(short_of_one.pool, square, 3);
    ck_assert_ok(plait_event_wait(&short_of_one.last_has_run));
    ck_assert_ok(plait_result(second));
    plait_future_free(second);
    plait_future_free(short_of_one.first);
    pool_end(short_of_one.pool);
}

static plait_status keep_a_promise(void) {
    plait_future *future = plait_future_of(int);
    if (!future) return plait_last_error();
    plait_status status = plait_future_add_done_callback(future, nothing, NULL);
    plait_future_set_error(future, PLAIT_USER, "for %s", "fun");
    if (plait_result(future) != PLAIT_USER) status = PLAIT_FAILED;
    plait_future_free(future);
    return status;
}

TEST(promises_survive_lack_of_memory) {
    fault_every(keep_a_promise);
}

static plait_status first_of_many(void) {
    enum { MANY = 20 };
    plait_future *futures[MANY] = {0};
    plait_status status = PLAIT_OK;
    int made = 0, got = 0;
    for (; made < MANY && status == PLAIT_OK; made++) {
        futures[made] = plait_future_of(int);
        if (!futures[made]) {
            status = plait_last_error();
            break;
        }
    }
    if (status == PLAIT_OK) {
        plait_future_set_result(futures[MANY / 2], &(int){1});
        status = plait_first(futures, MANY, &got, NULL);
        if (status == PLAIT_OK && got != 1) status = PLAIT_FAILED;
    }
    for (int i = 0; i < made; i++) plait_future_free(futures[i]);
    return status;
}

TEST(first_survives_lack_of_memory) {
    fault_every(first_of_many);
}

/* Inside a task: without memory to look out for winners it is only slower. */
PLAIT_TASK(int, race_inside, (plait_pool *, pool)) {
    plait_future *futures[] = {plait_submit(pool, square, 2), plait_submit(pool, square, 2)};
    int got = 0;
    plait_status status = plait_first(futures, 2, &got, NULL);
    if (status != PLAIT_OK) plait_raise(status, NULL);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    return got;
}

static plait_status first_inside_a_task(void) {
    plait_pool *pool = plait_pool_new(1);
    if (!pool) return plait_last_error();
    plait_future *future = plait_submit(pool, race_inside, pool);
    int four = 4;
    plait_status status = plait_result(future, &four);
    if (four != 4) status = PLAIT_FAILED;
    plait_future_free(future);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST(first_inside_a_task_survives_lack_of_memory) {
    ck_assert_int_gt(fault_every(first_inside_a_task), 5);
}

/* Once the worker is there, handing over a task allocates its future and nothing else. */
TEST(a_submit_allocates_once) {
    fault_install();
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, square, 3);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    future = plait_submit(pool, square, 3); /* the worker has a token by now */
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    wait_until_asleep_in("pool.idle", 1);
    fault_arm(2);
    future = plait_submit(pool, square, 4);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    ck_assert(!fault_happened());
    pool_end(pool);
}

static void prepare(void *argument) {
    (void)argument;
}

static plait_status use_options(void) {
    plait_pool *pool = plait_pool_new_with(&(plait_pool_options){
        .max_workers = 1, .name = "fault", .initializer = prepare, .order = PLAIT_POOL_PRIORITY});
    if (!pool) return plait_last_error();
    plait_deadline late = plait_after(60);
    plait_future *future = plait_submit_with(pool, (&(plait_submit_options){.deadline = &late}), square, 3);
    int nine = 9;
    plait_status status = plait_result(future, &nine);
    if (nine != 9) status = PLAIT_FAILED;
    plait_future_free(future);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return status;
}

TEST(options_survive_lack_of_memory) {
    fault_every(use_options);
}

/* What each worker of a pool does first and last, and what becomes of the pool if that fails. */
#include "gate.h"

#include <pthread.h>
#include <sched.h>

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

static void occupy(int count) {
    for (int i = 0; i < count; i++) ck_assert_ok(plait_post(pool, wait_at_gate));
    wait_until_asleep_in("event", count);
}

static int initialized, finalized;

static void initialize(void *argument) {
    plait__add((int *)argument, 1);
}

static void finalize(void *argument) {
    (void)argument;
    plait__add(&finalized, 1);
}

TEST(each_worker_is_initialized_and_finalized) {
    pool = plait_pool_new_with(&(plait_pool_options){
        .max_workers = 3, .initializer = initialize, .finalizer = finalize, .argument = &initialized});
    occupy(3);
    ck_assert_int_eq(plait__load(&initialized), 3);
    ck_assert_int_eq(plait__load(&finalized), 0);
    run_to_end();
    ck_assert_int_eq(finalized, 3);
}

static void refuse(void *argument) {
    (void)plait_event_wait(argument);
    plait_raise(PLAIT_USER, "no database");
}

static void leave(void *argument) {
    (void)plait_event_wait(argument);
    pthread_exit(NULL);
}

static void broken_by(void (*initializer)(void *), const char *words) {
    pool = plait_pool_new_with(&(plait_pool_options){
        .max_workers = 2, .initializer = initializer, .finalizer = finalize, .argument = &gate});
    plait_future *futures[20];
    for (int i = 0; i < 20; i++) futures[i] = plait_submit(pool, bump);
    plait_event_set(&gate);
    for (int i = 0; i < 20; i++) {
        ck_assert_status(plait_result(futures[i]), PLAIT_BROKEN);
        ck_assert_str_eq(plait_future_message(futures[i]), words);
        plait_future_free(futures[i]);
    }
    plait_future *late = plait_submit(pool, bump);
    ck_assert_status(plait_result(late), PLAIT_BROKEN);
    ck_assert_str_eq(plait_future_message(late), words);
    plait_future_free(late);
    ck_assert_status(plait_post(pool, bump), PLAIT_BROKEN);
    int in[3] = {0}, out[3];
    ck_assert_status(plait_map(pool, square, in, out, 3), PLAIT_BROKEN);
    while (counters_of(pool).failed != 20) sched_yield(); /* counted when all have been told */
    pool_end(pool);
    ck_assert_int_eq(counter, 0);
    ck_assert_int_eq(finalized, 0);
}

TEST(a_failing_initializer_breaks_the_pool) {
    broken_by(refuse, "no database");
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(so_does_one_that_ends_its_thread) {
    plait_excepthook_set(ignore, NULL);
    broken_by(leave, "the initializer was left by pthread_exit");
}

static void hand_over(void *once) {
    if (plait__add((int *)once, 1) == 0) (void)plait_post(pool, wait_at_gate);
}

PLAIT_TASK(void, open_gate) {
    plait_event_set(&gate);
}

/* Its worker goes on with that, and does not count any more as one that looks for work. */
TEST(an_initializer_may_hand_over_tasks) {
    pool = plait_pool_new_with(
        &(plait_pool_options){.max_workers = 2, .initializer = hand_over, .argument = &initialized});
    ck_assert_ok(plait_post(pool, bump));
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_post(pool, open_gate));
    pool_end(pool);
    ck_assert_int_eq(counter, 1);
}

static void refuse_the_second(void *count) {
    if (plait__add((int *)count, 1) == 1) plait_raise(PLAIT_USER, "one is enough");
}

TEST(a_broken_pool_refuses_at_once) {
    pool = plait_pool_new_with(
        &(plait_pool_options){.max_workers = 2, .initializer = refuse_the_second, .argument = &initialized});
    occupy(1);
    plait_future *breaking = plait_submit(pool, bump);
    ck_assert_status(plait_result(breaking), PLAIT_BROKEN);
    plait_future_free(breaking);
    while (counters_of(pool).workers != 1) sched_yield();
    ck_assert_ok(plait_pool_resize(pool, 0, 1)); /* nobody can be called now */
    plait_future *late = plait_submit(pool, bump);
    ck_assert(plait_future_done(late));
    ck_assert_status(plait_result(late), PLAIT_BROKEN);
    plait_future_free(late);
    run_to_end();
    ck_assert_int_eq(counter, 0);
}

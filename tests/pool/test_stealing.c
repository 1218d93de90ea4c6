/* What a task hands over waits in its worker's ring: it gets out of there by all ways, and nobody sleeps
 * through it. */
#include "support.h"
#include "support/stress.h"

#include <pool/task_ring.h>
#include <pthread.h>
#include <stdlib.h>

static plait_pool *pool;
static plait_event gate;
static int counter;

PLAIT_TASK(void, bump) {
    plait__add(&counter, 1);
}

PLAIT_TASK(void, set, (plait_event *, event)) {
    plait_event_set(event);
}

/* Ends only if somebody else runs what it hands over. */
PLAIT_TASK(plait_status, hand_over_and_wait) {
    plait_event event = {0};
    plait_status status = plait_post(pool, set, &event);
    return status ? status : plait_event_wait(&event);
}

TEST(what_a_waiting_task_handed_over_is_run_by_another) {
    pool = plait_pool_new(2);
    for (int i = 0; i < 3000; i++) {
        plait_status status = PLAIT_FAILED;
        plait_future *future = plait_submit(pool, hand_over_and_wait);
        ck_assert_ok(plait_result(future, &status));
        ck_assert_int_eq(status, PLAIT_OK);
        plait_future_free(future);
    }
    pool_end(pool);
}

PLAIT_TASK(plait_status, set_by_another_and_wait, (plait_event *, event)) {
    plait_status status = plait_post(pool, set, event);
    return status ? status : plait_event_wait(event);
}

PLAIT_TASK(plait_status, wait_for, (plait_event *, event)) {
    return plait_event_wait(event);
}

/* The first worker hands over while the second is on its way, who then only waits: it must send the third. */
TEST(whoever_is_on_its_way_sends_the_next) {
    pool = plait_pool_new(3);
    for (int i = 0; i < 1000; i++) {
        plait_event event = {0};
        plait_future *first = plait_submit(pool, set_by_another_and_wait, &event);
        plait_future *second = plait_submit(pool, wait_for, &event);
        ck_assert_ok(plait_result(first));
        ck_assert_ok(plait_result(second));
        plait_future_free(first);
        plait_future_free(second);
    }
    pool_end(pool);
}

/* As many wait at any time as may, without occupying all workers. */
static plait_semaphore may_wait;

PLAIT_TASK(void, hand_over_in_turn) {
    plait_event event = {0};
    if (plait_post(pool, set, &event) != PLAIT_OK || plait_event_wait(&event) != PLAIT_OK) abort();
    plait__add(&counter, 1);
    if (plait_semaphore_release(&may_wait, 1) != PLAIT_OK) abort();
}

PLAIT_TASK(void, hand_in, (unsigned, index)) {
    struct stress_random random = stress_random_stream(index);
    for (int i = 0; i < 300; i++) {
        if (plait_semaphore_acquire(&may_wait) != PLAIT_OK) abort();
        if (plait_post(pool, hand_over_in_turn) != PLAIT_OK) abort();
        if (stress_random_below(&random, 4) == 0) (void)plait_sleep(stress_random_below(&random, 30) * 1e-6);
    }
}

TEST_WITHIN(nobody_sleeps_through_what_another_hands_over, 180) {
    do {
        for (int workers = 2; workers <= 6; workers += 2) {
            pool = plait_pool_new(workers);
            may_wait = (plait_semaphore)PLAIT_SEMAPHORE_INIT(workers - 1);
            counter = 0;
            plait_thread *threads[2];
            for (unsigned i = 0; i < 2; i++) threads[i] = plait_start(hand_in, i);
            for (int i = 0; i < 2; i++) {
                ck_assert_ok(plait_thread_join(threads[i]));
                plait_thread_free(threads[i]);
            }
            pool_end(pool);
            ck_assert_int_eq(counter, 600);
        }
    } while (stress_goes_on());
}

PLAIT_TASK(void, hand_over_many, (int, count)) {
    for (int i = 0; i < count; i++)
        if (plait_post(pool, bump) != PLAIT_OK) abort();
}

TEST(more_than_a_ring_holds_may_be_handed_over) {
    for (int workers = 1; workers <= 3; workers++) {
        pool = plait_pool_new(workers);
        counter = 0;
        ck_assert_ok(plait_post(pool, hand_over_many, 5 * PLAIT__TASK_RING_SIZE + 3));
        pool_end(pool);
        ck_assert_int_eq(counter, 5 * PLAIT__TASK_RING_SIZE + 3);
    }
}

static size_t blocks, most_blocks;

static void *count_up(size_t size, void *context) {
    (void)context;
    size_t now = plait__add(&blocks, 1) + 1;
    if (now > most_blocks) most_blocks = now;
    return malloc(size);
}

static void count_down(void *memory, void *context) {
    (void)context;
    plait__sub(&blocks, 1);
    free(memory);
}

PLAIT_TASK(int, wait_for_many, (int, count)) {
    int failed = 0;
    for (int i = 0; i < count; i++) {
        plait_future *future = plait_submit(pool, bump);
        failed += plait_result(future) != PLAIT_OK;
        plait_future_free(future);
    }
    return failed;
}

/* A worker that runs all that it hands over by waiting for it leaves no trail. */
TEST(what_was_run_by_waiting_for_it_does_not_pile_up) {
    static const plait_allocator counting = {count_up, count_down, NULL};
    ck_assert_ok(plait_set_allocator(&counting));
    pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, wait_for_many, 10000);
    int failed = 1;
    ck_assert_ok(plait_result(future, &failed));
    ck_assert_int_eq(failed, 0);
    plait_future_free(future);
    pool_end(pool);
    ck_assert_int_eq(counter, 10000);
    ck_assert_uint_lt(most_blocks, 2 * PLAIT__TASK_RING_SIZE);
}

static plait_future *kept[20];

PLAIT_TASK(void, hand_over_and_leave) {
    for (int i = 0; i < 20; i++) kept[i] = plait_submit(pool, bump);
    pthread_exit(NULL);
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(what_a_worker_leaves_behind_is_run_by_the_next) {
    plait_excepthook_set(ignore, NULL);
    pool = plait_pool_new(1);
    ck_assert_ok(plait_post(pool, hand_over_and_leave));
    pool_end(pool);
    ck_assert_int_eq(counter, 20);
    for (int i = 0; i < 20; i++) {
        ck_assert_ok(plait_result(kept[i]));
        plait_future_free(kept[i]);
    }
}

PLAIT_TASK(plait_status, hand_over_and_wait_at_gate) {
    for (int i = 0; i < 20; i++) kept[i] = plait_submit(pool, bump);
    return plait_event_wait(&gate);
}

TEST(shutdown_cancels_what_lies_in_rings) {
    pool = plait_pool_new(1);
    ck_assert_ok(plait_post(pool, hand_over_and_wait_at_gate));
    wait_until_asleep_in("event", 1);
    ck_assert_ok(plait_pool_shutdown(pool, false, true));
    for (int i = 0; i < 20; i++) ck_assert(plait_future_cancelled(kept[i]));
    plait_event_set(&gate);
    ck_assert_ok(plait_pool_shutdown(pool, true, true));
    plait_pool_free(pool);
    ck_assert_int_eq(counter, 0);
    for (int i = 0; i < 20; i++) plait_future_free(kept[i]);
}

/* ---- the ring by itself ---- */

enum { ITEMS = 200000 };
static struct plait__task_ring ring;
static unsigned char taken[ITEMS];
static uint32_t all_put, lost;

/* Addresses that nobody looks behind. */
static plait_future *number(size_t i) {
    return (plait_future *)(void *)&taken[i];
}

static void tick_off(const plait_future *future) {
    plait__add_relaxed((unsigned char *)(uintptr_t)future, 1);
}

PLAIT_TASK(void, thief) {
    plait_future *loot[PLAIT__TASK_RING_SIZE / 2];
    uint32_t count;
    while ((count = plait__task_ring_grab(&ring, loot)) || !plait__load_acquire(&all_put)) {
        for (uint32_t i = 0; i < count; i++) tick_off(loot[i]);
        if (count > PLAIT__TASK_RING_SIZE / 2) plait__add(&lost, 1);
    }
}

TEST(a_ring_gives_each_of_its_futures_once) {
    plait_thread *thieves[2];
    for (int i = 0; i < 2; i++) thieves[i] = plait_start(thief);
    struct stress_random random = stress_random_stream(0);
    for (size_t i = 0; i < ITEMS; i++) {
        plait_future *future;
        while (!plait__task_ring_put(&ring, number(i)))
            if ((future = plait__task_ring_take(&ring))) tick_off(future);
        if (stress_random_below(&random, 2) && (future = plait__task_ring_take(&ring))) tick_off(future);
    }
    plait__store_release(&all_put, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(plait_thread_join(thieves[i]));
        plait_thread_free(thieves[i]);
    }
    for (plait_future *future; (future = plait__task_ring_take(&ring));) tick_off(future);
    ck_assert_uint_eq(lost, 0);
    size_t wrong = 0;
    for (size_t i = 0; i < ITEMS; i++) wrong += taken[i] != 1;
    ck_assert_uint_eq(wrong, 0);
}

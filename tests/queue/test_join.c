/* task_done and join. */
#include "support.h"

#include <wait/waiter.h>

static plait_queue *queue;

static void *join_it(void *arg) {
    (void)arg;
    return (void *)(intptr_t)plait_queue_join(queue);
}

TEST(join_returns_at_once_when_nothing_was_put) {
    queue = plait_queue_of(int, 0);
    ck_assert_ok(plait_queue_join(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(join_waits_for_task_done_not_for_get) {
    queue = plait_queue_of(int, 0);
    int item = 1;
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_queue_put(queue, &item));
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_status(plait_queue_join_until(queue, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_queue_task_done(queue));
    ck_assert_status(plait_queue_join_until(queue, PLAIT_NOW), PLAIT_TIMEOUT);
    pthread_t joiners[3];
    for (int i = 0; i < 3; i++) joiners[i] = queue_thread(join_it, NULL);
    wait_until_asleep_in("queue.join", 3);
    ck_assert_status(plait_queue_free(queue), PLAIT_BUSY);
    ck_assert_ok(plait_queue_task_done(queue));
    for (int i = 0; i < 3; i++) ck_assert_ptr_eq(queue_thread_end(joiners[i]), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(task_done_once_too_often_is_told) {
    queue = plait_queue_of(int, 0);
    int item = 1;
    ck_assert_status(plait_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_ok(plait_queue_task_done(queue));
    ck_assert_status(plait_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_ok(plait_queue_free(queue));
}

/* More joiners than one batch of wakes holds. */
TEST(everybody_who_joins_is_woken) {
    enum { JOINERS = PLAIT__WAKES + 8 };
    queue = plait_queue_of(int, 0);
    int item = 1;
    ck_assert_ok(plait_queue_put(queue, &item));
    pthread_t joiners[JOINERS];
    for (int i = 0; i < JOINERS; i++) joiners[i] = queue_thread(join_it, NULL);
    wait_until_asleep_in("queue.join", JOINERS);
    ck_assert_ok(plait_queue_task_done(queue));
    for (int i = 0; i < JOINERS; i++) ck_assert_ptr_eq(queue_thread_end(joiners[i]), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(queue));
}

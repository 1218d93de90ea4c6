/* Shutdown, in both kinds, and what becomes of the items left. */
#include "support.h"

#include <wait/waiter.h>

static plait_queue *queue;
static int destroyed, destroyed_sum;

static void destroy(void *item, void *context) {
    ck_assert_ptr_eq(context, &destroyed);
    ck_assert_uint_eq(plait_queue_qsize(queue), 0); /* no lock is held: the queue can be used here */
    destroyed++;
    destroyed_sum += *(int *)item;
}

static void fill(size_t maxsize, int count) {
    queue = plait_queue_of(int, maxsize);
    ck_assert_ok(plait_queue_set_destroy(queue, destroy, &destroyed));
    for (int i = 1; i <= count; i++) ck_assert_ok(plait_queue_put(queue, &i));
}

TEST(after_shutdown_what_is_left_can_be_got) {
    fill(0, 3);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    int item = 9;
    ck_assert_status(plait_queue_put(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_put_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_peek(queue, &item));
    for (int i = 1; i <= 3; i++) {
        ck_assert_ok(plait_queue_get(queue, &item));
        ck_assert_int_eq(item, i);
    }
    ck_assert_status(plait_queue_get(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_get_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_peek(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_int_eq(destroyed, 0);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(immediate_shutdown_destroys_what_is_left) {
    fill(0, 20);
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_int_eq(destroyed, 20);
    ck_assert_int_eq(destroyed_sum, 210);
    int item = 9;
    ck_assert_status(plait_queue_get(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_put(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_int_eq(destroyed, 20);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_shutdown_can_become_immediate) {
    fill(0, 5);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_int_eq(destroyed, 5);
    ck_assert_ok(plait_queue_free(queue));
}

static void last_words(void *item, void *context) {
    (void)item;
    ++*(int *)context;
}

TEST(free_destroys_what_is_left) {
    fill(4, 3);
    ck_assert_ok(plait_queue_set_destroy(queue, last_words, &destroyed));
    int item;
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_ok(plait_queue_free(queue));
    ck_assert_int_eq(destroyed, 2);
}

static void *get_one(void *arg) {
    (void)arg;
    int item;
    return (void *)(intptr_t)plait_queue_get(queue, &item);
}

static void *put_one(void *arg) {
    (void)arg;
    int item = 1;
    return (void *)(intptr_t)plait_queue_put(queue, &item);
}

static void *join_it(void *arg) {
    (void)arg;
    return (void *)(intptr_t)plait_queue_join(queue);
}

TEST(shutdown_wakes_whoever_waits) {
    enum { MANY = PLAIT__WAKES + 3 };
    queue = plait_queue_of(int, 0);
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; i++) threads[i] = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", MANY);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    for (int i = 0; i < MANY; i++) ck_assert_ptr_eq(queue_thread_end(threads[i]), (void *)PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(shutdown_wakes_putters_and_leaves_joiners) {
    fill(2, 2);
    pthread_t putters[3];
    for (int i = 0; i < 3; i++) putters[i] = queue_thread(put_one, NULL);
    wait_until_asleep_in("queue.put", 3);
    pthread_t joiner = queue_thread(join_it, NULL);
    wait_until_asleep_in("queue.join", 1);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    for (int i = 0; i < 3; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_join_until(queue, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_ok(plait_queue_shutdown(queue, true)); /* the two that are left count as done */
    ck_assert_ptr_eq(queue_thread_end(joiner), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(queue));
}

/* As in Python 3.13: an item that was got and not yet dealt with still holds up a join. */
TEST(immediate_shutdown_does_not_count_what_is_being_worked_on) {
    fill(0, 3);
    int item;
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_status(plait_queue_join_until(queue, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_ok(plait_queue_task_done(queue));
    ck_assert_ok(plait_queue_join(queue));
    ck_assert_status(plait_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_ok(plait_queue_free(queue));
}

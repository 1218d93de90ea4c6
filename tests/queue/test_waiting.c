/* Waiting to put and to get: who is woken, deadlines, tokens, shields, and freeing. */
#include "support.h"

#include <plait/cancel.h>
#include <queue/queue.h>
#include <sched.h>

static plait_queue *queue;

static void *get_one(void *arg) {
    (void)arg;
    intptr_t item = -1;
    plait_status status = plait_queue_get(queue, &item);
    return (void *)(status == PLAIT_OK ? item : -(intptr_t)status);
}

static void *put_one(void *item) {
    intptr_t value = (intptr_t)item;
    return (void *)(intptr_t)plait_queue_put(queue, &value);
}

TEST(a_getter_waits_for_a_put) {
    queue = plait_queue_of(intptr_t, 0);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    intptr_t item = 42;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)42);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_putter_waits_for_room) {
    queue = plait_queue_of(intptr_t, 1);
    intptr_t item = 1;
    ck_assert_ok(plait_queue_put(queue, &item));
    pthread_t putter = queue_thread(put_one, (void *)2);
    wait_until_asleep_in("queue.put", 1);
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_int_eq(item, 1);
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_int_eq(item, 2);
    ck_assert_ok(plait_queue_free(queue));
}

enum { MANY = 20 };

/* One put of many items wakes one getter; each that gets something wakes the next. */
TEST(every_sleeping_getter_gets_its_item) {
    queue = plait_queue_of(intptr_t, 0);
    pthread_t getters[MANY];
    for (int i = 0; i < MANY; i++) getters[i] = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", MANY);
    for (intptr_t item = 1; item <= MANY; item++) ck_assert_ok(plait_queue_put(queue, &item));
    intptr_t sum = 0;
    for (int i = 0; i < MANY; i++) sum += (intptr_t)queue_thread_end(getters[i]);
    ck_assert_int_eq(sum, MANY * (MANY + 1) / 2);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(every_sleeping_putter_gets_its_room) {
    queue = plait_queue_of(intptr_t, 2);
    intptr_t item = 0, sum = 0;
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_queue_put(queue, &item));
    pthread_t putters[MANY];
    for (intptr_t i = 0; i < MANY; i++) putters[i] = queue_thread(put_one, (void *)(i + 1));
    wait_until_asleep_in("queue.put", MANY);
    for (int i = 0; i < MANY + 2; i++) {
        ck_assert_ok(plait_queue_get(queue, &item));
        sum += item;
    }
    for (int i = 0; i < MANY; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_OK);
    ck_assert_int_eq(sum, MANY * (MANY + 1) / 2);
    ck_assert_ok(plait_queue_free(queue));
}

/* Room is made for all of them while the first is still on its way; then nobody gets any more. */
TEST(putters_wake_each_other_while_there_is_room) {
    queue = plait_queue_of(intptr_t, MANY);
    intptr_t item = 0;
    for (int i = 0; i < MANY; i++) ck_assert_ok(plait_queue_put(queue, &item));
    pthread_t putters[MANY];
    for (intptr_t i = 0; i < MANY; i++) putters[i] = queue_thread(put_one, (void *)1);
    wait_until_asleep_in("queue.put", MANY);
    for (int i = 0; i < MANY; i++) ck_assert_ok(plait_queue_get(queue, &item));
    for (int i = 0; i < MANY; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_OK);
    ck_assert(plait_queue_full(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_queue_somebody_waits_in_is_not_freed) {
    queue = plait_queue_of(intptr_t, 0);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    ck_assert_status(plait_queue_free(queue), PLAIT_BUSY);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)(intptr_t)-PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(queue));
}

static plait_token *token;

static void *get_under_token(void *arg) {
    plait_token *outer = plait_token_enter(token);
    if (arg) plait_shield_enter();
    void *result = get_one(NULL);
    if (arg) plait_shield_leave();
    plait_token_leave(outer);
    return result;
}

static bool somebody_is_inside(void) {
    struct plait__wakes none = {.count = 0};
    ck_assert(plait__queue_lock(queue));
    bool inside = queue->inside || queue->put.away || queue->get.away;
    plait__queue_unlock(queue, &none);
    return inside;
}

/* Who looks again and again before it sleeps is inside, too. */
TEST(a_queue_somebody_looks_at_from_afar_is_not_freed) {
    for (int i = 0; i < 100; i++) {
        queue = plait_queue_of(intptr_t, 1);
        intptr_t item = 4;
        if (i % 2) ck_assert_ok(plait_queue_put(queue, &item));
        pthread_t thread = i % 2 ? queue_thread(put_one, (void *)5) : queue_thread(get_one, NULL);
        while (!somebody_is_inside()) sched_yield();
        ck_assert_status(plait_queue_free(queue), PLAIT_BUSY);
        ck_assert_ok(i % 2 ? plait_queue_get(queue, &item) : plait_queue_put(queue, &item));
        ck_assert_ptr_eq(queue_thread_end(thread), (void *)(i % 2 ? (intptr_t)PLAIT_OK : item));
        ck_assert_ok(plait_queue_free(queue));
    }
}

TEST(a_token_ends_the_wait) {
    queue = plait_queue_of(intptr_t, 0);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    pthread_t getter = queue_thread(get_under_token, NULL);
    wait_until_asleep_in("queue.get", 1);
    plait_cancel(token);
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)(intptr_t)-PLAIT_CANCELLED);
    plait_token_free(token);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_shield_keeps_the_token_away) {
    queue = plait_queue_of(intptr_t, 0);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    pthread_t getter = queue_thread(get_under_token, (void *)1);
    wait_until_asleep_in("queue.get", 1);
    plait_cancel(token);
    intptr_t item = 5;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)5);
    plait_token_free(token);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(what_needs_no_waiting_is_done_under_a_cancelled_token) {
    queue = plait_queue_of(intptr_t, 1);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_cancel(token);
    plait_token *outer = plait_token_enter(token);
    intptr_t item = 5;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_status(plait_queue_put(queue, &item), PLAIT_CANCELLED);
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_status(plait_queue_get(queue, &item), PLAIT_CANCELLED);
    ck_assert_status(plait_queue_join(queue), PLAIT_CANCELLED);
    plait_token_leave(outer);
    plait_token_free(token);
    ck_assert_ok(plait_queue_free(queue));
}

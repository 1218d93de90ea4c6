/* Lack of memory: a status, nothing lost, no leak. */
#include "support.h"
#include "support/faults.h"

#include <plait/host.h>
#include <queue/queue.h>

static int destroyed;

static void destroy(void *item, void *context) {
    (void)item;
    (void)context;
    destroyed++;
}

static bool smaller(const void *one, const void *other, void *context) {
    (void)context;
    return *(const int *)one < *(const int *)other;
}

/* Grows several times, wraps, and is freed with items in it. */
static plait_status use_a_queue(plait_queue *queue, bool lifo) {
    if (!queue) return plait_last_error();
    plait_queue_set_destroy(queue, destroy, NULL);
    destroyed = 0;
    plait_status status = PLAIT_OK;
    int put = 0;
    for (int i = 0; i < 100 && status == PLAIT_OK; i++) {
        status = plait_queue_put(queue, &i);
        if (status == PLAIT_OK) put++;
    }
    int item = -1, got = 0, first = lifo ? put - 1 : 0, step = lifo ? -1 : 1;
    for (int i = 0; i < put / 2; i++)
        if (plait_queue_get(queue, &item) == PLAIT_OK && item == first + i * step) got++;
    if (plait_queue_free(queue) != PLAIT_OK || got + destroyed != put) return PLAIT_FAILED;
    return status;
}

static plait_status use_fifo(void) {
    return use_a_queue(plait_queue_of(int, 0), false);
}

static plait_status use_lifo(void) {
    return use_a_queue(plait_lifo_queue_of(int, 0), true);
}

static plait_status use_compared(void) {
    return use_a_queue(plait_priority_queue_of(int, 0, smaller, NULL), false);
}

TEST(a_queue_survives_lack_of_memory) {
    fault_every(use_fifo);
}

TEST(a_stack_survives_lack_of_memory) {
    fault_every(use_lifo);
}

TEST(a_heap_survives_lack_of_memory) {
    fault_every(use_compared);
}

struct number {
    int value;
};

/* What went in before memory was out is in, and no more than was said. */
static plait_status put_and_get_many(void) {
    enum { BATCH = 50 };
    struct number items[BATCH], got;
    plait_queue *queue = plait_priority_queue_by(struct number, 0, value);
    if (!queue) return plait_last_error();
    plait_status status = PLAIT_OK;
    int in = 0;
    for (int round = 0; round < 20 && status == PLAIT_OK; round++) {
        size_t put;
        for (int i = 0; i < BATCH; i++) items[i].value = in + i;
        status = plait_queue_put_many(queue, items, BATCH, &put);
        in += (int)put;
    }
    for (int i = 0; i < in; i++)
        if (plait_queue_get_nowait(queue, &got) != PLAIT_OK || got.value != i) status = PLAIT_FAILED;
    if (!plait_queue_empty(queue)) status = PLAIT_FAILED;
    return plait_queue_free(queue) == PLAIT_OK ? status : PLAIT_FAILED;
}

TEST(many_survive_lack_of_memory) {
    fault_every(put_and_get_many);
}

static plait_status meet(void) {
    plait_queue *queue = plait_rendezvous_queue_of(int);
    return queue ? plait_queue_free(queue) : plait_last_error();
}

TEST(a_rendezvous_survives_lack_of_memory) {
    fault_every(meet);
}

/* A queue that cannot become smaller, because that takes memory, too, goes on as it is. */
TEST(gets_do_without_a_smaller_memory) {
    fault_install();
    plait_queue *queue = plait_queue_of(int, 0);
    enum { MANY = 40000 };
    int got = -1, i = 0, wrong = 0;
    for (int put = 0; put < MANY; put++) wrong += plait_queue_put(queue, &put) != PLAIT_OK;
    ck_assert_int_eq(wrong, 0);
    fault_arm(1);
    for (; i < MANY && !fault_happened(); i++) wrong += plait_queue_get(queue, &got) != PLAIT_OK || got != i;
    ck_assert_int_lt(i, MANY);
    long blocks = fault_outstanding();
    for (; i < MANY; i++) wrong += plait_queue_get(queue, &got) != PLAIT_OK || got != i;
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(fault_outstanding(), blocks);
    ck_assert_uint_ge(queue->items.ring.capacity, MANY); /* it did not ask again at every get */
    ck_assert_ok(plait_queue_free(queue));
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(a_put_that_failed_for_memory_can_be_repeated) {
    fault_install();
    plait_queue *queue = plait_queue_of(int, 0);
    int i = 0;
    fault_arm(1);
    while (plait_queue_put_nowait(queue, &i) == PLAIT_OK) i++;
    ck_assert(fault_happened());
    ck_assert_ok(plait_queue_put(queue, &i));
    for (int expected = 0; expected <= i; expected++) {
        int got;
        ck_assert_ok(plait_queue_get(queue, &got));
        ck_assert_int_eq(got, expected);
    }
    ck_assert_ok(plait_queue_free(queue));
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(a_small_bounded_queue_allocates_only_when_it_is_made) {
    fault_install();
    plait_queue *queue = plait_queue_of(int, 1000);
    long before = fault_outstanding();
    fault_arm(1);
    for (int i = 0; i < 1000; i++) ck_assert_ok(plait_queue_put_nowait(queue, &i));
    ck_assert(!fault_happened());
    ck_assert_int_eq(fault_outstanding(), before);
    ck_assert_ok(plait_queue_free(queue));
}

/* ---- a putter that is woken and has no memory then ---- */

enum { ROOM = 20000, FEW = 10, LOTS = ROOM - FEW };

static plait_queue *bounded;
static plait_event may_go_on;
static int lots[ROOM];

static void stop_after_waking(void *context) {
    (void)context;
    plait_event_wait(&may_go_on);
}

static void *put_lots(void *arg) {
    (void)arg;
    plait_host host = {.after_wait = stop_after_waking};
    plait_host_set(&host);
    plait_status status = plait_queue_put_many(bounded, lots, LOTS, NULL);
    plait_host_set(NULL);
    return (void *)(intptr_t)status;
}

static void *put_one(void *arg) {
    (void)arg;
    int item = 7;
    return (void *)(intptr_t)plait_queue_put(bounded, &item);
}

/* The wake was for room, and there is room: who cannot use it leaves it to the next. */
TEST(a_putter_without_memory_wakes_the_next) {
    fault_install();
    bounded = plait_queue_of(int, ROOM);
    size_t got;
    ck_assert_ok(plait_queue_put_many(bounded, lots, ROOM, NULL));
    pthread_t first = queue_thread(put_lots, NULL);
    wait_until_asleep_in("queue.put", 1);
    pthread_t second = queue_thread(put_one, NULL);
    wait_until_asleep_in("queue.put", 2);
    ck_assert_ok(plait_queue_get_many(bounded, lots, LOTS, &got)); /* wakes the first */
    for (int i = 0, item; i < FEW; i++) ck_assert_ok(plait_queue_get_nowait(bounded, &item));
    ck_assert_uint_lt(bounded->items.ring.capacity, LOTS);
    fault_arm(1);
    ck_assert_ok(plait_event_set(&may_go_on));
    ck_assert_ptr_eq(queue_thread_end(first), (void *)PLAIT_NO_MEMORY);
    ck_assert_ptr_eq(queue_thread_end(second), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(bounded));
}

/* One large item, in a queue that never holds two. */
TEST(memory_is_for_no_more_items_than_there_may_be) {
    enum { SIZE = 1 << 20 };
    plait_queue *queue = plait_queue_new(SIZE, 1);
    ck_assert_uint_eq(queue->items.ring.capacity, 1);
    ck_assert_ok(plait_queue_free(queue));
}

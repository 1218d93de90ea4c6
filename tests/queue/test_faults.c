/* Lack of memory: a status, nothing lost, no leak. */
#include "support.h"
#include "support/faults.h"

static int destroyed;

static void destroy(void *item, void *context) {
    (void)item;
    (void)context;
    destroyed++;
}

/* Grows several times, wraps, and is freed with items in it. */
static plait_status use_a_queue(void) {
    plait_queue *queue = plait_queue_of(int, 0);
    if (!queue) return plait_last_error();
    plait_queue_set_destroy(queue, destroy, NULL);
    destroyed = 0;
    plait_status status = PLAIT_OK;
    int put = 0;
    for (int i = 0; i < 100 && status == PLAIT_OK; i++) {
        status = plait_queue_put(queue, &i);
        if (status == PLAIT_OK) put++;
    }
    int item = -1, got = 0;
    for (int i = 0; i < put / 2; i++)
        if (plait_queue_get(queue, &item) == PLAIT_OK && item == i) got++;
    if (plait_queue_free(queue) != PLAIT_OK || got + destroyed != put) return PLAIT_FAILED;
    return status;
}

TEST(a_queue_survives_lack_of_memory) {
    fault_every(use_a_queue);
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

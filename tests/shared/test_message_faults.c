/* A queue of messages while memory runs out. */
#include "messages.h"
#include "support/faults.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>

enum { RING = 4096 };

static char out[3 * RING];

static plait_status use_a_queue(void) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    if (!queue) return plait_last_error();
    size_t size;
    plait_status status = plait_message_queue_put(queue, "x", 1);
    if (status == PLAIT_OK) status = plait_message_queue_get(queue, out, 1, &size);
    plait_message_queue_free(queue);
    return status;
}

TEST(a_queue_survives_lack_of_memory) {
    ck_assert_int_gt(fault_every(use_a_queue), 0);
}

static void *put_big(void *queue) {
    static char data[3 * RING];
    message_fill(data, sizeof data, 0);
    if (plait_message_queue_put((plait_message_queue *)queue, data, sizeof data) != PLAIT_OK) abort();
    return NULL;
}

TEST(a_big_message_waits_for_memory) {
    fault_install();
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, put_big, queue), 0);
    size_t size;
    ck_assert_status(plait_message_queue_get(queue, out, 0, &size), PLAIT_TOO_LARGE);
    fault_arm(1);
    ck_assert_status(plait_message_queue_borrow(queue, &message), PLAIT_NO_MEMORY);
    fault_arm(0);
    ck_assert_ok(plait_message_queue_borrow(queue, &message));
    ck_assert(message_whole(message.data, message.size, 0));
    ck_assert_ok(plait_message_queue_give_back(queue, &message));
    pthread_join(thread, NULL);
    plait_message_queue_free(queue);
    ck_assert_int_eq(fault_outstanding(), 0);
}

/* What one process can see of a queue of messages: sizes, order, places, limits, ends. */
#include "messages.h"
#include "support/asleep.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>

enum { RING = 4096 };

static char out[1 << 20];

static void put_number(plait_message_queue *queue, size_t size, uint64_t number) {
    char *data = malloc(size + 1);
    message_fill(data, size, number);
    ck_assert_ok(plait_message_queue_put(queue, data, size));
    free(data);
}

static void get_number(plait_message_queue *queue, size_t expected, uint64_t number) {
    size_t size = 12345;
    ck_assert_ok(plait_message_queue_get(queue, out, sizeof out, &size));
    ck_assert_uint_eq(size, expected);
    ck_assert(message_whole(out, size, number));
}

TEST(messages_come_out_whole_and_in_order) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    for (size_t size = 0; size < 20; size++) put_number(queue, size, size);
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 20);
    for (size_t size = 0; size < 20; size++) get_number(queue, size, size);
    ck_assert(plait_message_queue_empty(queue));
    plait_message_queue_free(queue);
}

TEST(messages_wrap_around_at_every_place) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    size_t most = plait_message_queue_most_in_place(queue);
    for (size_t size = 0; size <= most / 2; size = size < 70 ? size + 1 : size * 5 / 4)
        for (int i = 0; i < RING / 16 + 3; i++) {
            put_number(queue, size, size + (size_t)i);
            get_number(queue, size, size + (size_t)i);
        }
    plait_message_queue_free(queue);
}

TEST(a_message_may_take_the_whole_ring) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    size_t most = plait_message_queue_most_in_place(queue);
    ck_assert_uint_eq(most, plait_message_queue_capacity(queue) - 16);
    for (int i = 0; i < 300; i++) {
        message_fill(out, most, 7);
        ck_assert_ok(plait_message_queue_put_nowait(queue, out, most));
        ck_assert_status(plait_message_queue_put_nowait(queue, "", 0), PLAIT_FULL);
        get_number(queue, most, 7);
        put_number(queue, 1, 1); /* so that the next one begins elsewhere */
        get_number(queue, 1, 1);
    }
    plait_message_queue_free(queue);
}

struct sending {
    plait_message_queue *queue;
    size_t size;
    int count;
};

static void *send_sizes(void *argument) {
    const struct sending *sending = argument;
    char *data = malloc(sending->size + 1);
    for (int i = 0; i < sending->count; i++) {
        message_fill(data, sending->size, (uint64_t)i);
        if (plait_message_queue_put(sending->queue, data, sending->size) != PLAIT_OK) abort();
    }
    free(data);
    return NULL;
}

TEST(messages_may_be_bigger_than_the_ring) {
    const size_t sizes[] = {RING / 2, RING - 17, RING - 16, RING - 15,     RING - 1,
                            RING,     RING + 1,  2 * RING,  10 * RING + 7, 10 * RING};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        plait_message_queue *queue = plait_message_queue_new(RING);
        struct sending sending = {queue, sizes[s], 20};
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, send_sizes, &sending), 0);
        for (int i = 0; i < 20; i++) {
            if (i % 2) {
                get_number(queue, sizes[s], (uint64_t)i);
                continue;
            }
            plait_message message;
            ck_assert_ok(plait_message_queue_borrow(queue, &message));
            ck_assert_uint_eq(message.size, sizes[s]);
            ck_assert(message_whole(message.data, message.size, (uint64_t)i));
            ck_assert_ok(plait_message_queue_give_back(queue, &message));
        }
        pthread_join(thread, NULL);
        ck_assert_uint_eq(plait_message_queue_qsize(queue), 0);
        plait_message_queue_free(queue);
    }
}

TEST(a_writer_that_gives_up_a_big_message_leaves_nothing) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    size_t size;
    memset(out, 1, sizeof out);
    ck_assert_status(plait_message_queue_put_until(queue, out, 10 * RING, plait_after(0.02)), PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_put_nowait(queue, out, 10 * RING), PLAIT_FULL);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, sizeof out, &size), PLAIT_EMPTY);
    put_number(queue, 30, 3); /* others may put again */
    get_number(queue, 30, 3);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, sizeof out, &size), PLAIT_EMPTY);
    plait_message_queue_free(queue);
}

TEST(a_buffer_that_is_too_small_leaves_the_message) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    size_t size = 0;
    put_number(queue, 100, 5);
    ck_assert_status(plait_message_queue_get(queue, out, 99, &size), PLAIT_TOO_LARGE);
    ck_assert_uint_eq(size, 100);
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 1);
    ck_assert_status(plait_message_queue_get(queue, NULL, 0, &size), PLAIT_TOO_LARGE);
    get_number(queue, 100, 5);
    struct sending sending = {queue, 3 * RING, 1};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, send_sizes, &sending), 0);
    ck_assert_status(plait_message_queue_get(queue, out, 99, &size), PLAIT_TOO_LARGE);
    ck_assert_uint_eq(size, 3 * RING);
    get_number(queue, 3 * RING, 0);
    pthread_join(thread, NULL);
    plait_message_queue_free(queue);
}

TEST(messages_have_a_limit_if_asked_for) {
    plait_message_queue_options options = {.capacity = RING, .max_message = 100};
    plait_message_queue *queue = plait_message_queue_new_with(&options);
    plait_message message;
    ck_assert_status(plait_message_queue_put(queue, out, 101), PLAIT_TOO_LARGE);
    ck_assert_status(plait_message_queue_put(queue, out, 10 * RING), PLAIT_TOO_LARGE);
    ck_assert_status(plait_message_queue_reserve(queue, 101, &message), PLAIT_TOO_LARGE);
    ck_assert_uint_eq(plait_message_queue_most_in_place(queue), 100);
    ck_assert_ok(plait_message_queue_put(queue, out, 100));
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 1);
    plait_message_queue_free(queue);
    queue = plait_message_queue_new(RING);
    ck_assert_status(plait_message_queue_reserve(queue, RING, &message), PLAIT_TOO_LARGE);
    plait_message_queue_free(queue);
}

TEST(what_makes_no_sense_is_refused) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message = {NULL, 0, 0};
    size_t size;
    ck_assert_status(plait_message_queue_put(NULL, "", 1), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_put(queue, NULL, 1), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_put(queue, NULL, 0));
    ck_assert_status(plait_message_queue_get(NULL, out, 1, &size), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_get(queue, NULL, 1, &size), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_get(queue, out, 1, NULL), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_get(queue, NULL, 0, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_status(plait_message_queue_commit(queue, &message, 0), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_give_back(queue, &message), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_reserve(queue, 1, NULL), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_borrow(NULL, &message), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    ck_assert_status(plait_message_queue_give_back(queue, &message), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_commit(queue, &message, 11), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_commit(queue, &message, 10));
    ck_assert_status(plait_message_queue_commit(queue, &message, 10), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_abandon(queue, &message), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_borrow(queue, &message));
    ck_assert_status(plait_message_queue_commit(queue, &message, 1), PLAIT_INVALID);
    ck_assert_ok(plait_message_queue_give_back(queue, &message));
    ck_assert_status(plait_message_queue_give_back(queue, &message), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_shutdown(NULL, false), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_message_queue_task_done(NULL), PLAIT_INVALID);
    ck_assert_uint_eq(plait_message_queue_qsize(NULL), 0);
    ck_assert(plait_message_queue_empty(NULL));
    ck_assert_ptr_null(plait_message_queue_keep(NULL));
    plait_message_queue_free(NULL);
    plait_message_queue_free(queue);
    ck_assert_ptr_null(plait_message_queue_new(SIZE_MAX));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
}

/* ---- in place ---- */

TEST(reservations_come_out_in_the_order_in_which_they_were_made) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message first, second, third;
    size_t size;
    ck_assert_ok(plait_message_queue_reserve(queue, 100, &first));
    ck_assert_ok(plait_message_queue_reserve(queue, 200, &second));
    ck_assert_ok(plait_message_queue_reserve(queue, 300, &third));
    ck_assert_uint_eq((uintptr_t)first.data % 16, 0);
    ck_assert_uint_eq(third.size, 300);
    put_number(queue, 10, 4);
    message_fill(third.data, 300, 3);
    ck_assert_ok(plait_message_queue_commit(queue, &third, 300));
    ck_assert_status(plait_message_queue_get_nowait(queue, out, sizeof out, &size), PLAIT_EMPTY);
    ck_assert_ok(plait_message_queue_abandon(queue, &second));
    message_fill(first.data, 50, 1);
    ck_assert_ok(plait_message_queue_commit(queue, &first, 50));
    get_number(queue, 50, 1);
    get_number(queue, 300, 3);
    get_number(queue, 10, 4);
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 0);
    plait_message_queue_free(queue);
}

TEST(what_is_borrowed_stays_until_it_is_given_back) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message loans[4];
    for (uint64_t i = 0; i < 4; i++) put_number(queue, 1000, i);
    for (int i = 0; i < 4; i++) ck_assert_ok(plait_message_queue_borrow(queue, &loans[i]));
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 0);
    ck_assert_status(plait_message_queue_put_nowait(queue, out, 1000), PLAIT_FULL);
    ck_assert_ok(plait_message_queue_give_back(queue, &loans[1]));
    ck_assert_status(plait_message_queue_put_nowait(queue, out, 1000), PLAIT_FULL);
    ck_assert(message_whole(loans[0].data, 1000, 0));
    ck_assert_ok(plait_message_queue_give_back(queue, &loans[0]));
    ck_assert_ok(plait_message_queue_put_nowait(queue, out, 1000));
    ck_assert_ok(plait_message_queue_put_nowait(queue, out, 1000));
    ck_assert_status(plait_message_queue_put_nowait(queue, out, 1000), PLAIT_FULL);
    ck_assert(message_whole(loans[2].data, 1000, 2));
    ck_assert(message_whole(loans[3].data, 1000, 3));
    ck_assert_ok(plait_message_queue_give_back(queue, &loans[3]));
    ck_assert_ok(plait_message_queue_give_back(queue, &loans[2]));
    plait_message_queue_free(queue);
}

TEST(places_wrap_around_too) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    for (uint64_t i = 0; i < 1000; i++) {
        plait_message message;
        size_t size = (size_t)(i * 37 % 3000);
        ck_assert_ok(plait_message_queue_reserve(queue, size + 16, &message));
        message_fill(message.data, size, i);
        ck_assert_ok(plait_message_queue_commit(queue, &message, size));
        ck_assert_ok(plait_message_queue_borrow(queue, &message));
        ck_assert_uint_eq(message.size, size);
        ck_assert(message_whole(message.data, size, i));
        ck_assert_ok(plait_message_queue_give_back(queue, &message));
    }
    plait_message_queue_free(queue);
}

/* ---- waiting ---- */

static void *get_one(void *argument) {
    size_t size;
    char byte[64];
    return (void *)(intptr_t)plait_message_queue_get(argument, byte, sizeof byte, &size);
}

static void *put_large(void *argument) {
    static const char data[1900];
    return (void *)(intptr_t)plait_message_queue_put(argument, data, sizeof data);
}

static plait_status join_thread(pthread_t thread) {
    void *result;
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return (plait_status)(intptr_t)result;
}

static pthread_t start_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, argument), 0);
    return thread;
}

TEST(a_get_waits_for_a_put_and_a_put_for_room) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    pthread_t getter = start_thread(get_one, queue);
    wait_until_asleep_in("message_queue.get", 1);
    ck_assert_ok(plait_message_queue_put(queue, "x", 1));
    ck_assert_ok(join_thread(getter));
    ck_assert_ok(plait_message_queue_put(queue, out, 1500));
    ck_assert_ok(plait_message_queue_put(queue, out, 1500));
    pthread_t putter = start_thread(put_large, queue);
    wait_until_asleep_in("message_queue.put", 1);
    size_t size;
    ck_assert_ok(plait_message_queue_get(queue, out, sizeof out, &size));
    ck_assert_ok(plait_message_queue_get(queue, out, sizeof out, &size));
    ck_assert_ok(plait_message_queue_get(queue, out, sizeof out, &size));
    ck_assert_uint_eq(size, 1900);
    ck_assert_ok(join_thread(putter));
    plait_message_queue_free(queue);
}

TEST(a_commit_wakes_who_waits_for_it_and_a_return_too) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message;
    ck_assert_ok(plait_message_queue_reserve(queue, 50, &message));
    pthread_t getter = start_thread(get_one, queue);
    wait_until_asleep_in("message_queue.get", 1);
    ck_assert_ok(plait_message_queue_commit(queue, &message, 50));
    ck_assert_ok(join_thread(getter));
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_message_queue_put(queue, out, 1900));
    ck_assert_ok(plait_message_queue_borrow(queue, &message));
    pthread_t putter = start_thread(put_large, queue);
    wait_until_asleep_in("message_queue.put", 1);
    ck_assert_ok(plait_message_queue_give_back(queue, &message));
    ck_assert_ok(join_thread(putter));
    plait_message_queue_free(queue);
}

TEST(many_getters_wait_and_all_are_served) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) threads[i] = start_thread(get_one, queue);
    wait_until_asleep_in("message_queue.get", 8);
    for (int i = 0; i < 8; i++) ck_assert_ok(plait_message_queue_put(queue, "x", 1));
    for (int i = 0; i < 8; i++) ck_assert_ok(join_thread(threads[i]));
    plait_message_queue_free(queue);
}

TEST(waits_end_at_their_deadlines) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    size_t size;
    plait_message message;
    ck_assert_status(plait_message_queue_get_until(queue, out, 1, &size, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, 1, &size), PLAIT_EMPTY);
    ck_assert_status(plait_message_queue_borrow_until(queue, &message, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_borrow_nowait(queue, &message), PLAIT_EMPTY);
    ck_assert_ok(plait_message_queue_put(queue, out, 2000));
    ck_assert_ok(plait_message_queue_put(queue, out, 2000));
    ck_assert_status(plait_message_queue_put_until(queue, out, 100, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_put_nowait(queue, out, 100), PLAIT_FULL);
    ck_assert_status(plait_message_queue_reserve_until(queue, 2000, &message, plait_after(0.01)),
                     PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_reserve_nowait(queue, 2000, &message), PLAIT_FULL);
    ck_assert_ok(plait_message_queue_put_nowait(queue, out, 16)); /* nobody keeps the lane for himself */
    ck_assert_status(plait_message_queue_join_until(queue, plait_after(0.01)), PLAIT_TIMEOUT);
    plait_message_queue_free(queue);
}

TEST(waits_can_be_cancelled) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    size_t size;
    plait_cancel(token);
    plait_token *before = plait_token_enter(token);
    ck_assert_status(plait_message_queue_get(queue, out, 1, &size), PLAIT_CANCELLED);
    ck_assert_ok(plait_message_queue_put(queue, "x", 1));
    ck_assert_ok(plait_message_queue_get(queue, out, 1, &size)); /* what need not wait is not cancelled */
    ck_assert_status(plait_message_queue_put(queue, out, 10 * RING), PLAIT_CANCELLED);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, sizeof out, &size), PLAIT_EMPTY);
    ck_assert_ok(plait_message_queue_put(queue, "y", 1));
    plait_token_leave(before);
    ck_assert_ok(plait_message_queue_get(queue, out, 1, &size));
    ck_assert_int_eq(out[0], 'y');
    plait_token_free(token);
    plait_message_queue_free(queue);
}

/* ---- the end ---- */

TEST(a_shutdown_lets_what_is_there_out) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message, refused;
    size_t size;
    put_number(queue, 10, 1);
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    ck_assert_ok(plait_message_queue_shutdown(queue, false));
    ck_assert_status(plait_message_queue_put(queue, "x", 1), PLAIT_SHUTDOWN);
    ck_assert_status(plait_message_queue_put(queue, out, 10 * RING), PLAIT_SHUTDOWN);
    ck_assert_status(plait_message_queue_reserve_nowait(queue, 1, &refused), PLAIT_SHUTDOWN);
    get_number(queue, 10, 1);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, 10, &size), PLAIT_EMPTY);
    ck_assert_ok(plait_message_queue_commit(queue, &message, 1));
    ck_assert_ok(plait_message_queue_get(queue, out, 10, &size));
    ck_assert_status(plait_message_queue_get(queue, out, 10, &size), PLAIT_SHUTDOWN);
    ck_assert_status(plait_message_queue_borrow(queue, &message), PLAIT_SHUTDOWN);
    plait_message_queue_free(queue);
}

TEST(an_immediate_shutdown_discards) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message;
    size_t size;
    put_number(queue, 10, 1);
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    ck_assert_ok(plait_message_queue_shutdown(queue, true));
    ck_assert_ok(plait_message_queue_shutdown(queue, false)); /* it stays so */
    ck_assert_status(plait_message_queue_get(queue, out, 10, &size), PLAIT_SHUTDOWN);
    ck_assert_status(plait_message_queue_commit(queue, &message, 1), PLAIT_SHUTDOWN);
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 0);
    ck_assert_ok(plait_message_queue_join(queue));
    plait_message_queue_free(queue);
}

TEST(a_shutdown_ends_all_waits) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) threads[i] = start_thread(get_one, queue);
    wait_until_asleep_in("message_queue.get", 4);
    ck_assert_ok(plait_message_queue_shutdown(queue, false));
    for (int i = 0; i < 4; i++) ck_assert_status(join_thread(threads[i]), PLAIT_SHUTDOWN);
    plait_message_queue_free(queue);
    queue = plait_message_queue_new(RING);
    for (int i = 0; i < 2; i++) ck_assert_ok(plait_message_queue_put(queue, out, 1900));
    for (int i = 0; i < 4; i++) threads[i] = start_thread(put_large, queue);
    wait_until_asleep_in("message_queue.put", 4);
    ck_assert_ok(plait_message_queue_shutdown(queue, true));
    for (int i = 0; i < 4; i++) ck_assert_status(join_thread(threads[i]), PLAIT_SHUTDOWN);
    plait_message_queue_free(queue);
}

/* ---- join ---- */

static void *join_it(void *argument) {
    return (void *)(intptr_t)plait_message_queue_join(argument);
}

TEST(join_waits_until_all_is_done) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message;
    size_t size;
    ck_assert_ok(plait_message_queue_join(queue));
    ck_assert_status(plait_message_queue_task_done(queue), PLAIT_OVERFLOW);
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_message_queue_put(queue, "x", 1));
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    pthread_t joiner = start_thread(join_it, queue);
    wait_until_asleep_in("message_queue.join", 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(plait_message_queue_get(queue, out, 1, &size));
        ck_assert_status(plait_message_queue_join_until(queue, plait_after(0)), PLAIT_TIMEOUT);
        ck_assert_ok(plait_message_queue_task_done(queue));
    }
    ck_assert_status(plait_message_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_status(plait_message_queue_join_until(queue, plait_after(0)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_message_queue_abandon(queue, &message));
    ck_assert_status(plait_message_queue_get_nowait(queue, out, 1, &size), PLAIT_EMPTY);
    ck_assert_ok(join_thread(joiner));
    plait_message_queue_free(queue);
}

/* Nobody gets, so nobody but the join itself can find that it is no message. */
TEST(join_does_not_wait_for_what_was_abandoned) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    plait_message message;
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    ck_assert_ok(plait_message_queue_abandon(queue, &message));
    ck_assert_ok(plait_message_queue_join_until(queue, plait_after(10)));
    ck_assert(plait_message_queue_empty(queue));
    ck_assert_ok(plait_message_queue_reserve(queue, 10, &message));
    pthread_t joiner = start_thread(join_it, queue);
    wait_until_asleep_in("message_queue.join", 1);
    ck_assert_ok(plait_message_queue_abandon(queue, &message));
    ck_assert_ok(join_thread(joiner));
    plait_message_queue_free(queue);
}

/* What there is of it would fill the ring for ever. */
TEST(join_does_not_wait_for_what_a_put_gave_up_in_the_middle) {
    plait_message_queue *queue = plait_message_queue_new(RING);
    ck_assert_ok(plait_message_queue_put(queue, "x", 1));
    ck_assert_status(plait_message_queue_put_until(queue, out, 3 * RING, plait_after(0.01)), PLAIT_TIMEOUT);
    size_t size;
    ck_assert_ok(plait_message_queue_get(queue, out, 1, &size));
    ck_assert_ok(plait_message_queue_task_done(queue));
    ck_assert_ok(plait_message_queue_join_until(queue, plait_after(10)));
    ck_assert(plait_message_queue_empty(queue));
    ck_assert_status(plait_message_queue_put_until(queue, out, 3 * RING, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_status(plait_message_queue_get_nowait(queue, out, 1, &size), PLAIT_EMPTY);
    plait_message_queue_free(queue);
}

TEST(a_capacity_that_cannot_be_is_refused_in_words) {
    ck_assert_ptr_null(plait_message_queue_new(SIZE_MAX));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_str_eq(plait_last_message(), "no queue can hold 18446744073709551615 bytes of messages");
}

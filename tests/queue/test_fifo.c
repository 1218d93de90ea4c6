/* What one thread can see: order, limits, sizes, peeking, and what is refused. */
#include "support.h"

#include <queue/queue.h>

struct wide {
    char name[37];
    int number;
};

TEST(items_come_out_in_the_order_they_went_in) {
    plait_queue *queue = plait_queue_of(int, 0);
    for (int i = 0; i < 1000; i++) ck_assert_ok(plait_queue_put(queue, &i));
    ck_assert_uint_eq(plait_queue_qsize(queue), 1000);
    for (int i = 0; i < 1000; i++) {
        int got;
        ck_assert_ok(plait_queue_get(queue, &got));
        ck_assert_int_eq(got, i);
    }
    ck_assert(plait_queue_empty(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(order_holds_while_the_ring_wraps_and_grows) {
    plait_queue *queue = plait_queue_of(long, 0);
    long in = 0, out = 0;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 13; i++, in++) ck_assert_ok(plait_queue_put(queue, &in));
        for (int i = 0; i < 9; i++, out++) {
            long got;
            ck_assert_ok(plait_queue_get_nowait(queue, &got));
            ck_assert_int_eq(got, out);
        }
    }
    ck_assert_uint_eq(plait_queue_qsize(queue), (size_t)(in - out));
    for (; out < in; out++) {
        long got;
        ck_assert_ok(plait_queue_get_nowait(queue, &got));
        ck_assert_int_eq(got, out);
    }
    ck_assert_ok(plait_queue_free(queue));
}

static void check_size(size_t size, size_t maxsize) {
    unsigned char in[300], out[300];
    plait_queue *queue = plait_queue_new(size, maxsize);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < size; i++) in[i] = (unsigned char)((size_t)round + i);
        ck_assert_ok(plait_queue_put_sized(queue, in, size));
        ck_assert_ok(plait_queue_get_sized(queue, out, size));
        ck_assert_int_eq(memcmp(in, out, size), 0);
    }
    ck_assert_ok(plait_queue_free(queue));
}

TEST(items_may_have_any_size) {
    for (size_t size = 1; size <= 300; size = size < 40 ? size + 1 : size + 37) {
        check_size(size, 0);
        check_size(size, 3);
    }
}

TEST(a_struct_goes_by_value) {
    plait_queue *queue = plait_queue_of(struct wide, 5);
    struct wide one = {"first", 1};
    ck_assert_ok(plait_queue_put(queue, &one));
    one.number = 2;
    struct wide got;
    ck_assert_ok(plait_queue_get(queue, &got));
    ck_assert_int_eq(got.number, 1);
    ck_assert_str_eq(got.name, "first");
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_full_queue_takes_no_more) {
    plait_queue *queue = plait_queue_of(int, 3);
    int i = 7;
    ck_assert(!plait_queue_full(queue));
    for (int n = 0; n < 3; n++) ck_assert_ok(plait_queue_put_nowait(queue, &i));
    ck_assert(plait_queue_full(queue));
    ck_assert_status(plait_queue_put_nowait(queue, &i), PLAIT_FULL);
    ck_assert_status(plait_queue_put_until(queue, &i, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_queue_put_until(queue, &i, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(plait_queue_qsize(queue), 3);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(an_empty_queue_gives_nothing) {
    plait_queue *queue = plait_queue_of(int, 0);
    int i = 7;
    ck_assert_status(plait_queue_get_nowait(queue, &i), PLAIT_EMPTY);
    ck_assert_status(plait_queue_get_until(queue, &i, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_queue_get_until(queue, &i, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_status(plait_queue_peek(queue, &i), PLAIT_EMPTY);
    ck_assert_int_eq(i, 7);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_large_bound_needs_no_large_memory_and_still_holds) {
    plait_queue *queue = plait_queue_new(1024, (size_t)1 << 40);
    ck_assert_ptr_nonnull(queue);
    ck_assert_ok(plait_queue_free(queue));
    queue = plait_queue_new(1024, 100); /* grows: its bound is not a power of two */
    char item[1024] = {0};
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_queue_put_nowait(queue, &item));
    ck_assert_status(plait_queue_put_nowait(queue, &item), PLAIT_FULL);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(peek_leaves_the_item_where_it_is) {
    plait_queue *queue = plait_queue_of(double, 0);
    double one = 1.5, two = 2.5, got = 0;
    ck_assert_ok(plait_queue_put(queue, &one));
    ck_assert_ok(plait_queue_put(queue, &two));
    ck_assert_ok(plait_queue_peek(queue, &got));
    ck_assert_double_eq(got, 1.5);
    ck_assert_uint_eq(plait_queue_qsize(queue), 2);
    ck_assert_ok(plait_queue_free(queue));
}

/* After a burst the memory goes back, and what is left is whole. */
TEST(a_burst_does_not_keep_its_memory) {
    for (int lifo = 0; lifo < 2; lifo++) {
        plait_queue *queue = lifo ? plait_lifo_queue_of(long, 0) : plait_queue_of(long, 0);
        struct plait__ring *ring = &queue->items.ring;
        size_t largest = 0, many = 1 << 17, wrong = 0;
        for (int burst = 0; burst < 3; burst++) {
            for (long i = 0; i < (long)many; i++) wrong += plait_queue_put(queue, &i) != PLAIT_OK;
            ck_assert_uint_eq(wrong, 0);
            ck_assert_uint_ge(ring->capacity, many);
            if (ring->capacity > largest) largest = ring->capacity;
            for (long n = 0; n < (long)many; n++) {
                long got = -1, expected = lifo ? (long)many - 1 - n : n;
                wrong += plait_queue_get(queue, &got) != PLAIT_OK || got != expected;
            }
            ck_assert_uint_eq(wrong, 0);
            ck_assert_uint_le(ring->capacity, many / 32);
        }
        ck_assert_uint_eq(largest, many);
        ck_assert_ok(plait_queue_free(queue));
    }
}

TEST(after_shutdown_it_shrinks_too) {
    plait_queue *queue = plait_queue_of(long, 0);
    long got = -1, many = 1 << 15, wrong = 0;
    for (long i = 0; i < many; i++) wrong += plait_queue_put(queue, &i) != PLAIT_OK;
    ck_assert_ok(plait_queue_shutdown(queue, false));
    for (long i = 0; i < many; i++) wrong += plait_queue_get(queue, &got) != PLAIT_OK || got != i;
    ck_assert_int_eq(wrong, 0);
    ck_assert_uint_lt(queue->items.ring.capacity, (size_t)many / 4);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(an_item_of_the_wrong_size_is_refused) {
    plait_queue *queue = plait_queue_of(const char *, 0);
    const char *text = "hello";
    char letter = 'h';
    int number = 1;
    plait_case wrong = plait_case_get(queue, &number);
    ck_assert_status(plait_queue_put(queue, text), PLAIT_INVALID); /* the address was forgotten */
    ck_assert_status(plait_queue_put_nowait(queue, &letter), PLAIT_INVALID);
    ck_assert_status(plait_queue_put_until(queue, &number, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_queue_get(queue, &number), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_nowait(queue, &number), PLAIT_INVALID);
    ck_assert_status(plait_queue_peek(queue, &number), PLAIT_INVALID);
    ck_assert_status(plait_select(&wrong, 1, NULL), PLAIT_INVALID);
    wrong = plait_case_put(queue, &number);
    ck_assert_status(plait_select(&wrong, 1, NULL), PLAIT_INVALID);
    ck_assert_uint_eq(plait_queue_qsize(queue), 0);
    ck_assert_ok(plait_queue_put(queue, &text));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(nonsense_is_refused) {
    int i = 0;
    ck_assert_ptr_null(plait_queue_new(0, 5));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_queue_new(8, (size_t)-1));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_queue_new((size_t)-8, 1));
    ck_assert_ptr_null(plait_queue_new(PTRDIFF_MAX, 2));
    ck_assert_int_eq(plait_last_error(), PLAIT_NO_MEMORY);
    ck_assert_status(plait_queue_put(NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_queue_get(NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_queue_peek(NULL, &i), PLAIT_INVALID);
    ck_assert_status(plait_queue_task_done(NULL), PLAIT_INVALID);
    ck_assert_status(plait_queue_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_queue_shutdown(NULL, true), PLAIT_INVALID);
    ck_assert_status(plait_queue_set_destroy(NULL, NULL, NULL), PLAIT_INVALID);
    ck_assert_ok(plait_queue_free(NULL));
    ck_assert_uint_eq(plait_queue_qsize(NULL), 0);
    ck_assert(plait_queue_empty(NULL));
    ck_assert(!plait_queue_full(NULL));
    plait_queue *queue = plait_queue_of(int, 0);
    ck_assert_status(plait_queue_put_sized(queue, NULL, sizeof i), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_sized(queue, NULL, sizeof i), PLAIT_INVALID);
    ck_assert_ok(plait_queue_free(queue));
}

/* What the macros do with sizeof, for those who have only a void pointer. */
TEST(the_size_can_be_said) {
    plait_queue *queue = plait_queue_new(sizeof(int), 2);
    int first = 1, second = 2, got = 0;
    const void *item = &second;
    void *place = &got;
    ck_assert_ok(plait_queue_put_sized_until(queue, &first, sizeof first, PLAIT_NOW));
    ck_assert_ok(plait_queue_put_sized_nowait(queue, item, sizeof second));
    ck_assert_status(plait_queue_put_sized_nowait(queue, item, 1), PLAIT_INVALID);
    ck_assert_ok(plait_queue_peek_sized(queue, place, sizeof got));
    ck_assert_int_eq(got, 1);
    ck_assert_ok(plait_queue_get_sized_until(queue, place, sizeof got, PLAIT_NOW));
    ck_assert_status(plait_queue_get_sized_nowait(queue, place, 8), PLAIT_INVALID);
    plait_case cases[] = {plait_case_put_sized(queue, item, sizeof second),
                          plait_case_get_sized(queue, place, sizeof got)};
    ck_assert_ok(plait_select(&cases[1], 1, NULL));
    ck_assert_int_eq(got, 2);
    ck_assert_ok(plait_select(&cases[0], 1, NULL));
    ck_assert_uint_eq(plait_queue_qsize(queue), 1);
    ck_assert_ok(plait_queue_free(queue));
}

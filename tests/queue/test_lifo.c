/* Last in, first out. */
#include "support.h"

TEST(the_last_item_comes_first) {
    plait_queue *queue = plait_lifo_queue_of(int, 0);
    for (int i = 0; i < 1000; i++) ck_assert_ok(plait_queue_put(queue, &i));
    for (int i = 999; i >= 0; i--) {
        int got;
        ck_assert_ok(plait_queue_peek(queue, &got));
        ck_assert_int_eq(got, i);
        ck_assert_ok(plait_queue_get(queue, &got));
        ck_assert_int_eq(got, i);
    }
    ck_assert(plait_queue_empty(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(puts_and_gets_in_turn_leave_the_oldest_for_last) {
    plait_queue *queue = plait_lifo_queue_of(long, 5);
    long items[] = {1, 2, 3, 4, 5}, got;
    for (int i = 0; i < 5; i++) ck_assert_ok(plait_queue_put_nowait(queue, &items[i]));
    ck_assert_status(plait_queue_put_nowait(queue, &items[0]), PLAIT_FULL);
    ck_assert_ok(plait_queue_get_nowait(queue, &got));
    ck_assert_int_eq(got, 5);
    ck_assert_ok(plait_queue_put_nowait(queue, &items[1]));
    static const long expected[] = {2, 4, 3, 2, 1};
    for (int i = 0; i < 5; i++) {
        ck_assert_ok(plait_queue_get_nowait(queue, &got));
        ck_assert_int_eq(got, expected[i]);
    }
    ck_assert_status(plait_queue_get_nowait(queue, &got), PLAIT_EMPTY);
    ck_assert_ok(plait_queue_free(queue));
}

static int destroyed;

static void destroy(void *item, void *context) {
    (void)context;
    destroyed += *(int *)item;
}

TEST(shutdown_drains_or_destroys_a_stack_too) {
    plait_queue *queue = plait_lifo_queue_of(int, 0);
    ck_assert_ok(plait_queue_set_destroy(queue, destroy, NULL));
    for (int i = 1; i <= 3; i++) ck_assert_ok(plait_queue_put(queue, &i));
    ck_assert_ok(plait_queue_shutdown(queue, false));
    int got;
    ck_assert_ok(plait_queue_get(queue, &got));
    ck_assert_int_eq(got, 3);
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_int_eq(destroyed, 3);
    ck_assert_status(plait_queue_get(queue, &got), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(queue));
}

/* Several items at once: order, partial success, waiting, and what is refused. */
#include "support.h"

enum { MANY = 100 };

struct number {
    int value;
};

static bool smaller(const void *one, const void *other, void *context) {
    (void)context;
    return ((const struct number *)one)->value < ((const struct number *)other)->value;
}

static plait_queue *queue;

static void numbers(struct number *items, int count) {
    for (int i = 0; i < count; i++) items[i].value = i;
}

static void check_order(const struct number *items, size_t count, int first, int step) {
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(items[i].value, first + (int)i * step);
}

TEST(many_come_out_in_the_order_of_their_queue) {
    struct number in[MANY], out[MANY];
    size_t put, got;
    numbers(in, MANY);
    plait_queue *kinds[] = {plait_queue_of(struct number, 0), plait_lifo_queue_of(struct number, 0),
                            plait_priority_queue_by(struct number, 0, value),
                            plait_priority_queue_of(struct number, MANY, smaller, NULL)};
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_queue_put_many(kinds[i], in, MANY, &put));
        ck_assert_uint_eq(put, MANY);
        ck_assert_ok(plait_queue_get_many(kinds[i], out, 30, &got));
        ck_assert_uint_eq(got, 30);
        check_order(out, got, i == 1 ? MANY - 1 : 0, i == 1 ? -1 : 1);
        ck_assert_ok(plait_queue_get_many(kinds[i], out, MANY, &got));
        ck_assert_uint_eq(got, MANY - 30);
        check_order(out, got, i == 1 ? MANY - 31 : 30, i == 1 ? -1 : 1);
        ck_assert_status(plait_queue_get_many_nowait(kinds[i], out, MANY, &got), PLAIT_EMPTY);
        ck_assert_uint_eq(got, 0);
        ck_assert_ok(plait_queue_task_done_many(kinds[i], MANY));
        ck_assert_ok(plait_queue_join(kinds[i]));
        ck_assert_ok(plait_queue_free(kinds[i]));
    }
}

TEST(order_holds_while_the_ring_wraps) {
    queue = plait_queue_of(struct number, 64);
    int in = 0, out = 0;
    for (int round = 0; round < 200; round++) {
        struct number items[23];
        size_t moved;
        for (int i = 0; i < 23; i++) items[i].value = in + i;
        plait_status status = plait_queue_put_many_nowait(queue, items, 23, &moved);
        ck_assert_status(status, moved == 23 ? PLAIT_OK : PLAIT_FULL);
        in += (int)moved;
        ck_assert_ok(plait_queue_get_many_nowait(queue, items, 1 + (size_t)round % 23, &moved));
        check_order(items, moved, out, 1);
        out += (int)moved;
    }
    ck_assert_uint_eq(plait_queue_qsize(queue), (size_t)(in - out));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(as_many_as_fit_go_in) {
    queue = plait_queue_of(struct number, 10);
    struct number items[MANY];
    size_t moved;
    numbers(items, MANY);
    ck_assert_status(plait_queue_put_many_nowait(queue, items, 25, &moved), PLAIT_FULL);
    ck_assert_uint_eq(moved, 10);
    ck_assert_status(plait_queue_put_many_until(queue, items, 5, &moved, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(moved, 0);
    ck_assert_ok(plait_queue_get_many(queue, items, 4, &moved));
    ck_assert_status(plait_queue_put_many_until(queue, items, 5, &moved, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(moved, 4);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_status(plait_queue_put_many(queue, items, 5, &moved), PLAIT_SHUTDOWN);
    ck_assert_uint_eq(moved, 0);
    ck_assert_ok(plait_queue_get_many(queue, items, MANY, &moved));
    ck_assert_uint_eq(moved, 10);
    ck_assert_status(plait_queue_get_many(queue, items, MANY, &moved), PLAIT_SHUTDOWN);
    ck_assert_uint_eq(moved, 0);
    ck_assert_ok(plait_queue_free(queue));
}

static size_t put_by_thread;

static void *put_many(void *arg) {
    struct number items[MANY];
    (void)arg;
    numbers(items, MANY);
    return (void *)(intptr_t)plait_queue_put_many(queue, items, MANY, &put_by_thread);
}

/* More than ever fits at once: it waits again and again, and its items stay in order. */
TEST(put_many_waits_until_all_are_in) {
    queue = plait_queue_of(struct number, 7);
    pthread_t putter = queue_thread(put_many, NULL);
    for (int next = 0; next < MANY;) {
        struct number items[5];
        size_t got;
        ck_assert_ok(plait_queue_get_many(queue, items, 5, &got));
        check_order(items, got, next, 1);
        next += (int)got;
    }
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_uint_eq(put_by_thread, MANY);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_shutdown_tells_how_many_went_in) {
    queue = plait_queue_of(struct number, 7);
    pthread_t putter = queue_thread(put_many, NULL);
    wait_until_asleep_in("queue.put", 1);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_SHUTDOWN);
    ck_assert_uint_eq(put_by_thread, 7);
    ck_assert_ok(plait_queue_free(queue));
}

static void *get_many(void *arg) {
    (void)arg;
    struct number items[MANY];
    size_t got = 0;
    return (void *)(intptr_t)(plait_queue_get_many(queue, items, MANY, &got) == PLAIT_OK ? (int)got : -1);
}

/* One put of many wakes all who can have one: each wakes the next. */
TEST(one_put_of_many_serves_all_who_wait) {
    queue = plait_queue_of(struct number, 0);
    struct number items[MANY];
    numbers(items, MANY);
    pthread_t getters[5];
    for (int i = 0; i < 5; i++) getters[i] = queue_thread(get_many, NULL);
    wait_until_asleep_in("queue.get", 5);
    int total = 0, served = 0;
    while (served < 5) { /* the first may have taken all */
        ck_assert_ok(plait_queue_put_many(queue, items, MANY, NULL));
        total += MANY, served++;
    }
    for (int i = 0; i < 5; i++) {
        int got = (int)(intptr_t)queue_thread_end(getters[i]);
        ck_assert_int_gt(got, 0);
        total -= got;
    }
    ck_assert_uint_eq(plait_queue_qsize(queue), (size_t)total);
    ck_assert_ok(plait_queue_free(queue));
}

static void *put_a_few(void *arg) {
    (void)arg;
    struct number items[2] = {{1}, {2}};
    return (void *)(intptr_t)plait_queue_put_many(queue, items, 2, NULL);
}

static void *get_a_few(void *arg) {
    (void)arg;
    struct number items[2];
    size_t got;
    return (void *)(intptr_t)plait_queue_get_many(queue, items, 2, &got);
}

/* Room for all of them is made at once; each wakes the next. */
TEST(one_get_of_many_serves_all_who_put) {
    queue = plait_queue_of(struct number, 10);
    struct number items[10] = {{0}};
    size_t got;
    ck_assert_ok(plait_queue_put_many(queue, items, 10, NULL));
    pthread_t putters[4];
    for (int i = 0; i < 4; i++) putters[i] = queue_thread(put_a_few, NULL);
    wait_until_asleep_in("queue.put", 4);
    ck_assert_ok(plait_queue_get_many(queue, items, 10, &got));
    for (int i = 0; i < 4; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_OK);
    ck_assert_uint_eq(plait_queue_qsize(queue), 8);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(getters_of_a_few_wake_each_other) {
    queue = plait_queue_of(struct number, 0);
    struct number items[8] = {{0}};
    pthread_t getters[4];
    for (int i = 0; i < 4; i++) getters[i] = queue_thread(get_a_few, NULL);
    wait_until_asleep_in("queue.get", 4);
    ck_assert_ok(plait_queue_put_many(queue, items, 8, NULL));
    for (int i = 0; i < 4; i++) ck_assert_ptr_eq(queue_thread_end(getters[i]), (void *)PLAIT_OK);
    ck_assert(plait_queue_empty(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(nonsense_is_refused) {
    struct number items[2] = {{0}, {1}};
    char letters[2];
    size_t moved = 77;
    queue = plait_queue_of(struct number, 0);
    ck_assert_status(plait_queue_put_many(NULL, items, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_put_many(queue, letters, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_put_many_sized(queue, NULL, sizeof *items, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_put_many_nowait(queue, letters, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_put_many_until(queue, letters, 2, &moved, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_many(NULL, items, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_many(queue, letters, 2, &moved), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_many(queue, items, 2, NULL), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_many_nowait(queue, items, 2, NULL), PLAIT_INVALID);
    ck_assert_status(plait_queue_get_many_until(queue, letters, 2, &moved, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_uint_eq(moved, 77);
    ck_assert_ok(plait_queue_put_many(queue, items, 0, &moved));
    ck_assert_uint_eq(moved, 0);
    ck_assert_ok(plait_queue_get_many(queue, items, 0, &moved));
    ck_assert_status(plait_queue_put_many(queue, items, SIZE_MAX, &moved), PLAIT_NO_MEMORY);
    ck_assert_uint_eq(moved, 0);
    ck_assert_status(plait_queue_task_done_many(queue, 1), PLAIT_OVERFLOW);
    ck_assert_ok(plait_queue_task_done_many(queue, 0));
    ck_assert_status(plait_queue_task_done_many(NULL, 1), PLAIT_INVALID);
    ck_assert_ok(plait_queue_put_many(queue, items, 2, NULL));
    ck_assert_status(plait_queue_task_done_many(queue, 3), PLAIT_OVERFLOW);
    ck_assert_ok(plait_queue_task_done_many(queue, 2)); /* the call before did nothing */
    ck_assert_ok(plait_queue_free(queue));
}

TEST(each_item_until_shutdown) {
    queue = plait_queue_of(struct number, 0);
    struct number items[MANY], item;
    plait_status status;
    numbers(items, MANY);
    ck_assert_ok(plait_queue_put_many(queue, items, MANY, NULL));
    ck_assert_ok(plait_queue_shutdown(queue, false));
    int seen = 0;
    plait_queue_each(queue, &item, &status) {
        if (item.value % 2) continue;
        ck_assert_int_eq(item.value, 2 * seen++);
        if (seen == 10) break;
    }
    ck_assert_ok(status);
    plait_queue_each(queue, &item, &status) seen++;
    ck_assert_int_eq(item.value, MANY - 1);
    ck_assert_status(status, PLAIT_SHUTDOWN);
    ck_assert_int_eq(seen, 10 + MANY - 19);
    ck_assert_ok(plait_queue_free(queue));
}

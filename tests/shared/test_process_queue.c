/* The verbs of the queue between processes, one at a time; what deaths do to it is in
 * test_process_queue_death.c and test_process_queue_accounts.c. */
#include "longs.h"
#include "support/asleep.h"
#include "support/faults.h"
#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>
#include <shared/process_queue.h>
#include <shared/shared.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- one process ---- */

TEST(what_comes_first_goes_first_also_around_the_ring) {
    plait_process_queue *queue = queue_of_longs(5);
    for (long round = 0; round < 20; round++) {
        put_longs(queue, 3 * round, 3);
        ck_assert_uint_eq(plait_process_queue_qsize(queue), 3);
        get_longs(queue, 3 * round, 3);
        ck_assert(plait_process_queue_empty(queue));
    }
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(it_holds_maxsize_items_and_no_more) {
    for (size_t maxsize = 1; maxsize < 10; maxsize++) {
        plait_process_queue *queue = queue_of_longs(maxsize);
        long item = 7;
        ck_assert(!plait_process_queue_full(queue));
        put_longs(queue, 0, (long)maxsize);
        ck_assert(plait_process_queue_full(queue));
        ck_assert_status(plait_process_queue_put_nowait(queue, &item), PLAIT_FULL);
        ck_assert_status(plait_process_queue_put_until(queue, &item, plait_after(0.01)), PLAIT_TIMEOUT);
        ck_assert_status(plait_process_queue_put_until(queue, &item, PLAIT_NOW), PLAIT_TIMEOUT);
        get_longs(queue, 0, 1);
        ck_assert_ok(plait_process_queue_put_nowait(queue, &item));
        get_longs(queue, 1, (long)maxsize - 1);
        get_longs(queue, 7, 1);
        ck_assert_status(plait_process_queue_get_nowait(queue, &item), PLAIT_EMPTY);
        ck_assert_status(plait_process_queue_get_until(queue, &item, plait_after(0.01)), PLAIT_TIMEOUT);
        ck_assert_status(plait_process_queue_get_until(queue, &item, PLAIT_NOW), PLAIT_TIMEOUT);
        ck_assert_uint_eq(plait_process_queue_maxsize(queue), maxsize);
        ck_assert_ok(plait_process_queue_free(queue));
    }
}

TEST(without_a_maxsize_it_has_one_of_plaits) {
    struct big {
        char bytes[1 << 20];
    };
    plait_process_queue *small = queue_of_longs(0), *large = plait_process_queue_of(struct big, 0);
    ck_assert_uint_eq(plait_process_queue_maxsize(small), 32768);
    put_longs(small, 0, 32768);
    ck_assert(plait_process_queue_full(small));
    ck_assert_uint_eq(plait_process_queue_maxsize(large), 64);
    ck_assert_uint_eq(plait_process_queue_item_size(large), 1 << 20);
    ck_assert_ok(plait_process_queue_free(small));
    ck_assert_ok(plait_process_queue_free(large));
}

TEST(items_of_every_size_come_out_as_they_went_in) {
    for (size_t size = 1; size < 200; size += 7) {
        plait_process_queue *queue = plait_process_queue_new(size, 6);
        unsigned char in[200], out[200];
        for (int i = 0; i < 20; i++) {
            memset(in, i, size);
            memset(out, 0xff, sizeof out);
            ck_assert_ok(plait_process_queue_put_sized(queue, in, size));
            ck_assert_ok(plait_process_queue_put_sized(queue, in, size));
            ck_assert_ok(plait_process_queue_get_sized(queue, out, size));
            ck_assert_ok(plait_process_queue_get_sized(queue, out, size));
            ck_assert_mem_eq(in, out, size);
            ck_assert_int_eq(out[size], 0xff);
        }
        ck_assert_ok(plait_process_queue_free(queue));
    }
}

TEST(many_items_go_around_the_end_of_the_ring) {
    plait_process_queue *queue = queue_of_longs(7);
    long in[20], out[20], next_in = 0, next_out = 0;
    struct stress_random random = stress_random_stream(0);
    for (int i = 0; i < 1000; i++) {
        size_t count = stress_random_below(&random, 10), put = 99, got = 99;
        for (size_t k = 0; k < count; k++) in[k] = next_in + (long)k;
        size_t room = 7 - plait_process_queue_qsize(queue);
        ck_assert_status(plait_process_queue_put_many_nowait(queue, in, count, &put),
                         count <= room ? PLAIT_OK : PLAIT_FULL);
        ck_assert_uint_eq(put, count <= room ? count : room);
        next_in += (long)put;
        count = stress_random_below(&random, 10);
        size_t stock = plait_process_queue_qsize(queue);
        ck_assert_status(plait_process_queue_get_many_nowait(queue, out, count, &got),
                         stock || !count ? PLAIT_OK : PLAIT_EMPTY);
        ck_assert_uint_eq(got, count <= stock ? count : stock);
        for (size_t k = 0; k < got; k++) ck_assert_int_eq(out[k], next_out++);
    }
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(many_items_wait_for_room_and_say_how_many_are_in) {
    plait_process_queue *queue = queue_of_longs(4);
    long items[6] = {0, 1, 2, 3, 4, 5}, out[6];
    size_t put = 99, got = 99;
    ck_assert_status(plait_process_queue_put_many_until(queue, items, 6, &put, plait_after(0.01)),
                     PLAIT_TIMEOUT);
    ck_assert_uint_eq(put, 4);
    ck_assert_ok(plait_process_queue_get_many(queue, out, 6, &got));
    ck_assert_uint_eq(got, 4);
    ck_assert_status(plait_process_queue_get_many_until(queue, out, 6, &got, plait_after(0.01)),
                     PLAIT_TIMEOUT);
    ck_assert_uint_eq(got, 0);
    ck_assert_ok(plait_process_queue_put_many(queue, items, 2, NULL));
    ck_assert_ok(plait_process_queue_get_many(queue, out, 0, &got));
    ck_assert_uint_eq(got, 0);
    ck_assert_uint_eq(plait_process_queue_qsize(queue), 2);
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(peek_leaves_it_where_it_is) {
    plait_process_queue *queue = queue_of_longs(4);
    long item = 9;
    ck_assert_status(plait_process_queue_peek(queue, &item), PLAIT_EMPTY);
    put_longs(queue, 0, 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(plait_process_queue_peek(queue, &item));
        ck_assert_int_eq(item, 0);
    }
    get_longs(queue, 0, 2);
    ck_assert_ok(plait_process_queue_shutdown(queue, false));
    ck_assert_status(plait_process_queue_peek(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(nonsense_is_refused) {
    plait_process_queue *queue = queue_of_longs(4);
    long item = 5;
    int small = 5;
    size_t count = 77;
    ck_assert_status(plait_process_queue_put(queue, &small), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_get(queue, &small), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_peek(queue, &small), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_put_many(queue, &small, 1, &count), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_get_many(queue, &item, 1, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_put_sized(queue, NULL, sizeof item), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_get_sized(queue, NULL, sizeof item), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_put_sized(NULL, &item, sizeof item), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_get_sized_nowait(NULL, &item, sizeof item), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_task_done(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_queue_shutdown(NULL, true), PLAIT_INVALID);
    ck_assert_uint_eq(count, 77);
    ck_assert_uint_eq(plait_process_queue_qsize(NULL) + plait_process_queue_maxsize(NULL) +
                          plait_process_queue_item_size(NULL),
                      0);
    ck_assert(plait_process_queue_empty(NULL) && !plait_process_queue_full(NULL));
    ck_assert_ok(plait_process_queue_free(NULL));
    ck_assert_ptr_null(plait_process_queue_keep(NULL));
    ck_assert_ptr_null(plait_process_queue_name(queue));
    ck_assert_ok(plait_process_queue_free(queue));
}

static void is_refused(size_t item_size, size_t maxsize) {
    ck_assert_ptr_null(plait_process_queue_new(item_size, maxsize));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
}

TEST(queues_that_cannot_be_are_refused) {
    is_refused(0, 10);
    is_refused(0, 0);
    is_refused(8, (size_t)-1);
    is_refused((size_t)-1, 1);
    is_refused(SIZE_MAX / 4, 5);
    is_refused(1 << 20, (size_t)1 << 43);
}

/* ---- shutdown, task_done, join ---- */

TEST(after_a_shutdown_what_is_left_still_comes_out) {
    plait_process_queue *queue = queue_of_longs(4);
    long item = 1;
    size_t put = 99;
    put_longs(queue, 0, 3);
    ck_assert_ok(plait_process_queue_shutdown(queue, false));
    ck_assert_status(plait_process_queue_put(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_process_queue_put_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_process_queue_put_many(queue, &item, 1, &put), PLAIT_SHUTDOWN);
    ck_assert_uint_eq(put, 0);
    get_longs(queue, 0, 3);
    ck_assert_status(plait_process_queue_get(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_process_queue_get_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_process_queue_get_many(queue, &item, 1, &put), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_process_queue_task_done_many(queue, 3));
    ck_assert_ok(plait_process_queue_join(queue));
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(an_immediate_shutdown_discards_what_is_left) {
    plait_process_queue *queue = queue_of_longs(4);
    long item;
    put_longs(queue, 0, 4);
    get_longs(queue, 0, 1);
    ck_assert_ok(plait_process_queue_shutdown(queue, false));
    ck_assert_ok(plait_process_queue_shutdown(queue, true));
    ck_assert_status(plait_process_queue_get(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_process_queue_join_until(queue, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_process_queue_task_done(queue));
    ck_assert_ok(plait_process_queue_join(queue));
    ck_assert_status(plait_process_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_ok(plait_process_queue_shutdown(queue, true));
    ck_assert_ok(plait_process_queue_join(queue));
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(task_done_is_said_as_often_as_items_were_put) {
    plait_process_queue *queue = queue_of_longs(4);
    ck_assert_ok(plait_process_queue_join(queue));
    ck_assert_status(plait_process_queue_task_done(queue), PLAIT_OVERFLOW);
    put_longs(queue, 0, 3);
    ck_assert_status(plait_process_queue_task_done_many(queue, 4), PLAIT_OVERFLOW);
    ck_assert_status(plait_process_queue_task_done_many(queue, SIZE_MAX), PLAIT_OVERFLOW);
    ck_assert_ok(plait_process_queue_task_done_many(queue, 0));
    ck_assert_ok(plait_process_queue_task_done_many(queue, 3)); /* before they are got */
    ck_assert_ok(plait_process_queue_join(queue));
    ck_assert_status(plait_process_queue_task_done(queue), PLAIT_OVERFLOW);
    ck_assert_status(plait_process_queue_task_done_many(queue, SIZE_MAX), PLAIT_OVERFLOW);
    get_longs(queue, 0, 3);
    put_longs(queue, 0, 1);
    ck_assert_status(plait_process_queue_join_until(queue, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_process_queue_task_done(queue));
    ck_assert_ok(plait_process_queue_join_until(queue, PLAIT_NOW));
    ck_assert_ok(plait_process_queue_free(queue));
}

/* ---- threads of one process ---- */

struct waiting {
    plait_process_queue *queue;
    plait_status (*wait)(plait_process_queue *queue);
    plait_status status;
    pthread_t thread;
};

static plait_status get_one(plait_process_queue *queue) {
    long item;
    return plait_process_queue_get(queue, &item);
}

static plait_status put_one(plait_process_queue *queue) {
    long item = 8;
    return plait_process_queue_put(queue, &item);
}

static plait_status join_all(plait_process_queue *queue) {
    return plait_process_queue_join(queue);
}

static void *run_waiting(void *context) {
    struct waiting *waiting = context;
    waiting->status = waiting->wait(waiting->queue);
    return NULL;
}

/* Returns when it is asleep there. */
static void begin_waiting(struct waiting *waiting, plait_process_queue *queue,
                          plait_status (*wait)(plait_process_queue *queue)) {
    *waiting = (struct waiting){.queue = queue, .wait = wait};
    int before = threads_asleep_in(NULL);
    ck_assert_int_eq(pthread_create(&waiting->thread, NULL, run_waiting, waiting), 0);
    wait_until_asleep(before + 1);
}

static plait_status end_waiting(struct waiting *waiting) {
    ck_assert_int_eq(pthread_join(waiting->thread, NULL), 0);
    return waiting->status;
}

TEST(each_waiter_is_woken_by_what_it_waits_for) {
    plait_process_queue *queue = queue_of_longs(1);
    struct waiting waiting;
    begin_waiting(&waiting, queue, get_one);
    put_longs(queue, 1, 1);
    ck_assert_ok(end_waiting(&waiting));
    put_longs(queue, 1, 1);
    begin_waiting(&waiting, queue, put_one);
    get_longs(queue, 1, 1);
    ck_assert_ok(end_waiting(&waiting));
    begin_waiting(&waiting, queue, join_all);
    get_longs(queue, 8, 1);
    ck_assert_ok(plait_process_queue_task_done_many(queue, 3));
    ck_assert_ok(end_waiting(&waiting));
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(a_shutdown_wakes_all_who_wait) {
    for (int immediate = 0; immediate < 2; immediate++) {
        plait_process_queue *empty = queue_of_longs(1), *full = queue_of_longs(1);
        struct waiting waiting[7];
        put_longs(full, 1, 1);
        for (int i = 0; i < 3; i++) begin_waiting(&waiting[i], empty, get_one);
        for (int i = 3; i < 6; i++) begin_waiting(&waiting[i], full, put_one);
        begin_waiting(&waiting[6], full, join_all);
        ck_assert_status(plait_process_queue_free(full), PLAIT_BUSY);
        ck_assert_ok(plait_process_queue_shutdown(empty, immediate));
        ck_assert_ok(plait_process_queue_shutdown(full, immediate));
        for (int i = 0; i < 6; i++) ck_assert_status(end_waiting(&waiting[i]), PLAIT_SHUTDOWN);
        if (!immediate) {
            get_longs(full, 1, 1);
            ck_assert_ok(plait_process_queue_task_done(full));
        }
        ck_assert_ok(end_waiting(&waiting[6]));
        ck_assert_ok(plait_process_queue_free(empty));
        ck_assert_ok(plait_process_queue_free(full));
    }
}

/* One put of many wakes one; the others must be woken in turn. */
TEST(many_items_wake_as_many_getters_as_there_are_items_for) {
    plait_process_queue *queue = queue_of_longs(10);
    struct waiting waiting[5];
    long items[5] = {0, 1, 2, 3, 4}, out[5];
    size_t got;
    for (int i = 0; i < 5; i++) begin_waiting(&waiting[i], queue, get_one);
    ck_assert_ok(plait_process_queue_put_many(queue, items, 5, NULL));
    for (int i = 0; i < 5; i++) ck_assert_ok(end_waiting(&waiting[i]));
    put_longs(queue, 0, 10);
    for (int i = 0; i < 5; i++) begin_waiting(&waiting[i], queue, put_one);
    ck_assert_ok(plait_process_queue_get_many(queue, out, 5, &got));
    ck_assert_uint_eq(got, 5);
    for (int i = 0; i < 5; i++) ck_assert_ok(end_waiting(&waiting[i]));
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(a_cancel_ends_every_wait) {
    plait_process_queue *empty = queue_of_longs(1), *full = queue_of_longs(1);
    put_longs(full, 1, 1);
    plait_token *token = plait_token_new(NULL, plait_after(0.02));
    plait_token *before = plait_token_enter(token);
    ck_assert_status(get_one(empty), PLAIT_CANCELLED);
    ck_assert_status(put_one(full), PLAIT_CANCELLED);
    ck_assert_status(join_all(full), PLAIT_CANCELLED);
    ck_assert_ok(put_one(empty)); /* what need not wait goes on */
    plait_token_leave(before);
    plait_token_free(token);
    ck_assert_ok(plait_process_queue_free(empty));
    ck_assert_ok(plait_process_queue_free(full));
}

TEST(a_kept_handle_outlives_the_first) {
    plait_process_queue *queue = queue_of_longs(2);
    ck_assert_ptr_eq(plait_process_queue_keep(queue), queue);
    ck_assert_ok(plait_process_queue_free(queue));
    put_longs(queue, 0, 1);
    ck_assert_ok(plait_process_queue_free(queue));
}

/* ---- memory that runs out ---- */

static plait_status make_and_use(void) {
    plait_process_queue *queue = plait_process_queue_of(long, 4);
    if (!queue) return plait_last_error();
    long item = 1;
    plait_status status = plait_process_queue_put(queue, &item);
    if (status == PLAIT_OK) status = plait_process_queue_get(queue, &item);
    (void)plait_process_queue_free(queue);
    return status;
}

TEST(memory_that_runs_out_is_a_status) {
    fault_every(make_and_use);
}

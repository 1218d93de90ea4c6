/* Queues of messages in processes that did not make them: as a parameter of a task, and by name. */
#include "pool_support.h"
#include "shared/messages.h"
#include "support/kill.h"

PLAIT_TASK(size_t, copy_over, (plait_message_queue *, from), (plait_message_queue *, to), (int, count)) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        plait_message message;
        if (plait_message_queue_borrow(from, &message) != PLAIT_OK)
            plait_raise(PLAIT_FAILED, "nothing to copy");
        if (plait_message_queue_put(to, message.data, message.size) != PLAIT_OK)
            plait_raise(PLAIT_FAILED, "not copied");
        sum += message.size;
        if (plait_message_queue_give_back(from, &message) != PLAIT_OK)
            plait_raise(PLAIT_FAILED, "not borrowed");
        if (plait_message_queue_task_done(from) != PLAIT_OK) plait_raise(PLAIT_FAILED, "not got");
    }
    return sum;
}

TEST(tasks_in_other_processes_take_queues) {
    static char data[50000], back[50000];
    const size_t sizes[] = {0, 1, 1000, 20000, 50000};
    plait_message_queue *there = plait_message_queue_new(1 << 16), *here = plait_message_queue_new(1 << 14);
    plait_pool *pool = process_pool(2, NULL);
    for (int round = 0; round < 5; round++) {
        plait_future *future = plait_submit(pool, copy_over, there, here, 5);
        for (size_t i = 0; i < 5; i++) {
            size_t size;
            message_fill(data, sizes[i], i);
            ck_assert_ok(plait_message_queue_put(there, data, sizes[i]));
            ck_assert_ok(plait_message_queue_get_until(here, back, sizeof back, &size, plait_after(30)));
            ck_assert_uint_eq(size, sizes[i]);
            ck_assert(message_whole(back, size, i));
        }
        size_t sum = 0;
        ck_assert_ok(plait_result(future, &sum));
        ck_assert_uint_eq(sum, 71001);
        plait_future_free(future);
        ck_assert_ok(plait_message_queue_join(there));
    }
    process_pool_end(pool);
    plait_message_queue_free(there);
    plait_message_queue_free(here);
}

static void answer_by_name(void *memory) {
    plait_message_queue *queue = plait_message_queue_attach(memory);
    size_t size;
    char text[100];
    if (!queue || plait_message_queue_get(queue, text, sizeof text, &size) != PLAIT_OK ||
        strcmp(text, "ping"))
        abort();
    if (plait_message_queue_put(queue, "pong", 5) != PLAIT_OK) abort();
    plait_message_queue_free(queue);
}

TEST(a_queue_is_found_by_its_name) {
    char *name = kill_memory(256), text[100];
    size_t size;
    plait_message_queue_options options = {.capacity = 10000, .max_message = 100};
    plait_message_queue *queue = plait_message_queue_create(NULL, &options);
    ck_assert_msg(queue != NULL, "%s", plait_last_message());
    strcpy(name, plait_message_queue_name(queue));
    ck_assert_ptr_null(plait_message_queue_create(name, NULL));
    ck_assert_status(plait_last_error(), PLAIT_EXISTS);
    ck_assert_ok(plait_message_queue_put(queue, "ping", 5));
    kill_join(kill_start(answer_by_name, name), 20);
    ck_assert_ok(plait_message_queue_get(queue, text, sizeof text, &size));
    ck_assert_str_eq(text, "pong");
    plait_message_queue *same = plait_message_queue_attach(name);
    ck_assert_uint_eq(plait_message_queue_capacity(same), 1 << 14);
    ck_assert_status(plait_message_queue_put(same, text, 101), PLAIT_TOO_LARGE);
    plait_message_queue_free(same);
    ck_assert_ok(plait_message_queue_unlink(name));
    ck_assert_ptr_null(plait_message_queue_attach(name));
    ck_assert_status(plait_last_error(), PLAIT_MISSING);
    ck_assert_ok(plait_message_queue_put(queue, "still", 6));
    plait_message_queue_free(queue);
    kill_nothing_left(name);
}

TEST(what_holds_no_messages_is_refused) {
    plait_shared *shared = plait_shared_create(NULL, 1 << 16);
    ck_assert_ptr_nonnull(shared);
    ck_assert_ptr_null(plait_message_queue_attach(plait_shared_name(shared)));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    memset(plait_shared_address(shared), 0xff, 1 << 16);
    ck_assert_ptr_null(plait_message_queue_attach(plait_shared_name(shared)));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ok(plait_shared_unlink(plait_shared_name(shared)));
    plait_shared_free(shared);
}

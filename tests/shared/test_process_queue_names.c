/* How other processes come to a queue: by its name, or as what travels. */
#include "longs.h"
#include "names.h"
#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <shared/process_queue.h>
#include <shared/shared.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- names ---- */

TEST(it_is_found_by_its_name) {
    const char *name = name_of("queue");
    plait_process_queue *queue = plait_process_queue_create_of(name, long, 3);
    ck_assert_ptr_nonnull(queue);
    ck_assert_str_eq(plait_process_queue_name(queue), name);
    ck_assert_ptr_null(plait_process_queue_create_of(name, long, 3));
    ck_assert_status(plait_last_error(), PLAIT_EXISTS);
    plait_process_queue *same = plait_process_queue_attach_of(name, long);
    ck_assert_ptr_nonnull(same);
    ck_assert_uint_eq(plait_process_queue_maxsize(same), 3);
    put_longs(queue, 0, 3);
    get_longs(same, 0, 3);
    ck_assert_ok(plait_process_queue_task_done(same));
    ck_assert_ok(plait_process_queue_task_done_many(queue, 2)); /* both are this process */
    ck_assert_ok(plait_process_queue_join(same));
    ck_assert_ok(plait_process_queue_unlink(name));
    ck_assert_status(plait_process_queue_unlink(name), PLAIT_MISSING);
    ck_assert_ptr_null(plait_process_queue_attach_of(name, long));
    ck_assert_status(plait_last_error(), PLAIT_MISSING);
    ck_assert_ok(plait_process_queue_free(queue));
    ck_assert_ok(plait_process_queue_free(same));
}

TEST(a_name_can_be_made_up) {
    plait_process_queue *queue = plait_process_queue_create_of(NULL, long, 3);
    ck_assert_ptr_nonnull(queue);
    plait_process_queue *same = plait_process_queue_attach_of(plait_process_queue_name(queue), long);
    put_longs(same, 0, 1);
    get_longs(queue, 0, 1);
    ck_assert_ok(plait_process_queue_unlink(plait_process_queue_name(queue)));
    ck_assert_ok(plait_process_queue_free(queue));
    ck_assert_ok(plait_process_queue_free(same));
}

static void attach_is_refused(const char *name, size_t item_size, const char *words) {
    ck_assert_ptr_null(plait_process_queue_attach(name, item_size));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_msg(strstr(plait_last_message(), words), "%s", plait_last_message());
}

TEST(what_is_no_such_queue_is_not_attached) {
    const char *name = name_of("other");
    plait_process_queue *queue = plait_process_queue_create_of(name, long, 3);
    attach_is_refused(name, sizeof(int), "have 8 bytes, not 4");
    attach_is_refused(name, 0, "have 8 bytes, not 0");
    attach_is_refused("a/b", 8, "name");
    attach_is_refused(NULL, 8, "name");
    struct plait__process_queue_memory *memory = queue->memory;
    memory->capacity = 1 << 20; /* as if it were larger than its memory */
    attach_is_refused(name, sizeof(long), "no queue");
    memory->capacity = 4;
    memory->maxsize = 5;
    attach_is_refused(name, sizeof(long), "no queue");
    ck_assert_ok(plait_process_queue_unlink(name));
    ck_assert_ok(plait_process_queue_free(queue));
    plait_shared *shared = plait_shared_create(name, 100000);
    ck_assert_ptr_nonnull(shared);
    attach_is_refused(name, sizeof(long), "no queue");
    plait_shared_unlink(name);
    plait_shared_free(shared);
    shared = plait_shared_create(name, 8);
    attach_is_refused(name, sizeof(long), "no queue");
    plait_shared_unlink(name);
    plait_shared_free(shared);
}

/* ---- travelling ---- */

static void receive(void *memory) {
    void *there;
    long sum = 0, item;
    if (plait__traveller_unpack(memory, &there, NULL) != PLAIT_OK) _exit(1);
    for (int i = 0; i < 2; i++) {
        if (plait_process_queue_get((plait_process_queue *)there, &item) != PLAIT_OK) _exit(2);
        sum += item;
        if (plait_process_queue_task_done(there) != PLAIT_OK) _exit(3);
    }
    plait__traveller_drop(there);
    if (sum != 1) _exit(4);
}

TEST(it_travels_to_another_process) {
    plait_process_queue *queue = queue_of_longs(3);
    struct plait__travelled *record = kill_memory(sizeof *record);
    ck_assert_ok(plait__traveller_pack(queue, record, NULL));
    put_longs(queue, 0, 2);
    kill_join(kill_start(receive, record), 10);
    ck_assert_ok(plait_process_queue_join_until(queue, plait_after(10)));
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST(other_memory_is_not_taken_for_a_queue) {
    plait_shared *shared = plait_shared_new(1 << 20);
    struct plait__travelled record;
    struct plait__words words = {{0}};
    void *there;
    ck_assert_ok(plait__traveller_pack(shared, &record, NULL));
    record.kind = PLAIT__TRAVELS_QUEUE;
    ck_assert_status(plait__traveller_unpack(&record, &there, &words), PLAIT_INVALID);
    ck_assert_msg(strstr(words.at, "no queue"), "%s", words.at);
    plait_shared_free(shared);
}

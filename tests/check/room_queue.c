/* room_queue.c - scenarios of src/queue: nothing is lost, nothing comes twice, everybody comes back. */
#include "rooms.h"

static plait_queue *queue;
static long got[4];
static int gets;

static void reset(plait_queue *fresh) {
    plait_check_that(fresh);
    queue = fresh;
    gets = 0;
    for (int i = 0; i < 4; i++) got[i] = 0;
}

static void end(void) {
    plait_check_that(plait_queue_qsize(queue) == 0 && plait_queue_free(queue) == PLAIT_OK);
}

static void get_one(void *unused) {
    (void)unused;
    long item;
    plait_check_that(plait_queue_get(queue, &item) == PLAIT_OK);
    got[gets++] = item;
}

static void put(long item) {
    plait_check_that(plait_queue_put(queue, &item) == PLAIT_OK);
}

static void put_1(void *unused) {
    (void)unused;
    put(1);
}

static void put_2(void *unused) {
    (void)unused;
    put(2);
}

static void put_1_and_2(void *unused) {
    (void)unused;
    put(1);
    put(2);
}

static void get_two(void *unused) {
    (void)unused;
    get_one(NULL);
    get_one(NULL);
}

static bool has_1_and_2(void) {
    return gets == 2 && got[0] + got[1] == 3 && got[0] * got[1] == 2;
}

SCENARIO_BOUND(queue, item_is_passed, 1) {
    reset(plait_queue_of(long, 0));
    together(2, (body *[]){get_one, put_1}, NULL);
    plait_check_that(got[0] == 1);
    end();
}

SCENARIO(queue, two_get_two) {
    reset(plait_queue_of(long, 0));
    together(3, (body *[]){get_one, get_one, put_1_and_2}, NULL);
    plait_check_that(has_1_and_2());
    end();
}

SCENARIO(queue, two_put_two) {
    reset(plait_queue_of(long, 0));
    together(3, (body *[]){put_1, put_2, get_two}, NULL);
    plait_check_that(has_1_and_2());
    end();
}

/* With room for one: the second put waits for the first get. */
SCENARIO(queue, order_is_kept_through_a_narrow_one) {
    reset(plait_queue_of(long, 1));
    together(2, (body *[]){put_1_and_2, get_two}, NULL);
    plait_check_that(gets == 2 && got[0] == 1 && got[1] == 2);
    end();
}

SCENARIO(queue, two_putters_of_a_narrow_one) {
    reset(plait_queue_of(long, 1));
    put(1);
    together(3, (body *[]){put_1, put_1, get_two}, NULL);
    get_one(NULL);
    end();
}

SCENARIO(queue, stack_two_get_two) {
    reset(plait_lifo_queue_of(long, 0));
    together(3, (body *[]){get_one, get_one, put_1_and_2}, NULL);
    plait_check_that(has_1_and_2());
    end();
}

static void get_both_at_once(void *unused) {
    (void)unused;
    long items[2];
    size_t count;
    plait_check_that(plait_queue_get_many(queue, items, 2, &count) == PLAIT_OK && count == 2);
}

/* Room for two comes at once, one putter is woken, and that one wakes the next. */
SCENARIO(queue, stack_room_for_two) {
    reset(plait_lifo_queue_of(long, 2));
    put(8);
    put(9);
    together(3, (body *[]){put_1, put_2, get_both_at_once}, NULL);
    get_two(NULL);
    plait_check_that(has_1_and_2());
    end();
}

static void put_both_at_once(void *unused) {
    (void)unused;
    const long items[] = {1, 2};
    plait_check_that(plait_queue_put_many(queue, items, 2, NULL) == PLAIT_OK);
}

SCENARIO(queue, batch_for_two) {
    reset(plait_queue_of(long, 0));
    together(3, (body *[]){get_one, get_one, put_both_at_once}, NULL);
    plait_check_that(has_1_and_2());
    end();
}

SCENARIO(queue, batch_through_a_narrow_one) {
    reset(plait_queue_of(long, 1));
    together(2, (body *[]){put_both_at_once, get_two}, NULL);
    plait_check_that(got[0] == 1 && got[1] == 2);
    end();
}

/* ---- giving up ---- */

static void get_in_time(void *unused) {
    (void)unused;
    long item;
    plait_status status = plait_queue_get_until(queue, &item, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) put(item);
}

SCENARIO(queue, late_getter_swallows_no_wake) {
    reset(plait_queue_of(long, 0));
    together(3, (body *[]){get_in_time, get_one, put_1}, NULL);
    plait_check_that(got[0] == 1);
    end();
}

SCENARIO(queue, late_getter_of_a_stack) {
    reset(plait_lifo_queue_of(long, 0));
    together(3, (body *[]){get_in_time, get_one, put_1}, NULL);
    plait_check_that(got[0] == 1);
    end();
}

static void put_in_time(void *unused) {
    (void)unused;
    long item = 5;
    plait_status status = plait_queue_put_until(queue, &item, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_check_that(plait_queue_get(queue, &item) == PLAIT_OK);
}

SCENARIO(queue, late_putter_swallows_no_wake) {
    reset(plait_queue_of(long, 1));
    put(3);
    together(3, (body *[]){put_in_time, put_1, get_one}, NULL);
    get_one(NULL);
    end();
}

/* ---- in order of priority, by a comparison of the user's ---- */

static bool is_less(const void *one, const void *other, void *unused) {
    (void)unused;
    return *(const long *)one < *(const long *)other;
}

SCENARIO(queue, heap_of_two_putters) {
    reset(plait_priority_queue_of(long, 0, is_less, NULL));
    together(2, (body *[]){put_1, put_2}, NULL);
    get_two(NULL);
    plait_check_that(got[0] == 1 && got[1] == 2);
    end();
}

SCENARIO(queue, heap_of_a_putter_and_a_getter) {
    reset(plait_priority_queue_of(long, 0, is_less, NULL));
    put(2);
    together(2, (body *[]){put_1, get_two}, NULL);
    plait_check_that(has_1_and_2());
    end();
}

/* ---- rendezvous ---- */

SCENARIO(queue, meeting) {
    reset(plait_rendezvous_queue_of(long));
    together(2, (body *[]){put_1, get_one}, NULL);
    plait_check_that(gets == 1 && got[0] == 1);
    end();
}

SCENARIO(queue, meeting_of_a_late_getter) {
    reset(plait_rendezvous_queue_of(long));
    together(3, (body *[]){get_in_time, get_one, put_1}, NULL);
    plait_check_that(gets == 1 && got[0] == 1);
    end();
}

static int puts_done;

static void put_to_meet_in_time(void *unused) {
    (void)unused;
    long item = 4;
    if (plait_queue_put_until(queue, &item, soon()) == PLAIT_OK) puts_done++;
}

static void get_to_meet_in_time(void *unused) {
    (void)unused;
    long item;
    if (plait_queue_get_until(queue, &item, soon()) != PLAIT_OK) return;
    plait_check_that(item == 4);
    gets++;
}

SCENARIO(queue, meeting_is_known_to_both) {
    reset(plait_rendezvous_queue_of(long));
    puts_done = 0;
    together(2, (body *[]){put_to_meet_in_time, get_to_meet_in_time}, NULL);
    plait_check_that(puts_done == gets);
    end();
}

/* ---- join, shutdown, free ---- */

static void get_and_be_done(void *unused) {
    get_one(unused);
    plait_check_that(plait_queue_task_done(queue) == PLAIT_OK);
}

static void put_and_join(void *unused) {
    put_1_and_2(unused);
    plait_check_that(plait_queue_join(queue) == PLAIT_OK);
    plait_check_that(gets == 2);
}

SCENARIO(queue, join_waits_for_all) {
    reset(plait_queue_of(long, 0));
    together(3, (body *[]){get_and_be_done, get_and_be_done, put_and_join}, NULL);
    end();
}

static void put_until_shutdown(void *unused) {
    (void)unused;
    long item = 1;
    plait_status status = plait_queue_put(queue, &item);
    plait_check_that(status == PLAIT_OK || status == PLAIT_SHUTDOWN);
    if (status == PLAIT_OK) puts_done++;
}

static void get_until_shutdown(void *unused) {
    (void)unused;
    long item;
    while (plait_queue_get(queue, &item) == PLAIT_OK) gets++;
}

static void shut_down(void *unused) {
    (void)unused;
    plait_check_that(plait_queue_shutdown(queue, false) == PLAIT_OK);
}

SCENARIO(queue, shutdown_ends_gets) {
    reset(plait_queue_of(long, 0));
    puts_done = 0;
    together(3, (body *[]){get_until_shutdown, put_until_shutdown, shut_down}, NULL);
    plait_check_that(gets == puts_done);
    end();
}

SCENARIO(queue, shutdown_ends_puts) {
    reset(plait_queue_of(long, 1));
    puts_done = 0;
    put(1);
    together(2, (body *[]){put_until_shutdown, shut_down}, NULL);
    plait_check_that(puts_done == 0);
    get_one(NULL);
    end();
}

static void count_destroyed(void *item, void *count) {
    (void)item;
    ++*(int *)count;
}

static void shut_down_at_once(void *unused) {
    (void)unused;
    plait_check_that(plait_queue_shutdown(queue, true) == PLAIT_OK);
}

/* What was put was got, or destroyed: once. */
SCENARIO(queue, shutdown_destroys_what_is_left) {
    static int destroyed;
    destroyed = puts_done = 0;
    reset(plait_queue_of(long, 0));
    plait_check_that(plait_queue_set_destroy(queue, count_destroyed, &destroyed) == PLAIT_OK);
    together(3, (body *[]){get_until_shutdown, put_until_shutdown, shut_down_at_once}, NULL);
    plait_check_that(gets + destroyed == puts_done);
    end();
}

static void get_and_free(void *unused) {
    get_one(unused);
    plait_check_that(plait_queue_free(queue) == PLAIT_OK);
}

/* Whoever was served may free the queue while the other one is on its way out. */
SCENARIO(queue, freed_by_who_got) {
    reset(plait_queue_of(long, 0));
    together(2, (body *[]){put_1, get_and_free}, NULL);
}

SCENARIO(queue, stack_is_freed_by_who_got) {
    reset(plait_lifo_queue_of(long, 0));
    together(2, (body *[]){put_1, get_and_free}, NULL);
}

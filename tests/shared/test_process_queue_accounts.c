/* Processes that are killed in the queue's accounts: in task_done, join and shutdown, and in what is done for those
 * who died before. */
#include "process_queue_death.h"

/* ---- task_done ---- */

static void joins(void *memory) {
    struct notes *notes = memory;
    notes->status = plait_process_queue_join(queue);
}

static void wait_for_joiner(void) {
    while (!plait__load(&queue->memory->get.own[PLAIT__JOINERS])) plait_sleep(0.0005);
}

static void prepare_item_and_joiner(void *memory) {
    prepare_four(memory);
    put(1);
    ((struct notes *)memory)->other = kill_start(joins, memory);
}

static void get_and_do(void *memory) {
    (void)memory;
    long item;
    warm_up();
    if (plait_process_queue_get(queue, &item) != PLAIT_OK) _exit(1);
    wait_for_joiner();
    kill_from_here();
    if (plait_process_queue_task_done(queue) != PLAIT_OK) _exit(1);
    kill_to_here();
}

/* Exactly one join tells of the item, if it was not done. */
static const char *joined(void *memory) {
    struct notes *notes = memory;
    kill_join(notes->other, soon);
    kill_check(notes->status == PLAIT_OK || notes->status == PLAIT_CRASHED);
    kill_check(notes->status == PLAIT_OK || !kill_finished());
    kill_check((queue->memory->lost == 1) == (notes->status == PLAIT_CRASHED));
    return still_works(0);
}

TEST(killed_in_a_task_done_that_others_join_for) {
    run(prepare_item_and_joiner, get_and_do, joined);
}

/* ---- shutdown ---- */

static void prepare_items_and_joiner(void *memory) {
    prepare_four(memory);
    for (long i = 0; i < 4; i++) put(1);
    ((struct notes *)memory)->other = kill_start(joins, memory);
}

static void shut_down_immediately(void *memory) {
    (void)memory;
    warm_up();
    wait_for_joiner();
    kill_from_here();
    if (plait_process_queue_shutdown(queue, true) != PLAIT_OK) _exit(1);
    kill_to_here();
}

static const char *frees_both(void) {
    kill_check(plait_process_queue_free(queue) == PLAIT_OK);
    kill_check(plait_process_queue_free(warm) == PLAIT_OK);
    return NULL;
}

static const char *ended(void *memory) {
    struct notes *notes = memory;
    long item;
    kill_check(!kill_finished() || plait_process_queue_get(queue, &item) == PLAIT_SHUTDOWN);
    size_t left = plait_process_queue_qsize(queue);
    kill_check(left == 4 || left == 0);
    kill_check(plait_process_queue_shutdown(queue, true) == PLAIT_OK);
    kill_join(notes->other, soon);
    kill_check(notes->status == PLAIT_OK);
    kill_check(plait_process_queue_join(queue) == PLAIT_OK);
    kill_check(plait_process_queue_get(queue, &item) == PLAIT_SHUTDOWN);
    kill_check(plait_process_queue_put(queue, &item) == PLAIT_SHUTDOWN);
    return frees_both();
}

TEST(killed_in_an_immediate_shutdown) {
    run(prepare_items_and_joiner, shut_down_immediately, ended);
}

static void other_puts_in_vain(void *memory) {
    struct notes *notes = memory;
    long item = 3;
    notes->status = plait_process_queue_put(queue, &item);
}

static void prepare_full_and_late_putter(void *memory) {
    new_queues(1);
    put(1);
    ((struct notes *)memory)->other = kill_start(other_puts_in_vain, memory);
}

static void shut_down_before_putter(void *memory) {
    (void)memory;
    warm_up();
    wait_for_sleeper(&queue->memory->get);
    kill_from_here();
    if (plait_process_queue_shutdown(queue, false) != PLAIT_OK) _exit(1);
    kill_to_here();
}

/* It was closed: the putter must find out by itself. */
static const char *putter_was_told(struct notes *notes) {
    long item;
    kill_join(notes->other, soon);
    kill_check(notes->status == PLAIT_SHUTDOWN);
    kill_check(plait_process_queue_get(queue, &item) == PLAIT_OK && item == 1);
    kill_check(plait_process_queue_get(queue, &item) == PLAIT_SHUTDOWN);
    return frees_both();
}

static const char *putter_was_told_or_puts(void *memory) {
    struct notes *notes = memory;
    long item, sum;
    int count;
    if (plait__load(&queue->memory->put.closed)) return putter_was_told(notes);
    kill_check(!kill_finished());
    kill_check(plait_process_queue_get(queue, &item) == PLAIT_OK && item == 1);
    kill_check(plait_process_queue_task_done(queue) == PLAIT_OK);
    kill_join(notes->other, soon);
    kill_check(notes->status == PLAIT_OK);
    drain(&sum, &count);
    kill_check(count == 1 && sum == 3);
    return still_works(0);
}

TEST(killed_in_a_shutdown_while_a_putter_sleeps) {
    run(prepare_full_and_late_putter, shut_down_before_putter, putter_was_told_or_puts);
}

/* ---- putting right what a dead one left ---- */

/* Dies with the lock, between two stores of a change: two items discarded, one not yet. */
static void die_in_a_change(void *memory) {
    (void)memory;
    struct plait__process_queue_memory *shared = queue->memory;
    struct plait__shared_lane_call call = {.wait = {"test", queue, PLAIT_FOREVER, false}};
    if (plait__shared_lane_lock(&shared->get, &call) != PLAIT_OK) _exit(1);
    shared->change = (struct plait__change){.index = 2, .done = 2};
    shared->change.valid = 1;
    shared->get.index = 2;
}

static void prepare_half_changed(void *memory) {
    prepare_two_items(memory);
    put(4);
    kill_join(kill_start(die_in_a_change, memory), soon);
}

static void get_the_third(void *memory) {
    (void)memory;
    long item;
    warm_up();
    kill_from_here();
    if (plait_process_queue_get(queue, &item) != PLAIT_OK || item != 4) _exit(1);
    kill_to_here();
}

static const char *third_or_none(void *memory) {
    (void)memory;
    long sum;
    int count;
    drain(&sum, &count);
    kill_check((count == 1 && sum == 4 && !kill_finished()) || count == 0);
    return still_works(1 - count);
}

TEST(killed_while_it_carries_out_what_a_dead_one_had_begun) {
    run(prepare_half_changed, get_the_third, third_or_none);
}

/* ---- what the dead had in their hands ---- */

static void take_three_and_do_one(void *memory) {
    (void)memory;
    long item;
    for (int i = 0; i < 3; i++)
        if (plait_process_queue_get(queue, &item) != PLAIT_OK) _exit(1);
    if (plait_process_queue_task_done(queue) != PLAIT_OK) _exit(2);
}

static void prepare_two_lost(void *memory) {
    prepare_two_items(memory);
    put(3);
    kill_join(kill_start(take_three_and_do_one, memory), soon);
}

static void join_victim(void *memory) {
    struct notes *notes = memory;
    warm_up();
    kill_from_here();
    notes->status = plait_process_queue_join(queue);
    kill_to_here();
}

static const char *two_were_told(void *memory) {
    struct notes *notes = memory;
    kill_check(!kill_finished() || notes->status == PLAIT_CRASHED);
    bool told = queue->memory->told == 2;
    return still_works(told ? 0 : 2);
}

TEST(killed_in_a_join_that_strikes_off_the_dead) {
    run(prepare_two_lost, join_victim, two_were_told);
}

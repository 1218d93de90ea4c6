/* Processes that are killed in the queue, at every instruction of each of its paths: whoever is left goes on,
 * and each item is where it must be. */
#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <shared/process_queue.h>
#include <unistd.h>

/* What the processes of a scenario tell each other; the queue itself is made by `prepare`, and inherited. */
struct notes {
    pid_t other;
    long item;
    plait_status status;
};

static plait_process_queue *queue, *warm;
static const double soon = 8; /* more than any net; a check has ten seconds */

static void put(long item) {
    if (plait_process_queue_put(queue, &item) != PLAIT_OK) _exit(11);
}

/* So that the victim does for the first time elsewhere what it does only once. */
static void warm_up(void) {
    long items[2] = {1, 2};
    size_t got;
    if (plait_process_queue_put_many(warm, items, 2, NULL) != PLAIT_OK) _exit(12);
    if (plait_process_queue_get_many(warm, items, 2, &got) != PLAIT_OK) _exit(13);
    if (plait_process_queue_task_done_many(warm, got) != PLAIT_OK) _exit(14);
    if (plait_process_queue_join(warm) != PLAIT_OK) _exit(15);
    if (plait_process_queue_get_until(warm, &items[0], plait_after(0.001)) != PLAIT_TIMEOUT) _exit(16);
}

static void new_queues(size_t maxsize) {
    queue = plait_process_queue_of(long, maxsize);
    warm = plait_process_queue_of(long, 4);
    ck_assert(queue && warm);
}

/* The end of every check: join tells of what was taken and not done by the dead, once, and the queue still
 * does all it should. */
static const char *still_works(int lost) {
    long item;
    plait_status expected = lost ? PLAIT_CRASHED : PLAIT_OK;
    kill_check(plait_process_queue_join_until(queue, plait_after(soon)) == expected);
    kill_check(plait_process_queue_join(queue) == PLAIT_OK);
    size_t room = plait_process_queue_maxsize(queue);
    for (size_t i = 0; i < room; i++) {
        item = (long)(100 + i);
        kill_check(plait_process_queue_put_nowait(queue, &item) == PLAIT_OK);
    }
    kill_check(plait_process_queue_put_nowait(queue, &item) == PLAIT_FULL);
    for (size_t i = 0; i < room; i++) {
        kill_check(plait_process_queue_get_nowait(queue, &item) == PLAIT_OK);
        kill_check(item == (long)(100 + i));
        kill_check(plait_process_queue_task_done(queue) == PLAIT_OK);
    }
    kill_check(plait_process_queue_get_nowait(queue, &item) == PLAIT_EMPTY);
    kill_check(plait_process_queue_join(queue) == PLAIT_OK);
    kill_check(plait_process_queue_free(queue) == PLAIT_OK);
    kill_check(plait_process_queue_free(warm) == PLAIT_OK);
    return NULL;
}

/* Gets what is left, says that it is done, and tells its sum and count. */
static void drain(long *sum, int *count) {
    long item;
    *sum = *count = 0;
    while (plait_process_queue_get_nowait(queue, &item) == PLAIT_OK) {
        *sum += item;
        ++*count;
        if (plait_process_queue_task_done(queue) != PLAIT_OK) *sum = -1;
    }
}

static void run(void (*prepare)(void *), void (*victim)(void *), const char *(*check)(void *)) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct notes), prepare, victim, check, 0});
}

static void prepare_four(void *memory) {
    (void)memory;
    new_queues(4);
}

/* ---- put ---- */

static void put_one(void *memory) {
    (void)memory;
    warm_up();
    kill_from_here();
    put(1);
    kill_to_here();
}

static const char *one_or_none(void *memory) {
    (void)memory;
    long sum;
    int count;
    drain(&sum, &count);
    kill_check(count == sum);
    kill_check(count == 1 || (count == 0 && !kill_finished()));
    return still_works(0);
}

TEST(killed_in_a_put) {
    run(prepare_four, put_one, one_or_none);
}

/* Around the end of the ring. */
static void prepare_three_gone(void *memory) {
    long items[3] = {7, 7, 7};
    size_t got;
    prepare_four(memory);
    ck_assert_ok(plait_process_queue_put_many(queue, items, 3, NULL));
    ck_assert_ok(plait_process_queue_get_many(queue, items, 3, &got));
    ck_assert_ok(plait_process_queue_task_done_many(queue, 3));
}

static void put_three(void *memory) {
    (void)memory;
    long items[3] = {1, 2, 4};
    warm_up();
    kill_from_here();
    if (plait_process_queue_put_many(queue, items, 3, NULL) != PLAIT_OK) _exit(1);
    kill_to_here();
}

static const char *three_or_none(void *memory) {
    (void)memory;
    long sum;
    int count;
    drain(&sum, &count);
    kill_check((count == 3 && sum == 7) || (count == 0 && !kill_finished()));
    return still_works(0);
}

TEST(killed_in_a_put_of_many) {
    run(prepare_three_gone, put_three, three_or_none);
}

/* ---- put, with a getter asleep in another process ---- */

static void other_gets(void *memory) {
    struct notes *notes = memory;
    if (plait_process_queue_get(queue, &notes->item) != PLAIT_OK) _exit(1);
    if (plait_process_queue_task_done(queue) != PLAIT_OK) _exit(2);
}

static void prepare_getter(void *memory) {
    new_queues(4);
    ((struct notes *)memory)->other = kill_start(other_gets, memory);
}

static void wait_for_sleeper(struct plait__shared_lane *lane) {
    while (!plait__load(&lane->asleep)) plait_sleep(0.0005);
}

static void put_to_sleeper(void *memory) {
    (void)memory;
    warm_up();
    wait_for_sleeper(&queue->memory->put);
    kill_from_here();
    put(1);
    kill_to_here();
}

/* The getter gets what the victim has put, if it has, else ours. */
static const char *getter_got(void *memory) {
    struct notes *notes = memory;
    long sum;
    int count;
    put(2);
    kill_join(notes->other, soon);
    drain(&sum, &count);
    kill_check((notes->item == 1 && count == 1 && sum == 2) || (notes->item == 2 && count == 0));
    kill_check(notes->item == 1 || !kill_finished());
    return still_works(0);
}

TEST(killed_in_a_put_that_wakes_a_getter) {
    run(prepare_getter, put_to_sleeper, getter_got);
}

/* Nothing comes after the victim's item: the getter must find it by itself, at the latest. */
static const char *getter_got_alone(void *memory) {
    struct notes *notes = memory;
    if (plait__load(&queue->memory->put.index) == 0) put(2);
    kill_join(notes->other, soon);
    kill_check(notes->item == 1 || notes->item == 2);
    return still_works(0);
}

TEST(killed_before_it_has_woken_the_getter) {
    run(prepare_getter, put_to_sleeper, getter_got_alone);
}

/* ---- get ---- */

static void prepare_two_items(void *memory) {
    prepare_four(memory);
    put(1);
    put(2);
}

static void get_one(void *memory) {
    (void)memory;
    long item;
    warm_up();
    kill_from_here();
    if (plait_process_queue_get(queue, &item) != PLAIT_OK || item != 1) _exit(1);
    kill_to_here();
}

static const char *two_or_the_second(void *memory) {
    (void)memory;
    long sum;
    int count;
    drain(&sum, &count);
    kill_check((count == 2 && sum == 3 && !kill_finished()) || (count == 1 && sum == 2));
    return still_works(2 - count);
}

TEST(killed_in_a_get) {
    run(prepare_two_items, get_one, two_or_the_second);
}

/* ---- get_many, with a putter asleep ---- */

static void other_puts(void *memory) {
    (void)memory;
    put(8);
}

static void prepare_full_and_putter(void *memory) {
    prepare_three_gone(memory);
    long items[4] = {1, 2, 4, 16};
    ck_assert_ok(plait_process_queue_put_many(queue, items, 4, NULL));
    ((struct notes *)memory)->other = kill_start(other_puts, memory);
}

static void get_three(void *memory) {
    (void)memory;
    long items[3];
    size_t got;
    warm_up();
    wait_for_sleeper(&queue->memory->get);
    kill_from_here();
    if (plait_process_queue_get_many(queue, items, 3, &got) != PLAIT_OK || got != 3) _exit(1);
    kill_to_here();
}

static const char *five_or_the_last_two(void *memory) {
    struct notes *notes = memory;
    long sum, more;
    int count, more_count;
    drain(&sum, &count);
    kill_join(notes->other, soon);
    drain(&more, &more_count);
    sum += more;
    count += more_count;
    kill_check((count == 5 && sum == 31 && !kill_finished()) || (count == 2 && sum == 24));
    return still_works(5 - count);
}

TEST(killed_in_a_get_of_many_that_wakes_a_putter) {
    run(prepare_full_and_putter, get_three, five_or_the_last_two);
}

/* ---- waiting ---- */

static void get_for_ever(void *memory) {
    (void)memory;
    long item;
    warm_up();
    kill_from_here();
    _exit(plait_process_queue_get(queue, &item) == PLAIT_OK ? 1 : 2);
}

/* One who slept there before, and one who comes after. */
static const char *others_get(void *memory) {
    struct notes *notes = memory;
    pid_t second = kill_start(other_gets, memory);
    put(1);
    put(1);
    kill_join(notes->other, soon);
    kill_join(second, soon);
    return still_works(0);
}

static void prepare_getter_alone(void *memory) {
    prepare_getter(memory);
    wait_for_sleeper(&queue->memory->put); /* so that the victim gets nothing in its place */
}

TEST(killed_while_it_falls_asleep_in_a_get) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct notes), prepare_getter_alone,
                                                      get_for_ever, others_get, .asleep_ms = 30});
}

static void two_come(void *memory) {
    (void)memory;
    while (plait__load(&queue->memory->put.asleep) < 2) plait_sleep(0.0005);
    put(1);
    put(2);
}

/* Two sleep when two items come: the victim, and one that must get one of them, whoever was woken. */
static void prepare_getter_and_two_to_come(void *memory) {
    prepare_getter(memory);
    kill_start(two_come, memory);
}

static void get_when_woken(void *memory) {
    (void)memory;
    long item;
    warm_up();
    kill_from_here();
    if (plait_process_queue_get(queue, &item) != PLAIT_OK) _exit(1);
    kill_to_here();
}

/* A victim that was killed before it slept was not counted asleep. */
static const char *the_other_got_one(void *memory) {
    struct notes *notes = memory;
    plait__add(&queue->memory->put.asleep, 1);
    kill_join(notes->other, soon);
    while (plait__load(&queue->memory->put.index) < 2) plait_sleep(0.0005);
    long sum;
    int count;
    drain(&sum, &count);
    kill_check((count == 1 && sum + notes->item == 3) || (count == 0 && notes->item > 0));
    return still_works(1 - count);
}

TEST(killed_when_it_was_woken_in_a_get) {
    run(prepare_getter_and_two_to_come, get_when_woken, the_other_got_one);
}

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

/* ---- at random ---- */

static void use_for_ever(void *memory) {
    (void)memory;
    long item = 1, items[3] = {1, 1, 1};
    size_t got;
    kill_from_here();
    for (;;) {
        put(item);
        if (plait_process_queue_put_many(queue, items, 3, NULL) != PLAIT_OK) _exit(1);
        if (plait_process_queue_get_many(queue, items, 3, &got) != PLAIT_OK) _exit(2);
        if (plait_process_queue_get(queue, &item) != PLAIT_OK) _exit(3);
        if (plait_process_queue_task_done_many(queue, got + 1) != PLAIT_OK) _exit(4);
    }
}

static const char *all_are_ones(void *memory) {
    (void)memory;
    long sum;
    int count;
    drain(&sum, &count);
    kill_check(sum == count);
    plait_status status = plait_process_queue_join_until(queue, plait_after(soon));
    kill_check(status == PLAIT_OK || status == PLAIT_CRASHED);
    return still_works(0);
}

TEST_WITHIN(killed_at_random_moments, 120) {
    kill_at_random(&(struct kill_scenario){sizeof(struct notes), prepare_four, use_for_ever, all_are_ones, 0},
                   100, 300);
}

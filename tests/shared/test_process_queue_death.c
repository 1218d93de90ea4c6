/* Processes that are killed in the queue while items come and go, at every instruction of each of its paths:
 * whoever is left goes on, and each item is where it must be. */
#include "process_queue_death.h"

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

/* room_spawn.c - scenarios of fork and join: each child is run once, by its parent or a thief, and waited for. */
#include "rooms.h"

static plait_pool *pool;
static int runs;
static plait_event news;

static void begin_workers(int workers) {
    runs = 0;
    news = (plait_event)PLAIT_EVENT_INIT;
    pool = plait_pool_new(workers);
    plait_check_that(pool);
}

static void *tell_news(void *unused) {
    plait_event_set(&news);
    return unused;
}

static plait_lock count_lock;

PLAIT_TASK(int, leaf, (int, number)) {
    plait_hold(&count_lock);
    runs++;
    return number;
}

/* The first child may be stolen while the others are taken back. */
PLAIT_TASK(int, parent, (int, number)) {
    plait_spawn(one, leaf, number);
    plait_event_set(&news);
    return plait_sync(one) + 1;
}

static int ask_for_number(plait_future *future) {
    int number = 0;
    plait_check_that(plait_result(future, &number) == PLAIT_OK);
    plait_future_free(future);
    return number;
}

SCENARIO(pool, child_is_run_once) {
    begin_workers(2);
    plait_check_that(ask_for_number(plait_submit(pool, parent, 5)) == 6);
    plait_check_that(plait_read(runs) == 1);
    end_pool(pool);
}

/* Another worker is awake, and steals just when the child is taken back. */
PLAIT_TASK(int, parent_of_two_in_company, (int, number)) {
    plait_spawn(one, leaf, number);
    plait_spawn(other, leaf, number);
    plait_event_wait(&news);
    int sum = plait_sync(other);
    return sum + plait_sync(one);
}

SCENARIO(pool, child_is_stolen_beside_its_sync) {
    begin_workers(2);
    plait_future *family = plait_submit(pool, parent_of_two_in_company, 5);
    plait_check_that(ask(plait_submit_function(pool, tell_news, NULL)) == PLAIT_OK);
    plait_check_that(ask_for_number(family) == 10 && plait_read(runs) == 2);
    end_pool(pool);
}

static int first_runs, second_runs;

PLAIT_TASK(int, first_leaf, (int, number)) {
    plait_write(first_runs) = plait_read(first_runs) + 1;
    return number;
}

PLAIT_TASK(int, second_leaf, (int, number)) {
    plait_write(second_runs) = plait_read(second_runs) + 1;
    return number;
}

PLAIT_TASK(int, parent_of_two, (int, number)) {
    plait_spawn(one, first_leaf, number);
    plait_spawn(other, second_leaf, number);
    int sum = plait_sync(other);
    return sum + plait_sync(one);
}

SCENARIO(pool, children_are_run_once) {
    begin_workers(2);
    first_runs = second_runs = 0;
    plait_check_that(ask_for_number(plait_submit(pool, parent_of_two, 5)) == 10);
    plait_check_that(plait_read(first_runs) == 1 && plait_read(second_runs) == 1);
    end_pool(pool);
}

PLAIT_TASK(int, grandparent, (int, number)) {
    plait_spawn(one, parent, number);
    plait_event_wait(&news); /* so that another worker has stolen it, and it has a child itself */
    return plait_sync(one);
}

PLAIT_TASK(int, parent_that_is_stolen, (int, number)) {
    plait_event_set(&news);
    plait_spawn(one, leaf, number);
    return plait_sync(one) + 1;
}

PLAIT_TASK(int, grandparent_that_helps, (int, number)) {
    plait_spawn(one, parent_that_is_stolen, number);
    plait_event_wait(&news);
    return plait_sync(one); /* perhaps asleep already when there is something to help with */
}

SCENARIO(pool, parent_helps_who_stole) {
    begin_workers(2);
    plait_check_that(ask_for_number(plait_submit(pool, grandparent_that_helps, 5)) == 6);
    end_pool(pool);
}

SCENARIO(pool, stolen_child_spawns) {
    begin_workers(2);
    plait_check_that(ask_for_number(plait_submit(pool, grandparent, 5)) == 6);
    plait_check_that(plait_read(runs) == 1);
    end_pool(pool);
}

PLAIT_TASK(int, failing_leaf, (int, number)) {
    plait_raise(PLAIT_USER, "as told");
    return number;
}

PLAIT_TASK(int, parent_of_failing, (int, number)) {
    plait_spawn(one, failing_leaf, number);
    plait_write(runs) = 0;
    return plait_sync(one);
}

SCENARIO(pool, stolen_failure_is_its_parents) {
    begin_workers(2);
    plait_check_that(ask(plait_submit(pool, parent_of_failing, 5)) == PLAIT_USER);
    end_pool(pool);
}

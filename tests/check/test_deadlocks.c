/* Threads that wait for each other for ever, asleep or awake: two locks, philosophers, an upgrade, a circle of joins. */
#include "program.h"

/* ---- two locks ---- */

static plait_lock left, right_one;

static void take_both(plait_lock *first, plait_lock *second) {
    plait_hold(first);
    plait_hold(second);
}

PLAIT_TASK(void, left_first) {
    take_both(&left, &right_one);
}

PLAIT_TASK(void, right_first, (bool, right)) {
    if (right)
        take_both(&left, &right_one);
    else
        take_both(&right_one, &left);
}

static void two_locks(void *arg) {
    const struct variant *is = arg;
    left = right_one = (plait_lock)PLAIT_LOCK_INIT;
    plait_thread *one = plait_start(left_first), *other = plait_start(right_first, is->right);
    finish(one);
    finish(other);
}

FINDS(two_locks_in_two_orders, two_locks, PLAIT_CHECK_DEADLOCK,
      .words = {"lock", "left_first", "right_first"})
PASSES(two_locks_in_one_order, two_locks, .options = {.strategy = PLAIT_CHECK_DFS})

/* A lock and a queue: who is to put waits for the lock that who gets holds. */
PLAIT_TASK(void, put_under_lock, (plait_queue *, queue)) {
    plait_hold(&left);
    int item = 1;
    plait_queue_put(queue, &item);
}

static void lock_and_queue(void *arg) {
    const struct variant *is = arg;
    left = (plait_lock)PLAIT_LOCK_INIT;
    plait_queue *queue = plait_queue_of(int, 1);
    plait_thread *putter = plait_start(put_under_lock, queue);
    int item = 0;
    if (!is->right) plait_lock_acquire(&left);
    plait_check_that(plait_queue_get(queue, &item) == PLAIT_OK && item == 1);
    if (!is->right) plait_lock_release(&left);
    finish(putter);
    plait_queue_free(queue);
}

FINDS(a_get_that_holds_what_the_put_needs, lock_and_queue, PLAIT_CHECK_DEADLOCK,
      .words = {"queue.get", "lock"})
PASSES(a_get_that_holds_nothing, lock_and_queue, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- philosophers: each takes the fork at his left, then the one at his right; a single one who does it the other
 * way round mends it ---- */

enum { MOST_PHILOSOPHERS = 7 };

static plait_lock forks[MOST_PHILOSOPHERS];

PLAIT_TASK(void, philosopher, (int, place), (int, places), (bool, right)) {
    int first = place, second = (place + 1) % places;
    if (right && second < first) first = second, second = place;
    take_both(&forks[first], &forks[second]);
}

static void dine(void *arg) {
    const struct variant *is = arg;
    plait_thread *threads[MOST_PHILOSOPHERS];
    for (int i = 0; i < is->n; i++) forks[i] = (plait_lock)PLAIT_LOCK_INIT;
    for (int i = 0; i < is->n; i++) threads[i] = plait_start(philosopher, i, is->n, is->right);
    for (int i = 0; i < is->n; i++) finish(threads[i]);
}

FINDS(three_philosophers, dine, PLAIT_CHECK_DEADLOCK, .words = {"philosopher"}, .n = 3)
FINDS(four_philosophers, dine, PLAIT_CHECK_DEADLOCK, .words = {"philosopher"}, .n = 4)
FINDS(five_philosophers, dine, PLAIT_CHECK_DEADLOCK, .words = {"philosopher"}, .n = 5)
FINDS(six_philosophers, dine, PLAIT_CHECK_DEADLOCK, .words = {"philosopher"}, .n = 6)
FINDS(seven_philosophers, dine, PLAIT_CHECK_DEADLOCK, .words = {"philosopher"}, .n = 7)
PASSES(three_philosophers_with_manners, dine, .n = 3, .options = {.strategy = PLAIT_CHECK_DFS, .bound = 1})
PASSES(seven_philosophers_with_manners, dine, .n = 7, .options = {.schedules = 2000})

/* ---- a reader that wants to write ---- */

static plait_rwlock table;
static int entries;

PLAIT_TASK(void, add_if_empty, (bool, right)) {
    plait_rwlock_read_acquire(&table);
    bool empty = plait_read(entries) == 0;
    if (right) plait_rwlock_read_release(&table);
    if (empty) {
        plait_rwlock_write_acquire(&table); /* who still reads waits for the other reader, or for itself */
        if (plait_read(entries) == 0) plait_write(entries)++;
        plait_rwlock_write_release(&table);
    }
    if (!right) plait_rwlock_read_release(&table);
}

static void two_readers(void *arg) {
    const struct variant *is = arg;
    table = (plait_rwlock)PLAIT_RWLOCK_INIT;
    entries = 0;
    plait_thread *one = plait_start(add_if_empty, is->right), *other = plait_start(add_if_empty, is->right);
    finish(one);
    finish(other);
    plait_check_that(entries == 1);
}

FINDS(a_reader_that_wants_to_write, two_readers, PLAIT_CHECK_DEADLOCK, .words = {"add_if_empty", "rwlock"})
PASSES(a_reader_that_lets_go_first, two_readers, .options = {.strategy = PLAIT_CHECK_DFS})

/* Letting go first, and then not looking again. */
PLAIT_TASK(void, add_without_a_second_look, (bool, right)) {
    plait_rwlock_read_acquire(&table);
    bool empty = plait_read(entries) == 0;
    plait_rwlock_read_release(&table);
    if (!empty) return;
    plait_rwlock_write_acquire(&table);
    if (!right || plait_read(entries) == 0) plait_write(entries)++;
    plait_rwlock_write_release(&table);
}

static void two_readers_again(void *arg) {
    const struct variant *is = arg;
    table = (plait_rwlock)PLAIT_RWLOCK_INIT;
    entries = 0;
    plait_thread *one = plait_start(add_without_a_second_look, is->right);
    plait_thread *other = plait_start(add_without_a_second_look, is->right);
    finish(one);
    finish(other);
    plait_check_that(entries == 1);
}

FINDS(a_writer_that_does_not_look_again, two_readers_again, PLAIT_CHECK_ASSERTION, .words = {"entries == 1"})
PASSES(a_writer_that_looks_again, two_readers_again, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- two threads that join each other ---- */

static plait_thread *pair[2];
static plait_event started;

PLAIT_TASK(void, join_the_other, (int, which), (bool, right)) {
    plait_event_wait(&started);
    if (which == 0 || !right) plait_thread_join(pair[1 - which]);
}

static void join_each_other(void *arg) {
    const struct variant *is = arg;
    started = (plait_event)PLAIT_EVENT_INIT;
    for (int i = 0; i < 2; i++) pair[i] = plait_start(join_the_other, i, is->right);
    plait_event_set(&started);
    for (int i = 0; i < 2; i++) plait_thread_join(pair[i]);
    for (int i = 0; i < 2; i++) plait_thread_free(pair[i]);
}

FINDS(two_that_join_each_other, join_each_other, PLAIT_CHECK_DEADLOCK, .words = {"join"})
PASSES(one_that_joins_the_other, join_each_other, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- awake, and yet no further: a loop over plait_lock_acquire_nowait ---- */

static void take_both_awake(plait_lock *first, plait_lock *second, bool right) {
    plait_hold(first);
    while (plait_lock_acquire_nowait(second) != PLAIT_OK) {
        if (right) { /* lets the other have it, and waits for its own turn */
            plait_lock_release(first);
            plait_lock_acquire(second);
            plait_lock_release(second);
            plait_lock_acquire(first);
        }
    }
    plait_lock_release(second);
}

PLAIT_TASK(void, left_first_awake, (bool, right)) {
    take_both_awake(&left, &right_one, right);
}

PLAIT_TASK(void, right_first_awake, (bool, right)) {
    take_both_awake(&right_one, &left, right);
}

static void two_locks_awake(void *arg) {
    const struct variant *is = arg;
    left = right_one = (plait_lock)PLAIT_LOCK_INIT;
    plait_thread *one = plait_start(left_first_awake, is->right);
    plait_thread *other = plait_start(right_first_awake, is->right);
    finish(one);
    finish(other);
}

FINDS(two_that_wait_for_each_other_awake, two_locks_awake, PLAIT_CHECK_LIVELOCK, .words = {"acquire_nowait"})
PASSES(two_that_give_way, two_locks_awake, .options = {.schedules = 2000})

/* A loop that somebody else ends is no livelock. */
static _Atomic bool over;

PLAIT_TASK(void, wait_awake) {
    while (!plait_read(over)) continue;
}

static void wait_for_a_flag(void *arg) {
    const struct variant *is = arg;
    over = false;
    plait_thread *waiter = plait_start(wait_awake);
    if (is->right) plait_write(over) = true;
    finish(waiter);
}

FINDS(a_flag_that_nobody_sets, wait_for_a_flag, PLAIT_CHECK_LIVELOCK, .words = {"over", "wait_awake"})
PASSES(a_flag_that_somebody_sets, wait_for_a_flag, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- "two stage": who looks between the two stages of the first of many ---- */

enum { STAGED = 20 };

static plait_lock stages[2];
static int values[2];

static int staged_value(int stage) {
    plait_hold(&stages[stage]);
    return plait_read(values[stage]);
}

PLAIT_TASK(void, go_through_stages, (bool, right)) {
    plait_lock_acquire(&stages[0]);
    plait_write(values[0]) = 1;
    if (!right) plait_lock_release(&stages[0]);
    plait_lock_acquire(&stages[1]);
    plait_write(values[1]) = 2;
    plait_lock_release(&stages[1]);
    if (right) plait_lock_release(&stages[0]);
}

PLAIT_TASK(void, look_at_stages) {
    int first = staged_value(0);
    if (first == 0) return;
    plait_check_that(staged_value(1) == first + 1);
}

static void two_stages(void *arg) {
    const struct variant *is = arg;
    plait_thread *threads[STAGED];
    for (int i = 0; i < 2; i++) stages[i] = (plait_lock)PLAIT_LOCK_INIT, values[i] = 0;
    for (int i = 0; i < STAGED - 1; i++) threads[i] = plait_start(go_through_stages, is->right);
    threads[STAGED - 1] = plait_start(look_at_stages);
    for (int i = 0; i < STAGED; i++) finish(threads[i]);
}

FINDS(two_stages_of_twenty, two_stages, PLAIT_CHECK_ASSERTION, .words = {"staged_value(1) == first + 1"})
PASSES(two_stages_of_twenty_under_both_locks, two_stages, .options = {.schedules = 1000})

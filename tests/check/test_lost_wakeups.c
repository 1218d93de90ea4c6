/* Wake-ups that come too early, or to the wrong thread; and what is seen in the middle of two steps. */
#include "program.h"

static plait_lock lock;
static plait_condition changed;

/* ---- a condition without a predicate: a notification that nobody waits for is gone ---- */

static int ready;

static bool is_ready(void *unused) {
    (void)unused;
    return plait_read(ready);
}

PLAIT_TASK(void, make_ready) {
    plait_hold(&lock);
    plait_write(ready) = 1;
    plait_condition_notify(&changed, 1);
}

static void wait_until_ready(void *arg) {
    const struct variant *is = arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    changed = (plait_condition)PLAIT_CONDITION_INIT;
    ready = 0;
    plait_thread *producer = plait_start(make_ready);
    plait_lock_acquire(&lock);
    if (!is->right)
        plait_condition_wait(&changed, &lock);
    else if (plait_condition_wait_for(&changed, &lock, is_ready, NULL) == PLAIT_OK)
        plait_check_that(plait_read(ready));
    plait_lock_release(&lock);
    finish(producer);
}

FINDS(a_condition_without_a_predicate, wait_until_ready, PLAIT_CHECK_LOST_WAKEUP,
      .words = {"nobody waits", "condition"})
PASSES(a_condition_with_a_predicate, wait_until_ready, .options = {.strategy = PLAIT_CHECK_DFS})

/* The predicate is asked, but not under the lock. */
static _Atomic int flag;

PLAIT_TASK(void, raise_flag, (bool, right)) {
    if (right) plait_lock_acquire(&lock);
    plait_write(flag) = 1;
    plait_condition_notify(&changed, 1);
    if (right) plait_lock_release(&lock);
}

static void wait_for_flag(void *arg) {
    const struct variant *is = arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    changed = (plait_condition)PLAIT_CONDITION_INIT;
    flag = 0;
    plait_thread *raiser = plait_start(raise_flag, is->right);
    plait_lock_acquire(&lock);
    while (!plait_read(flag)) plait_condition_wait(&changed, &lock);
    plait_lock_release(&lock);
    finish(raiser);
}

FINDS(a_change_without_the_lock, wait_for_flag, PLAIT_CHECK_LOST_WAKEUP,
      .words = {"raise_flag", "condition changed"})
PASSES(a_change_under_the_lock, wait_for_flag, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- an event, cleared when the work is done instead of before it is looked at ---- */

static plait_event posted;
static _Atomic int letters;

PLAIT_TASK(void, post_letter) {
    atomic_fetch_add(&plait_write(letters), 1);
    plait_event_set(&posted);
}

static void empty_the_box(void *arg) {
    const struct variant *is = arg;
    posted = (plait_event)PLAIT_EVENT_INIT;
    letters = 0;
    plait_thread *one = plait_start(post_letter), *other = plait_start(post_letter);
    for (int got = 0; got < 2;) {
        plait_event_wait(&posted);
        if (is->right) plait_event_clear(&posted);
        got += atomic_exchange(&plait_write(letters), 0);
        if (!is->right) plait_event_clear(&posted);
    }
    finish(one);
    finish(other);
}

FINDS(an_event_cleared_too_late, empty_the_box, PLAIT_CHECK_LOST_WAKEUP,
      .words = {"event posted", "plait_event_clear"})
PASSES(an_event_cleared_in_time, empty_the_box, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- a bounded buffer: one condition for "there is room" and "there is something" ---- */

static struct buffer {
    plait_lock lock;
    plait_condition room, items; /* the wrong one has only `room` */
    int count;
} buffer;

static void buffer_add(int change, bool right) {
    bool puts = change > 0;
    plait_condition *mine = puts || !right ? &buffer.room : &buffer.items;
    plait_condition *others = puts && right ? &buffer.items : &buffer.room;
    plait_hold(&buffer.lock);
    while (plait_read(buffer.count) == (puts ? 1 : 0)) plait_condition_wait(mine, &buffer.lock);
    plait_write(buffer.count) += change;
    plait_condition_notify(others, 1);
}

PLAIT_TASK(void, put_one, (bool, right)) {
    buffer_add(1, right);
}

PLAIT_TASK(void, get_one, (bool, right)) {
    buffer_add(-1, right);
}

static void use_buffer(void *arg) {
    const struct variant *is = arg;
    buffer = (struct buffer){PLAIT_LOCK_INIT, PLAIT_CONDITION_INIT, PLAIT_CONDITION_INIT, 0};
    plait_thread *threads[] = {plait_start(get_one, is->right), plait_start(get_one, is->right),
                               plait_start(put_one, is->right), plait_start(put_one, is->right)};
    for (int i = 0; i < 4; i++) finish(threads[i]);
    plait_check_that(buffer.count == 0);
}

FINDS(one_condition_for_two_predicates, use_buffer, PLAIT_CHECK_LOST_WAKEUP, .words = {"get_one", "put_one"})
PASSES(a_condition_for_each_predicate, use_buffer, .options = {.schedules = 5000})

/* ---- a work queue and a stop flag: who has looked at the flag and then waits is not told ---- */

static _Atomic bool stop;

PLAIT_TASK(void, work, (plait_queue *, jobs)) {
    int job;
    while (!plait_read(stop) && plait_queue_get(jobs, &job) == PLAIT_OK) plait_queue_task_done(jobs);
}

static void stop_workers(void *arg) {
    const struct variant *is = arg;
    stop = false;
    plait_queue *jobs = plait_queue_of(int, 0);
    plait_thread *one = plait_start(work, jobs), *other = plait_start(work, jobs);
    int job = 1;
    plait_queue_put(jobs, &job);
    plait_queue_join(jobs);
    if (is->right)
        plait_queue_shutdown(jobs, false);
    else
        plait_write(stop) = true;
    finish(one);
    finish(other);
    plait_queue_free(jobs);
}

FINDS(a_work_queue_with_a_stop_flag, stop_workers, PLAIT_CHECK_DEADLOCK, .words = {"work", "queue.get"})
PASSES(a_work_queue_that_is_shut_down, stop_workers, .options = {.schedules = 2000})

/* ---- "reorder": who looks after the first step of one of many, and before the second of any ---- */

static _Atomic int a, b;

PLAIT_TASK(void, set_both, (bool, right)) {
    if (right) plait_lock_acquire(&lock);
    plait_write(a) = 1;
    plait_write(b) = -1;
    if (right) plait_lock_release(&lock);
}

PLAIT_TASK(void, check_both, (bool, right)) {
    if (right) plait_lock_acquire(&lock);
    plait_check_that((plait_read(a) == 0 && plait_read(b) == 0) ||
                     (plait_read(a) == 1 && plait_read(b) == -1));
    if (right) plait_lock_release(&lock);
}

static void reorder(void *arg) {
    const struct variant *is = arg;
    plait_thread *setters[20];
    lock = (plait_lock)PLAIT_LOCK_INIT;
    a = b = 0;
    for (int i = 0; i < is->n; i++) setters[i] = plait_start(set_both, is->right);
    plait_thread *checker = plait_start(check_both, is->right);
    for (int i = 0; i < is->n; i++) finish(setters[i]);
    finish(checker);
}

FINDS(reorder_with_3_setters, reorder, PLAIT_CHECK_ASSERTION, .words = {"check_both"}, .n = 3)
FINDS(reorder_with_4_setters, reorder, PLAIT_CHECK_ASSERTION, .words = {"check_both"}, .n = 4)
FINDS(reorder_with_5_setters, reorder, PLAIT_CHECK_ASSERTION, .words = {"check_both"}, .n = 5)
FINDS(reorder_with_10_setters, reorder, PLAIT_CHECK_ASSERTION, .words = {"check_both"}, .n = 10)
FINDS(reorder_with_20_setters, reorder, PLAIT_CHECK_ASSERTION, .words = {"check_both"}, .n = 20)
PASSES(reorder_with_3_setters_under_a_lock, reorder, .n = 3,
       .options = {.strategy = PLAIT_CHECK_DFS, .bound = 1})
PASSES(reorder_with_20_setters_under_a_lock, reorder, .n = 20, .options = {.schedules = 1000})

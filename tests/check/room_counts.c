/* room_counts.c - scenarios of src/sync: semaphore, barrier, rwlock, once. */
#include "rooms.h"

static int counter;

static void add_one(void) {
    int before = plait_read(counter);
    plait_write(counter) = before + 1;
}

/* ---- semaphore ---- */

static plait_semaphore permits;

static void add_with_permit(void *unused) {
    (void)unused;
    plait_check_that(plait_semaphore_acquire(&permits) == PLAIT_OK);
    add_one();
    plait_check_that(plait_semaphore_release(&permits, 1) == PLAIT_OK);
}

SCENARIO(sync, semaphore_excludes) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(1);
    counter = 0;
    together(3, (body *[]){add_with_permit, add_with_permit, add_with_permit}, NULL);
    plait_check_that(counter == 3 && plait_semaphore_value(&permits) == 1);
}

static void acquire(void *of) {
    plait_check_that(plait_semaphore_acquire(of) == PLAIT_OK);
}

static void release(void *of) {
    plait_check_that(plait_semaphore_release(of, 1) == PLAIT_OK);
}

static void release_twice(void *of) {
    release(of);
    release(of);
}

static void release_two(void *of) {
    plait_check_that(plait_semaphore_release(of, 2) == PLAIT_OK);
}

SCENARIO_BOUND(sync, permit_is_passed, 2) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(2, (body *[]){acquire, release}, &permits);
    plait_check_that(plait_semaphore_value(&permits) == 0);
}

SCENARIO(sync, two_permits_for_two) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(3, (body *[]){acquire, acquire, plait_choose(2) ? release_twice : release_two}, &permits);
    plait_check_that(plait_semaphore_value(&permits) == 0);
}

static void acquire_in_time(void *of) {
    plait_status status = plait_semaphore_acquire_until(of, plait_after(10));
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) release(of);
}

static void release_late(void *of) {
    let_time_pass();
    release(of);
}

/* A permit that is handed over, because somebody has waited for long, is one permit, and gets lost with
 * nobody who gives up. */
SCENARIO(sync, permit_handed_to_a_late_one) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(3, (body *[]){acquire_in_time, acquire, release_late}, &permits);
    plait_check_that(plait_semaphore_value(&permits) == 0);
}

static void acquire_and_free(void *of_page) {
    acquire(of_page);
    page_end();
}

SCENARIO_BOUND(sync, semaphore_is_freed_by_who_got_in, 1) {
    plait_semaphore *in_page = page_new();
    together(2, (body *[]){acquire_and_free, plait_choose(2) ? release : release_late}, in_page);
}

/* ---- barrier ---- */

static plait_barrier barrier;
static int met[2], runs;
static plait_status ended[2];

static void meet_twice(void *unused) {
    (void)unused;
    for (int round = 0; round < 2; round++) {
        met[round]++;
        plait_check_that(plait_barrier_wait(&barrier, NULL) == PLAIT_OK);
        plait_check_that(met[round] == 2);
    }
}

SCENARIO(sync, barrier_of_two_rounds) {
    met[0] = met[1] = 0;
    plait_barrier_init(&barrier, 2, NULL, NULL);
    together(2, (body *[]){meet_twice, meet_twice}, NULL);
}

static void meet(void *unused) {
    (void)unused;
    plait_check_that(plait_barrier_wait(&barrier, NULL) == PLAIT_OK);
}

SCENARIO(sync, barrier_of_three) {
    plait_barrier_init(&barrier, 3, NULL, NULL);
    together(3, (body *[]){meet, meet, meet}, NULL);
    plait_check_that(plait_barrier_n_waiting(&barrier) == 0 && !plait_barrier_broken(&barrier));
}

static plait_status count_run(void *unused) {
    (void)unused;
    plait_write(runs) = plait_read(runs) + 1;
    return PLAIT_OK;
}

static void meet_in_time(void *slot) {
    ended[(plait_status *)slot - ended] = plait_barrier_wait_until(&barrier, NULL, soon());
}

static void meet_in_time_0(void *unused) {
    (void)unused;
    meet_in_time(&ended[0]);
}

static void meet_in_time_1(void *unused) {
    (void)unused;
    meet_in_time(&ended[1]);
}

/* Either both have passed, or neither: who gives up breaks the barrier, unless the round was complete. */
SCENARIO(sync, barrier_is_passed_by_both_or_none) {
    runs = 0;
    plait_barrier_init(&barrier, 2, plait_choose(2) ? count_run : NULL, NULL);
    together(2, (body *[]){meet_in_time_0, meet_in_time_1}, NULL);
    plait_check_that((ended[0] == PLAIT_OK) == (ended[1] == PLAIT_OK));
    plait_check_that(plait_barrier_broken(&barrier) == (ended[0] != PLAIT_OK));
}

/* The action has run when anybody has passed, and once a round; who comes meanwhile waits for the next. */
static void meet_after_action(void *unused) {
    (void)unused;
    plait_check_that(plait_barrier_wait(&barrier, NULL) == PLAIT_OK);
    plait_check_that(runs >= 1); /* while that of the next round runs, perhaps */
}

SCENARIO(sync, barrier_action_comes_first) {
    runs = 0;
    plait_barrier_init(&barrier, 2, count_run, NULL);
    plait_thread *one = begin(meet_after_action, NULL), *other = begin(meet_after_action, NULL),
                 *third = begin(meet_after_action, NULL);
    meet_after_action(NULL);
    finish(one);
    finish(other);
    finish(third);
    plait_check_that(runs == 2);
}

static int passed;

/* Who has passed last of all may free it; the other may still be on its way out. */
static void meet_and_free(void *of_page) {
    plait_check_that(plait_barrier_wait(of_page, NULL) == PLAIT_OK);
    page_end();
}

static void meet_in_page(void *of_page) {
    plait_check_that(plait_barrier_wait(of_page, NULL) == PLAIT_OK);
    passed++;
}

SCENARIO(sync, barrier_is_freed_by_who_passed) {
    plait_barrier *in_page = page_new();
    plait_barrier_init(in_page, 2, NULL, NULL);
    together(2, (body *[]){meet_and_free, meet_in_page}, in_page);
}

/* ---- rwlock ---- */

static plait_rwlock rwlock;
static int one_half, other_half;

static void write_both(void *unused) {
    (void)unused;
    plait_check_that(plait_rwlock_write_acquire(&rwlock) == PLAIT_OK);
    plait_write(one_half) = one_half + 1;
    plait_write(other_half) = other_half + 1;
    plait_check_that(plait_rwlock_write_release(&rwlock) == PLAIT_OK);
}

static void read_both(void *unused) {
    (void)unused;
    plait_check_that(plait_rwlock_read_acquire(&rwlock) == PLAIT_OK);
    int half = plait_read(one_half);
    plait_check_that(half == plait_read(other_half));
    plait_check_that(plait_rwlock_read_release(&rwlock) == PLAIT_OK);
}

static void reset_rwlock(void) {
    rwlock = (plait_rwlock)PLAIT_RWLOCK_INIT;
    one_half = other_half = 0;
}

SCENARIO(sync, rwlock_of_a_writer_and_readers) {
    reset_rwlock();
    together(3, (body *[]){write_both, read_both, read_both}, NULL);
    plait_check_that(one_half == 1 && !plait_rwlock_locked(&rwlock));
}

SCENARIO(sync, rwlock_of_writers) {
    reset_rwlock();
    together(3, (body *[]){write_both, write_both, write_both}, NULL);
    plait_check_that(one_half == 3 && !plait_rwlock_locked(&rwlock));
}

static void release_rwlock_late(void *unused) {
    (void)unused;
    let_time_pass();
    plait_check_that(plait_rwlock_write_release(&rwlock) == PLAIT_OK);
    read_both(NULL);
}

/* It has been held for so long that it is handed to those who wait. */
SCENARIO(sync, rwlock_is_handed_over) {
    reset_rwlock();
    plait_check_that(plait_rwlock_write_acquire(&rwlock) == PLAIT_OK);
    together(3, (body *[]){write_both, read_both, release_rwlock_late}, NULL);
    plait_check_that(one_half == 1 && !plait_rwlock_locked(&rwlock));
}

static void give_up_writing(void *unused) {
    (void)unused;
    if (plait_rwlock_write_acquire_until(&rwlock, plait_after(0.005)) == PLAIT_OK)
        plait_rwlock_write_release(&rwlock);
}

static void read_late(void *unused) {
    (void)unused;
    let_time_pass();
    read_both(NULL);
}

/* Readers that only an impatient writer kept out get in when it gives up, though others read all the time. */
SCENARIO(sync, rwlock_readers_pass_a_late_writer) {
    reset_rwlock();
    plait_check_that(plait_rwlock_read_acquire(&rwlock) == PLAIT_OK);
    plait_thread *reader = begin(read_late, NULL), *writer = begin(give_up_writing, NULL);
    finish(reader); /* while this one reads */
    plait_check_that(plait_rwlock_read_release(&rwlock) == PLAIT_OK);
    finish(writer);
    plait_check_that(!plait_rwlock_locked(&rwlock));
}

/* ---- once ---- */

static plait_once once;
static bool ran_it;

static void do_it(void *unused) {
    (void)unused;
    add_one();
    plait_write(runs) = 1;
}

static void run_once(void *unused) {
    (void)unused;
    plait_check_that(plait_once_run(&once, do_it, NULL) == PLAIT_OK);
    plait_check_that(plait_read(runs) == 1 && plait_read(counter) == 1);
}

SCENARIO(sync, once_is_once) {
    once = (plait_once)PLAIT_ONCE_INIT;
    counter = runs = 0;
    together(3, (body *[]){run_once, run_once, run_once}, NULL);
}

SCENARIO_BOUND(sync, once_of_two, 2) {
    once = (plait_once)PLAIT_ONCE_INIT;
    counter = runs = 0;
    together(2, (body *[]){run_once, run_once}, NULL);
}

static void note_runner(void *mine) {
    *(bool *)mine = ran_it = true;
}

static void run_once_and_free(void *of_page) {
    bool mine = false;
    plait_check_that(plait_once_run(of_page, note_runner, &mine) == PLAIT_OK);
    if (!mine) page_end(); /* the other one has run it, and may just be on its way out */
}

SCENARIO(sync, once_is_freed_by_who_waited) {
    plait_once *in_page = page_new();
    together(2, (body *[]){run_once_and_free, run_once_and_free}, in_page);
    plait_check_that(ran_it);
}

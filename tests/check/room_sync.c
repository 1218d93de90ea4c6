/* room_sync.c - scenarios of src/sync: lock, rlock, condition, event. */
#include "rooms.h"

static plait_lock lock;
static plait_rlock rlock;
static int counter;

static void add_one(void) {
    int before = plait_read(counter);
    plait_write(counter) = before + 1;
}

/* ---- lock ---- */

static void add_locked(void *unused) {
    (void)unused;
    plait_check_that(plait_lock_acquire(&lock) == PLAIT_OK);
    add_one();
    plait_check_that(plait_lock_release(&lock) == PLAIT_OK);
}

SCENARIO(sync, lock_excludes) {
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    together(3, (body *[]){add_locked, add_locked, add_locked}, NULL);
    plait_check_that(counter == 3 && !plait_lock_locked(&lock));
}

SCENARIO_BOUND(sync, lock_of_two, 2) {
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    together(2, (body *[]){add_locked, add_locked}, NULL);
    plait_check_that(counter == 2);
}

static void add_locked_in_time(void *unused) {
    (void)unused;
    plait_status status = plait_lock_acquire_until(&lock, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_lock_release(&lock);
}

static void release_after_a_while(void *unused) {
    (void)unused;
    if (plait_choose(2)) let_time_pass();
    plait_check_that(plait_lock_release(&lock) == PLAIT_OK);
}

/* One gives up, perhaps just when the lock is handed to it, after having been held for long. */
SCENARIO(sync, late_one_keeps_no_lock) {
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    plait_check_that(plait_lock_acquire(&lock) == PLAIT_OK);
    together(3, (body *[]){add_locked_in_time, add_locked, release_after_a_while}, NULL);
    plait_check_that(counter == 1 && !plait_lock_locked(&lock));
}

static void take_and_free(void *of_page) {
    plait_check_that(plait_lock_acquire(of_page) == PLAIT_OK);
    page_end();
}

static void release_page(void *of_page) {
    if (plait_choose(2)) let_time_pass();
    plait_check_that(plait_lock_release(of_page) == PLAIT_OK);
}

/* Whoever gets the lock next may free it; also one to whom it was handed. */
SCENARIO_BOUND(sync, lock_is_freed_by_the_next, 1) {
    plait_lock *in_page = page_new();
    plait_check_that(plait_lock_acquire(in_page) == PLAIT_OK);
    together(2, (body *[]){take_and_free, release_page}, in_page);
}

static void add_locked_twice(void *unused) {
    (void)unused;
    plait_check_that(plait_rlock_acquire(&rlock) == PLAIT_OK);
    plait_check_that(plait_rlock_acquire(&rlock) == PLAIT_OK);
    add_one();
    plait_check_that(plait_rlock_release(&rlock) == PLAIT_OK);
    add_one();
    plait_check_that(plait_rlock_release(&rlock) == PLAIT_OK);
}

SCENARIO(sync, rlock_excludes) {
    rlock = (plait_rlock)PLAIT_RLOCK_INIT;
    counter = 0;
    together(2, (body *[]){add_locked_twice, add_locked_twice}, NULL);
    plait_check_that(counter == 4 && !plait_rlock_locked(&rlock));
}

/* ---- condition ---- */

static plait_condition changed;
static int tickets, waiting;
static bool told;
static plait_event inside;

static void reset_condition(void) {
    lock = (plait_lock)PLAIT_LOCK_INIT;
    changed = (plait_condition)PLAIT_CONDITION_INIT;
    inside = (plait_event)PLAIT_EVENT_INIT;
    tickets = waiting = 0;
    told = false;
}

static void take_ticket(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    while (!tickets) plait_check_that(plait_condition_wait(&changed, &lock) == PLAIT_OK);
    tickets--;
    plait_lock_release(&lock);
}

static void give_ticket(bool notify_inside) {
    plait_lock_acquire(&lock);
    tickets++;
    if (notify_inside) plait_condition_notify(&changed, 1);
    plait_lock_release(&lock);
    if (!notify_inside) plait_condition_notify(&changed, 1);
}

static void give_one(void *unused) {
    (void)unused;
    give_ticket(plait_choose(2));
}

static void give_two(void *unused) {
    (void)unused;
    bool notify_inside = plait_choose(2);
    give_ticket(notify_inside);
    give_ticket(notify_inside);
}

static void give_two_to_all(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    tickets = 2;
    plait_condition_notify_all(&changed);
    plait_lock_release(&lock);
}

SCENARIO_BOUND(sync, condition_is_heard, 2) {
    reset_condition();
    together(2, (body *[]){take_ticket, give_one}, NULL);
    plait_check_that(tickets == 0);
}

SCENARIO(sync, condition_tells_each) {
    reset_condition();
    together(3, (body *[]){take_ticket, take_ticket, give_two}, NULL);
    plait_check_that(tickets == 0);
}

SCENARIO(sync, condition_tells_all) {
    reset_condition();
    together(3, (body *[]){take_ticket, take_ticket, give_two_to_all}, NULL);
    plait_check_that(tickets == 0);
}

static void take_ticket_in_time(void *unused) {
    (void)unused;
    plait_status status = PLAIT_OK;
    plait_lock_acquire(&lock);
    while (!tickets && status == PLAIT_OK) status = plait_condition_wait_until(&changed, &lock, soon());
    bool got = tickets;
    if (got) tickets--;
    plait_lock_release(&lock);
    if (got) give_ticket(true);
}

/* Who gives up uses up no notification, or passes on what it has got. */
SCENARIO(sync, late_one_hides_no_notice) {
    reset_condition();
    together(3, (body *[]){take_ticket_in_time, take_ticket, give_one}, NULL);
    plait_check_that(tickets == 0);
}

/* Wants nothing but to be told, and tells the next. */
static void wait_in_time(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    plait_status status = plait_condition_wait_until(&changed, &lock, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_condition_notify(&changed, 1);
    plait_lock_release(&lock);
}

/* A notification counts from the moment at which it was made: who was told in time has not timed out, though
 * it has to wait for the lock; else nobody would tell the other. */
SCENARIO(sync, notice_beats_deadline) {
    reset_condition();
    together(3, (body *[]){wait_in_time, take_ticket, give_one}, NULL);
    plait_check_that(tickets == 0);
}

static void tell_who_waits(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    if (waiting) {
        plait_condition_notify(&changed, 1);
        told = true;
    }
    plait_lock_release(&lock);
}

static void wait_in_time_of_two(void *unused) {
    (void)unused;
    plait_status status;
    plait_lock_acquire(&lock);
    waiting++;
    status = plait_condition_wait_until(&changed, &lock, soon());
    waiting--;
    if (status == PLAIT_OK) tickets++;
    plait_lock_release(&lock);
}

/* No more hear of it than were told, however late they are. */
SCENARIO(sync, notices_are_conserved) {
    reset_condition();
    together(3, (body *[]){wait_in_time_of_two, wait_in_time_of_two, tell_who_waits}, NULL);
    plait_check_that(tickets <= told);
}

static void wait_once_in_time(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    plait_status status = plait_condition_wait_until(&changed, &lock, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    plait_lock_release(&lock);
}

static void notify_and_let_time_pass(void *unused) {
    (void)unused;
    plait_lock_acquire(&lock);
    plait_condition_notify(&changed, 1);
    let_time_pass();
    plait_lock_release(&lock);
}

/* The lock is handed to the notified one, which has been waiting for it for long, or gives up just then. */
SCENARIO(sync, notice_after_a_while) {
    reset_condition();
    together(2, (body *[]){wait_once_in_time, notify_and_let_time_pass}, NULL);
    plait_check_that(!plait_lock_locked(&lock));
}

static void wait_and_free(void *of_page) {
    plait_lock_acquire(&lock);
    plait_event_set(&inside);
    plait_check_that(plait_condition_wait(of_page, &lock) == PLAIT_OK);
    page_end();
    plait_lock_release(&lock);
}

static void notify_unlocked(void *of_page) {
    plait_event_wait(&inside);
    plait_lock_acquire(&lock); /* to be had once it waits */
    plait_lock_release(&lock);
    plait_condition_notify(of_page, 1);
}

SCENARIO(sync, condition_is_freed_by_the_notified) {
    reset_condition();
    plait_condition *in_page = page_new();
    together(2, (body *[]){wait_and_free, notify_unlocked}, in_page);
}

static void take_ticket_of_rlock(void *unused) {
    (void)unused;
    plait_rlock_acquire(&rlock);
    plait_rlock_acquire(&rlock);
    while (!tickets) plait_check_that(plait_condition_wait_rlock(&changed, &rlock) == PLAIT_OK);
    tickets--;
    plait_rlock_release(&rlock);
    plait_check_that(plait_rlock_owned(&rlock));
    plait_rlock_release(&rlock);
}

static void give_under_rlock(void *unused) {
    (void)unused;
    plait_rlock_acquire(&rlock);
    tickets = 1;
    plait_condition_notify(&changed, 1);
    plait_rlock_release(&rlock);
}

SCENARIO(sync, condition_gives_up_all_of_an_rlock) {
    reset_condition();
    rlock = (plait_rlock)PLAIT_RLOCK_INIT;
    together(2, (body *[]){take_ticket_of_rlock, give_under_rlock}, NULL);
    plait_check_that(!plait_rlock_locked(&rlock));
}

/* ---- event ---- */

static plait_event event;

static void wait_for_event(void *of) {
    plait_check_that(plait_event_wait(of) == PLAIT_OK);
}

static void set_event(void *of) {
    plait_check_that(plait_event_set(of) == PLAIT_OK);
}

SCENARIO_BOUND(sync, event_is_seen, 2) {
    event = (plait_event)PLAIT_EVENT_INIT;
    together(2, (body *[]){wait_for_event, set_event}, &event);
    plait_check_that(plait_event_is_set(&event));
}

SCENARIO(sync, event_wakes_all) {
    event = (plait_event)PLAIT_EVENT_INIT;
    together(3, (body *[]){wait_for_event, wait_for_event, set_event}, &event);
}

static void wait_for_event_and_free(void *of_page) {
    plait_check_that(plait_event_wait(of_page) == PLAIT_OK);
    page_end();
}

SCENARIO_BOUND(sync, event_is_freed_by_who_saw_it, 1) {
    plait_event *in_page = page_new();
    together(2, (body *[]){wait_for_event_and_free, set_event}, in_page);
}

static void clear_and_set(void *of) {
    plait_check_that(plait_event_clear(of) == PLAIT_OK);
    plait_check_that(plait_event_set(of) == PLAIT_OK);
}

/* A clear does not make those forgotten who wait already. */
SCENARIO_BOUND(sync, event_is_cleared_beside_a_wait, 1) {
    event = (plait_event)PLAIT_EVENT_INIT;
    together(2, (body *[]){wait_for_event, clear_and_set}, &event);
}

/* room_wait.c - scenarios of src/wait: the inner mutex, parking, claims, tokens, select. */
#include "rooms.h"

#include <stddef.h>

/* ---- the inner mutex, as a stack guards itself by it ---- */

static plait_queue *stack;

static void push(void *unused) {
    (void)unused;
    long item = 1;
    plait_check_that(plait_queue_put_nowait(stack, &item) == PLAIT_OK);
}

SCENARIO(wait, three_at_a_mutex) {
    stack = plait_lifo_queue_of(long, 0);
    together(3, (body *[]){push, push, push}, NULL);
    plait_check_that(plait_queue_qsize(stack) == 3);
    plait_check_that(plait_queue_free(stack) == PLAIT_OK);
}

SCENARIO_BOUND(wait, two_at_a_mutex, 1) {
    stack = plait_lifo_queue_of(long, 0);
    together(2, (body *[]){push, push}, NULL);
    plait_check_that(plait_queue_qsize(stack) == 2);
    plait_check_that(plait_queue_free(stack) == PLAIT_OK);
}

/* ---- cancelling ---- */

static plait_event never, early, late;
static plait_token *token;
static plait_status waited;

static void wait_until_cancelled(void *unused) {
    (void)unused;
    plait_token *mine = plait_token_new(token, PLAIT_FOREVER), *before = plait_token_enter(mine);
    plait_token_free(mine);
    waited = plait_event_wait(&never);
    plait_token_leave(before);
}

static void cancel(void *unused) {
    (void)unused;
    plait_check_that(plait_cancel(token) == PLAIT_OK);
    plait_token_free(token);
}

/* The token that is cancelled is above the one that the thread waits under, and is let go of at once. */
SCENARIO_BOUND(wait, cancel_reaches_the_waiter, 1) {
    never = (plait_event)PLAIT_EVENT_INIT;
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_thread *waiter = begin(wait_until_cancelled, NULL);
    /* So that the parent is alive when the child is made of it: the canceller lets go of it. */
    plait_token *kept = plait_token_new(token, PLAIT_FOREVER);
    cancel(NULL);
    finish(waiter);
    plait_token_free(kept);
    plait_check_that(waited == PLAIT_CANCELLED);
}

static void wait_twice(void *unused) {
    (void)unused;
    plait_token *before = plait_token_enter(token);
    plait_status first = plait_event_wait(&early);
    plait_check_that(first == PLAIT_OK || first == PLAIT_CANCELLED);
    plait_shield_enter();
    waited = plait_event_wait(&late);
    plait_shield_leave();
    plait_token_leave(before);
}

static void set_both(void *unused) {
    (void)unused;
    plait_event_set(&early);
    plait_event_set(&late);
}

static void only_cancel(void *unused) {
    (void)unused;
    plait_check_that(plait_cancel(token) == PLAIT_OK);
}

/* A cancel meant for one wait does not hit the thread's next one, which is under a shield. */
SCENARIO(wait, cancel_hits_no_later_wait) {
    early = late = (plait_event)PLAIT_EVENT_INIT;
    token = plait_token_new(NULL, PLAIT_FOREVER);
    together(3, (body *[]){wait_twice, set_both, only_cancel}, NULL);
    plait_check_that(waited == PLAIT_OK);
    plait_token_free(token);
}

/* ---- a wake-up is not swallowed by one who gives up ---- */

static plait_semaphore permits, others;

static void acquire_or_be_cancelled(void *unused) {
    (void)unused;
    plait_token *before = plait_token_enter(token);
    plait_status status = plait_semaphore_acquire(&permits);
    plait_token_leave(before);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    if (status == PLAIT_OK) plait_semaphore_release(&permits, 1);
}

static void acquire(void *unused) {
    (void)unused;
    plait_check_that(plait_semaphore_acquire(&permits) == PLAIT_OK);
}

static void release_and_cancel(void *unused) {
    (void)unused;
    bool cancel_first = plait_choose(2);
    if (cancel_first) plait_cancel(token);
    plait_semaphore_release(&permits, 1);
    if (!cancel_first) plait_cancel(token);
}

SCENARIO(wait, cancelled_one_swallows_no_wake) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    together(3, (body *[]){acquire_or_be_cancelled, acquire, release_and_cancel}, NULL);
    plait_check_that(plait_semaphore_value(&permits) == 0);
    plait_token_free(token);
}

static void acquire_in_time(void *unused) {
    (void)unused;
    plait_status status = plait_semaphore_acquire_until(&permits, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_semaphore_release(&permits, 1);
}

static void release(void *unused) {
    (void)unused;
    plait_semaphore_release(&permits, 1);
}

SCENARIO(wait, late_one_swallows_no_wake) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(3, (body *[]){acquire_in_time, acquire, release}, NULL);
    plait_check_that(plait_semaphore_value(&permits) == 0);
}

/* Only one thread waits, and the release comes or the deadline: neither is overlooked. */
SCENARIO_BOUND(wait, timeout_or_permit, 2) {
    permits = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(2, (body *[]){acquire_in_time, release}, NULL);
    plait_check_that(plait_semaphore_value(&permits) == 1);
}

/* ---- select ---- */

static size_t which;

static void select_either(void *unused) {
    (void)unused;
    plait_case cases[] = {plait_case_acquire(&permits), plait_case_acquire(&others)};
    plait_check_that(plait_select(cases, 2, &which) == PLAIT_OK);
    if (which == 0) plait_semaphore_release(&permits, 1);
}

static void release_each(void *unused) {
    (void)unused;
    plait_semaphore_release(&permits, 1);
    plait_semaphore_release(&others, 1);
}

/* Who was woken by one object and finds another one ready, too, must not let the first one's wake-up be lost
 * for those who wait behind it. */
SCENARIO(wait, select_wastes_no_wake) {
    permits = others = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(3, (body *[]){select_either, acquire, release_each}, NULL);
    plait_check_that(plait_semaphore_value(&permits) == 0);
    plait_check_that(plait_semaphore_value(&others) == (which == 0));
}

static void select_in_time(void *unused) {
    (void)unused;
    plait_case cases[] = {plait_case_acquire(&permits), plait_case_acquire(&others)};
    plait_status status = plait_select_until(cases, 2, &which, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_semaphore_release(&permits, 1);
}

SCENARIO(wait, late_select_swallows_no_wake) {
    permits = others = (plait_semaphore)PLAIT_SEMAPHORE_INIT(0);
    together(3, (body *[]){select_in_time, acquire, release}, NULL);
    plait_check_that(plait_semaphore_value(&permits) == 0);
}

static plait_queue *left, *right;
static int sent_left, sent_right;

/* Each would put on one side or get on the other: exactly one pair of these meets. */
static void put_left_or_get_right(void *unused) {
    (void)unused;
    int out = 7, in = 0;
    size_t done;
    plait_case cases[] = {plait_case_put(left, &out), plait_case_get(right, &in)};
    plait_check_that(plait_select(cases, 2, &done) == PLAIT_OK && cases[done].status == PLAIT_OK);
    if (done == 0)
        sent_left++;
    else
        plait_check_that(in == 9);
}

static void get_left_or_put_right(void *unused) {
    (void)unused;
    int out = 9, in = 0;
    size_t done;
    plait_case cases[] = {plait_case_get(left, &in), plait_case_put(right, &out)};
    plait_check_that(plait_select(cases, 2, &done) == PLAIT_OK && cases[done].status == PLAIT_OK);
    if (done == 1)
        sent_right++;
    else
        plait_check_that(in == 7);
}

SCENARIO(wait, two_selects_meet_once) {
    sent_left = sent_right = 0;
    left = plait_rendezvous_queue_of(int);
    right = plait_rendezvous_queue_of(int);
    together(2, (body *[]){put_left_or_get_right, get_left_or_put_right}, NULL);
    plait_check_that(sent_left + sent_right == 1);
    plait_check_that(plait_queue_free(left) == PLAIT_OK && plait_queue_free(right) == PLAIT_OK);
}

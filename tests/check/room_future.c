/* room_future.c - scenarios of promises, of waiting for several futures, and of imaps. */
#include "rooms.h"

static plait_future *promises[2];
static int called;

static void begin_promises(void) {
    called = 0;
    for (int i = 0; i < 2; i++) promises[i] = plait_future_of(int);
    plait_check_that(promises[0] && promises[1]);
}

static void end_promises(void) {
    for (int i = 0; i < 2; i++) plait_future_free(promises[i]);
}

static void keep_first(void *unused) {
    (void)unused;
    plait_check_that(plait_future_set_result(promises[0], &(int){42}) == PLAIT_OK);
}

static void keep_second(void *unused) {
    (void)unused;
    plait_check_that(plait_future_set_result(promises[1], &(int){43}) == PLAIT_OK);
}

static void ask_first(void *unused) {
    (void)unused;
    int result = 0;
    plait_check_that(plait_result(promises[0], &result) == PLAIT_OK && result == 42);
}

SCENARIO_BOUND(future, promise_is_heard, 2) {
    begin_promises();
    together(2, (body *[]){ask_first, keep_first}, NULL);
    end_promises();
}

SCENARIO(future, promise_is_heard_by_all) {
    begin_promises();
    together(3, (body *[]){ask_first, ask_first, keep_first}, NULL);
    end_promises();
}

static void ask_in_time(void *unused) {
    (void)unused;
    int result = 0;
    plait_status status = plait_result_until(promises[0], &result, soon());
    plait_check_that(status == PLAIT_TIMEOUT || (status == PLAIT_OK && result == 42));
}

SCENARIO(future, late_one_hides_no_result) {
    begin_promises();
    together(3, (body *[]){ask_in_time, ask_first, keep_first}, NULL);
    end_promises();
}

static void select_first(void *unused) {
    (void)unused;
    size_t which;
    plait_case cases[] = {plait_case_future(promises[1]), plait_case_future(promises[0])};
    plait_check_that(plait_select(cases, 2, &which) == PLAIT_OK && which == 1);
}

SCENARIO(future, select_hears_a_promise) {
    begin_promises();
    together(2, (body *[]){select_first, keep_first}, NULL);
    end_promises();
}

/* ---- callbacks, cancelling ---- */

static void count_call(plait_future *future, void *unused) {
    (void)unused;
    plait_check_that(plait_future_done(future));
    plait_write(called) = plait_read(called) + 1;
}

static void add_callback(void *unused) {
    (void)unused;
    plait_check_that(plait_future_add_done_callback(promises[0], count_call, NULL) == PLAIT_OK);
}

SCENARIO_BOUND(future, callback_is_called_once, 2) {
    begin_promises();
    together(2, (body *[]){keep_first, add_callback}, NULL);
    plait_check_that(called == 1);
    end_promises();
}

static bool cancelled, kept;

static void cancel_first(void *unused) {
    (void)unused;
    cancelled = plait_future_cancel(promises[0]);
}

static void try_to_keep_first(void *unused) {
    (void)unused;
    kept = plait_future_set_result(promises[0], &(int){42}) == PLAIT_OK;
}

SCENARIO_BOUND(future, kept_or_cancelled, 2) {
    begin_promises();
    add_callback(NULL);
    together(2, (body *[]){cancel_first, try_to_keep_first}, NULL);
    plait_check_that(cancelled != kept && called == 1);
    plait_check_that(plait_result(promises[0]) == (kept ? PLAIT_OK : PLAIT_CANCELLED));
    end_promises();
}

static void let_go_of_first(void *unused) {
    (void)unused;
    int result = 0;
    plait_check_that(plait_result(promises[0], &result) == PLAIT_OK && result == 42);
    plait_future_free(promises[0]);
}

static plait_future *own;

static void keep_and_let_go(void *unused) {
    (void)unused;
    plait_check_that(plait_future_set_result(own, &(int){42}) == PLAIT_OK);
    plait_future_free(own);
}

SCENARIO(future, both_let_go) {
    promises[0] = plait_future_of(int);
    own = plait_future_keep(promises[0]);
    together(2, (body *[]){let_go_of_first, keep_and_let_go}, NULL);
}

/* ---- several ---- */

static void wait_for_both(void *unused) {
    (void)unused;
    size_t done;
    plait_check_that(plait_wait(promises, 2, PLAIT_ALL_COMPLETED, &done) == PLAIT_OK && done == 2);
}

SCENARIO(future, both_are_waited_for) {
    begin_promises();
    together(3, (body *[]){keep_first, keep_second, wait_for_both}, NULL);
    end_promises();
}

static void wait_for_one(void *unused) {
    (void)unused;
    size_t done;
    plait_check_that(plait_wait(promises, 2, PLAIT_FIRST_COMPLETED, &done) == PLAIT_OK && done >= 1);
}

SCENARIO_BOUND(future, one_of_two_is_enough, 1) {
    begin_promises();
    together(2, (body *[]){wait_for_one, keep_second}, NULL);
    end_promises();
}

static void take_as_completed(void *unused) {
    (void)unused;
    size_t one, other, none;
    plait_completion *completion = plait_as_completed(promises, 2);
    plait_check_that(plait_completion_next(completion, &one) == PLAIT_OK);
    plait_check_that(plait_completion_next(completion, &other) == PLAIT_OK);
    plait_check_that(one + other == 1 && plait_completion_next(completion, &none) == PLAIT_EMPTY);
    plait_completion_free(completion);
}

SCENARIO(future, each_comes_once_as_completed) {
    begin_promises();
    together(3, (body *[]){keep_first, keep_second, take_as_completed}, NULL);
    end_promises();
}

static void take_one_as_completed(void *unused) {
    (void)unused;
    size_t one;
    plait_completion *completion = plait_as_completed(promises, 2);
    plait_status status = plait_completion_next_until(completion, &one, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    plait_completion_free(completion);
}

/* The watches of an impatient one are gone when the futures become done. */
SCENARIO(future, completion_is_freed_early) {
    begin_promises();
    together(2, (body *[]){take_one_as_completed, keep_first}, NULL);
    end_promises();
}

static void take_winner(void *unused) {
    (void)unused;
    int result = 0;
    size_t which = 9;
    plait_check_that(plait_first(promises, 2, &result, &which) == PLAIT_OK);
    plait_check_that(which < 2 && result == 42 + (int)which);
}

static void try_to_keep_second(void *unused) {
    (void)unused;
    plait_status status = plait_future_set_result(promises[1], &(int){43});
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
}

static void try_to_keep_first_in_race(void *unused) {
    (void)unused;
    plait_status status = plait_future_set_result(promises[0], &(int){42});
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
}

SCENARIO(future, first_wins) {
    begin_promises();
    together(3, (body *[]){try_to_keep_first_in_race, try_to_keep_second, take_winner}, NULL);
    end_promises();
}

/* ---- imap ---- */

PLAIT_TASK(int, twice, (int, x)) {
    return 2 * x;
}

static void take_all(plait_pool *pool, bool unordered) {
    const int numbers[] = {1, 2, 3};
    plait_imap_options how = {.chunk = 1, .unordered = unordered};
    int result, sum = 0, last = 0;
    plait_imap *imap = plait_imap_new_with(pool, &how, twice, numbers, 3);
    while (plait_imap_next(imap, &result) == PLAIT_OK) {
        plait_check_that(unordered || result == last + 2);
        sum += last = result;
    }
    plait_check_that(sum == 12);
    plait_imap_free(imap);
}

SCENARIO(future, imap_in_order) {
    plait_pool *pool = plait_pool_new(1);
    take_all(pool, false);
    end_pool(pool);
}

SCENARIO(future, imap_as_they_come) {
    plait_pool *pool = plait_pool_new(1);
    take_all(pool, true);
    end_pool(pool);
}

static bool left;
static plait_event looked_at;

PLAIT_TASK(int, twice_in_time, (int, x)) {
    (void)plait_event_is_set(&looked_at); /* something that others look at, too */
    plait_check_that(!left);
    return 2 * x;
}

/* Freed in the midst, while a helper may be running an item: no item is run after that. */
SCENARIO(future, imap_is_left_early) {
    const int numbers[] = {1, 2, 3};
    int result = 0;
    left = false;
    looked_at = (plait_event)PLAIT_EVENT_INIT;
    plait_pool *pool = plait_pool_new(1);
    plait_imap_options how = {.chunk = 1};
    plait_imap *imap = plait_imap_new_with(pool, &how, twice_in_time, numbers, 3);
    plait_check_that(plait_imap_next(imap, &result) == PLAIT_OK && result == 2);
    plait_imap_free(imap);
    left = true;
    plait_event_set(&looked_at);
    end_pool(pool);
}

/* The pool may refuse to help at any moment; then its consumer runs everything. */
SCENARIO(future, imap_of_a_pool_that_closes) {
    const int numbers[] = {1, 2};
    int result, sum = 0;
    plait_pool *pool = plait_pool_new(1);
    plait_imap_options how = {.chunk = 1, .unordered = true};
    plait_imap *imap = plait_imap_new_with(pool, &how, twice, numbers, 2);
    plait_check_that(plait_imap_next(imap, &result) == PLAIT_OK);
    sum += result;
    plait_check_that(plait_pool_shutdown(pool, false, true) == PLAIT_OK);
    plait_check_that(plait_imap_next(imap, &result) == PLAIT_OK);
    plait_check_that(sum + result == 6);
    plait_imap_free(imap);
    end_pool(pool);
}

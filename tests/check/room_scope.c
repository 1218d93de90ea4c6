/* room_scope.c - scenarios of scope, owner and lender. */
#include "rooms.h"

#include <stdio.h>

static plait_pool *pool;
static int runs;
static plait_event never;

static void begin_pool(int workers) {
    runs = 0;
    never = (plait_event)PLAIT_EVENT_INIT;
    pool = plait_pool_new(workers);
    plait_check_that(pool);
}

PLAIT_TASK(void, count) {
    plait_write(runs) = plait_read(runs) + 1;
}

PLAIT_TASK(void, fail) {
    plait_raise(PLAIT_USER, "as told");
}

PLAIT_TASK(void, wait_for_ever) {
    plait_check_that(plait_event_wait(&never) == PLAIT_CANCELLED);
}

/* ---- scope ---- */

SCENARIO(scope, child_ends_before_its_scope) {
    plait_scope *scope = page_new();
    begin_pool(1);
    plait_check_that(plait_scope_begin(scope, pool) == PLAIT_OK);
    plait_check_that(plait_scope_post(scope, count) == PLAIT_OK);
    plait_check_that(plait_scope_end(scope) == PLAIT_OK);
    page_end();
    plait_check_that(plait_read(runs) == 1);
    end_pool(pool);
}

SCENARIO(scope, failure_is_told) {
    plait_scope scope;
    begin_pool(1);
    plait_check_that(plait_scope_begin(&scope, pool) == PLAIT_OK);
    plait_check_that(plait_scope_post(&scope, fail) == PLAIT_OK);
    plait_check_that(plait_scope_end(&scope) == PLAIT_USER);
    end_pool(pool);
}

SCENARIO(scope, thread_ends_before_its_scope) {
    plait_scope scope;
    runs = 0;
    plait_check_that(plait_scope_begin(&scope, NULL) == PLAIT_OK);
    plait_thread_free(plait_scope_start(&scope, count));
    plait_check_that(plait_scope_end(&scope) == PLAIT_OK);
    plait_check_that(plait_read(runs) == 1);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
}

/* The failure of one reaches the others, wherever they are, and the end tells of it. */
SCENARIO(scope, failure_ends_the_others) {
    plait_scope scope;
    begin_pool(1);
    plait_check_that(plait_scope_begin(&scope, pool) == PLAIT_OK);
    plait_thread_free(plait_scope_start(&scope, wait_for_ever));
    plait_check_that(plait_scope_post(&scope, fail) == PLAIT_OK);
    plait_check_that(plait_scope_end(&scope) == PLAIT_USER);
    end_pool(pool);
}

static plait_scope shared;

static void cancel_shared(void *unused) {
    (void)unused;
    plait_check_that(plait_scope_cancel(&shared) == PLAIT_OK);
}

/* Cancelled while its end waits: what is queued never begins, what runs is asked to stop. */
SCENARIO(scope, cancel_reaches_children_and_end) {
    begin_pool(1);
    plait_check_that(plait_scope_begin(&shared, pool) == PLAIT_OK);
    plait_check_that(plait_scope_post(&shared, wait_for_ever) == PLAIT_OK);
    plait_token *scopes = plait_token_enter(NULL);
    plait_thread *canceller = begin(cancel_shared, NULL);
    plait_token_leave(scopes);
    /* The body joins before it ends the scope, under a shield: the scope's token is no concern of the join. */
    plait_shield_enter();
    bool join_first = plait_choose(2);
    if (join_first) finish(canceller);
    plait_shield_leave();
    plait_thread *handle = join_first ? NULL : canceller;
    plait_check_that(plait_scope_end(&shared) == PLAIT_CANCELLED);
    if (handle) finish(handle);
    end_pool(pool);
}

static plait_event news;

static void *wait_for_news(void *unused) {
    plait_check_that(plait_event_wait(&news) == PLAIT_OK);
    return unused;
}

/* The only worker is busy with something that is none of the scope's, until the scope has ended. */
SCENARIO(scope, cancel_reaches_what_is_queued) {
    news = (plait_event)PLAIT_EVENT_INIT;
    begin_pool(1);
    plait_check_that(plait_post_function(pool, wait_for_news, NULL) == PLAIT_OK);
    plait_check_that(plait_scope_begin(&shared, pool) == PLAIT_OK);
    plait_check_that(plait_scope_post(&shared, count) == PLAIT_OK);
    cancel_shared(NULL);
    plait_check_that(plait_scope_end(&shared) == PLAIT_CANCELLED);
    plait_check_that(plait_read(runs) == 0);
    plait_event_set(&news);
    end_pool(pool);
}

/* ---- owner ---- */

PLAIT_OWNER(int_owner, int *);

static int owned, closings;

PLAIT_TASK(int *, open_it, (int, start)) {
    owned = start;
    return &owned;
}

PLAIT_TASK(void, close_it, (int *, resource)) {
    plait_check_that(resource == &owned);
    plait_write(closings) = plait_read(closings) + 1;
}

PLAIT_TASK(void, add, (int *, resource), (int, number)) {
    *resource += number;
}

PLAIT_TASK(int, value, (int *, resource)) {
    return *resource;
}

static int_owner owner;

static void end_owner(void) {
    plait_check_that(plait_owner_close(owner.owner) == PLAIT_OK);
    plait_check_that(plait_owner_join(owner.owner) == PLAIT_OK);
    plait_check_that(plait_read(closings) == 1);
    plait_owner_free(owner.owner);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
}

static void begin_owner(void) {
    closings = 0;
    owner = plait_owner_open(int_owner, close_it, open_it, 1);
    plait_check_that(owner.owner);
}

SCENARIO(scope, owner_does_as_told) {
    int result = 0;
    begin_owner();
    plait_check_that(plait_tell(owner, add, 4) == PLAIT_OK);
    plait_future *future = plait_ask(owner, value);
    plait_check_that(plait_result(future, &result) == PLAIT_OK && result == 5);
    plait_future_free(future);
    end_owner();
}

/* What was accepted before the close is done; also when nobody waits for the owner. */
SCENARIO(scope, owner_finishes_what_it_was_told) {
    begin_owner();
    plait_check_that(plait_tell(owner, add, 4) == PLAIT_OK);
    plait_owner_free(owner.owner);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
    plait_check_that(owned == 5 && plait_read(closings) == 1);
}

static void tell_or_be_refused(void *unused) {
    (void)unused;
    plait_status status = plait_tell(owner, add, 4);
    plait_check_that(status == PLAIT_OK || status == PLAIT_SHUTDOWN);
    if (status == PLAIT_OK) runs++;
}

static void close_owner(void *unused) {
    (void)unused;
    plait_check_that(plait_owner_close(owner.owner) == PLAIT_OK);
}

SCENARIO(scope, owner_closes_beside_a_request) {
    runs = 0;
    begin_owner();
    together(2, (body *[]){tell_or_be_refused, close_owner}, NULL);
    end_owner();
    plait_check_that(owned == 1 + 4 * runs);
}

/* ---- lender ---- */

PLAIT_LENDER(int_lender, int *);

PLAIT_TASK(int *, make_it, (int, start)) {
    owned = start;
    plait_check_that(++runs == 1); /* there is one at a time */
    return &owned;
}

PLAIT_TASK(void, break_it, (int *, resource)) {
    plait_check_that(resource == &owned && --runs == 0);
}

static int_lender lender;

static void begin_lender(void) {
    runs = 0;
    lender = plait_lender_of(int_lender, 1, break_it, make_it, 1);
    plait_check_that(lender.lender);
}

static void end_lender(void) {
    plait_check_that(plait_lender_close(lender.lender) == PLAIT_OK);
    plait_check_that(plait_lender_join(lender.lender) == PLAIT_OK && runs == 0);
    plait_lender_free(lender.lender);
}

static void use(int *resource) {
    int before = plait_read(*resource);
    plait_write(*resource) = before + 1;
}

static void borrow(void *unused) {
    (void)unused;
    int *resource = NULL;
    plait_check_that(plait_lender_borrow(lender, &resource) == PLAIT_OK);
    use(resource);
    plait_check_that(plait_lender_return(lender, resource) == PLAIT_OK);
}

SCENARIO(scope, loan_is_exclusive) {
    begin_lender();
    together(3, (body *[]){borrow, borrow, borrow}, NULL);
    plait_check_that(owned == 4);
    end_lender();
}

static void borrow_in_time(void *unused) {
    (void)unused;
    int *resource = NULL;
    plait_status status = plait_lender_borrow_until(lender, &resource, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) plait_check_that(plait_lender_return(lender, resource) == PLAIT_OK);
}

SCENARIO(scope, late_borrower_keeps_nothing) {
    begin_lender();
    int *resource = NULL;
    plait_check_that(plait_lender_borrow(lender, &resource) == PLAIT_OK);
    plait_thread *late = begin(borrow_in_time, NULL), *patient = begin(borrow, NULL);
    plait_check_that(plait_lender_return(lender, resource) == PLAIT_OK);
    finish(late);
    finish(patient);
    end_lender();
}

static void select_a_loan(void *unused) {
    (void)unused;
    int *resource = NULL;
    plait_case cases[] = {plait_case_borrow(lender, &resource)};
    plait_check_that(plait_select(cases, 1, NULL) == PLAIT_OK && cases[0].status == PLAIT_OK);
    plait_check_that(plait_lender_discard(lender, resource) == PLAIT_OK);
}

SCENARIO(scope, loan_is_selected) {
    begin_lender();
    together(3, (body *[]){select_a_loan, borrow, borrow}, NULL);
    end_lender();
}

static void borrow_and_let_go(void *unused) {
    (void)unused;
    int *resource = NULL;
    plait_status status = plait_lender_borrow(lender, &resource);
    plait_check_that(status == PLAIT_OK || status == PLAIT_SHUTDOWN);
    if (status == PLAIT_OK) plait_check_that(plait_lender_return(lender, resource) == PLAIT_OK);
}

static void close_and_join_lender(void *unused) {
    (void)unused;
    plait_check_that(plait_lender_close(lender.lender) == PLAIT_OK);
    plait_check_that(plait_lender_join(lender.lender) == PLAIT_OK);
    plait_check_that(runs == 0);
}

SCENARIO(scope, lender_closes_beside_a_loan) {
    begin_lender();
    together(2, (body *[]){borrow_and_let_go, close_and_join_lender}, NULL);
    plait_lender_free(lender.lender);
}

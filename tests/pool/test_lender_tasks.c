/* Lenders: what tasks that open, check and close may do: come too late, end their thread, meddle. */
#include "wires.h"

#include <pthread.h>

/* A task that ends the thread leaves no slot taken. */
PLAIT_TASK(struct wire *, leave_instead, (int, unused)) {
    (void)unused;
    pthread_exit(NULL);
    return NULL;
}

PLAIT_TASK(void, borrow_from, (wire_lender, wires)) {
    struct wire *wire;
    if (plait_lender_borrow(wires, &wire) == PLAIT_OK) plait_raise(PLAIT_USER, "it came back");
}

TEST(an_opening_that_ends_its_thread_makes_room) {
    wire_lender wires = plait_lender_of(wire_lender, 1, cut, leave_instead, 0);
    for (int i = 0; i < 2; i++) {
        plait_thread *thread = plait_start(borrow_from, wires);
        ck_assert_status(plait_thread_result(thread, NULL), PLAIT_FAILED);
        plait_thread_free(thread);
        check_counts(wires, 0, 0, 0);
    }
    end(wires);
}

static int late;

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the same */
PLAIT_TASK(struct wire *, connect_late, (int, unused)) {
    (void)unused;
    if (++late < 3) {
        plait_raise(PLAIT_TIMEOUT, "nobody answers");
        return NULL;
    }
    return connect_wire("home");
}

TEST(an_opening_that_comes_too_late_is_not_taken_for_having_none) {
    struct wire *wire = NULL;
    wire_lender wires = plait_lender_of(wire_lender, 1, cut, connect_late, 0);
    ck_assert_status(plait_lender_borrow_nowait(wires, &wire), PLAIT_TIMEOUT);
    ck_assert_str_eq(plait_last_message(), "nobody answers");
    plait_case one = plait_case_borrow(wires, &wire);
    ck_assert_ok(plait_select(&one, 1, NULL));
    ck_assert_status(one.status, PLAIT_TIMEOUT);
    ck_assert_int_eq(late, 2);
    wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

static bool leaves;

PLAIT_TASK(bool, look_and_leave, (struct wire *, wire)) {
    if (leaves) pthread_exit(NULL);
    return !wire->dead;
}

TEST(what_was_being_checked_when_the_thread_ended_is_closed) {
    wire_lender wires = lender_of(1);
    ck_assert_ok(plait_lender_set_check(wires, look_and_leave));
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    leaves = true;
    plait_thread *thread = plait_start(borrow_from, wires);
    ck_assert_status(plait_thread_result(thread, NULL), PLAIT_FAILED);
    plait_thread_free(thread);
    ck_assert_int_eq(plait__load(&closed), 1);
    check_counts(wires, 0, 0, 0);
    leaves = false;
    wire = borrow(wires);
    ck_assert_int_eq(wire->number, 2);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

static wire_lender checked;

PLAIT_TASK(bool, return_while_looking, (struct wire *, wire)) {
    return plait_lender_return(checked, wire) == PLAIT_INVALID;
}

TEST(what_is_being_checked_is_not_lent_yet) {
    checked = lender_of(1);
    ck_assert_ok(plait_lender_set_check(checked, return_while_looking));
    struct wire *wire = borrow(checked);
    ck_assert_ok(plait_lender_return(checked, wire));
    ck_assert_ptr_eq(borrow(checked), wire);
    ck_assert_ok(plait_lender_return(checked, wire));
    end(checked);
}

PLAIT_TASK(void, cut_and_leave, (struct wire *, wire)) {
    cut(wire);
    if (leaves) pthread_exit(NULL);
}

PLAIT_TASK(void, discard_one, (wire_lender, wires)) {
    (void)plait_lender_discard(wires, (struct wire *){borrow(wires)});
}

TEST(a_closing_that_ends_its_thread_makes_room) {
    wire_lender wires = plait_lender_of(wire_lender, 1, cut_and_leave, connect_wire, "home");
    leaves = true;
    plait_thread *thread = plait_start(discard_one, wires);
    ck_assert_status(plait_thread_result(thread, NULL), PLAIT_FAILED);
    plait_thread_free(thread);
    check_counts(wires, 0, 0, 0);
    leaves = false;
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

TEST(a_cancel_ends_the_wait_for_all) {
    wire_lender wires = lender_of(1);
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_close(wires.lender));
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    ck_assert_ok(plait_cancel(token));
    ck_assert_status(plait_lender_join(wires.lender), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

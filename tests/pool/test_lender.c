/* Lenders: what is opened when, who gets what, how they wait, and how it ends. */
#include "support/faults.h"
#include "wires.h"

#include <base/clock.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(resources_are_opened_when_needed_and_the_last_one_back_is_lent_first) {
    wire_lender wires = lender_of(3);
    check_counts(wires, 0, 0, 0);
    struct wire *one = borrow(wires), *two = borrow(wires);
    ck_assert(one->number == 1 && two->number == 2);
    check_counts(wires, 2, 2, 0);
    ck_assert_ok(plait_lender_return(wires, one));
    ck_assert_ok(plait_lender_return(wires, two));
    check_counts(wires, 2, 0, 2);
    ck_assert_ptr_eq(borrow(wires), two);
    ck_assert_ptr_eq(borrow(wires), one);
    struct wire *three = borrow(wires), *none = three;
    ck_assert_int_eq(three->number, 3);
    ck_assert_status(plait_lender_borrow_nowait(wires, &none), PLAIT_BUSY);
    ck_assert_status(plait_last_error(), PLAIT_BUSY);
    ck_assert_status(plait_lender_borrow_until(wires, &none, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_ptr_eq(none, three);
    ck_assert_ok(plait_lender_return(wires, two));
    ck_assert_ok(plait_lender_return(wires, one));
    ck_assert_ok(plait_lender_return(wires, three));
    end(wires);
}

TEST(what_is_broken_is_replaced) {
    wire_lender wires = lender_of(1);
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_discard(wires, wire));
    ck_assert_int_eq(closed, 1);
    check_counts(wires, 0, 0, 0);
    wire = borrow(wires);
    ck_assert_int_eq(wire->number, 2);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

TEST(what_the_check_refuses_is_replaced) {
    wire_lender wires = lender_of(1);
    ck_assert_ok(plait_lender_set_check(wires, is_alive));
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    ck_assert_ptr_eq(borrow(wires), wire);
    wire->dead = true;
    ck_assert_ok(plait_lender_return(wires, wire));
    wire = borrow(wires);
    ck_assert(wire->number == 2 && closed == 1);
    wire->number = 99; /* the check raises */
    ck_assert_ok(plait_lender_return(wires, wire));
    wire = borrow(wires);
    ck_assert(wire->number == 3 && closed == 2);
    ck_assert_ok(plait_lender_return(wires, wire));
    check_counts(wires, 1, 0, 1);
    end(wires);
}

TEST(who_cannot_open_is_told_why) {
    struct wire *wire = NULL;
    wire_lender wires = lender_of(1);
    refuse = true;
    ck_assert_status(plait_lender_borrow(wires, &wire), PLAIT_USER + 2);
    ck_assert_status(plait_last_error(), PLAIT_USER + 2);
    ck_assert_str_eq(plait_last_message(), "home is out");
    check_counts(wires, 0, 0, 0);
    refuse = false;
    wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
}

/* ---- waiting ---- */

static int order[4], came;

PLAIT_TASK(plait_status, stand_in_line, (wire_lender, wires), (int, place)) {
    struct wire *wire;
    plait_status status = plait_lender_borrow(wires, &wire);
    if (status != PLAIT_OK) return status;
    order[plait__add(&came, 1)] = place;
    return plait_lender_return(wires, wire);
}

TEST(who_waits_longest_is_served_first) {
    wire_lender wires = lender_of(1);
    plait_thread *threads[4];
    struct wire *wire = borrow(wires);
    for (int i = 0; i < 4; i++) {
        threads[i] = plait_start(stand_in_line, wires, i);
        wait_until_asleep_in("lender.borrow", i + 1);
    }
    ck_assert_uint_eq(plait_lender_stats(wires.lender).waiting, 4);
    ck_assert_ok(plait_lender_return(wires, wire));
    for (int i = 0; i < 4; i++) {
        plait_status status = PLAIT_FAILED;
        ck_assert_ok(plait_thread_result(threads[i], &status));
        ck_assert_ok(status);
        plait_thread_free(threads[i]);
        ck_assert_int_eq(order[i], i);
    }
    ck_assert_uint_eq(plait_lender_stats(wires.lender).waiting, 0);
    end(wires);
}

TEST(a_failure_to_open_lets_the_next_one_try) {
    plait_status status = PLAIT_FAILED;
    wire_lender wires = lender_of(1);
    struct wire *wire = borrow(wires);
    plait_thread *thread = plait_start(stand_in_line, wires, 0);
    wait_until_asleep_in("lender.borrow", 1);
    ck_assert_ok(plait_lender_discard(wires, wire)); /* the room to open one is handed on */
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_ok(status);
    plait_thread_free(thread);
    ck_assert_int_eq(opened, 2);
    end(wires);
}

TEST(a_cancel_and_closing_end_the_wait) {
    plait_status statuses[2] = {PLAIT_OK, PLAIT_OK};
    wire_lender wires = lender_of(1);
    struct wire *wire = borrow(wires);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *cancelled = plait_start(stand_in_line, wires, 0);
    plait_token_leave(before);
    plait_thread *refused = plait_start(stand_in_line, wires, 1);
    wait_until_asleep_in("lender.borrow", 2);
    ck_assert_ok(plait_cancel(token));
    ck_assert_ok(plait_thread_result(cancelled, &statuses[0]));
    ck_assert_ok(plait_lender_close(wires.lender));
    ck_assert_ok(plait_thread_result(refused, &statuses[1]));
    ck_assert_status(statuses[0], PLAIT_CANCELLED);
    ck_assert_status(statuses[1], PLAIT_SHUTDOWN);
    ck_assert_status(plait_lender_borrow(wires, &wire), PLAIT_SHUTDOWN);
    ck_assert_status(plait_lender_join_until(wires.lender, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_int_eq(closed, 0);
    ck_assert_ok(plait_lender_return(wires, wire)); /* it is closed at once */
    ck_assert_int_eq(closed, 1);
    plait_thread_free(cancelled);
    plait_thread_free(refused);
    plait_token_free(token);
    end(wires);
}

PLAIT_TASK(plait_status, select_one, (wire_lender, wires)) {
    static plait_event never;
    struct wire *wire;
    size_t which = 9;
    plait_case cases[] = {plait_case_event(&never), plait_case_borrow(wires, &wire)};
    plait_status status = plait_select(cases, 2, &which);
    if (status != PLAIT_OK || which != 1 || cases[1].status != PLAIT_OK) return PLAIT_FAILED;
    return plait_lender_return(wires, wire);
}

TEST(a_select_borrows) {
    plait_status status = PLAIT_FAILED;
    struct wire *wire = NULL;
    wire_lender wires = lender_of(1);
    plait_case one = plait_case_borrow(wires, &wire);
    ck_assert_ok(plait_select(&one, 1, NULL));
    ck_assert_ok(one.status);
    ck_assert_int_eq(wire->number, 1);
    ck_assert_status(plait_select_nowait(&one, 1, NULL), PLAIT_BUSY);
    plait_thread *thread = plait_start(select_one, wires), *next = plait_start(stand_in_line, wires, 0);
    wait_until_asleep(2);
    ck_assert_ok(plait_lender_return(wires, wire));
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_ok(status);
    ck_assert_ok(plait_thread_result(next, &status));
    ck_assert_ok(status);
    plait_thread_free(thread);
    plait_thread_free(next);
    ck_assert_ok(plait_lender_close(wires.lender));
    ck_assert_ok(plait_select(&one, 1, NULL));
    ck_assert_status(one.status, PLAIT_SHUTDOWN);
    end(wires);
}

/* ---- the rest ---- */

static int number_of(wire_lender wires, bool broken) {
    plait_borrow(wires, wire);
    if (!wire) return -1;
    int number = wire->number;
    if (broken) {
        ck_assert_ok(plait_lender_discard(wires, wire));
        wire = NULL;
    }
    return number;
}

TEST(a_guard_returns_what_it_borrowed) {
    wire_lender wires = lender_of(1);
    ck_assert_int_eq(number_of(wires, false), 1);
    check_counts(wires, 1, 0, 1);
    ck_assert_int_eq(number_of(wires, true), 1);
    check_counts(wires, 0, 0, 0);
    ck_assert_int_eq(number_of(wires, false), 2);
    refuse = true;
    ck_assert_ok(plait_lender_discard(wires, (struct wire *){borrow(wires)}));
    ck_assert_int_eq(number_of(wires, false), -1);
    ck_assert_status(plait_last_error(), PLAIT_USER + 2);
    end(wires);
}

TEST(parked_ones_are_trimmed) {
    wire_lender wires = lender_of(3);
    struct wire *one = borrow(wires), *two = borrow(wires), *three = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, one));
    ck_assert_ok(plait_lender_return(wires, two));
    ck_assert_uint_eq(plait_lender_trim(wires.lender, 3600), 0);
    ck_assert_uint_eq(plait_lender_trim(wires.lender, 0), 2);
    ck_assert_int_eq(closed, 2);
    check_counts(wires, 1, 1, 0);
    ck_assert_ok(plait_lender_return(wires, three));
    end(wires);
}

TEST(what_is_parked_longest_is_trimmed) {
    wire_lender wires = lender_of(2);
    struct wire *one = borrow(wires), *two = borrow(wires);
    plait__fake_clock(1000000000);
    ck_assert_ok(plait_lender_return(wires, one));
    plait__fake_clock(3000000000);
    ck_assert_ok(plait_lender_return(wires, two));
    ck_assert_uint_eq(plait_lender_trim(wires.lender, 1.5), 1);
    ck_assert_ptr_eq(borrow(wires), two);
    ck_assert_ok(plait_lender_return(wires, two));
    plait__fake_clock(INT64_MIN);
    end(wires);
}

TEST(letting_go_of_a_lender_with_something_lent) {
    wire_lender wires = lender_of(2);
    struct wire *one = borrow(wires), *two = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, two));
    plait_lender_free(wires.lender);
    ck_assert_int_eq(closed, 1);
    ck_assert_ok(plait_lender_return(wires, one)); /* the last of it goes here */
    ck_assert_int_eq(closed, 2);
}

PLAIT_TASK(void, cut_badly, (struct wire *, wire)) {
    cut(wire);
    plait_raise(PLAIT_USER, "badly");
}

TEST(a_failure_of_closing_goes_to_the_excepthook) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    wire_lender wires = plait_lender_of(wire_lender, 1, cut_badly, connect_wire, NULL);
    struct wire *wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    end(wires);
    ck_assert_int_eq(told.count, 1);
    ck_assert_str_eq(told.message, "badly");
    ck_assert_str_eq(told.task, "cut_badly");
}

PLAIT_TASK(int, not_a_wire, (int, x)) {
    return x;
}

TEST(what_makes_no_sense) {
    wire_lender none = {NULL};
    struct wire *wire = NULL, stranger;
    int wrong = 0;
    ck_assert_status(plait_lender_borrow(none, &wire), PLAIT_INVALID);
    ck_assert_status(plait_lender_borrow_nowait(none, &wire), PLAIT_INVALID);
    ck_assert_status(plait_lender_return(none, wire), PLAIT_INVALID);
    ck_assert_status(plait_lender_discard(none, wire), PLAIT_INVALID);
    ck_assert_status(plait_lender_close(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lender_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lender_set_check(none, is_alive), PLAIT_INVALID);
    ck_assert_uint_eq(plait_lender_trim(NULL, 0), 0);
    ck_assert_uint_eq(plait_lender_stats(NULL).made, 0);
    plait_lender_free(NULL);
    plait_case one = plait_case_borrow(none, &wire);
    ck_assert_status(plait_select(&one, 1, NULL), PLAIT_INVALID);
    const plait_task *open = plait_task_of(connect_wire), *close = plait_task_of(cut);
    ck_assert_ptr_null(plait_lender_new(sizeof wire, 0, close, open, NULL));
    ck_assert_ptr_null(plait_lender_new(sizeof wire, 1, NULL, open, NULL));
    ck_assert_ptr_null(plait_lender_new(sizeof wire, 1, close, NULL, NULL));
    ck_assert_ptr_null(plait_lender_new(sizeof wire, 1, plait_task_of(not_a_wire), open, NULL));
    ck_assert_ptr_null(plait_lender_new(sizeof(int), 1, close, plait_task_of(not_a_wire), NULL));
    ck_assert_ptr_null(plait_lender_new(17, 1, close, open, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_lender_new(sizeof wire, SIZE_MAX / 2, close, open, NULL));
    ck_assert_status(plait_last_error(), PLAIT_NO_MEMORY);

    wire_lender wires = lender_of(1);
    ck_assert_status(plait_lender_join(wires.lender), PLAIT_INVALID);
    ck_assert_status(plait_lender_check_by(wires.lender, NULL), PLAIT_INVALID);
    ck_assert_status(plait_lender_check_by(wires.lender, close), PLAIT_INVALID);
    ck_assert_status(plait_lender_borrow_sized(wires.lender, NULL, sizeof wire, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_lender_borrow_sized(wires.lender, &wrong, sizeof wrong, PLAIT_NOW), PLAIT_INVALID);
    wire = &stranger;
    ck_assert_status(plait_lender_return(wires, wire), PLAIT_INVALID);
    wire = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, wire));
    ck_assert_status(plait_lender_return(wires, wire), PLAIT_INVALID); /* twice */
    ck_assert_status(plait_lender_discard(wires, wire), PLAIT_INVALID);
    end(wires);
}

TEST(in_the_child_of_a_fork_it_is_broken) {
    wire_lender wires = lender_of(2);
    struct wire *one = borrow(wires), *two = borrow(wires);
    ck_assert_ok(plait_lender_return(wires, two));
    pid_t child = fork();
    if (child == 0) {
        bool good = plait_lender_borrow(wires, &two) == PLAIT_BROKEN &&
                    plait_lender_return(wires, one) == PLAIT_BROKEN &&
                    plait_lender_close(wires.lender) == PLAIT_BROKEN &&
                    plait_lender_join(wires.lender) == PLAIT_BROKEN;
        plait_lender_free(wires.lender);
        _exit(good && closed == 0 ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ok(plait_lender_return(wires, one));
    end(wires);
}

static plait_status borrow_and_return(void) {
    wire_lender wires = plait_lender_of(wire_lender, 4, cut, connect_wire, "home");
    if (!wires.lender) return plait_last_error();
    struct wire *wire = NULL;
    plait_status status = plait_lender_borrow(wires, &wire);
    if (status == PLAIT_OK) status = plait_lender_return(wires, wire);
    plait_lender_free(wires.lender);
    return status;
}

TEST(a_lender_survives_lack_of_memory) {
    ck_assert_int_eq(fault_every(borrow_and_return), 3);
}

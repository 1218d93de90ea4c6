/* Lenders at random: many threads borrow with deadlines, cancels and selects, return, discard, fail to open
 * and check, while others trim and the lender is closed. Each resource is lent to one thread at a time and
 * closed exactly once, there are never more than the limit, and nobody waits for ever. */
#include "support.h"
#include "support/stress.h"

#include <stdlib.h>

enum { BORROWERS = 6, LOANS = 300 };

struct wire {
    uint32_t holder; /* 0, or the borrower's number */
    uint32_t open;
    bool dead;
};
PLAIT_LENDER(wire_lender, struct wire *);

static uint64_t odd, opened, closed;
static uint32_t alive, limit;

static void flaw(void) {
    plait__add_relaxed(&odd, 1);
}

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct wire *, connect_wire, (int, chance)) {
    struct wire *wire = NULL;
    if (plait__add_relaxed(&opened, 1) % 8 == (uint64_t)chance) {
        plait__add_relaxed(&closed, 1);
        plait_raise(PLAIT_USER, "no luck");
        return NULL;
    }
    if (plait__add(&alive, 1) >= plait__load(&limit)) flaw();
    wire = calloc(1, sizeof *wire);
    if (!wire) abort();
    wire->open = 1;
    return wire;
}

PLAIT_TASK(void, cut, (struct wire *, wire)) {
    if (plait__exchange(&wire->holder, UINT32_MAX) != 0 || plait__exchange(&wire->open, 0) != 1) flaw();
    plait__sub(&alive, 1);
    plait__add_relaxed(&closed, 1);
    free(wire);
}

PLAIT_TASK(bool, is_alive, (struct wire *, wire)) {
    if (plait__load(&wire->holder) != 0 || plait__load(&wire->open) != 1) flaw();
    return !wire->dead;
}

static void use(wire_lender wires, struct wire *wire, uint32_t number, uint32_t what) {
    if (plait__exchange(&wire->holder, number) != 0) flaw();
    if (what % 8 == 0) (void)plait_sleep((what >> 8) % 100 * 1e-6);
    wire->dead = what % 16 == 1;
    if (plait__exchange(&wire->holder, 0) != number) flaw();
    plait_status status = what % 16 == 2 ? plait_lender_discard(wires, wire)
                                         : plait_lender_return(wires, wire);
    if (status != PLAIT_OK) flaw();
}

static plait_status borrow(wire_lender wires, struct wire **wire, uint32_t how) {
    if (how % 4 == 0) return plait_lender_borrow_nowait(wires, wire);
    if (how % 4 == 1) return plait_lender_borrow_until(wires, wire, plait_after((how >> 4) % 200 * 1e-6));
    if (how % 4 == 2) return plait_lender_borrow(wires, wire);
    size_t which = 0;
    plait_deadline deadline = how & 16 ? PLAIT_FOREVER : plait_after((how >> 5) % 500 * 1e-6);
    plait_case cases[] = {plait_case_borrow(wires, wire), plait_case_deadline(deadline)};
    plait_status status = plait_select(cases, 2, &which);
    return status != PLAIT_OK ? status : which == 1 ? PLAIT_TIMEOUT : cases[0].status;
}

PLAIT_TASK(void, borrower, (wire_lender, wires), (uint32_t, number), (uint32_t, seed)) {
    struct stress_random random = stress_random_stream(seed);
    for (int i = 0; i < LOANS; i++) {
        struct wire *wire = NULL;
        uint32_t what = stress_random_below(&random, UINT32_MAX);
        plait_status status = borrow(wires, &wire, what);
        if (status == PLAIT_OK)
            use(wires, wire, number, what >> 4);
        else if (status != PLAIT_USER && status != PLAIT_BUSY && status != PLAIT_TIMEOUT &&
                 status != PLAIT_CANCELLED && status != PLAIT_SHUTDOWN)
            flaw();
        if (what % 64 == 5) (void)plait_lender_trim(wires.lender, 0);
    }
}

static void play(struct stress_random *random) {
    size_t most = 1 + stress_random_below(random, 4);
    plait__store(&limit, (uint32_t)most);
    wire_lender wires = plait_lender_of(wire_lender, most, cut, connect_wire,
                                        (int)stress_random_below(random, 16));
    ck_assert_ptr_nonnull(wires.lender);
    if (stress_random_below(random, 2)) ck_assert_ok(plait_lender_set_check(wires, is_alive));
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *threads[BORROWERS];
    for (uint32_t i = 0; i < BORROWERS; i++)
        threads[i] = plait_start(borrower, wires, i + 1, 10 + stress_random_below(random, 100000));
    plait_token_leave(before);
    uint32_t how = stress_random_below(random, 4);
    if (how) (void)plait_sleep(stress_random_below(random, 3000) * 1e-6);
    if (how == 1) ck_assert_ok(plait_cancel(token));
    if (how == 2) ck_assert_ok(plait_lender_close(wires.lender));
    if (how == 3) ck_assert_ok(plait_lender_close(wires.lender));
    if (how == 3) ck_assert_ok(plait_lender_join(wires.lender));
    for (int i = 0; i < BORROWERS; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    plait_lender_counts counts = plait_lender_stats(wires.lender);
    ck_assert_uint_eq(counts.lent, 0);
    ck_assert_uint_eq(counts.waiting, 0);
    ck_assert_uint_eq(counts.made, counts.idle);
    ck_assert_uint_eq(counts.made, plait__load(&alive));
    plait_lender_free(wires.lender);
    plait_token_free(token);
    ck_assert_uint_eq(odd, 0);
    ck_assert_uint_eq(alive, 0);
    ck_assert_uint_eq(opened, closed);
}

TEST(each_resource_is_lent_to_one_and_closed_once) {
    struct stress_random random = stress_random_stream(0);
    do {
        play(&random);
    } while (stress_goes_on());
}

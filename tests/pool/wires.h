/* Wires that a lender lends: for the tests of lenders. */
#ifndef PLAIT_TEST_POOL_WIRES_H
#define PLAIT_TEST_POOL_WIRES_H

#include "support.h"

#include <stdlib.h>

struct wire {
    int number;
    bool dead;
};
PLAIT_LENDER(wire_lender, struct wire *);

static int opened, closed;
static bool refuse;

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct wire *, connect_wire, (const char *, to)) {
    struct wire *wire = refuse ? NULL : malloc(sizeof *wire);
    if (!wire)
        plait_raise(PLAIT_USER + 2, "%s is out", to);
    else
        *wire = (struct wire){plait__add(&opened, 1) + 1, false};
    return wire;
}

PLAIT_TASK(void, cut, (struct wire *, wire)) {
    free(wire);
    plait__add(&closed, 1);
}

PLAIT_TASK(bool, is_alive, (struct wire *, wire)) {
    if (wire->number == 99) plait_raise(PLAIT_FAILED, "cannot tell");
    return !wire->dead;
}

static inline wire_lender lender_of(size_t most) {
    wire_lender wires = plait_lender_of(wire_lender, most, cut, connect_wire, "home");
    ck_assert_ptr_nonnull(wires.lender);
    return wires;
}

static inline void end(wire_lender wires) {
    ck_assert_ok(plait_lender_close(wires.lender));
    ck_assert_ok(plait_lender_join(wires.lender));
    plait_lender_free(wires.lender);
    ck_assert_int_eq(plait__load(&opened), plait__load(&closed));
}

static inline struct wire *borrow(wire_lender wires) {
    struct wire *wire = NULL;
    ck_assert_ok(plait_lender_borrow_nowait(wires, &wire));
    return wire;
}

static inline void check_counts(wire_lender wires, size_t made, size_t lent, size_t idle) {
    plait_lender_counts counts = plait_lender_stats(wires.lender);
    ck_assert_uint_eq(counts.made, made);
    ck_assert_uint_eq(counts.lent, lent);
    ck_assert_uint_eq(counts.idle, idle);
}

#endif

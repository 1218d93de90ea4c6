/* What tests of lock orders share: a callback that keeps what was told, and two locks taken in turn. */
#ifndef PLAIT_TEST_SYNC_TOLD_H
#define PLAIT_TEST_SYNC_TOLD_H

#include "crew.h"

#include <plait.h>
#include <string.h>

/* What was told so far. */
static int told, told_full;
static plait_lock_order_step steps[8];
static uint32_t step_count;

static inline void note(const plait_lock_order_report *report, void *context) {
    if (context) ++*(int *)context;
    told += report->count != 0;
    told_full += report->count == 0;
    if (!report->count) return;
    step_count = report->count;
    memcpy(steps, report->steps, report->count * sizeof *steps);
}

static inline void watch(void) {
    told = told_full = 0;
    ck_assert_ok(plait_lock_order_watch(note, NULL));
}

static inline void unwatch(int expected) {
    ck_assert_ok(plait_lock_order_unwatch());
    ck_assert_int_eq(told, expected);
    ck_assert_int_eq(told_full, 0);
}

static inline void take_both(plait_lock *first, plait_lock *second) {
    plait_lock_acquire(first);
    plait_lock_acquire(second);
    plait_lock_release(second);
    plait_lock_release(first);
}

static plait_lock a, b, c, d;

#endif

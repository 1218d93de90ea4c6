/* Deadlines: whatever number of seconds comes in, the result is right or saturated, never wrapped around. The clock
 * stands still where its value matters. */
#include "support/test.h"

#include <base/clock.h>

#include <math.h>

enum { SECOND = 1000000000 };

TEST(after_counts_from_now) {
    plait__fake_clock(5 * (int64_t)SECOND);
    ck_assert_int_eq(plait_after(1).ns, 6 * (int64_t)SECOND);
    ck_assert_int_eq(plait_after(0.25).ns, 5 * (int64_t)SECOND + SECOND / 4);
}

TEST(nothing_and_less_is_now) {
    ck_assert_int_eq(plait_after(0).ns, PLAIT_NOW.ns);
    ck_assert_int_eq(plait_after(-1).ns, PLAIT_NOW.ns);
    ck_assert_int_eq(plait_after(-HUGE_VAL).ns, PLAIT_NOW.ns);
    ck_assert_int_eq(plait_after(NAN).ns, PLAIT_NOW.ns);
}

TEST(beyond_the_clock_is_forever) {
    static const double long_times[] = {9.3e9, 1e10, 1e18, 1e300, HUGE_VAL};
    for (size_t i = 0; i < sizeof long_times / sizeof *long_times; i++) {
        ck_assert_int_eq(plait_after(long_times[i]).ns, PLAIT_FOREVER.ns);
    }
}

TEST(near_the_end_of_the_clock_nothing_overflows) {
    plait__fake_clock(INT64_MAX - SECOND);
    ck_assert_int_eq(plait_after(1).ns, PLAIT_FOREVER.ns);
    ck_assert_int_eq(plait_after(2).ns, PLAIT_FOREVER.ns);
    plait_deadline half = plait_after(0.5);
    ck_assert_int_gt(half.ns, INT64_MAX - SECOND);
    ck_assert_int_lt(half.ns, INT64_MAX);
}

TEST(a_very_short_time_is_not_lost_backwards) {
    plait__fake_clock(SECOND);
    ck_assert_int_ge(plait_after(1e-9).ns, SECOND);
    ck_assert_int_ge(plait_after(1e-12).ns, SECOND);
}

TEST(passed_is_true_from_the_very_moment) {
    plait__fake_clock(SECOND);
    plait_deadline deadline = plait_after(1);
    ck_assert(!plait_passed(deadline));
    plait__fake_clock(2 * (int64_t)SECOND - 1);
    ck_assert(!plait_passed(deadline));
    plait__fake_clock(2 * (int64_t)SECOND);
    ck_assert(plait_passed(deadline));
}

TEST(now_has_passed_and_forever_never_does) {
    plait__fake_clock(INT64_MAX);
    ck_assert(plait_passed(PLAIT_NOW));
    ck_assert(!plait_passed(PLAIT_FOREVER));
}

TEST(remaining_is_seconds_with_a_sign) {
    plait__fake_clock(10 * (int64_t)SECOND);
    plait_deadline deadline = plait_after(1.5);
    ck_assert_double_eq_tol(plait_remaining(deadline), 1.5, 1e-9);
    plait__fake_clock(13 * (int64_t)SECOND);
    ck_assert_double_eq_tol(plait_remaining(deadline), -1.5, 1e-9);
    ck_assert_double_eq(plait_remaining(PLAIT_FOREVER), HUGE_VAL);
    ck_assert_double_eq(plait_remaining(PLAIT_NOW), -HUGE_VAL);
}

TEST(the_earlier_of_two) {
    plait__fake_clock(SECOND);
    plait_deadline near = plait_after(1), far = plait_after(2);
    ck_assert_int_eq(plait_earlier(near, far).ns, near.ns);
    ck_assert_int_eq(plait_earlier(far, near).ns, near.ns);
    ck_assert_int_eq(plait_earlier(PLAIT_FOREVER, far).ns, far.ns);
    ck_assert_int_eq(plait_earlier(near, PLAIT_NOW).ns, PLAIT_NOW.ns);
}

TEST(the_real_clock_never_runs_backwards) {
    int64_t before = plait__now(), backwards = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t now = plait__now();
        backwards += now < before;
        before = now;
    }
    ck_assert_int_eq(backwards, 0);
    ck_assert_double_gt(plait_monotonic(), 0);
}

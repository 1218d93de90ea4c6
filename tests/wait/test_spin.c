/* How long a waiting thread looks: for no longer than a wake costs, and not at all where the one it waits for may need
 * this very CPU. */
#include "support/test.h"

#include <base/os.h>
#include <plait/cpu.h>
#include <wait/self.h>
#include <wait/spin.h>

#include <sched.h>

TEST(nobody_spins_on_one_cpu) {
    cpu_set_t allowed, one;
    struct plait__spin spin;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    (void)plait__self();
    ck_assert(!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED));
}

TEST(nobody_spins_when_more_threads_run_than_there_are_cpus) {
    struct plait__spin spin;
    (void)plait__self();
    for (int running = 1; running <= plait_cpu_count(); running++) {
        ck_assert_int_eq(plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED), plait_cpu_count() > 1);
        plait__running_more();
    }
    ck_assert(!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED));
    plait__running_less();
    ck_assert_int_eq(plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED), plait_cpu_count() > 1);
}

TEST(a_spin_ends) {
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return;
    int looks = 0;
    while (plait__spin_again(&spin)) looks++;
    ck_assert_int_lt(looks, 100000);
}

static uint64_t learned(uint64_t ticks, int times) {
    for (int i = 0; i < times; i++) plait__spin_learn(ticks);
    return plait__spin_wake_cost();
}

TEST(the_cost_of_a_wake_is_learned_within_bounds) {
    uint64_t us = plait__os_ticks_per_us();
    uint64_t guess = plait__spin_wake_cost();
    ck_assert_uint_gt(guess, 0);
    ck_assert_uint_lt(learned(2 * us, 50), 3 * us);
    ck_assert_uint_ge(learned(0, 1000), us);
    uint64_t after_one = learned(8 * us, 1);
    ck_assert_uint_lt(after_one, 2 * us); /* one dear wake tells about the load */
    ck_assert_uint_gt(learned(8 * us, 1000), 7 * us);
    uint64_t most = learned(UINT64_MAX / 2, 100); /* a counter that differs between CPUs */
    ck_assert_uint_lt(most, 20 * us);
}

/* What lies within a stretch of time is not longer than it, wherever the thread loses its CPU meanwhile. */
TEST(ticks_are_steady) {
    uint64_t rate = plait__os_ticks_per_us();
    ck_assert_uint_gt(rate, 0);
    ck_assert_uint_eq(rate, plait__os_ticks_per_us());
    uint64_t outer_from = plait__os_ticks();
    int64_t outer_start = plait__os_clock();
    uint64_t from = plait__os_ticks();
    int64_t start = plait__os_clock();
    while (plait__os_clock() - start < 5000000) {}
    int64_t clock_us = (plait__os_clock() - start) / 1000;
    uint64_t ticks_us = (plait__os_ticks() - from) / rate;
    int64_t outer_clock_us = (plait__os_clock() - outer_start) / 1000;
    uint64_t outer_ticks_us = (plait__os_ticks() - outer_from) / rate;
    ck_assert_int_lt((int64_t)ticks_us, outer_clock_us * 5 / 4);
    ck_assert_int_lt(clock_us, (int64_t)outer_ticks_us * 5 / 4);
}

static int spins_skipped(void) {
    struct plait__spin spin;
    int skipped = 0;
    while (!plait__spin_begin(&spin, PLAIT__SPIN_ON_OWN)) skipped++;
    while (plait__spin_again(&spin)) {} /* in vain */
    return skipped;
}

TEST(who_spins_in_vain_spins_less_until_it_succeeds) {
    struct plait__spin spin;
    if (plait_cpu_count() < 2) return;
    static const int expected[] = {0, 0, 2, 6, 14, 30, 62, 62};
    for (int i = 0; i < 8; i++) ck_assert_int_eq(spins_skipped(), expected[i]);
    while (!plait__spin_begin(&spin, PLAIT__SPIN_ON_OWN)) {} /* and this one finds what it looks for */
    ck_assert_int_eq(spins_skipped(), 0);
    ck_assert_int_eq(spins_skipped(), 0);
    ck_assert_int_eq(spins_skipped(), 2);
}

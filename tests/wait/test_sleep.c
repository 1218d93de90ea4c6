/* Sleeping: never shorter than asked, not at all when nothing is asked, and not disturbed by signals. */
#include "support/test.h"

#include <plait/deadline.h>
#include <plait/sleep.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

TEST(it_lasts_at_least_as_long_as_asked) {
    static const double times[] = {0.0001, 0.002, 0.02};
    for (int i = 0; i < 3; i++) {
        double before = plait_monotonic();
        ck_assert_ok(plait_sleep(times[i]));
        ck_assert_double_ge(plait_monotonic() - before, times[i] - 1e-6);
    }
}

TEST(no_time_is_no_sleep) {
    ck_assert_ok(plait_sleep(0));
    ck_assert_ok(plait_sleep(-1));
    ck_assert_ok(plait_sleep(-HUGE_VAL));
    ck_assert_ok(plait_sleep(NAN));
    ck_assert_ok(plait_sleep_until(PLAIT_NOW));
}

TEST(a_loop_until_one_deadline_does_not_drift) {
    plait_deadline deadline = plait_after(0.02);
    ck_assert_ok(plait_sleep_until(plait_earlier(deadline, plait_after(0.005))));
    ck_assert(!plait_passed(deadline) || plait_remaining(deadline) < 0);
    ck_assert_ok(plait_sleep_until(deadline));
    ck_assert(plait_passed(deadline));
}

static _Atomic int signals_seen, sleeping_is_over;

static void count_signal(int number) {
    (void)number;
    atomic_fetch_add(&signals_seen, 1);
}

static void *send_signals(void *sleeper) {
    while (!atomic_load(&sleeping_is_over)) {
        pthread_kill(*(pthread_t *)sleeper, SIGUSR1);
        ck_assert_ok(plait_sleep(0.0005));
    }
    return NULL;
}

TEST(signals_do_not_shorten_it) {
    struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t self = pthread_self(), sender;
    ck_assert_int_eq(pthread_create(&sender, NULL, send_signals, &self), 0);
    do {
        double before = plait_monotonic();
        ck_assert_ok(plait_sleep(0.05));
        ck_assert_double_ge(plait_monotonic() - before, 0.05 - 1e-6);
    } while (atomic_load(&signals_seen) == 0);
    atomic_store(&sleeping_is_over, 1);
    pthread_join(sender, NULL);
}

/* The host's hooks: called in pairs, around waits and nothing else; and signals that end a wait. */
#include "permits.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/os.h>
#include <plait/host.h>
#include <plait/lock.h>
#include <plait/select.h>
#include <plait/sleep.h>

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static __thread int before_calls, after_calls, asked, deepest;
static __thread volatile sig_atomic_t signals;
static _Atomic bool sent; /* the thread sanitizer puts handlers off until the thread does not sleep */

static void before(void *context) {
    (void)context;
    before_calls++;
    int depth = before_calls - after_calls;
    if (depth > deepest) deepest = depth;
}

static void after(void *context) {
    (void)context;
    after_calls++;
}

static bool any_signal(void *context) {
    (void)context;
    asked++;
    return signals > 0 || atomic_load(&sent);
}

static void on_signal(int number) {
    (void)number;
    signals++;
    plait_host_interrupt();
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
}

static const plait_host counting = {before, after, any_signal, NULL};

TEST(the_host_before_is_returned) {
    ck_assert_ptr_null(plait_host_set(&counting));
    ck_assert_ptr_eq(plait_host_set(NULL), &counting);
    ck_assert_ptr_null(plait_host_set(NULL));
}

TEST(a_wait_calls_both_hooks_once) {
    plait_host_set(&counting);
    ck_assert_ok(plait_sleep(0.001));
    ck_assert_int_eq(before_calls, 1);
    ck_assert_int_eq(after_calls, 1);
    plait_host_set(NULL);
    ck_assert_ok(plait_sleep(0.001));
    ck_assert_int_eq(before_calls, 1);
    ck_assert_int_eq(after_calls, 1);
}

TEST(what_need_not_wait_calls_no_hook) {
    static plait_lock lock;
    struct permits permits = {1};
    plait_case ready = permits_case(&permits);
    plait_host_set(&counting);
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert_status(plait_lock_acquire_nowait(&lock), PLAIT_BUSY);
    ck_assert_status(plait_lock_acquire_until(&lock, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert_ok(plait_sleep(0));
    ck_assert_ok(plait_select(&ready, 1, NULL));
    ck_assert_status(plait_select_nowait(&ready, 1, NULL), PLAIT_BUSY);
    ck_assert_int_eq(before_calls, 0);
    ck_assert_int_eq(after_calls, 0);
    plait_host_set(NULL);
}

static plait_lock given_up;

static void give_up_the_lock(void *context) {
    (void)context;
    before_calls++;
    ck_assert_ok(plait_lock_release(&given_up));
}

/* Nobody else is there to release the lock: if the hook came only after the spinning, this would sleep. */
TEST(a_lock_calls_the_hooks_before_it_spins) {
    const plait_host host = {give_up_the_lock, after, NULL, NULL};
    ck_assert_ok(plait_lock_acquire(&given_up));
    plait_host_set(&host);
    ck_assert_ok(plait_lock_acquire(&given_up));
    plait_host_set(NULL);
    ck_assert_int_eq(before_calls, 1);
    ck_assert_int_eq(after_calls, 1);
    ck_assert_ok(plait_lock_release(&given_up));
}

TEST(hooks_may_be_missing) {
    const plait_host empty = {NULL, NULL, NULL, NULL};
    plait_host_set(&empty);
    plait_host_interrupt();
    ck_assert_ok(plait_sleep(0.001));
    plait_host_set(NULL);
}

/* ---- waits inside the hooks ---- */

static plait_lock held;
static plait_status inside[2];

static void wait_before(void *context) {
    before(context);
    inside[0] = plait_lock_acquire_until(&held, plait_after(0.001));
}

static void wait_after(void *context) {
    after(context);
    inside[1] = plait_lock_acquire_until(&held, plait_after(0.001));
}

TEST(waits_inside_the_hooks_call_no_hooks) {
    const plait_host host = {wait_before, wait_after, any_signal, NULL};
    ck_assert_ok(plait_lock_acquire(&held));
    plait_host_set(&host);
    for (int round = 1; round <= 3; round++) {
        ck_assert_ok(plait_sleep(0.001));
        ck_assert_int_eq(before_calls, round);
        ck_assert_int_eq(after_calls, round);
        ck_assert_int_eq(inside[0], PLAIT_TIMEOUT);
        ck_assert_int_eq(inside[1], PLAIT_TIMEOUT);
    }
    plait_host_set(NULL);
}

/* A host that takes its global lock again in after_wait must get it, signal or not. */
TEST(waits_inside_the_hooks_are_not_interrupted) {
    const plait_host host = {wait_before, wait_after, any_signal, NULL};
    ck_assert_ok(plait_lock_acquire(&held));
    plait_host_set(&host);
    signals = 1;
    plait_host_interrupt();
    ck_assert_status(plait_sleep(1000), PLAIT_INTERRUPTED);
    ck_assert_int_eq(inside[0], PLAIT_TIMEOUT);
    ck_assert_int_eq(inside[1], PLAIT_TIMEOUT);
    plait_host_interrupt();
    inside[0] = inside[1] = PLAIT_OK;
    ck_assert_status(plait_sleep(1000), PLAIT_INTERRUPTED);
    ck_assert_int_eq(inside[0], PLAIT_TIMEOUT);
    ck_assert_int_eq(inside[1], PLAIT_TIMEOUT);
    plait_host_set(NULL);
}

/* ---- signals ---- */

TEST(an_interrupt_before_the_wait_ends_it) {
    plait_host_set(&counting);
    signals = 1;
    plait_host_interrupt();
    ck_assert_status(plait_sleep(1000), PLAIT_INTERRUPTED);
    ck_assert_int_eq(asked, 1);
    ck_assert_ok(plait_sleep(0.001)); /* it was for one wait */
    ck_assert_int_eq(before_calls, 2);
    ck_assert_int_eq(after_calls, 2);
    plait_host_set(NULL);
}

TEST(without_a_host_an_interrupt_changes_nothing) {
    plait_host_interrupt();
    ck_assert_ok(plait_sleep(0.001));
}

/* The signal comes after plait has looked for one and before it sleeps: exactly inside interrupted(). */
static bool signalled_while_asked(void *context) {
    (void)context;
    if (++asked == 1) raise(SIGUSR1);
    return asked > 1;
}

TEST(a_signal_between_looking_and_sleeping_is_not_lost) {
    const plait_host host = {before, after, signalled_while_asked, NULL};
    static const double longest[] = {1000, HUGE_VAL};
    if (!plait__os_signals_end_sleep()) return; /* the portable back end: see plait/host.h */
    catch_signals();
    plait_host_set(&host);
    for (int i = 0; i < 2; i++) {
        asked = 0;
        plait_host_interrupt();
        ck_assert_status(plait_sleep(longest[i]), PLAIT_INTERRUPTED);
        ck_assert_int_eq(asked, 2);
    }
    plait_host_set(NULL);
}

TEST(a_signal_between_looking_and_polling_is_not_lost) {
    const plait_host host = {before, after, signalled_while_asked, NULL};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    plait_case readable = plait_case_descriptor(ends[0], POLLIN);
    catch_signals();
    plait_host_set(&host);
    plait_host_interrupt();
    ck_assert_status(plait_select(&readable, 1, NULL), PLAIT_INTERRUPTED);
    ck_assert_int_eq(asked, 2);
    plait_host_set(NULL);
    close(ends[0]);
    close(ends[1]);
}

/* A thread that waits in one of several ways, and another that sends it signals until it has returned. */
struct waiting {
    plait_status (*wait)(void);
    plait_status ended;
    int before_calls, after_calls, deepest;
    _Atomic int finished;
};

static void *wait_with_host(void *argument) {
    struct waiting *it = argument;
    plait_host_set(&counting);
    it->ended = it->wait();
    plait_host_set(NULL);
    it->before_calls = before_calls;
    it->after_calls = after_calls;
    it->deepest = deepest;
    atomic_store(&it->finished, 1);
    return NULL;
}

static void interrupt_wait(plait_status (*wait)(void)) {
    struct waiting it = {.wait = wait};
    pthread_t thread;
    catch_signals();
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_with_host, &it), 0);
    while (!atomic_load(&it.finished)) {
        atomic_store(&sent, true);
        pthread_kill(thread, SIGUSR1);
        ck_assert_ok(plait_sleep(0.0005));
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(it.ended, PLAIT_INTERRUPTED);
    ck_assert_int_eq(it.before_calls, it.after_calls);
    ck_assert_int_eq(it.deepest, 1);
}

static int forever_empty[2];
static struct permits none;

static plait_status sleep_long(void) {
    return plait_sleep(1000);
}

#if !defined(__SANITIZE_THREAD__)
static plait_status acquire_held(void) {
    plait_status status = plait_lock_acquire(&held);
    return plait_lock_locked(&held) ? status : PLAIT_BROKEN;
}
#endif

static plait_status select_forever(void) {
    plait_case cases[] = {permits_case(&none), plait_case_deadline(plait_after(1000))};
    return plait_select(cases, 2, NULL);
}

static plait_status poll_forever(void) {
    plait_case cases[] = {permits_case(&none), plait_case_descriptor(forever_empty[0], POLLIN)};
    return plait_select(cases, 2, NULL);
}

TEST(a_signal_ends_a_sleep) {
    if (plait__os_signals_end_sleep()) interrupt_wait(sleep_long);
}

/* Not under the thread sanitizer: with the handler put off (see `sent`) the wait goes on, now and then. */
#if !defined(__SANITIZE_THREAD__)
TEST(a_signal_ends_the_wait_for_a_lock) {
    ck_assert_ok(plait_lock_acquire(&held));
    if (plait__os_signals_end_sleep()) interrupt_wait(acquire_held);
    ck_assert_ok(plait_lock_release(&held));
}
#endif

TEST(a_signal_ends_a_select) {
    if (plait__os_signals_end_sleep()) interrupt_wait(select_forever);
}

TEST(a_signal_ends_a_select_with_descriptors) {
    ck_assert_int_eq(pipe(forever_empty), 0);
    interrupt_wait(poll_forever);
}

/* ---- signals that come while a sleep begins ---- */

enum { ROUNDS = 3000 };
static _Atomic int rounds_begun;

static void *sleep_in_rounds(void *unused) {
    plait_host_set(&counting);
    for (int round = 1; round <= ROUNDS; round++) {
        signals = 0;
        atomic_store(&rounds_begun, round);
        if (plait_sleep(1000) != PLAIT_INTERRUPTED) return &rounds_begun;
    }
    plait_host_set(NULL);
    return unused;
}

/* One signal a round, somewhere between before the sleep and in the middle of it: a lost one is never made up for. */
TEST(one_signal_is_enough_whenever_it_comes) {
#if !defined(__SANITIZE_THREAD__)
    struct stress_random random = stress_random_stream(0);
    pthread_t thread;
    void *failed;
    if (!plait__os_signals_end_sleep()) return;
    catch_signals();
    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_in_rounds, NULL), 0);
    for (int round = 1; round <= ROUNDS; round++) {
        while (atomic_load(&rounds_begun) < round) sched_yield();
        for (volatile uint32_t i = stress_random_below(&random, 3000); i > 0;) i = i - 1;
        pthread_kill(thread, SIGUSR1);
    }
    pthread_join(thread, &failed);
    ck_assert_ptr_null(failed);
#else
    (void)sleep_in_rounds;
#endif
}

/* ---- a signal that the host does not care about ----
 * Not under the thread sanitizer, see `sent`. */
#if !defined(__SANITIZE_THREAD__)

static _Atomic int signals_taken;

static void count_and_interrupt(int number) {
    (void)number;
    plait_host_interrupt();
    atomic_fetch_add(&signals_taken, 1);
}

static bool never(void *context) {
    (void)context;
    return false;
}

static struct permits awaited;

static void *take_a_permit(void *unused) {
    (void)unused;
    const plait_host host = {before, after, never, NULL};
    plait_host_set(&host);
    static plait_status status;
    status = permits_take_until(&awaited, PLAIT_FOREVER);
    plait_host_set(NULL);
    return &status;
}

/* The handler marks the waiter as awake; whoever claims it next must still get it out of its sleep. */
TEST(a_wake_after_an_ignored_signal_is_not_lost) {
    struct sigaction action = {.sa_handler = count_and_interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    for (int round = 0; round < 200; round++) {
        pthread_t thread;
        void *status;
        int before_signal = atomic_load(&signals_taken);
        ck_assert_int_eq(pthread_create(&thread, NULL, take_a_permit, NULL), 0);
        wait_until_asleep_on(&awaited, 1);
        if (round % 2) ck_assert_ok(plait_sleep(0.0002)); /* now it most probably does sleep */
        pthread_kill(thread, SIGUSR1);
        while (atomic_load(&signals_taken) == before_signal) sched_yield();
        permits_give(&awaited, round % 4 < 2 ? PLAIT__GIFT : 0);
        pthread_join(thread, &status);
        ck_assert_int_eq(*(plait_status *)status, PLAIT_OK);
    }
}
#endif

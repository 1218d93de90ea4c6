/* Timers and the service thread. */
#include "support/faults.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/clock.h>
#include <base/os.h>
#include <plait.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread/service.h>
#include <time.h>
#include <unistd.h>
#include <wait/waiter.h>

static plait_event done;
static int calls;
static char order[8];

static void set(void *event) {
    plait_event_set(event);
}
static void count(void *unused) {
    (void)unused;
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
}
static void log_letter(void *letter) {
    strncat(order, letter, 1);
}

TEST(a_timer_is_called_once_and_not_early) {
    double before = plait_monotonic();
    plait_timer *timer = plait_timer_start(plait_after(0.02), set, &done);
    ck_assert_ok(plait_event_wait(&done));
    ck_assert(plait_monotonic() - before >= 0.02);
    ck_assert(!plait_timer_cancel(timer));
    plait_timer_free(timer);
}

/* Keeps the service thread busy until the lock is released. */
static void hold_up(void *lock) {
    plait_lock_acquire(lock);
    plait_lock_release(lock);
}

TEST(timers_come_in_order_of_time_then_of_start) {
    static plait_lock all_started;
    plait_lock_acquire(&all_started);
    plait__fake_clock(
        plait__now()); /* stands still, so that none of these times has passed when its timer starts */
    plait_timer_free(plait_timer_start(PLAIT_NOW, hold_up, &all_started));
    plait_deadline soon = plait_after(0.002), later = plait_after(0.004);
    plait_timer_free(plait_timer_start(later, log_letter, "d"));
    plait_timer_free(plait_timer_start(soon, log_letter, "b"));
    plait_timer_free(plait_timer_start(soon, log_letter, "c"));
    plait_timer_free(plait_timer_start(PLAIT_NOW, log_letter, "a"));
    plait_timer_free(plait_timer_start(later, set, &done));
    plait__fake_clock(-1);
    plait_lock_release(&all_started);
    ck_assert_ok(plait_event_wait(&done));
    ck_assert_str_eq(order, "abcd");
}

static void note_select(struct plait__waiter *waiter, void *asleep) {
    if (strcmp(waiter->kind, "select") == 0) *(bool *)asleep = true;
}

/* Until the service thread has nothing to do. */
static void await_quiet(void) {
    bool asleep = false;
    while (!asleep) {
        plait_sleep(0.0005);
        plait__each_sleeper(note_select, &asleep);
    }
}

static void again(void *stop) {
    if (!plait_event_is_set(stop)) plait_timer_free(plait_timer_start(PLAIT_NOW, again, stop));
}

TEST(one_that_starts_itself_at_once_keeps_nobody_out) {
    static plait_event stop, never;
    ck_assert_ok(plait_interrupt_install());
    plait_timer_free(plait_timer_start(plait_after(0.01), set, &done));
    plait_timer_free(plait_timer_start(PLAIT_NOW, again, &stop));
    ck_assert_ok(plait_event_wait(&done));
    ck_assert_ok(plait_interrupt_main());
    ck_assert_status(plait_event_wait(&never), PLAIT_CANCELLED); /* descriptors are looked at, too */
    plait_event_set(&stop);
}

TEST(an_earlier_timer_wakes_the_service) {
    plait_timer *late = plait_timer_start(plait_after(3600), count, NULL);
    await_quiet();
    plait_timer *soon = plait_timer_start(plait_after(0.001), set, &done);
    ck_assert_ok(plait_event_wait(&done));
    ck_assert(plait_timer_cancel(late));
    plait_timer_free(late);
    plait_timer_free(soon);
}

TEST(cancelling_in_time) {
    plait_timer *timer = plait_timer_start(plait_after(60), count, NULL);
    plait_timer *never = plait_timer_start(PLAIT_FOREVER, count, NULL);
    ck_assert(plait_timer_cancel(timer));
    ck_assert(!plait_timer_cancel(timer));
    ck_assert(plait_timer_cancel(never));
    ck_assert(!plait_timer_cancel(NULL));
    plait_timer_free(timer);
    plait_timer_free(never);
    plait_timer_free(NULL);
    plait_timer_free(plait_timer_start(plait_after(0.001), set, &done));
    ck_assert_ok(plait_event_wait(&done));
    ck_assert_int_eq(calls, 0);
}

static plait_timer *own;
static void free_and_cancel_own(void *until_stored) {
    plait_lock_acquire(until_stored);
    plait_lock_release(until_stored);
    if (!plait_timer_cancel(own)) plait_timer_free(own);
    plait_timer_free(plait_timer_start(PLAIT_NOW, set, &done));
}

TEST(freeing_within_the_own_callback) {
    static plait_lock until_stored;
    plait_lock_acquire(&until_stored);
    own = plait_timer_start(PLAIT_NOW, free_and_cancel_own, &until_stored);
    plait_lock_release(&until_stored);
    ck_assert_ok(plait_event_wait(&done));
}

TEST(thousands_at_once) {
    enum { MANY = 5000 };
    static plait_timer *timers[MANY];
    struct stress_random random = stress_random_stream(0);
    int cancelled = 0;
    for (int i = 0; i < MANY; i++)
        timers[i] = plait_timer_start(plait_after(stress_random_below(&random, 30) / 1000.0), count, NULL);
    for (int i = 0; i < MANY; i += 2) cancelled += plait_timer_cancel(timers[i]);
    plait_timer_free(plait_timer_start(plait_after(0.05), set, &done));
    ck_assert_ok(plait_event_wait(&done));
    ck_assert_int_eq(__atomic_load_n(&calls, __ATOMIC_RELAXED) + cancelled, MANY);
    for (int i = 0; i < MANY; i++) plait_timer_free(timers[i]);
}

TEST(misuse) {
    ck_assert_ptr_null(plait_timer_start(PLAIT_NOW, NULL, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
}

/* ---- failures ---- */

static char said[100];
static void remember(const plait_failure *failure, void *unused) {
    (void)unused;
    strncpy(said, failure->message, sizeof said - 1);
    plait_event_set(&done);
}
static void raise_something(void *unused) {
    (void)unused;
    plait_raise(PLAIT_USER, "no good");
}
static void leave(void *unused) {
    (void)unused;
    pthread_exit(NULL);
}

TEST(a_failing_callback_reaches_the_excepthook) {
    plait_excepthook_set(remember, NULL);
    plait_timer_free(plait_timer_start(PLAIT_NOW, raise_something, NULL));
    ck_assert_ok(plait_event_wait(&done));
    ck_assert_str_eq(said, "no good");
}

TEST(the_service_survives_pthread_exit_in_a_callback) {
    plait_excepthook_set(remember, NULL);
    plait_timer_free(plait_timer_start(PLAIT_NOW, leave, NULL));
    ck_assert_ok(plait_event_wait(&done));
    plait_event_clear(&done);
    plait_timer_free(plait_timer_start(plait_after(0.001), set, &done));
    ck_assert_ok(plait_event_wait(&done));
}

static plait_status start_and_cancel(void) {
    plait_timer *timer = plait_timer_start(plait_after(60), count, NULL);
    if (!timer) return plait_last_error();
    plait_timer_cancel(timer);
    plait_timer_free(timer);
    return PLAIT_OK;
}

TEST(timers_survive_lack_of_memory) {
    fault_every(start_and_cancel);
}

/* ---- descriptors ---- */

static int bells[20];
static struct plait__watch watches[20];

static void rung(struct plait__watch *watch, int found) {
    plait__os_bell_drain(watch->descriptor);
    if (!(found & POLLIN)) return;
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) == 20) plait_event_set(&done);
}

TEST(many_descriptors_can_be_watched) {
    for (int i = 0; i < 20; i++) {
        bells[i] = plait__os_bell_new();
        watches[i] = (struct plait__watch){.descriptor = bells[i], .events = POLLIN, .ready = rung};
        ck_assert_ok(plait__service_watch(&watches[i]));
    }
    for (int i = 0; i < 20; i++) plait__os_bell_ring(bells[i]);
    ck_assert_ok(plait_event_wait(&done));
    for (int i = 0; i < 20; i++) {
        plait__service_unwatch(&watches[i]);
        close(bells[i]); /* nobody looks any more */
    }
}

static plait_status watch_and_unwatch(void) {
    static struct plait__watch watch;
    watch = (struct plait__watch){.descriptor = plait__os_bell_new(), .events = POLLIN, .ready = rung};
    plait_status status = plait__service_watch(&watch);
    if (status == PLAIT_OK) plait__service_unwatch(&watch);
    close(watch.descriptor);
    return status;
}

/* The service needs a descriptor of its own to wait for others'. */
static struct rlimit enough;

static void use_up_descriptors(void *event) {
    struct rlimit few = {64, enough.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &few);
    while (dup(STDERR_FILENO) >= 0) {}
    plait_event_set(event);
}

static double seconds_of_cpu(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

TEST(without_a_descriptor_to_wait_with_the_service_looks_now_and_then) {
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
    ck_assert_ok(plait_interrupt_install());
    plait_timer_free(plait_timer_start(PLAIT_NOW, use_up_descriptors, &done));
    ck_assert_ok(plait_event_wait(&done));
    double before = seconds_of_cpu();
    plait_event_clear(&done);
    plait_timer_free(plait_timer_start(plait_after(0.5), set, &done)); /* comes all the same */
    ck_assert_ok(plait_event_wait(&done));
    ck_assert(seconds_of_cpu() - before < 0.1 * test_time_scale());
    ck_assert_ok(plait_interrupt_main());
    static plait_event never;
    ck_assert_status(plait_event_wait(&never), PLAIT_CANCELLED); /* Ctrl-C is still seen */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);      /* for what looks for leaks at the end */
}

TEST(watching_survives_lack_of_memory) {
    fault_every(watch_and_unwatch);
}

/* ---- fork ---- */

static int in_child(plait_timer *old) {
    plait_event_clear(&done);
    if (plait_timer_cancel(old)) return 1; /* gone with the parent's service */
    plait_timer_free(old);
    plait_timer *timer = plait_timer_start(plait_after(0.001), set, &done);
    if (!timer || plait_event_wait_until(&done, plait_after(10)) != PLAIT_OK) return 2;
    plait_timer_free(timer);
    return 0;
}

TEST(after_a_fork_timers_begin_anew) {
    plait_timer *timer = plait_timer_start(plait_after(60), count, NULL);
    pid_t child = fork();
    if (child == 0) _exit(in_child(timer));
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(plait_timer_cancel(timer));
    plait_timer_free(timer);
}

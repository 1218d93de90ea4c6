/* The condition, as CPython's ConditionTests have it, and what C adds. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <sys/wait.h>
#include <unistd.h>

static plait_lock lock;
static plait_rlock rlock;
static plait_condition changed;
static int phase, woken;

TEST(it_is_small) {
    ck_assert_uint_le(sizeof changed, 16);
}

TEST(what_makes_no_sense_is_refused) {
    ck_assert_status(plait_condition_wait(&changed, &lock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_condition_wait_rlock(&changed, &rlock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_condition_wait(NULL, &lock), PLAIT_INVALID);
    ck_assert_status(plait_condition_wait(&changed, NULL), PLAIT_INVALID);
    ck_assert_status(plait_condition_wait_rlock(&changed, NULL), PLAIT_INVALID);
    ck_assert_status(plait_condition_notify(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_condition_notify(&changed, -1), PLAIT_INVALID);
    ck_assert_status(plait_condition_notify_all(NULL), PLAIT_INVALID);
    plait_lock_acquire(&lock);
    ck_assert_status(plait_condition_wait_for(&changed, &lock, NULL, NULL), PLAIT_INVALID);
    ck_assert_ok(plait_condition_notify(&changed, 0));
    ck_assert_ok(plait_condition_notify(&changed, 5));
    ck_assert_ok(plait_condition_notify_all(&changed));
}

static void *take_rlock(void *unused) {
    (void)unused;
    plait_rlock_acquire(&rlock);
    must(plait_condition_wait_until_rlock(&changed, &rlock, PLAIT_NOW) == PLAIT_TIMEOUT);
    return NULL;
}

TEST(an_rlock_must_be_the_callers) {
    struct crew crew = {.count = 0};
    crew_add(&crew, take_rlock, NULL);
    crew_join(&crew);
    ck_assert(plait_rlock_locked(&rlock));
    ck_assert_status(plait_condition_wait_rlock(&changed, &rlock), PLAIT_NOT_OWNER);
}

static void *wait_once(void *unused) {
    (void)unused;
    plait_hold(&lock);
    must(plait_condition_wait(&changed, &lock) == PLAIT_OK);
    woken++;
    return NULL;
}

static int woken_now(void) {
    plait_hold(&lock);
    return woken;
}

static void notify_under_the_lock(long n) {
    plait_hold(&lock);
    ck_assert_ok(n < 0 ? plait_condition_notify_all(&changed) : plait_condition_notify(&changed, n));
}

TEST(notify_wakes_as_many_as_it_says) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 10; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(10);
    notify_under_the_lock(0);
    ck_assert_int_eq(woken_now(), 0);
    notify_under_the_lock(3);
    while (woken_now() < 3) {}
    wait_until_asleep(7);
    ck_assert_int_eq(woken_now(), 3);
    notify_under_the_lock(1);
    while (woken_now() < 4) {}
    notify_under_the_lock(-1);
    crew_join(&crew);
    ck_assert_int_eq(woken, 10);
    notify_under_the_lock(1); /* is not kept for later */
    plait_hold(&lock);
    ck_assert_status(plait_condition_wait_until(&changed, &lock, plait_after(0.005)), PLAIT_TIMEOUT);
}

TEST(notify_works_without_the_lock) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 40; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(40);
    ck_assert_ok(plait_condition_notify(&changed, 5));
    while (woken_now() < 5) {}
    ck_assert_ok(plait_condition_notify_all(&changed));
    crew_join(&crew);
    ck_assert_int_eq(woken, 40);
}

TEST(who_is_notified_under_the_lock_stays_asleep_until_it_is_released) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 4; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(4);
    plait_lock_acquire(&lock);
    plait_condition_notify_all(&changed);
    ck_assert_int_eq(threads_asleep_in(NULL), 4); /* moved, not woken */
    ck_assert_int_eq(woken, 0);
    plait_lock_release(&lock);
    crew_join(&crew);
    ck_assert_int_eq(woken, 4);
}

TEST(a_wait_ends_at_its_deadline_with_the_lock_held) {
    plait_lock_acquire(&lock);
    ck_assert_status(plait_condition_wait_until(&changed, &lock, PLAIT_NOW), PLAIT_TIMEOUT);
    plait_deadline deadline = plait_after(0.02);
    ck_assert_status(plait_condition_wait_until(&changed, &lock, deadline), PLAIT_TIMEOUT);
    ck_assert(plait_passed(deadline));
    ck_assert(plait_lock_locked(&lock));
    ck_assert_ok(plait_lock_release(&lock));
}

static void *wait_with_token(void *token) {
    plait_token *before = plait_token_enter(token);
    plait_lock_acquire(&lock);
    must(plait_condition_wait(&changed, &lock) == PLAIT_CANCELLED);
    must(plait_lock_locked(&lock));
    plait_lock_release(&lock);
    plait_token_leave(before);
    return NULL;
}

TEST(a_wait_can_be_cancelled_and_has_the_lock_then) {
    struct crew crew = {.count = 0};
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    crew_add(&crew, wait_with_token, token);
    wait_until_asleep(1);
    plait_lock_acquire(&lock);
    plait_cancel(token);
    plait_lock_release(&lock);
    crew_join(&crew);
    plait_token_free(token);
}

static double patience; /* seconds */
static plait_deadline moment;
static bool moment_begun;
static plait_status late_status;

static void *wait_for_a_moment(void *unused) {
    (void)unused;
    plait_hold(&lock);
    moment = plait_after(patience);
    moment_begun = true;
    late_status = plait_condition_wait_until(&changed, &lock, moment);
    woken++;
    return NULL;
}

/* Returns when that one waits: before, it does not let go of the lock. */
static void start_a_moment(struct crew *crew) {
    moment_begun = false;
    crew_add(crew, wait_for_a_moment, NULL);
    for (bool begun = false; !begun; sched_yield()) {
        plait_hold(&lock);
        begun = moment_begun;
    }
}

/* With more patience if the machine is so slow that the deadline goes by before the notification. */
TEST(who_was_notified_in_time_says_so_though_it_gets_the_lock_late) {
    struct crew crew = {.count = 0};
    bool in_time = false;
    for (patience = 0.03; !in_time; patience *= 2) {
        start_a_moment(&crew);
        plait_lock_acquire(&lock);
        plait_condition_notify(&changed, 1);
        in_time = !plait_passed(moment);
        plait_sleep(1.5 * patience); /* the deadline goes by: time itself is what is tested */
        plait_lock_release(&lock);
        crew_join(&crew);
    }
    ck_assert_status(late_status, PLAIT_OK);
}

TEST(a_notification_goes_past_one_whose_deadline_went_by) {
    struct crew crew = {.count = 0};
    patience = 0.03;
    start_a_moment(&crew);
    crew_add(&crew, wait_once, NULL);
    while (woken_now() < 1) plait_sleep(0.001);
    ck_assert_status(late_status, PLAIT_TIMEOUT);
    wait_until_asleep(1);
    notify_under_the_lock(1);
    crew_join(&crew);
}

/* ---- predicates ---- */

static bool phase_is(void *wanted) {
    return phase == *(int *)wanted;
}

static void *wait_for_four(void *unused) {
    (void)unused;
    int four = 4;
    plait_hold(&lock);
    must(plait_condition_wait_for(&changed, &lock, phase_is, &four) == PLAIT_OK);
    must(phase == 4);
    return NULL;
}

TEST(wait_for_returns_when_the_predicate_is_true) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 3; i++) crew_add(&crew, wait_for_four, NULL);
    wait_until_asleep(3);
    for (int i = 0; i < 4; i++) {
        plait_hold(&lock);
        phase++;
        plait_condition_notify_all(&changed);
    }
    crew_join(&crew);
    plait_hold(&lock);
    int other = 9;
    ck_assert_ok(plait_condition_wait_for_until(&changed, &lock, phase_is, &phase, PLAIT_NOW));
    ck_assert_status(plait_condition_wait_for_until(&changed, &lock, phase_is, &other, plait_after(0.005)),
                     PLAIT_TIMEOUT);
    ck_assert(plait_lock_locked(&lock));
}

/* ---- with an rlock ---- */

static bool entered;

static void *wait_deep(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) plait_rlock_acquire(&rlock);
    entered = true;
    must(plait_condition_wait_rlock(&changed, &rlock) == PLAIT_OK);
    must(plait_rlock_owned(&rlock) && rlock.again == 2);
    must(plait_condition_wait_until_rlock(&changed, &rlock, plait_after(0.001)) == PLAIT_TIMEOUT);
    must(plait_rlock_owned(&rlock) && rlock.again == 2);
    must(plait_condition_wait_for_rlock(&changed, &rlock, phase_is, &phase) == PLAIT_OK);
    must(plait_condition_wait_for_until_rlock(&changed, &rlock, phase_is, &phase, PLAIT_NOW) == PLAIT_OK);
    for (int i = 0; i < 3; i++) must(plait_rlock_release(&rlock) == PLAIT_OK);
    must(plait_rlock_release(&rlock) == PLAIT_NOT_OWNER);
    return NULL;
}

TEST(an_rlock_is_given_up_however_deep_and_taken_again_as_deep) {
    struct crew crew = {.count = 0};
    crew_add(&crew, wait_deep, NULL);
    wait_until_asleep(1);
    plait_rlock_acquire(&rlock);
    plait_rlock_acquire(&rlock);
    ck_assert(entered);
    plait_condition_notify(&changed, 1);
    plait_rlock_release(&rlock);
    plait_rlock_release(&rlock);
    crew_join(&crew);
    ck_assert(!plait_rlock_locked(&rlock));
}

/* ---- two locks, hosts, forks ---- */

static plait_lock second_lock;

static void *wait_with_second_lock(void *unused) {
    (void)unused;
    plait_hold(&second_lock);
    must(plait_condition_wait(&changed, &second_lock) == PLAIT_OK);
    return NULL;
}

TEST(waiters_with_different_locks_are_all_woken) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 6; i++) crew_add(&crew, i % 2 ? wait_once : wait_with_second_lock, NULL);
    wait_until_asleep(6);
    notify_under_the_lock(-1);
    crew_join(&crew);
    ck_assert_int_eq(woken, 3);
}

static bool stop_waiting(void *unused) {
    (void)unused;
    return true;
}

TEST(a_host_can_break_a_wait_off_and_the_lock_is_held_then) {
    plait_host host = {.interrupted = stop_waiting};
    plait_host_set(&host);
    plait_lock_acquire(&lock);
    plait_host_interrupt();
    ck_assert_status(plait_condition_wait(&changed, &lock), PLAIT_INTERRUPTED);
    ck_assert_ok(plait_lock_release(&lock));
    plait_host_set(NULL);
}

/* The thread sanitizer cannot follow threads that the child starts. */
#if !defined(__SANITIZE_THREAD__)
TEST(a_child_of_a_fork_can_use_a_condition_that_others_waited_for) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 3; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(3);
    pid_t child = fork();
    if (child == 0) {
        struct crew own = {.count = 0};
        crew_add(&own, wait_once, NULL);
        wait_until_asleep(1);
        notify_under_the_lock(1);
        crew_join(&own);
        _exit(woken == 1 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    notify_under_the_lock(-1);
    crew_join(&crew);
}
#endif

/* Many threads take locks of all kinds in the order of their numbers, also without waiting, with a deadline, at
 * conditions, and released by others, while watching goes on and off: nothing is ever told. Then one of them inverts
 * two, and that is. */
#include "crew.h"
#include "support/stress.h"

#include <plait.h>
#include <string.h>

enum { LOCKS = 6, RLOCKS = 3, RWLOCKS = 3, ALL = LOCKS + RLOCKS + RWLOCKS };

static plait_lock locks[LOCKS];
static plait_rlock rlocks[RLOCKS];
static plait_rwlock rwlocks[RWLOCKS];
static plait_condition condition;
static int guarded[ALL]; /* counted under each; of an rwlock under its writers */
static int told;

static void note(const plait_lock_order_report *report, void *context) {
    (void)context;
    if (report->count == 0) return; /* so many ways to hold some of them are more than it remembers */
    plait_lock_order_print(report, 2);
    __atomic_add_fetch(&told, 1, __ATOMIC_RELAXED);
}

enum way { WAIT, TRY, SOON, READ, WAYS };

static bool take(int which, enum way way) {
    plait_deadline soon = plait_after(0.0001);
    plait_status status;
    if (which < LOCKS) {
        plait_lock *lock = &locks[which];
        status = way == TRY    ? plait_lock_acquire_nowait(lock)
                 : way == SOON ? plait_lock_acquire_until(lock, soon)
                               : plait_lock_acquire(lock);
    } else if (which < LOCKS + RLOCKS) {
        plait_rlock *lock = &rlocks[which - LOCKS];
        status = way == TRY    ? plait_rlock_acquire_nowait(lock)
                 : way == SOON ? plait_rlock_acquire_until(lock, soon)
                               : plait_rlock_acquire(lock);
    } else {
        plait_rwlock *lock = &rwlocks[which - LOCKS - RLOCKS];
        status = way == TRY    ? plait_rwlock_write_acquire_nowait(lock)
                 : way == SOON ? plait_rwlock_write_acquire_until(lock, soon)
                 : way == READ ? plait_rwlock_read_acquire(lock)
                               : plait_rwlock_write_acquire(lock);
    }
    if (status == PLAIT_OK && !(which >= LOCKS + RLOCKS && way == READ)) guarded[which]++;
    return status == PLAIT_OK;
}

static void leave(int which, enum way way) {
    if (which < LOCKS)
        must(plait_lock_release(&locks[which]) == PLAIT_OK);
    else if (which < LOCKS + RLOCKS)
        must(plait_rlock_release(&rlocks[which - LOCKS]) == PLAIT_OK);
    else if (way == READ)
        must(plait_rwlock_read_release(&rwlocks[which - LOCKS - RLOCKS]) == PLAIT_OK);
    else
        must(plait_rwlock_write_release(&rwlocks[which - LOCKS - RLOCKS]) == PLAIT_OK);
}

/* Some of them, upwards; given back in the same order or the reverse. */
static void climb(struct stress_random *random) {
    bool held[ALL] = {false};
    enum way ways[ALL];
    bool upwards = stress_random_below(random, 2);
    for (int i = 0; i < ALL; i++) {
        if (stress_random_below(random, 4)) continue;
        ways[i] = stress_random_below(random, WAYS);
        held[i] = take(i, ways[i]);
    }
    for (int n = 0; n < ALL; n++) {
        int i = upwards ? n : ALL - 1 - n;
        if (held[i]) leave(i, ways[i]);
    }
}

/* The last lock alone, so that taking it back is in order. */
static void wait_shortly(void) {
    plait_lock *last = &locks[LOCKS - 1];
    plait_lock_acquire(last);
    guarded[LOCKS - 1]++;
    plait_condition_notify(&condition, 1);
    plait_status status = plait_condition_wait_until(&condition, last, plait_after(0.0002));
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    guarded[LOCKS - 1]++;
    must(plait_lock_release(last) == PLAIT_OK);
}

static void *work(void *which) {
    struct stress_random random = stress_random_stream((unsigned)(uintptr_t)which);
    while (stress_goes_on()) {
        if (stress_random_below(&random, 8) == 0)
            wait_shortly();
        else
            climb(&random);
    }
    return NULL;
}

/* Threads that come and go while it is switched. */
static void *one_climb(void *which) {
    struct stress_random random = stress_random_stream((unsigned)(uintptr_t)which);
    climb(&random);
    return NULL;
}

TEST(orders_that_are_kept_are_never_told) {
    struct crew crew = {.count = 0};
    int threads = stress_threads(4);
    for (int i = 0; i < threads; i++) crew_add(&crew, work, (void *)(uintptr_t)i);
    for (unsigned round = 0; stress_goes_on(); round++) {
        struct crew guests = {.count = 0};
        ck_assert_ok(plait_lock_order_watch(note, NULL));
        crew_add(&guests, one_climb, (void *)(uintptr_t)(1000 + round));
        if (round % 2) crew_join(&guests);
        ck_assert_ok(plait_lock_order_unwatch());
        crew_join(&guests);
    }
    crew_join(&crew);
    ck_assert_int_eq(told, 0);
    for (int i = 0; i < LOCKS; i++) ck_assert(!plait_lock_locked(&locks[i]));
    for (int i = 0; i < RLOCKS; i++) ck_assert(!plait_rlock_locked(&rlocks[i]));
    for (int i = 0; i < RWLOCKS; i++) ck_assert(!plait_rwlock_locked(&rwlocks[i]));
}

TEST(an_order_that_is_not_kept_is_told_among_many) {
    struct crew crew = {.count = 0};
    int threads = stress_threads(4);
    ck_assert_ok(plait_lock_order_watch(note, NULL));
    for (int i = 0; i < threads; i++) crew_add(&crew, work, (void *)(uintptr_t)i);
    crew_join(&crew);
    ck_assert_int_eq(told, 0);
    take(0, WAIT);
    take(1, WAIT);
    leave(1, WAIT);
    leave(0, WAIT);
    take(1, WAIT);
    take(0, WAIT);
    leave(0, WAIT);
    leave(1, WAIT);
    ck_assert_ok(plait_lock_order_unwatch());
    ck_assert_int_eq(told, 1);
}

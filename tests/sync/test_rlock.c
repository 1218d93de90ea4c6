/* The lock that its owner may take again, as CPython's RLockTests have it, and what C adds. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <sys/wait.h>
#include <unistd.h>

static plait_rlock lock;

TEST(its_owner_may_take_it_again_and_releases_it_as_often) {
    ck_assert(!plait_rlock_locked(&lock) && !plait_rlock_owned(&lock));
    ck_assert_ok(plait_rlock_acquire(&lock));
    ck_assert_ok(plait_rlock_acquire_until(&lock, PLAIT_NOW));
    ck_assert_ok(plait_rlock_acquire_nowait(&lock));
    for (int i = 0; i < 3; i++) {
        ck_assert(plait_rlock_locked(&lock) && plait_rlock_owned(&lock));
        ck_assert_ok(plait_rlock_release(&lock));
    }
    ck_assert(!plait_rlock_locked(&lock) && !plait_rlock_owned(&lock));
}

TEST(a_release_too_many_is_refused_and_changes_nothing) {
    ck_assert_status(plait_rlock_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_ok(plait_rlock_acquire(&lock));
    ck_assert_ok(plait_rlock_release(&lock));
    ck_assert_status(plait_rlock_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_ok(plait_rlock_acquire(&lock));
    ck_assert_ok(plait_rlock_release(&lock));
}

TEST(null_is_refused) {
    ck_assert_status(plait_rlock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rlock_acquire_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_rlock_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rlock_release(NULL), PLAIT_INVALID);
    ck_assert(!plait_rlock_locked(NULL) && !plait_rlock_owned(NULL));
}

static void *try_what_only_the_owner_may(void *unused) {
    (void)unused;
    must(plait_rlock_locked(&lock) && !plait_rlock_owned(&lock));
    must(plait_rlock_release(&lock) == PLAIT_NOT_OWNER);
    must(plait_rlock_acquire_nowait(&lock) == PLAIT_BUSY);
    must(plait_rlock_acquire_until(&lock, plait_after(0.01)) == PLAIT_TIMEOUT);
    return NULL;
}

TEST(others_neither_get_nor_release_it) {
    struct crew crew = {.count = 0};
    plait_rlock_acquire(&lock);
    plait_rlock_acquire(&lock);
    crew_add(&crew, try_what_only_the_owner_may, NULL);
    crew_join(&crew);
    ck_assert_ok(plait_rlock_release(&lock));
    crew_add(&crew, try_what_only_the_owner_may, NULL);
    crew_join(&crew);
    ck_assert_ok(plait_rlock_release(&lock));
}

static long counter;

static void *count(void *unused) {
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        plait_hold(&lock);
        plait_rlock_acquire(&lock);
        counter++;
        plait_rlock_release(&lock);
    }
    return NULL;
}

TEST(only_one_at_a_time) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 5; i++) crew_add(&crew, count, NULL);
    crew_join(&crew);
    ck_assert_int_eq(counter, 100000);
}

TEST(the_number_of_takings_has_an_end) {
    plait_rlock_acquire(&lock);
    lock.again = UINT32_MAX;
    ck_assert_status(plait_rlock_acquire(&lock), PLAIT_OVERFLOW);
    ck_assert_status(plait_rlock_acquire_nowait(&lock), PLAIT_OVERFLOW);
    ck_assert_ok(plait_rlock_release(&lock));
    ck_assert_uint_le(sizeof lock, 16);
}

static void *hold_until_set(void *event) {
    plait_rlock_acquire(&lock);
    plait_event_wait(event);
    plait_rlock_release(&lock);
    return NULL;
}

TEST(in_the_child_of_a_fork_the_forking_thread_still_owns_what_it_owned) {
    plait_rlock_acquire(&lock);
    plait_rlock_acquire(&lock);
    pid_t child = fork();
    if (child == 0) {
        if (!plait_rlock_owned(&lock) || plait_rlock_acquire(&lock) != PLAIT_OK) _exit(1);
        for (int i = 0; i < 3; i++)
            if (plait_rlock_release(&lock) != PLAIT_OK) _exit(2);
        struct crew own = {.count = 0};
        crew_add(&own, count, NULL);
        crew_join(&own);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

TEST(in_the_child_of_a_fork_what_a_vanished_thread_held_stays_held) {
    static plait_event let_go;
    struct crew crew = {.count = 0};
    crew_add(&crew, hold_until_set, &let_go);
    wait_until_asleep(1);
    pid_t child = fork();
    if (child == 0) {
        if (!plait_rlock_locked(&lock) || plait_rlock_release(&lock) != PLAIT_NOT_OWNER) _exit(1);
        _exit(plait_rlock_acquire_until(&lock, plait_after(0.01)) == PLAIT_TIMEOUT ? 0 : 2);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&let_go);
    crew_join(&crew);
}

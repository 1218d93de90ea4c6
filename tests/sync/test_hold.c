/* A lock held for a scope is released however the scope is left. */
#include "crew.h"

#include <plait.h>

static plait_lock lock;
static plait_rlock rlock;
static plait_rwlock rwlock;

static bool all_free(void) {
    return !plait_lock_locked(&lock) && !plait_rlock_locked(&rlock) && !plait_rwlock_locked(&rwlock);
}

static int held_while_returning(void) {
    plait_hold(&lock);
    plait_hold(&rlock);
    plait_hold(&rlock);
    return plait_lock_locked(&lock) + plait_rlock_owned(&rlock);
}

TEST(it_is_held_until_the_end_of_the_scope) {
    {
        plait_hold(&lock);
        ck_assert(plait_lock_locked(&lock));
    }
    ck_assert_int_eq(held_while_returning(), 2);
    ck_assert(all_free());
}

TEST(leaving_by_break_goto_and_continue_releases) {
    for (int i = 0; i < 3; i++) {
        plait_hold_write(&rwlock);
        ck_assert_status(plait_rwlock_read_acquire_nowait(&rwlock), PLAIT_BUSY);
        if (i == 0) continue;
        if (i == 1) break;
    }
    ck_assert(all_free());
    {
        plait_hold_read(&rwlock);
        ck_assert_status(plait_rwlock_write_acquire_nowait(&rwlock), PLAIT_BUSY);
        ck_assert_ok(plait_rwlock_read_acquire_nowait(&rwlock));
        plait_rwlock_read_release(&rwlock);
        goto out;
    }
out:
    ck_assert(all_free());
}

TEST(null_holds_nothing) {
    plait_lock *none = NULL;
    plait_hold(none);
    plait_rwlock *neither = NULL;
    plait_hold_read(neither);
    plait_hold_write(neither);
}

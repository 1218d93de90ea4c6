/* Waits are counted for what is watched, and for nothing else. */
#include "crew.h"
#include "support/faults.h"

#include <plait.h>

static plait_contention counted(const void *object) {
    plait_contention seen;
    ck_assert_ok(plait_contention_read(object, &seen));
    return seen;
}

TEST(a_lock_taken_at_once_is_not_counted) {
    static plait_lock lock;
    ck_assert_ok(plait_contention_watch(&lock));
    for (int i = 0; i < 10; i++) {
        plait_lock_acquire(&lock);
        plait_lock_release(&lock);
    }
    ck_assert_uint_eq(counted(&lock).waits, 0);
    ck_assert_double_eq(counted(&lock).waited, 0);
    ck_assert_ok(plait_contention_unwatch(&lock));
}

TEST(each_kind_of_object_counts_its_waits) {
    static plait_lock lock;
    static plait_rlock rlock;
    static plait_rwlock rwlock;
    static plait_semaphore semaphore;
    static plait_event event;
    const void *all[] = {&lock, &rlock, &rwlock, &semaphore, &event};
    for (int i = 0; i < 5; i++) ck_assert_ok(plait_contention_watch(all[i]));
    plait_lock_acquire(&lock);
    plait_rwlock_read_acquire(&rwlock);
    for (int i = 1; i <= 2; i++) {
        plait_deadline soon = plait_after(0.002);
        ck_assert_status(plait_lock_acquire_until(&lock, soon), PLAIT_TIMEOUT);
        ck_assert_status(plait_rwlock_write_acquire_until(&rwlock, plait_after(0.002)), PLAIT_TIMEOUT);
        ck_assert_status(plait_semaphore_acquire_until(&semaphore, plait_after(0.002)), PLAIT_TIMEOUT);
        ck_assert_status(plait_event_wait_until(&event, plait_after(0.002)), PLAIT_TIMEOUT);
        for (int k = 0; k < 5; k++) ck_assert_uint_eq(counted(all[k]).waits, k == 1 ? 0 : (unsigned)i);
    }
    for (int k = 0; k < 5; k++) {
        plait_contention seen = counted(all[k]);
        ck_assert_double_ge(seen.waited, k == 1 ? 0 : 0.003);
        ck_assert_double_ge(seen.waited, seen.longest);
        ck_assert_ok(plait_contention_unwatch(all[k]));
    }
}

static plait_rlock shared;

static void *wait_for_shared(void *unused) {
    (void)unused;
    must(plait_rlock_acquire_until(&shared, plait_after(0.002)) == PLAIT_TIMEOUT);
    return NULL;
}

TEST(an_rlock_counts_the_waits_of_others) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_contention_watch(&shared));
    plait_rlock_acquire(&shared);
    plait_rlock_acquire(&shared);
    crew_add(&crew, wait_for_shared, NULL);
    crew_join(&crew);
    ck_assert_uint_eq(counted(&shared).waits, 1);
    plait_contention_unwatch(&shared);
}

TEST(watching_again_begins_anew_and_unwatching_ends_it) {
    static plait_event event;
    ck_assert_ok(plait_contention_watch(&event));
    ck_assert_status(plait_event_wait_until(&event, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(counted(&event).waits, 1);
    ck_assert_ok(plait_contention_watch(&event));
    ck_assert_uint_eq(counted(&event).waits, 0);
    ck_assert_ok(plait_contention_unwatch(&event));
    ck_assert_ok(plait_contention_unwatch(&event));
    plait_contention seen;
    ck_assert_status(plait_contention_read(&event, &seen), PLAIT_INVALID);
}

TEST(null_is_refused) {
    plait_contention seen;
    ck_assert_status(plait_contention_watch(NULL), PLAIT_INVALID);
    ck_assert_status(plait_contention_unwatch(NULL), PLAIT_INVALID);
    ck_assert_status(plait_contention_read(NULL, &seen), PLAIT_INVALID);
    ck_assert_status(plait_contention_read(&seen, NULL), PLAIT_INVALID);
}

TEST(many_objects_are_told_apart) {
    static plait_event events[300];
    for (int i = 0; i < 300; i++) ck_assert_ok(plait_contention_watch(&events[i]));
    ck_assert_status(plait_event_wait_until(&events[77], plait_after(0.001)), PLAIT_TIMEOUT);
    for (int i = 0; i < 300; i++) ck_assert_uint_eq(counted(&events[i]).waits, i == 77);
    for (int i = 299; i >= 0; i--) ck_assert_ok(plait_contention_unwatch(&events[i]));
}

static plait_status watch_and_unwatch(void) {
    static plait_lock lock;
    plait_status status = plait_contention_watch(&lock);
    plait_contention_unwatch(&lock);
    return status;
}

TEST(it_survives_lack_of_memory) {
    fault_every(watch_and_unwatch);
}

/* Waits are counted for what is watched, and for nothing else. */
#include "crew.h"
#include "support/asleep.h"
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

/* ---- waits ---- */

enum { WAIT_US = 2000 };

struct kind {
    void *object;
    void *(*take)(void *);        /* waits, and leaves the object as it was before it was held */
    plait_status (*hold)(void *); /* so that one has to wait */
    plait_status (*let_go)(void *);
};

/* Another thread sleeps for it until it is let go: with a deadline it might be too late to wait at all. */
static void wait_for(const struct kind *kind) {
    struct crew crew = {.count = 0};
    ck_assert_ok(kind->hold(kind->object));
    crew_add(&crew, kind->take, kind->object);
    wait_until_asleep(1);
    ck_assert_ok(plait_sleep(WAIT_US * 1e-6));
    ck_assert_ok(kind->let_go(kind->object));
    crew_join(&crew);
}

static plait_status hold_lock(void *lock) {
    return plait_lock_acquire(lock);
}

static plait_status let_lock_go(void *lock) {
    return plait_lock_release(lock);
}

static void *take_lock(void *lock) {
    must(plait_lock_acquire(lock) == PLAIT_OK && plait_lock_release(lock) == PLAIT_OK);
    return NULL;
}

static plait_status hold_rlock(void *lock) {
    plait_status status = plait_rlock_acquire(lock);
    return status ? status : plait_rlock_acquire(lock);
}

static plait_status let_rlock_go(void *lock) {
    plait_status status = plait_rlock_release(lock);
    return status ? status : plait_rlock_release(lock);
}

static void *take_rlock(void *lock) {
    must(plait_rlock_acquire(lock) == PLAIT_OK && plait_rlock_release(lock) == PLAIT_OK);
    return NULL;
}

static plait_status hold_rwlock(void *lock) {
    return plait_rwlock_read_acquire(lock);
}

static plait_status let_rwlock_go(void *lock) {
    return plait_rwlock_read_release(lock);
}

static void *take_rwlock(void *lock) {
    must(plait_rwlock_write_acquire(lock) == PLAIT_OK && plait_rwlock_write_release(lock) == PLAIT_OK);
    return NULL;
}

static plait_status is_empty(void *semaphore) {
    return plait_semaphore_value(semaphore) ? PLAIT_FAILED : PLAIT_OK;
}

static plait_status fill(void *semaphore) {
    return plait_semaphore_release(semaphore, 1);
}

static void *take_permit(void *semaphore) {
    must(plait_semaphore_acquire(semaphore) == PLAIT_OK);
    return NULL;
}

static plait_status clear(void *event) {
    return plait_event_clear(event);
}

static plait_status set(void *event) {
    return plait_event_set(event);
}

static void *await(void *event) {
    must(plait_event_wait(event) == PLAIT_OK);
    return NULL;
}

TEST(each_kind_of_object_counts_its_waits) {
    static plait_lock lock;
    static plait_rlock rlock;
    static plait_rwlock rwlock;
    static plait_semaphore semaphore;
    static plait_event event, unused;
    const struct kind kinds[] = {
        {&lock, take_lock, hold_lock, let_lock_go},
        {&rlock, take_rlock, hold_rlock, let_rlock_go},
        {&rwlock, take_rwlock, hold_rwlock, let_rwlock_go},
        {&semaphore, take_permit, is_empty, fill},
        {&event, await, clear, set},
    };
    for (int k = 0; k < 5; k++) ck_assert_ok(plait_contention_watch(kinds[k].object));
    ck_assert_ok(plait_contention_watch(&unused));
    for (unsigned i = 1; i <= 2; i++)
        for (int k = 0; k < 5; k++) {
            wait_for(&kinds[k]);
            for (int other = 0; other < 5; other++)
                ck_assert_uint_eq(counted(kinds[other].object).waits, other <= k ? i : i - 1);
        }
    for (int k = 0; k < 5; k++) {
        plait_contention seen = counted(kinds[k].object);
        ck_assert_double_ge(seen.waited, 2 * WAIT_US * 1e-6 - 1e-6);
        ck_assert_double_ge(seen.waited, seen.longest);
        ck_assert_ok(plait_contention_unwatch(kinds[k].object));
    }
    ck_assert_uint_eq(counted(&unused).waits, 0);
    ck_assert_ok(plait_contention_unwatch(&unused));
}

TEST(an_rlock_that_its_owner_takes_again_is_not_counted) {
    static plait_rlock rlock;
    ck_assert_ok(plait_contention_watch(&rlock));
    ck_assert_ok(hold_rlock(&rlock));
    ck_assert_uint_eq(counted(&rlock).waits, 0);
    ck_assert_ok(let_rlock_go(&rlock));
    ck_assert_ok(plait_contention_unwatch(&rlock));
}

TEST(watching_again_begins_anew_and_unwatching_ends_it) {
    static plait_event event;
    ck_assert_ok(plait_contention_watch(&event));
    wait_for(&(struct kind){&event, await, clear, set});
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
    wait_for(&(struct kind){&events[77], await, clear, set});
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

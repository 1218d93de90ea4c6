/* No release, set or finish touches its object after the store that lets another thread go on. */
#include "last_touch.h"

#include <plait/barrier.h>
#include <plait/event.h>
#include <plait/lock.h>
#include <plait/once.h>
#include <plait/rlock.h>
#include <plait/rwlock.h>
#include <plait/semaphore.h>

static void nothing(void *object) {
    (void)object;
}

static void take_lock(void *object) {
    must(plait_lock_acquire(object) == PLAIT_OK);
}
static void release_lock(void *object) {
    must(plait_lock_release(object) == PLAIT_OK);
}
TEST(a_lock_may_be_freed_by_the_next_holder) {
    last_touch_check(take_lock, take_lock, release_lock);
}

static void take_rlock(void *object) {
    must(plait_rlock_acquire(object) == PLAIT_OK);
}
static void release_rlock(void *object) {
    must(plait_rlock_release(object) == PLAIT_OK);
}
TEST(an_rlock_may_be_freed_by_the_next_holder) {
    last_touch_check(take_rlock, take_rlock, release_rlock);
}

static void read_rwlock(void *object) {
    must(plait_rwlock_read_acquire(object) == PLAIT_OK);
}
static void write_rwlock(void *object) {
    must(plait_rwlock_write_acquire(object) == PLAIT_OK);
}
static void stop_reading(void *object) {
    must(plait_rwlock_read_release(object) == PLAIT_OK);
}
static void stop_writing(void *object) {
    must(plait_rwlock_write_release(object) == PLAIT_OK);
}
TEST(an_rwlock_may_be_freed_by_the_writer_after_a_reader) {
    last_touch_check(read_rwlock, write_rwlock, stop_reading);
}
TEST(an_rwlock_may_be_freed_by_the_reader_after_a_writer) {
    last_touch_check(write_rwlock, read_rwlock, stop_writing);
}
TEST(an_rwlock_may_be_freed_by_the_writer_after_a_writer) {
    last_touch_check(write_rwlock, write_rwlock, stop_writing);
}

static void take_permit(void *object) {
    must(plait_semaphore_acquire(object) == PLAIT_OK);
}
static void release_permit(void *object) {
    must(plait_semaphore_release(object, 1) == PLAIT_OK);
}
static void release_permits(void *object) {
    must(plait_semaphore_release(object, 3) == PLAIT_OK);
}
TEST(a_semaphore_may_be_freed_by_who_gets_a_permit) {
    last_touch_check(nothing, take_permit, release_permit);
}
TEST(a_semaphore_may_be_freed_while_permits_are_left) {
    last_touch_check(nothing, take_permit, release_permits);
}

static void wait_for_event(void *object) {
    must(plait_event_wait(object) == PLAIT_OK);
}
static void set_event(void *object) {
    must(plait_event_set(object) == PLAIT_OK);
}
TEST(an_event_may_be_freed_by_who_waited_for_it) {
    last_touch_check(nothing, wait_for_event, set_event);
}

/* The opener runs the function, in let_go, and lets the closer come meanwhile. */
static void do_something(void *unused) {
    (void)unused;
    for (int i = 0; i < 5; i++) sched_yield();
}
static void run_once(void *object) {
    must(plait_once_run(object, do_something, NULL) == PLAIT_OK);
}
static void wait_until_begun(void *object) {
    while (__atomic_load_n((uint32_t *)object, __ATOMIC_RELAXED) == 0) sched_yield();
    run_once(object);
}
TEST(a_once_may_be_freed_by_who_waited_for_it) {
    last_touch_check(nothing, wait_until_begun, run_once);
}

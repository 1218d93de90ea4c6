/* Semaphores between processes, as multiprocessing's tests of Semaphore and BoundedSemaphore have them. */
#include "others.h"
#include "support/asleep.h"

#include <shared/halves.h>

#include <limits.h>
#include <pthread.h>

struct book {
    plait_process_semaphore permits;
    plait_process_bounded_semaphore bounded;
    uint32_t stage, taken;
};

static void await_waiting(plait_process_semaphore *semaphore, uint32_t count) {
    while (plait__high(plait__load(&semaphore->state)) < count) sched_yield();
}

TEST(a_zeroed_one_has_no_permits) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_int_eq(plait_process_semaphore_value(&book->permits), 0);
    ck_assert_status(plait_process_semaphore_acquire_nowait(&book->permits), PLAIT_BUSY);
    ck_assert_status(plait_process_semaphore_acquire_until(&book->permits, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_process_semaphore_acquire_until(&book->permits, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_status(plait_process_bounded_semaphore_release(&book->bounded, 1), PLAIT_OVERFLOW);
}

TEST(permits_are_taken_one_by_one) {
    plait_process_semaphore three = PLAIT_PROCESS_SEMAPHORE_INIT(3);
    ck_assert_ok(plait_process_semaphore_acquire(&three));
    ck_assert_ok(plait_process_semaphore_acquire_until(&three, PLAIT_NOW));
    ck_assert_ok(plait_process_semaphore_acquire_nowait(&three));
    ck_assert_status(plait_process_semaphore_acquire_nowait(&three), PLAIT_BUSY);
    ck_assert_ok(plait_process_semaphore_release(&three, 1));
    ck_assert_ok(plait_process_semaphore_release(&three, 6));
    ck_assert_int_eq(plait_process_semaphore_value(&three), 7);
}

TEST(what_makes_no_sense_is_refused) {
    struct book *book = kill_memory(sizeof *book);
    void *crooked = (char *)book + 4;
    ck_assert_status(plait_process_semaphore_init(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_init(crooked, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_init(&book->permits, -1), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_init(&book->permits, LONG_MAX), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_release(&book->permits, 0), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_release(&book->permits, LONG_MIN), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_release(&book->permits, LONG_MAX), PLAIT_OVERFLOW);
    ck_assert_status(plait_process_semaphore_release(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_acquire(crooked), PLAIT_INVALID);
    ck_assert_status(plait_process_semaphore_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_init(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_init(&book->bounded, -1), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_acquire_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_bounded_semaphore_release(NULL, 1), PLAIT_INVALID);
    ck_assert_int_eq(plait_process_semaphore_value(NULL), 0);
    ck_assert_int_eq(plait_process_bounded_semaphore_value(NULL), 0);
}

TEST(more_than_it_can_hold_is_refused_and_changes_nothing) {
    plait_process_semaphore full;
    ck_assert_ok(plait_process_semaphore_init(&full, PLAIT_SEMAPHORE_MAX));
    ck_assert_status(plait_process_semaphore_release(&full, 1), PLAIT_OVERFLOW);
    ck_assert_int_eq(plait_process_semaphore_value(&full), PLAIT_SEMAPHORE_MAX);
    ck_assert_ok(plait_process_semaphore_acquire(&full));
    ck_assert_ok(plait_process_semaphore_release(&full, 1));
}

TEST(a_bounded_one_notices_a_release_too_many) {
    plait_process_bounded_semaphore two = PLAIT_PROCESS_BOUNDED_SEMAPHORE_INIT(2);
    ck_assert_status(plait_process_bounded_semaphore_release(&two, 1), PLAIT_OVERFLOW);
    ck_assert_ok(plait_process_bounded_semaphore_acquire(&two));
    ck_assert_ok(plait_process_bounded_semaphore_acquire_until(&two, PLAIT_NOW));
    ck_assert_status(plait_process_bounded_semaphore_acquire_nowait(&two), PLAIT_BUSY);
    ck_assert_status(plait_process_bounded_semaphore_release(&two, 3), PLAIT_OVERFLOW);
    ck_assert_ok(plait_process_bounded_semaphore_release(&two, 2));
    ck_assert_int_eq(plait_process_bounded_semaphore_value(&two), 2);
    ck_assert_ok(plait_process_bounded_semaphore_init(&two, 1));
    ck_assert_int_eq(plait_process_bounded_semaphore_value(&two), 1);
}

/* ---- several processes ---- */

static void take_one(void *memory) {
    struct book *book = memory;
    must(plait_process_semaphore_acquire(&book->permits) == PLAIT_OK);
    plait__add(&book->taken, 1);
}

TEST(as_many_go_on_as_permits_come) {
    struct book *book = kill_memory(sizeof *book);
    enum { OTHERS = 5 };
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(take_one, book);
    await_waiting(&book->permits, OTHERS);
    ck_assert_ok(plait_process_semaphore_release(&book->permits, 2));
    await(&book->taken, 2);
    ck_assert_ok(plait_process_semaphore_release(&book->permits, 3));
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 30);
    ck_assert_uint_eq(book->taken, OTHERS);
    ck_assert_uint_eq(book->permits.state, 0); /* nobody is counted any more */
}

/* What a killed one leaves is a count, and neither a permit nor a hold. */
TEST(one_that_is_killed_waiting_is_in_nobodys_way) {
    struct book *book = kill_memory(sizeof *book);
    for (uint32_t i = 0; i < 20; i++) {
        pid_t victim = kill_start(take_one, book);
        await_waiting(&book->permits, i + 1);
        kill_now(victim);
        ck_assert_ok(plait_process_semaphore_release(&book->permits, 2));
        ck_assert_ok(plait_process_semaphore_acquire(&book->permits));
        ck_assert_ok(plait_process_semaphore_acquire(&book->permits));
        ck_assert_status(plait_process_semaphore_acquire_nowait(&book->permits), PLAIT_BUSY);
    }
    ck_assert_uint_eq(book->taken, 0);
}

static void take_at_other_address(void *memory) {
    struct book **books = memory;
    must(plait_process_semaphore_acquire(&books[1]->permits) == PLAIT_OK);
}

TEST(it_has_no_address_of_its_own) {
    struct book *books[2];
    map_twice((void **)books, sizeof *books[0]);
    pid_t other = kill_start(take_at_other_address, books);
    await_waiting(&books[0]->permits, 1);
    ck_assert_ok(plait_process_semaphore_release(&books[0]->permits, 1));
    kill_join(other, 30);
}

static void *take_cancellably(void *arg) {
    return plait_process_semaphore_acquire(arg) == PLAIT_CANCELLED ? arg : NULL;
}

TEST(a_wait_can_be_cancelled) {
    struct book *book = kill_memory(sizeof *book);
    pthread_t thread;
    void *cancelled;
    pthread_create(&thread, NULL, take_cancellably, &book->permits);
    wait_until_asleep_in("process semaphore", 1);
    ck_assert_ok(plait_cancel(plait_token_root()));
    pthread_join(thread, &cancelled);
    ck_assert_ptr_nonnull(cancelled);
    ck_assert_uint_eq(book->permits.state, 0);
}

/* ---- conservation ---- */

enum { ROUNDS = 5000, CROWD = 4 };

static void take_and_give(void *memory) {
    struct book *book = memory;
    for (int i = 0; i < ROUNDS; i++) {
        if (plait_process_bounded_semaphore_acquire_until(&book->bounded, plait_after(i % 3 ? 100 : 1e-5)) !=
            PLAIT_OK)
            continue;
        must(plait__add(&book->taken, 1) < 2);
        plait__sub(&book->taken, 1);
        must(plait_process_bounded_semaphore_release(&book->bounded, 1) == PLAIT_OK);
    }
}

TEST(permits_are_neither_lost_nor_made) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_ok(plait_process_bounded_semaphore_init(&book->bounded, 2));
    pid_t others[CROWD];
    for (int i = 0; i < CROWD; i++) others[i] = kill_start(take_and_give, book);
    for (int i = 0; i < CROWD; i++) kill_join(others[i], 50);
    ck_assert_uint_eq(book->bounded.permits.state, 2);
}

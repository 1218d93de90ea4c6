/* Locks between processes, as multiprocessing's tests of Lock and RLock have them, and what they say when a holder dies. */
#include "others.h"

#include <pthread.h>

struct book {
    plait_process_lock lock;
    plait_process_rlock rlock;
    uint32_t stage, counter;
};

TEST(a_zeroed_one_is_ready) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert(!plait_process_lock_locked(&book->lock));
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
    ck_assert(plait_process_lock_locked(&book->lock));
    ck_assert(!plait_process_lock_broken(&book->lock));
    ck_assert_int_eq(plait_process_lock_holder(&book->lock), getpid());
    ck_assert_status(plait_process_lock_acquire_nowait(&book->lock), PLAIT_BUSY);
    ck_assert_status(plait_process_lock_acquire(&book->lock), PLAIT_DEADLOCK);
    ck_assert_status(plait_process_lock_acquire_until(&book->lock, PLAIT_NOW), PLAIT_DEADLOCK);
    ck_assert_ok(plait_process_lock_release(&book->lock));
    ck_assert_status(plait_process_lock_release(&book->lock), PLAIT_NOT_OWNER);
    ck_assert_int_eq(plait_process_lock_holder(&book->lock), 0);
    ck_assert_ok(plait_process_lock_acquire_until(&book->lock, PLAIT_NOW));
    ck_assert_ok(plait_process_lock_release(&book->lock));
    plait_process_lock in_one_process = PLAIT_PROCESS_LOCK_INIT;
    ck_assert_ok(plait_process_lock_acquire_nowait(&in_one_process));
    ck_assert_ok(plait_process_lock_release(&in_one_process));
    ck_assert_uint_le(sizeof(plait_process_lock), 64);
}

TEST(what_makes_no_sense_is_refused) {
    struct book *book = kill_memory(sizeof *book);
    void *crooked = (char *)book + 4;
    ck_assert_status(plait_process_lock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_lock_acquire(crooked), PLAIT_INVALID);
    ck_assert_status(plait_process_lock_acquire_until(crooked, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_process_lock_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_lock_release(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_lock_release(crooked), PLAIT_INVALID);
    ck_assert(!plait_process_lock_locked(NULL) && !plait_process_lock_broken(NULL));
    ck_assert_int_eq(plait_process_lock_holder(crooked), 0);
    ck_assert_status(plait_process_rlock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_rlock_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_rlock_release(NULL), PLAIT_INVALID);
    ck_assert(!plait_process_rlock_owned(NULL) && !plait_process_rlock_locked(NULL));
    ck_assert(!plait_process_rlock_broken(NULL));
    ck_assert_int_eq(plait_process_rlock_holder(NULL), 0);
}

TEST(an_rlock_is_taken_again_and_released_as_often) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert(!plait_process_rlock_owned(&book->rlock));
    ck_assert_ok(plait_process_rlock_acquire(&book->rlock));
    ck_assert_ok(plait_process_rlock_acquire_nowait(&book->rlock));
    ck_assert_ok(plait_process_rlock_acquire_until(&book->rlock, PLAIT_NOW));
    for (int i = 0; i < 3; i++) {
        ck_assert(plait_process_rlock_owned(&book->rlock) && plait_process_rlock_locked(&book->rlock));
        ck_assert_int_eq(plait_process_rlock_holder(&book->rlock), getpid());
        ck_assert_ok(plait_process_rlock_release(&book->rlock));
    }
    ck_assert(!plait_process_rlock_owned(&book->rlock) && !plait_process_rlock_locked(&book->rlock));
    ck_assert_status(plait_process_rlock_release(&book->rlock), PLAIT_NOT_OWNER);
    book->rlock.lock.again = UINT32_MAX;
    ck_assert_ok(plait_process_rlock_acquire(&book->rlock)); /* counts anew */
    book->rlock.lock.again = UINT32_MAX;
    ck_assert_status(plait_process_rlock_acquire(&book->rlock), PLAIT_OVERFLOW);
}

/* ---- two processes ---- */

static void find_it_held(void *memory) {
    struct book *book = memory;
    must(plait_process_lock_acquire_nowait(&book->lock) == PLAIT_BUSY);
    must(plait_process_rlock_acquire_nowait(&book->rlock) == PLAIT_BUSY);
    double begun = plait_monotonic();
    must(plait_process_lock_acquire_until(&book->lock, plait_after(0.02)) == PLAIT_TIMEOUT);
    must(plait_process_rlock_acquire_until(&book->rlock, plait_after(0.02)) == PLAIT_TIMEOUT);
    must(plait_monotonic() - begun >= 0.04);
    must(plait_process_lock_release(&book->lock) == PLAIT_NOT_OWNER);
    must(plait_process_rlock_release(&book->rlock) == PLAIT_NOT_OWNER);
    must(!plait_process_rlock_owned(&book->rlock) && plait_process_rlock_locked(&book->rlock));
    must(plait_process_lock_holder(&book->lock) == getppid());
    plait__store_release(&book->stage, 1);
    must(plait_process_lock_acquire(&book->lock) == PLAIT_OK);
    must(plait_process_lock_holder(&book->lock) == getpid());
    must(plait_process_lock_release(&book->lock) == PLAIT_OK);
}

/* The child of a fork holds nothing that its parent holds. */
TEST(another_process_waits) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
    ck_assert_ok(plait_process_rlock_acquire(&book->rlock));
    pid_t other = kill_start(find_it_held, book);
    await(&book->stage, 1);
    ck_assert_ok(plait_process_lock_release(&book->lock));
    kill_join(other, 30);
    ck_assert_ok(plait_process_rlock_release(&book->rlock));
}

static void die_holding(void *memory) {
    struct book *book = memory;
    must(plait_process_lock_acquire(&book->lock) != PLAIT_TIMEOUT);
    must(plait_process_rlock_acquire(&book->rlock) != PLAIT_TIMEOUT);
    must(plait_process_rlock_acquire(&book->rlock) == PLAIT_OK);
    plait__store_release(&book->stage, 1);
    for (;;) pause();
}

static void kill_a_holder(struct book *book) {
    plait__store(&book->stage, 0);
    pid_t holder = kill_start(die_holding, book);
    await(&book->stage, 1);
    kill_now(holder);
}

TEST(the_next_is_told_once_that_the_holder_died) {
    struct book *book = kill_memory(sizeof *book);
    kill_a_holder(book);
    ck_assert(plait_process_lock_locked(&book->lock));
    ck_assert_status(plait_process_lock_acquire_nowait(&book->lock), PLAIT_BROKEN);
    ck_assert(plait_process_lock_broken(&book->lock));
    ck_assert_status(plait_process_lock_acquire_nowait(&book->lock), PLAIT_BUSY);
    ck_assert_ok(plait_process_lock_release(&book->lock));
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
    ck_assert(!plait_process_lock_broken(&book->lock));
    ck_assert_ok(plait_process_lock_release(&book->lock));
    ck_assert_status(plait_process_rlock_acquire(&book->rlock), PLAIT_BROKEN);
    ck_assert(plait_process_rlock_broken(&book->rlock));
    ck_assert_ok(plait_process_rlock_acquire(&book->rlock)); /* told already */
    ck_assert_ok(plait_process_rlock_release(&book->rlock));
    ck_assert_ok(plait_process_rlock_release(&book->rlock));
    ck_assert(!plait_process_rlock_locked(&book->rlock)); /* whatever the dead one had counted */
    ck_assert_ok(plait_process_rlock_acquire_nowait(&book->rlock));
}

TEST(who_was_told_and_dies_leaves_it_to_the_next) {
    struct book *book = kill_memory(sizeof *book);
    kill_a_holder(book);
    kill_a_holder(book);
    ck_assert_status(plait_process_lock_acquire_until(&book->lock, PLAIT_NOW), PLAIT_BROKEN);
    ck_assert_ok(plait_process_lock_release(&book->lock));
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
}

TEST(a_scope_learns_of_it_too) {
    struct book *book = kill_memory(sizeof *book);
    kill_a_holder(book);
    {
        plait_hold(&book->lock);
        plait_hold(&book->rlock);
        ck_assert(plait_process_lock_broken(&book->lock) && plait_process_rlock_broken(&book->rlock));
    }
    {
        plait_hold(&book->lock);
        plait_hold(&book->rlock);
        plait_hold(&book->rlock);
        ck_assert(!plait_process_lock_broken(&book->lock) && !plait_process_rlock_broken(&book->rlock));
    }
    ck_assert(!plait_process_lock_locked(&book->lock) && !plait_process_rlock_locked(&book->rlock));
}

static void wait_and_be_told(void *memory) {
    struct book *book = memory;
    plait__store_release(&book->counter, 1);
    must(plait_process_lock_acquire(&book->lock) == PLAIT_BROKEN);
    must(plait_process_lock_release(&book->lock) == PLAIT_OK);
}

TEST(who_waits_gets_it_when_the_holder_is_killed) {
    struct book *book = kill_memory(sizeof *book);
    for (int i = 0; i < 20; i++) {
        plait__store(&book->stage, 0);
        plait__store(&book->counter, 0);
        pid_t holder = kill_start(die_holding, book);
        await(&book->stage, 1);
        pid_t waiting = kill_start(wait_and_be_told, book);
        await(&book->counter, 1);
        kill_now(holder);
        kill_join(waiting, 30);
        ck_assert_status(plait_process_rlock_acquire(&book->rlock), PLAIT_BROKEN);
        ck_assert_ok(plait_process_rlock_release(&book->rlock));
    }
}

static void *end_holding(void *arg) {
    return plait_process_lock_acquire(arg) == PLAIT_OK ? arg : NULL;
}

TEST(a_thread_that_ends_with_it_has_died_with_it) {
    struct book *book = kill_memory(sizeof *book);
    pthread_t thread;
    void *taken;
    pthread_create(&thread, NULL, end_holding, &book->lock);
    pthread_join(thread, &taken);
    ck_assert_ptr_nonnull(taken);
    ck_assert_status(plait_process_lock_acquire(&book->lock), PLAIT_BROKEN);
    ck_assert_ok(plait_process_lock_release(&book->lock));
}

/* As if the kernel had given this thread the id of one who died with the lock. */
TEST(who_has_a_dead_holders_id_does_not_own_its_lock) {
    struct book *book = kill_memory(sizeof *book);
    kill_a_holder(book);
    plait__store(&book->lock.holder, (uint32_t)getpid());
    plait__store(&book->rlock.lock.holder, (uint32_t)getpid());
    ck_assert(!plait_process_rlock_owned(&book->rlock));
    ck_assert_status(plait_process_rlock_acquire(&book->rlock), PLAIT_BROKEN); /* still told */
    ck_assert_ok(plait_process_rlock_release(&book->rlock));
#if !defined(__SANITIZE_THREAD__) /* which would tell of it */
    ck_assert_status(plait_process_lock_release(&book->lock), PLAIT_NOT_OWNER);
#endif
    ck_assert_status(plait_process_lock_acquire(&book->lock), PLAIT_BROKEN);
}

/* ---- places ---- */

static void take_at_other_address(void *memory) {
    struct book **books = memory;
    must(plait_process_lock_acquire_nowait(&books[1]->lock) == PLAIT_BUSY);
    plait__store_release(&books[1]->stage, 1);
    must(plait_process_lock_acquire(&books[1]->lock) == PLAIT_OK);
    plait__store_release(&books[1]->counter, 1);
    for (;;) pause();
}

TEST(it_has_no_address_of_its_own) {
    struct book *books[2];
    map_twice((void **)books, sizeof *books[0]);
    ck_assert_ok(plait_process_lock_acquire(&books[0]->lock));
    pid_t other = kill_start(take_at_other_address, books);
    await(&books[0]->stage, 1);
    ck_assert_ok(plait_process_lock_release(&books[0]->lock));
    await(&books[0]->counter, 1);
    kill_now(other);
    ck_assert_status(plait_process_lock_acquire(&books[0]->lock), PLAIT_BROKEN);
    ck_assert_ok(plait_process_lock_release(&books[0]->lock));
}

/* ---- counting ---- */

enum { ROUNDS = 20000, OTHERS = 3, BOOKS = 500 };

static void count(void *memory) {
    struct book *book = memory;
    for (int i = 0; i < ROUNDS; i++) {
        plait_hold(&book->lock);
        plait_hold(&book->rlock);
        plait_hold(&book->rlock);
        plait__store(&book->counter, plait__load(&book->counter) + 1);
    }
}

TEST(one_process_at_a_time) {
    struct book *book = kill_memory(sizeof *book);
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(count, book);
    count(book);
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 50);
    ck_assert_uint_eq(book->counter, (OTHERS + 1) * ROUNDS);
}

/* Many make it at the same time. */
static void take_first(void *memory) {
    struct book *books = memory;
    for (uint32_t i = 0; i < BOOKS; i++) {
        await(&books[0].stage, i + 1);
        {
            plait_hold(&books[i].lock);
            books[i].counter++;
        }
        plait__add(&books[1].stage, 1);
    }
}

TEST(whoever_comes_first_makes_it) {
    struct book *books = kill_memory(BOOKS * sizeof *books);
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(take_first, books);
    for (uint32_t i = 0; i < BOOKS; i++) {
        plait__store_release(&books[0].stage, i + 1);
        await(&books[1].stage, (i + 1) * OTHERS);
        ck_assert_uint_eq(books[i].counter, OTHERS);
    }
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 50);
}

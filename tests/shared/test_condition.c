/* Conditions between processes, as multiprocessing's tests have them, and what dying waiters and notifiers leave. */
#include "others.h"
#include "support/asleep.h"

#include <shared/halves.h>

#include <pthread.h>
#include <signal.h>

struct book {
    plait_process_lock lock;
    plait_process_rlock rlock;
    plait_process_condition changed;
    uint32_t stock, stage, woken;
};

static void await_waiting(struct book *book, uint32_t count) {
    while (plait__high(plait__load(&book->changed.state)) < count) sched_yield();
    plait_hold(&book->lock); /* the last one gives it up when it waits */
}

static bool in_stock(void *memory) {
    return ((struct book *)memory)->stock > 0;
}

static bool never(void *unused) {
    (void)unused;
    return false;
}

TEST(a_zeroed_one_is_ready) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_ok(plait_process_condition_notify(&book->changed, 1));
    ck_assert_ok(plait_process_condition_notify_all(&book->changed));
    plait_hold(&book->lock);
    plait_deadline soon = plait_after(0.01);
    ck_assert_status(plait_process_condition_wait_until(&book->changed, &book->lock, soon), PLAIT_TIMEOUT);
    ck_assert_status(plait_process_condition_wait_for_until(&book->changed, &book->lock, never, NULL, soon),
                     PLAIT_TIMEOUT);
    book->stock = 1;
    ck_assert_ok(
        plait_process_condition_wait_for_until(&book->changed, &book->lock, in_stock, book, PLAIT_NOW));
    ck_assert_ok(plait_process_condition_wait_for(&book->changed, &book->lock, in_stock, book));
    ck_assert(plait_process_lock_locked(&book->lock));
    ck_assert_uint_eq(plait__high(book->changed.state), 0);
}

TEST(what_makes_no_sense_is_refused) {
    struct book *book = kill_memory(sizeof *book);
    plait_process_condition *changed = &book->changed;
    void *crooked = (char *)changed + 4;
    ck_assert_status(plait_process_condition_wait(changed, &book->lock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_process_condition_wait_for(changed, &book->lock, never, NULL), PLAIT_NOT_OWNER);
    ck_assert_status(plait_process_condition_wait_rlock(changed, &book->rlock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_process_condition_wait(NULL, &book->lock), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_wait(crooked, &book->lock), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_wait(changed, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_wait_rlock(changed, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_wait_for(changed, &book->lock, NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_notify(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_notify(changed, -1), PLAIT_INVALID);
    ck_assert_status(plait_process_condition_notify_all(crooked), PLAIT_INVALID);
    ck_assert_ok(plait_process_condition_notify(changed, 0));
}

TEST(an_rlock_is_given_up_completely_and_taken_as_often) {
    struct book *book = kill_memory(sizeof *book);
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_process_rlock_acquire(&book->rlock));
    plait_deadline soon = plait_after(0.01);
    ck_assert_status(plait_process_condition_wait_until_rlock(&book->changed, &book->rlock, soon),
                     PLAIT_TIMEOUT);
    ck_assert_status(
        plait_process_condition_wait_for_until_rlock(&book->changed, &book->rlock, never, NULL, soon),
        PLAIT_TIMEOUT);
    book->stock = 1;
    ck_assert_ok(plait_process_condition_wait_for_rlock(&book->changed, &book->rlock, in_stock, book));
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_process_rlock_release(&book->rlock));
    ck_assert(!plait_process_rlock_locked(&book->rlock));
}

/* ---- notifying ---- */

static void wait_once(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    must(plait_process_condition_wait(&book->changed, &book->lock) == PLAIT_OK);
    plait__add(&book->woken, 1);
}

static void take_one(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    must(plait_process_condition_wait_for(&book->changed, &book->lock, in_stock, book) == PLAIT_OK);
    book->stock--;
    plait__add(&book->woken, 1);
}

static void put(struct book *book, uint32_t n) {
    plait_hold(&book->lock);
    book->stock += n;
    ck_assert_ok(plait_process_condition_notify(&book->changed, n));
}

TEST(notify_lets_at_least_one_go_on_and_notify_all_all) {
    struct book *book = kill_memory(sizeof *book);
    enum { OTHERS = 4 };
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(wait_once, book);
    await_waiting(book, OTHERS);
    ck_assert_uint_eq(plait__load(&book->woken), 0);
    ck_assert_ok(plait_process_condition_notify(&book->changed, 1));
    await(&book->woken, 1);
    ck_assert_ok(plait_process_condition_notify_all(&book->changed));
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 30);
    ck_assert_uint_eq(plait__high(book->changed.state), 0);
}

TEST(as_many_take_as_there_is) {
    struct book *book = kill_memory(sizeof *book);
    enum { OTHERS = 5 };
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(take_one, book);
    await_waiting(book, OTHERS);
    put(book, 2);
    await(&book->woken, 2);
    put(book, 3);
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 30);
    ck_assert_uint_eq(book->stock, 0);
}

static void *wait_cancellably(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    plait_status status = plait_process_condition_wait(&book->changed, &book->lock);
    return status == PLAIT_CANCELLED && plait_process_lock_locked(&book->lock) ? book : NULL;
}

TEST(a_wait_can_be_cancelled) {
    struct book *book = kill_memory(sizeof *book);
    pthread_t thread;
    void *cancelled;
    pthread_create(&thread, NULL, wait_cancellably, book);
    wait_until_asleep_in("process condition", 1);
    ck_assert_ok(plait_cancel(plait_token_root()));
    pthread_join(thread, &cancelled);
    ck_assert_ptr_nonnull(cancelled);
    ck_assert(!plait_process_lock_locked(&book->lock));
}

static void take_at_other_address(void *memory) {
    struct book **books = memory;
    take_one(books[1]);
}

TEST(it_has_no_address_of_its_own) {
    struct book *books[2];
    map_twice((void **)books, sizeof *books[0]);
    pid_t other = kill_start(take_at_other_address, books);
    await_waiting(books[0], 1);
    put(books[0], 1);
    kill_join(other, 30);
}

enum { ROUNDS = 3000 };

static void take_many(void *memory) {
    for (int i = 0; i < ROUNDS; i++) take_one(memory);
}

TEST(nothing_is_lost_between_many) {
    struct book *book = kill_memory(sizeof *book);
    enum { OTHERS = 3 };
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(take_many, book);
    for (int i = 0; i < OTHERS * ROUNDS; i++) put(book, 1);
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 50);
    ck_assert_uint_eq(book->stock, 0);
}

/* ---- deaths ---- */

TEST(a_notification_that_a_dead_one_took_along_is_found) {
    struct book *book = kill_memory(sizeof *book);
    for (int i = 0; i < 5; i++) {
        uint32_t counted = plait__high(plait__load(&book->changed.state));
        pid_t victim = kill_start(take_one, book);
        await_waiting(book, counted + 1);
        pid_t survivor = kill_start(take_one, book);
        await_waiting(book, counted + 2);
        kill(victim, SIGSTOP); /* it is first in line: it is woken, and gets no further */
        put(book, 1);
        kill_now(victim);
        kill_join(survivor, 30);
    }
}

static void die_holding(void *memory) {
    struct book *book = memory;
    must(plait_process_lock_acquire(&book->lock) == PLAIT_OK);
    book->stock = 1;
    plait__store_release(&book->stage, 1);
    for (;;) pause();
}

static void *wait_and_be_told(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    plait_status status = plait_process_condition_wait(&book->changed, &book->lock);
    return status == PLAIT_BROKEN && plait_process_lock_broken(&book->lock) ? book : NULL;
}

TEST(who_waits_hears_that_the_locks_holder_died) {
    struct book *book = kill_memory(sizeof *book);
    pthread_t thread;
    void *told;
    pthread_create(&thread, NULL, wait_and_be_told, book);
    wait_until_asleep_in("process condition", 1);
    pid_t holder = kill_start(die_holding, book);
    await(&book->stage, 1);
    kill_now(holder);
    pthread_join(thread, &told);
    ck_assert_ptr_nonnull(told);
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
}

/* Nobody will notify for it. */
static void change_and_die(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    book->stock++;
}

TEST(what_changed_without_a_notification_is_found_by_wait_for) {
    struct book *book = kill_memory(sizeof *book);
    pid_t other = kill_start(take_one, book);
    await_waiting(book, 1);
    kill_join(kill_start(change_and_die, book), 30);
    kill_join(other, 30);
}

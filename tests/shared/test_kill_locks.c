/* Locks, conditions, semaphores, events and barriers whose users are killed at every instruction: whoever survives finds
 * nothing half-changed, is told what he must be told, and goes on. */
#include "others.h"

#include <shared/halves.h>

enum { ASLEEP_MS = 20, PERMITS = 3 };

struct book {
    plait_process_lock lock;
    plait_process_rlock rlock;
    plait_process_condition changed;
    plait_process_semaphore permits;
    plait_process_bounded_semaphore bounded;
    plait_process_event event;
    plait_process_barrier barrier;
    uint32_t left, right, stock, stage;
    pid_t survivor;
};

/* What a thread does the first time only is done before it counts. */
static void warm_up(void) {
    static struct book other;
    must(plait_process_lock_acquire(&other.lock) == PLAIT_OK);
    must(plait_process_condition_wait_until(&other.changed, &other.lock, plait_after(1e-5)) == PLAIT_TIMEOUT);
    must(plait_process_lock_release(&other.lock) == PLAIT_OK);
    must(plait_process_rlock_acquire(&other.rlock) == PLAIT_OK &&
         plait_process_rlock_release(&other.rlock) == PLAIT_OK);
    must(plait_process_semaphore_release(&other.permits, 1) == PLAIT_OK);
    must(plait_process_event_set(&other.event) == PLAIT_OK);
}

/* A survivor that was there before the victim. */
static void start_survivor(struct book *book, void (*body)(void *memory)) {
    book->survivor = kill_start(body, book);
}

static void at_every(int every, void (*prepare)(void *), void (*victim)(void *),
                     const char *(*check)(void *)) {
    struct kill_scenario scenario = {sizeof(struct book), prepare, victim, check, ASLEEP_MS};
    kill_nothing_left_begin();
    kill_at_each_nth_instruction(&scenario, every);
    kill_nothing_left(NULL);
}

static void at_every_instruction(void (*prepare)(void *), void (*victim)(void *),
                                 const char *(*check)(void *)) {
    at_every(1, prepare, victim, check);
}

/* Where a survivor is to find by itself what nobody told it, which takes its time. */
static void at_some_instructions(void (*prepare)(void *), void (*victim)(void *),
                                 const char *(*check)(void *)) {
    at_every(5, prepare, victim, check);
}

/* ---- locks ---- */

static void change(struct book *book) {
    plait__store(&book->left, plait__load(&book->left) + 1);
    plait__store(&book->right, plait__load(&book->right) + 1);
}

static void change_locked(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_lock_acquire(&book->lock);
    change(book);
    (void)plait_process_lock_release(&book->lock);
    kill_to_here();
}

static const char *same_unless_told(void *memory) {
    struct book *book = memory;
    plait_status status = plait_process_lock_acquire(&book->lock);
    kill_check(status == PLAIT_OK || status == PLAIT_BROKEN);
    kill_check(book->left == book->right || status == PLAIT_BROKEN);
    kill_check(!kill_finished() || (status == PLAIT_OK && book->left == 1));
    kill_check(plait_process_lock_holder(&book->lock) == getpid());
    kill_check(plait_process_lock_broken(&book->lock) == (status == PLAIT_BROKEN));
    kill_check(plait_process_lock_release(&book->lock) == PLAIT_OK);
    kill_check(plait_process_lock_acquire_nowait(&book->lock) == PLAIT_OK);
    kill_check(plait_process_lock_release(&book->lock) == PLAIT_OK);
    return NULL;
}

static void make(void *memory) {
    struct book *book = memory;
    ck_assert_ok(plait_process_lock_acquire(&book->lock));
    ck_assert_ok(plait_process_lock_release(&book->lock));
}

TEST(a_lock_that_is_being_made) {
    at_every_instruction(NULL, change_locked, same_unless_told);
}

TEST(a_lock) {
    at_every_instruction(make, change_locked, same_unless_told);
}

static void hold_and_die(void *memory) {
    struct book *book = memory;
    must(plait_process_lock_acquire(&book->lock) == PLAIT_OK);
    must(plait_process_rlock_acquire(&book->rlock) == PLAIT_OK);
}

static void leave_to_the_victim(void *memory) {
    kill_join(kill_start(hold_and_die, memory), 10);
}

/* The victim dies while it takes over from a dead one: then the next is told. */
static const char *told_unless_it_was(void *memory) {
    struct book *book = memory;
    kill_check(kill_finished() || book->left || plait_process_lock_acquire(&book->lock) == PLAIT_BROKEN);
    if (!kill_finished() && !book->left) kill_check(plait_process_lock_release(&book->lock) == PLAIT_OK);
    return same_unless_told(memory);
}

TEST(a_lock_taken_from_a_dead_one) {
    at_every_instruction(leave_to_the_victim, change_locked, told_unless_it_was);
}

static void change_locked_twice(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_rlock_acquire(&book->rlock);
    (void)!plait_process_rlock_acquire(&book->rlock);
    change(book);
    (void)plait_process_rlock_release(&book->rlock);
    (void)plait_process_rlock_release(&book->rlock);
    kill_to_here();
}

static const char *whole_unless_told(void *memory) {
    struct book *book = memory;
    plait_status status = plait_process_rlock_acquire(&book->rlock);
    kill_check(status == PLAIT_OK || status == PLAIT_BROKEN);
    kill_check(book->left == book->right || status == PLAIT_BROKEN);
    kill_check(!kill_finished() || status == PLAIT_OK);
    kill_check(plait_process_rlock_owned(&book->rlock));
    kill_check(plait_process_rlock_acquire(&book->rlock) == PLAIT_OK);
    kill_check(plait_process_rlock_release(&book->rlock) == PLAIT_OK);
    kill_check(plait_process_rlock_release(&book->rlock) == PLAIT_OK);
    kill_check(!plait_process_rlock_owned(&book->rlock) && !plait_process_rlock_locked(&book->rlock));
    return NULL;
}

TEST(an_rlock) {
    at_every_instruction(NULL, change_locked_twice, whole_unless_told);
}

/* ---- semaphores ---- */

static void give_permits(void *memory) {
    struct book *book = memory;
    ck_assert_ok(plait_process_bounded_semaphore_init(&book->bounded, PERMITS));
}

static void take_and_give(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_bounded_semaphore_acquire(&book->bounded);
    plait__store(&book->stage, 1);
    (void)!plait_process_bounded_semaphore_release(&book->bounded, 1);
    kill_to_here();
}

/* Gone with the dead one is what it had, and no more. */
static const char *at_most_one_is_gone(void *memory) {
    struct book *book = memory;
    long value = plait_process_bounded_semaphore_value(&book->bounded);
    kill_check(value == PERMITS || value == PERMITS - 1);
    kill_check(value == PERMITS || !kill_finished());
    for (long i = 0; i < value; i++)
        kill_check(plait_process_bounded_semaphore_acquire(&book->bounded) == PLAIT_OK);
    kill_check(plait_process_bounded_semaphore_acquire_nowait(&book->bounded) == PLAIT_BUSY);
    kill_check(plait_process_bounded_semaphore_release(&book->bounded, PERMITS) == PLAIT_OK);
    return NULL;
}

TEST(a_semaphore) {
    at_every_instruction(give_permits, take_and_give, at_most_one_is_gone);
}

static void take_one(void *memory) {
    struct book *book = memory;
    must(plait_process_semaphore_acquire(&book->permits) == PLAIT_OK);
}

static void one_waits_for_a_permit(void *memory) {
    struct book *book = memory;
    start_survivor(book, take_one);
    while (!plait__high(plait__load(&book->permits.state))) sched_yield();
}

static void give_one(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)plait_process_semaphore_release(&book->permits, 1);
    kill_to_here();
}

static bool has_given(struct book *book) {
    uint64_t state = plait__load(&book->permits.state);
    return plait__low(state) || !plait__high(state);
}

static const char *the_one_gets_it(void *memory) {
    struct book *book = memory;
    if (!has_given(book)) kill_check(plait_process_semaphore_release(&book->permits, 1) == PLAIT_OK);
    kill_join(book->survivor, 10);
    kill_check(book->permits.state == 0);
    return NULL;
}

TEST(a_permit_that_somebody_waits_for) {
    at_some_instructions(one_waits_for_a_permit, give_one, the_one_gets_it);
}

static void wait_for_a_permit(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_semaphore_acquire(&book->permits);
}

static const char *nobody_is_in_the_way(void *memory) {
    struct book *book = memory;
    kill_check(plait_process_semaphore_value(&book->permits) == 0);
    kill_check(plait_process_semaphore_release(&book->permits, 2) == PLAIT_OK);
    for (int i = 0; i < 2; i++)
        kill_check(plait_process_semaphore_acquire_nowait(&book->permits) == PLAIT_OK);
    kill_check(plait__high(book->permits.state) <= 1);
    return NULL;
}

TEST(one_that_waits_for_a_permit) {
    at_some_instructions(NULL, wait_for_a_permit, nobody_is_in_the_way);
}

/* ---- events ---- */

static void wait_for_event(void *memory) {
    struct book *book = memory;
    must(plait_process_event_wait(&book->event) == PLAIT_OK);
}

static void one_waits_for_the_event(void *memory) {
    struct book *book = memory;
    start_survivor(book, wait_for_event);
    await(&book->event.word, 1); /* the mark of who sleeps */
}

static void set_event(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)plait_process_event_set(&book->event);
    kill_to_here();
}

static const char *it_is_heard(void *memory) {
    struct book *book = memory;
    kill_check(!kill_finished() || plait_process_event_is_set(&book->event));
    if (!plait_process_event_is_set(&book->event))
        kill_check(plait_process_event_set(&book->event) == PLAIT_OK);
    kill_join(book->survivor, 10);
    return NULL;
}

TEST(an_event_that_somebody_waits_for) {
    at_some_instructions(one_waits_for_the_event, set_event, it_is_heard);
}

static void wait_for_event_warm(void *memory) {
    warm_up();
    kill_from_here();
    wait_for_event(memory);
}

static const char *the_event_works(void *memory) {
    struct book *book = memory;
    for (int i = 0; i < 2; i++) {
        kill_check(!plait_process_event_is_set(&book->event));
        kill_check(plait_process_event_set(&book->event) == PLAIT_OK);
        kill_check(plait_process_event_wait(&book->event) == PLAIT_OK);
        kill_check(plait_process_event_clear(&book->event) == PLAIT_OK);
    }
    return NULL;
}

TEST(one_that_waits_for_an_event) {
    at_some_instructions(NULL, wait_for_event_warm, the_event_works);
}

/* ---- conditions ---- */

static bool in_stock(void *memory) {
    return ((struct book *)memory)->stock > 0;
}

/* Takes what there is, also after it was told that somebody died: the stock is right whatever happened. */
static void take_from_stock(void *memory) {
    struct book *book = memory;
    plait_hold(&book->lock);
    plait_status status;
    do {
        status = plait_process_condition_wait_for(&book->changed, &book->lock, in_stock, book);
        must(status == PLAIT_OK || status == PLAIT_BROKEN);
    } while (status != PLAIT_OK);
    book->stock--;
}

static void one_waits_for_stock(void *memory) {
    struct book *book = memory;
    start_survivor(book, take_from_stock);
    while (!plait__high(plait__load(&book->changed.state))) sched_yield();
}

static void put_into_stock(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_lock_acquire(&book->lock);
    plait__store(&book->stock, 1);
    (void)plait_process_condition_notify(&book->changed, 1);
    (void)plait_process_lock_release(&book->lock);
    kill_to_here();
}

/* If nothing is there, somebody else puts something: the victim has not, or the survivor has taken it already. */
static const char *what_was_put_is_found(void *memory) {
    struct book *book = memory;
    plait_status status = plait_process_lock_acquire(&book->lock);
    kill_check(status == PLAIT_OK || status == PLAIT_BROKEN);
    if (!book->stock) {
        book->stock = 1;
        kill_check(plait_process_condition_notify(&book->changed, 1) == PLAIT_OK);
    }
    kill_check(plait_process_lock_release(&book->lock) == PLAIT_OK);
    kill_join(book->survivor, 10);
    return NULL;
}

TEST(a_condition_that_somebody_waits_for) {
    at_some_instructions(one_waits_for_stock, put_into_stock, what_was_put_is_found);
}

static void wait_for_stock(void *memory) {
    warm_up();
    kill_from_here();
    take_from_stock(memory);
}

static const char *the_condition_works(void *memory) {
    struct book *book = memory;
    plait_status status = plait_process_lock_acquire(&book->lock);
    kill_check(status == PLAIT_OK || status == PLAIT_BROKEN);
    start_survivor(book, take_from_stock);
    kill_check(plait_process_condition_notify_all(&book->changed) == PLAIT_OK);
    plait_deadline soon = plait_after(0.001);
    kill_check(plait_process_condition_wait_until(&book->changed, &book->lock, soon) == PLAIT_TIMEOUT);
    book->stock = 1;
    kill_check(plait_process_condition_notify(&book->changed, 2) == PLAIT_OK);
    kill_check(plait_process_lock_release(&book->lock) == PLAIT_OK);
    kill_join(book->survivor, 10);
    kill_check(book->stock == 0);
    return NULL;
}

TEST(one_that_waits_for_a_condition) {
    at_some_instructions(NULL, wait_for_stock, the_condition_works);
}

/* ---- barriers ---- */

static void meet(void *memory) {
    struct book *book = memory;
    must(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_OK);
}

static void one_has_arrived(void *memory) {
    struct book *book = memory;
    ck_assert_ok(plait_process_barrier_init(&book->barrier, 2));
    start_survivor(book, meet);
    while (!plait_process_barrier_n_waiting(&book->barrier)) sched_yield();
}

static void arrive(void *memory) {
    struct book *book = memory;
    warm_up();
    kill_from_here();
    (void)!plait_process_barrier_wait(&book->barrier, NULL);
    kill_to_here();
}

/* Either the victim was the second to arrive, or this one is. */
static const char *both_pass(void *memory) {
    struct book *book = memory;
    int waiting = plait_process_barrier_n_waiting(&book->barrier);
    kill_check(!kill_finished() || waiting == 0);
    if (waiting) kill_check(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_OK);
    kill_join(book->survivor, 10);
    kill_check(plait_process_barrier_n_waiting(&book->barrier) == 0);
    kill_check(!plait_process_barrier_broken(&book->barrier));
    return NULL;
}

TEST(the_last_to_arrive) {
    at_some_instructions(one_has_arrived, arrive, both_pass);
}

static void two_will_meet(void *memory) {
    struct book *book = memory;
    ck_assert_ok(plait_process_barrier_init(&book->barrier, 2));
}

/* One that was killed waiting has arrived, and the next passes. */
static const char *the_next_passes_or_waits(void *memory) {
    struct book *book = memory;
    int waiting = plait_process_barrier_n_waiting(&book->barrier);
    plait_status status = plait_process_barrier_wait_until(&book->barrier, NULL, PLAIT_NOW);
    kill_check(status == (waiting ? PLAIT_OK : PLAIT_TIMEOUT));
    kill_check(plait_process_barrier_broken(&book->barrier) == !waiting);
    kill_check(plait_process_barrier_reset(&book->barrier) == PLAIT_OK);
    start_survivor(book, meet);
    kill_check(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_OK);
    kill_join(book->survivor, 10);
    return NULL;
}

TEST(one_that_waits_at_a_barrier) {
    at_some_instructions(two_will_meet, arrive, the_next_passes_or_waits);
}

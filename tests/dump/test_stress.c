/* Dumps, and the watch, while everything moves: threads come and go, objects are freed by whom they let go on. */
#include "situation.h"
#include "support/stress.h"

#include <base/os.h>

enum { LOCKS = 3 };

/* What one round of one thread uses: on the heap, and freed as early as may be. */
struct things {
    plait_lock lock;
    plait_event event;
    plait_semaphore semaphore;
};

static plait_lock locks[LOCKS];
static plait_condition condition;
static bool full;
static plait_rwlock rwlock;

PLAIT_TASK(void, set_it, (struct things *, things)) {
    (void)plait_set_name(&things->semaphore, "of a round");
    plait_lock_acquire(&things->lock);
    plait_event_set(&things->event);
    plait_lock_release(&things->lock);
    plait_semaphore_release(&things->semaphore, 1);
}

/* Who got the permit is the last to use the things. */
static void wait_for_partner(plait_pool *pool) {
    struct things *things = calloc(1, sizeof *things);
    plait_future *future = plait_submit(pool, set_it, things);
    (void)plait_event_wait(&things->event);
    plait_lock_acquire(&things->lock);
    plait_lock_release(&things->lock);
    if (plait_semaphore_acquire(&things->semaphore) != PLAIT_OK) abort();
    (void)plait_set_name(&things->semaphore, NULL);
    free(things);
    (void)plait_result(future, NULL);
    plait_future_free(future);
}

/* One puts, the other takes; a notified thread mostly still finds the lock held. */
static void exchange(bool put) {
    plait_hold(&locks[0]);
    while (full == put)
        if (plait_condition_wait_until(&condition, &locks[0], plait_after(0.001)) == PLAIT_TIMEOUT) return;
    full = put;
    plait_condition_notify_all(&condition);
}

static void nest(unsigned first) {
    for (unsigned i = first; i < LOCKS; i++) plait_lock_acquire(&locks[i]);
    for (unsigned i = first; i < LOCKS; i++) plait_lock_release(&locks[i]);
}

static void read_or_write(bool write) {
    if (write) {
        (void)plait_rwlock_write_acquire(&rwlock);
        (void)plait_rwlock_write_release(&rwlock);
    } else {
        (void)plait_rwlock_read_acquire(&rwlock);
        (void)plait_rwlock_read_release(&rwlock);
    }
}

PLAIT_TASK(void, end_at_once) {}

PLAIT_TASK(void, be_busy, (plait_pool *, pool), (unsigned, seed)) {
    struct stress_random random = stress_random_stream(seed);
    while (stress_goes_on()) {
        plait_thread *thread = plait_start(end_at_once);
        wait_for_partner(pool);
        exchange(seed % 2);
        nest(stress_random_below(&random, LOCKS));
        read_or_write(stress_random_below(&random, 4) == 0);
        plait_thread_join(thread);
        plait_thread_free(thread);
    }
}

static plait_thread *threads[64];
static int busy;

static void begin(plait_pool *pool) {
    busy = stress_threads(4);
    if (busy > 64) busy = 64;
    for (int i = 0; i < busy; i++) threads[i] = plait_start(be_busy, pool, (unsigned)i);
}

static void end(plait_pool *pool) {
    for (int i = 0; i < busy; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    plait_pool_free(pool);
}

/* Locks are always taken in the same order: there is no circle, however often one looks. */
TEST_WITHIN(dumps_while_threads_come_and_go, 120) {
    plait_pool *pool = plait_pool_new(2);
    begin(pool);
    int dumps = 0;
    for (; stress_goes_on(); dumps++) {
        char *text = dump_text();
        ck_assert_ptr_nonnull(strstr(text, "MainThread"));
        ck_assert_msg(!strstr(text, "circle"), "%s", text);
        free(text);
    }
    ck_assert_int_gt(dumps, 0);
    end(pool);
}

static char told[8192];

static void note(const char *words, void *unused) {
    (void)unused;
    (void)snprintf(told, sizeof told, "%s", words);
}

/* Somebody is always on the way, but at most moments nearly all are asleep. */
TEST_WITHIN(the_watch_is_silent_while_anybody_goes_on, 120) {
    plait_watch_options options = {
        .every = 1e-5, .report = note, .ignore_unknown = plait__os_thread_count() > 1};
    plait_pool *pool = plait_pool_new(2);
    ck_assert_ok(plait_watch(&options));
    begin(pool);
    end(pool);
    plait_unwatch();
    ck_assert_str_eq(told, "");
}

/* At every moment one of the two is asleep, and the other is about to be. */
PLAIT_TASK(long, pass_on, (plait_semaphore *, from), (plait_semaphore *, to)) {
    long rounds = 0;
    for (; plait_semaphore_acquire(from) == PLAIT_OK && stress_goes_on(); rounds++)
        plait_semaphore_release(to, 1);
    plait_semaphore_release(to, 1);
    return rounds;
}

TEST_WITHIN(the_watch_is_silent_about_a_ball_in_the_air, 120) {
    static plait_semaphore ping, pong;
    plait_watch_options options = {
        .every = 1e-6, .report = note, .ignore_unknown = plait__os_thread_count() > 1};
    plait_thread *one = plait_start(pass_on, &ping, &pong), *other = plait_start(pass_on, &pong, &ping);
    ck_assert_ok(plait_watch(&options));
    plait_semaphore_release(&ping, 1);
    ck_assert_ok(plait_thread_join(one));
    ck_assert_ok(plait_thread_join(other));
    plait_unwatch();
    ck_assert_str_eq(told, "");
    plait_thread_free(one);
    plait_thread_free(other);
}

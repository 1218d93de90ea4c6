/* The lock: one thread at a time, nobody forgotten, and no touch of its memory after it was let go. */
#include "support/asleep.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/clock.h>
#include <plait/lock.h>
#include <plait/sleep.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_THREADS = 64, FAIR_MS = 1 };

static plait_lock lock;

/* ---- alone ---- */

TEST(zero_is_ready) {
    static const plait_lock initialised = PLAIT_LOCK_INIT;
    ck_assert_int_eq(memcmp(&initialised, &lock, sizeof lock), 0);
    ck_assert(!plait_lock_locked(&lock));
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert(plait_lock_locked(&lock));
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert(!plait_lock_locked(&lock));
}

TEST(a_held_lock_is_busy_or_times_out) {
    ck_assert_ok(plait_lock_acquire_nowait(&lock));
    ck_assert_status(plait_lock_acquire_nowait(&lock), PLAIT_BUSY);
    ck_assert_status(plait_lock_acquire_until(&lock, PLAIT_NOW), PLAIT_TIMEOUT);
    double before = plait_monotonic();
    ck_assert_status(plait_lock_acquire_until(&lock, plait_after(0.01)), PLAIT_TIMEOUT);
    ck_assert_double_ge(plait_monotonic() - before, 0.01 - 1e-6);
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert_ok(plait_lock_acquire_until(&lock, PLAIT_NOW));
}

TEST(nothing_is_invalid_and_a_free_lock_cannot_be_released) {
    ck_assert_status(plait_lock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lock_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lock_acquire_until(NULL, PLAIT_FOREVER), PLAIT_INVALID);
    ck_assert_status(plait_lock_release(NULL), PLAIT_INVALID);
    ck_assert(!plait_lock_locked(NULL));
    ck_assert_status(plait_lock_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_lock_acquire_until(&lock, plait_after(0.001)), PLAIT_OK);
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert_status(plait_lock_release(&lock), PLAIT_NOT_OWNER);
}

static void *release_it(void *unused) {
    (void)unused;
    static plait_status status;
    status = plait_lock_release(&lock);
    return &status;
}

TEST(any_thread_may_release) {
    pthread_t thread;
    void *status;
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert_int_eq(pthread_create(&thread, NULL, release_it, NULL), 0);
    ck_assert_ok(plait_lock_acquire(&lock));
    pthread_join(thread, &status);
    ck_assert_int_eq(*(plait_status *)status, PLAIT_OK);
}

/* ---- many threads ---- */

static long counter; /* guarded by the lock under test */
static _Atomic long failures;

static void start_all(pthread_t *threads, int count, void *(*body)(void *)) {
    for (intptr_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, body, (void *)i), 0);
}

static long join_all(const pthread_t *threads, int count) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
        void *result;
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        sum += (long)(intptr_t)result;
    }
    return sum;
}

static int many_threads(void) {
    int count = stress_threads(4);
    return count < MOST_THREADS ? count : MOST_THREADS;
}

/* Not atomic, and long enough that two at once would be seen. */
static void change_counter(struct stress_random *random) {
    long seen = counter;
    for (volatile uint32_t i = stress_random_below(random, 200); i > 0;) i = i - 1;
    counter = seen + 1;
}

/* Once nobody holds the lock or waits for it, no flag is left that could make a later release spare a wake. A
 * thread that gave up may leave its mark until the next release. */
static void assert_quiet(void) {
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert_uint_eq(lock.word, 0);
}

static void *count_up(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    long mine = 0;
    while (stress_goes_on()) {
        if (plait_lock_acquire(&lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
        change_counter(&random);
        mine++;
        if (plait_lock_release(&lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
        for (volatile uint32_t i = stress_random_below(&random, 400); i > 0;) i = i - 1;
    }
    return (void *)(intptr_t)mine;
}

TEST(one_thread_at_a_time) {
    pthread_t threads[MOST_THREADS];
    int count = many_threads();
    start_all(threads, count, count_up);
    ck_assert_int_eq(join_all(threads, count), counter);
    ck_assert_int_eq(failures, 0);
    assert_quiet();
}

/* A quarter of the deadlines lie below what a spin takes; some holders stay longer than a millisecond, so that the
 * lock is given away too, to threads that may just have given up. */
static void *count_up_or_give_up(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    long mine = 0;
    while (stress_goes_on()) {
        uint32_t us = stress_random_below(&random, 4) ? 4000 : 20;
        plait_deadline deadline = plait_after(stress_random_below(&random, us) * 1e-6);
        if (stress_random_below(&random, 8) == 0) deadline = PLAIT_FOREVER;
        plait_status status = plait_lock_acquire_until(&lock, deadline);
        if (status == PLAIT_TIMEOUT) continue;
        if (status != PLAIT_OK) atomic_fetch_add(&failures, 1);
        change_counter(&random);
        mine++;
        if (stress_random_below(&random, 16) == 0)
            (void)plait_sleep(stress_random_below(&random, 2500) * 1e-6);
        if (plait_lock_release(&lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
    }
    return (void *)(intptr_t)mine;
}

TEST(deadlines_lose_no_wake_and_no_lock) {
    pthread_t threads[MOST_THREADS];
    int count = many_threads() + 4;
    start_all(threads, count, count_up_or_give_up);
    ck_assert_int_eq(join_all(threads, count), counter);
    ck_assert_int_eq(failures, 0);
    ck_assert_int_gt(counter, 0);
    assert_quiet();
}

/* Few threads, few times: whoever is forgotten has nobody to come by later and wake it after all. */
enum { ROUND_THREADS = 3 };
static pthread_barrier_t round_begins;
static _Atomic bool rounds_over;

static void *few_at_once(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        for (int i = 0; i < 3; i++) {
            if (plait_lock_acquire(&lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
            change_counter(&random);
            if (stress_random_below(&random, 8) == 0) sched_yield();
            if (plait_lock_release(&lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
        }
        pthread_barrier_wait(&round_begins);
    }
    return NULL;
}

TEST(nobody_is_forgotten) {
    pthread_t threads[ROUND_THREADS];
    pthread_barrier_init(&round_begins, NULL, ROUND_THREADS + 1);
    start_all(threads, ROUND_THREADS, few_at_once);
    while (stress_goes_on()) {
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_begins);
        ck_assert_uint_eq(lock.word, 0);
    }
    atomic_store(&rounds_over, true);
    pthread_barrier_wait(&round_begins);
    join_all(threads, ROUND_THREADS);
    ck_assert_int_eq(failures, 0);
    pthread_barrier_destroy(&round_begins);
}

/* ---- fairness ---- */

static _Atomic int stage;

static void *take_and_tell(void *unused) {
    (void)unused;
    plait_status status = plait_lock_acquire(&lock);
    atomic_store(&stage, 1);
    while (atomic_load(&stage) == 1) sched_yield();
    if (plait_lock_release(&lock) != PLAIT_OK) status = PLAIT_BROKEN;
    return (void *)(intptr_t)status;
}

TEST(who_was_parked_for_a_millisecond_gets_the_next_release) {
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        atomic_store(&stage, 0);
        ck_assert_ok(plait_lock_acquire(&lock));
        ck_assert_int_eq(pthread_create(&thread, NULL, take_and_tell, NULL), 0);
        wait_until_asleep(1);
        ck_assert_ok(plait_sleep(FAIR_MS * 1.5e-3));
        ck_assert_ok(plait_lock_release(&lock));
        do { /* it is not for whoever is faster */
            ck_assert_status(plait_lock_acquire_nowait(&lock), PLAIT_BUSY);
        } while (atomic_load(&stage) == 0);
        atomic_store(&stage, 2);
        ck_assert_int_eq(join_all(&thread, 1), PLAIT_OK);
    }
}

static void *take_once(void *unused) {
    (void)unused;
    plait_status status = plait_lock_acquire(&lock);
    atomic_store(&stage, 1);
    if (status == PLAIT_OK) status = plait_lock_release(&lock);
    return (void *)(intptr_t)status;
}

/* A thread that hardly ever lets go cannot keep the others out. */
TEST(a_hog_cannot_starve_the_others) {
    pthread_t thread;
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert_int_eq(pthread_create(&thread, NULL, take_once, NULL), 0);
    wait_until_asleep(1);
    do {
        ck_assert_ok(plait_lock_release(&lock));
        ck_assert_ok(plait_lock_acquire(&lock));
    } while (atomic_load(&stage) == 0);
    ck_assert_ok(plait_lock_release(&lock));
    ck_assert_int_eq(join_all(&thread, 1), PLAIT_OK);
}

/* ---- memory that the next holder gives back ---- */

/* Every thread that is done with the page takes its lock once more; the last one unmaps it, at once. */
struct page {
    plait_lock lock;
    int users;
};

static struct page *_Atomic shared;

static void *let_go_of_page(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        struct page *page = atomic_load(&shared);
        bool linger = stress_random_below(&random, 64) == 0;
        if (plait_lock_acquire(&page->lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
        bool last = --page->users == 0;
        if (linger) (void)plait_sleep(0.0012); /* long enough that it is given away */
        if (plait_lock_release(&page->lock) != PLAIT_OK) atomic_fetch_add(&failures, 1);
        if (last) munmap(page, sizeof *page);
        pthread_barrier_wait(&round_begins);
    }
    return NULL;
}

TEST(the_next_holder_may_give_the_memory_back) {
    pthread_t threads[ROUND_THREADS];
    pthread_barrier_init(&round_begins, NULL, ROUND_THREADS + 1);
    start_all(threads, ROUND_THREADS, let_go_of_page);
    while (stress_goes_on()) {
        struct page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                                 0);
        ck_assert_ptr_ne(page, MAP_FAILED);
        page->users = ROUND_THREADS;
        atomic_store(&shared, page);
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_begins);
    }
    atomic_store(&rounds_over, true);
    pthread_barrier_wait(&round_begins);
    join_all(threads, ROUND_THREADS);
    ck_assert_int_eq(failures, 0);
    pthread_barrier_destroy(&round_begins);
}

/* ---- fork ---- */

/* Runs in a child: exits with 0 if the check holds. */
static void expect_of_child(void (*check)(void)) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm((unsigned)(10 * test_time_scale()));
        check();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x",
                  (unsigned)status);
}

/* The thread sanitizer cannot follow threads that the child starts. */
#if !defined(__SANITIZE_THREAD__)
static void *contend(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    atomic_fetch_add(&stage, 1);
    while (!atomic_load(&rounds_over)) {
        plait_deadline deadline = plait_after(stress_random_below(&random, 60) * 1e-6);
        if (plait_lock_acquire_until(&lock, deadline) == PLAIT_OK) (void)plait_lock_release(&lock);
    }
    return NULL;
}

/* The child's only thread has the lock; who waited for it has vanished, asleep or looking. */
static void the_holder_goes_on(void) {
    pthread_t thread;
    if (!plait_lock_locked(&lock) || plait_lock_acquire_nowait(&lock) != PLAIT_BUSY) _exit(1);
    if (pthread_create(&thread, NULL, take_once, NULL) != 0) _exit(2);
    wait_until_asleep(1);
    if (plait_lock_release(&lock) != PLAIT_OK) _exit(3);
    if (join_all(&thread, 1) != PLAIT_OK) _exit(4);
    if (plait_lock_acquire_nowait(&lock) != PLAIT_OK || plait_lock_release(&lock) != PLAIT_OK) _exit(5);
}

TEST_WITHIN(after_a_fork_the_holder_still_has_it_and_can_pass_it_on, 180) {
    pthread_t threads[ROUND_THREADS];
    start_all(threads, ROUND_THREADS, contend);
    while (atomic_load(&stage) < ROUND_THREADS)
        sched_yield(); /* a sanitizer has locks of its own at the start */
    while (stress_goes_on()) {
        ck_assert_ok(plait_lock_acquire(&lock));
        expect_of_child(the_holder_goes_on);
        ck_assert_ok(plait_lock_release(&lock));
    }
    atomic_store(&rounds_over, true);
    join_all(threads, ROUND_THREADS);
}

#endif

static void *hold_for_ever(void *unused) {
    (void)unused;
    if (plait_lock_acquire(&lock) != PLAIT_OK) return NULL;
    atomic_store(&stage, 1);
    while (!atomic_load(&rounds_over)) sched_yield();
    (void)plait_lock_release(&lock);
    return NULL;
}

static void it_stays_held(void) {
    if (plait_lock_acquire_nowait(&lock) != PLAIT_BUSY) _exit(1);
    if (plait_lock_acquire_until(&lock, plait_after(0.003)) != PLAIT_TIMEOUT) _exit(2);
    if (plait_lock_release(&lock) != PLAIT_OK) _exit(3); /* any thread may */
    if (plait_lock_acquire_nowait(&lock) != PLAIT_OK) _exit(4);
}

TEST(after_a_fork_a_lock_of_another_thread_stays_held) {
    pthread_t threads[1];
    start_all(threads, 1, hold_for_ever);
    while (atomic_load(&stage) == 0) sched_yield();
    expect_of_child(it_stays_held);
    atomic_store(&rounds_over, true);
    join_all(threads, 1);
}

/* ---- a release at the very deadline ---- */

static _Atomic int64_t waiter_deadline;

/* Gives up at about the time of the release; whatever comes of it, the lock is not held by a thread that left. */
static void *wait_until_about_the_release(void *unused) {
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        plait_status status = plait_lock_acquire_until(&lock,
                                                       (plait_deadline){atomic_load(&waiter_deadline)});
        if (status == PLAIT_OK) status = plait_lock_release(&lock);
        if (status != PLAIT_OK && status != PLAIT_TIMEOUT) atomic_fetch_add(&failures, 1);
        pthread_barrier_wait(&round_begins);
    }
    return unused;
}

static void *wait_as_long_as_it_takes(void *unused) {
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        if (plait_lock_acquire(&lock) != PLAIT_OK || plait_lock_release(&lock) != PLAIT_OK)
            atomic_fetch_add(&failures, 1);
        pthread_barrier_wait(&round_begins);
    }
    return unused;
}

/* Half of the time after a millisecond, when the release is a hand-over. */
TEST(a_release_that_meets_a_deadline_is_passed_on) {
    struct stress_random random = stress_random_stream(0);
    pthread_t threads[2];
    pthread_barrier_init(&round_begins, NULL, 3);
    start_all(&threads[0], 1, wait_until_about_the_release);
    start_all(&threads[1], 1, wait_as_long_as_it_takes);
    while (stress_goes_on()) {
        ck_assert_ok(plait_lock_acquire(&lock));
        int64_t release_at = plait__now() + (stress_random_below(&random, 2) ? 100000 : 1300000);
        atomic_store(&waiter_deadline, release_at - 70000 + (int64_t)stress_random_below(&random, 80000));
        pthread_barrier_wait(&round_begins);
        while (plait__now() < release_at) {}
        ck_assert_ok(plait_lock_release(&lock));
        pthread_barrier_wait(&round_begins);
        assert_quiet();
    }
    atomic_store(&rounds_over, true);
    pthread_barrier_wait(&round_begins);
    join_all(threads, 2);
    ck_assert_int_eq(failures, 0);
    pthread_barrier_destroy(&round_begins);
}

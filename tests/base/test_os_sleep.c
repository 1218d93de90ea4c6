/* Sleeping on a word, the way the back end does it: no wake that follows a change of the word is lost, and stray ones
 * are all that others get. */
#include "support/stress.h"
#include "support/test.h"

#include <base/atomic.h>
#include <base/os.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

TEST(it_does_not_sleep_when_the_word_has_changed) {
    uint32_t word = 1;
    errno = EDOM;
    ck_assert_int_eq(plait__os_sleep(&word, 0, INT64_MAX), PLAIT__WOKEN);
    ck_assert_int_eq(errno, EDOM);
}

TEST(it_ends_when_time_is_over_and_not_before) {
    uint32_t word = 0;
    static const int64_t long_ago[] = {INT64_MIN, -1, 0, 1};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(plait__os_sleep(&word, 0, long_ago[i]), PLAIT__EXPIRED);
    }
    int64_t until = plait__os_clock() + 3000000;
    errno = EDOM;
    while (plait__os_sleep(&word, 0, until) != PLAIT__EXPIRED) {}
    ck_assert_int_ge(plait__os_clock(), until);
    ck_assert_int_eq(errno, EDOM);
}

TEST(waking_needs_no_sleeper_and_no_memory) {
    uint32_t word = 0;
    plait__os_wake(&word, 1);
    plait__os_wake((uint32_t *)(uintptr_t)64, 1); /* an address that is not mapped */
}

/* ---- two threads that wake each other ---- */

static uint32_t words[2];

static void *answer(void *unused) {
    for (uint32_t turn = 1;; turn++) {
        while (plait__load_acquire(&words[0]) < turn) plait__os_sleep(&words[0], turn - 1, INT64_MAX);
        plait__store_seq(&words[1], plait__load(&words[0]) == UINT32_MAX ? UINT32_MAX : turn);
        plait__os_wake(&words[1], 1);
        if (plait__load(&words[1]) == UINT32_MAX) return unused;
    }
}

TEST(no_wake_is_lost) {
    struct stress_random random = stress_random_stream(0);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer, NULL), 0);
    for (uint32_t turn = 1; stress_goes_on(); turn++) {
        for (volatile uint32_t i = stress_random_below(&random, 4000); i > 0;) i = i - 1;
        plait__store_seq(&words[0], turn);
        plait__os_wake(&words[0], 1);
        while (plait__load_acquire(&words[1]) < turn) plait__os_sleep(&words[1], turn - 1, INT64_MAX);
    }
    plait__store_seq(&words[0], UINT32_MAX);
    plait__os_wake(&words[0], 1);
    pthread_join(thread, NULL);
}

/* ---- many words ---- */

enum { WORDS = 96, MEMORY = 1 << 16 };

static uint32_t memory[MEMORY];
static _Atomic int awake;

static void *sleep_on(void *word) {
    while (plait__load_acquire((uint32_t *)word) == 0) {
        atomic_fetch_sub(&awake, 1);
        plait__os_sleep(word, 0, INT64_MAX);
        atomic_fetch_add(&awake, 1);
    }
    return NULL;
}

/* Where words share what they sleep on, the wake for one must not be spent on another. */
TEST(a_wake_reaches_its_own_word_among_many) {
    struct stress_random random = stress_random_stream(0);
    pthread_t threads[WORDS];
    uint32_t *many[WORDS]; /* anywhere: neighbours would hardly meet */
    atomic_store(&awake, WORDS);
    for (int i = 0; i < WORDS; i++)
        many[i] = &memory[stress_random_below(&random, MEMORY / WORDS) * WORDS + (uint32_t)i];
    for (int i = 0; i < WORDS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, sleep_on, many[i]), 0);
    while (atomic_load(&awake) > 0) sched_yield();
    for (int i = WORDS; i-- > 0;) {
        plait__store_seq(many[i], 1);
        plait__os_wake(many[i], 1);
    }
    for (int i = 0; i < WORDS; i++) pthread_join(threads[i], NULL);
}

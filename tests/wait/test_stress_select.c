/* Selects under stress: many threads with many cases, pipes among them, while other threads give permits, cancel, and
 * open and close descriptors as fast as they can. The bell of a waiter is a descriptor too: were it rung after it was
 * closed, its number would belong to somebody else by then, who would find bytes that nobody wrote. */
#include "permits.h"
#include "support/stress.h"
#include "support/test.h"

#include <plait/cancel.h>
#include <plait/select.h>
#include <plait/sleep.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { OBJECTS = 3, PIPES = 2, MOST_THREADS = 32, MOST_CASES = 20 };

static struct permits permits[OBJECTS];
static int pipes[PIPES][2];
static _Atomic long given, written, failures;
static _Atomic int selecting;

struct selector {
    pthread_t thread;
    unsigned number;
    long permits_taken, bytes_read, others;
    plait_token *_Atomic token;
};

/* Half of the time more cases than find room on the stack. */
static plait_status select_once(struct selector *it, struct stress_random *random) {
    plait_case cases[MOST_CASES];
    size_t count = stress_random_below(random, 2) ? MOST_CASES : 5, which = MOST_CASES;
    for (size_t i = 0; i < count; i++) {
        cases[i] = i % 4 == 3 ? plait_case_descriptor(pipes[i % PIPES][0], POLLIN)
                              : permits_case(&permits[i % OBJECTS]);
    }
    plait_deadline deadline = plait_after(stress_random_below(random, 4000) * 1e-6);
    plait_status status = plait_select_until(cases, count, &which, deadline);
    if (status != PLAIT_OK) return status;
    if (cases[which].status != PLAIT_OK) atomic_fetch_add(&failures, 1);
    char byte;
    if (which % 4 != 3)
        it->permits_taken++;
    else
        it->bytes_read += read(pipes[which % PIPES][0], &byte, 1) == 1; /* if nobody was faster */
    return status;
}

static void *select_again_and_again(void *argument) {
    struct selector *it = argument;
    struct stress_random random = stress_random_stream(it->number);
    while (stress_goes_on()) {
        plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *nobody = NULL;
        plait_token *before = plait_token_enter(token);
        if (!atomic_compare_exchange_strong(&it->token, &nobody, token)) plait_token_free(token);
        plait_status status = select_once(it, &random);
        plait_token_leave(before);
        if (status != PLAIT_OK) it->others++;
        if (status != PLAIT_OK && status != PLAIT_TIMEOUT && status != PLAIT_CANCELLED)
            atomic_fetch_add(&failures, 1);
    }
    atomic_fetch_sub(&selecting, 1);
    return NULL;
}

static void *give_and_write(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    while (stress_goes_on()) {
        for (uint32_t n = stress_random_below(&random, 3); n > 0; n--) {
            atomic_fetch_add(&given, 1);
            permits_give(&permits[stress_random_below(&random, OBJECTS)], 0);
        }
        if (stress_random_below(&random, 2) &&
            write(pipes[stress_random_below(&random, PIPES)][1], "x", 1) == 1)
            atomic_fetch_add(&written, 1);
        (void)plait_sleep(stress_random_below(&random, 200) * 1e-6);
    }
    return NULL;
}

/* Takes the lowest free descriptor numbers, just those that bells had, and looks into them. */
static void *open_and_close(void *unused) {
    (void)unused;
    while (atomic_load(&selecting) > 0) {
        int mine[2];
        char byte;
        if (pipe2(mine, O_NONBLOCK | O_CLOEXEC) != 0) continue;
        sched_yield();
        if (read(mine[0], &byte, 1) != -1) atomic_fetch_add(&failures, 1);
        close(mine[0]);
        close(mine[1]);
    }
    return NULL;
}

static void cancel_one(struct selector *it) {
    plait_token *token = atomic_exchange(&it->token, NULL);
    if (!token) return;
    if (plait_cancel(token) != PLAIT_OK) atomic_fetch_add(&failures, 1);
    plait_token_free(token);
}

static long empty_pipes(void) {
    long bytes = 0;
    char byte;
    for (int i = 0; i < PIPES; i++)
        while (read(pipes[i][0], &byte, 1) == 1) bytes++;
    return bytes;
}

TEST(selects_lose_nothing) {
    static struct selector all[MOST_THREADS];
    pthread_t givers[2], opener;
    struct stress_random random = stress_random_stream(0);
    int count = stress_threads(4);
    if (count > MOST_THREADS) count = MOST_THREADS;
    atomic_store(&selecting, count);
    for (int i = 0; i < PIPES; i++) ck_assert_int_eq(pipe2(pipes[i], O_NONBLOCK), 0);
    for (int i = 0; i < count; i++) {
        all[i].number = (unsigned)i + 1;
        ck_assert_int_eq(pthread_create(&all[i].thread, NULL, select_again_and_again, &all[i]), 0);
    }
    for (intptr_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&givers[i], NULL, give_and_write, (void *)(1000 + i)), 0);
    ck_assert_int_eq(pthread_create(&opener, NULL, open_and_close, NULL), 0);
    while (atomic_load(&selecting) > 0) {
        cancel_one(&all[stress_random_below(&random, (uint32_t)count)]);
        ck_assert_ok(plait_sleep(stress_random_below(&random, 500) * 1e-6));
    }
    long taken = 0, bytes = 0, others = 0, left = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(all[i].thread, NULL);
        cancel_one(&all[i]);
        taken += all[i].permits_taken;
        bytes += all[i].bytes_read;
        others += all[i].others;
    }
    for (int i = 0; i < 2; i++) pthread_join(givers[i], NULL);
    pthread_join(opener, NULL);
    for (int i = 0; i < OBJECTS; i++) left += permits_left(&permits[i]);
    ck_assert_int_eq(given, taken + left);
    ck_assert_int_eq(written, bytes + empty_pipes());
    ck_assert_int_eq(failures, 0);
    ck_assert_int_gt(taken, 0);
    ck_assert_int_gt(bytes, 0);
    ck_assert_int_gt(others, 0);
}

/* ---- a permit for every one of many selects ---- */

static struct permits first, second;

static void *take_by_select(void *times) {
    plait_case cases[] = {permits_case(&first), permits_case(&second),
                          plait_case_descriptor(pipes[0][0], POLLIN)};
    for (intptr_t i = 0; i < (intptr_t)times; i++) {
        size_t which = 9; /* every other one sleeps beside a descriptor */
        if (plait_select(cases, 2 + (size_t)(i % 2), &which) != PLAIT_OK || which > 1)
            atomic_fetch_add(&failures, 1);
    }
    return NULL;
}

TEST(every_permit_finds_a_select) {
    enum { THREADS = 4, TIMES = 400 };
    pthread_t threads[THREADS];
    ck_assert_int_eq(pipe(pipes[0]), 0);
    while (stress_goes_on()) {
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, take_by_select, (void *)(intptr_t)TIMES), 0);
        for (int i = 0; i < THREADS * TIMES; i++) permits_give(i % 2 ? &first : &second, 0);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        ck_assert_uint_eq(permits_left(&first) + permits_left(&second), 0);
    }
    ck_assert_int_eq(failures, 0);
}

/* ---- a wake that was spent on a select ---- */

static void *select_either(void *which) {
    plait_case cases[] = {permits_case(&first), permits_case(&second)};
    return plait_select(cases, 2, which) == PLAIT_OK ? which : NULL;
}

static void *take_the_first(void *unused) {
    (void)unused;
    if (permits_take_until(&first, PLAIT_FOREVER) != PLAIT_OK) atomic_fetch_add(&failures, 1);
    return NULL;
}

/* The first object wakes the select, and at once the second has a permit too: were that one taken, the thread behind
 * the select would sleep on beside a permit of the first. */
TEST(a_select_takes_what_woke_it) {
    struct stress_random random = stress_random_stream(0);
    while (stress_goes_on()) {
        pthread_t selects, takes;
        size_t which = 9;
        void *well;
        ck_assert_int_eq(pthread_create(&selects, NULL, select_either, &which), 0);
        wait_until_asleep_on(&first, 1);
        ck_assert_int_eq(pthread_create(&takes, NULL, take_the_first, NULL), 0);
        wait_until_asleep_on(&first, 2);
        permits_give(&first, 0);
        for (volatile uint32_t i = stress_random_below(&random, 200); i > 0;) i = i - 1;
        permits_give(&second, 0);
        pthread_join(selects, &well);
        ck_assert_ptr_nonnull(well);
        if (which == 0) permits_give(&first, 0);
        pthread_join(takes, NULL);
        ck_assert_uint_eq(permits_left(&first), 0);
        if (which == 0) ck_assert(permits_take_one(&second));
    }
    ck_assert_int_eq(failures, 0);
}

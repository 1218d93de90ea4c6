/* Nothing is lost: permits are given, as gifts and as mere wakes, to threads whose deadlines of 0 to 4 ms pass, and
 * whose tokens are cancelled, at the same moment. Every permit that was given has been taken or is still there. */
#include "permits.h"
#include "support/stress.h"
#include "support/test.h"

#include <plait/cancel.h>
#include <plait/sleep.h>

#include <pthread.h>
#include <stdatomic.h>

enum { OBJECTS = 3, MOST_THREADS = 64 };

static struct permits permits[OBJECTS];
static _Atomic long given, failures;
static _Atomic int takers;

struct taker {
    pthread_t thread;
    unsigned number;
    plait_token *_Atomic token; /* one for the whole run, and its children one for each wait */
    long taken, in_vain;
};

static plait_status take(struct taker *taker, struct stress_random *random) {
    struct permits *from = &permits[stress_random_below(random, OBJECTS)];
    plait_deadline deadline = plait_after(stress_random_below(random, 4000) * 1e-6);
    if (stress_random_below(random, 4) != 0) return permits_take_until(from, deadline);
    plait_case cases[OBJECTS + 1];
    for (int i = 0; i < OBJECTS; i++) cases[i] = permits_case(&permits[i]);
    cases[OBJECTS] = permits_case(from); /* one of them twice */
    (void)taker;
    return plait_select_until(cases, OBJECTS + 1, NULL, deadline);
}

/* Half of the waits are under a token that somebody else may cancel meanwhile. */
static void *take_again_and_again(void *argument) {
    struct taker *taker = argument;
    struct stress_random random = stress_random_stream(taker->number);
    while (stress_goes_on()) {
        plait_token *token = plait_token_new(NULL, plait_after(stress_random_below(&random, 8000) * 1e-6));
        plait_token *before = plait_token_enter(token);
        plait_token *shown = stress_random_below(&random, 2) ? token : NULL;
        plait_token *nobody = NULL;
        if (!shown || !atomic_compare_exchange_strong(&taker->token, &nobody, shown)) plait_token_free(token);
        plait_status status = take(taker, &random); /* whoever cancels the token frees it */
        plait_token_leave(before);
        if (status == PLAIT_OK) {
            taker->taken++;
        } else {
            taker->in_vain++;
            if (status != PLAIT_TIMEOUT && status != PLAIT_CANCELLED) atomic_fetch_add(&failures, 1);
        }
    }
    atomic_fetch_sub(&takers, 1);
    return NULL;
}

static void *give_again_and_again(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    while (stress_goes_on()) {
        for (uint32_t n = stress_random_below(&random, 4); n > 0; n--) {
            atomic_fetch_add(&given, 1);
            permits_give(&permits[stress_random_below(&random, OBJECTS)],
                         stress_random_below(&random, 2) ? PLAIT__GIFT : 0);
        }
        (void)plait_sleep(stress_random_below(&random, 300) * 1e-6);
    }
    return NULL;
}

static void cancel_one(struct taker *taker) {
    plait_token *token = atomic_exchange(&taker->token, NULL);
    if (!token) return;
    if (plait_cancel(token) != PLAIT_OK) atomic_fetch_add(&failures, 1);
    plait_token_free(token);
}

TEST(permits_are_conserved) {
    static struct taker all[MOST_THREADS];
    pthread_t givers[2];
    struct stress_random random = stress_random_stream(0);
    int count = stress_threads(6);
    if (count > MOST_THREADS) count = MOST_THREADS;
    atomic_store(&takers, count);
    for (int i = 0; i < count; i++) {
        all[i].number = (unsigned)i + 1;
        ck_assert_int_eq(pthread_create(&all[i].thread, NULL, take_again_and_again, &all[i]), 0);
    }
    for (intptr_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&givers[i], NULL, give_again_and_again, (void *)(1000 + i)), 0);
    while (atomic_load(&takers) > 0) {
        cancel_one(&all[stress_random_below(&random, (uint32_t)count)]);
        ck_assert_ok(plait_sleep(stress_random_below(&random, 300) * 1e-6));
    }
    long taken = 0, in_vain = 0, left = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(all[i].thread, NULL);
        cancel_one(&all[i]);
        taken += all[i].taken;
        in_vain += all[i].in_vain;
    }
    for (int i = 0; i < 2; i++) pthread_join(givers[i], NULL);
    for (int i = 0; i < OBJECTS; i++) left += permits_left(&permits[i]);
    ck_assert_int_eq(given, taken + left);
    ck_assert_int_eq(failures, 0);
    ck_assert_int_gt(taken, 0);
    ck_assert_int_gt(in_vain, 0);
}

/* ---- wakes alone ---- */

/* Threads that wait for ever beside threads that mostly give up: as many wakes as permits, so a wake that is spent on
 * a thread that has just given up, and not passed on, leaves one of the patient asleep beside a free permit. */
static struct permits one;
static _Atomic int patient_left;

static void *wait_for_ever(void *times) {
    for (intptr_t i = 0; i < (intptr_t)times; i++)
        if (permits_take_until(&one, PLAIT_FOREVER) != PLAIT_OK) atomic_fetch_add(&failures, 1);
    atomic_fetch_sub(&patient_left, 1);
    return NULL;
}

static void *give_up_and_give_back(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    while (atomic_load(&patient_left) > 0) {
        plait_deadline deadline = plait_after(stress_random_below(&random, 100) * 1e-6);
        if (permits_take_until(&one, deadline) != PLAIT_OK) continue;
        permits_give(&one, stress_random_below(&random, 2) ? PLAIT__GIFT : 0);
    }
    return NULL;
}

TEST(a_wake_is_not_spent_on_who_gives_up) {
    enum { PATIENT = 3, HASTY = 3, TIMES = 500 };
    pthread_t patient[PATIENT], hasty[HASTY];
    while (stress_goes_on()) {
        atomic_store(&patient_left, PATIENT);
        for (intptr_t i = 0; i < PATIENT; i++) {
            ck_assert_int_eq(pthread_create(&patient[i], NULL, wait_for_ever, (void *)(intptr_t)TIMES), 0);
        }
        for (intptr_t i = 0; i < HASTY; i++)
            ck_assert_int_eq(pthread_create(&hasty[i], NULL, give_up_and_give_back, (void *)i), 0);
        for (int i = 0; i < PATIENT * TIMES; i++) permits_give(&one, i % 2 ? PLAIT__GIFT : 0);
        for (int i = 0; i < PATIENT; i++) pthread_join(patient[i], NULL);
        for (int i = 0; i < HASTY; i++) pthread_join(hasty[i], NULL);
        ck_assert_uint_eq(permits_left(&one), 0);
    }
    ck_assert_int_eq(failures, 0);
}

/* Forks at random moments, while other threads park, give, sleep, select, are cancelled and take the internal mutex:
 * whatever they were in the middle of, the wait core works in the child. */
#include "permits.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/os.h>
#include <plait/cancel.h>
#include <plait/select.h>
#include <plait/sleep.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, OBJECTS = 2 };

static struct permits permits[OBJECTS];
static int never_ready[2];
static plait_token *_Atomic token;
static _Atomic int begun; /* forks wait for it: a sanitizer has locks of its own while a thread starts */

static void busy_once(struct stress_random *random) {
    struct permits *some = &permits[stress_random_below(random, OBJECTS)];
    plait_deadline soon = plait_after(stress_random_below(random, 200) * 1e-6);
    plait_case cases[] = {permits_case(some), plait_case_descriptor(never_ready[0], POLLIN)};
    switch (stress_random_below(random, 5)) {
    case 0:
        (void)permits_take_until(some, soon);
        break;
    case 1:
        permits_give(some, stress_random_below(random, 2) ? PLAIT__GIFT : 0);
        break;
    case 2:
        (void)plait_sleep_until(soon);
        break;
    case 3:
        if (plait_select_until(cases, 1 + stress_random_below(random, 2), NULL, soon) == PLAIT_INVALID)
            abort();
        break;
    default:
        (void)plait_cancel(atomic_load(&token));
    }
}

static void *be_busy(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    atomic_fetch_add(&begun, 1);
    plait_token *before = plait_token_enter(atomic_load(&token));
    while (stress_goes_on()) {
        bool shielded = stress_random_below(&random, 8) != 0; /* the token is cancelled soon, for good */
        if (shielded) plait_shield_enter();
        busy_once(&random);
        if (shielded) plait_shield_leave();
    }
    plait_token_leave(before);
    return NULL;
}

static void *give_one(void *to) {
    wait_until_asleep_on(to, 1);
    permits_give(to, PLAIT__GIFT);
    return NULL;
}

static void *cancel_it(void *unused) {
    wait_until_asleep_on(NULL, 1);
    return plait_cancel(atomic_load(&token)) == PLAIT_OK ? unused : NULL;
}

/* With threads of its own, where the sanitizer can follow them. */
static int other_threads(void) {
#if !defined(__SANITIZE_THREAD__)
    pthread_t thread;
    static struct permits fresh;
    if (pthread_create(&thread, NULL, give_one, &fresh) != 0) return 11;
    if (permits_take_until(&fresh, PLAIT_FOREVER) != PLAIT_OK) return 12;
    pthread_join(thread, NULL);
    plait_token *mine = plait_token_new(plait_token_root(), PLAIT_FOREVER);
    plait_token *before = plait_token_enter(mine);
    atomic_store(&token, mine);
    if (pthread_create(&thread, NULL, cancel_it, NULL) != 0) return 13;
    if (plait_sleep(1000) != PLAIT_CANCELLED) return 14;
    pthread_join(thread, NULL);
    plait_token_leave(before);
    plait_token_free(mine);
#else
    (void)give_one;
    (void)cancel_it;
#endif
    return 0;
}

static int child_works(void) {
    alarm((unsigned)(10 * test_time_scale()));
    if (plait__running() != 1) return 1;
    if (plait_sleep(0.0001) != PLAIT_OK) return 2;
    for (int i = 0; i < OBJECTS; i++) {
        while (permits_take_until(&permits[i], PLAIT_NOW) == PLAIT_OK) {}
        if (permits_take_until(&permits[i], plait_after(0.0001)) != PLAIT_TIMEOUT) return 3;
        permits_give(&permits[i], PLAIT__GIFT); /* nobody is parked: the count has it */
        if (permits_left(&permits[i]) != 1) return 4;
    }
    plait_case cases[] = {permits_case(&permits[0]), plait_case_descriptor(never_ready[0], POLLIN)};
    if (plait_select(cases, 2, NULL) != PLAIT_OK) return 5;
    if (plait_select_until(cases, 2, NULL, plait_after(0.0001)) != PLAIT_TIMEOUT) return 6;
    return other_threads();
}

TEST_WITHIN(the_wait_core_works_in_the_child, 180) {
    pthread_t threads[THREADS];
    struct stress_random random = stress_random_stream(0);
    ck_assert_int_eq(pipe(never_ready), 0);
    atomic_store(&token, plait_token_new(NULL, PLAIT_FOREVER));
    for (intptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, be_busy, (void *)(i + 1)), 0);
    while (atomic_load(&begun) < THREADS) sched_yield();
    int forks = 0;
    for (; stress_goes_on() || forks < 10; forks++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) _exit(child_works());
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(status == 0, "fork %d: the child ended with status %#x", forks, (unsigned)status);
        (void)plait_sleep(stress_random_below(&random, 100) * 1e-6);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    plait_token_free(atomic_load(&token));
    fprintf(stderr, "# %d forks\n", forks);
}

/* ---- the back end ---- */

static uint32_t word;

static void *wake_all_the_time(void *unused) {
    while (stress_goes_on()) plait__os_wake(&word, 1);
    return unused;
}

/* Whatever guards the word in the back end, a vanished thread may have had it. */
TEST_WITHIN(sleeping_works_in_the_child, 180) {
    pthread_t threads[2];
    (void)plait__self(); /* which asks to be told of forks */
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wake_all_the_time, NULL), 0);
    while (stress_goes_on()) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            alarm((unsigned)(5 * test_time_scale()));
            int64_t until = plait__os_clock() + 1000;
            while (plait__os_sleep(&word, 0, until) != PLAIT__EXPIRED) {}
            plait__os_wake(&word, 1);
            _exit(0);
        }
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

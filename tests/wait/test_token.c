/* Cancel tokens: the tree, the current token of each thread, the shield, and that a cancelled wait ends. */
#include "support/asleep.h"
#include "support/faults.h"
#include "support/test.h"

#include <plait/cancel.h>
#include <plait/sleep.h>

#include <pthread.h>

TEST(a_new_token_is_not_cancelled) {
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    ck_assert(!plait_token_cancelled(token));
    ck_assert_ok(plait_cancel(token));
    ck_assert(plait_token_cancelled(token));
    ck_assert_ok(plait_cancel(token));
    plait_token_free(token);
}

TEST(cancelling_reaches_down_and_not_up) {
    plait_token *top = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *middle = plait_token_new(top, PLAIT_FOREVER);
    plait_token *left = plait_token_new(middle, PLAIT_FOREVER),
                *right = plait_token_new(middle, PLAIT_FOREVER);
    ck_assert_ok(plait_cancel(left));
    ck_assert(plait_token_cancelled(left));
    ck_assert(!plait_token_cancelled(right));
    ck_assert(!plait_token_cancelled(middle));
    ck_assert_ok(plait_cancel(top));
    ck_assert(plait_token_cancelled(right));
    ck_assert(plait_token_cancelled(middle));
    plait_token_free(left);
    plait_token_free(right);
    plait_token_free(middle);
    plait_token_free(top);
}

TEST(a_child_outlives_the_handle_of_its_parent) {
    plait_token *parent = plait_token_new(NULL, plait_after(1000));
    plait_token *child = plait_token_new(parent, PLAIT_FOREVER);
    plait_token_free(parent);
    ck_assert(!plait_token_cancelled(child));
    plait_token_free(child);
}

TEST(a_child_of_a_cancelled_token_is_cancelled) {
    plait_token *parent = plait_token_new(NULL, PLAIT_FOREVER);
    ck_assert_ok(plait_cancel(parent));
    plait_token *child = plait_token_new(parent, PLAIT_FOREVER);
    ck_assert(plait_token_cancelled(child));
    plait_token_free(child);
    plait_token_free(parent);
}

TEST(a_passed_deadline_counts_as_cancelled) {
    plait_token *token = plait_token_new(NULL, PLAIT_NOW);
    ck_assert(plait_token_cancelled(token));
    plait_token *child = plait_token_new(token, PLAIT_FOREVER);
    ck_assert(plait_token_cancelled(child));
    plait_token_free(child);
    plait_token_free(token);
}

TEST(nothing_is_invalid_to_cancel_and_free_to_free) {
    ck_assert_status(plait_cancel(NULL), PLAIT_INVALID);
    plait_token_free(NULL);
    plait_token_free(plait_token_root());
    ck_assert(!plait_token_cancelled(plait_token_root()));
}

TEST(enter_and_leave_nest) {
    plait_token *outer = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *first = plait_token_enter(outer);
    plait_token *inner = plait_token_new(NULL, PLAIT_FOREVER); /* below the current one, `outer` */
    plait_token *second = plait_token_enter(inner);
    ck_assert_ptr_eq(second, outer);
    ck_assert_ptr_eq(plait_token_current(), inner);
    ck_assert(!plait_cancelled());
    ck_assert_ok(plait_cancel(outer));
    ck_assert(plait_cancelled());
    plait_token_leave(second);
    ck_assert_ptr_eq(plait_token_current(), outer);
    plait_token_leave(first);
    ck_assert_ptr_eq(plait_token_current(), plait_token_root());
    ck_assert(!plait_cancelled());
    plait_token_free(inner);
    plait_token_free(outer);
}

TEST(a_shield_hides_the_token_until_its_scope_is_left) {
    plait_token *token = plait_token_new(NULL, PLAIT_NOW);
    plait_token *before = plait_token_enter(token);
    ck_assert(plait_cancelled());
    {
        plait_shield();
        ck_assert(!plait_cancelled());
        ck_assert_ok(plait_sleep(0.001));
        {
            plait_shield();
            ck_assert(!plait_cancelled());
        }
        ck_assert(!plait_cancelled());
    }
    ck_assert(plait_cancelled());
    ck_assert_status(plait_sleep(1000), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
}

TEST(the_deadline_of_a_token_ends_a_wait) {
    plait_token *token = plait_token_new(NULL, plait_after(0.01));
    plait_token *before = plait_token_enter(token);
    ck_assert_status(plait_sleep(1000), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
}

/* A thread that sleeps under a token until it is cancelled. */
struct sleeper {
    pthread_t thread;
    plait_token *token;
    plait_status ended;
};

static void *sleep_long(void *argument) {
    struct sleeper *sleeper = argument;
    plait_token *before = plait_token_enter(sleeper->token);
    sleeper->ended = plait_sleep(1000);
    plait_token_leave(before);
    return NULL;
}

TEST(cancelling_the_parent_wakes_the_sleepers_of_every_child) {
    enum { SLEEPERS = 8 };
    struct sleeper sleepers[SLEEPERS];
    plait_token *parent = plait_token_new(NULL, PLAIT_FOREVER);
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i].token = plait_token_new(parent, PLAIT_FOREVER);
        ck_assert_int_eq(pthread_create(&sleepers[i].thread, NULL, sleep_long, &sleepers[i]), 0);
    }
    wait_until_asleep(SLEEPERS);
    ck_assert_ok(plait_cancel(parent));
    for (int i = 0; i < SLEEPERS; i++) {
        pthread_join(sleepers[i].thread, NULL);
        ck_assert_int_eq(sleepers[i].ended, PLAIT_CANCELLED);
        plait_token_free(sleepers[i].token);
    }
    plait_token_free(parent);
}

static plait_status make_a_family(void) {
    plait_token *parent = plait_token_new(NULL, PLAIT_FOREVER);
    if (!parent) return plait_last_error();
    plait_token *child = plait_token_new(parent, PLAIT_FOREVER);
    plait_status status = child ? plait_cancel(parent) : plait_last_error();
    plait_token_free(parent);
    plait_token_free(child);
    return status;
}

TEST(a_family_survives_lack_of_memory) {
    ck_assert_int_eq(fault_every(make_a_family), 2);
}

/* ---- who keeps a token alive ---- */

TEST(a_thread_keeps_its_current_token_alive) {
    fault_install();
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_token_free(token);
    ck_assert_int_eq(fault_outstanding(), 1);
    ck_assert(!plait_cancelled());
    ck_assert_ok(plait_sleep(0.001));
    plait_token *child = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *inner = plait_token_enter(child);
    plait_token_free(child);
    ck_assert_ok(plait_cancel(plait_token_current()));
    ck_assert_status(plait_sleep(1000), PLAIT_CANCELLED);
    plait_token_leave(inner);
    ck_assert_ptr_eq(plait_token_current(), token);
    ck_assert_ok(plait_sleep(0.001));
    plait_token_leave(before);
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(no_token_is_the_root) {
    plait_token *before = plait_token_enter(NULL);
    ck_assert_ptr_eq(plait_token_current(), plait_token_root());
    plait_token_leave(before);
    ck_assert_ptr_eq(plait_token_current(), plait_token_root());
    ck_assert(!plait_token_cancelled(NULL));
}

TEST(the_own_deadline_is_a_timeout_and_that_of_the_token_a_cancel) {
    plait_token *late = plait_token_new(NULL, plait_after(1000));
    plait_token *before = plait_token_enter(late);
    ck_assert_ok(plait_sleep(0.001)); /* the sleep's own */
    plait_token_leave(before);
    plait_token_free(late);
    plait_token *token = plait_token_new(NULL, plait_after(0.02));
    before = plait_token_enter(token);
    ck_assert_status(plait_sleep(1000), PLAIT_CANCELLED);
    ck_assert_status(plait_sleep(0.001), PLAIT_CANCELLED); /* it has passed for good */
    ck_assert_ok(plait_sleep(0));                          /* which need not wait */
    plait_shield();
    ck_assert_ok(plait_sleep(0.001));
    plait_token_leave(before);
    plait_token_free(token);
}

/* The sleeper frees its token as soon as it is awake, while the canceller may still be busy with others. */
static pthread_barrier_t ready;

static void *sleep_and_free(void *argument) {
    struct sleeper *sleeper = argument;
    plait_token *token = plait_token_new(sleeper->token, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_token_free(token);
    pthread_barrier_wait(&ready);
    sleeper->ended = plait_sleep(1000);
    plait_token_leave(before);
    return NULL;
}

TEST(a_token_may_go_right_after_the_wait) {
    enum { SLEEPERS = 16, ROUNDS = 30 };
    struct sleeper sleepers[SLEEPERS];
    pthread_barrier_init(&ready, NULL, SLEEPERS + 1);
    for (int round = 0; round < ROUNDS; round++) {
        plait_token *parent = plait_token_new(NULL, PLAIT_FOREVER);
        for (int i = 0; i < SLEEPERS; i++) {
            sleepers[i] = (struct sleeper){.token = parent};
            ck_assert_int_eq(pthread_create(&sleepers[i].thread, NULL, sleep_and_free, &sleepers[i]), 0);
        }
        pthread_barrier_wait(&ready); /* some sleep, some are just about to */
        ck_assert_ok(plait_cancel(parent));
        for (int i = 0; i < SLEEPERS; i++) {
            pthread_join(sleepers[i].thread, NULL);
            ck_assert_int_eq(sleepers[i].ended, PLAIT_CANCELLED);
        }
        plait_token_free(parent);
    }
    pthread_barrier_destroy(&ready);
}

/* Queues in a select: the winning case is performed, no other. */
#include "support.h"

#include <wait/case.h>

static plait_queue *left, *right;

TEST(a_ready_get_is_performed) {
    left = plait_queue_of(int, 0), right = plait_queue_of(int, 0);
    int one = 1, from_left = 0, from_right = 0;
    ck_assert_ok(plait_queue_put(right, &one));
    plait_case cases[] = {plait_case_get(left, &from_left), plait_case_get(right, &from_right)};
    size_t which = 9;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_status(cases[1].status, PLAIT_OK);
    ck_assert_int_eq(from_right, 1);
    ck_assert_status(plait_select_nowait(cases, 2, &which), PLAIT_BUSY);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

TEST(of_two_ready_gets_one_is_performed) {
    left = plait_queue_of(int, 0), right = plait_queue_of(int, 0);
    int chosen[2] = {0, 0};
    for (int i = 0; i < 200; i++) {
        ck_assert_ok(plait_queue_put(left, &i));
        ck_assert_ok(plait_queue_put(right, &i));
        int got;
        plait_case cases[] = {plait_case_get(left, &got), plait_case_get(right, &got)};
        size_t which;
        ck_assert_ok(plait_select(cases, 2, &which));
        ck_assert_int_eq(got, i);
        ck_assert_uint_eq(plait_queue_qsize(left) + plait_queue_qsize(right), 1);
        chosen[which]++;
        ck_assert_ok(plait_queue_get(which == 0 ? right : left, &got));
    }
    ck_assert_int_gt(chosen[0], 20);
    ck_assert_int_gt(chosen[1], 20);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

static void *get_from_either(void *arg) {
    (void)arg;
    int got = 0;
    plait_case cases[] = {plait_case_get(left, &got), plait_case_get(right, &got)};
    size_t which;
    plait_status status = plait_select(cases, 2, &which);
    if (status != PLAIT_OK || cases[which].status != PLAIT_OK) return (void *)(intptr_t)-1;
    return (void *)(intptr_t)got;
}

TEST(a_waiting_select_is_woken_by_a_put) {
    left = plait_queue_of(int, 0), right = plait_queue_of(int, 0);
    pthread_t thread = queue_thread(get_from_either, NULL);
    wait_until_asleep_in("select", 1);
    ck_assert_status(plait_queue_free(left), PLAIT_BUSY);
    ck_assert_status(plait_queue_free(right), PLAIT_BUSY);
    int item = 3;
    ck_assert_ok(plait_queue_put(right, &item));
    ck_assert_ptr_eq(queue_thread_end(thread), (void *)3);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

/* A wake that a select did not use must not be lost on those who wait behind it. */
TEST(selects_and_gets_share_what_is_put) {
    enum { EACH = 8 };
    left = plait_queue_of(int, 0), right = plait_queue_of(int, 0);
    pthread_t threads[EACH];
    for (int i = 0; i < EACH; i++) threads[i] = queue_thread(get_from_either, NULL);
    wait_until_asleep_in("select", EACH);
    int sum = 0;
    for (int i = 1; i <= EACH; i++) ck_assert_ok(plait_queue_put(i % 2 ? left : right, &i));
    for (int i = 0; i < EACH; i++) sum += (int)(intptr_t)queue_thread_end(threads[i]);
    ck_assert_int_eq(sum, EACH * (EACH + 1) / 2);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

static void *put_into_either(void *arg) {
    int item = (int)(intptr_t)arg;
    plait_case cases[] = {plait_case_put(left, &item), plait_case_put(right, &item)};
    size_t which;
    plait_status status = plait_select(cases, 2, &which);
    return (void *)(intptr_t)(status == PLAIT_OK ? cases[which].status : status);
}

TEST(a_put_is_a_case_too) {
    left = plait_queue_of(int, 1), right = plait_queue_of(int, 1);
    int item = 1;
    ck_assert_ok(plait_queue_put(left, &item));
    ck_assert_ptr_eq(put_into_either((void *)2), (void *)PLAIT_OK);
    pthread_t thread = queue_thread(put_into_either, (void *)3);
    wait_until_asleep_in("select", 1);
    ck_assert_ok(plait_queue_get(left, &item));
    ck_assert_ptr_eq(queue_thread_end(thread), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_get(left, &item));
    ck_assert_int_eq(item, 3);
    ck_assert_ok(plait_queue_get(right, &item));
    ck_assert_int_eq(item, 2);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

TEST(a_shutdown_is_performed_as_a_status) {
    left = plait_queue_of(int, 1), right = plait_queue_of(int, 1);
    pthread_t getter = queue_thread(get_from_either, NULL);
    wait_until_asleep_in("select", 1);
    ck_assert_ok(plait_queue_shutdown(right, false));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)(intptr_t)-1);
    int item = 0;
    plait_case cases[] = {plait_case_put(right, &item)};
    ck_assert_ok(plait_select(cases, 1, NULL));
    ck_assert_status(cases[0].status, PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

TEST(a_select_that_moves_from_queue_to_itself_is_possible) {
    left = plait_queue_of(int, 1);
    int in = 5, out = 0;
    for (int i = 0; i < 10; i++) {
        plait_case cases[] = {plait_case_get(left, &out), plait_case_put(left, &in)};
        size_t which;
        ck_assert_ok(plait_select(cases, 2, &which));
        ck_assert_uint_eq(which, i % 2 ? 0 : 1);
    }
    ck_assert_int_eq(out, 5);
    ck_assert_ok(plait_queue_free(left));
}

/* ---- what comes between the attempt and the enqueuing ---- */

static plait_status (*meddle)(plait_queue *queue);

static bool never(plait_case *one) {
    (void)one;
    return false;
}

static bool meddle_once(plait_case *one, struct plait__node *node) {
    (void)node;
    if (meddle) one->status = meddle(one->object);
    meddle = NULL;
    return true;
}

static void not_listed(plait_case *one, struct plait__node *node) {
    (void)one, (void)node;
}

static const struct plait__case_kind meddling = {"meddling", never, meddle_once, not_listed};

static plait_status put_five(plait_queue *queue) {
    int item = 5;
    return plait_queue_put_nowait(queue, &item);
}

static plait_status get_five(plait_queue *queue) {
    int item = 0;
    plait_status status = plait_queue_get_nowait(queue, &item);
    return status == PLAIT_OK && item != 5 ? PLAIT_FAILED : status;
}

static plait_status shut_down(plait_queue *queue) {
    return plait_queue_shutdown(queue, false);
}

/* Of the cases in their random order the meddling one comes first in half of the rounds, and the other one may
 * not sleep then. */
static void check_enqueuing(bool full, plait_status (*meddles)(plait_queue *queue), plait_status expected) {
    for (int i = 0; i < 40; i++) {
        left = i % 4 < 2 ? plait_queue_of(int, 1) : plait_lifo_queue_of(int, 1);
        if (full) ck_assert_ok(put_five(left));
        int item = 6;
        meddle = meddles;
        plait_case cases[] = {{.kind = &meddling, .object = left},
                              full ? plait_case_put(left, &item) : plait_case_get(left, &item)};
        size_t which = 9;
        ck_assert_ok(plait_select(cases, 2, &which));
        ck_assert_status(cases[0].status, PLAIT_OK);
        ck_assert_uint_eq(which, 1);
        ck_assert_status(cases[1].status, expected);
        ck_assert_int_eq(item, full || expected != PLAIT_OK ? 6 : 5);
        ck_assert_ok(plait_queue_free(left));
    }
}

TEST(what_comes_while_a_select_enqueues_is_seen) {
    check_enqueuing(false, put_five, PLAIT_OK);
    check_enqueuing(true, get_five, PLAIT_OK);
    check_enqueuing(false, shut_down, PLAIT_SHUTDOWN);
    check_enqueuing(true, shut_down, PLAIT_SHUTDOWN);
}

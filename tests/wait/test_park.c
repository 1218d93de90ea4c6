/* Parking and unparking: who is claimed, in which order, and what becomes of those who leave by themselves. */
#include "permits.h"
#include "support/stress.h"
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct permits permits;

static void *take_forever(void *unused) {
    (void)unused;
    return (void *)(intptr_t)permits_take_until(&permits, PLAIT_FOREVER);
}

static plait_status result_of(pthread_t thread) {
    void *status;
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    return (plait_status)(intptr_t)status;
}

static int parked_on(const void *address) {
    struct plait__wait_list *list = plait__parking(address);
    int count = 0;
    plait__mutex_lock(&list->mutex);
    for (struct plait__node *node = plait__parked(list, address); node;
         node = plait__parked_after(list, node))
        count++;
    plait__mutex_unlock(&list->mutex);
    return count;
}

TEST(a_claim_ends_the_wait_with_and_without_a_gift) {
    for (int gift = 0; gift < 2; gift++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, take_forever, NULL), 0);
        wait_until_asleep_on(&permits, 1);
        permits_give(&permits, gift ? PLAIT__GIFT : 0);
        ck_assert_int_eq(result_of(thread), PLAIT_OK);
        ck_assert_uint_eq(permits_left(&permits), 0);
        ck_assert_int_eq(parked_on(&permits), 0);
    }
}

TEST(a_deadline_takes_the_node_off_and_leaves_errno_alone) {
    errno = EDOM;
    ck_assert_status(permits_take_until(&permits, plait_after(0.002)), PLAIT_TIMEOUT);
    ck_assert_int_eq(errno, EDOM);
    ck_assert_int_eq(parked_on(&permits), 0);
    permits_give(&permits, PLAIT__GIFT);
    ck_assert_uint_eq(permits_left(&permits), 1);
}

/* ---- order ---- */

static _Atomic int turn;

struct place {
    pthread_t thread;
    unsigned flags;
    int number, woken_as;
};

static void *park_once(void *argument) {
    struct place *place = argument;
    struct plait__wait_list *list = plait__parking(&permits);
    struct plait__park how = {.kind = "place", .deadline = PLAIT_FOREVER, .flags = place->flags};
    plait__mutex_lock(&list->mutex);
    uint32_t claim = plait__park(list, &permits, &how);
    place->woken_as = atomic_fetch_add(&turn, 1);
    return (void *)(intptr_t)(claim == (PLAIT__FIRST | PLAIT__GIFT) ? PLAIT_OK : PLAIT_BROKEN);
}

TEST(the_first_come_is_the_first_served_and_who_goes_to_the_head_before_it) {
    struct place places[] = {{.number = 1}, {.number = 2}, {.flags = PLAIT__AT_HEAD, .number = 0}};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_create(&places[i].thread, NULL, park_once, &places[i]), 0);
        wait_until_asleep_on(&permits, i + 1);
    }
    for (int woken = 1; woken <= 3; woken++) {
        permits_give(&permits, PLAIT__GIFT);
        while (atomic_load(&turn) < woken) sched_yield();
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(result_of(places[i].thread), PLAIT_OK);
        ck_assert_int_eq(places[i].woken_as, places[i].number);
    }
}

/* ---- addresses that share a list ---- */

TEST(who_shares_a_list_is_not_mixed_up) {
    static struct permits many[4096];
    size_t other = 1;
    while (plait__parking(&many[other]) != plait__parking(&many[0])) other++;
    ck_assert_uint_lt(other, 4096);
    struct plait__wait_list *list = plait__parking(&many[0]);
    struct plait__waiter waiters[4];
    struct plait__node nodes[4];
    for (int i = 0; i < 4; i++) {
        const void *address = &many[i % 2 ? other : 0];
        plait__waiter_init(&waiters[i], "test", address);
        plait__node_init(&nodes[i], &waiters[i], address, 0);
        plait__list_append(&list->nodes, &nodes[i].link);
    }
    ck_assert_ptr_eq(plait__parked(list, &many[0]), &nodes[0]);
    ck_assert_ptr_eq(plait__parked_after(list, &nodes[0]), &nodes[2]);
    ck_assert_ptr_null(plait__parked_after(list, &nodes[2]));
    ck_assert_ptr_eq(plait__parked(list, &many[other]), &nodes[1]);
    ck_assert_ptr_eq(plait__parked_after(list, &nodes[1]), &nodes[3]);
    for (int i = 0; i < 4; i++) plait__list_remove(&nodes[i].link);
    ck_assert_ptr_null(plait__parked(list, &many[0]));
}

/* ---- claims ---- */

TEST(only_the_first_claim_counts) {
    struct plait__wait_list *list = plait__parking(&permits);
    struct plait__wakes wakes = {.count = 0};
    struct plait__waiter waiter;
    struct plait__node nodes[2];
    plait__waiter_init(&waiter, "test", &permits);
    for (uint32_t i = 0; i < 2; i++) {
        plait__node_init(&nodes[i], &waiter, &permits, i);
        plait__list_append(&list->nodes, &nodes[i].link);
    }
    ck_assert(plait__claim(&nodes[1], PLAIT__GIFT, &wakes));
    ck_assert(!plait__linked(&nodes[1].link));
    ck_assert(!plait__claim(&nodes[0], 0, &wakes));
    ck_assert(!plait__linked(&nodes[0].link)); /* off the list all the same */
    ck_assert(!plait__claim_itself(&waiter, PLAIT__TIMED_OUT));
    ck_assert_uint_eq(wakes.count, 0); /* it did not sleep */
    uint32_t claim = plait__wait(&waiter, PLAIT_FOREVER, true);
    ck_assert(plait__claimed_node(claim));
    ck_assert_uint_eq(plait__claimed_index(claim), 1);
    ck_assert(claim & PLAIT__GIFT);
}

TEST(a_claim_beats_a_deadline_that_has_passed) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, "test", &permits);
    plait__node_init(&node, &waiter, &permits, 0);
    plait__list_append(&plait__parking(&permits)->nodes, &node.link);
    ck_assert(plait__claim(&node, 0, &wakes));
    ck_assert_uint_eq(plait__wait(&waiter, PLAIT_NOW, true), PLAIT__FIRST);
}

TEST(each_claim_has_its_status) {
    ck_assert_int_eq(plait__claim_status(PLAIT__TIMED_OUT), PLAIT_TIMEOUT);
    ck_assert_int_eq(plait__claim_status(PLAIT__CANCELLED), PLAIT_CANCELLED);
    ck_assert_int_eq(plait__claim_status(PLAIT__INTERRUPTED), PLAIT_INTERRUPTED);
    ck_assert_int_eq(plait__claim_status(PLAIT__FAILED), PLAIT_ERRNO);
    ck_assert_int_eq(plait__claim_status(PLAIT__FIRST + 3), PLAIT_OK);
}

/* More wakes than plait__wakes holds. */
TEST(a_crowd_can_be_woken_at_once) {
    enum { CROWD = 3 * PLAIT__WAKES + 1 };
    pthread_t threads[CROWD];
    for (int i = 0; i < CROWD; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_forever, NULL), 0);
    wait_until_asleep_on(&permits, CROWD);
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(&permits);
    plait__mutex_lock(&list->mutex);
    for (struct plait__node *node; (node = plait__parked(list, &permits)) != NULL;)
        plait__claim(node, PLAIT__GIFT, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    ck_assert_uint_eq(wakes.count, 0);
    for (int i = 0; i < CROWD; i++) ck_assert_int_eq(result_of(threads[i]), PLAIT_OK);
}

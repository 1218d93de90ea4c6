/* A queue in which nothing lies: a put and a get meet, exactly once each, in selects too. */
#include "support.h"
#include "support/stress.h"

#include <sched.h>
#include <wait/case.h>

static plait_queue *queue;

static void *put_one(void *item) {
    intptr_t value = (intptr_t)item;
    return (void *)(intptr_t)plait_queue_put(queue, &value);
}

static void *get_one(void *arg) {
    (void)arg;
    intptr_t item = -1;
    plait_status status = plait_queue_get(queue, &item);
    return (void *)(status == PLAIT_OK ? item : -(intptr_t)status);
}

TEST(nobody_there_nothing_done) {
    queue = plait_rendezvous_queue_of(intptr_t);
    intptr_t item = 3;
    ck_assert_status(plait_queue_put_nowait(queue, &item), PLAIT_FULL);
    ck_assert_status(plait_queue_get_nowait(queue, &item), PLAIT_EMPTY);
    ck_assert_status(plait_queue_peek(queue, &item), PLAIT_EMPTY);
    ck_assert_status(plait_queue_put_until(queue, &item, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_status(plait_queue_get_until(queue, &item, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_int_eq(item, 3);
    ck_assert(plait_queue_empty(queue));
    ck_assert(plait_queue_full(queue));
    ck_assert_uint_eq(plait_queue_qsize(queue), 0);
    ck_assert_ok(plait_queue_join(queue));
    ck_assert_ok(plait_queue_free(queue));
    ck_assert_ptr_null(plait_rendezvous_queue_new(0));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
}

TEST(a_waiting_getter_is_given_the_item) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    intptr_t item = 42, second = 43;
    ck_assert_ok(plait_queue_put_nowait(queue, &item));
    ck_assert_status(plait_queue_put_nowait(queue, &second), PLAIT_FULL); /* it wants no second one */
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)42);
    ck_assert_status(plait_queue_join_until(queue, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_ok(plait_queue_task_done(queue));
    ck_assert_ok(plait_queue_join(queue));
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_waiting_putter_goes_on_when_its_item_is_taken) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putter = queue_thread(put_one, (void *)7);
    wait_until_asleep_in("queue.put", 1);
    ck_assert_status(plait_queue_free(queue), PLAIT_BUSY);
    intptr_t item = 0;
    ck_assert_ok(plait_queue_get_nowait(queue, &item));
    ck_assert_int_eq(item, 7);
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_status(plait_queue_get_nowait(queue, &item), PLAIT_EMPTY);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(who_waits_longest_is_met_first) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putters[5];
    for (intptr_t i = 0; i < 5; i++) {
        putters[i] = queue_thread(put_one, (void *)(i + 1));
        wait_until_asleep_in("queue.put", (int)i + 1);
    }
    for (intptr_t i = 0; i < 5; i++) {
        intptr_t item = 0;
        ck_assert_ok(plait_queue_get(queue, &item));
        ck_assert_int_eq(item, i + 1);
    }
    for (int i = 0; i < 5; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(shutdown_sends_all_away_with_their_items) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putters[3];
    for (int i = 0; i < 3; i++) putters[i] = queue_thread(put_one, (void *)1);
    wait_until_asleep_in("queue.put", 3);
    ck_assert_ok(plait_queue_shutdown(queue, false));
    for (int i = 0; i < 3; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_SHUTDOWN);
    intptr_t item = 0;
    ck_assert_status(plait_queue_get(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_peek(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_status(plait_queue_put_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(queue));

    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)(intptr_t)-PLAIT_SHUTDOWN);
    ck_assert_ok(plait_queue_free(queue));
}

static size_t put_by_thread;

static void *put_ten(void *arg) {
    (void)arg;
    intptr_t items[10];
    for (int i = 0; i < 10; i++) items[i] = i;
    return (void *)(intptr_t)plait_queue_put_many(queue, items, 10, &put_by_thread);
}

TEST(many_meet_one_by_one) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putter = queue_thread(put_ten, NULL);
    intptr_t items[4];
    for (intptr_t next = 0; next < 10;) {
        size_t got;
        ck_assert_ok(plait_queue_get_many(queue, items, 4, &got));
        for (size_t i = 0; i < got; i++) ck_assert_int_eq(items[i], next++);
    }
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_uint_eq(put_by_thread, 10);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(put_many_tells_how_many_were_taken) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putter = queue_thread(put_ten, NULL);
    intptr_t item;
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_SHUTDOWN);
    ck_assert_uint_eq(put_by_thread, 3);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(several_waiting_putters_are_met_at_once) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t putters[5];
    for (intptr_t i = 0; i < 5; i++) putters[i] = queue_thread(put_one, (void *)i);
    wait_until_asleep_in("queue.put", 5);
    intptr_t items[8];
    size_t got;
    ck_assert_ok(plait_queue_get_many_nowait(queue, items, 8, &got));
    ck_assert_uint_eq(got, 5);
    for (int i = 0; i < 5; i++) ck_assert_ptr_eq(queue_thread_end(putters[i]), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(queue));
}

/* ---- selects ---- */

TEST(a_select_does_not_meet_itself) {
    queue = plait_rendezvous_queue_of(intptr_t);
    intptr_t in = 1, out = 2;
    plait_case cases[] = {plait_case_put(queue, &in), plait_case_get(queue, &out)};
    ck_assert_status(plait_select_nowait(cases, 2, NULL), PLAIT_BUSY);
    ck_assert_status(plait_select_until(cases, 2, NULL, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert_int_eq(out, 2);
    ck_assert_ok(plait_queue_free(queue));
}

static void *offer_and_ask(void *arg) {
    intptr_t in = 1, out = 0;
    plait_case cases[] = {plait_case_put(queue, &in), plait_case_get(queue, &out)};
    (void)arg;
    return (void *)(plait_select(cases, 2, NULL) == PLAIT_OK ? out : -1);
}

/* It does not look for itself again and again either: it sleeps. */
TEST(a_select_that_fits_itself_waits_for_another) {
    queue = plait_rendezvous_queue_of(intptr_t);
    pthread_t thread = queue_thread(offer_and_ask, NULL);
    wait_until_asleep_in("select", 1);
    intptr_t item = 12;
    ck_assert_ok(plait_queue_put_nowait(queue, &item));
    ck_assert_ptr_eq(queue_thread_end(thread), (void *)12);
    ck_assert_ok(plait_queue_free(queue));
}

/* A case that is never ready, and that sends somebody to the queue while the select enqueues its cases. */
static void *(*sent)(void *);
static pthread_t sent_thread;
static int sent_done, sent_already;

static void *run_sent(void *arg) {
    void *result = sent(arg);
    plait__store_release(&sent_done, 1);
    return result;
}

static bool never_ready(plait_case *one) {
    (void)one;
    return false;
}

static bool send_somebody(plait_case *one, struct plait__node *node) {
    (void)one, (void)node;
    if (sent_already) return true;
    sent_already = 1;
    sent_thread = queue_thread(run_sent, (void *)5);
    while (!plait__load_acquire(&sent_done) && !threads_asleep_in(NULL)) sched_yield();
    return true;
}

static void nothing_listed(plait_case *one, struct plait__node *node) {
    (void)one, (void)node;
}

static const struct plait__case_kind sending = {"sending", never_ready, send_somebody, nothing_listed};

/* Whoever comes between the attempt and the enqueuing is seen. */
TEST(who_comes_while_a_select_enqueues_is_met) {
    for (int i = 0; i < 40; i++) {
        queue = plait_rendezvous_queue_of(intptr_t);
        intptr_t in = 6, out = 0;
        bool gets = i % 2;
        sent = gets ? put_one : get_one;
        sent_done = sent_already = 0;
        plait_case cases[] = {{.kind = &sending, .object = &sent_done},
                              gets ? plait_case_get(queue, &out) : plait_case_put(queue, &in)};
        size_t which = 9;
        ck_assert_ok(plait_select(cases, 2, &which));
        ck_assert_uint_eq(which, 1);
        ck_assert_ok(cases[1].status);
        ck_assert_ptr_eq(queue_thread_end(sent_thread), (void *)(intptr_t)(gets ? PLAIT_OK : 6));
        ck_assert_int_eq(out, gets ? 5 : 0);
        ck_assert_ok(plait_queue_free(queue));
    }
}

static plait_queue *left, *right;
static int odd;

/* Puts one of 1..rounds into whichever of the two is taken; then puts 0. */
static void *put_by_select(void *arg) {
    (void)arg;
    for (intptr_t item = 1; item < 100 || stress_goes_on(); item++) {
        plait_case cases[] = {plait_case_put(left, &item), plait_case_put(right, &item)};
        size_t which = 9;
        if (plait_select(cases, 2, &which) != PLAIT_OK || which > 1 || cases[which].status != PLAIT_OK)
            plait__add(&odd, 1);
    }
    intptr_t last = 0;
    plait_case cases[] = {plait_case_put(right, &last), plait_case_put(left, &last)};
    if (plait_select(cases, 2, NULL) != PLAIT_OK) plait__add(&odd, 1);
    return NULL;
}

/* Two selects in two threads meet again and again, in either queue; no item is lost or doubled. */
TEST(two_selects_meet_exactly_once) {
    left = plait_rendezvous_queue_of(intptr_t), right = plait_rendezvous_queue_of(intptr_t);
    stress_goes_on();
    pthread_t putter = queue_thread(put_by_select, NULL);
    intptr_t expected = 1, met[2] = {0, 0};
    for (;; expected++) {
        intptr_t got[2] = {-1, -1};
        plait_case cases[] = {plait_case_get(right, &got[0]), plait_case_get(left, &got[1])};
        size_t which = 9;
        ck_assert_ok(plait_select(cases, 2, &which));
        ck_assert_ok(cases[which].status);
        ck_assert_int_eq(got[1 - which], -1);
        if (got[which] == 0) break;
        ck_assert_int_eq(got[which], expected);
        met[which]++;
    }
    queue_thread_end(putter);
    ck_assert_int_eq(odd, 0);
    ck_assert_int_gt(met[0], 0);
    ck_assert_int_gt(met[1], 0);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

/* Each thread offers on one queue and asks on the other, both in one select: A puts left and gets right, B
 * puts right and gets left. Whichever pair comes about, both sides must say the same of it. */
struct side_of_it {
    plait_queue *puts, *gets;
    intptr_t put, got, rounds;
};

static void *trade(void *arg) {
    struct side_of_it *side = arg;
    for (intptr_t i = 0; i < side->rounds; i++) {
        intptr_t offer = i, taken = -1;
        plait_case cases[] = {plait_case_put(side->puts, &offer), plait_case_get(side->gets, &taken)};
        size_t which = 9;
        if (plait_select(cases, 2, &which) != PLAIT_OK || cases[which].status != PLAIT_OK)
            plait__add(&odd, 1);
        if (which == 0)
            side->put++;
        else
            side->got++;
        if (which == 1 && taken != i) plait__add(&odd, 1); /* both are in the same round */
        if (which == 0 && taken != -1) plait__add(&odd, 1);
    }
    return NULL;
}

TEST(selects_that_could_meet_in_two_ways_meet_in_one) {
    left = plait_rendezvous_queue_of(intptr_t), right = plait_rendezvous_queue_of(intptr_t);
    struct side_of_it one = {left, right, 0, 0, 3000}, other = {right, left, 0, 0, 3000};
    pthread_t thread = queue_thread(trade, &one);
    trade(&other);
    queue_thread_end(thread);
    ck_assert_int_eq(odd, 0);
    ck_assert_int_eq(one.put, other.got);
    ck_assert_int_eq(one.got, other.put);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

static void *select_get(void *arg) {
    (void)arg;
    intptr_t item = -1;
    plait_case cases[] = {plait_case_get(left, &item), plait_case_get(right, &item)};
    plait_status status = plait_select(cases, 2, NULL);
    return (void *)(status == PLAIT_OK ? item : -(intptr_t)status);
}

TEST(a_plain_put_meets_a_waiting_select) {
    left = plait_rendezvous_queue_of(intptr_t), right = plait_rendezvous_queue_of(intptr_t);
    pthread_t getter = queue_thread(select_get, NULL);
    wait_until_asleep_in("select", 1);
    intptr_t item = 6;
    ck_assert_ok(plait_queue_put_nowait(right, &item));
    ck_assert_status(plait_queue_put_nowait(left, &item), PLAIT_FULL); /* it has chosen */
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)6);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

TEST(a_select_meets_a_waiting_put) {
    left = queue = plait_rendezvous_queue_of(intptr_t), right = plait_rendezvous_queue_of(intptr_t);
    pthread_t putter = queue_thread(put_one, (void *)8);
    wait_until_asleep_in("queue.put", 1);
    ck_assert_ptr_eq(select_get(NULL), (void *)8);
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_ok(plait_queue_free(left));
    ck_assert_ok(plait_queue_free(right));
}

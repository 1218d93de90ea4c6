/* No notification is lost: a small buffer whose putters and getters notify exactly one another, with one notification
 * for each change, while deadlines pass and cancels come at any moment. One that went astray would leave a patient
 * thread asleep beside work that it could do, and in the end all of them. */
#include "impatience.h"

#include <plait.h>

#include <sched.h>

enum { MOST = 64, ROOM = 3 };

/* A buffer of which only the number of its items matters, guarded by a lock or by an rlock. */
static struct {
    bool with_rlock;
    plait_lock lock;
    plait_rlock rlock;
    plait_condition filled, emptied;
    int items;
    long put, got;
} buffer;

static struct impatience patience[MOST];
static bool over;

static void enter(void) {
    must((buffer.with_rlock ? plait_rlock_acquire(&buffer.rlock) : plait_lock_acquire(&buffer.lock)) ==
         PLAIT_OK);
}

static void leave(void) {
    must((buffer.with_rlock ? plait_rlock_release(&buffer.rlock) : plait_lock_release(&buffer.lock)) ==
         PLAIT_OK);
}

static plait_status wait_at(plait_condition *condition, plait_deadline deadline) {
    plait_status status = buffer.with_rlock
                              ? plait_condition_wait_until_rlock(condition, &buffer.rlock, deadline)
                              : plait_condition_wait_until(condition, &buffer.lock, deadline);
    must(buffer.with_rlock ? plait_rlock_owned(&buffer.rlock) : plait_lock_locked(&buffer.lock));
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_CANCELLED);
    return status;
}

static bool is_over(void) {
    return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

/* Who gives up leaves at once, though there may be something to do: then a notification that it had swallowed would
 * be lost. */
static void put(plait_deadline deadline, bool outside) {
    enter();
    while (buffer.items == ROOM && !is_over()) {
        if (wait_at(&buffer.emptied, deadline) != PLAIT_OK) {
            leave();
            return;
        }
    }
    if (buffer.items < ROOM) {
        buffer.items++;
        buffer.put++;
        if (!outside) plait_condition_notify(&buffer.filled, 1);
    }
    leave();
    if (outside) plait_condition_notify(&buffer.filled, 1);
}

static void get(plait_deadline deadline, bool outside) {
    enter();
    while (buffer.items == 0 && !is_over()) {
        if (wait_at(&buffer.filled, deadline) != PLAIT_OK) {
            leave();
            return;
        }
    }
    if (buffer.items > 0) {
        buffer.items--;
        buffer.got++;
        if (!outside) plait_condition_notify(&buffer.emptied, 1);
    }
    leave();
    if (outside) plait_condition_notify(&buffer.emptied, 1);
}

static void *put_patiently(void *unused) {
    (void)unused;
    while (!is_over()) put(PLAIT_FOREVER, false);
    return NULL;
}

static void *get_patiently(void *unused) {
    (void)unused;
    while (!is_over()) get(PLAIT_FOREVER, false);
    return NULL;
}

static void *be_impatient(void *arg) {
    int me = (int)(size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    while (!is_over()) {
        bool outside = stress_random_below(&random, 4) == 0;
        impatience_begin(&patience[me], &random);
        if (stress_random_below(&random, 2))
            put(impatience_deadline(&random), outside);
        else
            get(impatience_deadline(&random), outside);
        impatience_end(&patience[me]);
    }
    return NULL;
}

/* The number of items that went through, at an instant. */
static long so_far(void) {
    enter();
    long got = buffer.got;
    leave();
    return got;
}

static void exchange(bool with_rlock) {
    struct crew crew = {.count = 0};
    int each = stress_threads(4) / 4;
    each = each > MOST / 2 ? MOST / 2 : each;
    buffer.with_rlock = with_rlock;
    for (int i = 0; i < MOST; i++) pthread_mutex_init(&patience[i].mutex, NULL);
    for (int i = 0; i < each; i++) {
        crew_add(&crew, put_patiently, NULL);
        crew_add(&crew, get_patiently, NULL);
        crew_add(&crew, be_impatient, (void *)(size_t)(2 * i));
        crew_add(&crew, be_impatient, (void *)(size_t)(2 * i + 1));
    }
    impatience_cancel_all(patience, 2 * each);
    /* Things must still move when nobody cancels any more; else the time limit strikes. */
    for (long before = so_far(); so_far() < before + 100;) (void)plait_sleep(0.0005);
    enter();
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    plait_condition_notify_all(&buffer.filled);
    plait_condition_notify_all(&buffer.emptied);
    leave();
    crew_join(&crew);
    ck_assert_int_eq(buffer.put, buffer.got + buffer.items);
}

TEST(no_notification_is_lost_with_a_lock) {
    exchange(false);
}

TEST(no_notification_is_lost_with_an_rlock) {
    exchange(true);
}

/* ---- one notification at a time ---- */

static void consume(void) {
    if (buffer.items > 0) {
        buffer.items--;
        __atomic_add_fetch(&buffer.got, 1, __ATOMIC_RELAXED);
    }
}

/* Takes an item only when notified: what it does not take, though it was notified, nobody takes. */
static void *give_up_soon(void *arg) {
    struct stress_random random = stress_random_stream((unsigned)(size_t)arg);
    while (!is_over()) {
        bool by_token = stress_random_below(&random, 2);
        plait_deadline soon = plait_after(stress_random_below(&random, 100) / 1e6);
        plait_token *token = plait_token_new(NULL, by_token ? soon : PLAIT_FOREVER);
        plait_token *before = plait_token_enter(token);
        enter();
        if (wait_at(&buffer.filled, by_token ? PLAIT_FOREVER : soon) == PLAIT_OK) consume();
        leave();
        plait_token_leave(before);
        plait_token_free(token);
    }
    return NULL;
}

static void *consume_patiently(void *unused) {
    (void)unused;
    while (!is_over()) {
        enter();
        while (buffer.items == 0 && !is_over()) wait_at(&buffer.filled, PLAIT_FOREVER);
        consume();
        leave();
    }
    return NULL;
}

static void spin(struct stress_random *random) {
    for (volatile uint32_t turns = stress_random_below(random, 30000); turns > 0; turns--) {}
}

TEST(a_notification_reaches_somebody_though_others_give_up_at_that_moment) {
    struct crew crew = {.count = 0};
    struct stress_random random = stress_random_stream(500);
    for (int i = 0; i < 2; i++) {
        crew_add(&crew, consume_patiently, NULL);
        crew_add(&crew, give_up_soon, (void *)(size_t)i);
        crew_add(&crew, give_up_soon, (void *)(size_t)(10 + i));
    }
    while (stress_goes_on()) {
        spin(&random);
        enter();
        buffer.items++;
        buffer.put++;
        plait_condition_notify(&buffer.filled, 1);
        if (stress_random_below(&random, 2)) spin(&random); /* deadlines go by while they wait for the lock */
        leave();
        while (__atomic_load_n(&buffer.got, __ATOMIC_RELAXED) != buffer.put) sched_yield();
    }
    enter();
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    plait_condition_notify_all(&buffer.filled);
    leave();
    crew_join(&crew);
}

/* ---- all at once ---- */

static plait_lock turn_lock;
static plait_condition turned;
static long turn, arrived;
static int turners;

static void *follow_turns(void *arg) {
    int me = (int)(size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    plait_lock_acquire(&turn_lock);
    for (long seen = 0; turn >= 0;) {
        plait_deadline deadline = me % 2 ? impatience_deadline(&random) : PLAIT_FOREVER;
        while (turn == seen) {
            plait_status status = plait_condition_wait_until(&turned, &turn_lock, deadline);
            if (status == PLAIT_TIMEOUT) deadline = impatience_deadline(&random);
        }
        seen = turn;
        arrived++;
    }
    plait_lock_release(&turn_lock);
    return NULL;
}

TEST(notify_all_reaches_all) {
    struct crew crew = {.count = 0};
    turners = stress_threads(4) > MOST ? MOST : stress_threads(4);
    for (int i = 0; i < turners; i++) crew_add(&crew, follow_turns, (void *)(size_t)i);
    while (stress_goes_on()) {
        plait_lock_acquire(&turn_lock);
        turn++;
        arrived = 0;
        plait_condition_notify_all(&turned);
        while (arrived < turners) {
            plait_lock_release(&turn_lock);
            (void)plait_sleep(0.00002);
            plait_lock_acquire(&turn_lock);
        }
        plait_lock_release(&turn_lock);
    }
    plait_lock_acquire(&turn_lock);
    turn = -1;
    plait_condition_notify_all(&turned);
    plait_lock_release(&turn_lock);
    crew_join(&crew);
}

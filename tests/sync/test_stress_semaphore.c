/* No permit is lost and none is made: threads that wait as long as it takes, threads with random deadlines, threads
 * that are cancelled, selects, and releases of one and of several, all at once. */
#include "impatience.h"
#include "support/asleep.h"

#include <plait.h>

#include <sched.h>

enum { MOST = 64 };

static plait_semaphore items;
static struct impatience patience[MOST];
static long released, taken;
static plait_event over;

static void count(long *counter, long more) {
    __atomic_add_fetch(counter, more, __ATOMIC_RELAXED);
}

static void *release_items(void *arg) {
    struct stress_random random = stress_random_stream((unsigned)(size_t)arg);
    while (stress_goes_on()) {
        long n = 1 + (long)stress_random_below(&random, 3);
        if (plait_semaphore_value(&items) < 100) {
            must(plait_semaphore_release(&items, n) == PLAIT_OK);
            count(&released, n);
        }
        if (stress_random_below(&random, 50) == 0) (void)plait_sleep(stress_random_below(&random, 500) / 1e6);
    }
    return NULL;
}

/* Would hang for ever if its wake-up were lost. */
static void *take_patiently(void *unused) {
    (void)unused;
    for (;;) {
        must(plait_semaphore_acquire(&items) == PLAIT_OK);
        if (plait_event_is_set(&over)) return NULL; /* this one was released to say so */
        count(&taken, 1);
    }
}

static void *take_impatiently(void *arg) {
    int me = (int)(size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    while (stress_goes_on()) {
        impatience_begin(&patience[me], &random);
        plait_status status = plait_semaphore_acquire_until(&items, impatience_deadline(&random));
        must(status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_CANCELLED);
        count(&taken, status == PLAIT_OK);
        impatience_end(&patience[me]);
    }
    return NULL;
}

static void *take_by_select(void *arg) {
    static plait_event never;
    struct stress_random random = stress_random_stream((unsigned)(size_t)arg);
    while (stress_goes_on()) {
        plait_case cases[] = {plait_case_event(&never), plait_case_acquire(&items)};
        plait_status status = plait_select_until(cases, 2, NULL, impatience_deadline(&random));
        must(status == PLAIT_OK || status == PLAIT_TIMEOUT);
        count(&taken, status == PLAIT_OK);
    }
    return NULL;
}

TEST(no_permit_is_lost) {
    struct crew patient = {.count = 0}, others = {.count = 0};
    int each = stress_threads(4) / 4;
    each = each > MOST / 2 ? MOST / 2 : each;
    for (int i = 0; i < MOST; i++) pthread_mutex_init(&patience[i].mutex, NULL);
    for (int i = 0; i < each; i++) {
        crew_add(&patient, take_patiently, NULL);
        crew_add(&others, take_impatiently, (void *)(size_t)i);
        crew_add(&others, take_by_select, (void *)(size_t)(100 + i));
        crew_add(&others, release_items, (void *)(size_t)(200 + i));
    }
    impatience_cancel_all(patience, each);
    crew_join(&others);
    /* Only the patient ones are left: nothing may lie there while one of them sleeps. All do, when they have counted. */
    while (plait_semaphore_value(&items) > 0 || threads_asleep_in(NULL) < each) (void)plait_sleep(0.0005);
    plait_event_set(&over);
    ck_assert_ok(plait_semaphore_release(&items, each));
    crew_join(&patient);
    ck_assert_int_eq(released, taken);
    ck_assert_int_eq(plait_semaphore_value(&items), 0);
}

/* ---- one permit at a time ---- */

static void spin(struct stress_random *random) {
    for (volatile uint32_t turns = stress_random_below(random, 30000); turns > 0; turns--) {}
}

static void wait_for_round_after(long round) {
    while (__atomic_load_n(&released, __ATOMIC_RELAXED) == round && !plait_event_is_set(&over)) sched_yield();
}

/* Comes to each round at a random time, so that it is not always first in line. */
static void *take_each_round(void *unused) {
    (void)unused;
    struct stress_random random = stress_random_stream(400);
    for (;;) {
        long round = __atomic_load_n(&released, __ATOMIC_RELAXED);
        must(plait_semaphore_acquire(&items) == PLAIT_OK);
        if (plait_event_is_set(&over)) return NULL;
        count(&taken, 1);
        wait_for_round_after(round);
        spin(&random);
    }
}

/* Who has given up waits for the next permit, so that it does not take the one that was forgotten. */
static void *give_up_soon(void *arg) {
    int me = (int)(size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    while (!plait_event_is_set(&over)) {
        long round = __atomic_load_n(&released, __ATOMIC_RELAXED);
        bool by_token = stress_random_below(&random, 2);
        plait_deadline soon = plait_after(stress_random_below(&random, 100) / 1e6);
        plait_token *token = plait_token_new(NULL, by_token ? soon : PLAIT_FOREVER);
        plait_token *before = plait_token_enter(token);
        plait_status status = plait_semaphore_acquire_until(&items, by_token ? PLAIT_FOREVER : soon);
        plait_token_leave(before);
        plait_token_free(token);
        must(status == PLAIT_OK || status == (by_token ? PLAIT_CANCELLED : PLAIT_TIMEOUT));
        count(&taken, status == PLAIT_OK);
        if (status != PLAIT_OK) wait_for_round_after(round);
    }
    return NULL;
}

/* Each permit must be taken before there is another one: if the thread that was woken for it went away without it, and
 * without passing it on, a patient one would sleep beside it until the time limit. */
TEST(a_permit_reaches_somebody_though_others_give_up_at_that_moment) {
    struct crew crew = {.count = 0};
    struct stress_random random = stress_random_stream(500);
    crew_add(&crew, take_each_round, NULL);
    for (int i = 0; i < 3; i++) crew_add(&crew, give_up_soon, (void *)(size_t)i);
    while (stress_goes_on()) {
        count(&released, 1);
        spin(&random);
        must(plait_semaphore_release(&items, 1) == PLAIT_OK);
        while (__atomic_load_n(&taken, __ATOMIC_RELAXED) != released) sched_yield();
    }
    plait_event_set(&over);
    while (plait_semaphore_release(&items, 1) == PLAIT_OK && plait_semaphore_value(&items) < 8) {}
    crew_join(&crew);
}

/* ---- two threads that wake each other ---- */

static plait_event ping, pong;

static void *answer(void *unused) {
    (void)unused;
    for (;;) {
        must(plait_event_wait(&ping) == PLAIT_OK);
        plait_event_clear(&ping);
        bool last = plait_event_is_set(&over);
        plait_event_set(&pong);
        if (last) return NULL;
    }
}

TEST(events_wake_each_others_waiters_at_any_moment) {
    struct crew crew = {.count = 0};
    struct stress_random random = stress_random_stream(0);
    crew_add(&crew, answer, NULL);
    for (bool last = false; !last;) {
        last = !stress_goes_on();
        if (last) plait_event_set(&over);
        plait_event_set(&ping);
        while (plait_event_wait_until(&pong, stress_random_below(&random, 4)
                                                 ? PLAIT_FOREVER
                                                 : impatience_deadline(&random)) != PLAIT_OK) {}
        plait_event_clear(&pong);
    }
    crew_join(&crew);
}

/* room_thread.c - scenarios of src/thread: join, results, local values, shutdown, timers. */
#include "rooms.h"

static plait_thread *thread;
static int done;

static void *answer(void *argument) {
    if (argument) plait_raise(PLAIT_USER, "no answer");
    plait_write(done) = 1;
    return &done;
}

static void join_and_look(void *unused) {
    (void)unused;
    void *result = NULL;
    plait_check_that(plait_thread_result(thread, &result) == PLAIT_OK && result == &done);
    plait_check_that(plait_read(done) == 1);
}

SCENARIO_BOUND(thread, join_sees_the_result, 1) {
    done = 0;
    thread = plait_thread_new(NULL, answer, NULL);
    join_and_look(NULL);
    plait_thread_free(thread);
}

SCENARIO(thread, two_join_one) {
    done = 0;
    thread = plait_thread_new(NULL, answer, NULL);
    together(2, (body *[]){join_and_look, join_and_look}, NULL);
    plait_thread_free(thread);
}

SCENARIO(thread, join_sees_the_failure) {
    void *result = NULL;
    done = 0;
    thread = plait_thread_new(NULL, answer, &done);
    plait_check_that(plait_thread_result(thread, &result) == PLAIT_USER);
    plait_check_that(plait_thread_message(thread)[0] == 'n');
    plait_thread_free(thread);
}

SCENARIO(thread, late_join_joins_again) {
    done = 0;
    thread = plait_thread_new(NULL, answer, NULL);
    plait_status status = plait_thread_join_until(thread, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    plait_case cases[] = {plait_case_thread(thread)};
    plait_check_that(plait_select(cases, 1, NULL) == PLAIT_OK && plait_read(done) == 1);
    plait_thread_free(thread);
}

static void ask_for_number(void *unused) {
    (void)unused;
    plait_check_that(plait_thread_ident(thread) != 0);
}

SCENARIO(thread, number_is_waited_for) {
    thread = plait_thread_new(NULL, answer, NULL);
    together(2, (body *[]){ask_for_number, ask_for_number}, NULL);
    finish(thread);
}

static plait_event last;

static void *set_last(void *unused) {
    plait_event_set(&last);
    return unused;
}

/* Nobody has the handle while it runs. */
SCENARIO(thread, handle_is_freed_at_once) {
    last = (plait_event)PLAIT_EVENT_INIT;
    plait_thread_free(plait_thread_new(NULL, set_last, NULL));
    plait_check_that(plait_event_wait(&last) == PLAIT_OK);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
}

static int destroyed;

static void destroy(void *value) {
    (void)value;
    plait_write(destroyed) = plait_read(destroyed) + 1;
}

static plait_local local;

static void *set_local(void *unused) {
    plait_check_that(plait_local_set(&local, &destroyed) == PLAIT_OK);
    return unused;
}

SCENARIO(thread, locals_end_before_the_thread) {
    destroyed = 0;
    local = (plait_local)PLAIT_LOCAL_INIT(NULL, destroy);
    thread = plait_thread_new(NULL, set_local, NULL);
    plait_check_that(plait_thread_join(thread) == PLAIT_OK);
    plait_check_that(plait_read(destroyed) == 1);
    plait_thread_free(thread);
}

SCENARIO(thread, shutdown_waits_for_all) {
    done = 0;
    plait_thread_free(plait_thread_new(NULL, answer, NULL));
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
    plait_check_that(plait_read(done) == 1);
}

/* One has taken the count of threads to zero and is about to say so, when another one is started. */
SCENARIO(thread, shutdown_waits_for_the_next) {
    done = 0;
    plait_thread_free(plait_thread_new(NULL, set_last, NULL));
    plait_thread_free(plait_thread_new(NULL, answer, NULL));
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
    plait_check_that(plait_read(done) == 1);
}

/* ---- timers; time passes only when nobody can do anything, so these are exact ---- */

static plait_event rung;
static int rings[2];

static void ring(void *number) {
    ++*(int *)number;
    plait_event_set(&rung);
}

static void never(void *unused) {
    (void)unused;
    plait_check_failed("a timer that was called off is called", __FILE__, __LINE__);
}

SCENARIO_WITH(thread, nearer_timer_is_not_overslept, PLAIT_CHECK_NOTHING, 0) {
    rings[0] = rings[1] = 0;
    rung = (plait_event)PLAIT_EVENT_INIT;
    plait_timer *late = plait_timer_start(plait_after(3600), never, NULL);
    plait_timer *soon = plait_timer_start(plait_after(1), ring, &rings[0]);
    plait_check_that(plait_event_wait_until(&rung, plait_after(10)) == PLAIT_OK);
    plait_check_that(rings[0] == 1 && plait_timer_cancel(late));
    plait_timer_free(late);
    plait_timer_free(soon);
}

SCENARIO(thread, timer_is_called_or_called_off) {
    rings[0] = 0;
    rung = (plait_event)PLAIT_EVENT_INIT;
    plait_timer *timer = plait_timer_start(PLAIT_NOW, ring, &rings[0]);
    bool called_off = plait_timer_cancel(timer);
    plait_timer_free(timer);
    if (!called_off) plait_check_that(plait_event_wait(&rung) == PLAIT_OK);
    plait_check_that(rings[0] + called_off == 1);
}

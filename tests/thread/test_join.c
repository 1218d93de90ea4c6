/* Joining threads, any number of times, and their results. */
#include "support/stress.h"
#include "support/test.h"

#include <plait.h>

PLAIT_TASK(long, await_then, (plait_event *, event), (long, value)) {
    plait_event_wait(event);
    return value;
}
PLAIT_TASK(plait_status, join_it, (plait_thread *, thread)) {
    return plait_thread_join(thread);
}
PLAIT_TASK(plait_status, join_self) {
    return plait_thread_join(plait_thread_current());
}
PLAIT_TASK(void, nothing) {}
PLAIT_TASK(const char *, word) {
    return "word";
}

TEST(joining_again_and_again) {
    static plait_event event;
    plait_thread *thread = plait_start(await_then, &event, 4);
    ck_assert_status(plait_thread_join_until(thread, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_thread_join_until(thread, plait_after(0.005)), PLAIT_TIMEOUT);
    ck_assert(plait_thread_is_alive(thread));
    ck_assert_str_eq(plait_thread_message(thread), "");
    long early = 7;
    ck_assert_status(plait_thread_result_until(thread, &early, plait_after(0.005)), PLAIT_TIMEOUT);
    ck_assert_int_eq(early, 7);
    plait_event_set(&event);
    for (int i = 0; i < 3; i++) {
        long value = 0;
        ck_assert_ok(plait_thread_join(thread));
        ck_assert_ok(plait_thread_result(thread, &value));
        ck_assert_int_eq(value, 4);
    }
    ck_assert_ok(plait_thread_join_until(thread, PLAIT_NOW));
    ck_assert_str_eq(plait_thread_message(thread), "");
    plait_thread_free(thread);
}

TEST(many_join_one) {
    enum { MANY = 50 };
    static plait_event event;
    plait_thread *joiners[MANY], *thread = plait_start(await_then, &event, 4);
    for (int i = 0; i < MANY; i++) joiners[i] = plait_start(join_it, thread);
    plait_event_set(&event);
    for (int i = 0; i < MANY; i++) {
        plait_status status = -1;
        ck_assert_ok(plait_thread_result(joiners[i], &status));
        ck_assert_int_eq(status, PLAIT_OK);
        plait_thread_free(joiners[i]);
    }
    plait_thread_free(thread);
}

TEST(joining_oneself_is_a_deadlock) {
    plait_status status = -1;
    plait_thread *thread = plait_start(join_self);
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_int_eq(status, PLAIT_DEADLOCK);
    plait_thread_free(thread);
}

TEST(a_result_of_another_size_or_kind_is_refused) {
    plait_thread *thread = plait_start(word), *empty = plait_start(nothing);
    double real;
    char letter;
    const char *text = NULL;
    ck_assert_status(plait_thread_result(thread, &real), PLAIT_INVALID);
    ck_assert_status(plait_thread_result(thread, &letter), PLAIT_INVALID);
    ck_assert_ok(plait_thread_result(thread, &text));
    ck_assert_str_eq(text, "word");
    ck_assert_status(plait_thread_result(empty, &letter), PLAIT_INVALID);
    ck_assert_ok(plait_thread_result(empty, NULL));
    plait_thread_free(thread);
    plait_thread_free(empty);
}

TEST(a_join_can_be_cancelled) {
    static plait_event event;
    plait_thread *thread = plait_start(await_then, &event, 4);
    plait_token *token = plait_token_new(NULL, plait_after(0.01)), *before = plait_token_enter(token);
    ck_assert_status(plait_thread_join(thread), PLAIT_CANCELLED);
    ck_assert_status(plait_thread_result(thread, NULL), PLAIT_CANCELLED);
    plait_event_set(&event);
    { /* a result in hand wins over the token */
        plait_shield();
        ck_assert_ok(plait_thread_join(thread));
    }
    ck_assert_ok(plait_thread_join(thread));
    plait_token_leave(before);
    plait_token_free(token);
    plait_thread_free(thread);
}

TEST(the_end_of_a_thread_is_a_case) {
    static plait_event event, other;
    plait_thread *thread = plait_start(await_then, &event, 4);
    plait_case cases[] = {plait_case_event(&other), plait_case_thread(thread)};
    size_t which = 9;
    ck_assert_status(plait_select_nowait(cases, 2, &which), PLAIT_BUSY);
    ck_assert_status(plait_select_until(cases, 2, &which, plait_after(0.005)), PLAIT_TIMEOUT);
    plait_event_set(&event);
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_int_eq(cases[1].status, PLAIT_OK);
    plait_thread_free(thread);
    plait_case self = plait_case_thread(plait_thread_current());
    ck_assert_ok(plait_select(&self, 1, NULL));
    ck_assert_int_eq(self.status, PLAIT_DEADLOCK);
    plait_case none = plait_case_thread(NULL);
    ck_assert_status(plait_select(&none, 1, NULL), PLAIT_INVALID);
}

/* Handles freed at any time: before, during and after the thread's end. */
TEST(letting_go_at_any_time) {
    static plait_event event;
    for (int i = 0; i < 300; i++) {
        plait_thread *thread = plait_start(nothing);
        if (i % 3 == 0) plait_thread_join(thread);
        if (i % 3 == 1) (void)plait_thread_is_alive(thread);
        plait_thread_free(thread);
    }
    plait_thread_free(plait_start(await_then, &event, 1));
    plait_event_set(&event);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
}

/* A thread, and joiners with deadlines about when it ends: every one must return, with a truthful status. */
TEST(joins_race_with_the_end) {
    struct stress_random random = stress_random_stream(0);
    while (stress_goes_on()) {
        static plait_event event;
        plait_event_clear(&event);
        plait_thread *thread = plait_start(await_then, &event, 1);
        plait_thread *joiner = plait_start(join_it, thread);
        for (uint32_t spin = stress_random_below(&random, 2000); spin; spin--) (void)plait_cancelled();
        plait_event_set(&event);
        plait_status status = plait_thread_join_until(thread,
                                                      plait_after(stress_random_below(&random, 100) / 1e6));
        ck_assert(status == PLAIT_TIMEOUT || !plait_thread_is_alive(thread));
        ck_assert_ok(plait_thread_result(joiner, &status));
        ck_assert_int_eq(status, PLAIT_OK);
        plait_thread_free(joiner);
        plait_thread_free(thread);
    }
}

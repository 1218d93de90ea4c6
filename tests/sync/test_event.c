/* The event, as CPython's EventTests have it, and what C adds. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <sys/wait.h>
#include <unistd.h>

static plait_event event;

TEST(a_new_event_is_clear) {
    plait_event here = PLAIT_EVENT_INIT;
    ck_assert(!plait_event_is_set(&here));
    ck_assert_ok(plait_event_set(&here));
    ck_assert(plait_event_is_set(&here));
    ck_assert_ok(plait_event_set(&here));
    ck_assert(plait_event_is_set(&here));
    ck_assert_ok(plait_event_clear(&here));
    ck_assert(!plait_event_is_set(&here));
    ck_assert_ok(plait_event_clear(&here));
    ck_assert(!plait_event_is_set(&here));
}

TEST(it_is_small) {
    ck_assert_uint_le(sizeof(plait_event), 16);
}

TEST(null_is_refused) {
    ck_assert_status(plait_event_set(NULL), PLAIT_INVALID);
    ck_assert_status(plait_event_clear(NULL), PLAIT_INVALID);
    ck_assert_status(plait_event_wait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_event_wait_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert(!plait_event_is_set(NULL));
}

static void *wait_twice(void *arg) {
    int *woken = arg;
    must(plait_event_wait(&event) == PLAIT_OK);
    must(plait_event_wait(&event) == PLAIT_OK);
    __atomic_add_fetch(woken, 1, __ATOMIC_RELAXED);
    return NULL;
}

TEST(set_wakes_all_who_wait) {
    struct crew crew = {.count = 0};
    int woken = 0;
    for (int i = 0; i < 40; i++) crew_add(&crew, wait_twice, &woken);
    wait_until_asleep(40);
    ck_assert_ok(plait_event_set(&event));
    crew_join(&crew);
    ck_assert_int_eq(woken, 40);
}

TEST(a_wait_for_a_set_event_does_not_wait) {
    plait_event_set(&event);
    ck_assert_ok(plait_event_wait(&event));
    ck_assert_ok(plait_event_wait_until(&event, PLAIT_NOW));
    plait_token *cancelled = plait_token_new(NULL, PLAIT_NOW);
    plait_token *before = plait_token_enter(cancelled);
    ck_assert_ok(plait_event_wait(&event));
    plait_token_leave(before);
    plait_token_free(cancelled);
}

TEST(a_wait_ends_at_its_deadline) {
    ck_assert_status(plait_event_wait_until(&event, PLAIT_NOW), PLAIT_TIMEOUT);
    plait_deadline deadline = plait_after(0.02);
    ck_assert_status(plait_event_wait_until(&event, deadline), PLAIT_TIMEOUT);
    ck_assert(plait_passed(deadline));
}

static void *wait_once(void *unused) {
    (void)unused;
    must(plait_event_wait(&event) == PLAIT_OK);
    return NULL;
}

TEST(set_and_clear_at_once_still_wakes_who_waited) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 5; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(5);
    plait_event_set(&event);
    plait_event_clear(&event);
    crew_join(&crew);
    ck_assert(!plait_event_is_set(&event));
}

static void *select_event(void *unused) {
    (void)unused;
    static plait_semaphore never;
    plait_case cases[] = {plait_case_acquire(&never), plait_case_event(&event)};
    size_t which;
    must(plait_select(cases, 2, &which) == PLAIT_OK && which == 1);
    return NULL;
}

TEST(a_select_sees_an_event_that_was_set_and_cleared) {
    struct crew crew = {.count = 0};
    crew_add(&crew, select_event, NULL);
    wait_until_asleep(1);
    plait_event_set(&event);
    plait_event_clear(&event);
    crew_join(&crew);
    plait_case again = plait_case_event(&event);
    ck_assert_status(plait_select_nowait(&again, 1, NULL), PLAIT_BUSY);
}

static void *wait_with_token(void *token) {
    plait_token *before = plait_token_enter(token);
    must(plait_event_wait(&event) == PLAIT_CANCELLED);
    plait_token_leave(before);
    return NULL;
}

TEST(a_wait_can_be_cancelled) {
    struct crew crew = {.count = 0};
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    crew_add(&crew, wait_with_token, token);
    wait_until_asleep(1);
    plait_cancel(token);
    crew_join(&crew);
    plait_token_free(token);
}

/* The thread sanitizer cannot follow threads that the child starts. */
#if !defined(__SANITIZE_THREAD__)
TEST(a_child_of_a_fork_can_use_an_event_that_others_waited_for) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 3; i++) crew_add(&crew, wait_once, NULL);
    wait_until_asleep(3);
    pid_t child = fork();
    if (child == 0) {
        struct crew own = {.count = 0};
        crew_add(&own, wait_once, NULL);
        wait_until_asleep(1);
        plait_event_set(&event);
        crew_join(&own);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&event);
    crew_join(&crew);
}
#endif

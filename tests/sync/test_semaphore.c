/* Semaphores, as CPython's SemaphoreTests and BoundedSemaphoreTests have them, and what C adds. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_semaphore permits;

TEST(a_zeroed_one_has_no_permits) {
    ck_assert_int_eq(plait_semaphore_value(&permits), 0);
    ck_assert_status(plait_semaphore_acquire_nowait(&permits), PLAIT_BUSY);
    ck_assert_status(plait_semaphore_acquire_until(&permits, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_uint_le(sizeof permits, 16);
}

TEST(permits_are_taken_one_by_one) {
    plait_semaphore three = PLAIT_SEMAPHORE_INIT(3);
    ck_assert_ok(plait_semaphore_acquire(&three));
    ck_assert_ok(plait_semaphore_acquire_until(&three, PLAIT_NOW));
    ck_assert_ok(plait_semaphore_acquire_nowait(&three));
    ck_assert_status(plait_semaphore_acquire_nowait(&three), PLAIT_BUSY);
    ck_assert_ok(plait_semaphore_release(&three, 1));
    ck_assert_ok(plait_semaphore_release(&three, 6));
    ck_assert_int_eq(plait_semaphore_value(&three), 7);
}

TEST(what_makes_no_sense_is_refused) {
    ck_assert_status(plait_semaphore_init(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_init(&permits, -1), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_release(&permits, 0), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_release(&permits, -1), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_release(&permits, LONG_MIN), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_release(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_acquire_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_semaphore_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_bounded_semaphore_init(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_bounded_semaphore_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_bounded_semaphore_release(NULL, 1), PLAIT_INVALID);
    ck_assert_int_eq(plait_semaphore_value(NULL), 0);
    ck_assert_int_eq(plait_semaphore_value(&permits), 0);
}

TEST(more_than_it_can_hold_is_refused_and_changes_nothing) {
    ck_assert_ok(plait_semaphore_init(&permits, PLAIT_SEMAPHORE_MAX));
    ck_assert_status(plait_semaphore_release(&permits, 1), PLAIT_OVERFLOW);
    ck_assert_int_eq(plait_semaphore_value(&permits), PLAIT_SEMAPHORE_MAX);
    ck_assert_ok(plait_semaphore_acquire(&permits));
    ck_assert_ok(plait_semaphore_release(&permits, 1));
    if (LONG_MAX > PLAIT_SEMAPHORE_MAX) {
        ck_assert_status(plait_semaphore_release(&permits, LONG_MAX), PLAIT_OVERFLOW);
        ck_assert_status(plait_semaphore_init(&permits, LONG_MAX), PLAIT_INVALID);
    }
}

TEST(a_bounded_one_notices_a_release_too_many) {
    plait_bounded_semaphore two = PLAIT_BOUNDED_SEMAPHORE_INIT(2);
    ck_assert_status(plait_bounded_semaphore_release(&two, 1), PLAIT_OVERFLOW);
    ck_assert_ok(plait_bounded_semaphore_acquire(&two));
    ck_assert_status(plait_bounded_semaphore_release(&two, 2), PLAIT_OVERFLOW);
    ck_assert_ok(plait_bounded_semaphore_acquire_until(&two, PLAIT_NOW));
    ck_assert_status(plait_bounded_semaphore_acquire_nowait(&two), PLAIT_BUSY);
    ck_assert_ok(plait_bounded_semaphore_release(&two, 2));
    ck_assert_int_eq(plait_bounded_semaphore_value(&two), 2);
    ck_assert_ok(plait_bounded_semaphore_init(&two, 0));
    ck_assert_status(plait_bounded_semaphore_release(&two, 1), PLAIT_OVERFLOW);
}

struct counts {
    int got, timed_out;
};

static void *take_one(void *arg) {
    struct counts *counts = arg;
    must(plait_semaphore_acquire(&permits) == PLAIT_OK);
    __atomic_add_fetch(&counts->got, 1, __ATOMIC_RELAXED);
    return NULL;
}

TEST(a_release_of_n_lets_n_go_on) {
    struct crew crew = {.count = 0};
    struct counts counts = {0, 0};
    for (int i = 0; i < 10; i++) crew_add(&crew, take_one, &counts);
    wait_until_asleep(10);
    ck_assert_ok(plait_semaphore_release(&permits, 4));
    while (__atomic_load_n(&counts.got, __ATOMIC_RELAXED) < 4) plait_sleep(0.0001);
    wait_until_asleep(6);
    ck_assert_int_eq(__atomic_load_n(&counts.got, __ATOMIC_RELAXED), 4);
    ck_assert_int_eq(plait_semaphore_value(&permits), 0);
    ck_assert_ok(plait_semaphore_release(&permits, 7));
    crew_join(&crew);
    ck_assert_int_eq(counts.got, 10);
    ck_assert_int_eq(plait_semaphore_value(&permits), 1);
}

TEST(a_parked_thread_is_handed_a_permit_though_another_is_always_faster) {
    struct crew crew = {.count = 0};
    struct counts counts = {0, 0};
    crew_add(&crew, take_one, &counts);
    wait_until_asleep(1);
    while (!__atomic_load_n(&counts.got, __ATOMIC_RELAXED)) {
        ck_assert_ok(plait_semaphore_release(&permits, 1));
        plait_status status = plait_semaphore_acquire_nowait(&permits);
        ck_assert(status == PLAIT_OK || status == PLAIT_BUSY);
    }
    crew_join(&crew);
}

static void *be_cancelled(void *token) {
    plait_token *before = plait_token_enter(token);
    must(plait_semaphore_acquire(&permits) == PLAIT_CANCELLED);
    plait_token_leave(before);
    return NULL;
}

TEST(an_acquire_can_be_cancelled_and_takes_nothing_then) {
    struct crew crew = {.count = 0};
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    crew_add(&crew, be_cancelled, token);
    wait_until_asleep(1);
    plait_cancel(token);
    crew_join(&crew);
    ck_assert_ok(plait_semaphore_release(&permits, 1));
    plait_token *before = plait_token_enter(token);
    ck_assert_ok(plait_semaphore_acquire(&permits));
    ck_assert_status(plait_semaphore_acquire(&permits), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
}

TEST(an_acquire_ends_at_its_deadline) {
    plait_deadline deadline = plait_after(0.02);
    ck_assert_status(plait_semaphore_acquire_until(&permits, deadline), PLAIT_TIMEOUT);
    ck_assert(plait_passed(deadline));
    ck_assert_ok(plait_semaphore_release(&permits, 1));
    ck_assert_int_eq(plait_semaphore_value(&permits), 1);
}

static void *select_permit(void *arg) {
    struct counts *counts = arg;
    static plait_event never;
    plait_case cases[] = {plait_case_event(&never), plait_case_acquire(&permits)};
    size_t which;
    must(plait_select(cases, 2, &which) == PLAIT_OK && which == 1 && cases[1].status == PLAIT_OK);
    __atomic_add_fetch(&counts->got, 1, __ATOMIC_RELAXED);
    return NULL;
}

TEST(selects_and_acquires_share_what_is_released) {
    struct crew crew = {.count = 0};
    struct counts counts = {0, 0};
    for (int i = 0; i < 10; i++) crew_add(&crew, i % 2 ? take_one : select_permit, &counts);
    wait_until_asleep(10);
    for (int i = 0; i < 10; i++) ck_assert_ok(plait_semaphore_release(&permits, 1));
    crew_join(&crew);
    ck_assert_int_eq(counts.got, 10);
    ck_assert_int_eq(plait_semaphore_value(&permits), 0);
}

/* The thread sanitizer cannot follow threads that the child starts. */
#if !defined(__SANITIZE_THREAD__)
TEST(a_child_of_a_fork_can_use_a_semaphore_that_others_waited_for) {
    struct crew crew = {.count = 0};
    struct counts counts = {0, 0};
    for (int i = 0; i < 3; i++) crew_add(&crew, take_one, &counts);
    wait_until_asleep(3);
    pid_t child = fork();
    if (child == 0) {
        struct crew own = {.count = 0};
        plait_semaphore_release(&permits, 1);
        if (plait_semaphore_value(&permits) != 1 || plait_semaphore_acquire(&permits) != PLAIT_OK) _exit(1);
        crew_add(&own, take_one, &counts);
        wait_until_asleep(1);
        plait_semaphore_release(&permits, 1);
        crew_join(&own);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_semaphore_release(&permits, 3);
    crew_join(&crew);
}
#endif

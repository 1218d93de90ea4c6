/* plait_select over what the wait room itself supplies: descriptors and points in time. */
#include "permits.h"
#include "support/asleep.h"
#include "support/faults.h"
#include "support/test.h"

#include <plait/cancel.h>
#include <plait/event.h>
#include <plait/select.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wait/waiter.h>

TEST(nothing_to_choose_from_is_invalid) {
    plait_case none = {0};
    ck_assert_status(plait_select(NULL, 0, NULL), PLAIT_INVALID);
    ck_assert_status(plait_select(NULL, 1, NULL), PLAIT_INVALID);
    ck_assert_status(plait_select(&none, 0, NULL), PLAIT_INVALID);
    ck_assert_status(plait_select(&none, 1, NULL), PLAIT_INVALID);
}

TEST(a_passed_point_in_time_is_chosen_at_once) {
    plait_case cases[] = {plait_case_deadline(PLAIT_FOREVER), plait_case_deadline(PLAIT_NOW)};
    size_t which = 9;
    ck_assert_ok(plait_select_nowait(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_int_eq(cases[1].status, PLAIT_OK);
}

TEST(the_nearer_point_in_time_is_chosen) {
    plait_case cases[] = {plait_case_deadline(plait_after(1000)), plait_case_deadline(plait_after(0.01))};
    size_t which = 9;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
}

TEST(its_own_deadline_is_a_timeout_and_nowait_is_busy) {
    plait_case never = plait_case_deadline(PLAIT_FOREVER);
    size_t which = 9;
    ck_assert_status(plait_select_until(&never, 1, &which, plait_after(0.005)), PLAIT_TIMEOUT);
    ck_assert_status(plait_select_nowait(&never, 1, &which), PLAIT_BUSY);
    ck_assert_uint_eq(which, 9);
}

TEST(a_ready_descriptor_is_chosen) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    plait_case cases[] = {plait_case_descriptor(ends[0], POLLIN), plait_case_descriptor(ends[1], POLLOUT)};
    size_t which = 9;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    ck_assert_int_eq(cases[1].found, POLLOUT);
    close(ends[0]);
    close(ends[1]);
}

TEST(a_closed_end_is_reported) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[1]);
    plait_case read_end = plait_case_descriptor(ends[0], POLLIN);
    ck_assert_ok(plait_select(&read_end, 1, NULL));
    ck_assert_int_eq(read_end.found & POLLHUP, POLLHUP);
    close(ends[0]);
}

static void *write_a_byte(void *descriptor) {
    wait_until_asleep(1);
    ck_assert_int_eq(write(*(int *)descriptor, "x", 1), 1);
    return NULL;
}

TEST(a_descriptor_that_becomes_ready_ends_the_wait) {
    int ends[2];
    pthread_t writer;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_a_byte, &ends[1]), 0);
    plait_case cases[] = {plait_case_deadline(PLAIT_FOREVER), plait_case_descriptor(ends[0], POLLIN)};
    size_t which = 9;
    ck_assert_ok(plait_select(cases, 2, &which));
    ck_assert_uint_eq(which, 1);
    char byte = 0;
    ck_assert_int_eq(read(ends[0], &byte, 1), 1); /* select itself read nothing */
    pthread_join(writer, NULL);
    close(ends[0]);
    close(ends[1]);
}

struct cancelled_select {
    plait_token *token;
    int descriptor;
    plait_status ended;
};

static void *select_under_a_token(void *argument) {
    struct cancelled_select *it = argument;
    plait_token *before = plait_token_enter(it->token);
    plait_case readable = plait_case_descriptor(it->descriptor, POLLIN);
    it->ended = plait_select(&readable, 1, NULL);
    plait_token_leave(before);
    return NULL;
}

TEST(cancelling_ends_a_select_on_a_descriptor) {
    int ends[2];
    pthread_t thread;
    ck_assert_int_eq(pipe(ends), 0);
    struct cancelled_select it = {.token = plait_token_new(NULL, PLAIT_FOREVER), .descriptor = ends[0]};
    ck_assert_int_eq(pthread_create(&thread, NULL, select_under_a_token, &it), 0);
    wait_until_asleep(1);
    ck_assert_ok(plait_cancel(it.token));
    pthread_join(thread, NULL);
    ck_assert_int_eq(it.ended, PLAIT_CANCELLED);
    plait_token_free(it.token);
    close(ends[0]);
    close(ends[1]);
}

TEST(among_ready_cases_each_has_its_chance) {
    enum { CASES = 4, ROUNDS = 4000, LEAST = ROUNDS / CASES / 2, MOST = ROUNDS / CASES * 2 };
    int chosen[CASES] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        plait_case cases[CASES];
        for (int i = 0; i < CASES; i++) {
            cases[i] = plait_case_deadline(PLAIT_NOW);
        }
        size_t which;
        ck_assert_ok(plait_select(cases, CASES, &which));
        chosen[which]++;
    }
    for (int i = 0; i < CASES; i++) {
        ck_assert_int_gt(chosen[i], LEAST);
        ck_assert_int_lt(chosen[i], MOST);
    }
}

TEST(what_is_not_ready_does_not_lend_its_chance_to_its_neighbour) {
    enum { CASES = 6, ROUNDS = 6000 };
    static struct permits empty;
    int chosen[CASES] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        plait_case cases[CASES]; /* ready, not, not, not, ready, ready */
        for (int i = 0; i < CASES; i++) {
            cases[i] = i > 0 && i < 4 ? permits_case(&empty) : plait_case_deadline(PLAIT_NOW);
        }
        size_t which;
        ck_assert_ok(plait_select(cases, CASES, &which));
        chosen[which]++;
    }
    for (int i = 0; i < CASES; i++) {
        ck_assert_int_ge(chosen[i], i > 0 && i < 4 ? 0 : ROUNDS / 3 * 8 / 10);
        ck_assert_int_le(chosen[i], i > 0 && i < 4 ? 0 : ROUNDS / 3 * 12 / 10);
    }
}

TEST(a_bad_case_is_invalid_wherever_it_stands) {
    plait_case cases[] = {plait_case_deadline(PLAIT_NOW), plait_case_descriptor(-1, POLLIN)};
    ck_assert_status(plait_select(cases, 2, NULL), PLAIT_INVALID);
    cases[1] = permits_case(NULL);
    ck_assert_status(plait_select(cases, 2, NULL), PLAIT_INVALID);
    ck_assert_status(plait_select_nowait(cases, 2, NULL), PLAIT_INVALID);
    ck_assert_status(plait_select_until(cases, SIZE_MAX, NULL, PLAIT_NOW), PLAIT_INVALID);
}

TEST(a_closed_descriptor_is_reported) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    close(ends[1]);
    plait_case closed = plait_case_descriptor(ends[0], POLLIN);
    ck_assert_ok(plait_select(&closed, 1, NULL));
    ck_assert_int_eq(closed.found, POLLNVAL);
}

TEST(the_case_is_performed_and_no_other) {
    struct permits one = {1}, two = {2};
    plait_case cases[] = {permits_case(&one), permits_case(&two), permits_case(&two)};
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_select_nowait(cases, 3, NULL));
    ck_assert_status(plait_select_nowait(cases, 3, NULL), PLAIT_BUSY);
    ck_assert_uint_eq(one.count + two.count, 0);
}

static struct permits awaited;

static void *give_when_asleep(void *unused) {
    wait_until_asleep(1);
    permits_give(&awaited, 0);
    return unused;
}

TEST(more_cases_than_find_room_on_the_stack) {
    enum { CASES = 100 };
    static struct permits empty;
    plait_case cases[CASES];
    pthread_t giver;
    size_t which = CASES;
    for (int i = 0; i < CASES; i++) cases[i] = permits_case(i == CASES - 1 ? &awaited : &empty);
    fault_install();
    ck_assert_int_eq(pthread_create(&giver, NULL, give_when_asleep, NULL), 0);
    ck_assert_ok(plait_select(cases, CASES, &which));
    ck_assert_uint_eq(which, CASES - 1);
    pthread_join(giver, NULL);
    ck_assert_status(plait_select_until(cases, CASES, &which, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_int_eq(fault_outstanding(), 0);
}

static plait_status select_of_many(void) {
    struct permits one = {1};
    plait_case cases[17];
    for (int i = 0; i < 17; i++) cases[i] = permits_case(&one);
    plait_status status = plait_select(cases, 17, NULL);
    if (status == PLAIT_OK && one.count != 0) return PLAIT_BROKEN;
    return status;
}

TEST(many_cases_survive_lack_of_memory) {
    ck_assert_int_gt(fault_every(select_of_many), 0);
}

/* Leaves room for so many descriptors beyond this one; 0: as many as before. */
static void limit_descriptors(int last, int more) {
    static struct rlimit before;
    struct rlimit now;
    if (before.rlim_max == 0) getrlimit(RLIMIT_NOFILE, &before);
    now = before;
    if (more) now.rlim_cur = (rlim_t)last + (rlim_t)more;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

/* No descriptor is left for the bell. */
TEST(lack_of_descriptors_is_told_by_errno) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    plait_case readable = plait_case_descriptor(ends[0], POLLIN);
    limit_descriptors(ends[1], 1);
    while (dup(ends[0]) >= 0) {} /* numbers below may be free */
    errno = 0;
    plait_status status = plait_select(&readable, 1, NULL);
    int error = errno;
    ck_assert_status(plait_select_nowait(&readable, 1, NULL), PLAIT_BUSY); /* needs none */
    limit_descriptors(0, 0);
    ck_assert_status(status, PLAIT_ERRNO);
    ck_assert_int_eq(error, EMFILE);
}

/* poll itself refuses more descriptors than the process may have. */
TEST(a_failed_poll_is_told_by_errno) {
    enum { MANY = 1000 };
    static struct permits empty;
    plait_case cases[MANY];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_lt(ends[1], MANY / 2);
    for (int i = 0; i < MANY; i++) cases[i] = plait_case_descriptor(ends[0], POLLIN);
    cases[0] = permits_case(&empty);
    limit_descriptors(ends[1], MANY / 2);
    errno = 0;
    plait_status status = plait_select(cases, MANY, NULL);
    int error = errno;
    limit_descriptors(0, 0);
    ck_assert_status(status, PLAIT_ERRNO);
    ck_assert_int_eq(error, EINVAL);
}

static void see_object(struct plait__waiter *waiter, void *context) {
    *(const void **)context = waiter->object;
}

static void *select_a_point_or_an_event(void *event) {
    plait_case cases[] = {plait_case_deadline(PLAIT_FOREVER), plait_case_event(event)};
    size_t which = 9;
    return (void *)(intptr_t)(plait_select(cases, 2, &which) == PLAIT_OK && which == 1);
}

/* A wait without an object is taken for the passing of time, and nobody spins in it. */
TEST(a_select_waits_for_its_object_wherever_it_stands) {
    static plait_event event;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, select_a_point_or_an_event, &event), 0);
    wait_until_asleep_in("select", 1);
    const void *object = NULL;
    plait__each_sleeper(see_object, &object);
    ck_assert_ptr_eq(object, &event);
    plait_event_set(&event);
    void *chosen = NULL;
    ck_assert_int_eq(pthread_join(thread, &chosen), 0);
    ck_assert_ptr_eq(chosen, (void *)1);
}

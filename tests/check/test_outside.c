/* What the checker cannot control it says, and never hangs; what makes no sense it refuses. */
#include "program.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- a thread that blocks outside plait ---- */

static plait_lock lock;

PLAIT_TASK(void, read_byte, (int, from)) {
    char byte;
    plait_hold(&lock);
    plait_check_that(read(from, &byte, 1) == 1);
}

static void read_a_pipe(void *arg) {
    const struct variant *is = arg;
    int ends[2];
    lock = (plait_lock)PLAIT_LOCK_INIT;
    if (pipe(ends) != 0) return;
    if (is->right) plait_check_that(write(ends[1], "x", 1) == 1);
    plait_thread *reader = plait_start(read_byte, ends[0]);
    if (!is->right) {
        plait_hold(&lock);
        plait_check_that(write(ends[1], "x", 1) == 1);
    }
    finish(reader);
    close(ends[0]);
    close(ends[1]);
}

FINDS(a_read_from_an_empty_pipe, read_a_pipe, PLAIT_CHECK_UNCONTROLLED,
      .words = {"in read", "test_outside.c"}, .not_replayed = true)
PASSES(a_read_from_a_full_pipe, read_a_pipe, .options = {.schedules = 200})

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

PLAIT_TASK(void, take_mutex) {
    pthread_mutex_lock(&mutex);
    plait_lock_acquire(&lock);
    plait_lock_release(&lock);
    pthread_mutex_unlock(&mutex);
}

static void two_mutexes(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    plait_thread *one = plait_start(take_mutex), *other = plait_start(take_mutex);
    finish(one);
    finish(other);
}

FINDS(a_mutex_that_is_not_plaits, two_mutexes, PLAIT_CHECK_UNCONTROLLED,
      .words = {"in a mutex", "test_outside.c"}, .not_replayed = true)

/* ---- a program whose course something else decides ---- */

/* True once in so many nanoseconds. */
static bool is_the_time(long once_in) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_nsec ^ now.tv_nsec >> 5 ^ now.tv_nsec >> 10) % once_in == 0;
}

PLAIT_TASK(void, do_as_the_clock_says) {
    for (int i = 0; i < 20; i++) {
        plait_lock_acquire(&lock);
        if (is_the_time(2)) plait_lock_release(&lock), plait_lock_acquire(&lock);
        plait_lock_release(&lock);
    }
}

static void read_the_clock(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    plait_thread *one = plait_start(do_as_the_clock_says), *other = plait_start(do_as_the_clock_says);
    finish(one);
    finish(other);
}

FINDS(a_course_that_the_clock_decides, read_the_clock, PLAIT_CHECK_NOT_DETERMINISTIC, .not_replayed = true)

static _Atomic bool stepped;

PLAIT_TASK(void, step) {
    plait_write(stepped) = true;
}

static void fail_as_the_clock_says(void *arg) {
    (void)arg;
    stepped = false;
    plait_thread *thread = plait_start(step);
    bool fails = is_the_time(64); /* not likely to happen twice */
    bool seen = plait_read(stepped);
    finish(thread);
    plait_check_that(!fails || !seen);
}

FINDS(a_failure_that_the_clock_decides, fail_as_the_clock_says, PLAIT_CHECK_NOT_DETERMINISTIC,
      .words = {"NOT DETERMINISTIC: ASSERTION FAILED after "}, .not_replayed = true)

/* What one run leaves behind decides the next. */
static void remember(void *arg) {
    (void)arg;
    static int runs;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    if (++runs == 5) plait_check_that(false);
    finish(plait_start(step));
}

FINDS(a_test_that_does_not_start_from_nothing, remember, PLAIT_CHECK_NOT_DETERMINISTIC, .not_replayed = true)

/* ---- nothing to check ---- */

static void do_nothing(void *arg) {
    (void)arg;
}

FINDS(a_test_that_does_nothing, do_nothing, PLAIT_CHECK_NOTHING_CONTROLLED, .not_replayed = true)

/* A single thread has no choice, but it was controlled. */
static void take_a_lock(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    plait_hold(&lock);
}

FINDS(a_test_of_one_thread, take_a_lock, PLAIT_CHECK_NOTHING_CONTROLLED, .not_replayed = true)

/* ---- options that make no sense ---- */

#define REFUSES(name, ...) \
    FINDS(name, read_a_pipe, PLAIT_CHECK_REFUSED, .not_replayed = true, .options = {__VA_ARGS__})

REFUSES(a_strategy_that_there_is_not, .strategy = (plait_check_strategy)99)
REFUSES(an_injection_that_there_is_not, .inject = 1u << 20)
REFUSES(negative_seconds, .seconds = -1)
REFUSES(seconds_that_are_no_number, .seconds = NAN)
REFUSES(a_token_that_is_none, .replay = "hello")
REFUSES(a_token_that_is_empty, .replay = "")
REFUSES(a_file_that_is_not_there, .replay = "/nowhere/at/all")

TEST(no_function_is_invalid) {
    ck_assert_ptr_null(plait_check_run(NULL, NULL, NULL));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    plait_check_free(NULL);
}

TEST(every_outcome_has_words) {
    for (int outcome = PLAIT_CHECK_PASSED; outcome <= PLAIT_CHECK_REFUSED; outcome++)
        for (int other = PLAIT_CHECK_PASSED; other < outcome; other++)
            ck_assert_str_ne(plait_check_outcome_text((plait_check_outcome)outcome),
                             plait_check_outcome_text((plait_check_outcome)other));
    ck_assert_ptr_nonnull(plait_check_outcome_text((plait_check_outcome)99));
}

/* ---- without the checker ---- */

TEST(outside_a_check_nothing_is_chosen) {
    int x = 1;
    ck_assert(!plait_checking());
    ck_assert_uint_eq(plait_choose(5), 0);
    plait_write(x) = plait_read(x) + 1;
    plait_check_that(x == 2);
}

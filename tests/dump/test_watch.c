/* plait_watch: a standstill is told, once; and nothing else is. Silence cannot be waited for: the tests of it give the
 * watch a hundred looks at what it must not tell. */
#include "situation.h"
#include "support/asleep.h"
#include "thread/program.h"

#include <base/os.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#define EVERY 0.002
#define LONG_ENOUGH 0.3 /* seconds for what the watch must be silent about */

static plait_event told, go;
static int reports;
static char words[4096];

/* The sanitizers have threads of their own. */
static bool strangers(void) {
    return plait__os_thread_count() != 1;
}

static void note(const char *said, void *context) {
    __atomic_add_fetch(&reports, 1, __ATOMIC_RELAXED);
    (void)snprintf(words, sizeof words, "%s", said);
    if (context) plait_event_set(context);
}

static void watch(plait_event *tell) {
    plait_watch_options options = {
        .every = EVERY, .report = note, .context = tell, .ignore_unknown = strangers()};
    ck_assert_ok(plait_watch(&options));
}

static int reported(void) {
    plait_unwatch();
    return __atomic_load_n(&reports, __ATOMIC_RELAXED);
}

PLAIT_TASK(void, wait_for_go) {
    (void)plait_event_wait(&go);
}

static plait_thread *start_waiting(void) {
    plait_thread *thread = plait_start(wait_for_go);
    wait_until_asleep_in("event", 1);
    return thread;
}

static void end(plait_thread *thread) {
    plait_event_set(&go);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

TEST(a_standstill_is_told_with_a_dump) {
    watch(&told);
    plait_thread *thread = start_waiting();
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 1);
    normalise(words);
    ck_assert_str_eq(words, "plait: all 2 threads are asleep for ever: nobody is left to wake them\n"
                            "plait: 2 threads\n MainThread waits for event\n"
                            " Thread-1 (wait_for_go) waits for event\n");
    end(thread);
}

TEST(the_next_standstill_is_told_too) {
    watch(&told);
    plait_thread *thread = start_waiting();
    for (int i = 1; i <= 3; i++) {
        ck_assert_ok(plait_event_wait(&told));
        ck_assert_int_eq(__atomic_load_n(&reports, __ATOMIC_RELAXED), i);
        plait_event_clear(&told);
    }
    (void)reported();
    end(thread);
}

/* ---- silence ---- */

static void set_told(void *unused) {
    (void)unused;
    plait_event_set(&told);
}

TEST(a_timer_to_come_keeps_it_silent) {
    plait_timer *timer = plait_timer_start(plait_after(LONG_ENOUGH), set_told, NULL);
    plait_thread *thread = start_waiting();
    watch(NULL);
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 0);
    plait_timer_free(timer);
    end(thread);
}

PLAIT_TASK(void, sleep_a_while) {
    (void)plait_sleep(LONG_ENOUGH);
}

TEST(a_wait_with_a_deadline_keeps_it_silent) {
    plait_thread *sleeper = plait_start(sleep_a_while), *thread = start_waiting();
    watch(NULL);
    ck_assert_ok(plait_thread_join(sleeper));
    ck_assert_int_eq(reported(), 0);
    plait_thread_free(sleeper);
    end(thread);
}

TEST(a_token_with_a_deadline_keeps_it_silent) {
    plait_token *token = plait_token_new(NULL, plait_after(LONG_ENOUGH));
    plait_thread *thread = start_waiting();
    watch(NULL);
    plait_token *before = plait_token_enter(token);
    ck_assert_status(plait_event_wait(&told), PLAIT_CANCELLED);
    plait_token_leave(before);
    ck_assert_int_eq(reported(), 0);
    plait_token_free(token);
    end(thread);
}

PLAIT_TASK(void, block_outside, (int, descriptor)) {
    struct pollfd nothing = {.fd = descriptor, .events = POLLIN};
    (void)poll(&nothing, 1, (int)(LONG_ENOUGH * 1000));
}

TEST(a_thread_that_blocks_outside_keeps_it_silent) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    plait_thread *outside = plait_start(block_outside, ends[0]), *thread = start_waiting();
    watch(NULL);
    ck_assert_ok(plait_thread_join(outside));
    ck_assert_int_eq(reported(), 0);
    plait_thread_free(outside);
    end(thread);
}

PLAIT_TASK(int, write_later, (int, descriptor)) {
    struct pollfd nothing = {.fd = -1};
    (void)poll(&nothing, 1, (int)(LONG_ENOUGH * 1000));
    return write(descriptor, "x", 1) == 1 ? 0 : 1;
}

/* Its writer is another process. */
TEST(a_select_with_a_descriptor_keeps_it_silent) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) _exit(write_later(ends[1]));
    plait_thread *thread = start_waiting();
    watch(NULL);
    plait_case cases[] = {plait_case_descriptor(ends[0], POLLIN), plait_case_event(&told)};
    ck_assert_ok(plait_select(cases, 2, NULL));
    ck_assert_int_eq(reported(), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    end(thread);
}

static void *read_one(void *descriptor) {
    char byte;
    return read(*(int *)descriptor, &byte, 1) == 1 ? NULL : descriptor;
}

/* A thread that has never called plait. */
PLAIT_TASK(void, wait_for_a_process, (plait_process_event *, event)) {
    (void)plait_process_event_wait(event);
}

/* Another process ends it. */
TEST(a_wait_on_shared_memory_keeps_it_silent) {
    plait_shared *shared = plait_shared_new(sizeof(plait_process_event));
    plait_process_event *event = plait_shared_address(shared);
    pid_t child = fork();
    if (child == 0) {
        (void)plait_sleep(LONG_ENOUGH);
        _exit(plait_process_event_set(event));
    }
    plait_thread *other = plait_start(wait_for_a_process, event), *thread = start_waiting();
    watch(NULL);
    ck_assert_ok(plait_thread_join(other));
    ck_assert_int_eq(reported(), 0);
    plait_thread_free(other);
    plait_shared_free(shared);
    end(thread);
}

TEST(an_unknown_thread_can_be_ignored) {
    int ends[2];
    pthread_t unknown;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pthread_create(&unknown, NULL, read_one, &ends[0]), 0);
    plait_thread *thread = start_waiting();
    plait_watch_options options = {.every = EVERY, .report = note, .context = &told, .ignore_unknown = true};
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 1);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    pthread_join(unknown, NULL);
    end(thread);
}

static void *set_told_later(void *unused) {
    block_outside(-1);
    plait_event_set(&told);
    return unused;
}

TEST(an_unknown_thread_keeps_it_silent) {
    pthread_t unknown;
    ck_assert_int_eq(pthread_create(&unknown, NULL, set_told_later, NULL), 0);
    plait_thread *thread = start_waiting();
    plait_watch_options options = {.every = EVERY, .report = note};
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 0);
    pthread_join(unknown, NULL);
    end(thread);
}

static int wait_for_ctrl_c(void) {
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        block_outside(-1);
        _exit(kill(parent, SIGINT));
    }
    watch(NULL);
    if (plait_event_wait(&told) != PLAIT_CANCELLED) return 2;
    return reported();
}

TEST(ctrl_c_may_come_once_it_is_installed) {
    struct program program = program_run(wait_for_ctrl_c);
    ck_assert_program_exit(program, 0);
}

TEST(nobody_presses_ctrl_c_if_it_is_ignored) {
    ck_assert_ok(plait_interrupt_install());
    plait_watch_options options = {.every = EVERY,
                                   .report = note,
                                   .context = &told,
                                   .ignore_unknown = strangers(),
                                   .ignore_interrupt = true};
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 1);
}

/* ---- on standard error, once ---- */

static int stand_still(void) {
    plait_watch_options options = {.every = EVERY, .ignore_unknown = strangers()};
    static plait_lock lock;
    plait_set_name(&lock, "twice");
    if (plait_watch(&options) != PLAIT_OK) return 1;
    (void)plait_lock_acquire(&lock);
    (void)plait_lock_acquire(&lock);
    return 2;
}

TEST(it_goes_to_standard_error_once) {
    int ends[2], status;
    char said[4096];
    size_t length = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        _exit(stand_still());
    }
    struct pollfd more = {.fd = ends[0], .events = POLLIN};
    while (length == 0 || said[length - 1] != '\n' || poll(&more, 1, (int)(LONG_ENOUGH * 1000)) > 0) {
        ssize_t got = read(ends[0], said + length, sizeof said - 1 - length);
        ck_assert_int_gt(got, 0);
        length += (size_t)got;
    }
    said[length] = '\0';
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    normalise(said);
    ck_assert_str_eq(said, "plait: all 1 threads are asleep for ever: nobody is left to wake them\n"
                           "plait: 1 thread\n MainThread waits for lock \"twice\", held by itself\n"
                           "plait: a circle: MainThread waits for lock \"twice\", held by itself\n");
}

/* ---- options, ending ---- */

TEST(bad_periods_are_refused) {
    plait_watch_options negative = {.every = -1}, none = {.every = NAN}, endless = {.every = INFINITY};
    ck_assert_status(plait_watch(&negative), PLAIT_INVALID);
    ck_assert_status(plait_watch(&none), PLAIT_INVALID);
    ck_assert_status(plait_watch(&endless), PLAIT_INVALID);
    plait_unwatch();
    ck_assert_ok(plait_watch(NULL));
    ck_assert_ok(plait_watch(&(plait_watch_options){.every = 1e300}));
    plait_unwatch();
    plait_unwatch();
}

static plait_event entered, leave;

static void report_slowly(const char *said, void *unused) {
    (void)unused;
    (void)said;
    plait_event_set(&told);
    plait_event_set(&entered);
    (void)plait_event_wait(&leave);
    __atomic_add_fetch(&reports, 1, __ATOMIC_RELAXED);
}

PLAIT_TASK(int, unwatch_and_count) {
    return reported();
}

TEST(ending_waits_for_a_report_under_way) {
    plait_watch_options options = {.every = EVERY, .report = report_slowly, .ignore_unknown = strangers()};
    int count = 0;
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_ok(plait_event_wait(&entered));
    plait_thread *thread = plait_start(unwatch_and_count);
    wait_until_asleep_in("service", 1);
    plait_event_set(&leave);
    ck_assert_ok(plait_thread_result(thread, &count));
    ck_assert_int_eq(count, 1);
    plait_thread_free(thread);
}

static void unwatch_from_within(const char *said, void *unused) {
    (void)unused;
    (void)said;
    plait_unwatch();
    plait_event_set(&told);
}

TEST(a_report_may_end_the_watch) {
    plait_watch_options options = {
        .every = EVERY, .report = unwatch_from_within, .ignore_unknown = strangers()};
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
}

static void leave_the_thread(const char *said, void *unused) {
    (void)unused;
    (void)said;
    plait_event_set(&told);
    pthread_exit(NULL);
}

static void keep_silent(const plait_failure *failure, void *unused) {
    (void)failure;
    (void)unused;
}

TEST(a_report_that_leaves_its_thread_harms_nobody) {
    plait_watch_options options = {.every = EVERY, .report = leave_the_thread, .ignore_unknown = strangers()};
    plait_excepthook_set(keep_silent, NULL);
    ck_assert_ok(plait_watch(&options));
    ck_assert_ok(plait_event_wait(&told));
    plait_unwatch();
    plait_event_clear(&told);
    watch(&told);
    ck_assert_ok(plait_event_wait(&told));
    ck_assert_int_eq(reported(), 1);
}

/* Starting threads: arguments, options, numbers, the registry, and the ways in which a thread ends. */
#include "support/faults.h"
#include "support/test.h"

#include <errno.h>
#include <limits.h>
#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

PLAIT_TASK(long, sum3, (long, a), (long, b), (long, c)) {
    return a + b + c;
}
PLAIT_TASK(void, await, (plait_event *, event)) {
    plait_event_wait(event);
}
PLAIT_TASK(uint32_t, own_ident) {
    return plait_thread_ident(plait_thread_current());
}
PLAIT_TASK(uint32_t, own_native_id) {
    return (uint32_t)syscall(SYS_gettid);
}
PLAIT_TASK(bool, own_daemon) {
    return plait_thread_daemon(plait_thread_current());
}
PLAIT_TASK(bool, child_is_daemon) {
    bool daemon = false;
    plait_thread *child = plait_start(own_daemon);
    if (plait_thread_result(child, &daemon)) plait_raise(PLAIT_FAILED, NULL);
    plait_thread_free(child);
    return daemon;
}

struct shown {
    char name[16];
};
PLAIT_TASK(struct shown, shown_name) {
    struct shown shown = {{0}};
    prctl(PR_GET_NAME, shown.name);
    return shown;
}

static void *echo(void *argument) {
    return argument;
}

TEST(arguments_by_position_and_by_name) {
    long sum = 0;
    plait_thread *thread = plait_start(sum3, 1, 2, .c = 30);
    ck_assert_ok(plait_thread_result(thread, &sum));
    ck_assert_int_eq(sum, 33);
    plait_thread_free(thread);
    thread = plait_start(sum3, .b = 7);
    ck_assert_ok(plait_thread_result(thread, &sum));
    ck_assert_int_eq(sum, 7);
    plait_thread_free(thread);
}

TEST(a_descriptor_and_a_struct_of_arguments) {
    const plait_task *task = plait_task_of(sum3);
    long sum = -1;
    plait_thread *thread = plait_thread_start(NULL, task, NULL);
    ck_assert_ok(plait_thread_result(thread, &sum));
    ck_assert_int_eq(sum, 0);
    plait_thread_free(thread);
}

TEST(an_untyped_thread_returns_a_pointer) {
    int x;
    void *result = NULL;
    plait_thread *thread = plait_thread_new(NULL, echo, &x);
    ck_assert_ok(plait_thread_result(thread, &result));
    ck_assert_ptr_eq(result, &x);
    plait_thread_free(thread);
}

TEST(options_name_daemon_and_stack) {
    static plait_event event;
    plait_thread_options options = {.name = "a name longer than 15", .daemon = true, .stack_size = 65536};
    plait_thread *thread = plait_start_with(&options, await, &event);
    ck_assert_str_eq(plait_thread_name(thread), "a name longer than 15");
    ck_assert(plait_thread_daemon(thread));
    plait_event_set(&event);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

TEST(the_kernel_shows_the_name_or_the_tasks) {
    struct shown shown;
    plait_thread *thread = plait_start_with((&(plait_thread_options){.name = "a name longer than 15"}),
                                            shown_name);
    ck_assert_ok(plait_thread_result(thread, &shown));
    ck_assert_str_eq(shown.name, "a name longer t");
    plait_thread_free(thread);
    thread = plait_start(shown_name);
    ck_assert_ok(plait_thread_result(thread, &shown));
    ck_assert_str_eq(shown.name, "shown_name");
    ck_assert_int_eq(strncmp(plait_thread_name(thread), "Thread-", 7), 0);
    plait_thread_free(thread);
}

TEST(a_daemon_starts_daemons_unless_told_otherwise) {
    bool daemon = false;
    plait_thread *thread = plait_start_with((&(plait_thread_options){.daemon = true}), child_is_daemon);
    ck_assert_ok(plait_thread_result(thread, &daemon));
    ck_assert(daemon);
    plait_thread_free(thread);
    thread = plait_start(child_is_daemon);
    ck_assert_ok(plait_thread_result(thread, &daemon));
    ck_assert(!daemon);
    plait_thread_free(thread);
}

TEST(numbers_are_known_as_soon_as_it_is_started) {
    for (int i = 0; i < 200; i++) {
        uint32_t ident = 0, native = 0;
        plait_thread *one = plait_start(own_ident), *other = plait_start(own_native_id);
        uint32_t asked = plait_thread_ident(one), asked_native = plait_thread_native_id(other);
        ck_assert_ok(plait_thread_result(one, &ident));
        ck_assert_ok(plait_thread_result(other, &native));
        ck_assert_uint_ne(asked, 0);
        ck_assert_uint_eq(asked, ident);
        ck_assert_uint_eq(asked_native, native);
        plait_thread_free(one);
        plait_thread_free(other);
    }
}

TEST(misuse_has_a_status) {
    plait_task other_version = *plait_task_of(sum3);
    other_version.version++;
    ck_assert_ptr_null(plait_thread_new(NULL, NULL, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_thread_start(NULL, NULL, NULL));
    ck_assert_ptr_null(plait_thread_start(NULL, &other_version, NULL));
    ck_assert_ptr_null(plait_start_with((&(plait_thread_options){.stack_size = 1}), sum3));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_start_with((&(plait_thread_options){.stack_size = SIZE_MAX / 2}), sum3));
    ck_assert_status(plait_last_error(), PLAIT_ERRNO);
    ck_assert_status(plait_thread_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_thread_result(NULL, NULL), PLAIT_INVALID);
    ck_assert_str_eq(plait_thread_message(NULL), "");
    ck_assert_ptr_null(plait_thread_name(NULL));
    ck_assert_ptr_null(plait_thread_keep(NULL));
    ck_assert_uint_eq(plait_thread_ident(NULL), 0);
    ck_assert_uint_eq(plait_thread_native_id(NULL), 0);
    ck_assert(!plait_thread_is_alive(NULL));
    ck_assert(!plait_thread_daemon(NULL));
    plait_thread_free(NULL);
    ck_assert_uint_eq(plait_thread_active_count(), 1);
}

/* ---- the registry ---- */

TEST(enumerate_finds_the_living) {
    static plait_event event;
    plait_thread *found[8], *one = plait_start(await, &event), *other = plait_start(await, &event);
    ck_assert_uint_eq(plait_thread_active_count(), 3);
    ck_assert_uint_eq(plait_thread_enumerate(found, 1), 3);
    ck_assert_ptr_eq(found[0], plait_thread_main());
    plait_thread_free(found[0]);
    ck_assert_uint_eq(plait_thread_enumerate(found, 8), 3);
    ck_assert_ptr_eq(found[1], one);
    ck_assert_ptr_eq(found[2], other);
    plait_event_set(&event);
    plait_thread_join(one);
    plait_thread_join(other);
    plait_thread_free(one);
    plait_thread_free(other);
    ck_assert(!plait_thread_is_alive(found[1])); /* these handles count on their own */
    plait_thread_free(found[1]);
    plait_thread_free(found[2]);
    ck_assert_uint_eq(plait_thread_active_count(), 1);
}

static int no_more_starts;

/* Each handle is one's own, whatever becomes of the thread. */
PLAIT_TASK(size_t, look_at_all) {
    plait_thread *found[8];
    size_t looked = 0;
    do {
        size_t count = plait_thread_enumerate(found, 8);
        for (size_t i = 0; i < count && i < 8; i++) {
            looked += strlen(plait_thread_name(found[i]));
            bool unstarted = strcmp(plait_thread_name(found[i]), "unstarted") == 0;
            if (unstarted && (plait_thread_ident(found[i]) || plait_thread_join(found[i]) != PLAIT_OK))
                plait_raise(PLAIT_FAILED, "a thread that was never started has lived");
            plait_thread_free(found[i]);
        }
    } while (!__atomic_load_n(&no_more_starts, __ATOMIC_RELAXED));
    return looked;
}

TEST(who_finds_a_thread_that_is_not_started_after_all_may_keep_it) {
    plait_thread_options too_small = {.name = "unstarted", .stack_size = 1};
    plait_thread *looker = plait_start(look_at_all);
    for (int i = 0; i < 20000; i++)
        ck_assert_ptr_null(plait_thread_start(&too_small, plait_task_of(look_at_all), NULL));
    __atomic_store_n(&no_more_starts, 1, __ATOMIC_RELAXED);
    ck_assert_ok(plait_thread_result(looker, NULL));
    plait_thread_free(looker);
}

TEST(main_is_the_first_thread) {
    ck_assert_ptr_eq(plait_thread_current(), plait_thread_main());
    ck_assert_str_eq(plait_thread_name(plait_thread_main()), "MainThread");
    ck_assert_uint_eq(plait_thread_native_id(plait_thread_main()), (uint32_t)getpid());
    ck_assert(plait_thread_is_alive(plait_thread_main()));
    ck_assert_status(plait_thread_join(plait_thread_main()), PLAIT_DEADLOCK);
    plait_thread_free(plait_thread_main()); /* borrowed, and static: no harm */
    ck_assert(plait_thread_is_alive(plait_thread_main()));
}

static void *ask_for_handle(void *handle) {
    *(plait_thread **)handle = plait_thread_keep(plait_thread_current());
    return plait_thread_current() == *(plait_thread **)handle ? NULL : handle;
}

TEST(foreign_threads_get_a_handle_on_demand) {
    pthread_t pthread;
    plait_thread *handle = NULL;
    void *differs = NULL;
    ck_assert_int_eq(pthread_create(&pthread, NULL, ask_for_handle, &handle), 0);
    ck_assert_int_eq(pthread_join(pthread, &differs), 0);
    ck_assert_ptr_null(differs);
    ck_assert_ok(plait_thread_join(handle)); /* its pthread has ended, and so has it */
    ck_assert(!plait_thread_is_alive(handle));
    ck_assert(plait_thread_daemon(handle));
    ck_assert_uint_ne(plait_thread_ident(handle), 0);
    plait_thread_free(handle);
    ck_assert_uint_eq(plait_thread_active_count(), 1);
}

/* ---- how it ends, and what it inherits ---- */

PLAIT_TASK(int, leaves_by_pthread_exit, (bool, raising)) {
    if (raising) plait_raise(PLAIT_USER, "told before");
    pthread_exit(NULL);
}

TEST(pthread_exit_fails_the_task) {
    int result = 0;
    plait_thread *thread = plait_start(leaves_by_pthread_exit);
    ck_assert_status(plait_thread_result(thread, &result), PLAIT_FAILED);
    ck_assert_str_eq(plait_thread_message(thread), "the task was left by pthread_exit");
    plait_thread_free(thread);
    thread = plait_start(leaves_by_pthread_exit, true);
    ck_assert_status(plait_thread_result(thread, &result), PLAIT_USER);
    plait_thread_free(thread);
    ck_assert_uint_eq(plait_thread_active_count(), 1);
}

PLAIT_TASK(int, waits_for, (plait_event *, event)) {
    return plait_event_wait(event);
}

TEST(a_thread_inherits_its_starters_token) {
    static plait_event never;
    int status = 0;
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_token *before = plait_token_enter(token);
    plait_thread *thread = plait_start(waits_for, &never);
    plait_token_leave(before);
    plait_cancel(token);
    plait_token_free(token);
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_int_eq(status, PLAIT_CANCELLED);
    plait_thread_free(thread);
}

PLAIT_TASK(bool, blocks_sigint) {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGSEGV);
}

TEST(threads_block_asynchronous_signals) {
    bool blocked = false;
    plait_thread *thread = plait_start(blocks_sigint);
    ck_assert_ok(plait_thread_result(thread, &blocked));
    ck_assert(blocked);
    plait_thread_free(thread);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    ck_assert(!sigismember(&mask, SIGTERM));
}

static plait_status start_and_join(void) {
    long sum;
    plait_thread *thread = plait_start(sum3, 1, 2, 3);
    if (!thread) return plait_last_error();
    plait_status status = plait_thread_result(thread, &sum);
    plait_thread_free(thread);
    return status;
}

TEST(starting_survives_lack_of_memory) {
    fault_every(start_and_join);
}

static void *status_of_own_handle(void *status) {
    plait_thread *own = plait_thread_current();
    *(plait_status *)status = own ? PLAIT_OK : plait_last_error();
    return NULL;
}

static plait_status ask_in_a_foreign_thread(void) {
    pthread_t pthread;
    plait_status status = PLAIT_FAILED;
    if (pthread_create(&pthread, NULL, status_of_own_handle, &status)) return PLAIT_ERRNO;
    pthread_join(pthread, NULL);
    return status;
}

TEST(foreign_handles_survive_lack_of_memory) {
    fault_every(ask_in_a_foreign_thread);
}

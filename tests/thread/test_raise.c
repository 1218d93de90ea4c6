/* Raising failures, frames, and the excepthook. */
#include "support/faults.h"
#include "support/test.h"

#include <base/memory.h>
#include <errno.h>
#include <plait.h>
#include <string.h>
#include <thread/task_frame.h>

static plait_failure seen;
static char seen_message[200];
static int hooked;

static void remember(const plait_failure *failure, void *context) {
    *(int *)context += 1;
    seen = *failure;
    strncpy(seen_message, failure->message, sizeof seen_message - 1);
}

TEST(raising_outside_a_task_says_so) {
    ck_assert_status(plait_raise(PLAIT_FAILED, "lost"), PLAIT_INVALID);
}

TEST(a_code_must_be_a_failure) {
    struct plait__frame frame;
    plait__frame_begin(&frame, NULL);
    ck_assert_status(plait_raise(PLAIT_OK, "fine"), PLAIT_INVALID);
    ck_assert_status(plait_raise(-1, "fine"), PLAIT_INVALID);
    ck_assert_ok(plait__frame_end(&frame));
}

TEST(the_last_raise_counts) {
    struct plait__frame frame;
    plait__frame_begin(&frame, NULL);
    ck_assert_ok(plait_raise(PLAIT_USER + 1, "first %d", 1));
    ck_assert_ok(plait_raise(PLAIT_USER + 2, "second %d", 2));
    ck_assert_status(plait__frame_end(&frame), PLAIT_USER + 2);
    char *message = plait__frame_take(&frame);
    ck_assert_str_eq(message, "second 2");
    ck_assert_ptr_null(plait__frame_take(&frame));
    plait__release(message);
}

TEST(errno_is_explained_and_kept) {
    struct plait__frame frame;
    plait__frame_begin(&frame, NULL);
    errno = ENOENT;
    ck_assert_ok(plait_raise(PLAIT_ERRNO, "cannot open %s", "x"));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_str_eq(frame.message, "cannot open x: No such file or directory");
    plait__frame_end(&frame);
    plait__frame_clear(&frame);
}

TEST(frames_nest) {
    struct plait__frame outer, inner;
    plait__frame_begin(&outer, "outer");
    plait__frame_begin(&inner, "inner");
    ck_assert_ok(plait_raise(PLAIT_FAILED, NULL));
    ck_assert_status(plait__frame_end(&inner), PLAIT_FAILED);
    ck_assert_ok(plait__frame_end(&outer));
    ck_assert_str_eq(plait__failure_words(inner.status, inner.message), plait_status_text(PLAIT_FAILED));
}

TEST(without_memory_the_code_is_recorded_all_the_same) {
    struct plait__frame frame;
    fault_install();
    plait__frame_begin(&frame, NULL);
    fault_arm(1);
    ck_assert_ok(plait_raise(PLAIT_USER, "words"));
    ck_assert(fault_happened());
    ck_assert_status(plait__frame_end(&frame), PLAIT_USER);
    ck_assert_ptr_null(frame.message);
}

PLAIT_TASK(int, fails, (int, code)) {
    plait_raise(code, "failed with %d", code);
    return 5;
}
PLAIT_TASK(int, waits_and_fails, (plait_event *, go)) {
    plait_event_wait(go);
    plait_raise(PLAIT_USER, "late");
    return 0;
}

TEST(a_failure_nobody_read_reaches_the_excepthook) {
    plait_excepthook_set(remember, &hooked);
    plait_thread *thread = plait_start_with((&(plait_thread_options){.name = "worker"}), fails, PLAIT_USER);
    ck_assert_ok(plait_thread_join(thread));
    ck_assert_int_eq(hooked, 0);
    plait_thread_free(thread);
    ck_assert_int_eq(hooked, 1);
    ck_assert_int_eq(seen.status, PLAIT_USER);
    ck_assert_str_eq(seen_message, "failed with 1000");
}

TEST(a_failure_that_was_read_does_not) {
    plait_excepthook_set(remember, &hooked);
    plait_thread *thread = plait_start(fails, PLAIT_USER);
    int result = 1;
    ck_assert_status(plait_thread_result(thread, &result), PLAIT_USER);
    ck_assert_int_eq(result, 1);
    plait_thread_free(thread);
    ck_assert_int_eq(hooked, 0);
}

TEST(a_failure_after_the_handle_is_gone_reaches_the_excepthook) {
    static plait_event go;
    plait_excepthook_set(remember, &hooked);
    plait_thread_free(plait_start(waits_and_fails, &go));
    plait_event_set(&go);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER)); /* waits for the very last doings */
    ck_assert_int_eq(hooked, 1);
    ck_assert_str_eq(seen_message, "late");
}

static plait_status fail_in_a_thread(void) {
    plait_thread *thread = plait_start(fails, PLAIT_USER);
    if (!thread) return plait_last_error();
    plait_status status = plait_thread_result(thread, NULL);
    plait_thread_free(thread);
    return status == PLAIT_USER ? PLAIT_OK : status;
}

TEST(raising_survives_lack_of_memory) {
    fault_every(fail_in_a_thread);
}

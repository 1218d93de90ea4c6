/* raise.c - the frames of running tasks, and raising a failure in the innermost one.
 *
 * A frame lies on the stack of whoever runs the task and is linked into plait__self()->task; it is seen by
 * its own thread only.
 */
#include <base/memory.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/self.h>

void plait__frame_begin(struct plait__frame *frame, const char *name) {
    struct plait__self *self = plait__self();
    *frame = (struct plait__frame){.name = name, .outer = self->task, .outer_token = self->task_token};
    self->task = frame;
    self->task_token = self->token;
}

plait_status plait__frame_end(struct plait__frame *frame) {
    struct plait__self *self = plait__self();
    self->task = frame->outer;
    self->task_token = frame->outer_token;
    return frame->status;
}

char *plait__frame_take(struct plait__frame *frame) {
    char *message = frame->message;
    frame->message = NULL;
    return message;
}

void plait__frame_clear(struct plait__frame *frame) {
    plait__release(plait__frame_take(frame));
    frame->raised = 0;
    frame->status = PLAIT_OK;
}

const char *plait__failure_words(plait_status status, const char *message) {
    return message ? message : plait_status_text(status);
}

static __thread char last_message[112]; /* small, because it is there for every thread */

void plait__set_last_message(const char *words) {
    (void)snprintf(last_message, sizeof last_message, "%s", words);
}

const char *plait_last_message(void) {
    return last_message;
}

/* What errno means, behind ": "; an empty string for other codes. By the GNU form of strerror_r, which
 * returns the words; strerror is not thread-safe. */
static void reason_of(plait_status code, int number, char *reason, size_t size) {
    reason[0] = '\0';
    if (code != PLAIT_ERRNO) return;
    char words[128] = "";
    const char *found = strerror_r(number, words, sizeof words);
    snprintf(reason, size, ": %s", found);
}

/* The whole message, allocated; NULL when there is none or memory is out. */
static char *compose(plait_status code, int number, const char *format, va_list arguments) {
    if (!format) return NULL;
    char reason[160];
    reason_of(code, number, reason, sizeof reason);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    char *message = plait__allocate(size + strlen(reason) + 1);
    if (message && length >= 0) vsnprintf(message, size + 1, format, again);
    va_end(again);
    if (message) memcpy(message + size, reason, strlen(reason) + 1);
    return message;
}

void plait__frame_raise(plait_status status, char *message) {
    struct plait__frame *frame = plait__self()->task;
    if (!frame) {
        plait__release(message);
        return;
    }
    plait__frame_clear(frame);
    frame->raised = 1;
    frame->end = 0;
    frame->status = status;
    frame->message = message;
}

plait_status plait_raise(plait_status code, const char *format, ...) {
    int number = errno;
    struct plait__frame *frame = plait__self()->task;
    if (code <= PLAIT_OK || !frame) return PLAIT_INVALID;
    va_list arguments;
    va_start(arguments, format);
    plait__frame_raise(code, compose(code, number, format, arguments));
    va_end(arguments);
    errno = number;
    return PLAIT_OK;
}

/* promise.c - futures that somebody other than a pool keeps: the producer's side. */
#include <base/memory.h>
#include <pool/future.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

plait_future *plait_future_new(size_t result_size) {
    return plait__future_make(NULL, result_size);
}

/* Why it cannot be set any more. */
static plait_status too_late(const plait_future *future) {
    bool cancelled = plait__load(&future->state) & PLAIT__CANCEL; /* perhaps not done yet */
    return cancelled || plait_future_cancelled(future) ? PLAIT_CANCELLED : PLAIT_INVALID;
}

plait_status plait_future_set_running(plait_future *future) {
    if (!future) return PLAIT_INVALID;
    if (future->task) return PLAIT_NOT_OWNER;
    return plait__future_enter(future, PLAIT__QUEUED, PLAIT__RUNNING) ? PLAIT_OK : too_late(future);
}

/* The exclusive right to set it. */
static plait_status begin(plait_future *future) {
    if (!future) return PLAIT_INVALID;
    if (future->task) return PLAIT_NOT_OWNER;
    if (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING)) return PLAIT_OK;
    if (plait__future_enter(future, PLAIT__RUNNING, PLAIT__SETTING)) return PLAIT_OK;
    return too_late(future);
}

/* A callback may free the caller's handle. */
static void finish(plait_future *future, plait_status status, char *message) {
    plait_future_keep(future);
    plait__future_finish(future, status, message);
    plait__future_drop(future);
}

plait_status plait_future_set_result_sized(plait_future *future, const void *result, size_t size) {
    if (!future) return PLAIT_INVALID;
    if (size && size != plait__future_result_size(future)) return PLAIT_INVALID;
    if (!result && plait__future_result_size(future)) return PLAIT_INVALID;
    plait_status status = begin(future);
    if (status != PLAIT_OK) return status;
    if (result) memcpy(plait__future_result(future), result, plait__future_result_size(future));
    finish(future, PLAIT_OK, NULL);
    return PLAIT_OK;
}

/* NULL when memory is out: the code is kept all the same. */
static char *compose(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *message = length < 0 ? NULL : plait__allocate((size_t)length + 1);
    if (message) vsnprintf(message, (size_t)length + 1, format, again);
    va_end(again);
    return message;
}

plait_status plait_future_set_error(plait_future *future, plait_status code, const char *format, ...) {
    if (code <= PLAIT_OK) return PLAIT_INVALID;
    plait_status status = begin(future);
    if (status != PLAIT_OK) return status;
    char *message = NULL;
    if (format) {
        va_list arguments;
        va_start(arguments, format);
        message = compose(format, arguments);
        va_end(arguments);
    }
    finish(future, code, message);
    return PLAIT_OK;
}

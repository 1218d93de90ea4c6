/* status.c - names and meanings of status codes, and the last error of each thread. */
#include <base/status.h>
#include <stdio.h>

static const struct {
    const char *name;
    const char *text;
} known[] = {
    [PLAIT_OK] = {"PLAIT_OK", "all went well"},
    [PLAIT_TIMEOUT] = {"PLAIT_TIMEOUT", "the deadline passed first"},
    [PLAIT_BUSY] = {"PLAIT_BUSY", "it would have had to wait"},
    [PLAIT_EMPTY] = {"PLAIT_EMPTY", "there is nothing to get"},
    [PLAIT_FULL] = {"PLAIT_FULL", "there is no room to put more"},
    [PLAIT_SHUTDOWN] = {"PLAIT_SHUTDOWN", "it was shut down"},
    [PLAIT_CANCELLED] = {"PLAIT_CANCELLED", "it was cancelled"},
    [PLAIT_INTERRUPTED] = {"PLAIT_INTERRUPTED", "a signal interrupted the wait"},
    [PLAIT_BROKEN] = {"PLAIT_BROKEN", "it is broken and can no longer be used"},
    [PLAIT_NOT_OWNER] = {"PLAIT_NOT_OWNER", "the calling thread does not hold it"},
    [PLAIT_DEADLOCK] = {"PLAIT_DEADLOCK", "the call could never return"},
    [PLAIT_CRASHED] = {"PLAIT_CRASHED", "a process died in the middle of it"},
    [PLAIT_NO_MEMORY] = {"PLAIT_NO_MEMORY", "there is not enough memory"},
    [PLAIT_INVALID] = {"PLAIT_INVALID", "an argument makes no sense"},
    [PLAIT_OVERFLOW] = {"PLAIT_OVERFLOW", "a counter would pass its limit"},
    [PLAIT_TOO_LARGE] = {"PLAIT_TOO_LARGE", "it is larger than there is room for"},
    [PLAIT_EXISTS] = {"PLAIT_EXISTS", "the name is taken"},
    [PLAIT_MISSING] = {"PLAIT_MISSING", "nothing has that name"},
    [PLAIT_ERRNO] = {"PLAIT_ERRNO", "a system call failed"},
    [PLAIT_FAILED] = {"PLAIT_FAILED", "the task failed"},
};

/* Thread-local, and initial-exec as all of plait's: nothing to destroy, so it works in any thread. */
static __thread plait_status last_error;
static __thread char user_name[32];

static bool is_known(plait_status status) {
    return status >= 0 && (size_t)status < sizeof known / sizeof *known && known[status].name;
}

const char *plait_status_name(plait_status status) {
    if (is_known(status)) return known[status].name;
    if (status < PLAIT_USER)
        snprintf(user_name, sizeof user_name, "status %d", status);
    else if (status == PLAIT_USER)
        return "PLAIT_USER";
    else
        snprintf(user_name, sizeof user_name, "PLAIT_USER+%d", status - PLAIT_USER);
    return user_name;
}

const char *plait_status_text(plait_status status) {
    if (is_known(status)) return known[status].text;
    return status >= PLAIT_USER ? "an error of the program's own" : "no such status";
}

plait_status plait_last_error(void) {
    return last_error;
}

void plait__set_last_error(plait_status status) {
    last_error = status;
}

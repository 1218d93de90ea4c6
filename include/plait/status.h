/* plait/status.h - how plait says what happened.
 *
 * Functions that can fail return a plait_status; PLAIT_OK is 0, so `if (status)` reads "if it failed".
 * Functions that make something return NULL when they fail, and leave the reason in plait_last_error().
 * Nothing in plait aborts because memory is out, and nothing fails silently.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *         static plait_event never;
 *         plait_status status = plait_event_wait_until(&never, plait_after(0.01));
 *         printf("%s: %s\n", plait_status_name(status), plait_status_text(status));
 *         return status == PLAIT_TIMEOUT ? 0 : 1;
 *     }
 */
#ifndef PLAIT_STATUS_H
#define PLAIT_STATUS_H

#include <plait/api.h>

PLAIT_BEGIN

/* An int rather than an enum: a task may raise codes of its own, from PLAIT_USER upwards. */
typedef int plait_status;

enum {
    PLAIT_OK = 0,
    PLAIT_TIMEOUT,     /* the deadline of this call passed first (Python: a False or Empty after timeout) */
    PLAIT_BUSY,        /* a _nowait call would have had to wait */
    PLAIT_EMPTY,       /* nothing to get (Python: queue.Empty) */
    PLAIT_FULL,        /* no room to put (Python: queue.Full) */
    PLAIT_SHUTDOWN,    /* the object was shut down or closed (Python: queue.ShutDown) */
    PLAIT_CANCELLED,   /* the current cancel token was cancelled, or its deadline passed */
    PLAIT_INTERRUPTED, /* a host language's signal has arrived (see plait/host.h) */
    PLAIT_BROKEN,      /* the object can no longer be used: a broken barrier, a pool after fork, ... */
    PLAIT_NOT_OWNER,   /* released by a thread that does not hold it, or held by nobody */
    PLAIT_DEADLOCK,    /* the call could never return: joining oneself, waiting for one's own result */
    PLAIT_CRASHED,     /* a process died in the middle of it: the one that ran the task, say */
    PLAIT_NO_MEMORY,   /* an allocation failed */
    PLAIT_INVALID,     /* an argument makes no sense: NULL, a negative count, a size that does not fit */
    PLAIT_OVERFLOW,    /* a counter would pass its limit (Python: ValueError of BoundedSemaphore.release) */
    PLAIT_TOO_LARGE,   /* larger than allowed, or than the room that is there for it */
    PLAIT_EXISTS,      /* the name is taken (Python: FileExistsError) */
    PLAIT_MISSING,     /* nothing has that name (Python: FileNotFoundError) */
    PLAIT_ERRNO,       /* a system call failed; errno says how */
    PLAIT_FAILED,      /* a task failed without giving a reason of its own */
    PLAIT_USER = 1000  /* the first code that belongs to the program */
};

/* The name of a status as it stands in the source, such as "PLAIT_TIMEOUT"; "PLAIT_USER+3" for codes of
 * the program; never NULL. Thread-safe; the string is static, or lives in the calling thread until its
 * next call of this function. */
PLAIT_API const char *plait_status_name(plait_status status);

/* What a status means, as a sentence part without a full stop. Never NULL, always static. */
PLAIT_API const char *plait_status_text(plait_status status);

/* Why the last constructor called by this thread returned NULL. PLAIT_OK before the first failure; a
 * later success does not reset it, as with errno. */
PLAIT_API plait_status plait_last_error(void);

PLAIT_END

#endif

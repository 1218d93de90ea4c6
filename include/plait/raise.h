/* plait/raise.h - how a task fails, and where failures go that nobody asks for.
 *
 * A task that cannot do what it was asked to records why, and returns; what it returns is thrown away.
 * Whoever asks for its result gets the code as a status and the words as a message. A failure that nobody
 * ever asked for is not lost: when the last handle is freed, or at the latest when the program exits, it
 * goes to the excepthook, which by default writes one line to standard error:
 *
 *     plait: thread Thread-1 (count_words): PLAIT_ERRNO: cannot open notes.txt: No such file or directory
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     PLAIT_TASK(long, count_lines, (const char *, path)) {
 *         FILE *file = fopen(path, "r");
 *         if (!file) {
 *             plait_raise(PLAIT_ERRNO, "cannot open %s", path);
 *             return 0;
 *         }
 *         long lines = 0;
 *         for (int c; (c = getc(file)) != EOF;) lines += c == '\n';
 *         fclose(file);
 *         return lines;
 *     }
 *
 *     int main(void) {
 *         long lines;
 *         plait_thread *thread = plait_start(count_lines, "/nowhere/at/all");
 *         plait_status status = plait_thread_result(thread, &lines);
 *         int as_said = strcmp(plait_thread_message(thread),
 *                              "cannot open /nowhere/at/all: No such file or directory") == 0;
 *         plait_thread_free(thread);
 *         return status == PLAIT_ERRNO && as_said ? 0 : 1;
 *     }
 */
#ifndef PLAIT_RAISE_H
#define PLAIT_RAISE_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Records that the task which the calling thread runs has failed: with a code (PLAIT_FAILED and its like,
 * or one of the program's own, from PLAIT_USER up) and a message in the manner of printf. PLAIT_ERRNO adds
 * what errno means to the message. `format` may be NULL: the message is then what the code means.
 * The task goes on and should return soon. Raised again, the last one counts, as in Python, where an
 * exception raised while another is handled takes its place.
 * PLAIT_OK: recorded. PLAIT_INVALID: the code is PLAIT_OK or negative, or this thread runs no task, so
 * that nobody would ever learn of it. When memory for the message is out the code is recorded all the
 * same. errno is left alone. Python: raise. */
PLAIT_API plait_status plait_raise(plait_status code, const char *format, ...) PLAIT_PRINTF(2, 3);

/* Some calls run a task themselves, or have it run, and hand its failure to their caller as a status:
 * plait_owner_open (plait/owner.h) and plait_lender_borrow (plait/lender.h). These are the words of the last
 * failure that the calling thread met so, cut to what fits into a hundred bytes or so. "" before the first.
 * Lives until the next. */
PLAIT_API const char *plait_last_message(void);

/* A failure, as the excepthook sees it. The strings live until the hook returns. */
typedef struct plait_failure {
    plait_status status;
    const char *message; /* never NULL */
    const char *task;    /* the name of the task; NULL if it has none */
    const char *thread;  /* the name of the thread that ran it; never NULL */
} plait_failure;

/* Runs on whichever thread let go last, with no lock of plait held. It may raise nothing. */
typedef void plait_excepthook(const plait_failure *failure, void *context);

/* Replaces the hook; NULL brings back the default. Thread-safe; the old hook may still be running when it
 * returns. Python: threading.excepthook. */
PLAIT_API void plait_excepthook_set(plait_excepthook *hook, void *context);

PLAIT_END

#endif

/* plait/deadline.h - deadlines: absolute points in monotonic time.
 *
 * Every waiting call comes in three forms: the base verb waits as long as it takes, `_until` takes a
 * deadline, `_nowait` never waits. A deadline is a point in time, not a duration, so that a loop that
 * waits several times does not start its time-out anew each time; it is a struct, so that a bare number
 * of seconds (or milliseconds?) does not compile.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) {
 *         static plait_semaphore answers;
 *         plait_deadline soon = plait_after(0.02);      // twenty milliseconds from here, for all three
 *         plait_semaphore_release(&answers, 2);
 *         int got = 0;
 *         for (int i = 0; i < 3; i++)
 *             if (plait_semaphore_acquire_until(&answers, soon) == PLAIT_OK) got++;
 *         return got == 2 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_DEADLINE_H
#define PLAIT_DEADLINE_H

#include <plait/api.h>

PLAIT_BEGIN

/* Nanoseconds on the monotonic clock of plait_monotonic(); the field is plait's business. */
typedef struct plait_deadline {
    int64_t ns;
} plait_deadline;

/* Already passed: the call does not wait. */
#define PLAIT_NOW (PLAIT_LITERAL(plait_deadline){INT64_MIN})
/* Never passes: the call waits as long as it takes. */
#define PLAIT_FOREVER (PLAIT_LITERAL(plait_deadline){INT64_MAX})

/* The deadline that lies this many seconds ahead. Zero, negative and NaN give PLAIT_NOW; infinity and
 * whatever lies beyond the clock's range (292 years) give PLAIT_FOREVER. Never fails. */
PLAIT_API plait_deadline plait_after(double seconds);

/* Seconds until the deadline, negative when it has passed; infinity for PLAIT_FOREVER, its negative for
 * PLAIT_NOW. */
PLAIT_API double plait_remaining(plait_deadline deadline);

/* Whether the deadline has passed. */
PLAIT_API bool plait_passed(plait_deadline deadline);

/* The earlier of two deadlines. */
PLAIT_API plait_deadline plait_earlier(plait_deadline one, plait_deadline other);

/* Seconds on the clock that deadlines use; only differences mean anything (Python: time.monotonic). */
PLAIT_API double plait_monotonic(void);

PLAIT_END

#endif

/* plait/sleep.h - a pause that can be cancelled.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) { return plait_sleep(0.001); }
 */
#ifndef PLAIT_SLEEP_H
#define PLAIT_SLEEP_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Sleeps for this many seconds (zero, negative and NaN: not at all), or until the deadline has passed.
 * PLAIT_OK when the time is over; PLAIT_CANCELLED or PLAIT_INTERRUPTED when it ended early. The time is
 * never cut short otherwise: stray wakes and signals do not end it. Python: time.sleep. */
PLAIT_API plait_status plait_sleep(double seconds);
PLAIT_API plait_status plait_sleep_until(plait_deadline deadline);

PLAIT_END

#endif

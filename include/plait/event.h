/* plait/event.h - an event: one bit that threads can wait for.
 *
 * Zero is ready, and clear. Whoever waits goes on when the event is set, at once if it is already; it
 * stays set until it is cleared. All threads that wait when it is set go on, even if it is cleared again
 * before they run.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_event stop;
 *
 *     int main(void) {
 *         int turns = 0;
 *         while (plait_event_wait_until(&stop, plait_after(0.001)) == PLAIT_TIMEOUT)  // a pause, unless set
 *             if (++turns == 3) plait_event_set(&stop);
 *         return turns == 3 && plait_event_is_set(&stop) ? 0 : 1;
 *     }
 */
#ifndef PLAIT_EVENT_H
#define PLAIT_EVENT_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_event {
    uint32_t word;
} plait_event;

/* Zero; for an event in memory that is not zeroed. */
#define PLAIT_EVENT_INIT \
    { 0 }

/* Sets the event and wakes all who wait for it; what the caller wrote before is seen by whoever goes on
 * because of it. A waiter may free the event at once: set does not touch it any more by then. Setting
 * twice is allowed. PLAIT_INVALID for NULL. Any thread, never blocks. Python: Event.set. */
PLAIT_API plait_status plait_event_set(plait_event *event);

/* Clears the event: later waits wait. PLAIT_INVALID for NULL. Any thread, never blocks.
 * Python: Event.clear. */
PLAIT_API plait_status plait_event_clear(plait_event *event);

/* Whether it is set at this instant; false for NULL. Python: Event.is_set. */
PLAIT_API bool plait_event_is_set(const plait_event *event);

/* Waits until the event is set (or until the deadline). PLAIT_OK: it is, or it was during the wait.
 * PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: it was not. PLAIT_INVALID for NULL. Any number of
 * threads may wait. Python: Event.wait, which returns False for a timeout. */
PLAIT_API plait_status plait_event_wait(plait_event *event);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_event_wait_until(plait_event *event, plait_deadline deadline);

/* The case of a plait_select that the event is set. The event must stay until the select has returned. */
PLAIT_API plait_case plait_case_event(plait_event *event);

PLAIT_END

#endif

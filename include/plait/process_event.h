/* plait/process_event.h - an event between processes: one bit that they can wait for.
 *
 * As plait/event.h, in memory that processes share. Zero is ready, and clear, and nothing needs to be destroyed. All who
 * wait when it is set go on, even if it is cleared again before they run. Setting it is one step: whoever is killed has
 * set it or has not. If it was killed before it could wake those who wait, they find out within about a second.
 *
 * Example:
 *     #include <plait.h>
 *     #include <sys/mman.h>
 *     #include <sys/wait.h>
 *     #include <unistd.h>
 *
 *     int main(void) {
 *         plait_process_event *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
 *         pid_t child = fork();
 *         if (child == 0) return plait_process_event_set(done);
 *         plait_status status = plait_process_event_wait_until(done, plait_after(10));
 *         waitpid(child, NULL, 0);
 *         return status;
 *     }
 */
#ifndef PLAIT_PROCESS_EVENT_H
#define PLAIT_PROCESS_EVENT_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_process_event {
    uint32_t word;
} plait_process_event;

/* Zero; for an event in memory that is not zeroed and that nobody uses. */
#define PLAIT_PROCESS_EVENT_INIT \
    { 0 }

/* Sets the event and wakes all who wait for it; what the caller wrote before is seen by whoever goes on because of it.
 * Who goes on may free the memory. Setting twice is allowed. PLAIT_INVALID for NULL. Never blocks. Python: Event.set. */
PLAIT_API plait_status plait_process_event_set(plait_process_event *event);

/* Clears the event: later waits wait. PLAIT_INVALID for NULL. Never blocks. Python: Event.clear. */
PLAIT_API plait_status plait_process_event_clear(plait_process_event *event);

/* Whether it is set at this instant; false for NULL. Python: Event.is_set. */
PLAIT_API bool plait_process_event_is_set(const plait_process_event *event);

/* Waits until the event is set (or until the deadline). PLAIT_OK: it is, or it was during the wait. PLAIT_TIMEOUT,
 * PLAIT_CANCELLED, PLAIT_INTERRUPTED: it was not. PLAIT_INVALID for NULL. Any number may wait. Python: Event.wait, which
 * returns False for a timeout. */
PLAIT_API plait_status plait_process_event_wait(plait_process_event *event);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_event_wait_until(plait_process_event *event,
                                                                        plait_deadline deadline);

PLAIT_END

#endif

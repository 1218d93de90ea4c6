/* plait/select.h - wait for the first of several things, and do it.
 *
 * A case is an operation that may have to wait: a get, a put, an acquire, the end of a thread, a result,
 * a readable descriptor, a point in time. plait_select waits until one of them can be done and does that
 * one, no other. When several are ready, each has the same chance.
 * Each kind of object makes its own cases; they stand in its header: plait_case_event (event.h),
 * plait_case_acquire (semaphore.h), plait_case_get and plait_case_put (queue.h), plait_case_thread
 * (thread.h), plait_case_future (future.h). Descriptors and points in time stand here.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) {
 *         static plait_event stop;
 *         static plait_semaphore work;
 *         plait_semaphore_release(&work, 1);
 *         plait_case cases[] = {plait_case_event(&stop), plait_case_acquire(&work)};
 *         size_t which;
 *         if (plait_select(cases, 2, &which) != PLAIT_OK) return 1;
 *         return which == 1 ? 0 : 1;                          // there was work, and now it is ours
 *     }
 */
#ifndef PLAIT_SELECT_H
#define PLAIT_SELECT_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Made by a plait_case_... function, used by one thread at a time, good for any number of selects. */
typedef struct plait_case {
    plait_status status; /* after a select that chose this case: what its operation returned */
    int events;          /* descriptors: what is asked for; found: what poll(2) reported */
    int found;
    int descriptor;
    void *object;
    void *item;
    plait_deadline deadline;
    const void *kind; /* plait's business */
} plait_case;

/* Waits until one case can be performed, performs it and stores its index in *which (may be NULL).
 * PLAIT_OK: a case was performed; cases[*which].status is the result of its operation, which need not be
 * PLAIT_OK (a get from a queue that was shut down is performed with PLAIT_SHUTDOWN).
 * PLAIT_TIMEOUT (_until), PLAIT_BUSY (_nowait), PLAIT_CANCELLED, PLAIT_INTERRUPTED: none was performed.
 * PLAIT_ERRNO: polling descriptors failed. PLAIT_INVALID: no cases, or one that was not made by a
 * plait_case_ function, names no object or a negative descriptor. The same object may stand in several cases.
 * The case array must stay until the call returns. Allocates only for more than 16 cases
 * (PLAIT_NO_MEMORY: none was performed). Thread-safe, each thread with its own array. After Go's select and
 * nsync's wait_n. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_select(plait_case *cases, size_t count, size_t *which);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_select_until(plait_case *cases, size_t count, size_t *which,
                                                            plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_select_nowait(plait_case *cases, size_t count, size_t *which);

/* The case that a descriptor is ready for `events` (POLLIN, POLLOUT, ... of poll.h). It reads and writes
 * nothing; the case's `found` then holds what poll reported, POLLERR, POLLHUP and POLLNVAL included. */
PLAIT_API plait_case plait_case_descriptor(int descriptor, int events);

/* The case that a point in time has passed; performed with PLAIT_OK. */
PLAIT_API plait_case plait_case_deadline(plait_deadline deadline);

PLAIT_END

#endif

/* plait/semaphore.h - a semaphore: a number of permits, taken one at a time and given back.
 *
 * Zero is ready, with no permits: a thread that acquires waits for another to release. Give one a first
 * value to limit how many do something at once. A bounded semaphore also notices when more permits come
 * back than were ever there.
 *
 * Who gets a permit: mostly whoever comes first, but a thread that has been parked for a millisecond is
 * handed one that is released, at most one in a millisecond, so nobody waits for ever. (A select is only
 * woken, never handed a permit: it may find that another case can be performed.)
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_semaphore ready;                                              // nothing is ready yet
 *     static plait_bounded_semaphore connections = PLAIT_BOUNDED_SEMAPHORE_INIT(5);
 *
 *     int main(void) {
 *         plait_semaphore_release(&ready, 3);
 *         if (plait_semaphore_acquire(&ready) != PLAIT_OK || plait_semaphore_value(&ready) != 2) return 1;
 *         if (plait_bounded_semaphore_acquire(&connections) != PLAIT_OK) return 2;
 *         plait_bounded_semaphore_release(&connections, 1);
 *         return plait_bounded_semaphore_release(&connections, 1) == PLAIT_OVERFLOW ? 0 : 3;
 *     }
 */
#ifndef PLAIT_SEMAPHORE_H
#define PLAIT_SEMAPHORE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>

PLAIT_BEGIN

/* No semaphore holds more permits than this. */
#define PLAIT_SEMAPHORE_MAX 0x7fffffff

typedef struct plait_semaphore {
    uint32_t word;
    uint32_t since;
} plait_semaphore;

/* A first value from 0 to PLAIT_SEMAPHORE_MAX, which must be right: for one that is not known to be, there
 * is plait_semaphore_init. */
#define PLAIT_SEMAPHORE_INIT(value) \
    { (uint32_t)(value), 0 }

/* Gives a semaphore that nobody uses its first value. PLAIT_INVALID for NULL, a negative value, or one
 * above PLAIT_SEMAPHORE_MAX. Nothing needs to be destroyed. Python: Semaphore(value). */
PLAIT_API plait_status plait_semaphore_init(plait_semaphore *semaphore, long value);

/* Takes a permit, waiting for one as long as it takes (or until the deadline; or not at all). PLAIT_OK:
 * taken. PLAIT_TIMEOUT, PLAIT_BUSY (_nowait), PLAIT_CANCELLED, PLAIT_INTERRUPTED: not taken.
 * PLAIT_INVALID for NULL. Python: Semaphore.acquire, acquire(timeout=), acquire(blocking=False). */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_semaphore_acquire(plait_semaphore *semaphore);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_semaphore_acquire_until(plait_semaphore *semaphore,
                                                                       plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_semaphore_acquire_nowait(plait_semaphore *semaphore);

/* Gives back n permits, or makes n new ones, and lets as many waiting threads go on. Whoever gets one may
 * free the semaphore at once: the release does not touch it any more by then. PLAIT_OVERFLOW, and
 * nothing changed, when there would be more than PLAIT_SEMAPHORE_MAX; PLAIT_INVALID for NULL and for
 * n < 1. Any thread, never blocks. Python: Semaphore.release(n). */
PLAIT_API plait_status plait_semaphore_release(plait_semaphore *semaphore, long n);

/* How many permits there are at this instant; 0 for NULL. */
PLAIT_API long plait_semaphore_value(const plait_semaphore *semaphore);

/* The case of a plait_select that a permit can be taken; performing it takes the permit. The semaphore
 * must stay until the select has returned. */
PLAIT_API plait_case plait_case_acquire(plait_semaphore *semaphore);

/* A semaphore that never holds more permits than it was given at first: a release too many is told
 * instead of hidden. Zeroed it has room for none. */
typedef struct plait_bounded_semaphore {
    plait_semaphore permits; /* use this one as a select's case: plait_case_acquire(&s.permits) */
    uint32_t limit;
} plait_bounded_semaphore;

#define PLAIT_BOUNDED_SEMAPHORE_INIT(value) \
    { PLAIT_SEMAPHORE_INIT(value), (uint32_t)(value) }

/* As for plait_semaphore, but release answers PLAIT_OVERFLOW, and changes nothing, when there would be
 * more permits than at first. Python: BoundedSemaphore, which raises ValueError then. */
PLAIT_API plait_status plait_bounded_semaphore_init(plait_bounded_semaphore *semaphore, long value);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_bounded_semaphore_acquire(plait_bounded_semaphore *semaphore);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_bounded_semaphore_acquire_until(plait_bounded_semaphore *semaphore, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_bounded_semaphore_acquire_nowait(plait_bounded_semaphore *semaphore);
PLAIT_API plait_status plait_bounded_semaphore_release(plait_bounded_semaphore *semaphore, long n);
PLAIT_API long plait_bounded_semaphore_value(const plait_bounded_semaphore *semaphore);

PLAIT_END

#endif

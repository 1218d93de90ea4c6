/* plait/process_semaphore.h - a semaphore between processes: a number of permits, taken one at a time and given back.
 *
 * As plait/semaphore.h, in memory that processes share. Zero is ready, with no permits, and nothing needs to be
 * destroyed. Taking a permit and giving one back is one step each, so whoever is killed has done it or has not. A permit
 * that a process held when it died is gone: a semaphore does not know who has its permits (as Python's). Where that must not be,
 * let one who outlives it, say the process that joins it, release the permit, or use a plait_process_lock.
 * Who gets a permit: whoever comes first when there is one.
 *
 * Example:
 *     #include <plait.h>
 *     #include <sys/mman.h>
 *     #include <sys/wait.h>
 *     #include <unistd.h>
 *
 *     int main(void) {
 *         plait_process_semaphore *ready =
 *             mmap(NULL, sizeof *ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
 *         pid_t child = fork();
 *         if (child == 0) return plait_process_semaphore_release(ready, 3);
 *         plait_status status = plait_process_semaphore_acquire(ready);
 *         waitpid(child, NULL, 0);
 *         return status == PLAIT_OK && plait_process_semaphore_value(ready) == 2 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_PROCESS_SEMAPHORE_H
#define PLAIT_PROCESS_SEMAPHORE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/semaphore.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_process_semaphore {
    uint64_t state;
} plait_process_semaphore;

/* A first value from 0 to PLAIT_SEMAPHORE_MAX, which must be right. */
#define PLAIT_PROCESS_SEMAPHORE_INIT(value) \
    { (uint32_t)(value) }

/* Gives a semaphore that nobody uses its first value. PLAIT_INVALID for NULL, a negative value, or one above
 * PLAIT_SEMAPHORE_MAX. Python: Semaphore(value). */
PLAIT_API plait_status plait_process_semaphore_init(plait_process_semaphore *semaphore, long value);

/* Takes a permit, waiting for one as long as it takes (or until the deadline; or not at all). PLAIT_OK: taken.
 * PLAIT_TIMEOUT, PLAIT_BUSY (_nowait), PLAIT_CANCELLED, PLAIT_INTERRUPTED: not taken. PLAIT_INVALID for NULL.
 * Python: Semaphore.acquire, acquire(timeout=), acquire(block=False). */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_semaphore_acquire(plait_process_semaphore *semaphore);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_semaphore_acquire_until(plait_process_semaphore *semaphore, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_semaphore_acquire_nowait(plait_process_semaphore *semaphore);

/* Gives back n permits, or makes n new ones, and lets as many who wait go on. Whoever gets one may free the memory.
 * PLAIT_OVERFLOW, and nothing changed, when there would be more than PLAIT_SEMAPHORE_MAX; PLAIT_INVALID for NULL and for
 * n < 1. Never blocks. Python: Semaphore.release. */
PLAIT_API plait_status plait_process_semaphore_release(plait_process_semaphore *semaphore, long n);

/* How many permits there are at this instant; 0 for NULL. Python: Semaphore.get_value. */
PLAIT_API long plait_process_semaphore_value(const plait_process_semaphore *semaphore);

/* A semaphore that never holds more permits than it was given at first: a release too many is told instead of
 * hidden. Zeroed it has room for none. */
typedef struct plait_process_bounded_semaphore {
    plait_process_semaphore permits;
    uint32_t limit;
} plait_process_bounded_semaphore;

#define PLAIT_PROCESS_BOUNDED_SEMAPHORE_INIT(value) \
    { PLAIT_PROCESS_SEMAPHORE_INIT(value), (uint32_t)(value) }

/* As for plait_process_semaphore, but release answers PLAIT_OVERFLOW, and changes nothing, when there would be more permits
 * than at first. Python: BoundedSemaphore, which raises ValueError then. */
PLAIT_API plait_status plait_process_bounded_semaphore_init(plait_process_bounded_semaphore *semaphore,
                                                            long value);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_bounded_semaphore_acquire(plait_process_bounded_semaphore *semaphore);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_bounded_semaphore_acquire_until(
    plait_process_bounded_semaphore *semaphore, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_bounded_semaphore_acquire_nowait(plait_process_bounded_semaphore *semaphore);
PLAIT_API plait_status plait_process_bounded_semaphore_release(plait_process_bounded_semaphore *semaphore,
                                                               long n);
PLAIT_API long plait_process_bounded_semaphore_value(const plait_process_bounded_semaphore *semaphore);

PLAIT_END

#endif

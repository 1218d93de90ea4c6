/* plait/rlock.h - a lock that its owner may take again.
 *
 * Zero is ready, and nothing needs to be destroyed. The thread that holds it is its owner: it may take
 * it any number of times and must release it as often; nobody else may release it. A function that takes
 * an rlock may call another that takes it too. Where that is not needed, plait/lock.h is simpler.
 * Taking an rlock cannot be cancelled, as with plait_lock, and it is as fair.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_rlock lock;
 *     static int entries;
 *
 *     static void add(void) {
 *         plait_hold(&lock);
 *         entries++;
 *     }
 *
 *     int main(void) {
 *         plait_hold(&lock);
 *         add();                                       // takes the lock once more
 *         return entries == 1 && plait_rlock_owned(&lock) ? 0 : 1;
 *     }
 */
#ifndef PLAIT_RLOCK_H
#define PLAIT_RLOCK_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/lock.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_rlock {
    plait_lock lock;
    uint32_t again; /* how often the owner has taken it, beyond the first time */
} plait_rlock;

/* Zero; for an rlock in memory that is not zeroed. */
#define PLAIT_RLOCK_INIT \
    { PLAIT_LOCK_INIT, 0 }

/* Takes the lock, at once if the caller owns it, else waiting as long as it takes (or until the deadline;
 * or not at all). PLAIT_OK: held. PLAIT_TIMEOUT, PLAIT_BUSY (_nowait): not held. PLAIT_INTERRUPTED only on
 * threads with a plait_host. PLAIT_OVERFLOW: taken four thousand million times already. PLAIT_INVALID for
 * NULL. Python: RLock.acquire, acquire(timeout=), acquire(blocking=False). */
PLAIT_API plait_status plait_rlock_acquire(plait_rlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rlock_acquire_until(plait_rlock *lock,
                                                                   plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rlock_acquire_nowait(plait_rlock *lock);

/* Gives back one taking; after the last, others may have the lock, and whoever gets it may free the memory
 * that it lies in. PLAIT_NOT_OWNER if the caller does not hold it (Python: RuntimeError): nothing changed.
 * PLAIT_INVALID for NULL. Never blocks. Python: RLock.release. */
PLAIT_API plait_status plait_rlock_release(plait_rlock *lock);

/* Whether somebody holds it at this instant (Python: RLock.locked), and whether the caller does. False for
 * NULL. */
PLAIT_API bool plait_rlock_locked(const plait_rlock *lock);
PLAIT_API bool plait_rlock_owned(const plait_rlock *lock);

PLAIT_END

#endif

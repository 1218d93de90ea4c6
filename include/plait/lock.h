/* plait/lock.h - a lock: one thread at a time.
 *
 * Zero is ready: `static plait_lock lock;` works, and nothing needs to be destroyed. As in Python a lock
 * has no owner: any thread may release it. It still remembers who took it, so that a stuck program can
 * tell. A thread that takes a lock twice waits for itself; plait/rlock.h has the kind that may.
 * Taking a lock cannot be cancelled: it waits for a few instructions of another thread, not for work.
 *
 * Who gets it: mostly whoever comes first after a release, which is fastest. But the first in line, once it
 * has been parked for a millisecond, is handed the lock by the next release; at most one hand-over comes in
 * a millisecond, for each costs a wake. So nobody waits for ever, and a crowd does not slow those who run.
 * After WebKit's parked locks (Pizlo 2016) and the starvation rule of Go's mutex.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_lock lock;
 *     static int balance;
 *
 *     int main(void) {
 *         plait_lock_acquire(&lock);
 *         balance += 100;
 *         plait_lock_release(&lock);
 *         { plait_hold(&lock); balance -= 30; }        // with lock: released at the end of the scope
 *         return balance == 70 && !plait_lock_locked(&lock) ? 0 : 1;
 *     }
 */
#ifndef PLAIT_LOCK_H
#define PLAIT_LOCK_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_lock {
    uint32_t word;
    uint32_t since;
} plait_lock;

/* Zero; for a lock in memory that is not zeroed. */
#define PLAIT_LOCK_INIT \
    { 0, 0 }

/* Takes the lock, waiting as long as it takes (or until the deadline; or not at all). PLAIT_OK: held.
 * PLAIT_TIMEOUT, PLAIT_BUSY (_nowait): not held. PLAIT_INTERRUPTED only on threads with a plait_host.
 * PLAIT_INVALID for NULL. Python: Lock.acquire, acquire(timeout=), acquire(blocking=False). */
PLAIT_API plait_status plait_lock_acquire(plait_lock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lock_acquire_until(plait_lock *lock, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lock_acquire_nowait(plait_lock *lock);

/* Gives the lock back, from any thread. Whoever gets it next may free the memory that it lies in: the
 * release does not touch it any more. PLAIT_NOT_OWNER if nobody held it (Python: RuntimeError).
 * PLAIT_INVALID for NULL. Never blocks. Python: Lock.release. */
PLAIT_API plait_status plait_lock_release(plait_lock *lock);

/* Whether somebody holds it at this instant. False for NULL. Python: Lock.locked. */
PLAIT_API bool plait_lock_locked(const plait_lock *lock);

PLAIT_END

#endif

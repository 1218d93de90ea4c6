/* plait/rwlock.h - a lock that many may hold to read, or one to write.
 *
 * Zero is ready, and nothing needs to be destroyed. It pays when reading takes long and happens often; for
 * short critical sections a plait_lock is faster. Python has none; the names follow POSIX.
 *
 * Nobody starves. Those who run may pass those who are parked, which is fastest, but only for a millisecond:
 * then new readers wait too, and the lock goes to the first in line, readers together. So a thread that
 * holds the lock for reading must not take it for reading once more: if a writer waits, both may wait for
 * ever.
 * Taking it cannot be cancelled, as with plait_lock. That readers and writers take turns is after Brandenburg
 * and Anderson's phase-fair locks.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_rwlock lock;
 *     static int price;
 *
 *     int main(void) {
 *         plait_rwlock_write_acquire(&lock);
 *         price = 7;
 *         plait_rwlock_write_release(&lock);
 *         plait_rwlock_read_acquire(&lock);
 *         int seen = price;
 *         bool no_writer_now = plait_rwlock_write_acquire_nowait(&lock) == PLAIT_BUSY;
 *         plait_rwlock_read_release(&lock);
 *         return seen == 7 && no_writer_now ? 0 : 1;
 *     }
 */
#ifndef PLAIT_RWLOCK_H
#define PLAIT_RWLOCK_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_rwlock {
    uint32_t word;
    uint32_t writer;
    uint32_t looker;
    uint32_t since;
} plait_rwlock;

/* Zero; for an rwlock in memory that is not zeroed. */
#define PLAIT_RWLOCK_INIT \
    { 0, 0, 0, 0 }

/* Takes the lock for reading, beside any number of other readers, waiting as long as it takes (or until
 * the deadline; or not at all). PLAIT_OK: held. PLAIT_TIMEOUT, PLAIT_BUSY (_nowait): not held.
 * PLAIT_INTERRUPTED only on threads with a plait_host. PLAIT_OVERFLOW: two hundred million readers.
 * PLAIT_INVALID for NULL. */
PLAIT_API plait_status plait_rwlock_read_acquire(plait_rwlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rwlock_read_acquire_until(plait_rwlock *lock,
                                                                         plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rwlock_read_acquire_nowait(plait_rwlock *lock);

/* Takes the lock for writing, alone. Statuses as above. */
PLAIT_API plait_status plait_rwlock_write_acquire(plait_rwlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rwlock_write_acquire_until(plait_rwlock *lock,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_rwlock_write_acquire_nowait(plait_rwlock *lock);

/* Gives the lock back, from any thread. Whoever gets it next may free the memory that it lies in.
 * PLAIT_NOT_OWNER if nobody holds it in this way; PLAIT_INVALID for NULL. Never blocks. */
PLAIT_API plait_status plait_rwlock_read_release(plait_rwlock *lock);
PLAIT_API plait_status plait_rwlock_write_release(plait_rwlock *lock);

/* Whether somebody holds it at this instant, in either way. False for NULL. */
PLAIT_API bool plait_rwlock_locked(const plait_rwlock *lock);

PLAIT_END

#endif

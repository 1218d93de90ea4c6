/* plait/contention.h - how often, and how long, threads have to wait for a lock.
 *
 * Counting begins when it is asked for, object by object, and can be asked for in a running program. It
 * costs nothing where nobody waits: a lock that is taken at once is not counted. Many waits on one lock,
 * or a long time waited in all, mean that too much is done under it, or that it should be several.
 * Counted are the waits of plait_lock, plait_rlock, plait_rwlock, plait_semaphore and plait_event, from
 * the moment the thread could not go on until it could, or gave up; spinning is waiting too. A thread that
 * waits at a condition counts for the lock from its notification on only if it then has to wait anew.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) {
 *         static plait_lock lock;
 *         plait_contention seen;
 *         if (plait_contention_watch(&lock) != PLAIT_OK) return 1;
 *         plait_lock_acquire(&lock);                                  // free: not counted
 *         plait_status status = plait_lock_acquire_until(&lock, plait_after(0.01));
 *         plait_lock_release(&lock);
 *         if (status != PLAIT_TIMEOUT || plait_contention_read(&lock, &seen) != PLAIT_OK) return 2;
 *         plait_contention_unwatch(&lock);
 *         return seen.waits == 1 && seen.longest > 0 && seen.waited >= seen.longest ? 0 : 3;
 *     }
 */
#ifndef PLAIT_CONTENTION_H
#define PLAIT_CONTENTION_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_contention {
    uint64_t waits; /* how often a thread had to wait */
    double waited;  /* seconds, of all threads together */
    double longest; /* seconds, the longest single wait */
} plait_contention;

/* Begins to count at zero, also if it was watched before. The object must be unwatched before its memory
 * is used for something else. PLAIT_INVALID for NULL, PLAIT_NO_MEMORY. Any thread. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_contention_watch(const void *object);

/* What was counted so far; waits that still go on are not in it. PLAIT_INVALID for NULL and for an object
 * that is not watched. Any thread. */
PLAIT_API plait_status plait_contention_read(const void *object, plait_contention *out);

/* Counts no longer; nothing happens if it was not watched. PLAIT_INVALID for NULL. Any thread. */
PLAIT_API plait_status plait_contention_unwatch(const void *object);

PLAIT_END

#endif

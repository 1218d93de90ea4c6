/* plait/process_condition.h - a condition between processes: wait until somebody says that something has changed.
 *
 * As plait/condition.h, in memory that processes share. Zero is ready, and nothing needs to be destroyed. It goes with
 * a plait_process_lock (or rlock) that guards the data. Use wait_for, or `wait` in a loop: other than in one
 * process, `wait` may return PLAIT_OK to a few more than were notified, for a process that was notified may be killed before it
 * did anything about it, and nobody else would ever hear.
 *
 * When somebody dies. A waiter that is killed leaves nothing behind that would hold up others. Who dies with the lock
 * held makes one of the waiters return PLAIT_BROKEN (with the lock held, see plait/process_lock.h), though it was not
 * notified, within about a second. Who dies after it has changed something and before it could notify: wait_for
 * finds it, too, within about a second, because it asks its predicate once in a while by itself.
 *
 * Example:
 *     #include <plait.h>
 *     #include <sys/mman.h>
 *     #include <sys/wait.h>
 *     #include <unistd.h>
 *
 *     struct shop { plait_process_lock lock; plait_process_condition changed; int stock; };
 *
 *     static bool in_stock(void *arg) { return ((struct shop *)arg)->stock > 0; }
 *
 *     int main(void) {
 *         struct shop *shop = mmap(NULL, sizeof *shop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
 *         pid_t child = fork();
 *         if (child == 0) {
 *             plait_hold(&shop->lock);
 *             shop->stock = 2;
 *             plait_process_condition_notify(&shop->changed, 1);
 *             return 0;
 *         }
 *         if (plait_process_lock_acquire(&shop->lock) != PLAIT_OK) return 1;
 *         plait_status status = plait_process_condition_wait_for(&shop->changed, &shop->lock, in_stock, shop);
 *         plait_process_lock_release(&shop->lock);
 *         waitpid(child, NULL, 0);
 *         return status == PLAIT_OK && shop->stock == 2 ? 0 : 2;
 *     }
 */
#ifndef PLAIT_PROCESS_CONDITION_H
#define PLAIT_PROCESS_CONDITION_H

#include <plait/api.h>
#include <plait/condition.h>
#include <plait/deadline.h>
#include <plait/process_lock.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_process_condition {
    uint64_t state;
} plait_process_condition;

/* Zero; for a condition in memory that is not zeroed and that nobody uses. */
#define PLAIT_PROCESS_CONDITION_INIT \
    { 0 }

/* Gives up the lock, waits to be notified (or until the deadline), and takes the lock again. PLAIT_OK: notified, or somebody
 * was. PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: not. PLAIT_BROKEN: the lock's holder before
 * died with it, whatever else happened. The lock is held again after any of these; taking it again can take longer than
 * the deadline and cannot be cancelled. PLAIT_NOT_OWNER: the caller does not hold the lock; PLAIT_INVALID for NULL:
 * nothing happened. Python: Condition.wait. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_condition_wait(plait_process_condition *condition,
                                                                      plait_process_lock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_condition_wait_until(
    plait_process_condition *condition, plait_process_lock *lock, plait_deadline deadline);

/* The same until predicate(arg) is true. It is asked with the lock held: before waiting, after each wake-up, once in a while,
 * and a last time when the wait has ended otherwise. PLAIT_OK always means that it was true, with the lock held
 * ever since. PLAIT_BROKEN: it was not asked any more, since what it would look at may be half-changed.
 * Python: Condition.wait_for. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_condition_wait_for(plait_process_condition *condition,
                                                                          plait_process_lock *lock,
                                                                          plait_predicate predicate,
                                                                          void *arg);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_condition_wait_for_until(plait_process_condition *condition, plait_process_lock *lock,
                                       plait_predicate predicate, void *arg, plait_deadline deadline);

/* The same with an rlock, which is given up completely, however often it was taken, and taken again as often. */
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_condition_wait_rlock(plait_process_condition *condition, plait_process_rlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_condition_wait_until_rlock(
    plait_process_condition *condition, plait_process_rlock *lock, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_condition_wait_for_rlock(
    plait_process_condition *condition, plait_process_rlock *lock, plait_predicate predicate, void *arg);
PLAIT_API PLAIT_WARN_UNUSED plait_status
plait_process_condition_wait_for_until_rlock(plait_process_condition *condition, plait_process_rlock *lock,
                                             plait_predicate predicate, void *arg, plait_deadline deadline);

/* Notifies n of those who wait, mostly those that have waited longest, or as many as there are; nothing happens when
 * nobody waits. Best with the lock held. PLAIT_INVALID for NULL and a negative n. Never blocks.
 * Python: Condition.notify(n), notify_all(). */
PLAIT_API plait_status plait_process_condition_notify(plait_process_condition *condition, long n);
PLAIT_API plait_status plait_process_condition_notify_all(plait_process_condition *condition);

PLAIT_END

#endif

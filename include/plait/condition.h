/* plait/condition.h - a condition: wait until another thread says that something has changed.
 *
 * Zero is ready, and nothing needs to be destroyed. A condition goes with a lock that guards the data: the
 * waiting thread holds it, `wait` gives it up and waits in one step, and holds it again when it returns,
 * for whatever reason it returns. The notifying thread changes the data and notifies, both while it holds
 * the lock. (Notifying without it is allowed; the change must still be made under the lock.)
 * Use plait_condition_wait_for with a predicate, or `wait` in a loop: between the notification and the
 * return another thread may have had the lock. All who wait at the same time should use the same lock;
 * otherwise they are woken one by one, which is right but slower.
 *
 * A thread that is notified while the lock is held is not woken to find it taken: it is moved over to
 * those who wait for the lock and gets it in its turn (after the "wait morphing" of Solaris and Linux's
 * futex requeue). A notification is never lost: it goes to a thread that then returns PLAIT_OK, also when
 * its deadline passes or a cancel comes while it still waits for the lock.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_lock lock;
 *     static plait_condition changed;
 *     static int stock;
 *
 *     static bool in_stock(void *wanted) { return stock >= *(int *)wanted; }
 *
 *     int main(void) {
 *         int wanted = 1;
 *         plait_lock_acquire(&lock);
 *         plait_deadline soon = plait_after(0.01);
 *         plait_status early = plait_condition_wait_for_until(&changed, &lock, in_stock, &wanted, soon);
 *         stock = 2;
 *         plait_condition_notify(&changed, 1);
 *         plait_status late = plait_condition_wait_for(&changed, &lock, in_stock, &wanted);
 *         plait_lock_release(&lock);
 *         return early == PLAIT_TIMEOUT && late == PLAIT_OK ? 0 : 1;
 *     }
 */
#ifndef PLAIT_CONDITION_H
#define PLAIT_CONDITION_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/lock.h>
#include <plait/rlock.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_condition {
    uint32_t word;
} plait_condition;

/* Zero; for a condition in memory that is not zeroed. */
#define PLAIT_CONDITION_INIT \
    { 0 }

/* What a thread waits for; called with the lock held, must not wait itself. */
typedef bool (*plait_predicate)(void *arg);

/* Gives up the lock, waits to be notified (or until the deadline), and takes the lock again. PLAIT_OK:
 * notified. PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: not notified, and no notification was used
 * up. The lock is held again after any of these; taking it again can take longer than the deadline and
 * cannot be cancelled. PLAIT_NOT_OWNER: nobody holds the lock (an rlock: not the caller); PLAIT_INVALID
 * for NULL: nothing happened. Python: Condition.wait. */
PLAIT_API plait_status plait_condition_wait(plait_condition *condition, plait_lock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_until(plait_condition *condition,
                                                                    plait_lock *lock,
                                                                    plait_deadline deadline);

/* The same until predicate(arg) is true. It is asked first before waiting, then after each wake-up, and a
 * last time when the wait has ended otherwise: PLAIT_OK always means that it was true, with the lock held
 * ever since. Python: Condition.wait_for. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_for(plait_condition *condition,
                                                                  plait_lock *lock, plait_predicate predicate,
                                                                  void *arg);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_for_until(plait_condition *condition,
                                                                        plait_lock *lock,
                                                                        plait_predicate predicate, void *arg,
                                                                        plait_deadline deadline);

/* The same with an rlock, which is given up completely, however often it was taken, and taken again as
 * often. */
PLAIT_API plait_status plait_condition_wait_rlock(plait_condition *condition, plait_rlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_until_rlock(plait_condition *condition,
                                                                          plait_rlock *lock,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_for_rlock(plait_condition *condition,
                                                                        plait_rlock *lock,
                                                                        plait_predicate predicate, void *arg);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_condition_wait_for_until_rlock(plait_condition *condition,
                                                                              plait_rlock *lock,
                                                                              plait_predicate predicate,
                                                                              void *arg,
                                                                              plait_deadline deadline);

/* Notifies n of the waiting threads, those that have waited longest, or as many as there are; nothing
 * happens when nobody waits. PLAIT_INVALID for NULL and a negative n. Never blocks. Python:
 * Condition.notify(n), notify_all(). */
PLAIT_API plait_status plait_condition_notify(plait_condition *condition, long n);
PLAIT_API plait_status plait_condition_notify_all(plait_condition *condition);

PLAIT_END

#endif

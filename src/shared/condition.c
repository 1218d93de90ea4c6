/* condition.c - the condition between processes.
 *
 * State (halves.h): low a number that every notification makes another, high how many wait.
 *   wait     with the lock held: waiting + 1, and notes the number, in one step; gives up the lock; sleeps while the number is
 *            the same; then waiting - 1, and sees in the same step whether the number is another: that is what it
 *            returns. Takes the lock again
 *   notify   if anybody waits: number + 1 (in one step with that look), then wakes n of them
 *
 * No wake-up is lost between those who live: a notification that comes after the lock was given up finds the waiter counted,
 * and either changes the number before the kernel compares it, or wakes. One that comes when the wait has ended by itself
 * and before it was taken out counts: its wake may have been meant for this one.
 *
 * Why it is not exact. That a notification goes to n waiters and no more is the kernel's choice of whom it wakes; who looks
 * meanwhile for another reason goes on as well. To be exact a notification would have to belong to somebody, and be lost
 * with him when he is killed.
 * Whoever looks into the net (wait/shared.h) takes the lock for it: so he is told if its holder has died, who would
 * have notified him, and wait_for asks its predicate. The number begins anew after 2^32 notifications, and nobody sleeps
 * that long without a look.
 */
#include <limits.h>
#include <plait/process_condition.h>
#include <shared/halves.h>
#include <shared/lock.h>
#include <sync/contention.h>
#include <wait/shared.h>

static bool is_none(const plait_process_condition *condition) {
    return plait__is_none(condition, _Alignof(plait_process_condition));
}

/* Sleeps once without the lock; that the number is another may be seen only later. PLAIT_BROKEN is about the lock, and
 * comes before all else. */
static plait_status sleep_once(plait_process_condition *condition, plait_process_lock *lock, uint32_t number,
                               plait_deadline deadline) {
    uint32_t again = plait__load(&lock->again);
    plait_status freed = plait_process_lock_release(lock);
    if (freed != PLAIT_OK) return freed;
    plait_status status = plait__wait_shared(plait__low_word(&condition->state), number, "process condition",
                                             condition, deadline, true);
    plait_status taken = plait_process_lock_acquire(lock);
    if (taken == PLAIT_OK || taken == PLAIT_BROKEN) plait__store(&lock->again, again);
    return taken == PLAIT_OK ? status : taken;
}

/* Waits until notified, or for one look only. */
static plait_status wait(plait_process_condition *condition, plait_process_lock *lock,
                         plait_deadline deadline, bool one_look) {
    if (is_none(condition) || plait__is_none(lock, _Alignof(plait_process_lock))) return PLAIT_INVALID;
    if (!plait__process_lock_owned(lock)) return PLAIT_NOT_OWNER;
    int64_t began = plait__contention_begin();
    uint64_t state = plait__add(&condition->state, PLAIT__HIGH_ONE);
    uint32_t number = plait__low(state);
    plait_status status;
    do {
        status = sleep_once(condition, lock, number, deadline);
    } while (!one_look && status == PLAIT_OK && plait__low(plait__load(&condition->state)) == number);
    state = plait__sub(&condition->state, PLAIT__HIGH_ONE);
    plait__contention_end(condition, began);
    return status != PLAIT_BROKEN && plait__low(state) != number ? PLAIT_OK : status;
}

static plait_status wait_for(plait_process_condition *condition, plait_process_lock *lock,
                             plait_predicate predicate, void *arg, plait_deadline deadline) {
    if (is_none(condition) || plait__is_none(lock, _Alignof(plait_process_lock)) || !predicate)
        return PLAIT_INVALID;
    if (!plait__process_lock_owned(lock)) return PLAIT_NOT_OWNER;
    while (!predicate(arg)) {
        plait_status status = wait(condition, lock, deadline, true);
        if (status == PLAIT_BROKEN || status == PLAIT_NOT_OWNER) return status;
        if (status != PLAIT_OK) return predicate(arg) ? PLAIT_OK : status;
    }
    return PLAIT_OK;
}

/* The number changes only if anybody waits: else there is nothing to be told, now or later. */
static plait_status notify(plait_process_condition *condition, int n) {
    uint64_t new_state, state = plait__load(&condition->state);
    uint32_t *word = plait__low_word(&condition->state);
    do {
        if (!plait__high(state)) return PLAIT_OK;
        new_state = plait__halves(plait__high(state), plait__low(state) + 1);
    } while (!plait__cas(&condition->state, &state, new_state));
    plait__wake_shared(word, n);
    return PLAIT_OK;
}

plait_status plait_process_condition_notify(plait_process_condition *condition, long n) {
    if (is_none(condition) || n < 0) return PLAIT_INVALID;
    return n ? notify(condition, n < INT_MAX ? (int)n : INT_MAX) : PLAIT_OK;
}

plait_status plait_process_condition_notify_all(plait_process_condition *condition) {
    return is_none(condition) ? PLAIT_INVALID : notify(condition, INT_MAX);
}

/* ---- with a lock, and with an rlock ---- */

plait_status plait_process_condition_wait_until(plait_process_condition *condition, plait_process_lock *lock,
                                                plait_deadline deadline) {
    return wait(condition, lock, deadline, false);
}

plait_status plait_process_condition_wait(plait_process_condition *condition, plait_process_lock *lock) {
    return wait(condition, lock, PLAIT_FOREVER, false);
}

plait_status plait_process_condition_wait_for_until(plait_process_condition *condition,
                                                    plait_process_lock *lock, plait_predicate predicate,
                                                    void *arg, plait_deadline deadline) {
    return wait_for(condition, lock, predicate, arg, deadline);
}

plait_status plait_process_condition_wait_for(plait_process_condition *condition, plait_process_lock *lock,
                                              plait_predicate predicate, void *arg) {
    return wait_for(condition, lock, predicate, arg, PLAIT_FOREVER);
}

static plait_process_lock *inner(plait_process_rlock *lock) {
    return lock ? &lock->lock : NULL;
}

plait_status plait_process_condition_wait_until_rlock(plait_process_condition *condition,
                                                      plait_process_rlock *lock, plait_deadline deadline) {
    return wait(condition, inner(lock), deadline, false);
}

plait_status plait_process_condition_wait_rlock(plait_process_condition *condition,
                                                plait_process_rlock *lock) {
    return wait(condition, inner(lock), PLAIT_FOREVER, false);
}

plait_status plait_process_condition_wait_for_until_rlock(plait_process_condition *condition,
                                                          plait_process_rlock *lock,
                                                          plait_predicate predicate, void *arg,
                                                          plait_deadline deadline) {
    return wait_for(condition, inner(lock), predicate, arg, deadline);
}

plait_status plait_process_condition_wait_for_rlock(plait_process_condition *condition,
                                                    plait_process_rlock *lock, plait_predicate predicate,
                                                    void *arg) {
    return wait_for(condition, inner(lock), predicate, arg, PLAIT_FOREVER);
}

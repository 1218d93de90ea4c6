/* rlock.c - the lock that its owner may take again: a lock, whose word names its holder, and a count.
 *
 * A thread that finds its own ident in the word owns the lock, and nobody can change that but itself; one
 * that finds anything else does not, and cannot come to own it by what others do (the lock is handed over
 * only to threads that wait for it). So the word may be read in any order. The count is changed by the
 * owner alone, before the release that lets others go on, and is 0 whenever nobody owns the lock; a release
 * looks at it first, because giving the word back succeeds for the owner alone.
 */
#include <plait/rlock.h>
#include <sync/lock.h>

static plait_status take_again(plait_rlock *lock) {
    uint32_t again = plait__load(&lock->again);
    if (again == UINT32_MAX) return PLAIT_OVERFLOW;
    plait__store(&lock->again, again + 1);
    return PLAIT_OK;
}

/* The caller must wait for it, or has no short path. */
__attribute__((noinline)) static plait_status acquire_slow(plait_rlock *lock, plait_deadline deadline,
                                                           const void *caller) {
    return plait__lock_holder(&lock->lock) == plait__self()->ident
               ? take_again(lock)
               : plait__lock_acquire_slow(&lock->lock, deadline, caller);
}

/* Mostly nobody has it: that is tried first. */
__attribute__((always_inline)) static inline plait_status acquire(plait_rlock *lock, plait_deadline deadline,
                                                                  const void *caller) {
    uint32_t quick = plait__quick();
    if (plait__unlikely(!quick)) return acquire_slow(lock, deadline, caller);
    if (plait__likely(plait__word_take(&lock->lock.word, quick))) return PLAIT_OK;
    return plait__lock_holder(&lock->lock) == quick ? take_again(lock) : acquire_slow(lock, deadline, caller);
}

plait_status plait_rlock_acquire_until(plait_rlock *lock, plait_deadline deadline) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    return acquire(lock, deadline, __builtin_return_address(0));
}

plait_status plait_rlock_acquire(plait_rlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    return acquire(lock, PLAIT_FOREVER, __builtin_return_address(0));
}

plait_status plait_rlock_acquire_nowait(plait_rlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    plait_status status = acquire(lock, PLAIT_NOW, __builtin_return_address(0));
    return status == PLAIT_TIMEOUT ? PLAIT_BUSY : status;
}

__attribute__((noinline)) static plait_status release_slow(plait_rlock *lock) {
    uint32_t again = plait__load(&lock->again);
    if (plait__lock_holder(&lock->lock) != plait__self()->ident) {
        PLAIT__MISUSE("an rlock is released by a thread that does not hold it", lock);
        return PLAIT_NOT_OWNER;
    }
    if (again == 0) return plait_lock_release(&lock->lock);
    plait__store(&lock->again, again - 1);
    return PLAIT_OK;
}

plait_status plait_rlock_release(plait_rlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t quick = plait__quick(), again = plait__load(&lock->again);
    if (plait__unlikely(!quick)) return release_slow(lock);
    if (plait__likely(again == 0) && plait__likely(plait__word_give(&lock->lock.word, quick)))
        return PLAIT_OK;
    if (again == 0 || plait__lock_holder(&lock->lock) != quick) return release_slow(lock);
    plait__store(&lock->again, again - 1);
    return PLAIT_OK;
}

bool plait_rlock_locked(const plait_rlock *lock) {
    return lock && plait_lock_locked(&lock->lock);
}

bool plait_rlock_owned(const plait_rlock *lock) {
    return lock && plait__lock_holder(&lock->lock) == plait__self()->ident;
}

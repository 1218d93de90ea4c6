/* lock.c - locks between processes: the C library's robust mutex (base/os_mutex.c), and what it cannot say.
 *
 * The mutex alone decides who holds the lock; it knows its owner, refuses others, and is freed by the kernel when the owner dies. The
 * fields beside it are the holder's: written only by whoever has the mutex, read by anybody.
 *   made     1: the mutex is one. Before that whoever comes makes it, as often as it happens
 *   holder   the kernel's id of the holder's thread, from right after the taking until right before the giving back
 *   again    of an rlock: how often the holder has taken it beyond the first time
 *   broken   TOLD: the holder (or the last one) was told that the one before died. OWED: the next must be told; for one who has taken the
 *            mutex from a dead one without being asked to (owned)
 *
 * A death at any point leaves the mutex to the next, with these fields as they were; he sets all of them anew. Killed between
 * the first field that is cleared in a release and the mutex's own, he is said to have died with the lock: he did.
 * A holder's id that is left may be given to a new thread, to which the lock then seems its own: so where `holder` says
 * "mine", the mutex is asked, too, before anything depends on it.
 *
 * Waiting is the C library's: only so does the kernel wake the next when a holder dies. It spins a little before.
 */
#include <base/os.h>
#include <base/os_mutex.h>
#include <shared/halves.h>
#include <shared/lock.h>
#include <sync/contention.h>
#include <wait/spin.h>
#include <wait/waiter.h>

enum broken { TOLD = 1, OWED = 2 };

_Static_assert(sizeof(((plait_process_lock *)0)->mutex) >= PLAIT__OS_MUTEX_SIZE,
               "a mutex has room in a lock");

/* The kernel's id of this thread, asked for once, and once more after a fork. */
static uint32_t own_id(void) {
    static __thread uint32_t id, generation;
    uint32_t now = plait__generation();
    if (plait__unlikely(!id || generation != now)) {
        (void)plait__self(); /* so that forks are counted */
        id = plait__os_native_id();
        generation = plait__generation();
    }
    return id;
}

static bool is_none(const plait_process_lock *lock) {
    return plait__is_none(lock, _Alignof(plait_process_lock));
}

static plait_status make(plait_process_lock *lock) {
    int failed = plait__os_mutex_make(lock->mutex);
    if (failed) {
        errno = failed;
        return PLAIT_ERRNO;
    }
    plait__store_release(&lock->made, 1);
    return PLAIT_OK;
}

/* It is the caller's: the fields become his. */
static plait_status begin(plait_process_lock *lock, bool told) {
    if (plait__unlikely(plait__load(&lock->again))) plait__store(&lock->again, 0);
    if (plait__unlikely(plait__load(&lock->broken))) {
        told = told || plait__load(&lock->broken) == OWED;
        plait__store(&lock->broken, 0);
    }
    if (plait__unlikely(told)) plait__store(&lock->broken, TOLD);
    plait__store(&lock->holder, own_id());
    return told ? PLAIT_BROKEN : PLAIT_OK;
}

/* What the mutex has said to one who wanted it. */
static plait_status took(plait_process_lock *lock, int result) {
    switch (result) {
    case 0:
        return begin(lock, false);
    case EOWNERDEAD:
        return begin(lock, true);
    case EBUSY:
        return PLAIT_BUSY;
    case ETIMEDOUT:
        return PLAIT_TIMEOUT;
    case EDEADLK:
        return PLAIT_DEADLOCK;
    default:
        errno = result;
        return PLAIT_ERRNO;
    }
}

static plait_status take_now(plait_process_lock *lock) {
    if (plait__unlikely(!plait__load_acquire(&lock->made))) {
        plait_status status = make(lock);
        if (status) return status;
    }
    int result = plait__os_mutex_take_now(lock->mutex);
    return plait__likely(result == 0) ? begin(lock, false) : took(lock, result);
}

/* ---- waiting ---- */

/* Looks for as long as it is worth it. */
static plait_status look(plait_process_lock *lock) {
    struct plait__spin spin;
    plait_status status = PLAIT_BUSY;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return status;
    while (status == PLAIT_BUSY && plait__spin_again(&spin))
        if (!plait__load(&lock->holder)) status = take_now(lock);
    return status;
}

/* A dead holder's mark keeps `look` from trying, not the mutex. */
static plait_status take_slow(plait_process_lock *lock, plait_deadline deadline) {
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    struct plait__self *self = plait__self();
    bool somebody_spins = plait__spinning_cpus() > 1;
    int64_t began = plait__contention_begin();
    plait__wait_enter(self);
    plait_status status = look(lock);
    if (status == PLAIT_BUSY) {
        if (somebody_spins) plait__running_less();
        int result = plait__os_mutex_take(lock->mutex, deadline.ns);
        if (somebody_spins) plait__running_more();
        status = took(lock, result);
    }
    plait__wait_leave(self);
    plait__contention_end(lock, began);
    return status;
}

plait_status plait_process_lock_acquire_until(plait_process_lock *lock, plait_deadline deadline) {
    if (plait__unlikely(is_none(lock))) return PLAIT_INVALID;
    plait_status status = take_now(lock);
    return plait__likely(status != PLAIT_BUSY) ? status : take_slow(lock, deadline);
}

plait_status plait_process_lock_acquire(plait_process_lock *lock) {
    return plait_process_lock_acquire_until(lock, PLAIT_FOREVER);
}

plait_status plait_process_lock_acquire_nowait(plait_process_lock *lock) {
    if (plait__unlikely(is_none(lock))) return PLAIT_INVALID;
    plait_status status = take_now(lock);
    return status == PLAIT_DEADLOCK ? PLAIT_BUSY : status;
}

/* ---- holding ---- */

static bool seems_own(const plait_process_lock *lock) {
    return plait__load(&lock->holder) == own_id();
}

/* Asks the mutex, which only its owner may not take again. One that this takes from a dead holder goes to the next as it
 * was. */
bool plait__process_lock_owned(plait_process_lock *lock) {
    if (!seems_own(lock)) return false;
    plait_status status = take_now(lock);
    if (status == PLAIT_BROKEN) plait__store(&lock->broken, OWED);
    if (status != PLAIT_OK && status != PLAIT_BROKEN) return status == PLAIT_DEADLOCK;
    plait__store(&lock->holder, 0);
    (void)plait__os_mutex_give(lock->mutex);
    return false;
}

static plait_status give_back(plait_process_lock *lock) {
    plait__store(&lock->holder, 0);
    return plait__os_mutex_give(lock->mutex) == 0 ? PLAIT_OK : PLAIT_NOT_OWNER;
}

plait_status plait_process_lock_release(plait_process_lock *lock) {
    if (plait__unlikely(is_none(lock))) return PLAIT_INVALID;
    return seems_own(lock) ? give_back(lock) : PLAIT_NOT_OWNER;
}

bool plait_process_lock_broken(const plait_process_lock *lock) {
    return !is_none(lock) && seems_own(lock) && plait__load(&lock->broken) == TOLD;
}

long plait_process_lock_holder(const plait_process_lock *lock) {
    return is_none(lock) ? 0 : (long)plait__load(&lock->holder);
}

bool plait_process_lock_locked(const plait_process_lock *lock) {
    return plait_process_lock_holder(lock) != 0;
}

/* ---- again ---- */

static plait_process_lock *inner(plait_process_rlock *lock) {
    return lock ? &lock->lock : NULL;
}

static const plait_process_lock *inner_of(const plait_process_rlock *lock) {
    return lock ? &lock->lock : NULL;
}

static plait_status take_again(plait_process_lock *lock) {
    uint32_t again = plait__load(&lock->again);
    if (again == UINT32_MAX) return PLAIT_OVERFLOW;
    plait__store(&lock->again, again + 1);
    return PLAIT_OK;
}

plait_status plait_process_rlock_acquire_until(plait_process_rlock *lock, plait_deadline deadline) {
    plait_status status = plait_process_lock_acquire_until(inner(lock), deadline);
    return status == PLAIT_DEADLOCK ? take_again(inner(lock)) : status;
}

plait_status plait_process_rlock_acquire(plait_process_rlock *lock) {
    return plait_process_rlock_acquire_until(lock, PLAIT_FOREVER);
}

plait_status plait_process_rlock_acquire_nowait(plait_process_rlock *lock) {
    if (plait__unlikely(is_none(inner(lock)))) return PLAIT_INVALID;
    plait_status status = take_now(inner(lock));
    return status == PLAIT_DEADLOCK ? take_again(inner(lock)) : status;
}

/* Only an owner that has taken it again changes what a mistaken one must not touch. */
plait_status plait_process_rlock_release(plait_process_rlock *lock) {
    plait_process_lock *taken = inner(lock);
    uint32_t again = is_none(taken) || !seems_own(taken) ? 0 : plait__load(&taken->again);
    if (!again) return plait_process_lock_release(taken);
    if (!plait__process_lock_owned(taken)) return PLAIT_NOT_OWNER;
    plait__store(&taken->again, again - 1);
    return PLAIT_OK;
}

bool plait_process_rlock_broken(const plait_process_rlock *lock) {
    return plait_process_lock_broken(inner_of(lock));
}

bool plait_process_rlock_owned(plait_process_rlock *lock) {
    return !is_none(inner(lock)) && plait__process_lock_owned(inner(lock));
}

long plait_process_rlock_holder(const plait_process_rlock *lock) {
    return plait_process_lock_holder(inner_of(lock));
}

bool plait_process_rlock_locked(const plait_process_rlock *lock) {
    return plait_process_lock_locked(inner_of(lock));
}

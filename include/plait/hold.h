/* plait/hold.h - hold a lock for the rest of a scope.
 *
 *     { plait_hold(&lock); ... }           Python: with lock: ...
 *     { plait_hold_read(&rwlock); ... }    { plait_hold_write(&rwlock); ... }
 *
 * The lock is released at the end of the enclosing scope, however that is left: by its end, break, return,
 * goto, or in C++ an exception (but not by longjmp). plait_hold takes a plait_lock, a plait_rlock, a
 * plait_process_lock or a plait_process_rlock, never fails and cannot be cancelled; given NULL it holds
 * nothing. On a thread with a plait_host it goes on when it is interrupted. Of a lock between processes
 * plait_process_lock_broken says in the scope whether the holder before died. At most one to a line.
 * GNU extension in C (the cleanup attribute); in C++ it is an object with a destructor. Elsewhere use
 * acquire and release.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_lock lock;
 *     static plait_rwlock names;
 *     static int count;
 *
 *     static int next(void) {
 *         plait_hold(&lock);
 *         return ++count;                              // the value is read first, then the lock released
 *     }
 *
 *     int main(void) {
 *         { plait_hold_write(&names); next(); }
 *         { plait_hold_read(&names); next(); }
 *         return next() == 3 && !plait_lock_locked(&lock) ? 0 : 1;
 *     }
 */
#ifndef PLAIT_HOLD_H
#define PLAIT_HOLD_H

#include <plait/api.h>
#include <plait/lock.h>
#include <plait/process_lock.h>
#include <plait/rlock.h>
#include <plait/rwlock.h>

#define PLAIT__HOLD_PASTE_(a, b) a##b
#define PLAIT__HOLD_PASTE(a, b) PLAIT__HOLD_PASTE_(a, b)
#define PLAIT__HOLD_NAME PLAIT__HOLD_PASTE(plait__hold_, __LINE__)

/* One of these is what a scope holds. */
struct plait__hold {
    plait_lock *lock;
    plait_rlock *rlock;
    plait_rwlock *read, *write;
    plait_process_lock *process_lock;
    plait_process_rlock *process_rlock;
};

PLAIT__INLINE void plait__hold_end(const struct plait__hold *hold) {
    if (hold->lock) (void)plait_lock_release(hold->lock);
    if (hold->rlock) (void)plait_rlock_release(hold->rlock);
    if (hold->read) (void)plait_rwlock_read_release(hold->read);
    if (hold->write) (void)plait_rwlock_write_release(hold->write);
    if (hold->process_lock) (void)plait_process_lock_release(hold->process_lock);
    if (hold->process_rlock) (void)plait_process_rlock_release(hold->process_rlock);
}

/* Takes the lock for the hold, or leaves the hold empty if it cannot be taken at all. */
#define PLAIT__HOLD_BEGIN(name, pointer, member, acquire) \
    PLAIT__INLINE struct plait__hold name(pointer lock) { \
        struct plait__hold hold = {NULL, NULL, NULL, NULL, NULL, NULL}; \
        plait_status status; \
        do { \
            status = acquire(lock); \
        } while (status == PLAIT_INTERRUPTED); \
        if (status == PLAIT_OK || status == PLAIT_BROKEN) hold.member = lock; \
        return hold; \
    }

PLAIT__HOLD_BEGIN(plait__hold_lock, plait_lock *, lock, plait_lock_acquire)
PLAIT__HOLD_BEGIN(plait__hold_rlock, plait_rlock *, rlock, plait_rlock_acquire)
PLAIT__HOLD_BEGIN(plait__hold_read, plait_rwlock *, read, plait_rwlock_read_acquire)
PLAIT__HOLD_BEGIN(plait__hold_write, plait_rwlock *, write, plait_rwlock_write_acquire)
PLAIT__HOLD_BEGIN(plait__hold_process_lock, plait_process_lock *, process_lock, plait_process_lock_acquire)
PLAIT__HOLD_BEGIN(plait__hold_process_rlock, plait_process_rlock *, process_rlock,
                  plait_process_rlock_acquire)
#undef PLAIT__HOLD_BEGIN

#if defined(__cplusplus)

struct plait__holder {
    explicit plait__holder(plait__hold taken) : hold(taken) {}
    ~plait__holder() {
        plait__hold_end(&hold);
    }
    plait__holder(const plait__holder &) = delete;
    plait__holder &operator=(const plait__holder &) = delete;
    plait__hold hold;
};
PLAIT__INLINE plait__hold plait__hold_any(plait_lock *lock) {
    return plait__hold_lock(lock);
}
PLAIT__INLINE plait__hold plait__hold_any(plait_rlock *lock) {
    return plait__hold_rlock(lock);
}
PLAIT__INLINE plait__hold plait__hold_any(plait_process_lock *lock) {
    return plait__hold_process_lock(lock);
}
PLAIT__INLINE plait__hold plait__hold_any(plait_process_rlock *lock) {
    return plait__hold_process_rlock(lock);
}
#define plait_hold(lock) const plait__holder PLAIT__HOLD_NAME(plait__hold_any(lock))
#define plait_hold_read(rwlock) const plait__holder PLAIT__HOLD_NAME(plait__hold_read(rwlock))
#define plait_hold_write(rwlock) const plait__holder PLAIT__HOLD_NAME(plait__hold_write(rwlock))

#elif defined(__GNUC__)

#define PLAIT__HOLD(begun) \
    __attribute__((cleanup(plait__hold_end), unused)) const struct plait__hold PLAIT__HOLD_NAME = begun
#define plait_hold(lock) \
    PLAIT__HOLD(_Generic((lock), plait_lock * \
                         : plait__hold_lock, plait_rlock * \
                         : plait__hold_rlock, plait_process_lock * \
                         : plait__hold_process_lock, plait_process_rlock * \
                         : plait__hold_process_rlock)(lock))
#define plait_hold_read(rwlock) PLAIT__HOLD(plait__hold_read(rwlock))
#define plait_hold_write(rwlock) PLAIT__HOLD(plait__hold_write(rwlock))

#endif

#endif

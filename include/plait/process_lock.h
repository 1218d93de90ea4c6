/* plait/process_lock.h - locks between processes, which outlive a holder that is killed.
 *
 * A plait_process_lock lies in memory that processes share; each may have that memory at an address of its own. Zero
 * is ready, so in fresh shared memory there is nothing to be made first, and nothing needs to be destroyed.
 *
 * When a holder dies, killed or by a crash, or its thread ends with the lock held, the next to take it gets it at once,
 * and is told: acquire returns PLAIT_BROKEN, and *the lock is held*. What it guards may be half-changed; put that
 * right, and release as ever. Those who come later get PLAIT_OK again. Who is told and dies before it has released leaves
 * the next to be told. PLAIT_BROKEN is not a failure to take the lock; a caller that ignores it must not ignore
 * it unknowingly, so all of these are marked warn-unused. Python's multiprocessing.Lock stays locked for ever.
 *
 * Other than a plait_lock, and than Python's, it has an owner: only the thread that took it may release it, and taking it twice
 * is PLAIT_DEADLOCK, for only of an owner can one tell that it is dead. A plait_process_rlock may be taken again by
 * its owner. Taking them cannot be cancelled. A child of a fork owns none of its parent's.
 * Memory with a held lock in it must stay mapped in the holder. Where the C library knows no robust locks,
 * acquire returns PLAIT_ERRNO. Processes that share a lock must see the same thread ids (one PID namespace).
 *
 * Underneath lies the C library's robust process-shared mutex (after Sun's; Linux: robust futexes, Molnar and
 * Gleixner 2006): the kernel looks after the locks of a thread that ends.
 *
 * Example:
 *     #include <plait.h>
 *     #include <sys/mman.h>
 *     #include <sys/wait.h>
 *     #include <unistd.h>
 *
 *     struct account { plait_process_lock lock; int balance; };
 *
 *     int main(void) {
 *         struct account *account = mmap(NULL, sizeof *account, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
 *         pid_t child = fork();
 *         if (child == 0) {
 *             if (plait_process_lock_acquire(&account->lock) == PLAIT_OK) account->balance = 70;
 *             _exit(0);                                       // dies with the lock held
 *         }
 *         waitpid(child, NULL, 0);
 *         plait_status told = plait_process_lock_acquire(&account->lock);
 *         if (told == PLAIT_BROKEN) account->balance = 0;     // held, and ours to put right
 *         plait_process_lock_release(&account->lock);
 *         { plait_hold(&account->lock); account->balance += 30; }
 *         return told == PLAIT_BROKEN && account->balance == 30 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_PROCESS_LOCK_H
#define PLAIT_PROCESS_LOCK_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Aligned as its members are; one that is not is PLAIT_INVALID. */
typedef struct plait_process_lock {
    uint64_t mutex[6];
    uint32_t made;
    uint32_t broken;
    uint32_t holder;
    uint32_t again;
} plait_process_lock;

/* Zero; for a lock in memory that is not zeroed and that nobody uses. */
#define PLAIT_PROCESS_LOCK_INIT \
    { {0, 0, 0, 0, 0, 0}, 0, 0, 0, 0 }

/* Takes the lock, waiting as long as it takes (or until the deadline; or not at all). PLAIT_OK: held. PLAIT_BROKEN: held, and
 * the holder before died with it. PLAIT_TIMEOUT, PLAIT_BUSY (_nowait): not held. PLAIT_DEADLOCK: the caller
 * holds it already (_nowait: PLAIT_BUSY). PLAIT_INVALID for NULL and for an address that does not suit.
 * Python: Lock.acquire, acquire(timeout=), acquire(block=False). */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_lock_acquire(plait_process_lock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_lock_acquire_until(plait_process_lock *lock,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_lock_acquire_nowait(plait_process_lock *lock);

/* Gives the lock back. PLAIT_NOT_OWNER if the calling thread does not hold it: nothing changed. PLAIT_INVALID for
 * NULL. Never blocks. Whoever gets it next may free the memory. Python: Lock.release. */
PLAIT_API plait_status plait_process_lock_release(plait_process_lock *lock);

/* Whether the caller holds it and was told PLAIT_BROKEN: for scopes (plait_hold), which get no status. */
PLAIT_API bool plait_process_lock_broken(const plait_process_lock *lock);

/* Who holds it at this instant: the kernel's id of the thread (of a process's first thread: the process's), 0 if nobody. One
 * that died with it is named until somebody takes it. 0 for NULL. */
PLAIT_API long plait_process_lock_holder(const plait_process_lock *lock);

/* Whether somebody holds it at this instant, with the same reserve. False for NULL. Python: Lock.locked (3.14). */
PLAIT_API bool plait_process_lock_locked(const plait_process_lock *lock);

/* A lock that its owner may take any number of times, and must release as often. */
typedef struct plait_process_rlock {
    plait_process_lock lock;
} plait_process_rlock;

#define PLAIT_PROCESS_RLOCK_INIT \
    { PLAIT_PROCESS_LOCK_INIT }

/* As those above, but the owner gets PLAIT_OK at once; PLAIT_OVERFLOW when it has taken it four thousand million times.
 * It is told PLAIT_BROKEN the first time only. Python: RLock.acquire, release; owned: whether the caller does
 * hold it. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_rlock_acquire(plait_process_rlock *lock);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_rlock_acquire_until(plait_process_rlock *lock,
                                                                           plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_rlock_acquire_nowait(plait_process_rlock *lock);
PLAIT_API plait_status plait_process_rlock_release(plait_process_rlock *lock);
PLAIT_API bool plait_process_rlock_broken(const plait_process_rlock *lock);
PLAIT_API bool plait_process_rlock_owned(plait_process_rlock *lock);
PLAIT_API long plait_process_rlock_holder(const plait_process_rlock *lock);
PLAIT_API bool plait_process_rlock_locked(const plait_process_rlock *lock);

PLAIT_END

#endif

/* mutex.h - the lock inside plait's own objects: short critical sections, never a wait inside.
 *
 * The word is 0 when free, else its holder's ident; nothing else is ever in it. Taking it is one
 * compare-and-swap, giving it back one plain store (an exchange would cost as much again as the taking).
 * Therefore nobody can leave word of himself in the mutex; who must sleep enters a static table, keyed by
 * the mutex's address, and the one who unlocks looks there after his store:
 *
 *   unlock:         word = 0, ordered (base/order.h);  is a wake wanted at this address?  then wake
 *   about to sleep: enter the table, wake wanted;  order all;  is the word still taken?  then sleep
 *
 * At least one of the two sees what the other has done. Either the unlocking thread wakes, or the other
 * finds the mutex free and does not sleep. The system call that orders is the sleeper's; it sleeps only
 * because the holder has lost its CPU in the middle of a section that takes some ten nanoseconds.
 * After the store the unlocking thread uses the mutex as a number only: it may be freed by then.
 * Acquire on taking, release on giving back. The table and what a wake does are in mutex.c. It is not for
 * users: see plait/lock.h.
 */
#ifndef PLAIT__MUTEX_H
#define PLAIT__MUTEX_H

#include <base/atomic.h>
#include <base/order.h>
#include <base/os.h>
#include <stdbool.h>
#include <wait/self.h>

struct plait__mutex {
    uint32_t word;
};

/* For each spot of the table: whether a thread sleeps there that an unlock should wake. A mutex's spot is
 * picked by its address; those that share a spot at worst look into the table in vain. */
#if defined(PLAIT_CHECKED)
enum { PLAIT__MUTEX_SPOTS = 32 };
#define PLAIT__MUTEX_SPOT(mutex) (plait__check_spot(mutex))
#else
enum { PLAIT__MUTEX_SPOTS = 256 };
#define PLAIT__MUTEX_SPOT(mutex) ((uintptr_t)(mutex) / 64)
#endif
extern uint32_t plait__mutex_wanted[PLAIT__MUTEX_SPOTS] __attribute__((visibility("hidden")));

static inline size_t plait__mutex_spot(const struct plait__mutex *mutex) {
    return PLAIT__MUTEX_SPOT(mutex) % PLAIT__MUTEX_SPOTS;
}

/* False if the holder vanished in a fork: then it can never be taken. */
bool plait__mutex_lock_slow(struct plait__mutex *mutex);
/* Wakes one that sleeps for this mutex, unless one is on its way. The mutex need no longer exist. */
void plait__mutex_wake(const struct plait__mutex *mutex);

/* The first step of taking a word that is 0 when free, and the last of giving it back: with plain loads
 * and stores while the process has one thread, as the C library's own mutexes do it. */
static inline bool plait__word_take(uint32_t *word, uint32_t ident) {
    uint32_t free = 0;
    if (!plait__os_alone()) return plait__cas_acquire(word, &free, ident);
    if (plait__load(word) != 0) return false;
    plait__store(word, ident);
    return true;
}

static inline bool plait__word_give(uint32_t *word, uint32_t ident) {
    if (!plait__os_alone()) return plait__cas_release(word, &ident, 0);
    if (plait__load(word) != ident) return false;
    plait__store(word, 0);
    return true;
}

/* The two halves of the mutex without their rare rests, so that who leaves those to others calls nothing.
 * False: plait__mutex_lock might. */
static inline bool plait__mutex_take(struct plait__mutex *mutex) {
    uint32_t ident = plait__ident_begun();
    if (plait__unlikely(!ident) || plait__unlikely(!plait__word_take(&mutex->word, ident))) return false;
    PLAIT__SECTION(1);
    return true;
}

/* True: plait__mutex_wake must be called. */
static inline bool plait__mutex_give(struct plait__mutex *mutex) {
    plait__store_ordered(&mutex->word, 0);
    PLAIT__SECTION(-1);
    return plait__unlikely(plait__load_seq(&plait__mutex_wanted[plait__mutex_spot(mutex)]));
}

static inline bool plait__mutex_lock(struct plait__mutex *mutex) {
    return plait__mutex_take(mutex) || plait__mutex_lock_slow(mutex);
}

static inline void plait__mutex_unlock(struct plait__mutex *mutex) {
    if (plait__mutex_give(mutex)) plait__mutex_wake(mutex);
}

#endif

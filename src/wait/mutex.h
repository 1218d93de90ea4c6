/* mutex.h - the lock inside plait's own objects: short critical sections, never a wait inside.
 *
 * Word: 0 free · holder's ident · holder's ident with CONTENDED (somebody may sleep on the word).
 * Lock takes 0 -> ident, with CONTENDED if this thread has slept, because others may still sleep then.
 * Unlock exchanges to 0 and, if CONTENDED was set, wakes one sleeper; after the exchange it touches
 * nothing but the address, so what the mutex lies in may be freed by then.
 * No wake-up is lost: a sleeper sleeps only while the word equals ident|CONTENDED, and whoever takes that
 * away in unlock sees CONTENDED and wakes one; the one woken puts CONTENDED back for the rest.
 * Acquire on taking, release on giving back. It is not for users: see plait/lock.h.
 */
#ifndef PLAIT__MUTEX_H
#define PLAIT__MUTEX_H

#include <base/atomic.h>
#include <base/os.h>
#include <stdbool.h>
#include <wait/self.h>

struct plait__mutex {
    uint32_t word;
};

#define PLAIT__CONTENDED UINT32_C(0x80000000)

/* False if the holder vanished in a fork: then it can never be taken. */
bool plait__mutex_lock_slow(struct plait__mutex *mutex);
void plait__mutex_wake(struct plait__mutex *mutex);

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

static inline bool plait__mutex_lock(struct plait__mutex *mutex) {
    if (plait__likely(plait__word_take(&mutex->word, plait__self()->ident))) return true;
    return plait__mutex_lock_slow(mutex);
}

static inline void plait__mutex_unlock(struct plait__mutex *mutex) {
    if (plait__os_alone())
        plait__store(&mutex->word, 0);
    else if (plait__unlikely(plait__exchange(&mutex->word, 0) & PLAIT__CONTENDED))
        plait__mutex_wake(mutex);
}

#endif

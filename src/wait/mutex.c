/* mutex.c - the slow path of the internal mutex; the protocol is in mutex.h. */
#include <base/os.h>
#include <wait/mutex.h>
#include <wait/spin.h>

static bool take(struct plait__mutex *mutex, uint32_t ident) {
    uint32_t free = 0;
    return plait__load(&mutex->word) == 0 && plait__cas_acquire(&mutex->word, &free, ident);
}

bool plait__mutex_lock_slow(struct plait__mutex *mutex) {
    uint32_t ident = plait__self()->ident;
    struct plait__spin spin;
    if (plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) {
        do {
            if (take(mutex, ident)) return true;
        } while (plait__spin_again(&spin));
    }
    for (;;) {
        if (take(mutex, ident | PLAIT__CONTENDED)) return true;
        uint32_t word = plait__load(&mutex->word);
        if (word == 0) continue;
        if (plait__vanished(word & PLAIT__IDENT_MASK)) return false;
        uint32_t contended = word | PLAIT__CONTENDED;
        if (word != contended && !plait__cas(&mutex->word, &word, contended)) continue;
        plait__os_sleep(&mutex->word, contended, INT64_MAX);
    }
}

void plait__mutex_wake(struct plait__mutex *mutex) {
    plait__os_wake(&mutex->word, 1);
}

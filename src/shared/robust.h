/* robust.h - a lock in memory that processes share, which the death of its holder gives back.
 *
 * For plait's own short sections in shared memory: a few instructions, or a copy, never the user's code, and
 * never two at once by one thread. It is the internal mutex (wait/mutex.h) between processes: taking it is
 * one compare-and-swap, giving it back one plain store.
 *
 * Who dies inside. Linux looks after robust locks (get_robust_list(2)): every thread has, registered by its C
 * library, a list of those that it holds, and one word for the one that it is about to take or to give back,
 * `list_op_pending`. When a thread ends, in whatever way, the kernel looks at the words of all these locks,
 * and where one has the thread's id in it sets it to "owner died". A thread that holds only one lock at a
 * time and calls nobody's code meanwhile needs no list: the pending word alone is enough, from before the
 * taking until after the giving back. That is two plain stores, so this costs what a lock between threads
 * costs, where a robust mutex of the C library costs three times as much (ARCHITECTURE.md has the figures).
 *
 *   lock:    pending = this lock;  word: 0 -> own thread id           (acquire)
 *   unlock:  word = 0 (release), ordered;  is a wake wanted? then wake;  pending = none
 *
 * Killed before the compare-and-swap or after the store, the word is not the thread's: nothing happens to it.
 * In between the kernel makes it OWNER_DIED, which the next one takes like a free one, and is told: what the
 * lock guards must be put right, or be never half-changed. One who has put right only half and dies leaves
 * the same mark to the next.
 *
 * Who waits looks for a moment, as in wait/mutex.c, and then sleeps. As there, who unlocks must see who is
 * about to sleep without a barrier of his own, so the sleeper pays for both:
 *
 *   about to sleep:  t = turn;  wanted = 1;  order all processes;  take it, if free;  else sleep while turn is t
 *   waking:          wanted = 0;  turn + 1;  wake one that sleeps on turn
 *
 * Either the unlocking thread sees `wanted`, or the sleeper sees the lock free. A wake that comes before the
 * sleep has changed `turn`. Whoever has slept marks `wanted` anew before it tries, so its own unlock wakes
 * the next; so one wake at a time goes round, and nobody is forgotten. One that is killed on its way here
 * takes that wake with it, and a killed holder wakes nobody: both are left to the net under all sleeps
 * (wait/shared.h), 50 ms. plait__order_processes is membarrier's global form, 0.2 to 1.5 us, and reaches
 * every process that has taken such a lock once.
 */
#ifndef PLAIT__ROBUST_H
#define PLAIT__ROBUST_H

#include <base/atomic.h>
#include <base/os.h>
#include <plait/deadline.h>
#include <plait/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <wait/self.h>

/* In shared memory; zero is free. */
struct plait__robust {
    uint32_t word;   /* 0, PLAIT__OWNER_DIED, or the holder's kernel id */
    uint32_t wanted; /* somebody may sleep for it */
    uint32_t turn;   /* what they sleep on */
};

/* What the kernel leaves in the word (FUTEX_OWNER_DIED). */
#define PLAIT__OWNER_DIED UINT32_C(0x40000000)

/* What a thread needs to take such locks; asked of the kernel once. */
struct plait__robust_self {
    uint32_t id;         /* the kernel's, of this thread; 0: not asked yet */
    uint32_t generation; /* of forks, when it was asked */
    void **pending;      /* the kernel looks here when the thread ends */
    ptrdiff_t offset;    /* what it adds to find the lock's word */
};
extern __thread struct plait__robust_self plait__robust_own __attribute__((visibility("hidden")));

/* What who waits for it is called in dumps, and how long it waits. */
struct plait__robust_wait {
    const char *kind;
    const void *object;
    plait_deadline deadline;
    bool cancellable;
};

/* Takes it, waiting as long as another holds it. PLAIT_OK; PLAIT_CRASHED: it is the caller's, and the one
 * before died inside. Else it is not: PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED, or PLAIT_ERRNO if
 * this system knows no robust locks. */
plait_status plait__robust_lock_slow(struct plait__robust *robust, const struct plait__robust_wait *wait);
/* An unlock has seen that a wake is wanted. */
void plait__robust_wake(struct plait__robust *robust);

static inline void plait__robust_mark(const struct plait__robust_self *self, struct plait__robust *robust) {
    *(char *volatile *)self->pending = (char *)&robust->word - self->offset;
    plait__keep_order();
}

static inline void plait__robust_unmark(const struct plait__robust_self *self) {
    plait__keep_order();
    *(void *volatile *)self->pending = NULL;
}

/* The first step alone: false if plait__robust_lock must be called. */
static inline bool plait__robust_take(struct plait__robust *robust) {
    const struct plait__robust_self *self = &plait__robust_own;
    uint32_t expected = 0;
    if (plait__unlikely(!self->id) || plait__unlikely(self->generation != plait__generation())) return false;
    plait__robust_mark(self, robust);
    if (plait__likely(plait__cas_acquire(&robust->word, &expected, self->id))) {
        PLAIT__SECTION(1);
        return true;
    }
    plait__robust_unmark(self);
    return false;
}

static inline plait_status plait__robust_lock(struct plait__robust *robust,
                                              const struct plait__robust_wait *wait) {
    return plait__likely(plait__robust_take(robust)) ? PLAIT_OK : plait__robust_lock_slow(robust, wait);
}

/* `word` is what remains: 0, or PLAIT__OWNER_DIED from one who was told PLAIT_CRASHED and leaves it to the
 * next. */
static inline void plait__robust_unlock_to(struct plait__robust *robust, uint32_t word) {
    PLAIT__SECTION(-1);
    if (plait__likely(plait__os_orders_processes)) {
        plait__store_release(&robust->word, word);
        plait__keep_order();
    } else {
        (void)plait__exchange_seq(&robust->word, word);
    }
    if (plait__unlikely(plait__load_seq(&robust->wanted))) plait__robust_wake(robust);
    plait__robust_unmark(&plait__robust_own);
}

static inline void plait__robust_unlock(struct plait__robust *robust) {
    plait__robust_unlock_to(robust, 0);
}

#endif

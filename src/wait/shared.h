/* shared.h - sleeping on a word that other processes share.
 *
 * All that processes do to each other through shared memory comes down to this: somebody changes a word there and wakes
 * whoever sleeps on it. The sleep is a wait like any other (waiter.h), so deadlines, cancelling, a host's signals and
 * dumps hold for it too. The waiter sleeps on two words at once: its own, which a cancel claims and wakes, and the shared
 * one, whose change or wake it takes as a claim of its own, PLAIT__LOOK. Nobody can put a node into a list of another
 * process, so there is none, and who is woken must look for himself.
 *
 * No wake-up is lost between processes that live: the kernel compares both words and queues the thread in one step, a
 * change before that is seen by the comparison, and a wake after it finds the thread queued. A waker who wants to
 * avoid the system call while nobody sleeps needs a mark in shared memory that sleepers set before they compare; that is
 * the caller's protocol.
 *
 * The net under those who are killed. A process can die between its change and its wake, or after it was woken and before
 * it did what it was woken for. No protocol can close these gaps, so every sleep here looks again by itself after a
 * while: first after 50 ms, then twice as long each time while nothing else happens, at most a second. Protocols on top
 * need only be right for processes that live, and never be half-changed. (The checking library has no net: there a
 * wake-up that is lost is to be found.)
 *
 * Where the system cannot wait for two words (before Linux 5.16, in sandboxes that do not know futex_waitv, with the portable
 * back end) the thread sleeps on the shared word alone; who claims it wakes that one, with all who sleep there, and as he may
 * do so a moment too early, the sleeper looks at its own word every 50 ms.
 */
#ifndef PLAIT__SHARED_H
#define PLAIT__SHARED_H

#include <plait/status.h>
#include <wait/waiter.h>

/* Sleeps while *word == expected, or spins for a moment if that is likely to be enough. PLAIT_OK: look again, because the word
 * has changed or was woken, or for no reason (the net). PLAIT_TIMEOUT, PLAIT_CANCELLED (only if cancellable),
 * PLAIT_INTERRUPTED. Of a word that differs already it says PLAIT_OK at once. kind and object are for dumps, as
 * those of any waiter. What the changer did before a release store of the word is seen after an acquire load of it. */
plait_status plait__wait_shared(uint32_t *word, uint32_t expected, const char *kind, const void *object,
                                plait_deadline deadline, bool cancellable);

/* The same for a waiter of the caller's, which may have nodes in lists, too, or have `looked` for a while already. Returns
 * the claim: PLAIT__LOOK, where the function above says PLAIT_OK. */
uint32_t plait__wait_beside(struct plait__waiter *waiter, uint32_t *word, uint32_t expected,
                            plait_deadline deadline, bool cancellable);

/* Wakes at most so many of those who sleep on the word, in any process. A system call: callers avoid it while nobody
 * sleeps. The memory may be unmapped by then. */
static inline void plait__wake_shared(uint32_t *word, int count) {
    plait__os_wake_shared(word, count);
}

/* ---- for waiter.c ---- */

struct plait__sharing {
    uint32_t *word;
    uint32_t expected;
    bool by_itself;   /* the net ended the sleep */
    int64_t again_at; /* when it looks again by itself; 0: it has not slept yet */
};

uint32_t plait__shared_spin(struct plait__waiter *waiter);
enum plait__slept plait__shared_sleep(struct plait__waiter *waiter, int64_t until);
/* When this sleep began, in ticks: what only goes on after a look into the net counts as one. */
uint64_t plait__shared_since(const struct plait__waiter *waiter);
/* A waiter that sleeps on this word too was claimed: sees to it that it notices. The word need not be mapped any more. */
void plait__shared_disturb(uint32_t *word);

#endif

/* lock.c - the lock.
 *
 * Word: the holder's ident (0: free) and two flags.
 *   PARKED   threads may be parked on this lock. Set and cleared only under the parking list's lock.
 *   LOOKING  a waiting thread is awake and looks at the word: a release need not wake another one.
 *            Set by a thread that begins to spin, or by a release for the thread that it wakes; cleared
 *            by that thread when it takes the lock or goes (back) to sleep.
 *
 * Who changes what:
 *   acquire   free -> ident, keeping PARKED, clearing LOOKING if it is this thread's    (acquire)
 *   spin      held -> held|LOOKING, if nobody looks yet; at the end LOOKING is cleared, or the lock taken,
 *             in one compare-and-swap
 *   park      held -> held|PARKED, under the list's lock
 *   release   ident -> 0, keeping the flags, when nobody is parked, or when somebody looks     (release)
 *   release   else, under the list's lock: sets LOOKING, claims the first parked thread, then
 *             ident -> LOOKING, with PARKED if others are parked; wakes the claimed thread
 *   release   if the first one has been parked for a millisecond: ident -> that thread's ident, and the
 *             claim is a gift: it wakes as the holder
 *
 * No wake-up is lost. A thread parks only while the lock is held and PARKED is set, seen under the list's
 * lock; that holder's release sees PARKED, and either wakes somebody or leaves it to the thread that
 * looks. LOOKING is set only while there is such a thread: a spinner sets its own, and a release sets it
 * before it makes the claim, while it still holds the lock. That thread takes the lock (and will see
 * PARKED when it releases), or clears LOOKING by a compare-and-swap that succeeds only while the lock is
 * held, so that holder's release will see PARKED without LOOKING.
 * Should LOOKING be cleared by one of two lookers the other's effort is announced no longer: that costs a
 * wake too many, never one too few.
 *
 * The store that frees the lock, or gives it away, is the last touch of its memory: what follows happens
 * in the parking list. When a gift's claim fails (that thread timed out) nobody has been let go yet, for
 * the word still names a holder, and the next in line is tried.
 *
 * `since` is the time (in units of 2^16 ns) since which the first parked thread waits, written under the
 * list's lock; a release reads it to tell whether it may leave the matter to a looking thread.
 */
#include <sync/contention.h>
#include <sync/lock.h>
#include <wait/spin.h>

#define PARKED UINT32_C(0x80000000)
#define LOOKING UINT32_C(0x40000000)
#define HOLDER PLAIT__IDENT_MASK

enum { FAIR_NS = 1000000, SINCE_SHIFT = 16 };

static bool overdue(const plait_lock *lock) {
    uint32_t now = (uint32_t)(plait__now() >> SINCE_SHIFT);
    return now - plait__load(&lock->since) > (FAIR_NS >> SINCE_SHIFT);
}

/* ---- acquire ---- */

/* One acquire that could not take the lock at once. */
struct attempt {
    plait_lock *lock;
    uint32_t ident;
    uint32_t looking; /* LOOKING while the flag is set on behalf of this thread, else 0 */
};

/* Takes the lock if it is free. *word is what is known of the lock's word, and then what was found. */
static bool take(struct attempt *attempt, uint32_t *word) {
    while (!(*word & HOLDER))
        if (plait__cas_acquire(&attempt->lock->word, word, (*word & ~attempt->looking) | attempt->ident))
            return true;
    return false;
}

static bool announce_looking(struct attempt *attempt, uint32_t *word) {
    while ((*word & HOLDER) && !(*word & LOOKING)) {
        if (plait__cas_acquire(&attempt->lock->word, word, *word | LOOKING)) {
            *word |= LOOKING;
            attempt->looking = LOOKING;
            return true;
        }
    }
    return false;
}

/* Looks no longer, or takes the lock after all. */
static bool stop_looking(struct attempt *attempt, uint32_t word) {
    while (!take(attempt, &word)) {
        if (!attempt->looking) return false;
        if (plait__cas_acquire(&attempt->lock->word, &word, word & ~LOOKING)) {
            attempt->looking = 0;
            return false;
        }
    }
    return true;
}

/* Looks for as long as it is worth it, one thread at a time. */
static bool look(struct attempt *attempt) {
    struct plait__spin spin;
    uint32_t word = plait__load(&attempt->lock->word);
    if (take(attempt, &word)) return true;
    if (!plait__spin_begin(&spin)) return stop_looking(attempt, word);
    if (!attempt->looking && !announce_looking(attempt, &word)) return take(attempt, &word);
    while (plait__spin_again(&spin)) {
        word = plait__load(&attempt->lock->word);
        if (take(attempt, &word)) return true;
    }
    return stop_looking(attempt, word);
}

/* Sets PARKED, unless the lock is free. Under the list's lock. */
static bool announce_parked(struct plait__wait_list *list, plait_lock *lock, const struct plait__park *how) {
    uint32_t word = plait__load(&lock->word);
    while (word & HOLDER) {
        if ((word & PARKED) || plait__cas(&lock->word, &word, word | PARKED)) {
            bool first = (how->flags & PLAIT__AT_HEAD) || !plait__parked(list, lock);
            int64_t since = how->since ? how->since : plait__now();
            if (first) plait__store(&lock->since, (uint32_t)(since >> SINCE_SHIFT));
            return true;
        }
    }
    return false;
}

static plait_status wait_for(struct attempt *attempt, struct plait__park how) {
    struct plait__wait_list *list = plait__parking(attempt->lock);
    for (;;) {
        if (look(attempt)) return PLAIT_OK;
        plait__mutex_lock(&list->mutex);
        if (!announce_parked(list, attempt->lock, &how)) {
            plait__mutex_unlock(&list->mutex);
            continue;
        }
        uint32_t claim = plait__park(list, attempt->lock, &how);
        if (claim & PLAIT__GIFT) return PLAIT_OK;
        if (!plait__claimed_node(claim)) return plait__claim_status(claim);
        attempt->looking = LOOKING; /* set by the release that woke us */
        how.flags |= PLAIT__AT_HEAD;
    }
}

static plait_status acquire_slow(plait_lock *lock, plait_deadline deadline) {
    struct plait__self *self = plait__self();
    struct attempt attempt = {lock, self->ident, 0};
    uint32_t word = plait__load(&lock->word);
    if (take(&attempt, &word)) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    int64_t began = plait__contention_begin();
    plait__wait_enter(self);
    plait_status status = wait_for(&attempt, (struct plait__park){.kind = "lock", .deadline = deadline});
    plait__wait_leave(self);
    plait__contention_end(lock, began);
    return status;
}

plait_status plait_lock_acquire_until(plait_lock *lock, plait_deadline deadline) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t free = 0;
    if (plait__likely(plait__cas_acquire(&lock->word, &free, plait__self()->ident))) return PLAIT_OK;
    return acquire_slow(lock, deadline);
}

plait_status plait_lock_acquire(plait_lock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t free = 0;
    if (plait__likely(plait__cas_acquire(&lock->word, &free, plait__self()->ident))) return PLAIT_OK;
    return acquire_slow(lock, PLAIT_FOREVER);
}

plait_status plait_lock_acquire_nowait(plait_lock *lock) {
    plait_status status = plait_lock_acquire_until(lock, PLAIT_NOW);
    return status == PLAIT_TIMEOUT ? PLAIT_BUSY : status;
}

/* ---- release ---- */

/* Changes the holder, under the list's lock: 0 frees the lock. `keep` are the flags that may stay as they
 * are, `set` those that are set. */
static void change_holder(plait_lock *lock, uint32_t holder, uint32_t keep, uint32_t set) {
    uint32_t word = plait__load(&lock->word);
    while (!plait__cas(&lock->word, &word, (word & keep) | set | holder)) {}
}

/* Claims the first parked thread that can be claimed, and releases the lock to it or for it. */
static void release_to_parked(struct plait__wait_list *list, plait_lock *lock, struct plait__wakes *wakes) {
    uint32_t others = plait__or(&lock->word, LOOKING) & LOOKING; /* somebody else looks: not ours to clear */
    struct plait__node *next, *node = plait__parked(list, lock);
    for (; node; node = next) {
        next = plait__parked_after(list, node);
        uint32_t parked = next ? PARKED : 0;
        int64_t now = plait__now();
        if (next) plait__store(&lock->since, (uint32_t)(next->since >> SINCE_SHIFT));
        if (now - node->since >= FAIR_NS) {
            change_holder(lock, node->waiter->self->ident, others, parked);
            if (plait__claim(node, PLAIT__GIFT, wakes)) return;
        } else if (plait__claim(node, 0, wakes)) {
            change_holder(lock, 0, 0, LOOKING | parked);
            return;
        }
    }
    change_holder(lock, 0, others, 0);
}

static plait_status release_slow(plait_lock *lock, uint32_t word) {
    for (;;) {
        if (!(word & HOLDER)) return PLAIT_NOT_OWNER;
        if ((word & PARKED) && (!(word & LOOKING) || overdue(lock))) break;
        if (plait__cas_release(&lock->word, &word, word & ~HOLDER)) return PLAIT_OK;
    }
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(lock);
    plait__mutex_lock(&list->mutex);
    release_to_parked(list, lock, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return PLAIT_OK;
}

plait_status plait_lock_release(plait_lock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t word = plait__load(&lock->word);
    if (plait__likely(word - 1 < HOLDER) && plait__likely(plait__cas_release(&lock->word, &word, 0)))
        return PLAIT_OK;
    return release_slow(lock, word);
}

bool plait_lock_locked(const plait_lock *lock) {
    return lock && (plait__load(&lock->word) & HOLDER) != 0;
}

/* ---- for rlock and condition ---- */

uint32_t plait__lock_holder(const plait_lock *lock) {
    return plait__load(&lock->word) & HOLDER;
}

bool plait__lock_adopt(struct plait__wait_list *list, plait_lock *lock, struct plait__node *node) {
    struct plait__park how = {.since = plait__now()};
    if (!announce_parked(list, lock, &how)) return false;
    plait__list_remove(&node->link);
    node->address = lock;
    node->since = how.since;
    plait__list_append(&list->nodes, &node->link);
    return true;
}

plait_status plait__lock_acquire_claimed(plait_lock *lock, uint32_t claim) {
    if (claim & PLAIT__GIFT) return PLAIT_OK;
    struct plait__self *self = plait__self();
    struct attempt attempt = {lock, self->ident, LOOKING}; /* set by the release that made the claim */
    struct plait__park how = {.kind = "lock", .deadline = PLAIT_FOREVER, .flags = PLAIT__AT_HEAD};
    plait__wait_enter(self);
    plait_status status = wait_for(&attempt, how);
    plait__wait_leave(self);
    return status;
}

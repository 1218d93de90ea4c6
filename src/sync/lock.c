/* lock.c - the lock.
 *
 * Word: 0 when free, else the holder's ident, perhaps with PARKED: threads are parked on this lock, and the
 * holder's release must wake one. A free lock has no flag.
 *
 * Who changes what:
 *   acquire   0 -> ident; a thread that was woken takes it with PARKED, on behalf of those still parked
 *                                                                                           (acquire)
 *   park      ident -> ident|PARKED, under the parking list's lock, and only while the lock is held
 *   release   ident -> 0, when PARKED is not set                                            (release)
 *   release   else, under the list's lock: claims the first parked thread and stores 0; then wakes it
 *   release   if the last hand-over is a millisecond ago: stores that thread's ident instead, with PARKED
 *             if others are parked, and the claim is a gift: it wakes as the holder
 *
 * No wake-up is lost. As long as anybody is parked, PARKED is set, or a thread that was woken is on its way
 * to set it again: it either takes the lock, with PARKED, or parks anew, and sets it then. So one wake at
 * most is on its way, and meanwhile those who run take and release the lock as if nobody waited: they
 * neither wait for the sleeper nor pay for it. When it arrives it looks for a while, as any other thread.
 * A parked thread that gives up (deadline, interrupt) may leave PARKED set with nobody parked: the next
 * release finds the list empty and stores 0.
 *
 * The store that frees the lock, or gives it away, is the last touch of its memory: what follows happens
 * in the parking list. A gift is written before it is claimed; when the claim fails (that thread gave up)
 * nobody has been let go yet, for the word still names a holder, and the next in line is tried.
 *
 * `since` says when a hand-over is due: see parked.h.
 *
 * The short paths ask plait__quick for the ident. A thread that has none goes the long way, on which
 * lock_order.h looks.
 */
#include <sync/contention.h>
#include <sync/lock.h>
#include <sync/lock_order.h>
#include <sync/parked.h>
#include <wait/spin.h>

#define PARKED UINT32_C(0x80000000)
#define HOLDER PLAIT__IDENT_MASK

/* ---- acquire ---- */

/* Looks for as long as it is worth it, and takes the lock, as `mine`, when it is free. */
static bool look(plait_lock *lock, uint32_t mine) {
    struct plait__spin spin;
    bool spinning = plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED);
    do {
        uint32_t free = 0;
        if (plait__load(&lock->word) == 0 && plait__cas_acquire(&lock->word, &free, mine)) return true;
    } while (spinning && plait__spin_again(&spin));
    return false;
}

/* Sets PARKED, unless the lock is free. Under the list's lock. */
static bool announce_parked(struct plait__wait_list *list, plait_lock *lock, bool again) {
    uint32_t word = plait__load(&lock->word);
    while (word & HOLDER) {
        if ((word & PARKED) || plait__cas(&lock->word, &word, word | PARKED)) {
            if (!again && !plait__parked(list, lock))
                plait__store(&lock->since, plait__coarse(plait__os_ticks()));
            return true;
        }
    }
    return false;
}

/* `mine` is what the word becomes; `how->flags` has PLAIT__AT_HEAD if the thread was woken before. */
static plait_status wait_for(plait_lock *lock, uint32_t mine, struct plait__park *how) {
    struct plait__wait_list *list = plait__parking(lock);
    while (!look(lock, mine)) {
        plait__mutex_lock(&list->mutex);
        if (!announce_parked(list, lock, how->flags & PLAIT__AT_HEAD)) {
            plait__mutex_unlock(&list->mutex);
            continue;
        }
        uint32_t claim = plait__park(list, lock, how);
        if (claim & PLAIT__GIFT) return PLAIT_OK;
        if (!plait__claimed_node(claim)) return plait__claim_status(claim);
        mine |= PARKED;
        how->flags |= PLAIT__AT_HEAD;
    }
    return PLAIT_OK;
}

static plait_status acquire_taken(plait_lock *lock, plait_deadline deadline) {
    struct plait__self *self = plait__self();
    if (plait__load(&lock->word) && plait_passed(deadline)) return PLAIT_TIMEOUT;
    struct plait__park how = {.kind = "lock", .deadline = deadline};
    int64_t began = plait__contention_begin();
    plait__wait_enter(self);
    plait_status status = wait_for(lock, self->ident, &how);
    plait__wait_leave(self);
    plait__contention_end(lock, began);
    return status;
}

__attribute__((noinline)) plait_status plait__lock_acquire_slow(plait_lock *lock, plait_deadline deadline,
                                                                const void *caller) {
    if (plait__likely(plait__quick())) return acquire_taken(lock, deadline);
    uint32_t ident = plait__self()->ident;
    struct plait__order order = plait__order_asks(lock, &lock->since, plait__order_patience(deadline),
                                                  caller);
    plait_status status = plait__word_take(&lock->word, ident) ? PLAIT_OK : acquire_taken(lock, deadline);
    if (status == PLAIT_OK) plait__order_has(lock, order);
    return status;
}

plait_status plait_lock_acquire_until(plait_lock *lock, plait_deadline deadline) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t quick = plait__quick();
    if (plait__likely(quick) && plait__likely(plait__word_take(&lock->word, quick))) return PLAIT_OK;
    return plait__lock_acquire_slow(lock, deadline, __builtin_return_address(0));
}

plait_status plait_lock_acquire(plait_lock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t quick = plait__quick();
    if (plait__likely(quick) && plait__likely(plait__word_take(&lock->word, quick))) return PLAIT_OK;
    return plait__lock_acquire_slow(lock, PLAIT_FOREVER, __builtin_return_address(0));
}

__attribute__((noinline)) static plait_status try_slow(plait_lock *lock, const void *caller) {
    uint32_t ident = plait__self()->ident;
    struct plait__order order = plait__order_asks(lock, &lock->since, 0, caller);
    if (!plait__word_take(&lock->word, ident)) return PLAIT_BUSY;
    plait__order_has(lock, order);
    return PLAIT_OK;
}

plait_status plait_lock_acquire_nowait(plait_lock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t quick = plait__quick();
    if (plait__unlikely(!quick)) return try_slow(lock, __builtin_return_address(0));
    return plait__word_take(&lock->word, quick) ? PLAIT_OK : PLAIT_BUSY;
}

/* ---- release ---- */

/* Claims the first parked thread that can be claimed, and releases the lock to it or for it. The word has
 * PARKED and the list is locked, so nobody else changes it. */
static void release_to_parked(struct plait__wait_list *list, plait_lock *lock, struct plait__wakes *wakes) {
    bool gift = plait__overdue(&lock->since);
    struct plait__node *next, *node = plait__parked(list, lock);
    for (; node; node = next) {
        next = plait__parked_after(list, node);
        if (!gift && plait__claim(node, 0, wakes)) break;
        if (!gift) continue;
        plait__store(&lock->since, plait__coarse(plait__os_ticks()));
        plait__store_release(&lock->word, node->waiter->self->ident | (next ? PARKED : 0));
        if (plait__claim(node, PLAIT__GIFT, wakes)) return;
    }
    plait__store_release(&lock->word, 0);
}

static plait_status release_wanted(plait_lock *lock) {
    struct plait__wait_list *list = plait__parking(lock);
    struct plait__wakes wakes = {.count = 0};
    plait__mutex_lock(&list->mutex);
    uint32_t word = plait__load(&lock->word);
    while ((word & HOLDER) && !(word & PARKED)) /* another thread's hold, or PARKED is gone by now */
        if (plait__cas_release(&lock->word, &word, 0)) break;
    if (word & PARKED) release_to_parked(list, lock, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    if (word & HOLDER) return PLAIT_OK;
    PLAIT__MISUSE("a lock is released that nobody holds", lock);
    return PLAIT_NOT_OWNER;
}

__attribute__((noinline)) static plait_status release_slow(plait_lock *lock) {
    if (!plait__quick()) {
        plait__order_leaves(lock);
        if (plait__word_give(&lock->word, plait__self()->ident)) return PLAIT_OK;
    }
    return release_wanted(lock);
}

/* Mostly the holder itself releases, and nobody waits: one compare-and-swap that needs no look before. */
plait_status plait_lock_release(plait_lock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t quick = plait__quick();
    if (plait__likely(quick) && plait__likely(plait__word_give(&lock->word, quick))) return PLAIT_OK;
    return release_slow(lock);
}

bool plait_lock_locked(const plait_lock *lock) {
    return lock && plait__lock_holder(lock) != 0;
}

/* ---- for rlock and condition ---- */

bool plait__lock_adopt(struct plait__wait_list *list, plait_lock *lock, struct plait__node *node) {
    if (!announce_parked(list, lock, false)) return false;
    plait__list_remove(&node->link);
    node->address = lock;
    plait__list_append(&list->nodes, &node->link);
    return true;
}

plait_status plait__lock_acquire_claimed(plait_lock *lock, uint32_t claim) {
    if (claim & PLAIT__GIFT) return PLAIT_OK;
    struct plait__self *self = plait__self();
    struct plait__park how = {.kind = "lock", .deadline = PLAIT_FOREVER, .flags = PLAIT__AT_HEAD};
    plait__wait_enter(self);
    plait_status status = wait_for(lock, self->ident | PARKED, &how);
    plait__wait_leave(self);
    return status;
}

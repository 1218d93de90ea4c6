/* semaphore.c - the semaphore, and the bounded one, which only adds a limit to its release.
 *
 * Word: the number of permits, and PARKED: threads may be parked on this semaphore. PARKED is set and
 * cleared only under the parking list's lock.
 *   acquire   n -> n - 1 while n > 0, PARKED or not (acquire)
 *   park      0 -> PARKED, under the list's lock
 *   release   n -> n + m without PARKED (release)
 *   release   with PARKED, under the list's lock: if the last hand-over is a millisecond ago (parked.h), one
 *             permit goes to the first parked thread as a gift; the others are added to the number, PARKED
 *             being cleared if no more nodes are left than permits (release); then as many nodes are
 *             claimed as permits were added, and these threads try like everybody else
 *
 * No wake-up is lost. A thread parks only when there is no permit and PARKED is set, seen under the list's
 * lock; from then on every release goes through that lock and claims a node for each permit it adds. A
 * claimed thread that finds the permits gone parks again, before the others; whoever took them was faster,
 * and nothing is owed. One that has given up (deadline, cancel) was not claimed, and the claim went to the
 * next. PARKED may stay when all parked threads have given up: the next release clears it.
 *
 * While PARKED is set and the list is locked the number can only fall, so a release looks once whether it
 * would pass the limit. The store of the word is its last touch of the semaphore: the receiver of a gift,
 * which was claimed before that, settles (parked.h); the others need that store to go on.
 */
#include <plait/semaphore.h>
#include <sync/contention.h>
#include <sync/parked.h>
#include <wait/case.h>

#define PARKED UINT32_C(0x80000000)
#define PERMITS UINT32_C(0x7fffffff)

enum want { A_PERMIT, ANOTHER_LOOK }; /* a select cannot be handed a permit */

/* ---- acquire ---- */

static bool take(plait_semaphore *semaphore) {
    uint32_t word = plait__load(&semaphore->word);
    while (word & PERMITS)
        if (plait__cas_acquire(&semaphore->word, &word, word - 1)) return true;
    return false;
}

/* Sets PARKED, unless there is a permit. `since`: when this wait began. Under the list's lock. */
static bool announce_parked(struct plait__wait_list *list, plait_semaphore *semaphore, uint64_t since) {
    uint32_t word = plait__load(&semaphore->word);
    while (!(word & PERMITS)) {
        if ((word & PARKED) || plait__cas(&semaphore->word, &word, word | PARKED)) {
            if (!plait__parked(list, semaphore)) plait__store(&semaphore->since, plait__coarse(since));
            return true;
        }
    }
    return false;
}

static plait_status wait_parked(plait_semaphore *semaphore, plait_deadline deadline) {
    struct plait__wait_list *list = plait__parking(semaphore);
    struct plait__park how = {
        .kind = "semaphore", .deadline = deadline, .flags = PLAIT__CANCELLABLE, .want = A_PERMIT};
    uint64_t since = plait__os_ticks();
    for (;;) {
        plait__mutex_lock(&list->mutex);
        if (!announce_parked(list, semaphore, since)) {
            plait__mutex_unlock(&list->mutex);
            if (take(semaphore)) return PLAIT_OK;
            continue;
        }
        uint32_t claim = plait__park(list, semaphore, &how);
        if (claim & PLAIT__GIFT) {
            plait__settle(list);
            return PLAIT_OK;
        }
        if (take(semaphore)) return PLAIT_OK;
        if (!plait__claimed_node(claim)) return plait__claim_status(claim);
        how.flags |= PLAIT__AT_HEAD;
    }
}

static plait_status acquire_slow(plait_semaphore *semaphore, plait_deadline deadline) {
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    struct plait__self *self = plait__self();
    int64_t began = plait__contention_begin();
    plait__wait_enter(self);
    plait_status status = wait_parked(semaphore, deadline);
    plait__wait_leave(self);
    plait__contention_end(semaphore, began);
    return status;
}

plait_status plait_semaphore_acquire_until(plait_semaphore *semaphore, plait_deadline deadline) {
    if (plait__unlikely(!semaphore)) return PLAIT_INVALID;
    return plait__likely(take(semaphore)) ? PLAIT_OK : acquire_slow(semaphore, deadline);
}

plait_status plait_semaphore_acquire(plait_semaphore *semaphore) {
    return plait_semaphore_acquire_until(semaphore, PLAIT_FOREVER);
}

plait_status plait_semaphore_acquire_nowait(plait_semaphore *semaphore) {
    if (plait__unlikely(!semaphore)) return PLAIT_INVALID;
    return take(semaphore) ? PLAIT_OK : PLAIT_BUSY;
}

/* ---- release ---- */

/* Gives one permit to the first thread that can be given one; whether it did. Under the list's lock. */
static bool hand_over(struct plait__wait_list *list, plait_semaphore *semaphore, struct plait__wakes *wakes) {
    if (!plait__overdue(&semaphore->since)) return false;
    struct plait__node *next, *node = plait__parked(list, semaphore);
    for (; node; node = next) {
        next = plait__parked_after(list, node);
        if (node->want != A_PERMIT || !plait__claim(node, PLAIT__GIFT, wakes)) continue;
        plait__store(&semaphore->since, plait__coarse(plait__os_ticks()));
        return true;
    }
    return false;
}

/* Adds the permits, clears PARKED when it can, and claims a node for each. Under the list's lock. */
static void add_and_claim(struct plait__wait_list *list, plait_semaphore *semaphore, uint32_t n,
                          struct plait__wakes *wakes) {
    uint32_t parked = plait__parked_more_than(list, semaphore, n) ? PARKED : 0;
    uint32_t word = plait__load(&semaphore->word);
    while (!plait__cas_release(&semaphore->word, &word, ((word & PERMITS) + n) | parked)) {}
    plait__claim_parked(list, semaphore, n, wakes);
}

static bool too_many(uint32_t word, uint32_t n, uint32_t limit) {
    return n > limit || (word & PERMITS) > limit - n;
}

/* With PARKED seen. False if it was gone by the time the list was locked. */
static bool release_parked(plait_semaphore *semaphore, uint32_t n, uint32_t limit, plait_status *status) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(semaphore);
    plait__mutex_lock(&list->mutex);
    uint32_t word = plait__load(&semaphore->word);
    *status = too_many(word, n, limit) ? PLAIT_OVERFLOW : PLAIT_OK;
    if ((word & PARKED) && *status == PLAIT_OK)
        add_and_claim(list, semaphore, n - hand_over(list, semaphore, &wakes), &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return word & PARKED;
}

static plait_status release(plait_semaphore *semaphore, long n, uint32_t limit) {
    if (n < 1) return PLAIT_INVALID;
    if (n > PLAIT_SEMAPHORE_MAX) return PLAIT_OVERFLOW;
    uint32_t more = (uint32_t)n;
    uint32_t word = plait__load(&semaphore->word);
    for (;;) {
        if (plait__unlikely(word & PARKED)) {
            plait_status status;
            if (release_parked(semaphore, more, limit, &status)) return status;
            word = plait__load(&semaphore->word);
        } else {
            if (too_many(word, more, limit)) return PLAIT_OVERFLOW;
            if (plait__cas_release(&semaphore->word, &word, word + more)) return PLAIT_OK;
        }
    }
}

plait_status plait_semaphore_release(plait_semaphore *semaphore, long n) {
    return semaphore ? release(semaphore, n, PLAIT_SEMAPHORE_MAX) : PLAIT_INVALID;
}

plait_status plait_semaphore_init(plait_semaphore *semaphore, long value) {
    if (!semaphore || value < 0 || value > PLAIT_SEMAPHORE_MAX) return PLAIT_INVALID;
    *semaphore = (plait_semaphore)PLAIT_SEMAPHORE_INIT(value);
    return PLAIT_OK;
}

long plait_semaphore_value(const plait_semaphore *semaphore) {
    return semaphore ? (long)(plait__load(&semaphore->word) & PERMITS) : 0;
}

/* ---- bounded ---- */

plait_status plait_bounded_semaphore_init(plait_bounded_semaphore *semaphore, long value) {
    if (!semaphore || value < 0 || value > PLAIT_SEMAPHORE_MAX) return PLAIT_INVALID;
    *semaphore = (plait_bounded_semaphore)PLAIT_BOUNDED_SEMAPHORE_INIT(value);
    return PLAIT_OK;
}

plait_status plait_bounded_semaphore_acquire(plait_bounded_semaphore *semaphore) {
    return semaphore ? plait_semaphore_acquire(&semaphore->permits) : PLAIT_INVALID;
}

plait_status plait_bounded_semaphore_acquire_until(plait_bounded_semaphore *semaphore,
                                                   plait_deadline deadline) {
    return semaphore ? plait_semaphore_acquire_until(&semaphore->permits, deadline) : PLAIT_INVALID;
}

plait_status plait_bounded_semaphore_acquire_nowait(plait_bounded_semaphore *semaphore) {
    return semaphore ? plait_semaphore_acquire_nowait(&semaphore->permits) : PLAIT_INVALID;
}

plait_status plait_bounded_semaphore_release(plait_bounded_semaphore *semaphore, long n) {
    return semaphore ? release(&semaphore->permits, n, semaphore->limit) : PLAIT_INVALID;
}

long plait_bounded_semaphore_value(const plait_bounded_semaphore *semaphore) {
    return semaphore ? plait_semaphore_value(&semaphore->permits) : 0;
}

/* ---- select ---- */

static bool case_attempt(plait_case *one) {
    one->status = PLAIT_OK;
    return take(one->object);
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    struct plait__wait_list *list = plait__parking(one->object);
    node->want = ANOTHER_LOOK;
    plait__mutex_lock(&list->mutex);
    bool parked = announce_parked(list, one->object, plait__os_ticks());
    if (parked) plait__list_append(&list->nodes, &node->link);
    plait__mutex_unlock(&list->mutex);
    return parked;
}

plait_case plait_case_acquire(plait_semaphore *semaphore) {
    static const struct plait__case_kind kind = {"semaphore", case_attempt, case_enqueue, plait__case_unpark};
    return (plait_case){.kind = &kind, .object = semaphore};
}

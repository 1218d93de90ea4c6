/* rwlock.c - the lock for many readers or one writer.
 *
 * Word: WRITER (somebody has it alone), the number of readers inside, and three flags:
 *   PARKED   threads may be parked on this lock
 *   CLOSED   readers do not get in: the first in line has been parked for a millisecond
 *   LOOKING  a parked thread was claimed and has not yet come back to the list: `looker` is its ident
 * The flags change only under the parking list's lock.
 *   read    n -> n + 1 without WRITER and CLOSED; with PARKED only if the last hand-over is less than a
 *           millisecond ago, else the thread goes to the list and sets CLOSED                       (acquire)
 *   write   no WRITER and no readers -> WRITER, keeping the flags                                   (acquire)
 *   leave   n -> n - 1 or WRITER -> 0, keeping the flags, if that does not free the lock, or nobody is
 *           parked, or somebody looks and no hand-over is due                                       (release)
 *   leave   else, under the list's lock: the last reader turns its hold into WRITER, so that the lock is its
 *           alone and the word stands still; then it hands on
 *
 * hand_on: if a hand-over is due (parked.h) the lock is given to the first in line, and if that is a reader
 * to all readers up to the next writer, and CLOSED is cleared. Else the lock is freed and, unless somebody
 * looks already, LOOKING set and the first in line claimed, to come and take it. If others are faster it
 * parks again, at the head, and will be given the lock in time. A reader that gets in by way of the list
 * brings along the readers that stand at the head of the line.
 *
 * Nobody starves: those who run may pass those who are parked for a millisecond; then readers are kept
 * out until those inside have left, and whoever leaves last gives the lock to the first in line.
 *
 * No wake-up is lost. A thread parks only under the list's lock, with PARKED set, and only if
 *   - somebody is inside: whoever leaves last sees PARKED, and hands on or leaves the matter to who looks
 *   - or nobody is, but somebody looks: that thread comes to the list in any case, as it cannot give up
 *     before, and takes the lock, or finds it taken and parks with LOOKING cleared, so that who leaves
 *     next hands on
 * A writer that gives up may leave readers at the head of the line whom only it kept out: it lets them in.
 * A looker that vanished in a fork counts as none.
 *
 * Where no flag is set, nobody waits: then a thread that may take the short path (wait/self.h) comes and goes
 * by one compare-and-swap. All others go the long way, on which lock_order.h looks.
 *
 * The stores that let others go on are the last touch of the lock. Where claims are made before them, the
 * claimed come through the list's lock before they go on (settle, or the next turn of their loop).
 */
#include <plait/rwlock.h>
#include <sync/contention.h>
#include <sync/holder.h>
#include <sync/lock_order.h>
#include <sync/parked.h>
#include <wait/spin.h>

#define WRITER UINT32_C(0x80000000)
#define PARKED UINT32_C(0x40000000)
#define LOOKING UINT32_C(0x20000000)
#define CLOSED UINT32_C(0x10000000)
#define READERS UINT32_C(0x0fffffff)

enum want { TO_READ, TO_WRITE };

/* One acquire. */
struct attempt {
    plait_rwlock *lock;
    struct plait__wait_list *list;
    enum want want;
    bool looking; /* this thread was claimed and is the looker */
};

/* ---- without the list ---- */

static plait_status take_to_read(plait_rwlock *lock) {
    uint32_t word = plait__load(&lock->word);
    while (!(word & (WRITER | CLOSED)) && !((word & PARKED) && plait__overdue(&lock->since))) {
        if ((word & READERS) == READERS) return PLAIT_OVERFLOW;
        if (plait__cas_acquire(&lock->word, &word, word + 1)) return PLAIT_OK;
    }
    return PLAIT_BUSY;
}

static plait_status take_to_write(plait_rwlock *lock) {
    uint32_t word = plait__load(&lock->word);
    while (!(word & (WRITER | READERS)))
        if (plait__cas_acquire(&lock->word, &word, word | WRITER)) return PLAIT_OK;
    return PLAIT_BUSY;
}

static plait_status take(const struct attempt *attempt) {
    return attempt->want == TO_READ ? take_to_read(attempt->lock) : take_to_write(attempt->lock);
}

/* Looks for as long as it is worth it. */
static plait_status spin(const struct attempt *attempt) {
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return PLAIT_BUSY;
    while (plait__spin_again(&spin)) {
        plait_status status = take(attempt);
        if (status != PLAIT_BUSY) return status;
    }
    return PLAIT_BUSY;
}

static bool somebody_looks(const plait_rwlock *lock, uint32_t word) {
    return (word & LOOKING) && !plait__vanished(plait__load(&lock->looker));
}

/* Whether who makes the lock free must hand it on. */
static bool must_hand_on(const plait_rwlock *lock, uint32_t word) {
    return (word & PARKED) && (!somebody_looks(lock, word) || plait__overdue(&lock->since));
}

/* ---- under the list's lock ---- */

/* Claims the readers at the head of the line, as a gift; how many. */
static uint32_t claim_readers(struct plait__wait_list *list, plait_rwlock *lock, struct plait__wakes *wakes) {
    uint32_t claimed = 0;
    struct plait__node *next, *node = plait__parked(list, lock);
    for (; node && node->want == TO_READ; node = next) {
        next = plait__parked_after(list, node);
        claimed += plait__claim(node, PLAIT__GIFT, wakes);
    }
    return claimed;
}

/* The caller is inside, to read: lets in the readers at the head of the line. */
static void admit_readers(struct plait__wait_list *list, plait_rwlock *lock, struct plait__wakes *wakes) {
    uint32_t more = claim_readers(list, lock, wakes);
    uint32_t gone = plait__parked(list, lock) ? 0 : PARKED | CLOSED;
    uint32_t word = plait__load(&lock->word);
    while (!plait__cas(&lock->word, &word, (word & ~gone) + more)) {}
}

static bool may_enter(const struct attempt *attempt, uint32_t word) {
    plait_rwlock *lock = attempt->lock;
    if (word & WRITER) return false;
    if (attempt->want == TO_WRITE) return !(word & READERS);
    if (attempt->looking || !plait__parked(attempt->list, lock)) return true;
    return !(word & CLOSED) && !plait__overdue(&lock->since);
}

/* What the word becomes for a thread that enters, or else parks: a looker looks no longer, either way. */
static uint32_t next_word(const struct attempt *attempt, uint32_t word, bool enter) {
    bool parked = plait__parked(attempt->list, attempt->lock) != NULL;
    uint32_t next = word & (WRITER | READERS);
    if (!attempt->looking && somebody_looks(attempt->lock, word)) next |= LOOKING;
    if (parked) next |= PARKED | (word & CLOSED);
    if (enter) return attempt->want == TO_READ ? next + 1 : next | WRITER;
    return next | PARKED | (parked && attempt->want == TO_READ && !(word & WRITER) ? CLOSED : 0);
}

/* Enters, or sets PARKED and what else is needed for parking. `since`: when this wait began. */
static bool enter_or_announce(const struct attempt *attempt, uint64_t since) {
    plait_rwlock *lock = attempt->lock;
    uint32_t word = plait__load(&lock->word);
    bool enter;
    do {
        enter = may_enter(attempt, word);
    } while (!plait__cas(&lock->word, &word, next_word(attempt, word, enter)));
    if (!enter && !plait__parked(attempt->list, lock)) plait__store(&lock->since, plait__coarse(since));
    return enter;
}

/* Gives the lock to the first in line; what the word becomes, 0 if there is nobody. */
static uint32_t give(struct plait__wait_list *list, plait_rwlock *lock, struct plait__wakes *wakes) {
    uint32_t word = 0;
    struct plait__node *node;
    while (!word && (node = plait__parked(list, lock)) != NULL) {
        if (node->want == TO_READ)
            word = claim_readers(list, lock, wakes);
        else if (plait__claim(node, PLAIT__GIFT, wakes))
            word = WRITER;
    }
    if (word) plait__store(&lock->since, plait__coarse(plait__os_ticks()));
    return word;
}

/* Calls the first in line to come and take the lock; LOOKING, or 0 if there is nobody. */
static uint32_t call(struct plait__wait_list *list, plait_rwlock *lock, struct plait__wakes *wakes) {
    struct plait__node *node;
    while ((node = plait__parked(list, lock)) != NULL) {
        plait__store(&lock->looker, node->waiter->self->ident);
        if (plait__claim(node, 0, wakes)) return LOOKING;
    }
    return 0;
}

/* The lock is the caller's alone: frees it for the others, or gives it to them. Its last touch. */
static void hand_on(struct plait__wait_list *list, plait_rwlock *lock, struct plait__wakes *wakes) {
    uint32_t word = plait__load(&lock->word);
    uint32_t next = somebody_looks(lock, word) ? LOOKING : 0;
    if (plait__overdue(&lock->since))
        next |= give(list, lock, wakes);
    else if (!next)
        next = call(list, lock, wakes);
    if (plait__parked(list, lock)) next |= PARKED;
    plait__store_release(&lock->word, next);
}

/* ---- acquire ---- */

/* With the list locked. True: entered, and the list is given back. */
static bool enter(const struct attempt *attempt, uint64_t since) {
    struct plait__wakes wakes = {.count = 0};
    if (!enter_or_announce(attempt, since)) return false;
    if (attempt->want == TO_READ) admit_readers(attempt->list, attempt->lock, &wakes);
    plait__mutex_unlock(&attempt->list->mutex);
    plait__wakes_send(&wakes);
    return true;
}

/* A writer's wait has ended by itself: if readers stand first in line now, and readers are inside, lets
 * them in, by being one of these for a moment. */
static void let_readers_in(const struct attempt *writer) {
    plait_rwlock *lock = writer->lock;
    struct plait__wakes wakes = {.count = 0};
    plait__mutex_lock(&writer->list->mutex);
    const struct plait__node *first = plait__parked(writer->list, lock);
    bool inside = false;
    uint32_t word = plait__load(&lock->word);
    while (first && first->want == TO_READ && (word & READERS) && !inside)
        inside = plait__cas_acquire(&lock->word, &word, word + 1);
    if (inside) admit_readers(writer->list, lock, &wakes);
    plait__mutex_unlock(&writer->list->mutex);
    plait__wakes_send(&wakes);
    if (inside) (void)plait_rwlock_read_release(lock);
}

static plait_status wait_parked(struct attempt *attempt, plait_deadline deadline) {
    struct plait__park how = {.kind = "rwlock", .deadline = deadline, .want = attempt->want};
    uint64_t since = plait__os_ticks();
    for (;;) {
        plait__mutex_lock(&attempt->list->mutex);
        if (enter(attempt, since)) return PLAIT_OK;
        uint32_t claim = plait__park(attempt->list, attempt->lock, &how);
        if (claim & PLAIT__GIFT) {
            plait__settle(attempt->list);
            return PLAIT_OK;
        }
        attempt->looking = plait__claimed_node(claim);
        if (!attempt->looking) {
            if (attempt->want == TO_WRITE) let_readers_in(attempt);
            return plait__claim_status(claim);
        }
        how.flags |= PLAIT__AT_HEAD;
    }
}

/* The flags may be left over from others, so only the list can tell whether it is really taken. */
static plait_status enter_now(const struct attempt *attempt) {
    plait__mutex_lock(&attempt->list->mutex);
    if (may_enter(attempt, plait__load(&attempt->lock->word)) && enter(attempt, plait__os_ticks()))
        return PLAIT_OK;
    plait__mutex_unlock(&attempt->list->mutex);
    return PLAIT_BUSY;
}

static plait_status acquire_slow(struct attempt *attempt, plait_deadline deadline) {
    attempt->list = plait__parking(attempt->lock);
    if (plait_passed(deadline)) return enter_now(attempt) == PLAIT_OK ? PLAIT_OK : PLAIT_TIMEOUT;
    struct plait__self *self = plait__self();
    int64_t began = plait__contention_begin();
    plait__wait_enter(self);
    plait_status status = spin(attempt);
    if (status == PLAIT_BUSY) status = wait_parked(attempt, deadline);
    plait__wait_leave(self);
    plait__contention_end(attempt->lock, began);
    return status;
}

/* Beside other readers, or alone, while nobody waits. Says no if it cannot tell at a glance. */
static inline bool read_quickly(plait_rwlock *lock) {
    uint32_t word = plait__load(&lock->word);
    return plait__likely(plait__quick()) && plait__likely(word < READERS) &&
           plait__likely(plait__cas_acquire(&lock->word, &word, word + 1));
}

static inline bool write_quickly(plait_rwlock *lock) {
    uint32_t free = 0, quick = plait__quick();
    if (!plait__likely(quick) || !plait__likely(plait__cas_acquire(&lock->word, &free, WRITER))) return false;
    plait__store(&lock->writer, quick);
    return true;
}

static plait_status acquire(plait_rwlock *lock, enum want want, plait_deadline deadline) {
    struct attempt attempt = {.lock = lock, .want = want};
    plait_status status = take(&attempt);
    if (plait__unlikely(status == PLAIT_BUSY)) status = acquire_slow(&attempt, deadline);
    if (want == TO_WRITE && status == PLAIT_OK) plait__store(&lock->writer, plait__self()->ident);
    return status;
}

/* The long way. */
__attribute__((noinline)) static plait_status acquire_seen(plait_rwlock *lock, enum want want,
                                                           plait_deadline deadline, const void *caller) {
    if (plait__likely(plait__quick())) return acquire(lock, want, deadline);
    (void)plait__self();
    unsigned how = plait__order_patience(deadline) |
                   (want == TO_READ ? PLAIT__ORDER_SHARED : PLAIT__ORDER_WRITES);
    struct plait__order order = plait__order_asks(lock, &lock->since, how, caller);
    plait_status status = acquire(lock, want, deadline);
    if (status == PLAIT_OK) plait__order_has(lock, order);
    return status;
}

static plait_status acquire_nowait(plait_rwlock *lock, enum want want, const void *caller) {
    plait_status status = acquire_seen(lock, want, PLAIT_NOW, caller);
    return status == PLAIT_TIMEOUT ? PLAIT_BUSY : status;
}

plait_status plait_rwlock_read_acquire(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (read_quickly(lock)) return PLAIT_OK;
    return acquire_seen(lock, TO_READ, PLAIT_FOREVER, __builtin_return_address(0));
}

plait_status plait_rwlock_read_acquire_until(plait_rwlock *lock, plait_deadline deadline) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (read_quickly(lock)) return PLAIT_OK;
    return acquire_seen(lock, TO_READ, deadline, __builtin_return_address(0));
}

plait_status plait_rwlock_read_acquire_nowait(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (read_quickly(lock)) return PLAIT_OK;
    return acquire_nowait(lock, TO_READ, __builtin_return_address(0));
}

plait_status plait_rwlock_write_acquire(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (write_quickly(lock)) return PLAIT_OK;
    return acquire_seen(lock, TO_WRITE, PLAIT_FOREVER, __builtin_return_address(0));
}

plait_status plait_rwlock_write_acquire_until(plait_rwlock *lock, plait_deadline deadline) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (write_quickly(lock)) return PLAIT_OK;
    return acquire_seen(lock, TO_WRITE, deadline, __builtin_return_address(0));
}

plait_status plait_rwlock_write_acquire_nowait(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    if (write_quickly(lock)) return PLAIT_OK;
    return acquire_nowait(lock, TO_WRITE, __builtin_return_address(0));
}

/* ---- release ---- */

/* Leaves, if that does not make the lock free for others that wait. *word: what was found instead. */
static bool leave(plait_rwlock *lock, uint32_t *word) {
    for (;;) {
        uint32_t left = *word & WRITER ? *word & ~WRITER : *word - 1;
        if (!(left & READERS) && must_hand_on(lock, left)) return false;
        if (plait__cas_release(&lock->word, word, left)) return true;
    }
}

/* Leaves, or gets the lock alone. Under the list's lock. */
static bool leave_or_have_alone(plait_rwlock *lock) {
    uint32_t word = plait__load(&lock->word);
    while (!leave(lock, &word))
        if ((word & WRITER) || plait__cas(&lock->word, &word, (word - 1) | WRITER)) return false;
    return true;
}

static plait_status release_slow(plait_rwlock *lock) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(lock);
    plait__mutex_lock(&list->mutex);
    if (!leave_or_have_alone(lock)) hand_on(list, lock, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return PLAIT_OK;
}

/* The long way; `held` is READERS or WRITER, what must be in the word. */
__attribute__((noinline)) static plait_status release_seen(plait_rwlock *lock, uint32_t held) {
    uint32_t word = plait__load(&lock->word);
    if (!(word & held)) {
        PLAIT__MISUSE("an rwlock is released that nobody holds in this way", lock);
        return PLAIT_NOT_OWNER;
    }
    if (!plait__quick()) plait__order_leaves(lock);
    if (held == WRITER) plait__store(&lock->writer, 0);
    return plait__likely(leave(lock, &word)) ? PLAIT_OK : release_slow(lock);
}

plait_status plait_rwlock_read_release(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t word = plait__load(&lock->word);
    if (plait__likely(plait__quick()) && plait__likely(word - 1 < READERS) &&
        plait__likely(plait__cas_release(&lock->word, &word, word - 1)))
        return PLAIT_OK;
    return release_seen(lock, READERS);
}

plait_status plait_rwlock_write_release(plait_rwlock *lock) {
    if (plait__unlikely(!lock)) return PLAIT_INVALID;
    uint32_t word = plait__load(&lock->word);
    if (plait__likely(plait__quick()) && plait__likely(word == WRITER)) {
        plait__store(&lock->writer, 0);
        if (plait__likely(plait__cas_release(&lock->word, &word, 0))) return PLAIT_OK;
    }
    return release_seen(lock, WRITER);
}

uint32_t plait__rwlock_holder(const plait_rwlock *lock) {
    return plait__load(&lock->word) & WRITER ? plait__load(&lock->writer) : 0;
}

bool plait_rwlock_locked(const plait_rwlock *lock) {
    return lock && (plait__load(&lock->word) & (WRITER | READERS)) != 0;
}

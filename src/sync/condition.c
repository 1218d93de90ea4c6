/* condition.c - the condition.
 *
 * Word: 1 when threads may be parked on this condition, else 0; written only under the list's lock. A
 * notifier that has held the user's lock after a waiter gave it up sees that waiter's 1 without taking the
 * list's lock, because the waiter wrote it before; so notifying nobody costs one load.
 *
 * A waiting thread has a record on its stack, found from its node:
 *   wait     under the list's lock: word = 1, appends its node; releases the user's lock; waits
 *   notify   under the list's lock, first of all: writes the word (0 if no nodes will be left: the last
 *            touch of the condition). Then for each node: marks its record notified, and
 *              if the user's lock is held: moves the node to those parked on it (wait morphing)
 *              if it is free: claims the node
 *   a moved node is claimed by a release of the user's lock, like any other (lock.c)
 *
 * A wake-up is neither lost nor used up by one who goes away. The mark, made under the list's lock, is what
 * counts, and it makes the wait return PLAIT_OK. A thread whose wait ends by itself (deadline, cancel,
 * signal) looks, under the lock of the list that its node is on, whether it was marked before, and takes
 * the node off. So a notification reaches a thread that has not been notified and has not yet left; and if
 * it reaches one that was just giving up, that one reports it. Its node may then be on the lock's list
 * still, or claimed in vain by a release, which goes on to the next: the thread takes the lock as anybody.
 *
 * The record's `list` says which list the node is on. It changes, once, while both lists are locked; who
 * wants to lock the right one reads it, locks, and looks whether it is still true. Both lists are locked
 * in the order of their addresses; the lock's is known from the first node, so that is looked at again
 * when both are locked.
 *
 * The tracker of lock order is told before the wait that the lock will be asked for again.
 *
 * After waiting the thread always takes the user's lock again. A signal of the host that comes meanwhile
 * does not break that off: the host deals with it when the call has returned.
 */
#include <base/hooks.h>
#include <plait/condition.h>
#include <sync/holder.h>
#include <sync/lock.h>
#include <sync/lock_order.h>
#include <sync/parked.h>

struct record {
    struct plait__waiter waiter;
    struct plait__node node;
    plait_lock *lock;
    struct plait__wait_list *list; /* of the node; atomic, changed while both lists are locked */
    bool notified;                 /* these two: under the lock of `list` */
    bool moved;
};

static struct record *record_of(struct plait__node *node) {
    return plait__of_link(node, struct record, node);
}

const plait_lock *plait__condition_lock(struct plait__waiter *waiter) {
    return plait__of_link(waiter, struct record, waiter)->lock;
}

/* ---- wait ---- */

static void enqueue(plait_condition *condition, struct record *record) {
    plait__waiter_init(&record->waiter, "condition", condition);
    plait__node_init(&record->node, &record->waiter, condition, 0);
    record->list = plait__parking(condition);
    plait__mutex_lock(&record->list->mutex);
    plait__store(&condition->word, 1);
    plait__list_append(&record->list->nodes, &record->node.link);
    plait__mutex_unlock(&record->list->mutex);
}

/* Takes the node off whatever list it is on: the wait has ended by itself. */
static void dequeue(struct record *record) {
    struct plait__wait_list *list = plait__load_acquire(&record->list), *now;
    for (;; list = now) {
        plait__mutex_lock(&list->mutex);
        now = plait__load(&record->list);
        if (now == list) break;
        plait__mutex_unlock(&list->mutex);
    }
    if (plait__linked(&record->node.link)) plait__list_remove(&record->node.link);
    plait__mutex_unlock(&list->mutex);
}

static void retake(const struct record *record, uint32_t claim) {
    plait_status status = PLAIT_INTERRUPTED;
    if (plait__claimed_node(claim) && record->moved)
        status = plait__lock_acquire_claimed(record->lock, claim);
    while (status == PLAIT_INTERRUPTED) status = plait_lock_acquire(record->lock);
}

static struct plait__order order_again(plait_lock *lock, const void *caller) {
    if (plait__likely(plait__quick())) return (struct plait__order){0};
    return plait__order_asks(lock, &lock->since, PLAIT__ORDER_PATIENT, caller);
}

static plait_status wait_with(plait_condition *condition, plait_lock *lock, plait_deadline deadline,
                              const void *caller) {
    struct record record = {.lock = lock};
    struct plait__self *self = plait__self();
    struct plait__order order = order_again(lock, caller);
    enqueue(condition, &record);
    (void)plait_lock_release(lock);
    plait__wait_enter(self);
    uint32_t claim = plait__wait(&record.waiter, deadline, true);
    if (!plait__claimed_node(claim)) dequeue(&record);
    retake(&record, claim);
    plait__order_has(lock, order);
    plait__wait_leave(self);
    return record.notified ? PLAIT_OK : plait__claim_status(claim);
}

/* A lock, or an rlock together with its lock. */
struct guard {
    plait_lock *lock;
    plait_rlock *rlock;
    const void *caller; /* where the program called plait */
};
#define GUARD(which) ((struct guard){which, .caller = __builtin_return_address(0)})

static plait_status check(const plait_condition *condition, struct guard guard) {
    if (!condition || (!guard.lock && !guard.rlock)) return PLAIT_INVALID;
    bool held = guard.rlock ? plait_rlock_owned(guard.rlock) : plait_lock_locked(guard.lock);
    return held ? PLAIT_OK : PLAIT_NOT_OWNER;
}

static plait_status wait_until(plait_condition *condition, struct guard guard, plait_deadline deadline) {
    plait_status status = check(condition, guard);
    if (status != PLAIT_OK) return status;
    if (!guard.rlock) return wait_with(condition, guard.lock, deadline, guard.caller);
    uint32_t again = plait__load(&guard.rlock->again);
    plait__store(&guard.rlock->again, 0);
    status = wait_with(condition, &guard.rlock->lock, deadline, guard.caller);
    plait__store(&guard.rlock->again, again);
    return status;
}

static plait_status wait_for(plait_condition *condition, struct guard guard, plait_predicate predicate,
                             void *arg, plait_deadline deadline) {
    plait_status status = predicate ? check(condition, guard) : PLAIT_INVALID;
    if (status != PLAIT_OK) return status;
    while (!predicate(arg)) {
        if (status != PLAIT_OK) return status;
        status = wait_until(condition, guard, deadline);
    }
    return PLAIT_OK;
}

plait_status plait_condition_wait(plait_condition *condition, plait_lock *lock) {
    return wait_until(condition, GUARD(.lock = lock), PLAIT_FOREVER);
}

plait_status plait_condition_wait_until(plait_condition *condition, plait_lock *lock,
                                        plait_deadline deadline) {
    return wait_until(condition, GUARD(.lock = lock), deadline);
}

plait_status plait_condition_wait_for(plait_condition *condition, plait_lock *lock, plait_predicate predicate,
                                      void *arg) {
    return wait_for(condition, GUARD(.lock = lock), predicate, arg, PLAIT_FOREVER);
}

plait_status plait_condition_wait_for_until(plait_condition *condition, plait_lock *lock,
                                            plait_predicate predicate, void *arg, plait_deadline deadline) {
    return wait_for(condition, GUARD(.lock = lock), predicate, arg, deadline);
}

plait_status plait_condition_wait_rlock(plait_condition *condition, plait_rlock *lock) {
    return wait_until(condition, GUARD(.rlock = lock), PLAIT_FOREVER);
}

plait_status plait_condition_wait_until_rlock(plait_condition *condition, plait_rlock *lock,
                                              plait_deadline deadline) {
    return wait_until(condition, GUARD(.rlock = lock), deadline);
}

plait_status plait_condition_wait_for_rlock(plait_condition *condition, plait_rlock *lock,
                                            plait_predicate predicate, void *arg) {
    return wait_for(condition, GUARD(.rlock = lock), predicate, arg, PLAIT_FOREVER);
}

plait_status plait_condition_wait_for_until_rlock(plait_condition *condition, plait_rlock *lock,
                                                  plait_predicate predicate, void *arg,
                                                  plait_deadline deadline) {
    return wait_for(condition, GUARD(.rlock = lock), predicate, arg, deadline);
}

/* ---- notify ---- */

/* The lists that a notify has locked: the condition's, and that of its first waiter's lock, or NULL if that
 * is the same one. */
struct lists {
    struct plait__wait_list *of_condition;
    struct plait__wait_list *of_lock;
};

static void lock_in_order(struct lists lists) {
    struct plait__wait_list *first = lists.of_condition, *second = lists.of_lock;
    if (second && second < first) {
        first = lists.of_lock;
        second = lists.of_condition;
    }
    plait__mutex_lock(&first->mutex);
    if (second) plait__mutex_lock(&second->mutex);
}

static void unlock(struct lists lists) {
    if (lists.of_lock) plait__mutex_unlock(&lists.of_lock->mutex);
    plait__mutex_unlock(&lists.of_condition->mutex);
}

static struct lists lock_lists(const plait_condition *condition) {
    struct lists lists = {plait__parking(condition), NULL};
    for (;;) {
        lock_in_order(lists);
        struct plait__node *first = plait__parked(lists.of_condition, condition);
        if (!first) return lists;
        struct plait__wait_list *wanted = plait__parking(record_of(first)->lock);
        if (wanted == lists.of_condition) wanted = NULL;
        if (wanted == lists.of_lock) return lists;
        unlock(lists);
        lists.of_lock = wanted;
    }
}

static bool move(struct lists lists, struct record *record) {
    struct plait__wait_list *to = plait__parking(record->lock);
    if (to != lists.of_condition && to != lists.of_lock) return false;
    if (!plait__lock_adopt(to, record->lock, &record->node)) return false;
    record->moved = true;
    plait__store_release(&record->list, to);
    return true;
}

static void notify_locked(plait_condition *condition, struct lists lists, uint32_t n,
                          struct plait__wakes *wakes) {
    plait__store(&condition->word, plait__parked_more_than(lists.of_condition, condition, n));
    struct plait__node *next, *node = plait__parked(lists.of_condition, condition);
    for (; node && n > 0; node = next, n--) {
        next = plait__parked_after(lists.of_condition, node);
        struct record *record = record_of(node);
        record->notified = true;
        if (!move(lists, record)) (void)plait__claim(node, 0, wakes);
    }
}

static void notify(plait_condition *condition, uint32_t n) {
    PLAIT__SIGNALS(condition);
    if (!plait__load(&condition->word)) return;
    struct plait__wakes wakes = {.count = 0};
    struct lists lists = lock_lists(condition);
    notify_locked(condition, lists, n, &wakes);
    unlock(lists);
    plait__wakes_send(&wakes);
}

plait_status plait_condition_notify(plait_condition *condition, long n) {
    if (!condition || n < 0) return PLAIT_INVALID;
    notify(condition, n < (long)INT32_MAX ? (uint32_t)n : UINT32_MAX);
    return PLAIT_OK;
}

plait_status plait_condition_notify_all(plait_condition *condition) {
    if (!condition) return PLAIT_INVALID;
    notify(condition, UINT32_MAX);
    return PLAIT_OK;
}

/* lender.c - parked resources that are borrowed and returned.
 *
 * Each resource has a slot; there are `most` of them, so a slot without a resource is the right to open one.
 * Under the lender's mutex a slot is
 *   FREE    without a resource, in the list `free`
 *   IDLE    parked, in the list `idle`, the one that was returned last at the head
 *   TAKEN   somebody's: lent, or being opened, checked or closed. Only who took it touches it then.
 * Only TAKEN slots are worked on by the user's tasks, without the mutex.
 *
 * Borrowers who find neither stand in line. A slot that comes back, with a resource or without, is handed to
 * the first of them directly: it is written into the borrower's node and given with the claim (PLAIT__GIFT),
 * under the mutex; so nobody who comes just then can be faster, and a borrower that has given up by itself
 * was not claimed and has got nothing. A select cannot be given anything: for it the slot becomes FREE or
 * IDLE, and it is woken to attempt its borrow. So it always holds, outside the mutex, that if a slot is to be
 * had and somebody waits, a select has been claimed that will look before any of its other cases; if somebody
 * else was faster, that one brings the slot back.
 *
 * The handle and each TAKEN slot hold a reference, counted under the mutex; whoever gives back the last one
 * frees the lender after the mutex.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <base/status.h>
#include <plait/lender.h>
#include <pool/pool.h>
#include <pthread.h>
#include <string.h>
#include <thread/task_frame.h>
#include <thread/thread.h>
#include <wait/case.h>

enum { RESOURCE_BYTES = 16 };
enum { FOR_SELECT = 1 }; /* what a node wants: only to be woken */

struct slot {
    struct plait__link link;
    bool taken, full;
    bool lent;     /* taken, and its borrower has it, or is about to see it */
    int64_t since; /* when it was parked */
    _Alignas(16) char resource[RESOURCE_BYTES];
};

struct plait_lender {
    struct plait__mutex mutex; /* guards all that changes */
    uint32_t generation;       /* of forks, when it was made */
    size_t references, resource_size, most;
    const plait_task *open, *close, *check;
    void *args; /* of `open` */
    bool closed;
    size_t used; /* slots that have ever been taken: the others need not be looked at */
    size_t made, taken, idle_count, waiting;
    struct plait__list free, idle;
    struct plait__list borrowers, joiners; /* nodes */
    struct slot *slots;
};

/* One that waits. */
struct borrower {
    struct plait__waiter waiter;
    struct plait__node node;
    struct slot *slot; /* the gift */
};

static bool lock(plait_lender *lender) {
    return lender->generation == plait__generation() && plait__mutex_lock(&lender->mutex);
}

/* Gives the mutex back, and the lender if nobody has it any more. */
static void unlock(plait_lender *lender, struct plait__wakes *wakes) {
    bool last = lender->references == 0;
    plait__mutex_unlock(&lender->mutex);
    plait__wakes_send(wakes);
    if (!last) return;
    plait__release(lender->args);
    plait__release(lender->slots);
    plait__release(lender);
}

static struct slot *slot_of(struct plait__link *link) {
    return plait__of_link(link, struct slot, link);
}

/* ---- slots; all under the mutex ---- */

static void take(plait_lender *lender, struct slot *slot) {
    if (slot->full) lender->idle_count--;
    plait__list_remove(&slot->link);
    lender->taken++;
    lender->references++;
}

/* An idle one, or else the right to open one; NULL: neither. */
static struct slot *take_any(plait_lender *lender) {
    struct plait__link *link = plait__list_first(&lender->idle);
    if (!link) link = plait__list_first(&lender->free);
    if (!link && lender->used < lender->most) {
        link = &lender->slots[lender->used++].link;
        plait__list_append(&lender->free, link);
    }
    if (link) take(lender, slot_of(link));
    return link ? slot_of(link) : NULL;
}

/* Parks it, or keeps it as room for a new one. */
static void put_away(plait_lender *lender, struct slot *slot) {
    lender->taken--;
    lender->references--;
    if (slot->full) {
        slot->since = plait__now();
        lender->idle_count++;
    }
    plait__list_prepend(slot->full ? &lender->idle : &lender->free, &slot->link);
}

static void wake_all(struct plait__list *nodes, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(nodes)) != NULL)
        (void)plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

/* Its new holder may have it as it is, unless it must be opened or checked first. */
static void lend(const plait_lender *lender, struct slot *slot) {
    slot->lent = slot->full && !lender->check;
}

/* Hands a taken slot on: to whoever waits longest, or to nobody. */
static void hand_on(plait_lender *lender, struct slot *slot, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&lender->borrowers)) != NULL) {
        struct plait__node *node = plait__of_link(link, struct plait__node, link);
        lender->waiting--;
        if (node->want == FOR_SELECT) {
            if (!plait__claim(node, 0, wakes)) continue;
            break;
        }
        plait__of_link(node, struct borrower, node)->slot = slot;
        if (!plait__claim(node, PLAIT__GIFT, wakes)) continue;
        lend(lender, slot);
        return;
    }
    put_away(lender, slot);
    if (lender->closed && !lender->taken) wake_all(&lender->joiners, wakes);
}

/* ---- the user's tasks; without the mutex, on a slot that is taken ---- */

/* Runs a task whose one argument is the resource. */
static plait_status run_on(const plait_lender *lender, const plait_task *task, const struct slot *slot,
                           void *result, struct plait__frame *frame) {
    _Alignas(16) char args[2 * RESOURCE_BYTES];
    memset(args, 0, sizeof args);
    memcpy(args + task->parameters[0].offset, slot->resource, lender->resource_size);
    plait__frame_begin(frame, task->name);
    task->run(args, result);
    return plait__frame_end(frame);
}

static void close_resource(plait_lender *lender, struct slot *slot) {
    struct plait__frame frame;
    plait_status status = run_on(lender, lender->close, slot, NULL, &frame);
    if (status != PLAIT_OK) {
        const plait_thread *thread = plait__self()->thread;
        plait__failure_unread(status, frame.message, frame.name, thread ? plait_thread_name(thread) : NULL);
    }
    plait__frame_clear(&frame);
}

static bool is_good(const plait_lender *lender, const struct slot *slot) {
    bool good = false;
    struct plait__frame frame;
    plait_status status = run_on(lender, lender->check, slot, &good, &frame);
    plait__frame_clear(&frame);
    return status == PLAIT_OK && good;
}

static plait_status open_resource(const plait_lender *lender, struct slot *slot) {
    struct plait__frame frame;
    plait__frame_begin(&frame, lender->open->name);
    lender->open->run(lender->args, slot->resource);
    plait_status status = plait__frame_end(&frame);
    if (status != PLAIT_OK) plait__set_last_message(plait__failure_words(status, frame.message));
    plait__frame_clear(&frame);
    return status;
}

/* ---- borrowing ---- */

/* A slot in somebody's hand. */
struct hand {
    plait_lender *lender;
    struct slot *slot;
};

/* Marks it as full or empty, so that the books are right, and hands it on if it is not to be kept. */
static void settle(const struct hand *hand, bool full, bool keep) {
    plait_lender *lender = hand->lender;
    struct plait__wakes wakes;
    wakes.count = 0;
    if (!lock(lender)) return;
    if (full != hand->slot->full) lender->made += full ? 1 : (size_t)-1;
    hand->slot->full = full;
    hand->slot->lent = full && keep;
    if (!keep) hand_on(lender, hand->slot, &wakes);
    unlock(lender, &wakes);
}

/* A task has ended the thread: whatever it was about to open or close is gone. */
static void left_early(void *argument) {
    settle(argument, false, false);
}

/* Closes what is in it and hands it on, empty. */
static void close_slot(plait_lender *lender, struct slot *slot) {
    struct hand hand = {lender, slot};
    pthread_cleanup_push(left_early, &hand);
    close_resource(lender, slot);
    pthread_cleanup_pop(0);
    settle(&hand, false, false);
}

/* Makes what was taken fit to be lent. If that fails, the slot is somebody else's. */
static plait_status prepare(const struct hand *hand) {
    struct slot *slot = hand->slot;
    plait_status status = PLAIT_OK;
    bool good = slot->full && is_good(hand->lender, slot);
    if (slot->full && !good) {
        close_resource(hand->lender, slot);
        settle(hand, false, true);
    }
    if (!good) status = open_resource(hand->lender, slot);
    settle(hand, status == PLAIT_OK, status == PLAIT_OK);
    return status;
}

static plait_status make_ready(plait_lender *lender, struct slot *slot) {
    struct hand hand = {lender, slot};
    plait_status status;
    if (slot->full && !lender->check) return PLAIT_OK;
    pthread_cleanup_push(left_early, &hand);
    status = prepare(&hand);
    pthread_cleanup_pop(0);
    return status;
}

/* Under the mutex, which is given back: waits in line. */
static plait_status wait_in_line(plait_lender *lender, plait_deadline deadline, struct slot **slot) {
    struct borrower borrower;
    struct plait__wakes wakes = {.count = 0};
    borrower.slot = NULL;
    plait__waiter_init(&borrower.waiter, "lender.borrow", lender);
    plait__node_init(&borrower.node, &borrower.waiter, lender, 0);
    plait__list_append(&lender->borrowers, &borrower.node.link);
    lender->waiting++;
    unlock(lender, &wakes);
    uint32_t claim = plait__wait(&borrower.waiter, deadline, true);
    if (plait__claimed_node(claim)) {
        *slot = claim & PLAIT__GIFT ? borrower.slot : NULL;
        return *slot ? PLAIT_OK : PLAIT_SHUTDOWN;
    }
    (void)plait__mutex_lock(&lender->mutex);
    if (plait__linked(&borrower.node.link)) {
        plait__list_remove(&borrower.node.link);
        lender->waiting--;
    }
    unlock(lender, &wakes);
    return plait__claim_status(claim);
}

/* A slot, waiting for one until the deadline; PLAIT_NOW: PLAIT_TIMEOUT if there is none. */
static plait_status get_slot(plait_lender *lender, plait_deadline deadline, struct slot **slot) {
    struct plait__wakes wakes = {.count = 0};
    if (!lock(lender)) return PLAIT_BROKEN;
    plait_status status = lender->closed ? PLAIT_SHUTDOWN : PLAIT_OK;
    if (status == PLAIT_OK && !(*slot = take_any(lender))) {
        if (!plait_passed(deadline)) return wait_in_line(lender, deadline, slot);
        status = PLAIT_TIMEOUT;
    }
    if (status == PLAIT_OK) lend(lender, *slot);
    unlock(lender, &wakes);
    return status;
}

static plait_status borrow(plait_lender *lender, void *out, size_t size, plait_deadline deadline) {
    struct slot *slot = NULL;
    if (!lender || !out || size != lender->resource_size) return PLAIT_INVALID;
    plait_status status = get_slot(lender, deadline, &slot);
    if (!slot) return status;
    status = make_ready(lender, slot);
    if (status == PLAIT_OK) memcpy(out, slot->resource, size);
    return status;
}

static plait_status remember(plait_status status) {
    if (status != PLAIT_OK) plait__set_last_error(status);
    return status;
}

plait_status plait_lender_borrow_sized(plait_lender *lender, void *out, size_t size,
                                       plait_deadline deadline) {
    return remember(borrow(lender, out, size, deadline));
}

plait_status plait_lender_borrow_sized_nowait(plait_lender *lender, void *out, size_t size) {
    plait_status status = borrow(lender, out, size, PLAIT_NOW);
    return remember(status == PLAIT_TIMEOUT ? PLAIT_BUSY : status);
}

/* ---- returning ---- */

/* Under the mutex; NULL: it is not lent. */
static struct slot *find_lent(const plait_lender *lender, const void *resource) {
    for (size_t i = 0; i < lender->used; i++) {
        struct slot *slot = &lender->slots[i];
        if (slot->lent && !memcmp(slot->resource, resource, lender->resource_size)) return slot;
    }
    return NULL;
}

static plait_status give_back(plait_lender *lender, const void *resource, size_t size, bool broken) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender || !resource || size != lender->resource_size) return PLAIT_INVALID;
    if (!lock(lender)) return PLAIT_BROKEN;
    struct slot *slot = find_lent(lender, resource);
    bool close = slot && (broken || lender->closed);
    if (slot) slot->lent = false;
    if (slot && !close) hand_on(lender, slot, &wakes);
    unlock(lender, &wakes);
    if (close) close_slot(lender, slot);
    return slot ? PLAIT_OK : PLAIT_INVALID;
}

plait_status plait_lender_return_sized(plait_lender *lender, const void *resource, size_t size) {
    return give_back(lender, resource, size, false);
}

plait_status plait_lender_discard_sized(plait_lender *lender, const void *resource, size_t size) {
    return give_back(lender, resource, size, true);
}

/* Takes parked ones, those that were parked last first or the other way round, and closes them. */
static size_t close_idle(plait_lender *lender, int64_t parked_before) {
    struct plait__wakes wakes = {.count = 0};
    for (size_t count = 0;; count++) {
        if (!lock(lender)) return count;
        struct plait__link *oldest = plait__list_empty(&lender->idle) ? NULL : lender->idle.head.previous;
        struct slot *slot = oldest && slot_of(oldest)->since <= parked_before ? slot_of(oldest) : NULL;
        if (slot) take(lender, slot);
        unlock(lender, &wakes);
        if (!slot) return count;
        close_slot(lender, slot);
    }
}

size_t plait_lender_trim(plait_lender *lender, double seconds) {
    if (!lender || !(seconds >= 0)) return 0;
    double now = (double)plait__now();
    return close_idle(lender, (int64_t)(now - seconds * 1e9 < 0 ? 0 : now - seconds * 1e9));
}

plait_lender_counts plait_lender_stats(plait_lender *lender) {
    plait_lender_counts counts = {0, 0, 0, 0};
    struct plait__wakes wakes = {.count = 0};
    if (!lender || !lock(lender)) return counts;
    counts = (plait_lender_counts){lender->made, lender->taken, lender->idle_count, lender->waiting};
    unlock(lender, &wakes);
    return counts;
}

/* ---- the case of a select ---- */

static bool case_attempt(plait_case *one) {
    const plait_lender *lender = one->object;
    one->status = borrow(one->object, one->item, lender->resource_size, PLAIT_NOW);
    return one->status != PLAIT_TIMEOUT;
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    plait_lender *lender = one->object;
    struct plait__wakes wakes = {.count = 0};
    if (!lock(lender)) return false;
    bool none = !lender->closed && plait__list_empty(&lender->idle) && plait__list_empty(&lender->free) &&
                lender->used == lender->most;
    node->want = FOR_SELECT;
    if (none) {
        plait__list_append(&lender->borrowers, &node->link);
        lender->waiting++;
    }
    unlock(lender, &wakes);
    return none;
}

static void case_dequeue(plait_case *one, struct plait__node *node) {
    plait_lender *lender = one->object;
    struct plait__wakes wakes = {.count = 0};
    if (!lock(lender)) return;
    if (plait__linked(&node->link)) {
        plait__list_remove(&node->link);
        lender->waiting--;
    }
    unlock(lender, &wakes);
}

plait_case plait_case_borrow_sized(plait_lender *lender, void *out, size_t size) {
    static const struct plait__case_kind kind = {"lender", case_attempt, case_enqueue, case_dequeue};
    bool good = lender && out && size == lender->resource_size;
    return (plait_case){.kind = &kind, .object = good ? lender : NULL, .item = out};
}

/* ---- beginning and end ---- */

plait_lender *plait_lender_new(size_t resource_size, size_t most, const plait_task *close,
                               const plait_task *open, const void *args) {
    bool good = resource_size && resource_size <= RESOURCE_BYTES && most &&
                plait__task_takes(close, resource_size) && close->count == 1 && plait__is_task(open) &&
                open->result_size == resource_size;
    if (!good) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_lender *lender = plait__allocate(sizeof *lender);
    struct slot *slots = lender ? plait__allocate_array(most, sizeof *slots) : NULL;
    void *copy = slots ? plait__allocate(open->args_size) : NULL;
    if (!copy) {
        plait__release(slots);
        plait__release(lender);
        return NULL;
    }
    if (args) memcpy(copy, args, open->args_size);
    lender->references = 1;
    lender->generation = plait__generation();
    lender->resource_size = resource_size;
    lender->most = most;
    lender->open = open;
    lender->close = close;
    lender->args = copy;
    lender->slots = slots;
    return lender;
}

plait_status plait_lender_check_by(plait_lender *lender, const plait_task *check) {
    if (!lender || !plait__task_takes(check, lender->resource_size) || check->count != 1 ||
        check->result_size != sizeof(bool))
        return PLAIT_INVALID;
    lender->check = check;
    return PLAIT_OK;
}

plait_status plait_lender_close(plait_lender *lender) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender) return PLAIT_INVALID;
    if (!lock(lender)) return PLAIT_BROKEN;
    lender->closed = true;
    lender->waiting = 0;
    wake_all(&lender->borrowers, &wakes);
    if (!lender->taken && !lender->idle_count) wake_all(&lender->joiners, &wakes);
    unlock(lender, &wakes);
    (void)close_idle(lender, INT64_MAX);
    return PLAIT_OK;
}

/* Under the mutex, which is given back. */
static plait_status wait_for_all(plait_lender *lender, plait_deadline deadline) {
    struct plait__wakes wakes = {.count = 0};
    uint32_t claim = PLAIT__FIRST;
    while ((lender->taken || lender->idle_count) && plait__claimed_node(claim)) {
        struct plait__waiter waiter;
        struct plait__node node;
        plait__waiter_init(&waiter, "lender.join", lender);
        plait__node_init(&node, &waiter, lender, 0);
        plait__list_append(&lender->joiners, &node.link);
        plait__mutex_unlock(&lender->mutex);
        claim = plait_passed(deadline) ? PLAIT__TIMED_OUT : plait__wait(&waiter, deadline, true);
        (void)plait__mutex_lock(&lender->mutex);
        if (plait__linked(&node.link)) plait__list_remove(&node.link);
    }
    plait_status status = lender->taken || lender->idle_count ? plait__claim_status(claim) : PLAIT_OK;
    unlock(lender, &wakes);
    return status;
}

plait_status plait_lender_join_until(plait_lender *lender, plait_deadline deadline) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender) return PLAIT_INVALID;
    if (!lock(lender)) return PLAIT_BROKEN;
    if (lender->closed) return wait_for_all(lender, deadline);
    unlock(lender, &wakes);
    return PLAIT_INVALID;
}

plait_status plait_lender_join(plait_lender *lender) {
    return plait_lender_join_until(lender, PLAIT_FOREVER);
}

void plait_lender_free(plait_lender *lender) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender || plait_lender_close(lender) != PLAIT_OK || !lock(lender)) return;
    lender->references--;
    unlock(lender, &wakes);
}

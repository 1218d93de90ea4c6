/* lender.c - who borrows and returns, and select's case; the protocol stands in lender.h. */
#include <base/clock.h>
#include <base/memory.h>
#include <base/status.h>
#include <pool/lender.h>
#include <pthread.h>
#include <string.h>
#include <thread/task_frame.h>
#include <thread/thread.h>
#include <wait/case.h>

enum { FOR_SELECT = 1 }; /* what a node wants: only to be woken */

/* One that waits. */
struct borrower {
    struct plait__waiter waiter;
    struct plait__node node;
    struct plait__slot *slot; /* the gift */
};

static struct plait__slot *slot_of(struct plait__link *link) {
    return plait__of_link(link, struct plait__slot, link);
}

/* ---- slots; all under the mutex ---- */

static void take(plait_lender *lender, struct plait__slot *slot) {
    if (slot->full) lender->idle_count--;
    plait__list_remove(&slot->link);
    lender->taken++;
    lender->references++;
}

/* An idle one, or else the right to open one; NULL: neither. */
static struct plait__slot *take_any(plait_lender *lender) {
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
static void put_away(plait_lender *lender, struct plait__slot *slot) {
    lender->taken--;
    lender->references--;
    if (slot->full) {
        slot->since = plait__now();
        lender->idle_count++;
    }
    plait__list_prepend(slot->full ? &lender->idle : &lender->free, &slot->link);
}

/* Its new holder may have it as it is, unless it must be opened or checked first. */
static void lend(const plait_lender *lender, struct plait__slot *slot) {
    slot->lent = slot->full && !lender->check;
}

/* Hands a taken slot on: to whoever waits longest, or to nobody. */
static void hand_on(plait_lender *lender, struct plait__slot *slot, struct plait__wakes *wakes) {
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
    if (lender->closed && !lender->taken) plait__claim_all(&lender->joiners, wakes);
}

/* ---- the user's tasks; without the mutex, on a slot that is taken ---- */

/* Runs a task whose one argument is the resource. */
static plait_status run_on(const plait_lender *lender, const plait_task *task, const struct plait__slot *slot,
                           void *result, struct plait__frame *frame) {
    _Alignas(16) char args[2 * PLAIT__LENT_BYTES];
    memset(args, 0, sizeof args);
    memcpy(args + task->parameters[0].offset, slot->resource, lender->resource_size);
    plait__frame_begin(frame, task->name);
    task->run(args, result);
    return plait__frame_end(frame);
}

static void close_resource(plait_lender *lender, struct plait__slot *slot) {
    struct plait__frame frame;
    plait_status status = run_on(lender, lender->close, slot, NULL, &frame);
    if (status != PLAIT_OK) {
        const plait_thread *thread = plait__self()->thread;
        plait__failure_unread(status, frame.message, frame.name, thread ? plait_thread_name(thread) : NULL);
    }
    plait__frame_clear(&frame);
}

static bool is_good(const plait_lender *lender, const struct plait__slot *slot) {
    bool good = false;
    struct plait__frame frame;
    plait_status status = run_on(lender, lender->check, slot, &good, &frame);
    plait__frame_clear(&frame);
    return status == PLAIT_OK && good;
}

static plait_status open_resource(const plait_lender *lender, struct plait__slot *slot) {
    struct plait__frame frame;
    plait__frame_begin(&frame, lender->open->name);
    lender->open->run(lender->args, slot->resource);
    plait_status status = plait__frame_end(&frame);
    if (status != PLAIT_OK) plait__set_last_message(plait__failure_words(status, frame.message));
    plait__frame_clear(&frame);
    return status;
}

/* ---- borrowing ---- */

/* A slot in somebody's hand, while a task of the user's works on it. */
struct hand {
    plait_lender *lender;
    struct plait__slot *slot;
    struct plait__frame *outside; /* the frame in which that one runs */
    /* It only looks at the resource. Volatile, as what changes between a push of a clean-up and its run must
     * be: that one returns a second time from a setjmp. */
    volatile bool whole;
};

/* Marks it as full or empty, so that the books are right, and hands it on if it is not to be kept. */
static void settle(const struct hand *hand, bool full, bool keep) {
    plait_lender *lender = hand->lender;
    struct plait__wakes wakes;
    wakes.count = 0;
    if (!plait__lender_lock(lender)) return;
    if (full != hand->slot->full) lender->made += full ? 1 : (size_t)-1;
    hand->slot->full = full;
    hand->slot->lent = full && keep;
    if (!keep) hand_on(lender, hand->slot, &wakes);
    plait__lender_unlock(lender, &wakes);
}

/* A task has ended the thread: whatever it was about to open or close is gone; what it checked is closed. */
static void left_early(void *argument) {
    struct hand *hand = argument;
    bool whole = hand->whole;
    hand->whole = false;
    plait__self()->task = hand->outside;
    if (whole) close_resource(hand->lender, hand->slot);
    settle(hand, false, false);
}

/* Closes what is in it and hands it on, empty. */
static void close_slot(plait_lender *lender, struct plait__slot *slot) {
    struct hand hand = {lender, slot, plait__self()->task, false};
    pthread_cleanup_push(left_early, &hand);
    close_resource(lender, slot);
    pthread_cleanup_pop(0);
    settle(&hand, false, false);
}

/* Makes what was taken fit to be lent. If that fails, the slot is somebody else's. */
static plait_status prepare(struct hand *hand) {
    struct plait__slot *slot = hand->slot;
    plait_status status = PLAIT_OK;
    hand->whole = slot->full;
    bool good = slot->full && is_good(hand->lender, slot);
    hand->whole = false;
    if (slot->full && !good) {
        close_resource(hand->lender, slot);
        settle(hand, false, true);
    }
    if (!good) status = open_resource(hand->lender, slot);
    settle(hand, status == PLAIT_OK, status == PLAIT_OK);
    return status;
}

static plait_status make_ready(plait_lender *lender, struct plait__slot *slot) {
    struct hand hand = {lender, slot, plait__self()->task, false};
    plait_status status;
    if (slot->full && !lender->check) return PLAIT_OK;
    pthread_cleanup_push(left_early, &hand);
    status = prepare(&hand);
    pthread_cleanup_pop(0);
    return status;
}

/* Under the mutex, which is given back: waits in line. */
static plait_status wait_in_line(plait_lender *lender, plait_deadline deadline, struct plait__slot **slot) {
    struct borrower borrower;
    struct plait__wakes wakes = {.count = 0};
    borrower.slot = NULL;
    plait__waiter_init(&borrower.waiter, "lender.borrow", lender);
    plait__node_init(&borrower.node, &borrower.waiter, lender, 0);
    plait__list_append(&lender->borrowers, &borrower.node.link);
    lender->waiting++;
    plait__lender_unlock(lender, &wakes);
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
    plait__lender_unlock(lender, &wakes);
    return plait__claim_status(claim);
}

/* A slot, waiting for one until the deadline; PLAIT_NOW: PLAIT_TIMEOUT if there is none. */
static plait_status get_slot(plait_lender *lender, plait_deadline deadline, struct plait__slot **slot) {
    struct plait__wakes wakes = {.count = 0};
    if (!plait__lender_lock(lender)) return PLAIT_BROKEN;
    plait_status status = lender->closed ? PLAIT_SHUTDOWN : PLAIT_OK;
    if (status == PLAIT_OK && !(*slot = take_any(lender))) {
        if (!plait_passed(deadline)) return wait_in_line(lender, deadline, slot);
        status = PLAIT_TIMEOUT;
    }
    if (status == PLAIT_OK) lend(lender, *slot);
    plait__lender_unlock(lender, &wakes);
    return status;
}

static plait_status hand_over(plait_lender *lender, struct plait__slot *slot, void *out) {
    plait_status status = make_ready(lender, slot);
    if (status == PLAIT_OK) memcpy(out, slot->resource, lender->resource_size);
    return status;
}

/* `none`: what to say if there is none in time. (The opening task may say PLAIT_TIMEOUT, too.) */
static plait_status borrow(plait_lender *lender, void *out, size_t size, plait_deadline deadline,
                           plait_status none) {
    struct plait__slot *slot = NULL;
    if (!lender || !out || size != lender->resource_size) return PLAIT_INVALID;
    plait_status status = get_slot(lender, deadline, &slot);
    if (slot) return hand_over(lender, slot, out);
    return status == PLAIT_TIMEOUT ? none : status;
}

static plait_status remember(plait_status status) {
    if (status != PLAIT_OK) plait__set_last_error(status);
    return status;
}

plait_status plait_lender_borrow_sized(plait_lender *lender, void *out, size_t size,
                                       plait_deadline deadline) {
    return remember(borrow(lender, out, size, deadline, PLAIT_TIMEOUT));
}

plait_status plait_lender_borrow_sized_nowait(plait_lender *lender, void *out, size_t size) {
    return remember(borrow(lender, out, size, PLAIT_NOW, PLAIT_BUSY));
}

/* ---- returning ---- */

/* Under the mutex; NULL: it is not lent. */
static struct plait__slot *find_lent(const plait_lender *lender, const void *resource) {
    for (size_t i = 0; i < lender->used; i++) {
        struct plait__slot *slot = &lender->slots[i];
        if (slot->lent && !memcmp(slot->resource, resource, lender->resource_size)) return slot;
    }
    return NULL;
}

static plait_status give_back(plait_lender *lender, const void *resource, size_t size, bool broken) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender || !resource || size != lender->resource_size) return PLAIT_INVALID;
    if (!plait__lender_lock(lender)) return PLAIT_BROKEN;
    struct plait__slot *slot = find_lent(lender, resource);
    bool close = slot && (broken || lender->closed);
    if (slot) slot->lent = false;
    if (slot && !close) hand_on(lender, slot, &wakes);
    plait__lender_unlock(lender, &wakes);
    if (close) close_slot(lender, slot);
    return slot ? PLAIT_OK : PLAIT_INVALID;
}

plait_status plait_lender_return_sized(plait_lender *lender, const void *resource, size_t size) {
    return give_back(lender, resource, size, false);
}

plait_status plait_lender_discard_sized(plait_lender *lender, const void *resource, size_t size) {
    return give_back(lender, resource, size, true);
}

size_t plait__lender_close_idle(plait_lender *lender, int64_t parked_before) {
    struct plait__wakes wakes = {.count = 0};
    for (size_t count = 0;; count++) {
        if (!plait__lender_lock(lender)) return count;
        struct plait__link *oldest = plait__list_empty(&lender->idle) ? NULL : lender->idle.head.previous;
        struct plait__slot *slot = oldest && slot_of(oldest)->since <= parked_before ? slot_of(oldest) : NULL;
        if (slot) take(lender, slot);
        plait__lender_unlock(lender, &wakes);
        if (!slot) return count;
        close_slot(lender, slot);
    }
}

size_t plait_lender_trim(plait_lender *lender, double seconds) {
    if (!lender || !(seconds >= 0)) return 0;
    double now = (double)plait__now();
    return plait__lender_close_idle(lender, (int64_t)(now - seconds * 1e9 < 0 ? 0 : now - seconds * 1e9));
}

plait_lender_counts plait_lender_stats(plait_lender *lender) {
    plait_lender_counts counts = {0, 0, 0, 0};
    struct plait__wakes wakes = {.count = 0};
    if (!lender || !plait__lender_lock(lender)) return counts;
    counts = (plait_lender_counts){lender->made, lender->taken, lender->idle_count, lender->waiting};
    plait__lender_unlock(lender, &wakes);
    return counts;
}

/* ---- the case of a select ---- */

static bool case_attempt(plait_case *one) {
    struct plait__slot *slot = NULL;
    one->status = get_slot(one->object, PLAIT_NOW, &slot);
    if (!slot) return one->status != PLAIT_TIMEOUT;
    one->status = hand_over(one->object, slot, one->item);
    return true;
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    plait_lender *lender = one->object;
    struct plait__wakes wakes = {.count = 0};
    if (!plait__lender_lock(lender)) return false;
    bool none = !lender->closed && plait__list_empty(&lender->idle) && plait__list_empty(&lender->free) &&
                lender->used == lender->most;
    node->want = FOR_SELECT;
    if (none) {
        plait__list_append(&lender->borrowers, &node->link);
        lender->waiting++;
    }
    plait__lender_unlock(lender, &wakes);
    return none;
}

static void case_dequeue(plait_case *one, struct plait__node *node) {
    plait_lender *lender = one->object;
    struct plait__wakes wakes = {.count = 0};
    if (!plait__lender_lock(lender)) return;
    if (plait__linked(&node->link)) {
        plait__list_remove(&node->link);
        lender->waiting--;
    }
    plait__lender_unlock(lender, &wakes);
}

plait_case plait_case_borrow_sized(plait_lender *lender, void *out, size_t size) {
    static const struct plait__case_kind kind = {"lender", case_attempt, case_enqueue, case_dequeue};
    bool good = lender && out && size == lender->resource_size;
    return (plait_case){.kind = &kind, .object = good ? lender : NULL, .item = out};
}

/* select.c - wait for the first of several operations, and perform it.
 *
 * Look at every case once, in random order; if none can be done, put a node for each into its
 * object's wait list, wait, take all nodes off, and look again, this time beginning with the case that
 * claimed the waiter. (A random start alone would not be fair: a ready case behind one that is not would
 * be met twice as often.)
 *
 * One waiter stands behind all nodes, and a claim is final: so at most one object has spent a wake on
 * this select. That object's case is attempted before any other. Either it is performed, and the wake was
 * well spent, or somebody else took what the wake announced, and nothing is owed to anyone. If the select
 * ends by itself (deadline, cancel), its own claim was first and no wake was spent.
 */
#include <base/memory.h>
#include <errno.h>
#include <wait/case.h>
#include <wait/parking.h>
#include <wait/poll.h>

enum { INLINE_CASES = 16 };
#define NONE SIZE_MAX

/* One call of plait_select. */
struct selection {
    plait_case *cases;
    size_t count;
    struct plait__node *nodes;
    struct pollfd *descriptors; /* room for count + 1 */
    size_t *order;              /* the indexes of the cases, shuffled */
    size_t preferred;           /* the case to attempt first; NONE: any */
    size_t given;               /* the case that a partner has performed; NONE: none */
};

static const struct plait__case_kind *kind_of(const plait_case *one) {
    return one->kind;
}

/* ---- descriptors and points in time ---- */

static bool descriptor_attempt(plait_case *one) {
    struct pollfd descriptor = {.fd = one->descriptor, .events = (short)one->events};
    int ready = plait__os_poll(&descriptor, 1, INT64_MIN);
    one->found = ready > 0 ? descriptor.revents : 0;
    one->status = PLAIT_OK;
    return ready > 0;
}

static bool deadline_attempt(plait_case *one) {
    one->status = PLAIT_OK;
    return plait_passed(one->deadline);
}

static const struct plait__case_kind descriptor_kind = {"descriptor", descriptor_attempt, NULL, NULL};
static const struct plait__case_kind deadline_kind = {"deadline", deadline_attempt, NULL, NULL};

static bool is_polled(const plait_case *one) {
    return one->kind == &descriptor_kind || one->events;
}

plait_case plait_case_descriptor(int descriptor, int events) {
    return (plait_case){.kind = &descriptor_kind, .descriptor = descriptor, .events = events};
}

plait_case plait_case_deadline(plait_deadline deadline) {
    return (plait_case){.kind = &deadline_kind, .deadline = deadline};
}

void plait__case_unpark(plait_case *one, struct plait__node *node) {
    (void)one;
    struct plait__wait_list *list = plait__parking(node->address);
    plait__mutex_lock(&list->mutex);
    if (plait__linked(&node->link)) plait__list_remove(&node->link);
    plait__mutex_unlock(&list->mutex);
}

/* ---- the selection ---- */

static bool attempt(struct selection *selection, size_t i, size_t *which) {
    plait_case *one = &selection->cases[i];
    if (!kind_of(one)->attempt(one)) return false;
    if (which) *which = i;
    return true;
}

static bool attempt_any(struct selection *selection, size_t *which) {
    if (selection->preferred != NONE && attempt(selection, selection->preferred, which)) return true;
    struct plait__self *self = plait__self();
    for (size_t left = selection->count; left; left--) { /* a shuffle, as far as it is needed */
        size_t *last = &selection->order[left - 1], *drawn = &selection->order[plait__random(self) % left];
        size_t i = *drawn;
        *drawn = *last;
        *last = i;
        if (attempt(selection, i, which)) return true;
    }
    return false;
}

/* The case descriptors, if any, go behind the waiter's bell. */
static plait_status begin_polling(struct selection *selection, struct plait__waiter *waiter,
                                  struct plait__polling *polling) {
    *polling = (struct plait__polling){.descriptors = selection->descriptors, .count = 1};
    for (size_t i = 0; i < selection->count; i++) {
        const plait_case *one = &selection->cases[i];
        if (!is_polled(one)) continue;
        polling->descriptors[polling->count++] = (struct pollfd){.fd = one->descriptor,
                                                                 .events = (short)one->events};
    }
    return polling->count > 1 ? plait__poll_begin(waiter, polling) : PLAIT_OK;
}

/* How many cases, in their order, were enqueued: all, or those before the first that was ready after all. */
static size_t enqueue(struct selection *selection, struct plait__waiter *waiter) {
    for (size_t n = 0; n < selection->count; n++) {
        size_t i = selection->order[n];
        plait_case *one = &selection->cases[i];
        struct plait__node *node = &selection->nodes[i];
        if (!kind_of(one)->enqueue) continue;
        plait__node_init(node, waiter, one->object, (uint32_t)i);
        if (!kind_of(one)->enqueue(one, node)) return n;
    }
    return selection->count;
}

static void dequeue(struct selection *selection, size_t enqueued) {
    for (size_t n = 0; n < enqueued; n++) {
        size_t i = selection->order[n];
        plait_case *one = &selection->cases[i];
        if (kind_of(one)->enqueue) kind_of(one)->dequeue(one, &selection->nodes[i]);
    }
}

static plait_deadline first_deadline(const struct selection *selection, plait_deadline deadline) {
    for (size_t i = 0; i < selection->count; i++)
        if (selection->cases[i].kind == &deadline_kind)
            deadline = plait_earlier(deadline, selection->cases[i].deadline);
    return deadline;
}

/* What it waits for, for people; NULL if no other thread can end the wait, so that nobody spins for it. */
static const void *first_object(const struct selection *selection) {
    for (size_t i = 0; i < selection->count; i++)
        if (kind_of(&selection->cases[i])->enqueue && !is_polled(&selection->cases[i]))
            return selection->cases[i].object;
    return NULL;
}

/* Waits once. PLAIT_OK: look again, unless something was given. */
static plait_status wait_once(struct selection *selection, plait_deadline deadline) {
    struct plait__waiter waiter;
    struct plait__polling polling;
    plait__waiter_init(&waiter, "select", first_object(selection));
    waiter.cases = selection->cases;
    waiter.case_count = selection->count;
    plait_status status = begin_polling(selection, &waiter, &polling);
    if (status != PLAIT_OK) return status;
    size_t enqueued = enqueue(selection, &waiter);
    if (enqueued == selection->count)
        plait__wait(&waiter, first_deadline(selection, deadline), true);
    else
        plait__claim_itself(&waiter, PLAIT__LOOK);
    dequeue(selection, enqueued);
    plait__poll_end(&waiter);
    uint32_t claim = plait__load_acquire(&waiter.word);
    size_t claimed = plait__claimed_node(claim) ? plait__claimed_index(claim) : NONE;
    if (claim & PLAIT__GIFT)
        selection->given = claimed;
    else
        selection->preferred = claimed;
    if (claim == PLAIT__FAILED) errno = polling.error;
    if (claim == PLAIT__TIMED_OUT || claim == PLAIT__LOOK) return PLAIT_OK;
    return plait__claim_status(claim);
}

/* Whether the thread has brought a case about itself: look again. */
static bool help(struct selection *selection, plait_deadline deadline) {
    const struct plait__self *self = plait__self();
    return plait__unlikely(self->help_cases) && plait__is_forever(deadline) &&
           self->help_cases(selection->cases, selection->count);
}

static plait_status perform(struct selection *selection, size_t *which, plait_deadline deadline) {
    for (size_t i = 0; i < selection->count; i++) selection->order[i] = i;
    for (;;) {
        if (attempt_any(selection, which)) return PLAIT_OK;
        if (plait_passed(deadline)) return PLAIT_TIMEOUT;
        if (help(selection, deadline)) continue;
        plait_status status = wait_once(selection, deadline);
        if (status != PLAIT_OK) return status;
        if (selection->given != NONE) break;
    }
    selection->cases[selection->given].status = PLAIT_OK;
    if (which) *which = selection->given;
    return PLAIT_OK;
}

static bool makes_sense(const plait_case *cases, size_t count) {
    if (!cases || !count || count > UINT32_MAX / 2) return false;
    for (size_t i = 0; i < count; i++) {
        const struct plait__case_kind *kind = kind_of(&cases[i]);
        if (!kind || (kind->enqueue && !cases[i].object)) return false;
        if (kind == &descriptor_kind && cases[i].descriptor < 0) return false;
    }
    return true;
}

plait_status plait_select_until(plait_case *cases, size_t count, size_t *which, plait_deadline deadline) {
    if (!makes_sense(cases, count)) return PLAIT_INVALID;
    struct plait__node nodes[INLINE_CASES];
    struct pollfd descriptors[INLINE_CASES + 1];
    size_t order[INLINE_CASES];
    struct selection selection = {cases, count, nodes, descriptors, order, NONE, NONE};
    if (count <= INLINE_CASES) return perform(&selection, which, deadline);
    selection.nodes = plait__allocate_array(count, sizeof *selection.nodes);
    selection.descriptors = plait__allocate_array(count + 1, sizeof *selection.descriptors);
    selection.order = plait__allocate_array(count, sizeof *selection.order);
    plait_status status = PLAIT_NO_MEMORY;
    if (selection.nodes && selection.descriptors && selection.order)
        status = perform(&selection, which, deadline);
    plait__release(selection.nodes);
    plait__release(selection.descriptors);
    plait__release(selection.order);
    return status;
}

plait_status plait_select(plait_case *cases, size_t count, size_t *which) {
    return plait_select_until(cases, count, which, PLAIT_FOREVER);
}

plait_status plait_select_nowait(plait_case *cases, size_t count, size_t *which) {
    plait_status status = plait_select_until(cases, count, which, PLAIT_NOW);
    return status == PLAIT_TIMEOUT ? PLAIT_BUSY : status;
}

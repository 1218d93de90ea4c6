/* A number of permits: the smallest object that can be waited for, so that the wait core is tested without the rooms
 * that stand on it. Its waiters are in the parking table; all of it is guarded by the lock of its list there. */
#ifndef PLAIT_TEST_WAIT_PERMITS_H
#define PLAIT_TEST_WAIT_PERMITS_H

#include <plait/status.h>
#include <wait/case.h>
#include <wait/parking.h>

#include <sched.h>

struct permits {
    uint32_t count;
};

enum permits_want { A_PERMIT, ANOTHER_LOOK };

/* `gift`: PLAIT__GIFT, and a waiter that is claimed has the permit already, unless it is a select, which cannot be
 * given anything; or 0, and it wakes to take the permit, if it is still there. */
static inline void permits_give(struct permits *permits, uint32_t gift) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(permits);
    bool given = false, claimed = false;
    plait__mutex_lock(&list->mutex);
    for (struct plait__node *node, *next = plait__parked(list, permits); next && !claimed;) {
        node = next;
        next = plait__parked_after(list, node);
        uint32_t how = node->want == ANOTHER_LOOK ? 0 : gift;
        claimed = plait__claim(node, how, &wakes);
        given = claimed && how;
    }
    if (!given) permits->count++;
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
}

static inline bool permits_take_one(struct permits *permits) {
    struct plait__wait_list *list = plait__parking(permits);
    plait__mutex_lock(&list->mutex);
    bool taken = permits->count > 0;
    permits->count -= taken;
    plait__mutex_unlock(&list->mutex);
    return taken;
}

static inline plait_status permits_take_until(struct permits *permits, plait_deadline deadline) {
    struct plait__wait_list *list = plait__parking(permits);
    struct plait__park how = {.kind = "permits", .deadline = deadline, .flags = PLAIT__CANCELLABLE};
    for (;;) {
        plait__mutex_lock(&list->mutex);
        if (permits->count) {
            permits->count--;
            plait__mutex_unlock(&list->mutex);
            return PLAIT_OK;
        }
        uint32_t claim = plait__park(list, permits, &how);
        if (claim & PLAIT__GIFT) return PLAIT_OK;
        if (!plait__claimed_node(claim))
            return permits_take_one(permits) ? PLAIT_OK : plait__claim_status(claim);
        how.flags |= PLAIT__AT_HEAD;
    }
}

static inline uint32_t permits_left(struct permits *permits) {
    struct plait__wait_list *list = plait__parking(permits);
    plait__mutex_lock(&list->mutex);
    uint32_t left = permits->count;
    plait__mutex_unlock(&list->mutex);
    return left;
}

/* The case of a select that takes a permit. */
static inline bool permits_attempt(plait_case *one) {
    one->status = PLAIT_OK;
    return permits_take_one(one->object);
}

static inline bool permits_enqueue(plait_case *one, struct plait__node *node) {
    struct permits *permits = one->object;
    struct plait__wait_list *list = plait__parking(permits);
    node->want = ANOTHER_LOOK;
    plait__mutex_lock(&list->mutex);
    bool wait = permits->count == 0;
    if (wait) plait__list_append(&list->nodes, &node->link);
    plait__mutex_unlock(&list->mutex);
    return wait;
}

static inline plait_case permits_case(struct permits *permits) {
    static const struct plait__case_kind kind = {"permits", permits_attempt, permits_enqueue,
                                                 plait__case_unpark};
    return (plait_case){.kind = &kind, .object = permits};
}

/* ---- seeing who sleeps ---- */

struct permits_sleepers {
    const void *object;
    int count;
};

static inline void permits_look(struct plait__waiter *waiter, void *context) {
    struct permits_sleepers *sleepers = context;
    if (waiter->object == sleepers->object && plait__load(&waiter->word) == PLAIT__SLEEPING)
        sleepers->count++;
}

/* Returns when this many threads sleep for the object (NULL: in plait_sleep). */
static inline void wait_until_asleep_on(const void *object, int count) {
    struct permits_sleepers sleepers;
    do {
        sched_yield();
        sleepers = (struct permits_sleepers){object, 0};
        plait__each_sleeper(permits_look, &sleepers);
    } while (sleepers.count < count);
}

#endif

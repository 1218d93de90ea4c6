/* lane.c - waiting for the other end of a ring in shared memory, and waking it; the protocol is in lane.h. */
#include <limits.h>
#include <shared/lane.h>
#include <wait/shared.h>

_Static_assert(sizeof(struct plait__shared_lane) == 2 * PLAIT__SHARED_LANE_APART,
               "two parts, each in lines of its own");

enum { NEAREST = 7, FARTHEST = 1, MANY = 4 };

/* How long one waits for a lock only to pass a wake on. After that the next is woken without a look: he will look. */
static const double passing_on_s = 0.01;

static bool has_moved(const struct plait__shared_lane *lane, uint64_t past) {
    return (int64_t)(plait__load(&lane->index) - past) > 0;
}

/* Many items since it was stuck last: look from farther away. None but the one: from as near as can be. Zero,
 * at first, is farther than is ever learned. */
static void learn(struct plait__shared_lane *lane) {
    uint64_t units = lane->index - lane->stuck_at;
    lane->stuck_at = lane->index;
    if (!lane->nearness) lane->nearness = (NEAREST + FARTHEST) / 2;
    if (units >= MANY && lane->nearness > FARTHEST) lane->nearness--;
    if (units <= 1) lane->nearness = NEAREST;
}

void plait__shared_lane_stuck(struct plait__shared_lane *lane, struct plait__shared_lane_call *call) {
    if (call->begun) return;
    call->begun = true;
    call->spins = plait__spin_begin(&call->spin, PLAIT__SPIN_ON_SHARED);
    if (!call->spins) return;
    learn(lane);
    call->spin.gap = plait__spin_wake_cost() >> lane->nearness;
    call->spin.longest = lane->nearness == NEAREST ? call->spin.gap : call->spin.gap * 4;
}

/* What was found out about the one before stays to be told, if he died: only the lane's own parts are touched
 * here. */
static void unlock_as_it_was(struct plait__shared_lane *lane, plait_status taken) {
    plait__robust_unlock_to(&lane->lock, taken == PLAIT_CRASHED ? PLAIT__OWNER_DIED : 0);
}

/* Under the lock: the next one that moves the index must look. */
static void want_wake(struct plait__shared_lane *lane) {
    lane->wanted = true;
    lane->limit = lane->index;
}

static plait_status sleep_on(struct plait__shared_lane *lane, uint32_t turn,
                             struct plait__shared_lane_call *call) {
    struct plait__waiter waiter;
    plait__waiter_init(&waiter, call->wait.kind, call->wait.object);
    waiter.looked = true;
    uint32_t claim = plait__wait_beside(&waiter, &lane->turn, turn, call->wait.deadline,
                                        call->wait.cancellable);
    return plait__claim_status(claim);
}

plait_status plait__shared_lane_wait(struct plait__shared_lane *other, uint64_t past,
                                     struct plait__shared_lane_call *call) {
    while (call->spins) {
        call->spins = plait__spin_again(&call->spin);
        if (has_moved(other, past)) return PLAIT_OK;
    }
    plait_status taken = plait__shared_lane_lock(other, call);
    if (taken != PLAIT_OK && taken != PLAIT_CRASHED) return taken;
    if (has_moved(other, past) || other->closed) {
        unlock_as_it_was(other, taken);
        return PLAIT_OK;
    }
    want_wake(other);
    plait__add(&other->asleep, 1);
    uint32_t turn = plait__load(&other->turn);
    unlock_as_it_was(other, taken);
    call->slept = true;
    plait_status status = sleep_on(other, turn, call);
    plait__sub(&other->asleep, 1);
    return status;
}

void plait__shared_lane_pass_on(struct plait__shared_lane *other, uint64_t past,
                                const struct plait__shared_lane_call *call) {
    if (!call->slept || !plait__load(&other->asleep)) return;
    struct plait__robust_wait wait = call->wait;
    wait.deadline = plait_after(passing_on_s);
    wait.cancellable = false;
    plait_status taken = plait__robust_lock(&other->lock, &wait);
    if (taken != PLAIT_OK && taken != PLAIT_CRASHED) {
        plait__add(&other->turn, 1);
        plait__shared_lane_wake(other);
        return;
    }
    want_wake(other);
    bool wake = has_moved(other, past) && plait__shared_lane_wants_wake(other);
    unlock_as_it_was(other, taken);
    if (wake) plait__shared_lane_wake(other);
}

/* Also where an earlier one was killed before it had woken all. */
plait_status plait__shared_lane_close(struct plait__shared_lane *lane,
                                      const struct plait__shared_lane_call *call) {
    plait_status taken = plait__shared_lane_lock(lane, call);
    if (taken != PLAIT_OK && taken != PLAIT_CRASHED) return taken;
    plait__store_release(&lane->closed, true);
    lane->limit = lane->index;
    unlock_as_it_was(lane, taken);
    plait__shared_lane_wake_all(lane);
    return PLAIT_OK;
}

void plait__shared_lane_wake_all(struct plait__shared_lane *lane) {
    plait__add(&lane->turn, 1);
    plait__wake_shared(&lane->turn, INT_MAX);
}

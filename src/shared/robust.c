/* robust.c - waiting for a robust lock, and what the kernel must be asked first; the protocol is in robust.h.
 * */
#include <errno.h>
#include <shared/robust.h>
#include <wait/shared.h>
#include <wait/spin.h>

enum { FIRST_LOOK_NS = 50, LAST_LOOK_NS = 800 };

__thread struct plait__robust_self plait__robust_own;

/* In each thread once, and in the child of a fork again. */
static bool begin(void) {
    struct plait__robust_self *self = &plait__robust_own;
    (void)plait__self(); /* so that forks are counted */
    if (self->id && self->generation == plait__generation()) return true;
    if (!plait__os_robust_place(&self->pending, &self->offset)) return false;
    self->generation = plait__generation();
    self->id = plait__os_native_id();
    return true;
}

/* Leaves the mark only if it is taken. */
static plait_status take(struct plait__robust *robust) {
    const struct plait__robust_self *self = &plait__robust_own;
    uint32_t seen = plait__load(&robust->word);
    if (seen != 0 && seen != PLAIT__OWNER_DIED) return PLAIT_BUSY;
    uint32_t before = seen;
    plait__robust_mark(self, robust);
    if (plait__cas_acquire(&robust->word, &seen, self->id)) {
        PLAIT__SECTION(1);
        return before ? PLAIT_CRASHED : PLAIT_OK;
    }
    plait__robust_unmark(self);
    return PLAIT_BUSY;
}

/* Looks a few times, at growing distances: the section is short, unless its holder has lost its CPU. */
static plait_status take_soon(struct plait__robust *robust) {
    plait_status status = take(robust);
    if (status != PLAIT_BUSY || plait__spinning_cpus() < 2) return status;
    uint64_t per_us = plait__os_ticks_per_us();
    for (uint64_t gap = FIRST_LOOK_NS; gap <= LAST_LOOK_NS && status == PLAIT_BUSY; gap *= 2) {
        uint64_t start = plait__os_ticks();
        while (plait__os_ticks() - start < gap * per_us / 1000) plait__os_pause();
        status = take(robust);
    }
    return status;
}

plait_status plait__robust_lock_slow(struct plait__robust *robust, const struct plait__robust_wait *wait) {
    if (!begin()) return PLAIT_ERRNO;
    plait_status status = take_soon(robust);
    while (status == PLAIT_BUSY) {
        uint32_t turn = plait__load_acquire(&robust->turn);
        (void)plait__exchange_seq(&robust->wanted, 1);
        plait__os_order_processes();
        status = take(robust);
        if (status != PLAIT_BUSY) break;
        status = plait__wait_shared(&robust->turn, turn, wait->kind, wait->object, wait->deadline,
                                    wait->cancellable);
        if (status == PLAIT_OK)
            status = PLAIT_BUSY;
        else
            plait__robust_wake(robust); /* the last wake may have been for this one: the next takes it */
    }
    return status;
}

void plait__robust_wake(struct plait__robust *robust) {
    plait__store(&robust->wanted, 0);
    plait__add(&robust->turn, 1);
    plait__wake_shared(&robust->turn, 1);
}

/* lender_end.c - the beginning and the end of a lender; the protocol stands in lender.h. */
#include <base/clock.h>
#include <base/memory.h>
#include <base/status.h>
#include <pool/lender.h>
#include <string.h>
#include <wait/name.h>

void plait__lender_unlock(plait_lender *lender, struct plait__wakes *wakes) {
    bool last = lender->references == 0;
    plait__mutex_unlock(&lender->mutex);
    plait__wakes_send(wakes);
    if (!last) return;
    plait__name_forget(lender);
    plait__release(lender->args);
    plait__release(lender->slots);
    plait__release(lender);
}

plait_lender *plait_lender_new(size_t resource_size, size_t most, const plait_task *close,
                               const plait_task *open, const void *args) {
    bool good = resource_size && resource_size <= PLAIT__LENT_BYTES && most &&
                plait__task_takes(close, resource_size) && close->count == 1 && plait__is_task(open) &&
                open->result_size == resource_size;
    if (!good) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_lender *lender = plait__allocate(sizeof *lender);
    struct plait__slot *slots = lender ? plait__allocate_array(most, sizeof *slots) : NULL;
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
    if (!plait__lender_lock(lender)) return PLAIT_BROKEN;
    lender->closed = true;
    lender->waiting = 0;
    plait__claim_all(&lender->borrowers, &wakes);
    plait__lender_unlock(lender, &wakes);
    (void)plait__lender_close_idle(lender, INT64_MAX);
    return PLAIT_OK;
}

/* Under the mutex, which is given back. */
static plait_status wait_for_all(plait_lender *lender, plait_deadline deadline) {
    struct plait__wakes wakes = {.count = 0};
    uint32_t claim = PLAIT__FIRST;
    while ((lender->taken || lender->idle_count) && plait__claimed_node(claim))
        claim = plait_passed(deadline) ? PLAIT__TIMED_OUT
                                       : plait__wait_listed(&lender->mutex, &lender->joiners, "lender.join",
                                                            lender, deadline, true);
    plait_status status = lender->taken || lender->idle_count ? plait__claim_status(claim) : PLAIT_OK;
    plait__lender_unlock(lender, &wakes);
    return status;
}

plait_status plait_lender_join_until(plait_lender *lender, plait_deadline deadline) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender) return PLAIT_INVALID;
    if (!plait__lender_lock(lender)) return PLAIT_BROKEN;
    if (lender->closed) return wait_for_all(lender, deadline);
    plait__lender_unlock(lender, &wakes);
    return PLAIT_INVALID;
}

plait_status plait_lender_join(plait_lender *lender) {
    return plait_lender_join_until(lender, PLAIT_FOREVER);
}

void plait_lender_free(plait_lender *lender) {
    struct plait__wakes wakes = {.count = 0};
    if (!lender || plait_lender_close(lender) != PLAIT_OK || !plait__lender_lock(lender)) return;
    lender->references--;
    plait__lender_unlock(lender, &wakes);
}

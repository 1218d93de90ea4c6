/* imap_work.c - running what an imap has read; the protocol stands in imap.h. */
#include <base/memory.h>
#include <pool/future.h>
#include <pool/imap.h>
#include <pool/thread_pool.h>
#include <pthread.h>
#include <wait/name.h>
#include <wait/spin.h>

static struct plait__imap_slot *slot_of(struct plait__link *link) {
    return plait__of_link(link, struct plait__imap_slot, link);
}

static struct plait__imap_slot *slot_of_out(struct plait__link *link) {
    return plait__of_link(link, struct plait__imap_slot, out);
}

void plait__imap_drop(plait_imap *imap) {
    if (plait__sub(&imap->references, 1) != 1) return;
    plait_token_free(imap->token);
    plait__release(imap->told_message);
    plait__name_forget(imap);
    plait__release(imap);
}

static void unlock(plait_imap *imap, struct plait__wakes *wakes) {
    plait__mutex_unlock(&imap->mutex);
    plait__wakes_send(wakes);
}

/* ---- running a slot; what follows is under the mutex unless it says otherwise ---- */

bool plait__imap_is_ready(const plait_imap *imap) {
    struct plait__link *first = plait__list_first(&imap->out);
    return first && slot_of_out(first)->done;
}

static void wake(plait_imap *imap, struct plait__wakes *wakes) {
    struct plait__link *link = plait__list_first(&imap->waiting);
    if (link) plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

static void take(plait_imap *imap, struct plait__imap_slot *slot) {
    plait__list_remove(&slot->link);
    slot->taken = true;
    imap->waiting_items -= slot->count;
    imap->running++;
}

void plait__imap_finish(plait_imap *imap, struct plait__imap_slot *slot, struct plait__wakes *wakes) {
    imap->running--;
    slot->done = true;
    if (imap->options.unordered) plait__list_append(&imap->out, &slot->out);
    if (imap->closing ? imap->running == 0 : plait__imap_is_ready(imap)) wake(imap, wakes);
}

static void run_items(struct plait__imap_slot *slot) {
    uint64_t begun = plait__os_ticks();
    if (plait_cancelled())
        for (size_t i = 0; i < slot->count; i++) slot->range.failed(&slot->range, i, PLAIT_CANCELLED, NULL);
    else
        plait__range_run(&slot->range, 0, slot->count);
    slot->ticks = plait__os_ticks() - begun;
}

/* A slot on its way: its items run under the imap's token and shield, whatever the thread had before. */
struct run {
    plait_imap *imap;
    struct plait__imap_slot *slot;
    plait_token *before;
    uint32_t shields;
};

/* Also if an item ends the thread. No lock. */
static void end_run(void *argument) {
    struct run *run = argument;
    struct plait__wakes wakes = {.count = 0};
    plait__self()->shields = run->shields;
    plait_token_leave(run->before);
    if (run->imap->generation != plait__generation())
        return; /* forked in an item: the imap is the parent's */
    plait__mutex_lock(&run->imap->mutex);
    plait__imap_finish(run->imap, run->slot, &wakes);
    unlock(run->imap, &wakes);
}

/* A slot that was taken. No lock. */
static void run_slot(plait_imap *imap, struct plait__imap_slot *slot) {
    struct run run = {imap, slot, plait_token_enter(imap->token), plait__self()->shields};
    plait__self()->shields = imap->shielded;
    pthread_cleanup_push(end_run, &run);
    run_items(slot);
    pthread_cleanup_pop(1);
}

/* ---- helpers ---- */

/* One more is to be sent for, if that is possible: the caller does it after it has given the mutex back. */
static bool needs_helper(plait_imap *imap) {
    if (imap->arriving || imap->alone || imap->closing || imap->active >= imap->workers) return false;
    if (plait__list_empty(&imap->filled)) return false;
    imap->arriving = true;
    imap->active++;
    plait__add_relaxed(&imap->references, 1);
    return true;
}

/* The same if there is enough to do for it: the wake costs as much as the helper comes late. */
static bool wants_helper(plait_imap *imap) {
    bool worth_it = !imap->cost || imap->waiting_items * imap->cost >= 2 * plait__spin_wake_cost();
    return worth_it && needs_helper(imap);
}

static void send_for_helper(plait_imap *imap);

static void help(const void *args, void *result) {
    plait_imap *imap = *(plait_imap *const *)args;
    struct plait__wakes wakes = {.count = 0};
    struct plait__link *link;
    (void)result;
    plait__mutex_lock(&imap->mutex);
    imap->arriving = false;
    while ((link = plait__list_first(&imap->filled)) != NULL) {
        take(imap, slot_of(link));
        bool more = wants_helper(imap);
        plait__mutex_unlock(&imap->mutex);
        if (more) send_for_helper(imap);
        run_slot(imap, slot_of(link));
        if (imap->generation != plait__generation()) return;
        plait__mutex_lock(&imap->mutex);
    }
    imap->active--;
    unlock(imap, &wakes);
}

static const plait_parameter help_parameters[] = {{"imap", PLAIT_KIND_POINTER, 0, sizeof(plait_imap *)}};

static const plait_task help_task = {
    .version = PLAIT_TASK_VERSION,
    .count = 1,
    .name = "imap",
    .parameters = help_parameters,
    .args_size = sizeof(plait_imap *),
    .result_kind = PLAIT_KIND_NOTHING,
    .run = help,
};

/* Whether there is no use in asking for another helper, when one has ended so. */
static bool is_refusal(plait_status status) {
    return status != PLAIT_FAILED && status != PLAIT_NO_MEMORY && status != PLAIT_ERRNO &&
           status != PLAIT_TIMEOUT && status != PLAIT_FULL;
}

/* However it ended. If not well it never began, or an item has ended its thread (PLAIT_FAILED). No lock. */
static void helper_ended(plait_future *future, void *argument) {
    plait_imap *imap = argument;
    struct plait__wakes wakes = {.count = 0};
    bool more = false;
    plait_status status = future->status;
    if (status != PLAIT_OK) {
        (void)plait_future_message(future); /* it is nobody else's business */
        plait__mutex_lock(&imap->mutex);
        imap->active--;
        imap->arriving = false;
        if (is_refusal(status)) imap->alone = true;
        more = status == PLAIT_FAILED && wants_helper(imap);
        wake(imap, &wakes);
        unlock(imap, &wakes);
    }
    if (more) send_for_helper(imap);
    plait__imap_drop(imap);
}

/* No lock. A shield, so that it comes also if the caller is cancelled: the items have a token of their
 * own. A full pool is not waited for: the caller may have a deadline, and can run the items itself. */
static void send_for_helper(plait_imap *imap) {
    plait_shield_enter();
    plait_future *future = plait__pool_submit(imap->pool, plait__future_for(imap->pool, &help_task, &imap, 0),
                                              PLAIT_NOW);
    if (plait__future_on_done(future, helper_ended, NULL, imap) != PLAIT_OK) {
        (void)plait_future_cancel(future); /* no memory: then not */
        (void)plait_result(future);
        helper_ended(future, imap);
    }
    plait_shield_leave();
    plait_future_free(future);
}

/* ---- the consumer's side; no lock ---- */

void plait__imap_put(plait_imap *imap, struct plait__imap_slot *slot) {
    slot->taken = slot->done = slot->failed = false;
    if (imap->far) {
        plait__imap_far_put(imap, slot);
        return;
    }
    plait__mutex_lock(&imap->mutex);
    plait__list_append(&imap->filled, &slot->link);
    if (!imap->options.unordered) plait__list_append(&imap->out, &slot->out);
    imap->waiting_items += slot->count;
    imap->cost = imap->each;
    bool more = wants_helper(imap);
    plait__mutex_unlock(&imap->mutex);
    if (more) send_for_helper(imap);
}

bool plait__imap_ready(plait_imap *imap) {
    plait__mutex_lock(&imap->mutex);
    bool ready = plait__imap_is_ready(imap);
    plait__mutex_unlock(&imap->mutex);
    return ready;
}

/* Under the mutex: what the consumer had better run itself; NULL: nothing. In order it is what it waits for,
 * if nobody has begun it. As they finish it waits for anybody's, but there must be somebody. */
static struct plait__imap_slot *own_work(const plait_imap *imap) {
    struct plait__link *link = plait__list_first(imap->options.unordered ? &imap->filled : &imap->out);
    if (!link) return NULL;
    if (!imap->options.unordered) return slot_of_out(link)->taken ? NULL : slot_of_out(link);
    bool nobody_comes = imap->active == 0 || plait__worker();
    return imap->running == 0 && nobody_comes ? slot_of(link) : NULL;
}

/* Under the mutex, which is given back while waiting. */
static uint32_t wait_for_news(plait_imap *imap, plait_deadline deadline, bool cancellable) {
    return plait__wait_listed(&imap->mutex, &imap->waiting, "imap", imap, deadline, cancellable);
}

plait_status plait__imap_await(plait_imap *imap, plait_deadline deadline, struct plait__imap_slot **slot) {
    plait_status status = imap->far ? plait__imap_far_wait(imap, deadline) : PLAIT_OK;
    bool tried = false;
    plait__mutex_lock(&imap->mutex);
    while (!imap->far && !plait__imap_is_ready(imap) && status == PLAIT_OK) {
        bool nobody_comes = imap->active == 0 && (tried || imap->alone);
        struct plait__imap_slot *own = nobody_comes || plait__is_forever(deadline) ? own_work(imap) : NULL;
        if (own) {
            take(imap, own);
            plait__mutex_unlock(&imap->mutex);
            run_slot(imap, own);
            if (imap->generation != plait__generation()) return PLAIT_BROKEN;
            plait__mutex_lock(&imap->mutex);
        } else if (plait_passed(deadline)) {
            status = PLAIT_TIMEOUT;
        } else if (imap->active == 0 && needs_helper(imap)) {
            tried = true;
            plait__mutex_unlock(&imap->mutex);
            send_for_helper(imap);
            plait__mutex_lock(&imap->mutex);
        } else {
            uint32_t claim = wait_for_news(imap, deadline, true);
            if (!plait__claimed_node(claim)) status = plait__claim_status(claim);
        }
    }
    struct plait__link *first = plait__list_first(&imap->out);
    if (first && slot_of_out(first)->done) {
        *slot = slot_of_out(first);
        plait__list_remove(first);
        status = PLAIT_OK;
    }
    plait__mutex_unlock(&imap->mutex);
    return status;
}

void plait__imap_stop(plait_imap *imap) {
    if (imap->far) {
        plait__imap_far_stop(imap);
        return;
    }
    plait__mutex_lock(&imap->mutex);
    imap->closing = true;
    imap->filled = (struct plait__list){0};
    while (imap->running) (void)wait_for_news(imap, PLAIT_FOREVER, false);
    plait__mutex_unlock(&imap->mutex);
}

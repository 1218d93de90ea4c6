/* imap_far.c - an imap in a pool whose tasks run in other processes: each slot that is filled goes to the pool as a chunk.
 * The consumer waits as those who wait for a result do; whoever hears of a chunk's end makes its slot done, under the
 * imap's mutex, wakes the consumer by its address, and touches the imap no more. */
#include <base/memory.h>
#include <plait/raise.h>
#include <pool/imap.h>
#include <pool/pool.h>
#include <string.h>
#include <wait/parking.h>

static struct plait__imap_slot *slot_of(struct plait__chunk *chunk) {
    return plait__of_link(chunk, struct plait__imap_slot, chunk);
}

/* An item has failed, or was left out: as in a pool of threads. */
static void item_failed(struct plait__range *range, size_t item, plait_status status, char *message) {
    struct plait__imap_slot *slot = slot_of(plait__of_link(range, struct plait__chunk, range));
    slot->range.failed(&slot->range, item, status, message);
}

static void over(struct plait__chunk *chunk) {
    struct plait__imap_slot *slot = slot_of(chunk);
    plait_imap *imap = slot->imap;
    struct plait__wakes wakes = {.count = 0};
    for (; chunk->at < chunk->to; chunk->at++)
        item_failed(&chunk->range, chunk->at, chunk->status, plait__copy_string(chunk->words));
    slot->ticks = chunk->ticks;
    plait__mutex_lock(&imap->mutex);
    plait__imap_finish(imap, slot, &wakes);
    plait__mutex_unlock(&imap->mutex);
    plait__unpark_all(imap);
}

void plait__imap_far_put(plait_imap *imap, struct plait__imap_slot *slot) {
    struct plait__chunk *chunk = &slot->chunk;
    *chunk = (struct plait__chunk){
        .range = slot->range,
        .to = slot->count,
        .token = imap->token,
        .shielded = imap->shielded,
        .over = over,
    };
    chunk->range.failed = item_failed;
    plait__mutex_lock(&imap->mutex);
    if (!imap->options.unordered) plait__list_append(&imap->out, &slot->out);
    imap->running++;
    plait__mutex_unlock(&imap->mutex);
    plait_status status = imap->pool->operations->chunk(imap->pool, chunk);
    if (status == PLAIT_OK) return;
    chunk->status = status;
    chunk->words = status == PLAIT_INVALID ? plait_last_message() : NULL;
    over(chunk);
}

static bool is_ready(const void *context) {
    plait_imap *imap = (plait_imap *)(uintptr_t)context;
    return plait__imap_ready(imap);
}

plait_status plait__imap_far_wait(plait_imap *imap, plait_deadline deadline) {
    if (is_ready(imap)) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    return imap->pool->operations->wait(imap->pool, "imap", imap, is_ready, imap, deadline, true);
}

static bool has_stopped(const void *context) {
    plait_imap *imap = (plait_imap *)(uintptr_t)context;
    plait__mutex_lock(&imap->mutex);
    bool stopped = !imap->running;
    plait__mutex_unlock(&imap->mutex);
    return stopped;
}

void plait__imap_far_stop(plait_imap *imap) {
    plait__mutex_lock(&imap->mutex);
    imap->closing = true;
    plait__mutex_unlock(&imap->mutex);
    (void)plait_cancel(imap->token);
    if (!has_stopped(imap))
        (void)imap->pool->operations->wait(imap->pool, "imap", imap, has_stopped, imap, PLAIT_FOREVER, false);
}

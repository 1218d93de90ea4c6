/* join.c - task_done and join: whether all that was put has been dealt with.
 *
 * `unfinished` is counted up by puts, and down by task_done and by what discards items, all under the mutex;
 * whoever brings it to 0 claims all joiners. task_done does not look at items, so it needs no turn.
 */
#include <queue/queue.h>

static plait_status all_done(plait_queue *queue, struct plait__call *call, struct plait__wakes *wakes) {
    (void)call;
    (void)wakes;
    return queue->unfinished ? PLAIT_BUSY : PLAIT_OK;
}

plait_status plait_queue_task_done_many(plait_queue *queue, size_t count) {
    if (!queue) return PLAIT_INVALID;
    if (plait__queue_has_lanes(queue) && plait__lane_done(queue, count)) return PLAIT_OK;
    struct plait__wakes wakes = {.count = 0};
    if (!plait__queue_lock(queue)) return PLAIT_BROKEN;
    bool known = count <= queue->unfinished;
    if (known) queue->unfinished -= count;
    if (!queue->unfinished) plait__claim_all(&queue->joiners.nodes, &wakes);
    plait__queue_unlock(queue, &wakes);
    return known ? PLAIT_OK : PLAIT_OVERFLOW;
}

plait_status plait_queue_task_done(plait_queue *queue) {
    return plait_queue_task_done_many(queue, 1);
}

plait_status plait_queue_join_until(plait_queue *queue, plait_deadline deadline) {
    if (!queue) return PLAIT_INVALID;
    struct plait__call call = {.attempt = all_done,
                               .side = offsetof(struct plait_queue, joiners),
                               .kind = "queue.join",
                               .any = true};
    return plait__queue_perform(queue, &call, deadline);
}

plait_status plait_queue_join(plait_queue *queue) {
    return plait_queue_join_until(queue, PLAIT_FOREVER);
}

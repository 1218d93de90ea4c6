/* cases.c - puts and gets as cases of a select.
 *
 * An attempt is a put or get that does not wait. Whether a node must be listed is asked under the mutex
 * alone: who compares items counts them under the mutex, and looks for nodes there.
 */
#include <queue/queue.h>
#include <wait/case.h>

static bool is_rendezvous(const plait_queue *queue) {
    return queue->items.order == PLAIT__RENDEZVOUS;
}

static bool attempt(plait_case *one, struct plait__call call) {
    one->status = plait__queue_try(one->object, &call);
    return one->status != PLAIT_BUSY;
}

/* Lists the node unless there is something to be done. Under the mutex, which it gives back. */
static bool enqueue(plait_queue *queue, bool ready, struct plait__side *side, struct plait__node *node) {
    struct plait__wakes wakes = {.count = 0};
    if (!ready) plait__queue_enter(queue, side, node, false);
    plait__queue_unlock(queue, &wakes);
    return !ready;
}

static void dequeue(plait_queue *queue, struct plait__side *side, struct plait__node *node) {
    struct plait__wakes wakes = {.count = 0};
    if (!plait__queue_lock(queue)) return;
    plait__queue_come_back(queue, side, node);
    plait__queue_unlock(queue, &wakes);
}

static bool get_attempt(plait_case *one) {
    return attempt(one, plait__get_of(one->item));
}

static bool get_enqueue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    if (!plait__queue_lock(queue)) return false;
    bool ready = queue->items.ring.count || queue->shut_down ||
                 (is_rendezvous(queue) && plait__rendezvous_possible(&queue->putters, node->waiter));
    node->item = one->item;
    return enqueue(queue, ready, &queue->getters, node);
}

static void get_dequeue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    dequeue(queue, &queue->getters, node);
}

static bool put_attempt(plait_case *one) {
    return attempt(one, plait__put_of(one->item));
}

static bool put_enqueue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    if (!plait__queue_lock(queue)) return false;
    bool ready = is_rendezvous(queue) ? plait__rendezvous_possible(&queue->getters, node->waiter)
                                      : !plait__queue_is_full(queue);
    node->item = one->item;
    return enqueue(queue, ready || queue->shut_down, &queue->putters, node);
}

static void put_dequeue(plait_case *one, struct plait__node *node) {
    plait_queue *queue = one->object;
    dequeue(queue, &queue->putters, node);
}

static const struct plait__case_kind get_kind = {"queue.get", get_attempt, get_enqueue, get_dequeue};
static const struct plait__case_kind put_kind = {"queue.put", put_attempt, put_enqueue, put_dequeue};

plait_case plait_case_get_sized(plait_queue *queue, void *item, size_t size) {
    if (!plait__queue_fits(queue, item, size)) return (plait_case){0};
    return (plait_case){.kind = &get_kind, .object = queue, .item = item};
}

plait_case plait_case_put_sized(plait_queue *queue, const void *item, size_t size) {
    if (!plait__queue_fits(queue, item, size)) return (plait_case){0};
    return (plait_case){.kind = &put_kind, .object = queue, .item = (void *)(uintptr_t)item};
}

/* descriptor.c - a descriptor that tells a foreign event loop when there is something to get.
 *
 * An eventfd, rung when something comes where nothing was and drained when nothing is left, under the mutex
 * both times: so it is readable exactly when there is something, whoever puts and gets, and `readable` says
 * which it is without a system call. Rung outside the mutex it could stay readable, or not, for ever, when
 * two threads overtake each other. A ring wakes the loop before the mutex is given back; the loop then finds
 * it taken for an instant.
 *
 * A queue that has one is not `plain` any more, so that those without pay nothing; every other path ends in
 * plait__queue_give_back, which comes here. The child of a fork shares its parent's eventfd and so keeps its
 * hands off it, which the generation tells.
 */
#include <base/os.h>
#include <base/status.h>
#include <queue/queue.h>
#include <unistd.h>

static bool something_to_get(const plait_queue *queue) {
    if (queue->items.ring.count || queue->shut_down) return true;
    return queue->items.order == PLAIT__RENDEZVOUS && !plait__list_empty(&queue->putters.nodes);
}

void plait__descriptor_settle(plait_queue *queue) {
    bool something = something_to_get(queue);
    if (something == queue->readable || queue->descriptor_generation != plait__generation()) return;
    queue->readable = something;
    if (something)
        plait__os_bell_ring(queue->descriptor);
    else
        plait__os_bell_drain(queue->descriptor);
}

void plait__descriptor_close(plait_queue *queue) {
    if (queue->descriptor >= 0) close(queue->descriptor);
    queue->descriptor = -1;
}

static int begin_descriptor(plait_queue *queue) {
    if (queue->descriptor_generation != plait__generation()) plait__descriptor_close(queue);
    if (queue->descriptor >= 0) return queue->descriptor;
    queue->descriptor = plait__os_bell_new();
    queue->descriptor_generation = plait__generation();
    queue->readable = false;
    if (queue->descriptor < 0)
        plait__set_last_error(PLAIT_ERRNO);
    else
        plait__store(&queue->plain, false);
    return queue->descriptor;
}

int plait_queue_descriptor(plait_queue *queue) {
    struct plait__wakes wakes = {.count = 0};
    if (!queue || !plait__queue_lock(queue)) {
        plait__set_last_error(queue ? PLAIT_BROKEN : PLAIT_INVALID);
        return -1;
    }
    int descriptor = begin_descriptor(queue);
    plait__queue_unlock(queue, &wakes);
    return descriptor;
}

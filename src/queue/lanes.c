/* lanes.c - where the lanes of a FIFO queue meet the rest, and their patience; the essay is in lanes.h. */
#include <queue/queue.h>
#include <wait/spin.h>

enum { NEAREST = 7, FARTHEST = 1, MANY = 4 };

static bool needs_wake(const struct plait__side *side) {
    return !plait__list_empty(&side->nodes) && !side->waking;
}

bool plait__lanes_gather(plait_queue *queue) {
    if (plait__unlikely(!plait__mutex_lock(&queue->get_mutex))) return false;
    struct plait__ring *ring = &queue->items.ring;
    struct plait__lane *put = &queue->put, *get = &queue->get;
    ring->first = get->index;
    plait__store(&ring->count, put->index - get->index);
    queue->unfinished += put->index - put->counted - get->done;
    return true;
}

/* How far each lane may go. A put is stuck when the queue is full; where only the ring is full, that must
 * grow elsewhere. A get is stuck when the queue is empty; but when so few items are left that the ring is too
 * large, it must shrink elsewhere. */
static void tell_how_far(plait_queue *queue) {
    const struct plait__ring *ring = &queue->items.ring;
    bool bounded = queue->maxsize && queue->maxsize <= ring->capacity;
    queue->put.ahead = (int64_t)(bounded ? queue->maxsize : ring->capacity);
    queue->put.may_be_stuck = bounded;
    queue->get.ahead = ring->shrink_below ? 1 - (int64_t)ring->shrink_below : 0;
    queue->get.may_be_stuck = !ring->shrink_below;
}

/* Both indexes only grow, and who has seen the one for gets sees one for puts that is not below it. */
static void tell_what_was_done(plait_queue *queue) {
    const struct plait__ring *ring = &queue->items.ring;
    struct plait__lane *put = &queue->put, *get = &queue->get;
    plait__store(&put->index, ring->first + ring->count);
    plait__store_release(&get->index, ring->first);
    put->counted = put->index;
    get->done = 0;
    get->left = queue->unfinished;
}

void plait__lanes_tell(plait_queue *queue) {
    struct plait__lane *put = &queue->put, *get = &queue->get;
    bool getters = needs_wake(&queue->getters), putters = needs_wake(&queue->putters);
    tell_what_was_done(queue);
    tell_how_far(queue);
    put->elsewhere = !queue->plain || getters || (putters && !plait__queue_is_full(queue));
    get->elsewhere = !queue->plain || putters || (getters && queue->items.ring.count);
    put->limit = put->index; /* so that they see the rest */
    get->limit = get->index;
    plait__mutex_unlock(&queue->get_mutex);
}

void plait__lanes_begin(plait_queue *queue) {
    queue->put.nearness = queue->get.nearness = (NEAREST + FARTHEST) / 2;
    (void)plait__lanes_gather(queue);
    plait__lanes_tell(queue);
}

/* Many items since it was stuck last: look from farther away. None but the one: from as near as can be. */
static void learn(struct plait__lane *lane) {
    uint64_t items = lane->index - lane->stuck_at;
    lane->stuck_at = lane->index;
    if (items >= MANY && lane->nearness > FARTHEST) lane->nearness--;
    if (items <= 1) lane->nearness = NEAREST;
}

static bool looks_stuck(const struct plait__lane *lane, const struct plait__lane *other, int64_t ahead) {
    return (int64_t)(plait__load(&lane->index) - plait__load(&other->index)) >= ahead;
}

plait_status plait__lane_wait(plait_queue *queue, const struct plait__call *call, uint32_t **away) {
    bool putting = call->attempt == plait__queue_put;
    struct plait__lane *lane = putting ? &queue->put : &queue->get;
    const struct plait__lane *other = putting ? &queue->get : &queue->put;
    struct plait__mutex *mutex = plait__lane_mutex(queue, putting);
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return PLAIT_BUSY;
    if (!plait__mutex_lock(mutex)) return PLAIT__ELSEWHERE;
    plait_status status;
    learn(lane);
    spin.gap = plait__spin_wake_cost() >> lane->nearness;
    spin.longest = lane->nearness == NEAREST ? spin.gap : spin.gap * 4;
    for (bool patient = true;;) {
        status = plait__lane_step(queue, putting, call->item, queue->items.size);
        if (status != PLAIT_BUSY || !patient) break;
        int64_t ahead = lane->ahead;
        const char *place = plait__lane_place(queue, lane->index, queue->items.size);
        lane->away++;
        plait__mutex_unlock(mutex);
        do {
            patient = plait__spin_again(&spin);
        } while (patient && looks_stuck(lane, other, ahead));
        __builtin_prefetch(place); /* the item's line comes while the mutex is taken */
        plait__mutex_lock(mutex);
        lane->away--;
    }
    if (status == PLAIT_BUSY) {
        lane->away++;
        *away = &lane->away;
    }
    plait__mutex_unlock(mutex);
    return status;
}

bool plait__lane_done(plait_queue *queue, size_t tasks) {
    struct plait__lane *lane = &queue->get;
    if (!plait__mutex_lock(&queue->get_mutex)) return false;
    bool more = lane->left > tasks && queue->generation == plait__generation();
    if (more) {
        lane->left -= tasks;
        lane->done += tasks;
    }
    plait__mutex_unlock(&queue->get_mutex);
    return more;
}

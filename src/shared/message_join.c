/* message_join.c - when all messages that were put have also been dealt with.
 *
 * Each process that gets from a ring has a place in it: what it got, counted under the get lane's lock, and
 * what it said it has done. All is done when the ring is empty and every process that lives has done what it
 * got. So nothing has to be right about the books of the dead: theirs are looked at once, so that one who
 * joins is told that work was lost, and then their place is free. A process that finds none shares the last
 * place with all others like it, and that is never taken for dead.
 */
#include <shared/message_ring.h>

/* ---- places ---- */

/* Under the get lane's lock: a place that nobody needs any more. What its owner had not done is told to who
 * joins. */
static uint32_t dead_place(struct plait__message_shared *shared) {
    for (uint32_t i = 0; i < PLAIT__CONSUMERS; i++) {
        const struct plait__consumer *consumer = &shared->consumers[i];
        if (consumer->process && plait__process_alive(consumer->process)) continue;
        if (consumer->process && consumer->got != consumer->done) shared->lost = 1;
        return i;
    }
    return PLAIT__CONSUMERS;
}

/* Under the get lane's lock. A place is given away by one store, of the process. */
static uint32_t find_place(struct plait__message_shared *shared, uint64_t self) {
    for (uint32_t i = 0; i < shared->consumers_used; i++)
        if (shared->consumers[i].process == self) return i;
    bool fresh = shared->consumers_used < PLAIT__CONSUMERS;
    uint32_t place = fresh ? shared->consumers_used++ : dead_place(shared);
    if (place == PLAIT__CONSUMERS) return place;
    struct plait__consumer *consumer = &shared->consumers[place];
    consumer->process = 0;
    plait__keep_order();
    consumer->got = consumer->done = 0;
    plait__keep_order();
    consumer->process = self;
    return place;
}

static struct plait__consumer *place_of(struct plait__message_ring *ring) {
    uint32_t generation = plait__generation() + 1;
    if (plait__unlikely(plait__load_acquire(&ring->consumer_generation) != generation)) {
        plait__store(&ring->consumer, find_place(ring->shared, plait__process_self()));
        plait__store_release(&ring->consumer_generation, generation);
    }
    return &ring->shared->consumers[plait__load(&ring->consumer)];
}

void plait__message_got(struct plait__message_ring *ring, int count) {
    place_of(ring)->got += (uint32_t)count;
}

plait_status plait__message_task_done(struct plait__message_ring *ring) {
    struct plait__message_shared *shared = ring->shared;
    if (!plait__message_lock_surely(ring, "message_queue.task_done", &shared->get)) return PLAIT_ERRNO;
    struct plait__consumer *consumer = place_of(ring);
    bool too_often = consumer->done == consumer->got;
    if (!too_often) consumer->done++;
    plait__message_unlock(&shared->get);
    plait__side_wake(&shared->joiners);
    return too_often ? PLAIT_OVERFLOW : PLAIT_OK;
}

/* ---- joining ---- */

/* Under the get lane's lock: whether somebody has not done what he got. One who is found dead does not count,
 * and is remembered in `lost`. */
static bool owes(struct plait__message_call *call, struct plait__consumer *consumer) {
    struct plait__message_shared *shared = call->ring->shared;
    if (consumer == &shared->consumers[PLAIT__CONSUMERS]) return consumer->got != consumer->done;
    if (!consumer->process || consumer->got == consumer->done) return false;
    call->hindered = true;
    if (!call->look || plait__process_alive(consumer->process)) return true;
    shared->lost = 1;
    plait__keep_order();
    consumer->process = 0;
    return false;
}

static plait_status look_at_books(struct plait__message_call *call) {
    struct plait__message_shared *shared = call->ring->shared;
    bool owed = owes(call, &shared->consumers[PLAIT__CONSUMERS]);
    for (uint32_t i = 0; i < shared->consumers_used; i++) owed |= owes(call, &shared->consumers[i]);
    if (owed) return PLAIT_BUSY;
    if (!shared->lost) return PLAIT_OK;
    shared->lost = 0;
    return PLAIT_CRASHED;
}

/* What was reserved and then abandoned is no message, nor is what a put gave up in the middle; and perhaps nobody else
 * comes to pass over it. */
static plait_status attempt_join(struct plait__message_call *call) {
    struct plait__message_shared *shared = call->ring->shared;
    struct plait__record *next;
    bool passed = false;
    plait_status status = plait__message_lock(call, &shared->get);
    if (status != PLAIT_OK) return status;
    (void)plait__message_find(call, &next, &passed);
    uint64_t *tail = &shared->put.index, seen = plait__load_acquire(tail);
    bool empty = plait__load(&shared->shut) == PLAIT__SHUT_AT_ONCE || seen >> 32 == shared->get.index >> 32;
    (void)plait__message_stuck(call, tail, seen);
    status = empty ? look_at_books(call) : PLAIT_BUSY;
    plait__message_unlock(&shared->get);
    if (passed) plait__side_wake(&shared->putters);
    return status;
}

static bool always(const void *ring) {
    return ring != NULL;
}

plait_status plait__message_join(struct plait__message_call *call) {
    return plait__message_run(call, attempt_join, &call->ring->shared->joiners, always);
}

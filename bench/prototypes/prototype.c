/* bench-prototype - the candidates for the FIFO queue beside each other, beside the queue that has come of them, and
 * crossbeam's. The shapes are those of bench-queue.
 */
#include "prototype.h"

#include "../parts.h"
#include "../peers.h"
#include "../queue_kinds.h"

#include <plait/queue.h>

static void *plait_make(size_t room) {
    return plait_queue_of(uint64_t, room);
}

static void plait_put(void *queue, uint64_t item) {
    if (plait_queue_put((plait_queue *)queue, &item)) bench_fail("plait_queue_put failed");
}

static uint64_t plait_get(void *queue) {
    uint64_t item = QUEUE_END;
    if (plait_queue_get((plait_queue *)queue, &item)) bench_fail("plait_queue_get failed");
    return item;
}

QUEUE_LOOPS(plait)
const struct queue_kind queue_plait = QUEUE_KIND(plait);
const struct queue_kind queue_crossbeam = {.program = BENCH_RUST, .name = "crossbeam"};

static const struct bench_contestant candidates[] = {
    PEER_RUST("crossbeam", queue_crossbeam),
    {.who = "one lock", .what = &prototype_one_lock},
    {.who = "two locks", .what = &prototype_two_locks},
    {.who = "cells", .what = &prototype_cells},
    {.who = "plait", .ours = true, .what = &queue_plait},
};

const struct queue_contestants queues_bounded = {candidates, 5};
const struct queue_contestants queues_unbounded = {candidates, 5};
const struct queue_contestants queues_alone_bounded = {candidates, 5};
const struct queue_contestants queues_alone_unbounded = {NULL, 0};
const struct queue_contestants queues_rendezvous = {NULL, 0};

int main(int argc, char **argv) {
    bench_start("prototype", argc, argv);
    compare_queue_alone();
    compare_queue_flow();
    return bench_finish();
}

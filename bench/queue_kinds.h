/* queue_kinds.h - the queues that are compared, as tables of contestants for the shapes of bench-queue. */
#ifndef BENCH_QUEUE_KINDS_H
#define BENCH_QUEUE_KINDS_H

#include "queue_kind.h"
#include "support.h"

struct queue_contestants {
    const struct bench_contestant *table;
    int count;
};

extern const struct queue_contestants queues_bounded;
extern const struct queue_contestants queues_unbounded;
extern const struct queue_contestants queues_one_by_one; /* unbounded, without those that take several */
extern const struct queue_contestants queues_alone_bounded;
extern const struct queue_contestants queues_alone_unbounded;
extern const struct queue_contestants queues_priority; /* smallest first; put and get only */
extern const struct queue_contestants queues_rendezvous;

extern const struct queue_kind queue_plait;
extern const struct queue_kind queue_glib;
extern const struct queue_kind queue_apr;
extern const struct queue_kind queue_crossbeam;
extern const struct queue_kind queue_go;

#endif

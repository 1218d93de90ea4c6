/* queue_kind.h - a kind of queue as the benchmarks see it: how to make one, and the loops that use it, with
 * its put and get compiled into them so that nobody pays for an indirect call. For C and C++.
 */
#ifndef BENCH_QUEUE_KIND_H
#define BENCH_QUEUE_KIND_H

#include "work.h"

#include <stdbool.h>
#include <stddef.h>

/* Items are numbers from 1; this one says that no more come. Not 0, which some queues of pointers refuse. */
#define QUEUE_END UINT64_MAX

typedef void queue_put(void *queue, uint64_t item);
typedef uint64_t queue_get(void *queue);

struct queue_kind {
    /* A peer that is a program of its own, and its name there. The rest is then NULL. */
    const char *program;
    const char *name;

    void *(*make)(size_t room); /* 0: any number of items. The queue is never freed: the process ends. */
    queue_put *put;
    queue_get *get;
    void (*put_all)(void *queue, uint64_t from, uint64_t to);
    uint64_t (*get_all)(void *queue);                     /* until the end; the sum of the items */
    uint64_t (*put_and_get)(void *queue, uint64_t items); /* by turns; the sum of the items */
};

BENCH_INLINE void queue_put_all(queue_put *put, void *queue, uint64_t from, uint64_t to) {
    for (uint64_t item = from; item < to; item++) put(queue, item);
}

BENCH_INLINE uint64_t queue_get_all(queue_get *get, void *queue) {
    uint64_t sum = 0;
    for (uint64_t item; (item = get(queue)) != QUEUE_END;) sum += item;
    return sum;
}

BENCH_INLINE uint64_t queue_put_and_get(queue_put *put, queue_get *get, void *queue, uint64_t items) {
    uint64_t sum = 0;
    for (uint64_t item = 1; item <= items; item++) {
        put(queue, item);
        sum += get(queue);
    }
    return sum;
}

/* The loops for a kind that has name_put and name_get. */
#define QUEUE_LOOPS(name) \
    static void name##_put_all(void *queue, uint64_t from, uint64_t to) { \
        queue_put_all(name##_put, queue, from, to); \
    } \
    static uint64_t name##_get_all(void *queue) { \
        return queue_get_all(name##_get, queue); \
    } \
    static uint64_t name##_put_and_get(void *queue, uint64_t items) { \
        return queue_put_and_get(name##_put, name##_get, queue, items); \
    }

/* The kind itself, which also has name_make. */
#define QUEUE_KIND(name) \
    { NULL, NULL, name##_make, name##_put, name##_get, name##_put_all, name##_get_all, name##_put_and_get }

/* Those of bench/peers/tbb. */
#ifdef __cplusplus
extern "C" {
#endif
extern const struct queue_kind queue_tbb_bounded;
extern const struct queue_kind queue_tbb_polled; /* these have no get that waits: for one thread only */
extern const struct queue_kind queue_tbb_priority;
#ifdef __cplusplus
}
#endif

#endif

/* injector.h - the pool's common queue: what was handed over from outside, and what a worker's ring cannot hold.
 *
 * Futures, and maps, which stay at the head while they have items left, so that every worker that comes takes
 * part. All of it is guarded by the pool's mutex.
 */
#ifndef PLAIT__INJECTOR_H
#define PLAIT__INJECTOR_H

#include <base/list.h>
#include <pool/map.h>

struct plait__injector {
    struct plait__list jobs;
    uint32_t count; /* of futures */
};

static inline plait_future *plait__job_future(struct plait__job *job) {
    return plait__of_link(job, plait_future, job);
}

static inline struct plait__map *plait__job_map(struct plait__job *job) {
    return plait__of_link(job, struct plait__map, job);
}

void plait__injector_add(struct plait__injector *injector, struct plait__job *job);
/* The next job with work in it; NULL: none. Maps whose items have all been taken leave the queue. */
struct plait__job *plait__injector_first(struct plait__injector *injector);
/* The same; a future is off the queue then. */
struct plait__job *plait__injector_take(struct plait__injector *injector);
/* Moves all futures to another list; maps stay. */
void plait__injector_take_futures(struct plait__injector *injector, struct plait__list *taken);

#endif

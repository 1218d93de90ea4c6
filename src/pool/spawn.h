/* spawn.h - children, from inside: what each worker has for its own and for those that it steals. The public side is
 * plait/spawn.h; the essay stands in spawn.c.
 */
#ifndef PLAIT__SPAWN_H
#define PLAIT__SPAWN_H

#include <plait/spawn.h>
#include <pool/deque.h>
#include <wait/self.h>

struct plait__worker;

struct plait__spawner {
    /* Only its own thread looks at these. */
    struct plait__self *self;
    struct plait__stolen *running; /* the stolen child that it runs; innermost first */
    int64_t returned;              /* own children that were stolen, and have come back */
    /* Others look at these. */
    uint32_t wanted; /* somebody is parked on a child that this worker runs, and would take part */
    uint32_t stolen; /* how many it has stolen; written by its own thread */
    struct plait__deque children; /* that nobody has begun */
};

/* The worker begins; called by its own thread. */
void plait__spawner_begin(struct plait__spawner *spawner);

/* Steals a child from the victim and runs it; false: there was none. */
bool plait__spawn_steal(struct plait__worker *thief, struct plait__worker *victim);
/* Whether it has one to steal: a look without any order. */
bool plait__spawn_any(const struct plait__worker *victim);

/* All that was running on the worker has been left by pthread_exit: forgets the children that nobody has begun, and
 * ends the program if somebody has begun one. */
void plait__spawn_abandon(struct plait__worker *worker);

#endif

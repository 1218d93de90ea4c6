/* thread_pool.h - the pool of threads: its queue, its workers, and who wakes whom.
 *
 * All of it is guarded by one mutex. Jobs (futures and maps) stand in one queue, first in, first out. A
 * future is taken off by the worker that will run it. A map stays at the head, so that every worker that
 * comes takes part in it, until all its items have been taken.
 *
 * A worker without work puts itself on the list of the idle, newest first, and sleeps. At most one worker
 * is on its way at any time (`waking`): it was claimed from that list, or its thread is being started. When
 * it arrives it takes a job and, if there is more work, sets the next one going before it begins. So a
 * submit costs at most one wake, and mostly none, however many tasks are submitted in a row.
 * No wake-up is lost. Outside the mutex it always holds that if there is work in the queue, a worker is on
 * its way, or nobody is idle and no thread may be started: then all are at work and look at the queue
 * before they become idle. A submit, and a worker that arrives, make it so by plait__pool_rouse.
 * If a thread cannot be started, an idle one goes in its stead; if there is no other at all, everything in
 * the queue fails with the reason.
 *
 * At exit the process waits for what the workers have to do, and not for idle ones: each counts as awaited
 * (thread/registry.h) but while it is idle, and whoever claims an idle one counts it again.
 *
 * The pool's memory is held by its handle and by each worker. Futures only compare its address.
 */
#ifndef PLAIT__THREAD_POOL_H
#define PLAIT__THREAD_POOL_H

#include <plait/thread.h>
#include <pool/pool.h>
#include <wait/waiter.h>

struct plait__thread_pool {
    plait_pool pool;
    struct plait__mutex mutex;
    uint32_t references; /* not under the mutex: atomic */
    uint32_t generation; /* of forks, when it was made */
    uint32_t number, most;
    uint32_t live;           /* workers started, or being started, and not ended */
    uint32_t last_worker;    /* number of the one started last */
    bool closed, discarding; /* no more tasks from outside; none from its own tasks either */
    bool waking;
    struct plait__list jobs;
    struct plait__list idle;    /* struct idle, worker.c */
    struct plait__list joiners; /* struct plait__node */
};

/* What one worker knows; only its own thread looks at it. */
struct plait__worker {
    struct plait__thread_pool *pool;
    plait_thread *thread;
    uint32_t number;
    plait_token *spare;    /* for the next task */
    plait_future *taken;   /* from the queue, with the queue's reference */
    plait_future *running; /* the innermost */
};

/* The calling thread as a worker, or NULL. */
struct plait__worker *plait__worker(void);

/* Looks whether somebody must be set going, under the mutex. True: the caller must call plait__pool_start
 * after it has given the mutex back; then the wakes are sent too. */
bool plait__pool_rouse(struct plait__thread_pool *pool, struct plait__wakes *wakes);
void plait__pool_start(struct plait__thread_pool *pool);

/* The job to do next, under the mutex; a future is off the queue then. NULL: none. */
struct plait__job *plait__pool_take(struct plait__thread_pool *pool);
/* A worker has ended; under the mutex. */
void plait__pool_ended(struct plait__thread_pool *pool, struct plait__wakes *wakes);
void plait__pool_drop(struct plait__thread_pool *pool);

/* worker.c: starts the thread of worker `number`. */
plait_status plait__worker_start(struct plait__thread_pool *pool, uint32_t number);
/* Claims an idle worker, under the mutex; false if there is none. */
bool plait__worker_claim(struct plait__thread_pool *pool, struct plait__wakes *wakes);

#endif

/* thread_pool.h - the pool of threads: where work waits, who takes it, and who wakes whom.
 *
 * Work waits in three kinds of places. What comes from outside goes into the pool's common queue
 * (injector.h), and so does what a ring cannot hold. What a task hands over goes into the ring of its worker
 * (task_ring.h), without a lock. What a task forks (spawn.h) goes into the deque of its worker. A worker
 * takes its next job from its own ring; every 61st time, and when the ring is empty, from the common queue,
 * from which it moves a batch into its ring; then it looks at all others, beginning with one at random, and
 * takes half of a ring that it finds work in, or else a child from a deque. The idea is that of Cilk and of
 * Blumofe and Leiserson (1999); rings, batches and the odd number are Go's and Tokio's.
 *
 * WHO WAKES WHOM. A worker that finds nothing puts itself on the list of the idle, newest first, and sleeps.
 * At most one worker is on its way at any time (`waking`, under the mutex): it was claimed from that list, or
 * its thread is being started. It stays on its way while it looks for work; when it has some it says so
 * (plait__crew_busy) and sets the next one going if there is more anywhere. So a burst of submits costs one
 * wake, however many they are, and one more for each worker for which there is really work.
 *
 * No wake-up is lost: if there is work in any place, a worker is on its way, or nobody is idle and no thread
 * may be started, or somebody is just about to see that work. For the common queue that follows from the
 * mutex, and from one word (injector.h): whoever adds to it under the mutex sets somebody going in the same
 * critical section; without the mutex only when nobody could be set going or somebody is on his way; and
 * whoever becomes idle, or has arrived, looks at it in the critical section in which he makes that untrue,
 * after he has. Rings and deques have no lock, but the word `call`, which says what a worker has to do after
 * a put (plait__worker_pushed):
 *   SATED      nobody could be set going: nothing
 *   HUNGRY     somebody could, and nobody is on his way: take the mutex and set him going; if somebody is
 *              on his way by then, as with SEARCHING
 *   SEARCHING  somebody is on his way: turn it to MORE by compare-and-swap, so that he sets the next going
 *   MORE       that has been done: nothing
 * It is changed under the mutex, by exchange, but for the step from SEARCHING to MORE.
 *   - A put stands before its look at `call` (plait__store_ordered, plait__load_seq: order.h). A worker that
 *     becomes idle goes on the list, which makes `call` HUNGRY or SEARCHING, then calls plait__os_order_all,
 *     and then looks at all rings and deques once more before it sleeps. So one of the two sees the other. It
 *     needs none of that if no other worker is at work: then nobody puts.
 *   - A put that found MORE, or SEARCHING and made it MORE, relies on the one who is on his way. When he
 *     arrives he takes MORE away, by the exchange, and sets the next one going, without looking whether there
 *     is still work: that next one does. If he finds nothing he becomes idle and looks again, as above.
 *   - Whoever is on his way may not do what he was called for, but find something else first. That is why he
 *     looks at all rings when he arrives: under the mutex, under which he was called after the put.
 *   - Work that moves from place to place cannot be seen for a moment. Whoever moves it does as if he had put
 *     it: into the common queue under the mutex, or into his own ring with a look at `call`.
 * If a thread cannot be started, an idle one goes in its stead; if there is no worker at all, everything in
 * the common queue fails with the reason (rings are empty then: a worker that ends has emptied its own).
 *
 * The workers' structs are never freed before the pool is, so that anybody may look at them at any time; one
 * whose thread has ended is used again for the next. They are found through the roster, an array that
 * is replaced by a larger one when it is full; the old one stays, for those who are just reading it.
 *
 * At exit the process waits for what the workers have to do, and not for idle ones: each counts as awaited
 * (thread/registry.h) but while it is idle, and whoever claims an idle one counts it again.
 *
 * The pool's memory is held by its handle and by each worker. Futures only compare its address.
 */
#ifndef PLAIT__THREAD_POOL_H
#define PLAIT__THREAD_POOL_H

#include <plait/thread.h>
#include <pool/injector.h>
#include <pool/spawn.h>
#include <pool/stuck.h>
#include <pool/task_ring.h>
#include <wait/waiter.h>

/* What became of tasks. Each worker counts for itself; others only read. */
struct plait__tally {
    uint64_t submitted; /* by its tasks, into its ring */
    uint64_t begun;
    uint64_t done, failed, cancelled;         /* of those begun */
    uint64_t failed_before, cancelled_before; /* they were begun */
    uint64_t stolen;
};

static inline void plait__count(uint64_t *counter, uint64_t more) {
    plait__store(counter, plait__load(counter) + more);
}

/* What `call` says; odd: there is something to do. */
enum plait__call { PLAIT__SATED = 0, PLAIT__HUNGRY = 1, PLAIT__MORE = 2, PLAIT__SEARCHING = 3 };

/* The workers: numbers 0 .. count - 1 are there. */
struct plait__roster {
    struct plait__roster *before;
    uint32_t capacity;
    struct plait__worker *workers[];
};

struct plait__thread_pool {
    plait_pool pool;
    uint32_t references; /* atomic */
    uint32_t generation; /* of forks, when it was made */
    uint32_t number;
    uint32_t call;                /* see above */
    uint32_t count;               /* of workers in the roster: read it first, with acquire */
    struct plait__roster *roster; /* NULL: no worker yet */
    char apart[64];
    bool surplus;              /* more live than may be; changed under the mutex, read without */
    struct plait__mutex mutex; /* guards what follows */
    uint32_t least, most;      /* workers that stay when idle; that may be */
    uint32_t leaving;          /* of those live, on their way out */
    uint32_t most_live;        /* ever */
    uint32_t live;             /* workers started, or being started, and not ended */
    uint32_t resting;          /* of these, on the list of the idle */
    uint32_t last_worker;      /* number of the one started last */
    bool closed;               /* no more tasks from outside */
    bool broken;               /* an initializer has failed; discarding, too */
    bool waking;
    struct plait__tally others; /* of tasks that no worker has begun or will begin */
    struct plait__injector injector;
    struct plait__list idle;    /* struct rest, crew.c */
    struct plait__list vacant;  /* workers without a thread */
    struct plait__list joiners; /* struct plait__node */
    struct plait__list putters; /* struct plait__node: submits that wait for room */
    /* Atomic. None from its own tasks either, and none begins any more; those that run are asked to stop. */
    bool discarding, terminating; /* see thread_pool_end.c */
    /* Never changes. */
    bool rings;          /* what tasks hand over goes into rings: it is FIFO */
    int64_t idle_ns;     /* INT64_MAX: for ever */
    size_t most_pending; /* 0: any number */
    plait_pool_full when_full;
    size_t stack_size;
    char *name; /* NULL: pool-N */
    void (*initializer)(void *argument);
    void (*finalizer)(void *argument);
    void *argument;
};

struct plait__worker {
    struct plait__thread_pool *pool;
    plait_thread *thread;
    struct plait__link vacant; /* the pool's mutex */
    bool searching;            /* it is the one on its way; the pool's mutex */
    bool leaving;              /* counted in the pool's `leaving`; the pool's mutex */
    uint32_t number;           /* for people */
    /* Only its own thread looks at these. */
    uint32_t turn;       /* jobs looked for */
    plait_token *spare;  /* for the next task */
    plait_future *taken; /* from a queue, with the queue's reference */
    bool initialized;
    struct plait__stuck_words told;
    /* Others look at these. */
    char apart[64];
    plait_future *running; /* the innermost; written by its own thread */
    struct plait__tally tally;
    uint32_t waiting; /* for results, inside each other */
    struct plait__task_ring ring;
    struct plait__spawner spawner;
};

static inline struct plait__thread_pool *plait__thread_pool(plait_pool *pool) {
    return (struct plait__thread_pool *)pool;
}

/* The calling thread as a worker, or NULL. */
extern __thread struct plait__worker *plait__current_worker;
static inline struct plait__worker *plait__worker(void) {
    return plait__current_worker;
}

/* The pool's workers: how many there are, with numbers from 0, and each of them. */
static inline uint32_t plait__pool_workers(const struct plait__thread_pool *pool) {
    return plait__load_acquire(&pool->count);
}
static inline struct plait__worker *plait__pool_worker(const struct plait__thread_pool *pool,
                                                       uint32_t number) {
    return plait__load_acquire(&plait__load_acquire(&pool->roster)->workers[number]);
}

void plait__crew_called(struct plait__thread_pool *pool);
/* The worker has put something where others can take it: sees to it that somebody comes if somebody could. */
static inline void plait__worker_pushed(struct plait__worker *worker) {
    if (plait__unlikely(plait__load_seq(&worker->pool->call) & 1)) plait__crew_called(worker->pool);
}

/* ---- crew.c: who is idle, on its way, started, ended ---- */

/* What is owed after the mutex has been given back. */
struct plait__rouse {
    struct plait__wakes wakes;
    bool start; /* a thread */
};

/* Sets somebody going unless somebody is on its way, who looks at the common queue; under the mutex. */
void plait__crew_rouse(struct plait__thread_pool *pool, struct plait__rouse *rouse);
/* The same for work in a ring or deque: who is on its way may have looked there already, and sends the next.
 * */
void plait__crew_rouse_for_ring(struct plait__thread_pool *pool, struct plait__rouse *rouse);
/* Gives the mutex back, then sends wakes and starts a thread as owed. */
void plait__crew_unlock(struct plait__thread_pool *pool, struct plait__rouse *rouse);
/* The worker has work now: if it was on its way it has arrived, and if it sees more, or others have called
 * for more, the next one is set going. Under the mutex. */
void plait__crew_busy(struct plait__worker *worker, struct plait__rouse *rouse);
/* The same for a worker on its way that has found something outside the mutex. */
void plait__crew_found(struct plait__worker *worker);
/* Makes the worker idle; under the mutex, which is given back. It returns when there may be work, or it is to
 * go. */
void plait__crew_rest(struct plait__worker *worker);
/* Whether the worker must go, because there are too many; under the mutex. Then it is on its way out. */
bool plait__crew_too_many(struct plait__worker *worker);
/* The numbers of workers that may be have changed, or whether submits need the mutex; under the mutex. */
void plait__crew_changed(struct plait__thread_pool *pool);
/* Wakes all idle workers, so that they look whether they are to end; under the mutex. */
void plait__crew_wake_all(struct plait__thread_pool *pool, struct plait__rouse *rouse);
/* The worker's thread ends. */
void plait__crew_leave(struct plait__worker *worker);
void plait__pool_drop(struct plait__thread_pool *pool);

/* ---- thread_pool.c, thread_pool_end.c ---- */

/* False in the child of a fork: nobody works there, and the mutex may be held by nobody. */
static inline bool plait__pool_lock(struct plait__thread_pool *pool) {
    return pool->generation == plait__generation() && plait__mutex_lock(&pool->mutex);
}

/* The operations. */
plait_status plait__pool_put(plait_pool *base, plait_future *future, plait_deadline deadline);
plait_status plait__pool_run_map(plait_pool *base, struct plait__map *map);
plait_status plait__pool_close(plait_pool *base, bool cancel_futures, bool cancel_those_running);
plait_status plait__pool_join(plait_pool *base, plait_deadline deadline, bool cancellable);

/* Makes futures that will not be run any more done, if they are not; takes over the queue's references. */
void plait__pool_fail_all(struct plait__thread_pool *pool, struct plait__list *futures, plait_status status);
/* A worker's initializer has failed, with this message, which is taken over. */
void plait__pool_break(struct plait__thread_pool *pool, char *message);
/* Somebody took a future off the common queue: there is room; under the mutex. */
void plait__pool_room(struct plait__thread_pool *pool, struct plait__wakes *wakes);
/* All are off, or none will be accepted any more; under the mutex. */
void plait__pool_all_room(struct plait__thread_pool *pool, struct plait__wakes *wakes);
/* It was cancelled while it lay in a queue. */
bool plait__cancelled_before(const plait_future *future);

/* ---- worker.c, run.c ---- */

/* Starts the worker's thread. */
plait_status plait__worker_start(struct plait__worker *worker);
/* Runs a future unless it has been cancelled, or run, already; then false. The caller has a reference. */
bool plait__worker_run(struct plait__worker *worker, plait_future *future);
/* Runs it on a thread that is no worker, and counts there. */
void plait__caller_run(struct plait__tally *tally, plait_future *future);
/* The tasks that were running on the calling thread have been left by pthread_exit: they have failed. */
void plait__worker_abandon(struct plait__worker *worker);

#endif

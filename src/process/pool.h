/* pool.h - the pool of processes, as its parent sees it. What it shares with its workers stands in pool_memory.h.
 *
 * A task is one of these at any time, all under the pool's mutex:
 *   waiting   a future in `waiting`, in the pool's order; or an errand (a chunk of a map) in `errands`, which come first.
 *             Arguments with strings are packed into a block of their own, for the caller's are only there during the call
 *   in flight in a cell; `inside` says what it is. The future is RUNNING by then for all who look at its state, and
 *             whether a worker has really begun stands in the cell: a cancel takes it out of the ring if not
 *   collected the cell is DONE and has been taken from the finished list: the one who took it reads the result without the
 *             mutex (`inside` says nothing meanwhile), makes the future done, and then frees the cell
 * There are three who collect, whoever comes first: a thread that waits for a result and has the seat (pool_seat.c), the
 * keeper (pool_keeper.c), and whoever is told to by it. Collecting itself needs no seat: the finished list is taken with
 * one exchange under the mutex.
 *
 * Nobody runs the user's code on a thread that only waits for a result: a future with callbacks, or with nobody left who
 * has a handle (its destroy function and the excepthook might run), goes to the keeper, in `backlog`.
 *
 * A pool is held by its handle, its keeper, and by each thread that is about to use it by way of a future, which has
 * found it in the list of pools (plait__process_pool_find): a future only knows its address.
 *
 * `outstanding` counts what was handed over and is not over, callbacks included. The end of the program waits while it is not
 * zero (thread/registry.h), and a closed pool's keeper ends the workers when it is.
 */
#ifndef PLAIT__PROCESS_POOL_H
#define PLAIT__PROCESS_POOL_H

#include <plait/process_pool.h>
#include <pool/injector.h>
#include <pool/pool.h>
#include <process/pool_parcel.h>
#include <process/start.h>
#include <wait/waiter.h>

/* How something ended that was in a cell. */
struct plait__verdict {
    plait_status status;
    const char *words; /* of a failure; NULL: what the status means */
    const char *wire;  /* of the result; a chunk that has crashed: its room, as it was left */
    size_t size;
    uint64_t progress; /* as the worker left it in the cell */
};

/* What a pool can run beside futures. Zeroed before its first use but for task and face. */
struct plait__errand {
    struct plait__link link; /* the pool's mutex */
    const plait_task *task;
    const struct plait__errand_face *face;
    plait_token *token; /* below which it runs; the caller's, and stays. NULL: nobody cancels it */
    plait_deadline deadline;
    bool shielded;
    bool goes_on;         /* it is part of something that had begun before the pool was closed */
    plait_status refused; /* why it could not be given to a worker */
};
struct plait__errand_face {
    /* Writes what the worker is to have, as plait__wire_write does. Called when it is handed over and again when it is
     * given to a worker, under the pool's mutex. */
    plait_status (*write)(struct plait__errand *errand, void *wire, size_t room, size_t *size,
                          struct plait__words *why);
    /* It is over; may be handed over again. On any thread that collects, without a lock. */
    void (*over)(struct plait__errand *errand, const struct plait__verdict *verdict);
};

enum plait__errand_kind { PLAIT__A_TASK, PLAIT__A_CHUNK };

/* What is in a cell. */
struct plait__inside {
    plait_future *future;         /* with the pool's reference, or */
    struct plait__errand *errand; /* or neither */
    bool taken;                   /* whoever took it reads it without the mutex */
    int32_t pid;                  /* taken: who has written the result */
    int file;                     /* with its arguments; -1: none */
    uint32_t crashes;             /* workers that it has killed */
    uint32_t next;                /* of those collected together, plus one */
};

/* A worker's place, by its number; the keeper's, but for what is said. */
struct plait__hand {
    struct plait__child child;
    bool live;       /* the mutex */
    bool welcomed;   /* it was seen to be READY */
    bool told;       /* to leave; the mutex */
    int64_t began;   /* when it was started */
    int64_t kill_at; /* after a SIGTERM of ours; INT64_MAX: none was sent */
    uint64_t late;   /* the ticket of the task for which it was sent, plus one; 0: none */
};

struct plait__process_pool {
    plait_pool pool;
    uint32_t references; /* atomic */
    uint32_t generation; /* of forks, when it was made */
    uint32_t number;
    struct plait__link listed; /* the mutex of the list of pools */
    struct plait__pool_memory *memory;
    int file, bell;
    plait_start_method method;
    size_t most_pending;
    plait_pool_full when_full;
    uint32_t max_crashes;
    int64_t grace_ns, start_ns;
    char *name;

    struct plait__mutex mutex; /* guards what follows */
    uint32_t most;             /* workers that may be */
    uint32_t live, most_live;  /* started, and not ended */
    uint32_t hands_count;      /* numbers in use are below; only grows */
    struct plait__hand hands[PLAIT__POOL_WORKERS];
    bool closed, discarding, broken;
    bool ended;          /* the keeper has seen the last worker go */
    bool look_at_tokens; /* somebody was cancelled: for the keeper. Atomic, as is the next */
    int kill_signal;     /* to be sent to all workers; 0: none */
    uint32_t missing;    /* workers that have ended and are to be replaced */
    size_t outstanding, flight;
    uint32_t files; /* in flight */
    struct plait__injector waiting;
    struct plait__list errands;
    struct plait__list errands_back; /* could not be given to a worker */
    struct plait__list left;         /* futures that left the queue; `priority` has the reason */
    struct plait__list backlog;      /* futures that are done */
    struct plait__list joiners;      /* struct plait__node */
    struct plait__list putters;      /* struct plait__node: submits that wait for room */
    struct plait__list standers;     /* struct plait__node: those who would sit, see pool_seat.c */
    plait_pool_counters counters;
    uint32_t free_count;
    uint32_t free_cells[PLAIT__CELLS]; /* newest last */
    struct plait__inside inside[PLAIT__CELLS];
    uint32_t task_count;
    const plait_task *tasks[PLAIT__POOL_TASKS];
    uint16_t task_places[2 * PLAIT__POOL_TASKS]; /* a hash table of their numbers, plus one */

    uint32_t standing;   /* how many are on `standers`, or about to be. Atomic, as are the next two */
    uint32_t keeper;     /* its ident */
    bool keeper_watches; /* it looks at the clock by itself */
    /* The keeper's own. */
    uint64_t oom_kills;
    plait_case *cases;      /* one more than there may be workers */
    uint32_t failed_starts; /* in a row */
    char last_words[224];   /* of the last worker that could not begin */
};

static inline struct plait__process_pool *plait__process_pool(plait_pool *pool) {
    return (struct plait__process_pool *)pool;
}

/* False in the child of a fork. */
static inline bool plait__process_pool_lock(struct plait__process_pool *pool) {
    return pool->generation == plait__generation() && plait__mutex_lock(&pool->mutex);
}

/* Another holder of the pool at this address, if there is one; else NULL. */
struct plait__process_pool *plait__process_pool_find(const plait_pool *pool);
void plait__process_pool_drop(struct plait__process_pool *pool);
/* Among those that are found; the list has no reference. */
void plait__process_pool_list(struct plait__process_pool *pool);
void plait__process_pool_unlist(struct plait__process_pool *pool);

/* ---- pool_put.c ---- */

plait_status plait__process_pool_put(plait_pool *base, plait_future *future, plait_deadline deadline);
/* Hands over an errand; face->over will be called, once. Not PLAIT_OK: it will not (PLAIT_SHUTDOWN, PLAIT_BROKEN,
 * PLAIT_INVALID with words). Never waits. */
plait_status plait__errand_send(struct plait__process_pool *pool, struct plait__errand *errand,
                                struct plait__words *why);
/* One more is outstanding; under the mutex. */
void plait__process_pool_count_in(struct plait__process_pool *pool);
/* Gives workers what waits, as long as there is room; under the mutex. */
void plait__process_pool_refill(struct plait__process_pool *pool);
/* Gives the mutex back, and sees to it that a worker comes, if anything was put into the ring or one is missing. */
void plait__process_pool_unlock(struct plait__process_pool *pool);
/* So many are over; under the mutex. Who waits for room is claimed. */
void plait__process_pool_count_out(struct plait__process_pool *pool, size_t count,
                                   struct plait__wakes *wakes);
/* The task's number in the table; -1 if there is no more room or it cannot be named. Under the mutex. */
int plait__process_pool_task(struct plait__process_pool *pool, const plait_task *task,
                             struct plait__words *why);

/* ---- pool_collect.c, pool_cancel.c ---- */

enum plait__collector { PLAIT__A_SITTER, PLAIT__THE_KEEPER };
/* Takes what is finished and makes it done; whether there was anything. Callbacks go to the backlog. */
bool plait__process_pool_collect(struct plait__process_pool *pool, enum plait__collector who);
/* Takes the cells that a dead worker has left. What it was running fails with this status, and words that say how it
 * died: "task 'name' HOW". For the keeper. */
void plait__process_pool_bury(struct plait__process_pool *pool, uint32_t worker, plait_status status,
                              const char *how);
/* The keeper calls back for those on the backlog. */
void plait__process_pool_call_back(struct plait__process_pool *pool);
/* Puts one there that was in no cell. */
void plait__process_pool_call_later(plait_pool *base, plait_future *future);
/* What has not begun fails with this status; takes it from where it waits and from the ring. */
void plait__process_pool_discard(struct plait__process_pool *pool, plait_status status);
/* What was submitted below a cancelled token does not begin, or is asked to stop. */
void plait__process_pool_look_at_tokens(struct plait__process_pool *pool);
/* All that run are asked to stop. */
void plait__process_pool_stop_all(struct plait__process_pool *pool);
/* plait_future_cancel of a future that is not QUEUED. */
bool plait__process_pool_cancel(struct plait__process_pool *pool, plait_future *future);
/* Whether a worker has begun it. */
bool plait__process_pool_has_begun(struct plait__process_pool *pool, const plait_future *future);

/* ---- pool_seat.c ---- */

/* Waits at an address of the parking table until over(context): sits, if the seat is free, and collects. over() is called
 * with the lock of the address's list held, and must see to it that who makes it true unparks there.
 * PLAIT_OK, or why the wait ended. */
plait_status plait__process_pool_wait(struct plait__process_pool *pool, const char *kind, const void *address,
                                      bool (*over)(const void *context), const void *context,
                                      plait_deadline deadline, bool cancellable);
/* Wakes a worker, if one is wanted. */
void plait__process_pool_call(struct plait__process_pool *pool);
/* Sets the hooks of futures that run elsewhere. */
void plait__process_pool_hook(void);

/* ---- pool_keeper.c, pool_end.c ---- */

plait_status plait__keeper_start(struct plait__process_pool *pool);
/* The keeper has something to look at. */
void plait__keeper_ring(struct plait__process_pool *pool);
plait_status plait__hand_start(struct plait__process_pool *pool, uint32_t number);
/* The pool cannot work: all fails with these words. */
void plait__process_pool_break(struct plait__process_pool *pool, const char *words);

/* The operations. */
plait_status plait__process_pool_close(plait_pool *base, bool cancel_futures, bool cancel_running);
plait_status plait__process_pool_join(plait_pool *base, plait_deadline deadline, bool cancellable);

/* ---- pool_chunk.c ---- */

plait_status plait__process_pool_chunk(plait_pool *base, struct plait__chunk *chunk);

/* ---- pool_worker.c: in the worker's process ---- */

struct plait__worker_start {
    uint32_t number;
    uint32_t tasks; /* that it runs before it ends; 0: any number */
};
/* Descriptors: the pool's memory, the keeper's bell. */
void plait__pool_worker_main(const void *data, size_t size, const int *descriptors, size_t count);

#endif

/* pool.h - what every kind of pool supplies. The public side is plait/pool.h.
 *
 * A pool begins with a table of operations. The verbs in pool.c and map.c check their arguments and make
 * the future or the map; the table's owner runs it: on threads (thread_pool.c) or in processes (src/process/pool.h).
 */
#ifndef PLAIT__POOL_H
#define PLAIT__POOL_H

#include <plait/pool.h>
#include <pool/future.h>

struct plait__map;
struct plait__chunk;

struct plait__pool_operations {
    const char *kind; /* for people */
    /* Takes over one reference to a QUEUED future that has a task, to be run; if it must wait for room, then
     * until the deadline. Not PLAIT_OK: it does not; with PLAIT_INVALID plait_last_message says why. */
    plait_status (*put)(plait_pool *pool, plait_future *future, plait_deadline deadline);
    /* Runs a map to its end; what became of the items stands in the map. Not PLAIT_OK: nothing was run, or an
     * item has forked, and this is the child. */
    plait_status (*map)(plait_pool *pool, struct plait__map *map);
    /* No more tasks; and cancels what has not begun, and what runs. */
    plait_status (*close)(plait_pool *pool, bool cancel_futures, bool cancel_running);
    plait_status (*join)(plait_pool *pool, plait_deadline deadline, bool cancellable);
    plait_status (*resize)(plait_pool *pool, uint32_t least, uint32_t most);
    plait_status (*stats)(plait_pool *pool, plait_pool_counters *counters);
    /* The handle is freed; the pool is closed already. */
    void (*let_go)(plait_pool *pool);
    /* How many tasks it runs at the same time at most. */
    uint32_t (*workers)(plait_pool *pool);
    /* The rest is for pools whose tasks run in other processes; NULL for pools of threads. */
    /* Takes over a chunk of a map. Not PLAIT_OK: it does not, and over() is not called; plait_last_message says why if
     * that is PLAIT_INVALID. Never waits. */
    plait_status (*chunk)(plait_pool *pool, struct plait__chunk *chunk);
    /* Waits at an address of the parking table until over(context), and hears of what the pool has done meanwhile.
     * over() is called with the lock of the address's list held; who makes it true unparks there. PLAIT_OK, or why
     * the wait ended. */
    plait_status (*wait)(plait_pool *pool, const char *kind, const void *address,
                         bool (*over)(const void *context), const void *context, plait_deadline deadline,
                         bool cancellable);
    /* Calls back for a future that is done, and lets go of it: soon, on a thread that waits for nothing. */
    void (*call_back)(plait_pool *pool, plait_future *future);
};

static inline bool plait__is_task(const plait_task *task) {
    return task && task->version == PLAIT_TASK_VERSION && task->run;
}

/* Whether its first parameter may be a resource of this size. */
static inline bool plait__task_takes(const plait_task *task, size_t resource_size) {
    return plait__is_task(task) && task->count && task->parameters[0].size == resource_size;
}

/* A QUEUED future for a task with these arguments (NULL: all zero), below the calling thread's token and
 * shield, with a reference for each of the caller and whoever will run it: `pool`. NULL when memory is
 * out. */
plait_future *plait__future_for(const plait_pool *pool, const plait_task *task, const void *args,
                                uint32_t flags);

/* Hands over such a future (NULL: memory is out), waiting for room until the deadline; returns it, or one that has
 * failed. */
plait_future *plait__pool_submit(plait_pool *pool, plait_future *future, plait_deadline deadline);

/* The task that an untyped function and its argument are. */
struct plait__function_call {
    void *(*function)(void *arg);
    void *arg;
};
extern const plait_task plait__function_task;

struct plait_pool {
    const struct plait__pool_operations *operations;
    char *words; /* why it is broken; NULL: it is not, or memory was out. Stored once, with release */
};

#endif

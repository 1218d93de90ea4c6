/* plait/pool.h - a pool: many tasks on few threads.
 *
 * plait_submit hands a task over and returns a future at once (plait/future.h); plait_post hands one over
 * whose result nobody wants; plait_map and its relatives (plait/map.h) run a task over whole arrays. Any
 * function can be a task (plait/task.h). Workers start when there is work for them, up to the pool's size.
 * It is Python's ThreadPoolExecutor and multiprocessing.Pool under the same words.
 *
 * A task runs under a cancel token below that of its submitter, so cancelling the submitter's scope reaches
 * it: if it runs, its waits end; if it was submitted and has not begun, it never does, and its future is
 * cancelled; if it was posted it runs all the same, for nobody would know. What is handed over under a
 * shield runs under one. Arguments of tasks that never run are forgotten: what they own is the submitter's.
 * A task that calls pthread_exit has failed, with PLAIT_FAILED, and the pool starts another worker.
 * Inside a task one may submit, map and wait for results: whoever waits for a task of its own pool that
 * has not begun runs it itself, and whoever maps takes part, so that even a pool of one worker never waits
 * for itself. Other waits occupy the worker.
 * A pool belongs to its process: in the child of a fork it is PLAIT_BROKEN. At exit, pools finish what they
 * were given.
 *
 * Example:
 *     #include <plait.h>
 *
 *     PLAIT_TASK(double, scale, (double, x), (double, by)) { return x * by; }
 *
 *     int main(void) {
 *         plait_pool *pool = plait_pool_new(4);
 *         if (!pool) return 1;
 *
 *         plait_future *future = plait_submit(pool, scale, 3.0, .by = 2.0);
 *         double six = 0;
 *         plait_status status = plait_result(future, &six);
 *         plait_future_free(future);
 *
 *         plait_pool_close(pool);
 *         plait_pool_join(pool);
 *         plait_pool_free(pool);
 *         return status == PLAIT_OK && six == 6 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_POOL_H
#define PLAIT_POOL_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/future.h>
#include <plait/status.h>
#include <plait/task.h>

PLAIT_BEGIN

typedef struct plait_pool plait_pool;

/* A pool of at most `workers` threads; 0: one per CPU (plait_cpu_count). Starts none yet. Free it with
 * plait_pool_free. NULL when memory is out, or with PLAIT_INVALID for a negative number.
 * Python: ThreadPoolExecutor(max_workers), Pool(processes). */
PLAIT_API PLAIT_WARN_UNUSED plait_pool *plait_pool_new(int workers);

/* The order in which a pool begins what is handed over from outside. */
typedef enum plait_pool_order {
    PLAIT_POOL_FIFO,    /* first in, first out */
    PLAIT_POOL_LIFO,    /* the newest first */
    PLAIT_POOL_PRIORITY /* the highest plait_submit_options.priority first; among equal ones the oldest */
} plait_pool_order;

/* What a submit from outside does when max_pending tasks are waiting. The pool's own tasks may always submit:
 * they would wait for themselves. */
typedef enum plait_pool_full {
    /* waits until there is room; ends with PLAIT_CANCELLED, PLAIT_TIMEOUT (the task's deadline has passed),
     * PLAIT_INTERRUPTED, PLAIT_SHUTDOWN */
    PLAIT_POOL_BLOCK,
    PLAIT_POOL_REJECT,     /* refuses it: PLAIT_FULL */
    PLAIT_POOL_CALLER_RUNS /* runs the task at once, on the calling thread, under its token */
} plait_pool_full;

/* Zero means the default for each. */
typedef struct plait_pool_options {
    int max_workers;   /* 0: one per CPU */
    int min_workers;   /* so many stay when they are idle, once they have started; see idle_time */
    double idle_time;  /* seconds until an idle worker ends, if there are more than min_workers; 0: never */
    const char *name;  /* workers are called name-1, name-2, ...; copied. Python: thread_name_prefix */
    size_t stack_size; /* of the workers, in bytes; 0: the system's */
    /* Called by each worker before its first task, and by those for which that succeeded before they end. The
     * initializer fails by plait_raise: then the pool is broken, as Python's BrokenThreadPool: what was
     * handed over and has not begun, and all that comes later, fails with PLAIT_BROKEN and its words. */
    void (*initializer)(void *argument);
    void (*finalizer)(void *argument);
    void *argument;
    plait_pool_order order;
    size_t max_pending; /* tasks from outside that wait; 0: any number */
    plait_pool_full when_full;
} plait_pool_options;

/* The same with options; NULL: the defaults. NULL with PLAIT_INVALID for numbers that make no sense
 * (negative, min above max, an idle_time that is not a number). LIFO and PRIORITY hold for all tasks then,
 * also for those that tasks hand over, which otherwise come first on the worker that runs their submitter. */
PLAIT_API PLAIT_WARN_UNUSED plait_pool *plait_pool_new_with(const plait_pool_options *options);

/* Changes how many workers there may be, and stay, while the pool runs. More: they start when there is work
 * for them. Less: the surplus ends as soon as it has finished what it does. A max of 0 is one per CPU.
 * PLAIT_OK; PLAIT_INVALID as above, PLAIT_BROKEN. Never waits; thread-safe, also from inside tasks. */
PLAIT_API plait_status plait_pool_resize(plait_pool *pool, int min_workers, int max_workers);

/* What a pool has done and is doing. Snapshots, put together from counters that each worker keeps for itself:
 * exact when the pool rests. submitted = queued + running + done + failed + cancelled; children of
 * plait_spawn and the items of maps are not counted. */
typedef struct plait_pool_counters {
    uint64_t submitted; /* tasks that were accepted */
    uint64_t queued;    /* not begun; cancelled ones too, until a worker comes across them */
    uint64_t running;
    uint64_t done, failed, cancelled; /* how they ended */
    uint64_t stolen;                  /* handed over by a task, and moved to another worker */
    uint64_t most_queued; /* so many waited in the common queue, which a worker empties in batches */
    uint32_t workers, most_workers; /* threads now, and at most at one time */
    uint32_t idle;                  /* of these: without work */
    uint32_t waiting;               /* of these: running a task that waits for a result */
    uint64_t crashed;               /* processes: workers that died without being asked to */
    uint64_t restarted;             /* processes: workers that were started in place of others */
} plait_pool_counters;

/* PLAIT_OK; PLAIT_INVALID; PLAIT_BROKEN. Never waits; thread-safe. */
PLAIT_API plait_status plait_pool_stats(plait_pool *pool, plait_pool_counters *counters);

/* ---- handing over tasks ---- */

/* Has the pool run task(arguments...) and returns a future for what it returns; the arguments are copied.
 * Never NULL: a refusal is a future that has failed, with PLAIT_SHUTDOWN (the pool was closed), PLAIT_BROKEN,
 * PLAIT_INVALID, PLAIT_NO_MEMORY or PLAIT_ERRNO (no thread could be started). Free it with
 * plait_future_free. Allocates once. Thread-safe, also from inside tasks. Python: submit, apply_async. */
#define plait_submit(pool, ...) \
    PLAIT__TYPED(plait_pool_submit((pool), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
                 __VA_ARGS__)

/* The same for a task whose result nobody wants, and without a future. If it fails, the excepthook is told.
 * PLAIT_OK: it will be run. PLAIT_SHUTDOWN and so on as above: it will not. */
#define plait_post(pool, ...) \
    PLAIT__TYPED(plait_pool_post((pool), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
                 __VA_ARGS__)

/* The same as plait_submit with options for this task: plait_submit_with(pool,
 * (&(plait_submit_options){.priority = 2}), task, ...). NULL: none. */
typedef struct plait_submit_options {
    int priority; /* higher ones first, in pools with PLAIT_POOL_PRIORITY; of no consequence in others */
    /* NULL: none. If the task has not begun by then it never does: its future fails with PLAIT_TIMEOUT, when
     * a worker comes to it. If it runs its token counts as cancelled: its waits end and plait_cancelled() is
     * true. */
    const plait_deadline *deadline;
} plait_submit_options;
#define plait_submit_with(pool, options, ...) \
    PLAIT__TYPED(plait_pool_submit_with((pool), (options), PLAIT__TASK_OF(__VA_ARGS__, ), \
                                        PLAIT__ARGS_OF(__VA_ARGS__, )), \
                 __VA_ARGS__)
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_pool_submit_with(plait_pool *pool,
                                                                 const plait_submit_options *options,
                                                                 const plait_task *task, const void *args);

/* What these call, for descriptors that are values: `args` is a struct of arguments as the task describes
 * it, task->args_size bytes, copied. NULL: all arguments are zero. */
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_pool_submit(plait_pool *pool, const plait_task *task,
                                                            const void *args);
PLAIT_API plait_status plait_pool_post(plait_pool *pool, const plait_task *task, const void *args);

/* The untyped layer: runs function(arg). The future's result is the void pointer that it returns. */
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_submit_function(plait_pool *pool,
                                                                void *(*function)(void *arg), void *arg);
PLAIT_API plait_status plait_post_function(plait_pool *pool, void *(*function)(void *arg), void *arg);

/* ---- the end ---- */

/* No more tasks: submit, post and map return PLAIT_SHUTDOWN from now on. What was handed over will be run,
 * then the workers end; it includes what its tasks hand over themselves meanwhile (which Python's pools
 * refuse, so that a task with parts fails if the pool is closed at the wrong moment). PLAIT_OK, also the
 * second time; PLAIT_BROKEN, PLAIT_INVALID. Never waits. Python: Pool.close. */
PLAIT_API plait_status plait_pool_close(plait_pool *pool);

/* Waits until a closed pool has done everything and its workers have ended. PLAIT_OK; PLAIT_INVALID: it
 * is not closed (Python: ValueError). PLAIT_DEADLOCK: called by one of its own tasks. PLAIT_TIMEOUT
 * (_until), PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_BROKEN. Python: Pool.join. */
PLAIT_API plait_status plait_pool_join(plait_pool *pool);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pool_join_until(plait_pool *pool, plait_deadline deadline);

/* Closes the pool and, if wanted, cancels the tasks that have not begun, posted ones too, and refuses its own
 * tasks' as well; waits, if wanted, until those that have begun are done and the workers have ended (or until
 * the deadline: PLAIT_TIMEOUT). No cancel ends this wait. Statuses as for join.
 * Python: Executor.shutdown(wait, cancel_futures). */
PLAIT_API plait_status plait_pool_shutdown(plait_pool *pool, bool wait, bool cancel_futures);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pool_shutdown_until(plait_pool *pool, bool cancel_futures,
                                                                   plait_deadline deadline);

/* Closes the pool, cancels what has not begun, and the tokens of the tasks that run: their waits end with
 * PLAIT_CANCELLED and plait_cancelled() is true in them. Does not wait (plait_pool_join does). PLAIT_OK,
 * PLAIT_INVALID, PLAIT_BROKEN. Thread-safe, also from inside its own tasks. Python: Pool.terminate, which
 * kills. */
PLAIT_API plait_status plait_pool_terminate(plait_pool *pool);

/* "I let go": closes the pool, if it is not closed, and does not wait; what was handed over is still run.
 * Nobody may use the pool afterwards; its futures live on. NULL is allowed. */
PLAIT_API void plait_pool_free(plait_pool *pool);

PLAIT_END

#endif

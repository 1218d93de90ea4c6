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

/* "I let go": closes the pool, if it is not closed, and does not wait; what was handed over is still run.
 * Nobody may use the pool afterwards; its futures live on. NULL is allowed. */
PLAIT_API void plait_pool_free(plait_pool *pool);

PLAIT_END

#endif

/* plait/map.h - a task over whole arrays, and a task at once: map, apply and their relatives.
 *
 * plait_map runs a task of one parameter once for each item of an array, on all workers of a pool and on the
 * calling thread, and stores the results in order. plait_starmap does so for tasks of any number of
 * parameters, each taken from an array or the same for all items. plait_map_async does not wait for it.
 * (For items that are read one by one, and results that are used one by one: plait/imap.h.)
 * plait_apply has the pool run a task and waits for its result.
 *
 * Items are shared out by how long they take: those that take long, or wait for something, one by one to
 * every worker there is; cheap ones in chunks. A map that has so little to do that another thread could not
 * help in time is done by its caller alone.
 * So items must not wait for each other: the same thread may have to run both.
 * They may be called inside tasks of the same pool: whoever maps takes part, so that even a pool of one
 * worker never waits for itself.
 *
 * In a pool of processes (plait/process_pool.h) items run in its workers only, so the caller takes no part, and:
 *   - The arrays are copied there and back. Strings and bytes among the results are allocated for the caller, one by
 *     one, and freed with free (or by the allocator that was set); NULL stays NULL. No parameter may be a pointer.
 *   - An item that crashes, exits or is killed has failed, with PLAIT_CRASHED and words that say how. Those before it
 *     keep their results, and those behind it are run by another worker.
 *   - A map allocates; if the pool can start no worker any more, what is left is not run, and has the status
 *     PLAIT_BROKEN. A map that had begun goes on when the pool is closed.
 *   - A time limit of the pool is each item's own, and items go one by one then.
 *
 * Example:
 *     #include <plait.h>
 *
 *     PLAIT_TASK(int, square, (int, x)) { return x * x; }
 *     PLAIT_TASK(double, scale, (double, x), (double, by)) { return x * by; }
 *
 *     int main(void) {
 *         plait_pool *pool = plait_pool_new(4);
 *         if (!pool) return 1;
 *
 *         int numbers[] = {1, 2, 3, 4}, squares[4];
 *         plait_status status = plait_map(pool, square, numbers, squares, 4);
 *
 *         double xs[] = {1, 2, 3}, k = 10, scaled[3];
 *         plait_map_options by_tens = {.chunk = 10, .deadline = plait_after(5)};
 *         if (status == PLAIT_OK)
 *             status = plait_starmap_with(pool, &by_tens, scale, scaled, 3, plait_each(xs),
 *             plait_repeat(&k));
 *
 *         int answer = 0;
 *         if (status == PLAIT_OK) status = plait_apply(pool, &answer, square, 6);
 *
 *         plait_pool_free(pool);
 *         return status == PLAIT_OK && squares[3] == 16 && scaled[2] == 30 && answer == 36 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_MAP_H
#define PLAIT_MAP_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/future.h>
#include <plait/pool.h>
#include <plait/status.h>
#include <plait/task.h>

PLAIT_BEGIN

/* ---- arrays ---- */

/* Runs the task, which has one parameter, for in[0] ... in[n - 1] and stores what it returns in out[0] ...
 * out[n - 1], in order; `out` may be NULL. The calling thread takes part; the call returns when all is done.
 * Python: Pool.map, Executor.map.
 * All items are run, also when some fail. PLAIT_OK; or the code of the first item, in order, that failed:
 * plait_map_message() has its words and index. The results of failed items are zero, all others are as
 * returned. (An item that calls pthread_exit has failed, with PLAIT_FAILED, and so have those that its worker
 * had taken along with it.) PLAIT_CANCELLED: the caller's token was cancelled; items that had not begun by
 * then were not run and their results are as they were. PLAIT_INVALID (no pool, no task, an array missing),
 * PLAIT_BROKEN, PLAIT_SHUTDOWN (closed): nothing was run. (PLAIT_BROKEN also in the child if an item forks
 * and returns in it: what the others work on is the parent's.) Never allocates, but for a deadline.
 * Thread-safe. */
#define plait_map(pool, task, in, out, n) plait_map_with(pool, NULL, task, in, out, n)
#define plait_map_with(pool, options, task, in, out, n) \
    plait_starmap_with(pool, options, task, out, n, plait_each(in))

/* The same for tasks with any number of parameters. For each parameter, in order, either an array or one
 * value that is the same for all items: plait_starmap(pool, scale, out, n, plait_each(xs), plait_repeat(&k)).
 * Python: Pool.starmap. */
#define plait_starmap(pool, task, out, n, ...) plait_starmap_with(pool, NULL, task, out, n, __VA_ARGS__)
#define plait_starmap_with(pool, options, task, out, n, ...) \
    PLAIT__TYPED_COLUMNS(plait_pool_map((pool), (options), PLAIT__TASK_OF(task, ), \
                                        PLAIT__COLUMNS_OF(task, __VA_ARGS__), PLAIT__OUT_OF(task, out), \
                                        (n)), \
                         task, __VA_ARGS__)
#define plait_each(array) (array), sizeof *(array)
#define plait_repeat(pointer) (pointer), 0

typedef struct plait_map_options {
    /* How many items a worker takes at a time; 0: as time tells. Python: chunksize. */
    size_t chunk;
    /* n of them, where it is written what became of each item: PLAIT_OK, the code that it failed with, or, if
     * it was left out, PLAIT_CANCELLED or PLAIT_TIMEOUT. NULL: not wanted. */
    plait_status *statuses;
    /* When it passes, waits inside items end as if they were cancelled, items that have not begun are left
     * out, and the map returns PLAIT_TIMEOUT as soon as those that had begun are done. Left out (zero): none.
     * It costs an allocation: PLAIT_NO_MEMORY, and nothing was run. Python: timeout. */
    plait_deadline deadline;
} plait_map_options;

/* What these call: `options` may be NULL; `columns` is one hidden char followed, at the alignment of
 * plait_column, by an array of task->count columns. */
PLAIT_API plait_status plait_pool_map(plait_pool *pool, const plait_map_options *options,
                                      const plait_task *task, const void *columns, void *out, size_t n);

/* The words of the failure that the calling thread's last map or apply returned, cut to what fits into about
 * a hundred bytes, and the index of the item (0 for apply; may be NULL). "" if it returned PLAIT_OK. Lives
 * until the thread's next map or apply. */
PLAIT_API const char *plait_map_message(size_t *index);

/* The same without waiting: the map is run by the pool's workers (in a pool of processes it needs nobody of this
 * process, and its callbacks are called by whoever hears of the last item), and the future, which has no result, is
 * done when it is. plait_result(future) then returns what plait_map would have. Cancelling the future cancels
 * the map. All arrays (and constants, and `statuses`) must stay until then; the options themselves are
 * copied. Never NULL; statuses of a refusal as for plait_submit, PLAIT_INVALID also for a task of more than 8
 * parameters. Python: map_async, starmap_async; their callbacks are plait_future_add_done_callback. */
#define plait_map_async(pool, task, in, out, n) plait_map_async_with(pool, NULL, task, in, out, n)
#define plait_map_async_with(pool, options, task, in, out, n) \
    plait_starmap_async_with(pool, options, task, out, n, plait_each(in))
#define plait_starmap_async(pool, task, out, n, ...) \
    plait_starmap_async_with(pool, NULL, task, out, n, __VA_ARGS__)
#define plait_starmap_async_with(pool, options, task, out, n, ...) \
    PLAIT__TYPED_COLUMNS(plait_pool_map_async((pool), (options), PLAIT__TASK_OF(task, ), \
                                              PLAIT__COLUMNS_OF(task, __VA_ARGS__), \
                                              PLAIT__OUT_OF(task, out), (n)), \
                         task, __VA_ARGS__)
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_pool_map_async(plait_pool *pool,
                                                               const plait_map_options *options,
                                                               const plait_task *task, const void *columns,
                                                               void *out, size_t n);

/* ---- one task ---- */

/* Has the pool run task(arguments...), waits for it, and copies what it returns to *out (NULL: nowhere):
 *     status = plait_apply(pool, &sum, add, 1, 2);
 * It runs on one of the pool's threads, also if the caller could have run it as well: whoever wants that
 * calls the function. (Inside a task of the same pool it may be the calling one.)
 * PLAIT_OK, or the code that the task failed with, and plait_map_message() its words. PLAIT_CANCELLED and
 * PLAIT_INTERRUPTED also if the wait was ended so: the task is cancelled then, and has ended. Refusals as for
 * plait_submit. Python: Pool.apply. */
#define plait_apply(pool, out, ...) \
    PLAIT__TYPED(plait_pool_apply((pool), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, ), \
                                  PLAIT__OUT_FOR(out, __VA_ARGS__, )), \
                 __VA_ARGS__)
PLAIT_API plait_status plait_pool_apply(plait_pool *pool, const plait_task *task, const void *args,
                                        void *out);

/* Who is told how a task went; either may be NULL. */
typedef struct plait_callbacks {
    /* It has succeeded; *result is what it returned, good during the call. */
    void (*result)(const void *result, void *context);
    /* It has failed or was cancelled; `message` is good during the call. */
    void (*error)(plait_status status, const char *message, void *context);
    void *context;
} plait_callbacks;

/* plait_submit with a callback for each of success and failure: exactly one of them is called, once, on the
 * thread that makes the future done: a worker, whoever cancels it, or the calling thread if that is so
 * already or the pool refuses the task. The struct is copied. With an error callback a failure counts as
 * read. Returns a future, as plait_submit does, to be freed also if nobody waits for it. If memory is too
 * short to remember the callbacks the task is not run, or waited for.
 * Python: Pool.apply_async(callback, error_callback). */
#define plait_apply_async(pool, callbacks, ...) \
    PLAIT__TYPED(plait_pool_apply_async((pool), (callbacks), PLAIT__TASK_OF(__VA_ARGS__, ), \
                                        PLAIT__ARGS_OF(__VA_ARGS__, )), \
                 __VA_ARGS__)
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_pool_apply_async(plait_pool *pool,
                                                                 const plait_callbacks *callbacks,
                                                                 const plait_task *task, const void *args);

#define PLAIT__OUT_FOR(out, task, ...) PLAIT__OUT_OF(task, out)

PLAIT_END

#endif

/* plait/map.h - a task over whole arrays: map and its relatives.
 *
 * plait_map runs a task of one parameter once for each item of an array, on all workers of a pool and on the
 * calling thread, and stores the results in order. plait_starmap does so for tasks of any number of
 * parameters, each taken from an array or the same for all items.
 * They may be called inside tasks of the same pool: whoever maps takes part, so that even a pool of one
 * worker never waits for itself.
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
 *         if (status == PLAIT_OK)
 *             status = plait_starmap(pool, scale, scaled, 3, plait_each(xs), plait_repeat(&k));
 *
 *         plait_pool_free(pool);
 *         return status == PLAIT_OK && squares[3] == 16 && scaled[2] == 30 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_MAP_H
#define PLAIT_MAP_H

#include <plait/api.h>
#include <plait/pool.h>
#include <plait/status.h>
#include <plait/task.h>

PLAIT_BEGIN

/* Runs the task, which has one parameter, for in[0] ... in[n - 1] and stores what it returns in out[0] ...
 * out[n - 1], in order; `out` may be NULL. The calling thread takes part; the call returns when all is done.
 * Python: Pool.map.
 * All items are run, also when some fail. PLAIT_OK; or the code of the first item, in order, that failed:
 * plait_map_message() has its words and index. The results of failed items are zero, all others are as
 * returned. PLAIT_CANCELLED: the caller's token was cancelled; items that had not begun by then were not run
 * and their results are as they were. PLAIT_INVALID (no pool, no task, an array missing), PLAIT_BROKEN,
 * PLAIT_SHUTDOWN (closed): nothing was run. (PLAIT_BROKEN also in the child if an item forks and returns in
 * it: what the others work on is the parent's.) Never allocates. */
#define plait_map(pool, task, in, out, n) plait_starmap(pool, task, out, n, plait_each(in))

/* The same for tasks with any number of parameters. For each parameter, in order, either an array or one
 * value that is the same for all items: plait_starmap(pool, scale, out, n, plait_each(xs), plait_repeat(&k)).
 * Python: Pool.starmap. */
#define plait_starmap(pool, task, out, n, ...) \
    PLAIT__TYPED_COLUMNS(plait_pool_map((pool), PLAIT__TASK_OF(task, ), \
                                        PLAIT__COLUMNS_OF(task, __VA_ARGS__), PLAIT__OUT_OF(task, out), \
                                        (n)), \
                         task, __VA_ARGS__)
#define plait_each(array) (array), sizeof *(array)
#define plait_repeat(pointer) (pointer), 0

/* What these call: `columns` is one hidden char followed, at the alignment of plait_column, by an array of
 * task->count columns. */
PLAIT_API plait_status plait_pool_map(plait_pool *pool, const plait_task *task, const void *columns,
                                      void *out, size_t n);

/* The words of the failure that the calling thread's last map returned, cut to what fits into about a
 * hundred bytes, and the index of the item (may be NULL). "" if it returned PLAIT_OK. Lives until the
 * thread's next map. */
PLAIT_API const char *plait_map_message(size_t *index);

PLAIT_END

#endif

/* plait/imap.h - a task over items that are read one by one, with results that come one by one.
 *
 * plait_map needs all of its input and gives all of its output. An imap reads items from an array, or from a
 * function of yours, only a little ahead of what you have used, has the workers of a pool run the task on
 * them, and gives you one result after the other: in the order of the items, or, if asked, as they finish. So
 * it goes through files of any length in little memory, while the workers stay busy.
 *
 * Nothing is read or run before the first plait_imap_next; only there, on the thread that calls it, is your
 * function called. When nobody has begun the item that is wanted next, plait_imap_next runs it itself, so
 * that it may be used inside tasks of its own pool, also in a pool of one worker. Items must not wait for
 * each other. The items run under the cancel token that was current when the imap was made, and under a
 * shield if it was.
 *
 * In a pool of processes (plait/process_pool.h) plait_imap_next runs nothing itself: a pool that is closed fails the
 * items that are left with PLAIT_SHUTDOWN, and one that is broken with PLAIT_BROKEN. Strings and bytes among the results
 * are yours, as those of a map are; what nobody took is freed, unless there is a `destroy`. An item that crashes has
 * failed with PLAIT_CRASHED. Freeing the imap asks the items that run to stop.
 *
 * Example:
 *     #include <plait.h>
 *
 *     PLAIT_TASK(long, square, (long, x)) { return x * x; }
 *
 *     static bool count_to_100(void *item, void *context) {
 *         long *last = context;
 *         if (*last == 100) return false;
 *         *(long *)item = ++*last;
 *         return true;
 *     }
 *
 *     int main(void) {
 *         plait_pool *pool = plait_pool_new(2);
 *         long last = 0, result = 0, sum = 0;
 *         plait_imap *squares = plait_imap_from(pool, square, count_to_100, &last);
 *         plait_status status;
 *         while ((status = plait_imap_next(squares, &result)) == PLAIT_OK) sum += result;
 *         plait_imap_free(squares);
 *         plait_pool_free(pool);
 *         return status == PLAIT_EMPTY && sum == 338350 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_IMAP_H
#define PLAIT_IMAP_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/future.h>
#include <plait/map.h>
#include <plait/pool.h>
#include <plait/status.h>
#include <plait/task.h>

PLAIT_BEGIN

typedef struct plait_imap plait_imap;

typedef struct plait_imap_options {
    /* How many items a worker takes at a time. 0: one, and more if they take only microseconds. Python:
     * chunksize. */
    size_t chunk;
    /* How many items may have been read whose results you have not been given yet. 0: about two chunks for
     * each worker, which keeps them busy. Python: Executor.map(buffersize). */
    size_t read_ahead;
    /* Results come as they finish. Python: imap_unordered. */
    bool unordered;
    /* What becomes of results that nobody took when the imap is freed, or that were asked for without an
     * `out`: destroy(result, context) is called, on the thread that frees or asks. NULL: nothing. */
    void (*destroy)(void *result, void *context);
    void *context;
} plait_imap_options;

/* Has the pool run the task, which has one parameter, on in[0] ... in[n - 1]; or, for tasks with any number
 * of parameters (at most 8), on arrays and constants, as plait_starmap has it:
 *     plait_istarmap_new(pool, scale, n, plait_each(xs), plait_repeat(&k))
 * The arrays and constants must stay until the imap is freed, and so must the pool's handle. The options are
 * copied; NULL: none. Returns an imap to be freed by plait_imap_free; NULL with plait_last_error():
 * PLAIT_NO_MEMORY, PLAIT_INVALID. (A pool that is closed meanwhile, or was before, only does not help: the
 * items are run by plait_imap_next then.) Thread-safe; never waits. Python: Pool.imap, Executor.map. */
#define plait_imap_new(pool, task, in, n) plait_imap_new_with(pool, NULL, task, in, n)
#define plait_imap_new_with(pool, options, task, in, n) \
    plait_istarmap_new_with(pool, options, task, n, plait_each(in))
#define plait_istarmap_new(pool, task, n, ...) plait_istarmap_new_with(pool, NULL, task, n, __VA_ARGS__)
#define plait_istarmap_new_with(pool, options, task, n, ...) \
    PLAIT__TYPED_COLUMNS(plait_pool_imap((pool), (options), PLAIT__TASK_OF(task, ), \
                                         PLAIT__COLUMNS_OF(task, __VA_ARGS__), (n)), \
                         task, __VA_ARGS__)

/* The same with items that a function supplies: next(item, context) writes the next one to *item, of the type
 * of the task's only parameter, and returns true; or it returns false, and is not called again. It is called
 * inside plait_imap_next, by the thread that calls that, with no lock of plait held; it may wait. */
#define plait_imap_from(pool, task, next, context) plait_imap_from_with(pool, NULL, task, next, context)
#define plait_imap_from_with(pool, options, task, next, context) \
    plait_pool_imap_from((pool), (options), PLAIT__TASK_OF(task, ), (next), (context))

/* What these call; `columns` as for plait_pool_map. */
PLAIT_API PLAIT_WARN_UNUSED plait_imap *plait_pool_imap(plait_pool *pool, const plait_imap_options *options,
                                                        const plait_task *task, const void *columns,
                                                        size_t n);
PLAIT_API PLAIT_WARN_UNUSED plait_imap *
plait_pool_imap_from(plait_pool *pool, const plait_imap_options *options, const plait_task *task,
                     bool (*next)(void *item, void *context), void *context);

/* Waits for the next result and copies it to *out (NULL: nowhere). PLAIT_OK; PLAIT_EMPTY: that was all, also
 * when asked again. Any other code may be the item's: it has failed so, *out is as it was,
 * plait_imap_message() has its words, and the next call gives the next result. PLAIT_CANCELLED: the item was
 * not run, because the token of the imap was cancelled. Where the call itself has failed plait_imap_message()
 * says so by an index of SIZE_MAX, and it can be repeated: PLAIT_TIMEOUT (_until), PLAIT_CANCELLED and
 * PLAIT_INTERRUPTED of the wait, PLAIT_INVALID (no imap; *out has not the size of the result), PLAIT_BROKEN
 * (in the child of a fork). With a deadline no item is run by the calling thread, for it might take longer, unless
 * the pool can send nobody (it is closed, or full); but your function is called as ever. One thread at a time. Python: next(), IMapIterator.next(timeout). */
#define plait_imap_next(imap, out) \
    plait_imap_next_sized((imap), (out), PLAIT__RESULT_SIZE(out), PLAIT_FOREVER)
#define plait_imap_next_until(imap, out, deadline) \
    plait_imap_next_sized((imap), (out), PLAIT__RESULT_SIZE(out), (deadline))
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_imap_next_sized(plait_imap *imap, void *out, size_t size,
                                                               plait_deadline deadline);

/* What the last plait_imap_next was about: returns the words of the item's failure, "" if it succeeded;
 * *index (may be NULL) is the item's number, from 0, in the order of the input; SIZE_MAX if it was about
 * none. The words live until the next call of plait_imap_next or plait_imap_free. One thread at a time, the
 * same as for next. */
PLAIT_API const char *plait_imap_message(const plait_imap *imap, size_t *index);

/* Ends it, at any time: items that have been read and not begun are forgotten, those that run are waited for;
 * what nobody took goes to `destroy`, and failures that nobody read to the excepthook (plait/raise.h). No
 * cancel ends this wait. NULL is allowed. Not while next is called, nor inside an item of its own. */
PLAIT_API void plait_imap_free(plait_imap *imap);

PLAIT_END

#endif

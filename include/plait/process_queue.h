/* plait/process_queue.h - a queue between processes: the verbs of plait/queue.h, and nobody's death stops it.
 *
 * Items of one size are copied into a ring in shared memory and out of it again: no pipe, no thread that
 * feeds it, no pickling. They must mean the same in every process: numbers and structs of numbers, no
 * pointers. Any number of threads of any number of processes put and get; first in, first out. For messages
 * of varying length see plait/message_queue.h.
 *
 * A process that is killed at any instruction takes with it at most the item that it was just putting, or
 * those that it had taken already. All others go on, at the latest after some tens of milliseconds, and what
 * was put comes out once. plait_process_queue_join knows what a dead process had taken and not done, and
 * tells it instead of waiting for ever.
 *
 * It gets into other processes as a parameter of a task, PLAIT_TASK(void, work, (plait_process_queue *,
 * queue)), by fork, or by a name (create, attach). All of them must see each other's process ids (one
 * container).
 *
 * It is Python's multiprocessing.JoinableQueue, with shutdown as queue.Queue has it. There is no case of
 * plait_select for it: nobody can stand in line in another process's memory. Linux.
 *
 * Example:
 *     #include <plait.h>
 *     #include <unistd.h>
 *     #include <sys/wait.h>
 *
 *     struct job { int number; double weight; };
 *
 *     static void work(plait_process_queue *jobs, plait_process_queue *results) {
 *         struct job job;
 *         plait_status status;
 *         plait_process_queue_each(jobs, &job, &status) {            // until PLAIT_SHUTDOWN
 *             double result = 2 * job.weight;
 *             plait_process_queue_put(results, &result);
 *             plait_process_queue_task_done(jobs);
 *         }
 *     }
 *
 *     int main(void) {
 *         plait_process_queue *jobs = plait_process_queue_of(struct job, 100);      // JoinableQueue(100)
 *         plait_process_queue *results = plait_process_queue_of(double, 100);
 *         if (!jobs || !results) return 1;
 *         if (fork() == 0) {
 *             work(jobs, results);
 *             _exit(0);
 *         }
 *         for (int i = 0; i < 3; i++) {
 *             struct job job = {i, 0.5 * i};
 *             if (plait_process_queue_put(jobs, &job) != PLAIT_OK) return 2;
 *         }
 *         plait_process_queue_shutdown(jobs, false);                  // no more; what is there stays
 *         if (plait_process_queue_join(jobs) != PLAIT_OK) return 3;   // all of it has been dealt with
 *         double sum = 0, result;
 *         while (plait_process_queue_get_nowait(results, &result) == PLAIT_OK) sum += result;
 *         wait(NULL);
 *         plait_process_queue_free(jobs);
 *         plait_process_queue_free(results);
 *         return sum == 3 ? 0 : 4;
 *     }
 */
#ifndef PLAIT_PROCESS_QUEUE_H
#define PLAIT_PROCESS_QUEUE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_process_queue plait_process_queue;

/* A queue for items of this type, of which it holds at most maxsize. 0: as many as plait thinks right, 32768,
 * or if they are large what fits into 16 MiB, but at least 64; memory is used as items are put. (A ring in
 * shared memory cannot grow. Python, too, has a bound of the system's there.) NULL: PLAIT_INVALID (items of
 * no bytes, or more than there can be), PLAIT_NO_MEMORY, PLAIT_ERRNO (no descriptor left). Free it with
 * plait_process_queue_free. Any thread. Python: JoinableQueue(maxsize). */
#define plait_process_queue_of(type, maxsize) plait_process_queue_new(sizeof(type), (maxsize))

/* The same with a name, which must be free: see plait_shared_create for names, what becomes of them, and
 * statuses (PLAIT_EXISTS). All of its memory is taken at once. */
#define plait_process_queue_create_of(name, type, maxsize) \
    plait_process_queue_create((name), sizeof(type), (maxsize))

/* The queue that has this name, in any process. NULL: PLAIT_MISSING: nothing has this name; PLAIT_INVALID:
 * what has it is no queue, or not one for items of this size; and what plait_shared_attach says. */
#define plait_process_queue_attach_of(name, type) plait_process_queue_attach((name), sizeof(type))

/* What the macros above call, for whoever knows only the size of an item. */
PLAIT_API PLAIT_WARN_UNUSED plait_process_queue *plait_process_queue_new(size_t item_size, size_t maxsize);
PLAIT_API PLAIT_WARN_UNUSED plait_process_queue *plait_process_queue_create(const char *name,
                                                                            size_t item_size, size_t maxsize);
PLAIT_API PLAIT_WARN_UNUSED plait_process_queue *plait_process_queue_attach(const char *name,
                                                                            size_t item_size);

/* Takes the name away; who has the queue keeps it. As plait_shared_unlink. */
PLAIT_API plait_status plait_process_queue_unlink(const char *name);
/* Its name, or NULL. Lives as long as the handle. */
PLAIT_API const char *plait_process_queue_name(const plait_process_queue *queue);

/* Another handle to the same, for whoever shall free it too: a task that keeps the queue it was given, say.
 * Returns `queue`. Any thread. */
PLAIT_API plait_process_queue *plait_process_queue_keep(plait_process_queue *queue);

/* "I let go": this process's last handle unmaps the memory, which goes with the last process that has it, and
 * what is left in it with it. PLAIT_BUSY while a thread of this process waits in it and this is the last
 * handle: nothing has happened then. NULL is allowed. Any thread. */
PLAIT_API plait_status plait_process_queue_free(plait_process_queue *queue);

/* Puts a copy of *item into the queue, waiting while the queue is full (until the deadline; or not at all).
 * PLAIT_OK: it is in. PLAIT_TIMEOUT (_until), PLAIT_FULL (_nowait), PLAIT_SHUTDOWN, PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED, PLAIT_ERRNO (this system has no robust locks), PLAIT_INVALID (no queue, no item, or not
 * an item of its size): it is not. Any thread of any process. Never allocates. Beside the queue being full,
 * it waits for one who puts just now, some ten instructions; if that one was stopped there (SIGSTOP, a
 * debugger), until it goes on. That wait, too, has a deadline and can be cancelled; _nowait gives up after a
 * tenth of a second, and says PLAIT_FULL. Python: put, put(timeout=), put_nowait. */
#define plait_process_queue_put(queue, item) plait_process_queue_put_sized((queue), (item), sizeof *(item))
#define plait_process_queue_put_until(queue, item, deadline) \
    plait_process_queue_put_sized_until((queue), (item), sizeof *(item), (deadline))
#define plait_process_queue_put_nowait(queue, item) \
    plait_process_queue_put_sized_nowait((queue), (item), sizeof *(item))

/* Takes the first item out and copies it to *item, waiting while there is none. PLAIT_OK: *item is the
 * caller's. PLAIT_TIMEOUT (_until), PLAIT_EMPTY (_nowait), PLAIT_SHUTDOWN (shut down, and nothing is left),
 * PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_ERRNO, PLAIT_INVALID: *item is as it was. As put otherwise.
 * Python: get, get(timeout=), get_nowait. */
#define plait_process_queue_get(queue, item) plait_process_queue_get_sized((queue), (item), sizeof *(item))
#define plait_process_queue_get_until(queue, item, deadline) \
    plait_process_queue_get_sized_until((queue), (item), sizeof *(item), (deadline))
#define plait_process_queue_get_nowait(queue, item) \
    plait_process_queue_get_sized_nowait((queue), (item), sizeof *(item))

/* Several items at once, an array of `count`, with one synchronisation for as many as can be moved together:
 * far cheaper than one by one. As plait_queue_put_many and plait_queue_get_many: put_many puts them all,
 * waiting for room as needed, and *put (which may be NULL) says how many are in; get_many waits until there
 * is one item and takes as many as there are then, up to `count`; *got says how many. Who is killed in the
 * middle of a put_many has put the first of them, or none. */
#define plait_process_queue_put_many(queue, items, count, put) \
    plait_process_queue_put_many_sized((queue), (items), sizeof *(items), (count), (put))
#define plait_process_queue_put_many_until(queue, items, count, put, deadline) \
    plait_process_queue_put_many_sized_until((queue), (items), sizeof *(items), (count), (put), (deadline))
#define plait_process_queue_put_many_nowait(queue, items, count, put) \
    plait_process_queue_put_many_sized_nowait((queue), (items), sizeof *(items), (count), (put))
#define plait_process_queue_get_many(queue, items, count, got) \
    plait_process_queue_get_many_sized((queue), (items), sizeof *(items), (count), (got))
#define plait_process_queue_get_many_until(queue, items, count, got, deadline) \
    plait_process_queue_get_many_sized_until((queue), (items), sizeof *(items), (count), (got), (deadline))
#define plait_process_queue_get_many_nowait(queue, items, count, got) \
    plait_process_queue_get_many_sized_nowait((queue), (items), sizeof *(items), (count), (got))

/* Runs the statement after it for each item, got into *item, until a get returns something else than
 * PLAIT_OK, which is then in *status. As plait_queue_each. */
#define plait_process_queue_each(queue, item, status) \
    while ((*(status) = plait_process_queue_get((queue), (item))) == PLAIT_OK)

/* Copies the first item to *item and leaves it where it is; by the time this returns somebody else may
 * have it. PLAIT_EMPTY, PLAIT_SHUTDOWN (and nothing left), PLAIT_ERRNO, PLAIT_INVALID. Never waits. */
#define plait_process_queue_peek(queue, item) plait_process_queue_peek_sized((queue), (item), sizeof *(item))

/* What the macros above call; `size` must be the queue's item size, else PLAIT_INVALID. */
PLAIT_API plait_status plait_process_queue_put_sized(plait_process_queue *queue, const void *item,
                                                     size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_put_sized_until(plait_process_queue *queue,
                                                                             const void *item, size_t size,
                                                                             plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_put_sized_nowait(plait_process_queue *queue,
                                                                              const void *item, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_sized(plait_process_queue *queue, void *item,
                                                                       size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_sized_until(plait_process_queue *queue,
                                                                             void *item, size_t size,
                                                                             plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_sized_nowait(plait_process_queue *queue,
                                                                              void *item, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_peek_sized(plait_process_queue *queue,
                                                                        void *item, size_t size);

PLAIT_API plait_status plait_process_queue_put_many_sized(plait_process_queue *queue, const void *items,
                                                          size_t size, size_t count, size_t *put);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_put_many_sized_until(plait_process_queue *queue,
                                                                                  const void *items,
                                                                                  size_t size, size_t count,
                                                                                  size_t *put,
                                                                                  plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_put_many_sized_nowait(plait_process_queue *queue,
                                                                                   const void *items,
                                                                                   size_t size, size_t count,
                                                                                   size_t *put);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_many_sized(plait_process_queue *queue,
                                                                            void *items, size_t size,
                                                                            size_t count, size_t *got);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_many_sized_until(plait_process_queue *queue,
                                                                                  void *items, size_t size,
                                                                                  size_t count, size_t *got,
                                                                                  plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_get_many_sized_nowait(plait_process_queue *queue,
                                                                                   void *items, size_t size,
                                                                                   size_t count, size_t *got);

/* How many items there are at this instant, whether there are none, whether there is no room: true when
 * looked at, perhaps not any more when read. No queue: 0, true, false. Never wait. The largest number of
 * items, and the size of one; 0 for no queue. Python: qsize, empty, full. */
PLAIT_API size_t plait_process_queue_qsize(const plait_process_queue *queue);
PLAIT_API bool plait_process_queue_empty(const plait_process_queue *queue);
PLAIT_API bool plait_process_queue_full(const plait_process_queue *queue);
PLAIT_API size_t plait_process_queue_maxsize(const plait_process_queue *queue);
PLAIT_API size_t plait_process_queue_item_size(const plait_process_queue *queue);

/* Says that one item which was got has been dealt with; said by the process that got it, so that its death is
 * not mistaken. PLAIT_OVERFLOW if that was said more often than items were put (Python: ValueError);
 * PLAIT_ERRNO, PLAIT_INVALID. Python: task_done. */
PLAIT_API plait_status plait_process_queue_task_done(plait_process_queue *queue);

/* The same for several items at once; if it is said too often, none of them counts. */
PLAIT_API plait_status plait_process_queue_task_done_many(plait_process_queue *queue, size_t count);

/* Waits until task_done was called for every item that was put (discarded items count as done). What a
 * process had taken and not done when it ended, in whatever way, nobody will ever do: it counts as done too,
 * within a second or so. PLAIT_OK; PLAIT_CRASHED: the same, but such items were among them, and no join has
 * told of these before (the first 1023 processes that get are watched, each again when one of them has
 * ended). PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_ERRNO, PLAIT_INVALID. Python: join, which
 * hangs then. */
PLAIT_API plait_status plait_process_queue_join(plait_process_queue *queue);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_queue_join_until(plait_process_queue *queue,
                                                                        plait_deadline deadline);

/* Ends the queue for all processes: every put, also one that waits now, returns PLAIT_SHUTDOWN; gets go on
 * until nothing is left and return it then. `immediate`: what is left is discarded at once and counts as
 * done. May be called again, to discard after all. PLAIT_OK, PLAIT_ERRNO, PLAIT_INVALID. Waits only for those
 * in the middle of a put or get. Python: queue.Queue.shutdown(immediate). */
PLAIT_API plait_status plait_process_queue_shutdown(plait_process_queue *queue, bool immediate);

PLAIT_END

#endif

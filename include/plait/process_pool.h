/* plait/process_pool.h - a pool of processes: the same tasks and futures as a pool of threads, each task in a process
 * of its own.
 *
 * One word changes: plait_process_pool_new instead of plait_pool_new. All that plait/pool.h, plait/map.h and
 * plait/future.h say holds: plait_submit, plait_post, plait_apply, plait_submit_with, cancelling, scopes, callbacks,
 * plait_wait and its relatives, closing, joining. What processes add is isolation: a task that crashes, is killed,
 * exits or is stuck for too long loses its own future and nothing else.
 *
 *   - Arguments and results travel by value: numbers, structs, strings, bytes and shared objects. A task with a
 *     pointer among its parameters is refused with PLAIT_INVALID, and the words name the parameter; pointers inside
 *     structs cannot be seen. Globals are each process's own: what a task changes there its parent does not see.
 *     A string or bytes in a result live as long as the future.
 *   - A worker that dies while it runs a task fails that task's future at once with PLAIT_CRASHED, and words like
 *     "task 'parse' was killed by SIGSEGV (core dumped) in worker 3 (pid 123)", or "... out of memory (killed by the
 *     kernel)", or "... exited with code 3". Another worker takes its place; other tasks do not notice.
 *   - A pool whose workers cannot begin (they die before their first task several times in a row, or the initializer
 *     raises) is PLAIT_BROKEN, and its words say why, instead of starting processes for ever.
 *   - A task runs under a cancel token of its worker's: plait_future_cancel, a cancel of the scope that it was submitted
 *     in, and deadlines reach it, as in a pool of threads. Workers ignore Ctrl-C (SIGINT): their parent decides.
 *   - No worker outlives its pool's process, however that ends.
 *   - Inside a task, waiting for another task of the same pool is not possible: the pool is its parent's.
 *
 * Processes are started by plait's fork server, which wants plait_process_setup in the first line of main, or a first
 * pool that is made before there are other threads: see plait/process.h.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *     #include <string.h>
 *
 *     PLAIT_TASK(long, sum, (long, from), (long, to)) {
 *         long total = 0;
 *         for (long i = from; i < to; i++) total += i;
 *         return total;
 *     }
 *     PLAIT_TASK(int, misbehave, (int, code)) { exit(code); }
 *
 *     int main(int argc, char **argv) {
 *         if (plait_process_setup(argc, argv) != PLAIT_OK) return 1;
 *         plait_pool *pool = plait_process_pool_new(2, NULL);
 *         if (!pool) return 1;
 *         plait_future *good = plait_submit(pool, sum, 0, 1000), *bad = plait_submit(pool, misbehave, 3);
 *         long total = 0;
 *         plait_status first = plait_result(good, &total), second = plait_result(bad);
 *         int told = strstr(plait_future_message(bad), "exited with code 3") != NULL;
 *         plait_future_free(good);
 *         plait_future_free(bad);
 *         plait_pool_shutdown(pool, true, false);
 *         plait_pool_free(pool);
 *         return first == PLAIT_OK && total == 499500 && second == PLAIT_CRASHED && told ? 0 : 1;
 *     }
 */
#ifndef PLAIT_PROCESS_POOL_H
#define PLAIT_PROCESS_POOL_H

#include <plait/pool.h>
#include <plait/process.h>

PLAIT_BEGIN

/* Zero means the default for each. Times are in seconds. */
typedef struct plait_process_pool_options {
    const char *name; /* workers are called name-1, name-2, ...; copied */
    /* A task that each worker runs before its first, and a struct of its arguments, as plait_arguments makes it
     * (NULL: all zero); both are copied. It fails by plait_raise: then the pool is broken. Python: initializer. */
    const plait_task *initializer;
    const void *initializer_arguments;
    /* A worker that has run so many tasks ends, and another takes its place; 0: never. Each takes up to a tenth
     * less, so that they do not all end at once. Python: max_tasks_per_child, maxtasksperchild. */
    int max_tasks_per_worker;
    /* A task that has run for so long is asked to stop: its token counts as cancelled, so its waits end with
     * PLAIT_CANCELLED and plait_cancelled() is true. 0: never. */
    double soft_time_limit;
    /* One that has run for so long is ended: its worker gets SIGTERM, and SIGKILL if it is still there `grace` later
     * (0: five seconds). Its future fails with PLAIT_TIMEOUT. 0: never. */
    double hard_time_limit;
    double grace;
    plait_start_method method; /* see plait/process.h */
    plait_pool_order order;
    /* As in plait_pool_options: the submit of a task when `max_pending` wait, beside one for each worker. */
    size_t max_pending;
    plait_pool_full when_full;
    /* A task whose worker dies is run again until it has killed so many, and then given up; 0 and 1: it is given up
     * the first time. For tasks that may be run twice. The items of a map beside the one that crashed are always
     * run. */
    int max_crashes;
    /* So long a worker may take until its initializer is done; 0: a minute. */
    double start_timeout;
} plait_process_pool_options;

/* A pool of at most `workers` processes; 0: one per CPU. The first is started now, the others when there is work for
 * them. Options may be NULL. Free it with plait_pool_free. NULL: PLAIT_INVALID (numbers that make no sense, or no process
 * can be started: plait_last_message says what to do), PLAIT_NO_MEMORY, PLAIT_ERRNO.
 * Python: ProcessPoolExecutor(max_workers, ...), multiprocessing.Pool(processes, ...). */
PLAIT_API PLAIT_WARN_UNUSED plait_pool *plait_process_pool_new(int workers,
                                                               const plait_process_pool_options *options);

/* Closes the pool and sends SIGTERM (SIGKILL) to all of its workers, at once: what they run fails with PLAIT_CRASHED,
 * what has not begun is cancelled. Does not wait (plait_pool_join does). PLAIT_OK; PLAIT_INVALID: not a pool of
 * processes; PLAIT_BROKEN. Thread-safe. Python: ProcessPoolExecutor.terminate_workers, kill_workers. */
PLAIT_API plait_status plait_pool_terminate_workers(plait_pool *pool);
PLAIT_API plait_status plait_pool_kill_workers(plait_pool *pool);

PLAIT_END

/* A struct with the arguments of a task, for as long as the block around it: .initializer_arguments =
 * plait_arguments(load, "model.bin"). */
#define plait_arguments(...) PLAIT__ARGS_OF(__VA_ARGS__, )

#endif

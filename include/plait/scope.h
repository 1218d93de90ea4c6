/* plait/scope.h - a scope: tasks and threads that are started inside it end before it does.
 *
 * What is started in a scope cannot outlive it: plait_scope_end waits for all of it, whatever happened. So
 * the pointers that its children were given stay good, and no child is forgotten. The first child that fails
 * cancels the others, and the scope returns its code and words. Between begin and end the calling thread,
 * too, is under the scope's cancel token, which lies below the one it had: when a child fails, what the body
 * waits for ends with PLAIT_CANCELLED, and when the caller is cancelled, so are the children. A scope may
 * have a deadline. Children may add children to it. It is what Python calls asyncio.TaskGroup and trio a
 * nursery, and Java StructuredTaskScope.
 *
 * With GNU C and in C++, plait_with_scope(scope, pool) declares a scope that also ends when the block is left
 * early, by return, break, goto or an exception (not by longjmp, nor in C by pthread_exit): its children are
 * cancelled and waited for.
 *
 * Inside a task plait_scope_end runs children of the worker's own pool that have not begun, so that scopes
 * nest in a pool of one worker. (It does not run what a thread among its children hands to the same pool in a
 * scope of the thread's own: that needs another worker.) A child that waits for what only the body would do
 * after the end waits for ever.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *
 *     PLAIT_TASK(long, sum, (const int *, numbers), (size_t, count)) {
 *         long total = 0;
 *         for (size_t i = 0; i < count; i++) total += numbers[i];
 *         return total;
 *     }
 *     PLAIT_TASK(void, fail, (const char *, why)) { plait_raise(PLAIT_USER + 1, "because %s", why); }
 *     PLAIT_TASK(void, wait_for_ever) { static plait_event never; (void)plait_event_wait(&never); }
 *
 *     int main(void) {
 *         plait_pool *pool = plait_pool_new(2);
 *         int numbers[100];                                      // on the stack: the children end before
 *         for (int i = 0; i < 100; i++) numbers[i] = i;
 *
 *         long low = 0, high = 0;
 *         plait_scope scope;
 *         plait_scope_begin(&scope, pool);
 *         plait_future *one = plait_scope_submit(&scope, sum, numbers, 50);
 *         plait_future *other = plait_scope_submit(&scope, sum, numbers + 50, 50);
 *         plait_status status = plait_scope_end(&scope);         // both are done
 *         if (status == PLAIT_OK) status = plait_result(one, &low);
 *         if (status == PLAIT_OK) status = plait_result(other, &high);
 *         plait_future_free(one);
 *         plait_future_free(other);
 *
 *         plait_scope_begin(&scope, pool);
 *         plait_scope_post(&scope, wait_for_ever);               // is cancelled when the other one fails
 *         plait_scope_post(&scope, fail, "it must");
 *         plait_status failure = plait_scope_end(&scope);
 *         printf("%s: %s\n", plait_scope_failed(&scope, NULL), plait_scope_message(&scope));
 *         plait_pool_free(pool);
 *         return status == PLAIT_OK && low + high == 4950 && failure == PLAIT_USER + 1 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_SCOPE_H
#define PLAIT_SCOPE_H

#include <plait/api.h>
#include <plait/cancel.h>
#include <plait/deadline.h>
#include <plait/future.h>
#include <plait/pool.h>
#include <plait/status.h>
#include <plait/task.h>
#include <plait/thread.h>

PLAIT_BEGIN

/* Usually on the stack; the fields are plait's business. */
typedef struct plait_scope {
    plait_pool *pool;
    plait_token *token, *before;
    plait_deadline deadline;
    struct plait__scope_child *children;
    void *ender;
    size_t count, pending;
    size_t failed_number;
    const char *failed_task;
    plait_status status;
    uint32_t mutex, phase, owner, generation;
    char message[112];
} plait_scope;

/* Opens a scope on the calling thread, whose current token is from now on the scope's. `pool` runs what is
 * submitted or posted; NULL: the scope is for threads only. The deadline cancels the scope when it passes.
 * PLAIT_OK; PLAIT_NO_MEMORY (it allocates its token): then no child can be started, and end says so again, so
 * the status need not be looked at. PLAIT_INVALID for NULL. Must be ended. */
PLAIT_API plait_status plait_scope_begin(plait_scope *scope, plait_pool *pool);
PLAIT_API plait_status plait_scope_begin_until(plait_scope *scope, plait_pool *pool, plait_deadline deadline);

/* Has the scope's pool run task(arguments...) as a child, and returns a future to be freed, as plait_submit
 * does. A refusal (PLAIT_SHUTDOWN, PLAIT_NO_MEMORY and so on; PLAIT_INVALID without a pool) is a failed
 * future, and the scope's failure. When the scope has ended: PLAIT_SHUTDOWN, and nothing else. May be called
 * by the body, and by children while they run, on any thread: the child is the scope's, whatever token the
 * caller has. Allocates twice. */
#define plait_scope_submit(scope, ...) \
    PLAIT__TYPED( \
        plait_scope_submit_task((scope), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
        __VA_ARGS__)

/* The same for a child whose result nobody wants. If it fails, the scope knows. PLAIT_OK: it is
 * a child now. PLAIT_INVALID, PLAIT_SHUTDOWN, PLAIT_BROKEN, PLAIT_NO_MEMORY: the scope did not take it. */
#define plait_scope_post(scope, ...) \
    PLAIT__TYPED( \
        plait_scope_post_task((scope), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
        __VA_ARGS__)

/* Starts a thread as a child, and returns its handle, to be freed, as plait_start does. NULL with
 * plait_last_error() if it cannot be started; that is the scope's failure, too. */
#define plait_scope_start(scope, ...) plait_scope_start_with(scope, NULL, __VA_ARGS__)
#define plait_scope_start_with(scope, options, ...) \
    PLAIT__TYPED(plait_scope_start_task((scope), (options), PLAIT__TASK_OF(__VA_ARGS__, ), \
                                        PLAIT__ARGS_OF(__VA_ARGS__, )), \
                 __VA_ARGS__)

/* What these call, for descriptors that are values; `args` as for plait_pool_submit. */
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_scope_submit_task(plait_scope *scope, const plait_task *task,
                                                                  const void *args);
PLAIT_API plait_status plait_scope_post_task(plait_scope *scope, const plait_task *task, const void *args);
PLAIT_API PLAIT_WARN_UNUSED plait_thread *plait_scope_start_task(plait_scope *scope,
                                                                 const plait_thread_options *options,
                                                                 const plait_task *task, const void *args);

/* The untyped layer: the result is the pointer that function(arg) returns. */
PLAIT_API PLAIT_WARN_UNUSED plait_future *
plait_scope_submit_function(plait_scope *scope, void *(*function)(void *arg), void *arg);
PLAIT_API PLAIT_WARN_UNUSED plait_thread *plait_scope_start_function(plait_scope *scope,
                                                                     const plait_thread_options *options,
                                                                     void *(*function)(void *arg), void *arg);

/* Cancels the scope: tasks that have not begun never do, what children and the body wait for ends with
 * PLAIT_CANCELLED. Any thread, never waits. PLAIT_OK; PLAIT_INVALID: no scope, or it is not open. */
PLAIT_API plait_status plait_scope_cancel(plait_scope *scope);

/* The scope's token, while it is open; else NULL. Borrowed. */
PLAIT_API plait_token *plait_scope_token(const plait_scope *scope);

/* Waits until all children have ended, those that are added meanwhile too, and closes the scope; the calling
 * thread, which must be the one that began it, has the token of before again. Nothing ends this wait early;
 * but a cancel of the caller, or the deadline, reaches the children. The code of the first failure: of a
 * child, or of starting one. (A child that ends with PLAIT_CANCELLED has not failed.) The failure counts as
 * told; those of other children go where failures of futures and threads go. Without a failure: PLAIT_OK, or,
 * if it was asked to stop before all had ended, PLAIT_CANCELLED, or PLAIT_TIMEOUT by its own deadline.
 * PLAIT_INVALID: no scope, not begun, ended before; PLAIT_NOT_OWNER: another thread; PLAIT_DEADLOCK: a child
 * that this very end runs; PLAIT_BROKEN: in the child of a fork, where nobody is left to wait for. Must be
 * given scopes in the reverse order of their beginnings. Not marked warn-unused: whoever ignores it does not
 * want to know. */
PLAIT_API plait_status plait_scope_end(plait_scope *scope);

/* After the end: what the failure was, in words, cut to what fits into a hundred bytes or so. "" if there was
 * none. Lives in the scope. */
PLAIT_API const char *plait_scope_message(const plait_scope *scope);

/* After the end: the name of the task that failed first, and its number (may be NULL): children are numbered
 * from 0 in the order in which they were added. NULL if none has failed. */
PLAIT_API const char *plait_scope_failed(const plait_scope *scope, size_t *number);

/* What leaving a guarded scope early does: nothing after plait_scope_end; else it cancels the scope and ends
 * it; a failure, of which nobody knows then, goes to the excepthook. */
PLAIT_API void plait_scope_leave(plait_scope *scope);

PLAIT_END

/* Declares a scope and begins it:  plait_with_scope(scope, pool);  ...  status = plait_scope_end(&scope);
 * GNU extension in C (the cleanup attribute); in C++ an object with a destructor. */
#if defined(__cplusplus)
struct plait__scoped : plait_scope {
    explicit plait__scoped(plait_pool *of) : plait_scope() {
        (void)plait_scope_begin(this, of);
    }
    ~plait__scoped() {
        plait_scope_leave(this);
    }
    plait__scoped(const plait__scoped &) = delete;
    plait__scoped &operator=(const plait__scoped &) = delete;
};
#define plait_with_scope(scope, pool) plait__scoped scope(pool)
#elif defined(__GNUC__)
#define plait_with_scope(scope, pool) \
    __attribute__((cleanup(plait_scope_leave))) plait_scope scope; \
    (void)plait_scope_begin(&(scope), (pool))
#endif

#endif

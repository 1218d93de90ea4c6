/* plait/future.h - a future: a result that comes later, or the reason why it does not.
 *
 * plait_submit (plait/pool.h) returns one. Any thread may wait for its result, any number of times, be
 * called back when it is there, or give up on it. A task's failure comes out of plait_result as a status,
 * and its words out of plait_future_message; one that nobody has asked for when the last handle goes is told to
 * the excepthook (plait/raise.h); of futures that are never freed, as of Python's that are never collected,
 * nobody hears. A result that nobody takes goes to the future's destroy function.
 * A handle is freed at any time, also before there is a result: that only means "I let go".
 * Who computes the result needs no pool: the second half of this header is for those who make a promise
 * themselves and keep it later.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static void announce(plait_future *future, void *count) {
 *         (void)future;
 *         ++*(int *)count;
 *     }
 *
 *     int main(void) {
 *         int announced = 0, answer = 0;
 *         plait_future *future = plait_future_of(int);           // a promise ...
 *         if (!future || plait_future_add_done_callback(future, announce, &announced) != PLAIT_OK) return 1;
 *         if (plait_future_done(future)) return 1;
 *         if (plait_future_set_result(future, &(int){42}) != PLAIT_OK) return 1;   // ... kept
 *         plait_status status = plait_result(future, &answer);
 *         plait_future_free(future);
 *         return status == PLAIT_OK && answer == 42 && announced == 1 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_FUTURE_H
#define PLAIT_FUTURE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_future plait_future;

/* ---- asking for the result ---- */

/* Waits until the future is done and copies its result to *out: plait_result(future, &out). Without `out`,
 * or with NULL, it only waits: plait_result(future). The result stays where it is and can be asked for
 * again. Python: Future.result().
 * PLAIT_OK, or the code that the task failed with. PLAIT_CANCELLED: the future was cancelled, or the wait
 * was (plait_future_done tells). PLAIT_TIMEOUT (_until): not done by the deadline. PLAIT_INVALID: no
 * future, or *out has not the size of the result. PLAIT_DEADLOCK: asked by the very task whose result it
 * is, or by one of several tasks that wait for each other in a circle, or for tasks that are queued in
 * pools all of whose workers do so: whoever closes the circle is told, and plait_future_message says who waits for
 * whom (promises, and waits with a deadline or for anything else than futures, count as able to end).
 * PLAIT_BROKEN: the pool that should compute it was left behind by a fork. PLAIT_INTERRUPTED.
 * *out is only changed by PLAIT_OK.
 * A worker that waits without a deadline for a task of its own pool which has not begun runs it itself. */
#define plait_result(...) PLAIT__RESULT(__VA_ARGS__, PLAIT__NOWHERE, )
#define plait_result_until(future, out, deadline) \
    plait_future_result_until((future), (out), PLAIT__RESULT_SIZE(out), (deadline))

/* What these call: `size` is the size of *out, 0 if the caller does not know (then it is not checked). */
PLAIT_API plait_status plait_future_result(plait_future *future, void *out, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_future_result_until(plait_future *future, void *out,
                                                                   size_t size, plait_deadline deadline);

/* Why the future failed, in words: what was raised, or what the code means. "" while it is not done (but for
 * PLAIT_DEADLOCK; those words live until the task's next wait) and when it succeeded. Lives as long as the handle.
 * Never NULL, never waits. Python: exception(). */
PLAIT_API const char *plait_future_message(plait_future *future);

/* Whether there is a result or a failure; whether it is being computed now; whether it was cancelled.
 * Snapshots; false for NULL. Python: done, running, cancelled. */
PLAIT_API bool plait_future_done(const plait_future *future);
PLAIT_API bool plait_future_running(const plait_future *future);
PLAIT_API bool plait_future_cancelled(const plait_future *future);

/* Gives up on the result. Not begun: it is done at once, with PLAIT_CANCELLED, and will never run. Running:
 * its task's cancel token is cancelled, so that its waits end and plait_cancelled() is true in it; the
 * future is done when the task returns, with whatever it returns. True in both cases; false if it was
 * done already (unless cancelled). Never waits; thread-safe. Python: cancel, which cannot stop running
 * tasks. */
PLAIT_API bool plait_future_cancel(plait_future *future);

/* Calls callback(future, context) exactly once when the future is done: on the thread that makes it so,
 * or here and now if it is done already. Callbacks run in the order in which they were added, with no lock
 * of plait held; the future may be freed in them. PLAIT_OK, PLAIT_NO_MEMORY, PLAIT_INVALID: it will not be
 * called. Thread-safe. Python: add_done_callback. */
PLAIT_API plait_status plait_future_add_done_callback(plait_future *future,
                                                      void (*callback)(plait_future *future, void *context),
                                                      void *context);

/* What becomes of a result that nobody has taken (by plait_result with an `out`) when the last handle goes:
 * destroy(result, context) is called. NULL: nothing. PLAIT_OK, PLAIT_INVALID, PLAIT_NO_MEMORY. */
PLAIT_API plait_status plait_future_set_destroy(plait_future *future,
                                                void (*destroy)(void *result, void *context), void *context);

/* "I let go", at any time, also in the future's own callback. What runs goes on. NULL is allowed. */
PLAIT_API void plait_future_free(plait_future *future);
/* Another handle on the same future, to be freed by itself; returns it. */
PLAIT_API plait_future *plait_future_keep(plait_future *future);

/* The case that the future is done, for plait_select; its status is then what plait_result would return. A worker
 * that selects among futures alone, without a deadline, runs those of its own pool that have not begun. */
PLAIT_API plait_case plait_case_future(plait_future *future);

/* ---- several ----
 *
 * All of these wait on one thread for all of the futures at once: it is woken once, however many there are, and each
 * that becomes done costs one step. The same future may stand in the array more than once.
 * Inside a task they occupy the worker, as other waits do; but without a deadline it runs those of its own pool that
 * have not begun, one after the other, until what it waits for has come. */

typedef enum plait_return_when {
    PLAIT_FIRST_COMPLETED, /* one is done */
    PLAIT_FIRST_EXCEPTION, /* one has failed (being cancelled is not a failure), or all are done */
    PLAIT_ALL_COMPLETED
} plait_return_when;

/* Waits until so many of these futures are done, and stores how many are in *done (which may be NULL); which ones,
 * plait_future_done tells of each. Nothing is read or cancelled. None at all is all of them.
 * PLAIT_OK. PLAIT_TIMEOUT (_until), PLAIT_CANCELLED, PLAIT_INTERRUPTED; *done is right all the same.
 * PLAIT_DEADLOCK, PLAIT_BROKEN: so many never will be (see plait_result). PLAIT_INVALID: a NULL among them, or no
 * such `when`. PLAIT_NO_MEMORY (more than 16): it has not waited. Python: concurrent.futures.wait(). */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_wait(plait_future *const *futures, size_t count,
                                                    plait_return_when when, size_t *done);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_wait_until(plait_future *const *futures, size_t count,
                                                          plait_return_when when, size_t *done,
                                                          plait_deadline deadline);

/* These futures in the order in which they are done; those that are already come first, in the array's order.
 *
 *     plait_completion *completion = plait_as_completed(futures, count);
 *     size_t which;
 *     while (plait_completion_next(completion, &which) == PLAIT_OK) use(futures[which]);
 *     plait_completion_free(completion);
 *
 * The array is not needed afterwards; the futures remain the caller's, who may free each when he likes. Used by one
 * thread at a time. Free it with plait_completion_free, at any time. NULL when memory is out, or with PLAIT_INVALID
 * if there is a NULL among them. Python: as_completed(). */
typedef struct plait_completion plait_completion;
PLAIT_API PLAIT_WARN_UNUSED plait_completion *plait_as_completed(plait_future *const *futures, size_t count);
PLAIT_API void plait_completion_free(plait_completion *completion);

/* Waits for the next one and stores its index in *which (which may be NULL). PLAIT_OK; how it went, plait_result
 * tells. PLAIT_EMPTY: that was all. PLAIT_TIMEOUT (_until), PLAIT_CANCELLED, PLAIT_INTERRUPTED: not yet, it may be
 * asked again. PLAIT_DEADLOCK, PLAIT_BROKEN: those left will never be done (see plait_result). PLAIT_INVALID for
 * NULL. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_completion_next(plait_completion *completion, size_t *which);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_completion_next_until(plait_completion *completion,
                                                                     size_t *which, plait_deadline deadline);

/* Waits for the first of these futures that succeeds, copies its result to *out (which may be NULL) and its
 * index to *which (may be NULL), and cancels the others; their results go to their destroy functions when
 * they are freed, which remains the caller's business.
 * PLAIT_OK. When all have failed: the code of the one that failed last, whose index is *which. PLAIT_TIMEOUT
 * (_until), PLAIT_CANCELLED and PLAIT_INTERRUPTED of the wait, and PLAIT_DEADLOCK and PLAIT_BROKEN (see
 * plait_result): the others are cancelled too, *which is `count`. PLAIT_INVALID: none, a NULL among them, or a
 * result of another size; nothing has happened. PLAIT_NO_MEMORY (more than 16): nothing has happened.
 * What a worker runs itself meanwhile is cancelled when another one has won. */
#define plait_first(futures, count, out, which) \
    plait_future_first((futures), (count), (out), PLAIT__RESULT_SIZE(out), (which), PLAIT_FOREVER)
#define plait_first_until(futures, count, out, which, deadline) \
    plait_future_first((futures), (count), (out), PLAIT__RESULT_SIZE(out), (which), (deadline))
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_future_first(plait_future *const *futures, size_t count,
                                                            void *out, size_t size, size_t *which,
                                                            plait_deadline deadline);

/* ---- the other side: keeping a promise ---- */

/* A future whose result of result_size bytes (0: no result) somebody will set. If its handle is given away,
 * whoever is to set it needs one of its own (plait_future_keep). Freed before it was set, it simply goes.
 * NULL when memory is out. Python: Future(). */
#define plait_future_of(type) plait_future_new(sizeof(type))
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_future_new(size_t result_size);

/* Says that the work has begun; from now on cancel leaves the future to whoever sets it. PLAIT_OK;
 * PLAIT_CANCELLED: do not begin. PLAIT_INVALID: it had begun, or is done. PLAIT_NOT_OWNER: a pool's.
 * Python: set_running_or_notify_cancel. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_future_set_running(plait_future *future);

/* Makes the future done: with a copy of *result, or with a failure (a code other than PLAIT_OK, and words in
 * the manner of printf; `format` may be NULL). Wakes those who wait, then calls the callbacks. PLAIT_OK.
 * PLAIT_CANCELLED: it was cancelled meanwhile, PLAIT_INVALID: it was set before, the size is wrong, or the
 * code makes no sense: nothing has happened, and the result still belongs to the caller.
 * Futures of a pool are set by their pool alone: PLAIT_NOT_OWNER. Python: set_result, set_exception. */
#define plait_future_set_result(future, result) \
    plait_future_set_result_sized((future), (result), PLAIT__RESULT_SIZE(result))
PLAIT_API plait_status plait_future_set_result_sized(plait_future *future, const void *result, size_t size);
PLAIT_API plait_status plait_future_set_error(plait_future *future, plait_status code, const char *format,
                                              ...) PLAIT_PRINTF(3, 4);

PLAIT_END

/* ---- how the macros above tell sizes ---- */

#define PLAIT__RESULT(future, out, ...) plait_future_result((future), (out), PLAIT__RESULT_SIZE(out))

/* The size of what a pointer points to; 0 for NULL and for pointers to void. */
#ifdef __cplusplus
template <class T> constexpr size_t plait__result_size(const T *) {
    return sizeof(T);
}
constexpr size_t plait__result_size(const void *) {
    return 0;
}
constexpr size_t plait__result_size(decltype(nullptr)) {
    return 0;
}
constexpr size_t plait__result_size(long) { /* what NULL is */
    return 0;
}
#define PLAIT__RESULT_SIZE(pointer) (plait__result_size(pointer))
#define PLAIT__NOWHERE nullptr
#else
#define PLAIT__NOWHERE ((void *)0)
#define PLAIT__RESULT_SIZE(pointer) \
    (_Generic((pointer), \
        void * : (size_t)0, \
        const void * : (size_t)0, \
        default : sizeof *_Generic((pointer), \
            void * : (char *)0, \
            const void * : (char *)0, \
            default : (pointer))))
#endif

#endif

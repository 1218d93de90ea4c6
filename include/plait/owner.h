/* plait/owner.h - an owner: one thread owns a resource, the others send it requests.
 *
 * A file, a connection, a data structure that several threads need: instead of a lock around it, give it to
 * an owner. The owner's thread opens it, is the only one that ever touches it, and closes it. Everybody else
 * sends requests: plait_tell without waiting, plait_ask for a future of the answer or the error. A request is
 * a task (plait/task.h) whose first parameter is the resource, which plait fills in.
 *
 * PLAIT_OWNER(name, T) makes a type of owners whose resource is a T, a pointer or a number: a small value
 * that is passed around. It is what requests are checked against when the program is compiled: an owner of
 * FILE * takes only tasks whose first parameter is a FILE *. `name.owner` is the owner itself, which the
 * verbs take that need no type.
 *
 * Requests of one sender are carried out in the order in which it sent them. The inbox is bounded: whoever
 * sends to a full one waits, or is refused. A request runs under the token of its sender, as a pool's task
 * does: an asked one whose sender was cancelled before it began never runs, a told one runs all the same. A
 * told request that fails is told to the excepthook. A request may send more to its own owner (if there is
 * room), but not wait for the answer: that is PLAIT_DEADLOCK, and so is a wait for another owner's answer, or a
 * pool's, that would wait for this one's. If a request ends the owner's thread (pthread_exit), the owner is closed: what was accepted is
 * cancelled, and nobody starts it anew. At exit, owners finish what they were given; those that were never
 * closed are closed then, the one opened last first, so that nothing is lost that a file's buffer holds. (Not the
 * one whose request called exit.) In the child of a fork an owner is PLAIT_BROKEN, and closes nothing.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *
 *     struct tally { long sum; int count; };                              // no lock
 *     PLAIT_OWNER(tally_owner, struct tally *);
 *
 *     PLAIT_TASK(struct tally *, open_tally, (long, start)) {
 *         struct tally *tally = calloc(1, sizeof *tally);
 *         if (tally) tally->sum = start; else plait_raise(PLAIT_NO_MEMORY, NULL);
 *         return tally;
 *     }
 *     PLAIT_TASK(void, close_tally, (struct tally *, tally)) { free(tally); }
 *     PLAIT_TASK(void, add, (struct tally *, tally), (long, number)) {
 *         tally->sum += number;
 *         tally->count++;
 *     }
 *     PLAIT_TASK(double, mean, (struct tally *, tally)) {
 *         if (!tally->count) plait_raise(PLAIT_USER, "nothing to divide by");
 *         return tally->count ? (double)tally->sum / tally->count : 0;
 *     }
 *
 *     int main(void) {
 *         tally_owner tally = plait_owner_open(tally_owner, close_tally, open_tally, 0);
 *         if (!tally.owner) return 1;
 *         plait_future *too_early = plait_ask(tally, mean);
 *         for (long i = 1; i <= 9; i++) plait_tell(tally, add, i);
 *         plait_future *answer = plait_ask(tally, mean);
 *         double result = 0;
 *         plait_status failure = plait_result(too_early), status = plait_result(answer, &result);
 *         plait_future_free(too_early);
 *         plait_future_free(answer);
 *         plait_owner_close(tally.owner);                                // no more requests
 *         if (plait_owner_join(tally.owner) != PLAIT_OK) return 1;       // closed, without a failure
 *         plait_owner_free(tally.owner);
 *         return failure == PLAIT_USER && status == PLAIT_OK && result == 5 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_OWNER_H
#define PLAIT_OWNER_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/future.h>
#include <plait/status.h>
#include <plait/task.h>

/* A type of owners. T is a pointer or a number; at most 16 bytes. */
#define PLAIT_OWNER(name, T) \
    typedef union name { \
        plait_owner *owner; \
        T *plait__resource; \
    } name

PLAIT_BEGIN

typedef struct plait_owner plait_owner;

typedef struct plait_owner_options {
    const char *name;  /* of its thread, for people; copied. NULL: a default */
    size_t maxsize;    /* requests that wait in the inbox at most; 0: 1000 */
    size_t stack_size; /* bytes; 0: the system's default */
} plait_owner_options;

/* Starts an owner's thread, has it run `open`(arguments...), a task that returns the resource, and waits for
 * that. `close` is a task with the resource as its one parameter; the owner's thread runs it once, as the
 * last thing. Returns an owner to be freed. With .owner NULL if there is none: plait_last_error() is then
 * what the opening task raised, and plait_last_message() its words; or PLAIT_NO_MEMORY, PLAIT_ERRNO (no
 * thread), PLAIT_INVALID, or PLAIT_CANCELLED, PLAIT_INTERRUPTED (of the wait: what is opened all the same is
 * closed again). */
#define plait_owner_open(type, close, ...) plait_owner_open_with(type, NULL, close, __VA_ARGS__)
#define plait_owner_open_with(type, options, close, ...) \
    (PLAIT_LITERAL(type){PLAIT__TYPED( \
        ((void)sizeof(PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(*(type *)0), close, )), \
         (void)sizeof(PLAIT__OPENED((type *)0, __VA_ARGS__, )), \
         plait_owner_open_sized(sizeof *((type *)0)->plait__resource, (options), plait_task_of(close), \
                                PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, ))), \
        __VA_ARGS__)})

/* Has the owner run task(resource, arguments...) some time, and does not wait for it; only for room in the
 * inbox: as long as it takes, until the deadline, or not at all. PLAIT_OK: it will be run, unless the owner
 * is shut down with cancel. PLAIT_TIMEOUT (_until), PLAIT_FULL (_nowait), PLAIT_SHUTDOWN, PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED, PLAIT_DEADLOCK (it is full, and this is one of its own requests), PLAIT_NO_MEMORY,
 * PLAIT_BROKEN, PLAIT_INVALID: it will not. Small arguments (48 bytes) are copied into the inbox, and nothing
 * is allocated. Thread-safe. */
#define plait_tell(to, ...) plait_tell_until(to, PLAIT_FOREVER, __VA_ARGS__)
#define plait_tell_until(to, deadline, ...) \
    PLAIT__TYPED_OWNED(plait_owner_tell((to).owner, PLAIT__TASK_OF(__VA_ARGS__, ), \
                                        PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(to), __VA_ARGS__, ), \
                                        (deadline)), \
                       __VA_ARGS__)
#define plait_tell_nowait(to, ...) \
    PLAIT__TYPED_OWNED( \
        plait_owner_tell_nowait((to).owner, PLAIT__TASK_OF(__VA_ARGS__, ), \
                                PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(to), __VA_ARGS__, )), \
        __VA_ARGS__)

/* The same, and returns a future for what the request returns or raises, to be freed (plait/future.h): it can
 * be cancelled like a pool's. Never NULL: a refusal is a future that has failed, with one of the codes
 * above. */
#define plait_ask(to, ...) plait_ask_until(to, PLAIT_FOREVER, __VA_ARGS__)
#define plait_ask_until(to, deadline, ...) \
    PLAIT__TYPED_OWNED(plait_owner_ask((to).owner, PLAIT__TASK_OF(__VA_ARGS__, ), \
                                       PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(to), __VA_ARGS__, ), \
                                       (deadline)), \
                       __VA_ARGS__)
#define plait_ask_nowait(to, ...) \
    PLAIT__TYPED_OWNED(plait_owner_ask_nowait((to).owner, PLAIT__TASK_OF(__VA_ARGS__, ), \
                                              PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(to), __VA_ARGS__, )), \
                       __VA_ARGS__)

/* What these call, for descriptors that are values. `args`: as for plait_pool_submit; the first one need not
 * be set. PLAIT_INVALID if the task's first parameter has not the resource's size, which is all that can be
 * seen here. */
PLAIT_API PLAIT_WARN_UNUSED plait_owner *plait_owner_open_sized(size_t resource_size,
                                                                const plait_owner_options *options,
                                                                const plait_task *close,
                                                                const plait_task *open, const void *args);
PLAIT_API plait_status plait_owner_tell(plait_owner *owner, const plait_task *task, const void *args,
                                        plait_deadline deadline);
PLAIT_API plait_status plait_owner_tell_nowait(plait_owner *owner, const plait_task *task, const void *args);
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_owner_ask(plait_owner *owner, const plait_task *task,
                                                          const void *args, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_future *plait_owner_ask_nowait(plait_owner *owner, const plait_task *task,
                                                                 const void *args);

/* How many requests have been sent and not been dealt with: those in the inbox, the one being carried out,
 * and those that wait for room. A snapshot; 0 for NULL. Never waits. */
PLAIT_API size_t plait_owner_pending(const plait_owner *owner);

/* No more requests: they return PLAIT_SHUTDOWN from now on. Those accepted are carried out; then the resource
 * is closed and the thread ends. PLAIT_OK, also the second time; PLAIT_BROKEN, PLAIT_INVALID. Never waits. */
PLAIT_API plait_status plait_owner_close(plait_owner *owner);

/* Waits until an owner that was closed has closed its resource, and its thread has ended. PLAIT_OK, or what
 * the closing task raised (plait_owner_message has the words). PLAIT_INVALID: it was not closed.
 * PLAIT_DEADLOCK: one of its own requests. PLAIT_TIMEOUT (_until), PLAIT_CANCELLED, PLAIT_INTERRUPTED,
 * PLAIT_BROKEN. */
PLAIT_API plait_status plait_owner_join(plait_owner *owner);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_owner_join_until(plait_owner *owner, plait_deadline deadline);

/* Closes it; with `cancel_requests` what has not begun never will: futures are cancelled, told requests
 * forgotten. Waits, if wanted, as join does; but no cancel ends this wait. */
PLAIT_API plait_status plait_owner_shutdown(plait_owner *owner, bool wait, bool cancel_requests);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_owner_shutdown_until(plait_owner *owner, bool cancel_requests,
                                                                    plait_deadline deadline);

/* After it has ended: what the closing task raised, in words; else "". Lives as long as the owner. */
PLAIT_API const char *plait_owner_message(plait_owner *owner);

/* "I let go": closes it, if that was not done, and does not wait. A failure of the closing task that nobody
 * has asked for goes to the excepthook. Nobody may use the owner afterwards. NULL is allowed. */
PLAIT_API void plait_owner_free(plait_owner *owner);

PLAIT_END

/* A null of the type of this owner's resource; the owner is not looked at. */
#define PLAIT__NOTHING_LIKE(to) (0 ? *(to).plait__resource : 0)
/* Compiles only if the task `open` returns what owners of this type own. */
#define PLAIT__OPENED(of, open, ...) PLAIT__OUT_OF(open, (of)->plait__resource)

#endif

/* plait/queue.h - a queue: threads hand each other items.
 *
 * First in, first out; or last in, first out; or the smallest first; or handed over directly, from thread to
 * thread. Items are of any one size and are copied in and out: a number, a pointer, a struct. A queue with a
 * maxsize makes whoever puts wait when it is full, one without (0) grows. Any number of threads may put and
 * get. task_done and join tell when all that was put has also been dealt with; shutdown ends it all cleanly:
 * nobody waits for ever, and no item is lost without its destroy function being called. It is Python's
 * queue.Queue, LifoQueue and PriorityQueue, shutdown (3.13) included; docs/queues.md is a guide with a
 * program for each kind.
 *
 * An item goes in and out through a pointer to it. The verbs below are macros that also pass the size of
 * what the pointer points to, so an item of the wrong type's size is refused with PLAIT_INVALID. Whoever has
 * only a void pointer uses the functions whose names end in _sized.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *
 *     struct job { int number; double weight; };
 *
 *     int main(void) {
 *         plait_queue *queue = plait_queue_of(struct job, 1000);        // Queue(maxsize=1000)
 *         if (!queue) return 1;
 *         for (int i = 0; i < 3; i++) {
 *             struct job job = {i, 0.5 * i};
 *             if (plait_queue_put(queue, &job) != PLAIT_OK) return 1;
 *         }
 *         plait_queue_shutdown(queue, false);                           // no more; what is there stays
 *         struct job job;
 *         plait_status status;
 *         int done = 0;
 *         plait_queue_each(queue, &job, &status) {                      // until PLAIT_SHUTDOWN
 *             printf("job %d weighs %g\n", job.number, job.weight);
 *             plait_queue_task_done(queue);
 *             done++;
 *         }
 *         return done == 3 && status == PLAIT_SHUTDOWN && plait_queue_join(queue) == PLAIT_OK
 *             && plait_queue_free(queue) == PLAIT_OK ? 0 : 1;
 *     }
 */
#ifndef PLAIT_QUEUE_H
#define PLAIT_QUEUE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_queue plait_queue;

/* A queue for items of this type, in the order in which they come out: the first put comes first, or the
 * last put comes first. maxsize: how many items it holds at most; 0: any number, in memory that grows, and
 * goes back when a burst is over. NULL when memory is out, and with PLAIT_INVALID for a maxsize that was
 * negative before it became a size_t (which Python takes for any number; in C it is more likely a mistake).
 * Free it with plait_queue_free. Any thread. Python: Queue(maxsize), LifoQueue(maxsize). */
#define plait_queue_of(type, maxsize) plait_queue_new(sizeof(type), (maxsize))
#define plait_lifo_queue_of(type, maxsize) plait_lifo_queue_new(sizeof(type), (maxsize))

/* The same, but the smallest item comes first, and of equal ones the first put. `member` is the number in an
 * item of this type by which they are compared: an integer, an enum, a float or a double. Python:
 * PriorityQueue(maxsize), with a stable order. A heap with four children; Johnson 1975. */
#define plait_priority_queue_by(type, maxsize, member) \
    plait_priority_queue_new_by(sizeof(type), (maxsize), plait_key_of(type, member))

/* The same, with a comparison of your own: less(one, other, context) says whether one comes before the
 * other. It is called by whoever puts or gets, some log(items) times. No two threads compare items of the
 * same queue at once, so the others wait in put, get, peek and shutdown meanwhile, also in _until and
 * _nowait: keep it short and let it wait for nothing. It must return, must not fork, and may use other
 * queues; of its own, what would look at items, join or end it returns PLAIT_DEADLOCK there, while qsize and
 * task_done, say, work. A comparison that contradicts itself makes a wrong order, and no other harm.
 * PLAIT_INVALID for none. */
#define plait_priority_queue_of(type, maxsize, less, context) \
    plait_priority_queue_new(sizeof(type), (maxsize), (less), (context))

/* A queue in which nothing lies: a put returns when a getter has taken the item, and a put that does not
 * wait is done only if a getter waits. qsize is 0; it is always empty, and always full. Go's unbuffered
 * channel. */
#define plait_rendezvous_queue_of(type) plait_rendezvous_queue_new(sizeof(type))

/* Where in an item its key lies, and what it is. */
typedef enum plait_key_kind { PLAIT_KEY_SIGNED, PLAIT_KEY_UNSIGNED, PLAIT_KEY_FLOATING } plait_key_kind;
typedef struct plait_key {
    size_t offset, size; /* in bytes */
    plait_key_kind kind;
} plait_key;
#define plait_key_of(type, member) \
    PLAIT_LITERAL(plait_key) { \
        offsetof(type, member), sizeof(((type *)0)->member), PLAIT__KEY_KIND(type, member) \
    }

/* What the macros above call, for whoever knows only the size of an item. PLAIT_INVALID also for items of no
 * bytes, and for a key that does not lie in the item or is no number of 1, 2, 4 or 8 bytes. What `less` is
 * given is aligned as the item that was put, if that was aligned for its type. */
PLAIT_API PLAIT_WARN_UNUSED plait_queue *plait_queue_new(size_t item_size, size_t maxsize);
PLAIT_API PLAIT_WARN_UNUSED plait_queue *plait_lifo_queue_new(size_t item_size, size_t maxsize);
PLAIT_API PLAIT_WARN_UNUSED plait_queue *plait_rendezvous_queue_new(size_t item_size);
PLAIT_API PLAIT_WARN_UNUSED plait_queue *plait_priority_queue_new_by(size_t item_size, size_t maxsize,
                                                                     plait_key key);
PLAIT_API PLAIT_WARN_UNUSED plait_queue *
plait_priority_queue_new(size_t item_size, size_t maxsize,
                         bool (*less)(const void *one, const void *other, void *context), void *context);

/* What becomes of items that nobody gets: `destroy` is called for each one left when the queue is shut
 * down at once or freed, on the thread that does so, with no lock of plait held. NULL: nothing is called.
 * PLAIT_INVALID for no queue, PLAIT_BROKEN. Thread-safe; usually called before the first put. */
PLAIT_API plait_status plait_queue_set_destroy(plait_queue *queue, void (*destroy)(void *item, void *context),
                                               void *context);

/* Lets go of a queue; items left in it go to the destroy function. PLAIT_BUSY while somebody waits in it
 * (or was woken and has not returned yet): nothing has happened then. PLAIT_BROKEN: its memory is lost.
 * Nobody may use it afterwards. NULL is allowed. */
PLAIT_API plait_status plait_queue_free(plait_queue *queue);

/* Puts a copy of *item into the queue, waiting while the queue is full (until the deadline; or not at all).
 * PLAIT_OK: it is in. PLAIT_TIMEOUT (_until), PLAIT_FULL (_nowait), PLAIT_SHUTDOWN, PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED, PLAIT_NO_MEMORY (the queue could not grow), PLAIT_BROKEN, PLAIT_INVALID (no queue,
 * no item, or not an item of its size): it is not, and still belongs to the caller. Thread-safe. Allocates
 * only to grow. Python: put, put(timeout=), put_nowait. */
#define plait_queue_put(queue, item) plait_queue_put_sized((queue), (item), sizeof *(item))
#define plait_queue_put_until(queue, item, deadline) \
    plait_queue_put_sized_until((queue), (item), sizeof *(item), (deadline))
#define plait_queue_put_nowait(queue, item) plait_queue_put_sized_nowait((queue), (item), sizeof *(item))

/* Takes the first item out and copies it to *item, waiting while there is none. PLAIT_OK: *item is the
 * caller's. PLAIT_TIMEOUT (_until), PLAIT_EMPTY (_nowait), PLAIT_SHUTDOWN (shut down, and nothing is left),
 * PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_BROKEN, PLAIT_INVALID: *item is as it was. Thread-safe. Never
 * allocates. Who waits longest is served first, but a thread that comes just then may be faster.
 * Python: get, get(timeout=), get_nowait. */
#define plait_queue_get(queue, item) plait_queue_get_sized((queue), (item), sizeof *(item))
#define plait_queue_get_until(queue, item, deadline) \
    plait_queue_get_sized_until((queue), (item), sizeof *(item), (deadline))
#define plait_queue_get_nowait(queue, item) plait_queue_get_sized_nowait((queue), (item), sizeof *(item))

/* Several items at once, an array of `count`, with one synchronisation for as many as can be moved together:
 * far cheaper than one by one. They go in and come out in the order in which single ones would.
 * put_many puts them all, waiting for room as needed; *put (which may be NULL) says how many are in.
 * PLAIT_OK: all. What put returns otherwise: the first *put items are in, the others still belong to the
 * caller (after PLAIT_FULL, too: _nowait puts as many as there is room for).
 * get_many waits until there is one item and takes as many as there are then, up to `count`; *got says how
 * many. PLAIT_OK: at least one. What get returns otherwise: none. A count of 0 is done at once, with
 * PLAIT_OK. PLAIT_INVALID leaves *put and *got alone. */
#define plait_queue_put_many(queue, items, count, put) \
    plait_queue_put_many_sized((queue), (items), sizeof *(items), (count), (put))
#define plait_queue_put_many_until(queue, items, count, put, deadline) \
    plait_queue_put_many_sized_until((queue), (items), sizeof *(items), (count), (put), (deadline))
#define plait_queue_put_many_nowait(queue, items, count, put) \
    plait_queue_put_many_sized_nowait((queue), (items), sizeof *(items), (count), (put))
#define plait_queue_get_many(queue, items, count, got) \
    plait_queue_get_many_sized((queue), (items), sizeof *(items), (count), (got))
#define plait_queue_get_many_until(queue, items, count, got, deadline) \
    plait_queue_get_many_sized_until((queue), (items), sizeof *(items), (count), (got), (deadline))
#define plait_queue_get_many_nowait(queue, items, count, got) \
    plait_queue_get_many_sized_nowait((queue), (items), sizeof *(items), (count), (got))

/* Runs the statement after it for each item, got into *item, until a get returns something else than
 * PLAIT_OK, which is then in *status: PLAIT_SHUTDOWN when the queue was shut down and nothing is left; or
 * PLAIT_CANCELLED, ... . break and continue are C's: after a break *status is PLAIT_OK, and the item in hand
 * is the caller's.
 *     plait_queue_each(queue, &job, &status) { work_on(&job); plait_queue_task_done(queue); }
 * Python: for item in iter(queue.get, ...), which ends with an exception. */
#define plait_queue_each(queue, item, status) \
    while ((*(status) = plait_queue_get((queue), (item))) == PLAIT_OK)

/* Copies the first item to *item and leaves it where it is; by the time this returns somebody else may
 * have it. PLAIT_EMPTY, PLAIT_SHUTDOWN (and nothing left), PLAIT_BROKEN, PLAIT_INVALID. Never waits. */
#define plait_queue_peek(queue, item) plait_queue_peek_sized((queue), (item), sizeof *(item))

/* What the macros above call; `size` must be the queue's item size, else PLAIT_INVALID. */
PLAIT_API plait_status plait_queue_put_sized(plait_queue *queue, const void *item, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_put_sized_until(plait_queue *queue, const void *item,
                                                                     size_t size, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_put_sized_nowait(plait_queue *queue, const void *item,
                                                                      size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_sized(plait_queue *queue, void *item, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_sized_until(plait_queue *queue, void *item,
                                                                     size_t size, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_sized_nowait(plait_queue *queue, void *item,
                                                                      size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_peek_sized(plait_queue *queue, void *item, size_t size);

PLAIT_API plait_status plait_queue_put_many_sized(plait_queue *queue, const void *items, size_t size,
                                                  size_t count, size_t *put);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_put_many_sized_until(plait_queue *queue,
                                                                          const void *items, size_t size,
                                                                          size_t count, size_t *put,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_put_many_sized_nowait(plait_queue *queue,
                                                                           const void *items, size_t size,
                                                                           size_t count, size_t *put);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_many_sized(plait_queue *queue, void *items,
                                                                    size_t size, size_t count, size_t *got);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_many_sized_until(plait_queue *queue, void *items,
                                                                          size_t size, size_t count,
                                                                          size_t *got,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_get_many_sized_nowait(plait_queue *queue, void *items,
                                                                           size_t size, size_t count,
                                                                           size_t *got);

/* How many items there are at this instant, whether there are none, whether there is no room: true when
 * looked at, perhaps not any more when read. No queue: 0, true, false. Never wait.
 * Python: qsize, empty, full. */
PLAIT_API size_t plait_queue_qsize(const plait_queue *queue);
PLAIT_API bool plait_queue_empty(const plait_queue *queue);
PLAIT_API bool plait_queue_full(const plait_queue *queue);

/* Says that one item which was got has been dealt with. PLAIT_OVERFLOW if that was said more often than
 * items were put (Python: ValueError); PLAIT_BROKEN, PLAIT_INVALID. Never waits. Python: task_done. */
PLAIT_API plait_status plait_queue_task_done(plait_queue *queue);

/* The same for several items at once; if it is said too often, none of them counts. */
PLAIT_API plait_status plait_queue_task_done_many(plait_queue *queue, size_t count);

/* Waits until task_done was called for every item that was put (discarded items count as done). PLAIT_OK;
 * PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_BROKEN, PLAIT_INVALID. Python: join. */
PLAIT_API plait_status plait_queue_join(plait_queue *queue);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_queue_join_until(plait_queue *queue, plait_deadline deadline);

/* Ends the queue: every put, also one that waits now, returns PLAIT_SHUTDOWN; gets go on until nothing is
 * left and return it then. `immediate`: what is left is discarded at once, through the destroy function,
 * and counts as done; joins return if nothing else is unfinished. May be called again, to discard after
 * all. PLAIT_OK, PLAIT_BROKEN, PLAIT_INVALID. Never waits. Python: shutdown(immediate). */
PLAIT_API plait_status plait_queue_shutdown(plait_queue *queue, bool immediate);

/* A descriptor for the event loop of somebody else (poll, epoll, libuv, GLib, ...): readable as long as
 * there is something to get, or the queue is shut down; in a rendezvous queue, as long as a putter waits.
 * Poll it for reading; never read, write or close it. When it is readable, get with _nowait; that may still
 * say PLAIT_EMPTY, if another thread was faster, and the descriptor is not readable then. It stays readable
 * while items are left, so one get for each time round is enough; an edge-triggered loop gets until
 * PLAIT_EMPTY. After PLAIT_SHUTDOWN take it out of the loop: it stays readable for ever. Every call returns
 * the same one; it is made by the first, and closed by plait_queue_free. In the child of a fork it is still
 * the parent's: ask anew there, which closes the child's copy. -1 with plait_last_error: PLAIT_ERRNO (no
 * descriptor left; see errno), PLAIT_BROKEN, PLAIT_INVALID. Never waits. A queue with a descriptor pays a
 * system call for each change between nothing and something; one without pays nothing. Threads of plait use
 * plait_select instead. */
PLAIT_API PLAIT_WARN_UNUSED int plait_queue_descriptor(plait_queue *queue);

/* The cases of a get and of a put for plait_select; *item must stay until the select returns. The case's
 * status is then what the get or put returned. A wrong size makes the select return PLAIT_INVALID. */
#define plait_case_get(queue, item) plait_case_get_sized((queue), (item), sizeof *(item))
#define plait_case_put(queue, item) plait_case_put_sized((queue), (item), sizeof *(item))
PLAIT_API plait_case plait_case_get_sized(plait_queue *queue, void *item, size_t size);
PLAIT_API plait_case plait_case_put_sized(plait_queue *queue, const void *item, size_t size);

PLAIT_END

/* The kind of number that a member is; what is no number does not compile. */
#ifdef __cplusplus
template <typename T> constexpr plait_key_kind plait__key_kind_of() {
    return T(0.5) != T(0) ? PLAIT_KEY_FLOATING : T(-1) < T(0) ? PLAIT_KEY_SIGNED : PLAIT_KEY_UNSIGNED;
}
#define PLAIT__KEY_KIND(type, member) plait__key_kind_of<decltype(type::member)>()
#else
#define PLAIT__KEY_KIND(type, member) \
    _Generic(((type *)0)->member, char \
             : (char)-1 < 0 ? PLAIT_KEY_SIGNED : PLAIT_KEY_UNSIGNED, signed char \
             : PLAIT_KEY_SIGNED, short \
             : PLAIT_KEY_SIGNED, int \
             : PLAIT_KEY_SIGNED, long \
             : PLAIT_KEY_SIGNED, long long \
             : PLAIT_KEY_SIGNED, bool \
             : PLAIT_KEY_UNSIGNED, unsigned char \
             : PLAIT_KEY_UNSIGNED, unsigned short \
             : PLAIT_KEY_UNSIGNED, unsigned \
             : PLAIT_KEY_UNSIGNED, unsigned long \
             : PLAIT_KEY_UNSIGNED, unsigned long long \
             : PLAIT_KEY_UNSIGNED, float \
             : PLAIT_KEY_FLOATING, double \
             : PLAIT_KEY_FLOATING)
#endif

#endif

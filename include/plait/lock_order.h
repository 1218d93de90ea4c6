/* plait/lock_order.h - tells of locks that are taken in two orders, before that ever deadlocks.
 *
 * Thread 1 takes lock a, then b; thread 2 takes b, then a. Mostly nothing happens; once a year both stop for ever.
 * While orders are watched plait remembers, for each plait_lock, plait_rlock and plait_rwlock that is asked for
 * while others are held, who held what, and where. The first time that an order closes a circle (a before b, b
 * before a; or over several locks) it is reported, with the stacks of both sides, before the thread waits: it is
 * enough that both orders came up once, at any time, in whatever threads; even in the same one.
 *
 * What is reported could deadlock. Not reported, because it cannot:
 *   - two orders that only come up under one common lock, which lets in one thread at a time
 *   - locks that are asked for with a deadline or _nowait while others are held: that wait ends by itself.
 *     (They are held from then on, and what is waited for meanwhile counts.)
 *   - readers of an rwlock that nobody waits to write; an rlock that its owner takes again
 *   - a new lock in the memory of an old one
 * Orders are of locks, not of kinds of locks: which of two accounts is locked first may change from pair to pair.
 * But if the same code takes many pairs in two orders, that is reported once. Not found: a thread that waits for
 * itself, and waits for anything but locks; the library's checker finds these.
 *
 * Waiting at a condition while another lock is held counts: the condition's lock is then taken after that one.
 *
 * Watching is for tests and for hunting: while it is on, taking and releasing a lock costs microseconds. While it
 * is off it costs nothing. What was held before it began is not known. It remembers up to 16384 locks that were
 * held together with others, 65536 orders, 12 locks held by a thread at once, and circles of up to 8, in a block of
 * 8 MiB that is taken when it begins (what is not used of it is not touched). When it has to leave something out,
 * that is reported too, once. A lock must not be moved in memory (an object copied by memcpy or realloc) while it
 * is watched.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_lock a, b;
 *
 *     static void take_both(plait_lock *first, plait_lock *second) {
 *         plait_hold(first);
 *         plait_hold(second);
 *     }
 *
 *     static void count(const plait_lock_order_report *report, void *context) {
 *         if (report->count == 2) ++*(int *)context;     // NULL instead of count: prints it to standard error
 *     }
 *
 *     int main(void) {
 *         int inversions = 0;
 *         if (plait_lock_order_watch(count, &inversions) != PLAIT_OK) return 1;
 *         take_both(&a, &b);
 *         take_both(&b, &a);                           // goes well here, and mostly with two threads too
 *         plait_lock_order_unwatch();
 *         return inversions == 1 ? 0 : 2;
 *     }
 */
#ifndef PLAIT_LOCK_ORDER_H
#define PLAIT_LOCK_ORDER_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

enum { PLAIT_LOCK_ORDER_FRAMES = 16 };

/* One step around the circle: a thread held one lock and asked for another. */
typedef struct plait_lock_order_step {
    const void *held, *wanted;         /* the locks' addresses */
    bool held_to_read, wanted_to_read; /* rwlocks only */
    uint32_t thread;                   /* its plait_thread_ident */
    uint32_t held_depth, wanted_depth; /* how many frames there are, innermost first: where the program */
    void *held_stack[PLAIT_LOCK_ORDER_FRAMES];   /* acquired `held`, */
    void *wanted_stack[PLAIT_LOCK_ORDER_FRAMES]; /* and where it asked for `wanted` */
} plait_lock_order_step;

/* Each step's `wanted` is the `held` of the next, and the last one's that of the first, which is what the calling
 * thread is about to do. count 0: there is no room to remember more, from now on orders are missed. */
typedef struct plait_lock_order_report {
    uint32_t count;
    const plait_lock_order_step *steps;
} plait_lock_order_report;

/* Called in the thread that asks for a lock, before it waits, with no lock of plait's held, but with the program's
 * own locks that the thread holds: it must not wait for these. The report is valid until it returns. */
typedef void (*plait_lock_order_callback)(const plait_lock_order_report *report, void *context);

/* Begins to watch, in all threads, at any time; a lock that is just being taken by another thread may be missed.
 * report NULL: prints to standard error. PLAIT_BUSY: is watched already. PLAIT_NO_MEMORY. In the child of a fork
 * watching goes on, with what was learned. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lock_order_watch(plait_lock_order_callback report,
                                                                void *context);

/* Ends it and forgets all. A callback that has begun in another thread may still be running. PLAIT_OK also if
 * nothing was watched. Any thread, also in the callback. */
PLAIT_API plait_status plait_lock_order_unwatch(void);

/* Prints a report to a file descriptor, as watching without a callback does. Locks go by their names if they have
 * one (plait_set_name). Addresses in square brackets are
 * for `addr2line -e PROGRAM`. NULL is ignored. */
PLAIT_API void plait_lock_order_print(const plait_lock_order_report *report, int descriptor);

PLAIT_END

#endif

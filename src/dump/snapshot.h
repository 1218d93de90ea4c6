/* snapshot.h - what every thread was doing, each at a moment of its own, and who waits for whom.
 *
 * It is taken in two steps. First the list of threads and the table of sleepers are gone through, each under its lock,
 * and copied. Then each object that has somebody who holds it is looked at, under the lock of the parking list of
 * its address, and only if the waiter that was seen is parked there still: for as long as it is, and that list is locked,
 * nobody has let it go on, so the object is there. (Both at once will not do: a list's lock is taken before the
 * sleepers' by who cancels a future.) A condition that is waited for is not looked at at all: it may be gone
 * when its waiter has been moved to the lock.
 *
 * What a sleeping thread runs is read from the frames on its stack: they do not change while it is in the table.
 */
#ifndef PLAIT__SNAPSHOT_H
#define PLAIT__SNAPSHOT_H

#include <sync/lock.h>
#include <thread/thread.h>
#include <wait/waiter.h>

enum { PLAIT__SEEN_CASES = 4, PLAIT__SEEN_RUNS = 8 };

/* What the future was that is waited for. */
enum plait__future_seen { PLAIT__UNSEEN, PLAIT__PROMISED, PLAIT__NOT_BEGUN, PLAIT__BEING_RUN };

struct plait__seen_case {
    const char *kind;
    const void *object;
};

/* One thread. */
struct plait__seen {
    plait_thread *thread; /* with a reference; NULL: it has no handle */
    uint32_t ident;       /* 0: it has not begun, or plait has not met it yet */
    const char *task;     /* the innermost that it runs; NULL: none that is known */
    bool asleep;          /* and then: */
    const char *kind;     /* what it waits for; see waiter.h */
    const void *object;
    const plait_lock *lock;             /* waiting at a condition: the lock that it gave up */
    const struct plait__waiter *waiter; /* only to be compared, as `object` and `runs` */
    uint64_t since;                     /* with `waiter` it tells this wait from any other */
    int64_t until;
    size_t case_count; /* of a select; the first few of them */
    struct plait__seen_case cases[PLAIT__SEEN_CASES];
    size_t run_count; /* futures whose tasks it runs, innermost first */
    const void *runs[PLAIT__SEEN_RUNS];
    bool moved;      /* notified: it waits for the lock */
    uint32_t holder; /* ident of the thread that must act first; 0: nobody in particular */
    enum plait__future_seen future;
    const char *future_task;    /* or NULL */
    struct plait__seen *awaits; /* the holder, if it was seen */
    bool told;                  /* in a circle, for whoever tells */
};

/* Sorted by ident. */
struct plait__snapshot {
    struct plait__seen *seen;
    size_t count;
};

/* PLAIT_OK or PLAIT_NO_MEMORY. Not the service thread. */
plait_status plait__snapshot_take(struct plait__snapshot *snapshot);
void plait__snapshot_free(struct plait__snapshot *snapshot);

/* Of the future that the thread waits for, and whose parking list is locked. */
void plait__look_at_future(struct plait__seen *seen);

/* One thread of some circle of waits, not told yet; NULL: there is none (more). */
struct plait__seen *plait__snapshot_circle(const struct plait__snapshot *snapshot);
/* From now on nobody awaits anybody, but for those who did so in that earlier look, too, in the same wait. */
void plait__snapshot_confirm(struct plait__snapshot *now, const struct plait__snapshot *before);

#endif

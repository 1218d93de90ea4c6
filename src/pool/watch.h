/* watch.h - waiting for several futures at once: what plait_wait, plait_as_completed and plait_first share.
 *
 * A watch is a node for one future in the parking table, as a waiting thread's node is, but whoever makes
 * that future done does not wake for it: he moves the watch over to the list of those that are finished, and
 * wakes the thread behind it only if that is enough now for what it waits for. So a thread that waits for ten
 * thousand futures is woken once, hears in which order they were done, and each costs one step.
 *
 * A watch is in one place at a time:
 *   PARKED     in the parking table, at its future's address. Linked and unlinked under that list's mutex
 *   FINISHED   in `finished`, in the order in which they were done; under the group's mutex, which whoever makes
 *              the future done takes inside the list's
 *   TAKEN      the waiting thread has seen it
 *   LOST       nobody in this process will make it done (and LOST ones are never parked)
 * The memory of group and watches is the waiting thread's. It may go when the last has been seen TAKEN or taken
 * off the parking table under the list's mutex: after either, no other thread looks at it any more.
 * (Seen TAKEN suffices, because it was in `finished` under the group's mutex then, and the mutex is the
 * last thing that whoever put it there touched of it.)
 *
 * No wake-up is lost: the waiting thread looks whether there is enough and puts its node into `sleeper` in
 * one critical section; whoever finishes a watch looks for the sleeper in the one in which he counts it.
 *
 * A worker that waits without a deadline runs those of its own pool that have not begun (help). For
 * plait_first it must not go on with one when another has won meanwhile: it says in `runs` what it runs, and
 * whoever finishes a winner asks that to stop, after he has let go of all locks. Both under the group's mutex,
 * so that either the winner finds what runs, or the worker finds the winner.
 */
#ifndef PLAIT__WATCH_H
#define PLAIT__WATCH_H

#include <pool/future.h>
#include <wait/waiter.h>

/* Nodes in the parking table at a future's address are told apart by their `want`. */
enum plait__watch_place {
    PLAIT__NO_WATCH,
    PLAIT__PARKED_WATCH,
    PLAIT__FINISHED,
    PLAIT__TAKEN_WATCH,
    PLAIT__LOST
};

struct plait__worker;

struct plait__watch {
    struct plait__node node;
    struct plait__watching *group;
    plait_future *future;
};

struct plait__watching {
    struct plait__watch *watches;
    size_t count;
    const struct plait__worker *helper; /* who helped last, and how far: all before have begun */
    size_t next_to_help;
    size_t lost; /* how many, and why */
    plait_status why_lost;
    bool first_wins; /* one that succeeds stops what `runs` */

    struct plait__mutex mutex; /* guards the rest */
    struct plait__list finished;
    struct plait__list sleeper; /* at most one */
    size_t done, failed;        /* of all so far; cancelled ones have not failed */
    size_t enough;              /* for the sleeper; so many done */
    bool failure_is_enough;     /* or one failed */
    bool won;
    plait_future *runs;
};

/* Watches all these futures, until plait__watch_end. Those that are done already are finished at once, in order.
 * The struct is zero but for first_wins and failure_is_enough. */
void plait__watch_begin(struct plait__watching *group, struct plait__watch *watches,
                        plait_future *const *futures, size_t count);
void plait__watch_end(struct plait__watching *group);

/* Waits until `enough` of them are done, or one has failed if that is enough. A worker helps if there is no
 * deadline. PLAIT_OK, PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED; PLAIT_DEADLOCK, PLAIT_BROKEN: there will
 * never be enough. */
plait_status plait__watch_wait(struct plait__watching *group, size_t enough, plait_deadline deadline);
/* The next that is finished; NULL: none yet. */
struct plait__watch *plait__watch_take(struct plait__watching *group);

/* The future is done and was PARKED: wakes who waits for it, each in his way. The caller has a reference. */
void plait__watch_unpark(plait_future *future);

/* Under the group's mutex: whether so many are done, or what else is enough has come. */
static inline bool plait__watch_has(const struct plait__watching *group, size_t enough) {
    return group->done >= enough || (group->failure_is_enough && group->failed);
}

#endif

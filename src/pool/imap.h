/* imap.h - an imap from inside. The public side is plait/imap.h.
 *
 * One thread at a time, the consumer, calls next. It fills slots with a chunk of items each, and takes their
 * results out again. A slot is in one of these states, all but the first under the imap's mutex:
 *   free      on the consumer's own list; only the consumer looks at it
 *   filled    on the list `filled`, oldest first: nobody has taken it
 *   taken     some thread runs its items, with no lock: a helper, or the consumer itself
 *   done      its results are there
 *   current   the consumer gives out its results one by one, then it is free again
 * A second list, `out`, says in which order the consumer wants slots: by order of filling, then a slot stands
 * in it from then on, and the consumer waits until the first is done; or as they finish, then it comes onto
 * the list when it is done.
 *
 * Helpers are tasks in the pool that take filled slots until there are none. At most one is arriving at any
 * time (handed to the pool and not yet running); when it arrives, or the consumer fills a slot, and there is
 * still something filled, the next one is sent for, until there is one for each worker (`active`). A helper
 * that leaves says so under the mutex, in the same step in which it finds nothing filled: so outside the
 * mutex it always holds that if there are filled slots, a helper is arriving or looks again, or there are as
 * many as may be, or none can be had (`alone`).
 * (But nobody is sent for while what is filled would be done before a helper could come: the consumer runs it
 * when it wants it. Where it does not, because it has a deadline, it sends for one before it waits, and runs it
 * all the same if none can be had.)
 * A helper that never begins (the pool was shut down, memory is out) has a future that ends all the same, and
 * whose callback sets `alone`. The consumer waits only for what somebody runs, or a helper will; otherwise it
 * runs slots itself. A worker never waits for a helper: it might be the one who should run it.
 *
 * In a pool whose tasks run in other processes there are no helpers (imap_far.c): a slot is handed to the pool as a chunk
 * (chunk.h) when it is filled, and so is taken at once; over() makes it done.
 *
 * Who waits is on the list `waiting`: the consumer, for the slot it wants, or in free, until nobody runs
 * anything. Memory is held by the handle and by each helper, until its future's callback.
 */
#ifndef PLAIT__IMAP_H
#define PLAIT__IMAP_H

#include <plait/imap.h>
#include <pool/chunk.h>
#include <pool/range.h>
#include <wait/waiter.h>

enum { PLAIT__IMAP_COLUMNS = 8 };

struct plait__imap_failure {
    plait_status status;
    char *message;
};

struct plait__imap_slot {
    struct plait__range range; /* its columns are those below */
    struct plait__link link;   /* of the list `filled`, or of the free ones */
    struct plait__link out;
    size_t first, count; /* of its items */
    bool taken, done;    /* the mutex */
    bool failed;         /* some have: then `failures` says which */
    uint64_t ticks;      /* that it took */
    char *items;         /* room for those that a function supplies */
    struct plait__imap_failure *failures;
    plait_column columns[PLAIT__IMAP_COLUMNS];
    plait_imap *imap;
    struct plait__chunk chunk; /* far only */
};

struct plait_imap {
    uint32_t references;
    uint32_t generation; /* of forks, when it was made */
    plait_pool *pool;
    const plait_task *task;
    plait_token *token;
    bool shielded, far;
    plait_imap_options options;
    uint32_t workers; /* so many helpers at most */

    /* The input; the consumer's, as is all until the mutex. */
    plait_column columns[PLAIT__IMAP_COLUMNS];
    bool (*next)(void *item, void *context);
    void *context;
    size_t left; /* items not read yet, as far as is known */

    size_t read;  /* items */
    size_t ahead; /* of these, not given out yet */
    size_t chunk; /* of the next one read */
    size_t room;  /* items in a slot */
    struct plait__imap_slot *current;
    size_t at; /* the item of the current slot to be given out next */
    struct plait__list free;

    uint64_t each; /* ticks that an item took of late; 0: not known */

    size_t told_index;
    plait_status told_status;
    char *told_message;

    struct plait__mutex mutex; /* guards what follows */
    struct plait__list filled, out, waiting;
    size_t waiting_items; /* in filled slots */
    uint64_t cost;        /* `each`, for helpers to see */
    uint32_t active, running;
    bool arriving, alone, closing;
};

/* ---- imap_work.c: running what has been filled ---- */

/* Under the mutex: whether the first slot wanted is there. And: a slot that was taken is done; who waits for it is claimed. */
bool plait__imap_is_ready(const plait_imap *imap);
void plait__imap_finish(plait_imap *imap, struct plait__imap_slot *slot, struct plait__wakes *wakes);
/* Hands over a slot that has been filled. */
void plait__imap_put(plait_imap *imap, struct plait__imap_slot *slot);
/* Whether the first slot wanted is there already. */
bool plait__imap_ready(plait_imap *imap);
/* Waits for it, or runs it, and takes it off. */
plait_status plait__imap_await(plait_imap *imap, plait_deadline deadline, struct plait__imap_slot **slot);
/* Forgets what nobody has begun, and waits for those that run. */
void plait__imap_stop(plait_imap *imap);
void plait__imap_drop(plait_imap *imap);

/* ---- imap_far.c: the same in a pool whose tasks run in other processes ---- */

void plait__imap_far_put(plait_imap *imap, struct plait__imap_slot *slot);
/* Until the first slot wanted is there, or why the wait ended. */
plait_status plait__imap_far_wait(plait_imap *imap, plait_deadline deadline);
void plait__imap_far_stop(plait_imap *imap);

#endif

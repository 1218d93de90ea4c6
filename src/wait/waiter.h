/* waiter.h - one wait of one thread: how it sleeps, who may end it, and how.
 *
 * Every blocking call of plait comes down to this. A thread that must wait makes a waiter on its stack,
 * puts a node for it into the wait list of each object it waits for (one node, or one per case of a
 * select), and calls plait__wait, which spins and then sleeps until somebody has claimed the waiter.
 *
 * The word of a waiter, and who may change it (always by compare-and-swap, so one claim wins):
 *   AWAKE     -> SLEEPING     the waiter: from here on a claim must be followed by a wake
 *   SLEEPING  -> AWAKE        the waiter, or a signal handler on its thread that wants it to look around
 *   AWAKE or SLEEPING -> a claim:
 *     TIMED_OUT, CANCELLED, INTERRUPTED, FAILED, LOOK   the waiter itself; CANCELLED also plait_cancel
 *     FIRST + n, perhaps with GIFT                      whoever serves node n
 * A claim is final. Its maker then does nothing but wake the address, which needs no memory to be there.
 * (A waiter that polls descriptors has a bell to ring instead; see poll.h.)
 *
 * Lifetime: a node is claimed only under the lock of the list that it is on, and a waiter leaves only
 * when none of its nodes is on a list any more (claimed nodes are taken off by the claimer, under that
 * lock; the others the waiter takes off itself, under it). plait_cancel claims under the lock of the
 * table of sleepers, which the waiter leaves under that same lock. So nobody looks at a waiter that has
 * gone, and no claim meant for one wait hits the thread's next one.
 *
 * No wake-up is lost: before it sleeps the waiter goes AWAKE -> SLEEPING; a claimer that comes earlier
 * makes that step fail, one that comes later finds SLEEPING and wakes, and the back end's compare and
 * sleep are one step. Nor is a host's signal: the waiter asks for it after that step; a handler that runs
 * later takes SLEEPING back, and the compare fails. (Only where plait__os_signals_end_sleep(): else the
 * handler leaves the word alone, for a claimer that found AWAKE would not wake.)
 * A cancel is not lost either: the waiter enters the table of sleepers before it looks at its token; the
 * canceller marks the token before it goes through the table. Whichever takes the table's lock second sees
 * what the first has done.
 *
 * Order: a claim is acq_rel and the waiter reads it with acquire, so all that the claimer did before is
 * seen by the waiter after.
 */
#ifndef PLAIT__WAITER_H
#define PLAIT__WAITER_H

#include <base/atomic.h>
#include <base/clock.h>
#include <base/list.h>
#include <base/os.h>
#include <plait/deadline.h>
#include <wait/mutex.h>
#include <wait/self.h>

enum plait__claim {
    PLAIT__AWAKE = 0,
    PLAIT__SLEEPING = 1,
    PLAIT__TIMED_OUT = 2,
    PLAIT__CANCELLED = 3,
    PLAIT__INTERRUPTED = 4,
    PLAIT__FAILED = 5, /* polling descriptors failed */
    PLAIT__LOOK = 6,   /* a polled descriptor is ready, or a shared word has changed */
    PLAIT__FIRST = 8   /* node 0; larger: the node's index is added */
};
/* Beside FIRST + n: the claimer has already given what the node waits for. */
#define PLAIT__GIFT UINT32_C(0x80000000)

struct plait__waiter {
    uint32_t word;
    bool looked; /* for a while already, before it became this: it sleeps at once */
    int bell;    /* descriptor to ring instead of waking the word, or -1 */
    struct plait__self *self;
    plait_token *token;        /* who may cancel this wait; NULL: nobody. Guarded by the sleepers' lock */
    struct plait__link asleep; /* in the table of sleepers */
    struct plait__polling *polling; /* with descriptors among its cases; else NULL */
    struct plait__sharing *sharing; /* for a word that other processes share (shared.h); else NULL */
    uint32_t *beside;               /* that word. Atomic: its nodes may be in lists before it is known */
    const char *kind;               /* what it waits for, for people: "lock", "queue.get" */
    const void *object;
    struct plait__waiter *outer; /* a wait that this one interrupts (in a host's hook) */
    uint64_t woken_at;           /* ticks; when it was sent a wake */
    /* What others may look at while it is in the table, guarded by the sleepers' lock: */
    int64_t until;  /* when it ends by itself; INT64_MAX: never */
    uint64_t since; /* ticks; when it entered the table. Atomic: no two waits at an address share it */
    const struct plait_case *cases; /* of a select, so many; else NULL */
    size_t case_count;
};

/* A place in the wait list of one object. */
struct plait__node {
    struct plait__link link; /* guarded by the list's lock, as all of the node while it is linked */
    struct plait__waiter *waiter;
    const void *address; /* what it waits for */
    uint32_t index;      /* which case of the waiter this is */
    uint32_t want;       /* for the object's own use: reader or writer, how many, ... */
    char *item;          /* likewise: where a gift goes to, or comes from */
};

/* Guards a list of nodes. Objects on the heap have one of their own, word-sized ones share the parking
 * table's. */
struct plait__wait_list {
    struct plait__mutex mutex;
    struct plait__list nodes;
};

void plait__waiter_init(struct plait__waiter *waiter, const char *kind, const void *object);

static inline void plait__node_init(struct plait__node *node, struct plait__waiter *waiter,
                                    const void *address, uint32_t index) {
    *node = (struct plait__node){.waiter = waiter, .address = address, .index = index};
}

/* Claims the waiter on its own behalf; false if another claim was first. */
bool plait__claim_itself(struct plait__waiter *waiter, uint32_t claim);

/* Waits until somebody claims the waiter: spins, then sleeps. Claims it itself when the deadline passes,
 * a token is cancelled (only if cancellable and no shield is up) or a host's signal arrives. Returns the
 * claim. The caller holds no lock, has put the nodes in place before, and takes those that are still
 * linked out afterwards. */
uint32_t plait__wait(struct plait__waiter *waiter, plait_deadline deadline, bool cancellable);

/* Runs the host's before_wait and after_wait around what these two enclose: the slow path of a lock that
 * spins before it waits, say. They nest; plait__wait does it by itself. */
void plait__wait_enter(struct plait__self *self);
void plait__wait_leave(struct plait__self *self);

/* The status that a claim which is not a node's stands for. */
int plait__claim_status(uint32_t claim);

static inline bool plait__claimed_node(uint32_t claim) {
    return (claim & ~PLAIT__GIFT) >= PLAIT__FIRST;
}
static inline uint32_t plait__claimed_index(uint32_t claim) {
    return (claim & ~PLAIT__GIFT) - PLAIT__FIRST;
}

/* Wakes that are owed: collected while a lock is held, sent after it is given back. */
enum { PLAIT__WAKES = 32 };
struct plait__wakes {
    uint32_t count;
    uint32_t *owed[PLAIT__WAKES];
};

/* Claims the node's waiter for it and takes the node off its list; `gift` is 0 or PLAIT__GIFT. False if
 * another claim was first: the node is off the list all the same. The caller holds the list's lock and
 * calls plait__wakes_send after it has given it back. (When more wakes are owed than the struct can hold
 * they are sent at once, under the lock: slow for the others, but right. Bells are rung at once.) */
bool plait__claim(struct plait__node *node, uint32_t gift, struct plait__wakes *wakes);

/* The same for all nodes of a list. */
void plait__claim_all(struct plait__list *nodes, struct plait__wakes *wakes);

void plait__wakes_send(struct plait__wakes *wakes);

/* Waits once, at the end of a list, as one for whom there is no more to say; returns the claim. The list is
 * guarded by the mutex, which the caller holds, and which is given back meanwhile. */
uint32_t plait__wait_listed(struct plait__mutex *mutex, struct plait__list *nodes, const char *kind,
                            const void *object, plait_deadline deadline, bool cancellable);

/* Goes through all sleeping waiters, each under its lock: for cancelling and for dumps. */
void plait__each_sleeper(void (*look)(struct plait__waiter *waiter, void *context), void *context);
/* Claims a sleeping waiter from inside `look`, and wakes it. */
void plait__cancel_sleeper(struct plait__waiter *waiter);

#endif

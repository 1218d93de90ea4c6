/* message_ring.h - a ring of bytes in shared memory, through which messages go from process to process.
 *
 * Records lie one behind the other in units of 16 bytes: a head of one unit, then the message. The ring is
 * mapped twice in a row, so that a record that goes beyond its end is in one piece all the same. Positions
 * count units and wrap around at 2^32; an index is a position and, in its upper half, the number of messages
 * so far: one store moves both.
 *
 *        free             head                 tail
 *   ......|  taken         |  to be taken       |......
 *          DONE, BORROWED    READY, RESERVED ...
 *
 * tail and free belong to who holds the put lane, head to who holds the get lane; both are robust locks
 * (robust.h), held for some instructions or a copy of a few KiB, and the store of an index is what makes a
 * put or a get count. A process killed before it has done nothing; what it left beyond the index nobody
 * reads. Nobody waits under a lane, and nobody takes both.
 *
 * What lasts longer (writing or reading in place, large copies) is done outside the lanes, under the record's
 * word, which holds its state and the process that owns it (alive.h) at once:
 *
 *   RESERVED   -> READY or ABANDONED      its owner, without a lock
 *   RESERVED   -> ABANDONED               who holds the get lane, finds it at the head, and its owner dead
 *   READY      -> BORROWED                who holds the get lane and then moves the head past it
 *   BORROWED   -> READY                   who holds the get lane and finds it at the head: he died in between
 *   BORROWED   -> DONE                    its owner, without a lock
 *
 * Gets pass over what is ABANDONED and stop at what is RESERVED. Puts that miss room move `free` over all
 * that is behind the head and not BORROWED by somebody alive. So several write and read at once, in any
 * order, and what comes out is in the order in which room was taken.
 *
 * A message that is bigger than the ring is a *stream*: a record FIRST, which says how long the whole
 * is, then MORE. Its writer has marked the put lane as his (`stream`), its reader the get lane
 * (`drain`), each with his process, and the others stay away as long as that lives. So pieces are never
 * mixed. A writer that gives up or dies leaves a FIRST with too few MORE: the reader finds another
 * record instead, or nothing and no such stream, and forgets what he has. A reader that dies leaves MORE
 * without a reader, which gets pass over, as they do over a FIRST whose rest cannot come any more. Who
 * needs much room marks the lane as a stream does, so that small puts do not keep taking what becomes
 * free.
 *
 * Waiting. Gets sleep until tail or a record's word changes, puts until head or a word does, each on words of
 * their own (sleepers.h). One wake at a time goes round on each side; so whoever has a lane for himself
 * sleeps apart from the others, who could do nothing with his. That somebody died is no change: who is
 * hindered by somebody's reservation, loan or stream looks whether that process lives before he sleeps, and
 * again after 50 ms, then twice as long each time up to a second.
 *
 * Orders: indices are stored with release after the records, and loaded with acquire by the other side; so
 * are the words. `free`, `stream`, `drain` and what was seen of the other index belong to their lane's lock,
 * but that `stream` is also read by the drain, after which it looks at the tail once more.
 */
#ifndef PLAIT__MESSAGE_RING_H
#define PLAIT__MESSAGE_RING_H

#include <plait/message_queue.h>
#include <shared/alive.h>
#include <shared/robust.h>
#include <shared/sleepers.h>
#include <wait/spin.h>

enum { PLAIT__UNIT = 16, PLAIT__APART = 128 };

enum plait__record_state {
    PLAIT__RECORD_READY = 1,
    PLAIT__RECORD_FIRST,
    PLAIT__RECORD_MORE,
    PLAIT__RECORD_RESERVED,
    PLAIT__RECORD_ABANDONED,
    PLAIT__RECORD_BORROWED,
    PLAIT__RECORD_DONE,
    PLAIT__RECORD_STATES
};

/* One unit, before each message. */
struct plait__record {
    uint64_t word;  /* the state, and above it its owner while it has one. Atomic */
    uint32_t size;  /* bytes of the message; of a reservation: at most */
    uint32_t units; /* with this one, to the next record; never changes while it is there */
};

/* Before the bytes of a FIRST: how long the whole is. */
struct plait__stream_head {
    uint64_t total;
    uint64_t unused;
};

/* Someone who gets, for join: message_join.c. */
struct plait__consumer {
    uint64_t process; /* 0: a free place. The get lane's lock */
    uint32_t got;     /* so */
    uint32_t done;    /* and so */
};
enum { PLAIT__CONSUMERS = 200 };

/* One side of a ring: those who put, or those who get. */
struct plait__message_lane {
    _Alignas(PLAIT__APART) struct plait__robust lock;
    uint32_t seen; /* the other side's position, when it was looked at last */
    uint32_t free; /* the put lane's: from here on records are reused when room is missed */
    uint64_t
        through; /* the stream or drain that has the lane for itself, or 0. Atomic; changed under the lock */
    uint64_t through_for;                  /* the process that it belongs to. Atomic, too */
    _Alignas(PLAIT__APART) uint64_t index; /* tail, head: the other side reads it. Atomic */
};

/* Those who sleep on one side: whoever has the lane for himself, and the others, who can do nothing
 * meanwhile. */
struct plait__side {
    struct plait__sleepers others, through;
};

enum { PLAIT__OPEN, PLAIT__SHUT, PLAIT__SHUT_AT_ONCE };

/* In shared memory; zero but for what plait__message_ring_begin writes. */
struct plait__message_shared {
    uint32_t units; /* of the ring: a power of two */
    uint32_t
        borrows;   /* somebody has borrowed: records behind the head may be in use. Atomic, never goes back */
    uint32_t shut; /* PLAIT__OPEN ...; changed under the put lane's lock. Atomic */
    uint32_t consumers_used; /* of the array below, at most. The get lane's lock */
    uint32_t lost; /* somebody died who had not done what he got: not told yet. The get lane's lock */
    uint64_t max_message;
    struct plait__message_lane put, get;
    _Alignas(PLAIT__APART) struct plait__side getters;
    _Alignas(PLAIT__APART) struct plait__side putters;
    _Alignas(PLAIT__APART) struct plait__side joiners;
    _Alignas(PLAIT__APART) struct plait__consumer consumers[PLAIT__CONSUMERS + 1]; /* the last: all others */
};

/* What a process knows of a ring. */
struct plait__message_ring {
    struct plait__message_shared *shared;
    char *bytes; /* twice in a row */
    uint32_t units;
    const void *object; /* whose waits these are, in dumps */
    /* Of a pipe: asked before a sleep. PLAIT_BUSY: nothing new; PLAIT_OK: try again; else what the call
     * returns. */
    plait_status (*look_around)(const struct plait__message_ring *ring);
    uint32_t consumer,
        consumer_generation; /* which place is this process's, and one more; of which generation */
};

/* One call that may have to wait. */
struct plait__message_call {
    struct plait__message_ring *ring;
    struct plait__robust_wait wait;
    bool nowait;
    bool look;                    /* now ask whether those who hinder live */
    bool hindered;                /* by somebody in particular */
    uint64_t *stuck_on, stuck_at; /* what keeps it: changes when there may be something to do */
    uint64_t through;             /* the stream or drain that this call is */
    /* What it is about. */
    char *data;
    size_t size, rest;
    size_t *needed;
    plait_message *message;
};

static inline void plait__side_wake(struct plait__side *side) {
    plait__sleepers_wake(&side->others);
    plait__sleepers_wake(&side->through);
}
static inline void plait__side_wake_all(struct plait__side *side) {
    plait__sleepers_wake_all(&side->others);
    plait__sleepers_wake_all(&side->through);
}

/* ---- message_ring.c ---- */

/* A call; and one that does not wait, but for a lock, whose holder may have lost its CPU. */
struct plait__message_call plait__message_call(struct plait__message_ring *ring, const char *kind,
                                               plait_deadline deadline);
struct plait__message_call plait__message_call_nowait(struct plait__message_ring *ring, const char *kind);
/* What the latter returns: `not_now` if it would have had to wait. */
static inline plait_status plait__message_not_now(plait_status status, plait_status not_now) {
    return status == PLAIT_BUSY || status == PLAIT_TIMEOUT ? not_now : status;
}

/* In fresh memory: a ring of so many units. */
void plait__message_ring_begin(struct plait__message_shared *shared, uint32_t units, size_t max_message);

/* Tries until `attempt` says something else than PLAIT_BUSY: spins, then sleeps on that side. `more`:
 * whether another one who sleeps there would find something. PLAIT_TIMEOUT, PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED also from itself; of a nowait call what `attempt` said. */
plait_status plait__message_run(struct plait__message_call *call,
                                plait_status (*attempt)(struct plait__message_call *call),
                                struct plait__side *side, bool (*more)(const void *ring));

plait_status plait__message_lock(struct plait__message_call *call, struct plait__message_lane *lane);
/* For what must be done in any case, also when a signal breaks into the wait for the lock. False: this system has no such
 * locks. */
bool plait__message_lock_surely(const struct plait__message_ring *ring, const char *kind,
                                struct plait__message_lane *lane);
static inline void plait__message_unlock(struct plait__message_lane *lane) {
    plait__robust_unlock(&lane->lock);
}
/* Under the lane's lock: whether another call has it for itself. If that one is dead it has not any more. */
bool plait__message_taken(struct plait__message_call *call, struct plait__message_lane *lane);
/* Under the lane's lock: takes it for itself; and, with or without the lock, gives it back to all. */
void plait__message_take(struct plait__message_call *call, struct plait__message_lane *lane,
                         uint64_t through);
void plait__message_end(struct plait__message_call *call, struct plait__message_lane *lane,
                        struct plait__side *side);

/* Notes what the call is stuck on, and returns PLAIT_BUSY. */
static inline plait_status plait__message_stuck(struct plait__message_call *call, uint64_t *on, uint64_t at) {
    call->stuck_on = on;
    call->stuck_at = at;
    return PLAIT_BUSY;
}

/* Shuts it, to this state at least; wakes everybody. */
void plait__message_shut(struct plait__message_ring *ring, uint32_t shut);
uint32_t plait__message_count(const struct plait__message_ring *ring);

static inline struct plait__record *plait__record_at(const struct plait__message_ring *ring,
                                                     uint32_t position) {
    return (struct plait__record *)(ring->bytes + (size_t)(position & (ring->units - 1)) * PLAIT__UNIT);
}
static inline char *plait__record_bytes(struct plait__record *record) {
    return (char *)(record + 1);
}
static inline uint64_t plait__record_word(enum plait__record_state state, uint64_t owner) {
    return owner << 3 | state;
}
static inline enum plait__record_state plait__record_state(uint64_t word) {
    return (enum plait__record_state)(word & 7);
}
static inline uint64_t plait__record_owner(uint64_t word) {
    return word >> 3;
}
static inline uint32_t plait__position(uint64_t index) {
    return (uint32_t)index;
}
/* An index further by so many units and messages. */
static inline uint64_t plait__index_after(uint64_t index, uint32_t units, uint32_t messages) {
    return ((index >> 32) + messages) << 32 | (uint32_t)(plait__position(index) + units);
}
static inline uint32_t plait__units_for(size_t size) {
    return 1 + (uint32_t)((size + PLAIT__UNIT - 1) / PLAIT__UNIT);
}
/* The longest message that fits in one piece. */
static inline size_t plait__most_in_place(const struct plait__message_ring *ring) {
    size_t most = (size_t)(ring->units - 1) * PLAIT__UNIT;
    return most < UINT32_MAX ? most : UINT32_MAX - PLAIT__UNIT;
}

/* ---- message_put.c and message_get.c: the verbs. `data`, `needed`, `message` are the caller's ---- */

plait_status plait__message_put(struct plait__message_call *call);     /* data, size */
plait_status plait__message_reserve(struct plait__message_call *call); /* size, message */
plait_status plait__message_commit(struct plait__message_ring *ring, plait_message *message, size_t size,
                                   bool abandon);
/* Under the get lane's lock: moves the head to a record that is to be taken, or says why not. `passed`: there were others
 * before it, so putters and joiners must be woken. */
plait_status plait__message_find(struct plait__message_call *call, struct plait__record **found,
                                 bool *passed);
plait_status plait__message_get(struct plait__message_call *call);    /* data, size, needed */
plait_status plait__message_borrow(struct plait__message_call *call); /* message */
plait_status plait__message_poll(struct plait__message_call *call);
plait_status plait__message_give_back(struct plait__message_ring *ring, plait_message *message);

/* ---- message_join.c ---- */

/* Under the get lane's lock: this process got one, or has not after all (-1). */
void plait__message_got(struct plait__message_ring *ring, int count);
plait_status plait__message_task_done(struct plait__message_ring *ring);
plait_status plait__message_join(struct plait__message_call *call);

#endif

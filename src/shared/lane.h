/* lane.h - one end of a ring in shared memory: whoever puts has one, whoever gets the other.
 *
 * A lane is a robust lock (robust.h) and an index that only grows, in units of the ring: items, bytes. Who
 * holds the lock copies, then stores the index: that store is all that makes a put or a get count, so one
 * that is killed before it has done nothing, and one that is killed after it has done all. Lanes meet only
 * when one of them has used up what it knew of the other's index (`limit`), as those of the queue between
 * threads do (queue/lanes.h).
 *
 * Waiting. Who finds nothing to do gives his lock back and stays away for a while, so that there is a batch
 * when he comes back; how long is learned, in the lane. Then he sleeps, on the *other* lane: under its lock
 * he looks at its index once more, marks it `wanted` and takes its limit back. So whoever moves that index
 * next sees it under the same lock, where he looks anyway, and there is no order to be kept; he clears
 * `wanted`, adds one to `turn` and wakes one sleeper. One at a time is on its way. It passes the wake on when
 * it is done (plait__shared_lane_pass_on): to the next sleeper if there is something left for him, else by
 * marking `wanted` again. `asleep` says whether there are others; who is killed in his sleep stays counted,
 * which costs the others an extra look each time, and nothing else.
 *
 * What a death may leave: a lock, which the kernel gives back; a wake on its way to one who is no more, or
 * never sent. That is for the net under all sleeps (wait/shared.h).
 *
 * Orders: an index is stored with release after the copy, and loaded with acquire by the other lane. All else
 * of a lane belongs to its lock, but for turn and asleep, which are changed by atomic additions.
 */
#ifndef PLAIT__SHARED_LANE_H
#define PLAIT__SHARED_LANE_H

#include <shared/robust.h>
#include <wait/shared.h>
#include <wait/spin.h>

enum { PLAIT__SHARED_LANE_APART = 128 }; /* bytes: then two lanes never share what a CPU fetches at a time */

/* In shared memory, zero at first, aligned to PLAIT__SHARED_LANE_APART. */
struct plait__shared_lane {
    struct plait__robust lock;
    uint32_t turn;   /* those who wait for this lane's index to move sleep on it */
    uint32_t asleep; /* how many: no more than that */
    bool wanted;     /* one of them should be woken */
    bool closed;     /* nothing is to be put any more: the put lane's, set under its lock; atomic */
    uint8_t
        nearness;   /* of the first look when it is stuck: a wake's cost divided by 2 to the power of this */
    uint64_t limit; /* up to this index it need not look at the other lane */
    uint64_t stuck_at; /* the index when it was stuck last */
    uint64_t own[11];  /* for whoever has the lane, under its lock */
    uint64_t index;    /* the other lane reads it */
    char apart[PLAIT__SHARED_LANE_APART - sizeof(uint64_t)];
};

/* One call that may have to wait: made once, on the caller's stack. */
struct plait__shared_lane_call {
    struct plait__robust_wait wait;
    struct plait__spin spin;
    bool begun, spins; /* it was stuck already; it still looks before it sleeps */
    bool slept;        /* on the other lane, so it may owe a wake to others */
};

/* Lock and unlock, as those of robust.h: PLAIT_CRASHED means that the lock was taken, and that the one before
 * died inside. The lane itself is in order then. */
static inline plait_status plait__shared_lane_lock(struct plait__shared_lane *lane,
                                                   const struct plait__shared_lane_call *call) {
    return plait__robust_lock(&lane->lock, &call->wait);
}
static inline void plait__shared_lane_unlock(struct plait__shared_lane *lane) {
    plait__robust_unlock(&lane->lock);
}

/* Under the lane's lock, when its index has reached the limit: the next limit is that far ahead of the other
 * lane's index. Returns how much can be done up to it. While a wake is wanted the limit stays where it is, so
 * that the next one looks here again. */
static inline uint64_t plait__shared_lane_look(struct plait__shared_lane *lane,
                                               const struct plait__shared_lane *other, uint64_t ahead) {
    uint64_t limit = plait__load_acquire(&other->index) + ahead;
    lane->limit = lane->wanted || lane->closed ? lane->index : limit;
    return limit - lane->index;
}

/* Under the lock: how much can certainly be done. The index may have passed a limit that was taken back. */
static inline uint64_t plait__shared_lane_known(const struct plait__shared_lane *lane) {
    int64_t known = (int64_t)(lane->limit - lane->index);
    return known > 0 ? (uint64_t)known : 0;
}

/* Under the lock: whether one who sleeps must be woken by plait__shared_lane_wake, after the lock was given
 * back. */
static inline bool plait__shared_lane_wants_wake(struct plait__shared_lane *lane) {
    if (plait__likely(!lane->wanted)) return false;
    lane->wanted = false;
    plait__add(&lane->turn, 1);
    return true;
}
static inline void plait__shared_lane_wake(struct plait__shared_lane *lane) {
    plait__wake_shared(&lane->turn, 1);
}

/* Under the lock: there is nothing to be done now, and the call will wait. */
void plait__shared_lane_stuck(struct plait__shared_lane *lane, struct plait__shared_lane_call *call);
/* Without it: waits until the other lane's index is larger than `past`, or something else may have changed
 * (it was closed, the net). PLAIT_OK: try again. Else the call must end: PLAIT_TIMEOUT, PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED, PLAIT_ERRNO. */
plait_status plait__shared_lane_wait(struct plait__shared_lane *other, uint64_t past,
                                     struct plait__shared_lane_call *call);
/* When a call is over that has waited, whatever came of it, without a lock: others may be asleep there, who
 * wait for its index to be larger than `past`. */
void plait__shared_lane_pass_on(struct plait__shared_lane *other, uint64_t past,
                                const struct plait__shared_lane_call *call);

/* Closes it, and wakes all who sleep on it; PLAIT_OK, also if it was closed. */
plait_status plait__shared_lane_close(struct plait__shared_lane *lane,
                                      const struct plait__shared_lane_call *call);
/* Wakes all who sleep on it, to look around. Any time. */
void plait__shared_lane_wake_all(struct plait__shared_lane *lane);

#endif

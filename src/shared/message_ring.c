/* message_ring.c - what puts and gets share: lanes, waiting, the end; the protocol is in message_ring.h. */
#include <shared/message_ring.h>

enum { FIRST_LOOK_MS = 50, LAST_LOOK_MS = 1000 };
static const int64_t ns_per_ms = 1000000;
/* How long a call that does not wait waits for a lock. */
static const double lock_s = 0.01;

void plait__message_ring_begin(struct plait__message_shared *shared, uint32_t units, size_t max_message) {
    shared->units = units;
    shared->max_message = max_message;
}

struct plait__message_call plait__message_call(struct plait__message_ring *ring, const char *kind,
                                               plait_deadline deadline) {
    return (struct plait__message_call){.ring = ring, .wait = {kind, ring->object, deadline, true}};
}

struct plait__message_call plait__message_call_nowait(struct plait__message_ring *ring, const char *kind) {
    struct plait__message_call call = plait__message_call(ring, kind, plait_after(lock_s));
    call.wait.cancellable = false;
    call.nowait = true;
    return call;
}

/* ---- lanes ---- */

plait_status plait__message_lock(struct plait__message_call *call, struct plait__message_lane *lane) {
    plait_status status = plait__robust_lock(&lane->lock, &call->wait);
    if (plait__likely(status == PLAIT_OK)) return PLAIT_OK;
    if (status != PLAIT_CRASHED) return status;
    call->look = true; /* somebody has died: perhaps whoever is in the way */
    return PLAIT_OK;
}

bool plait__message_lock_surely(const struct plait__message_ring *ring, const char *kind,
                                struct plait__message_lane *lane) {
    struct plait__robust_wait wait = {kind, ring->object, PLAIT_FOREVER, false};
    plait_status status;
    do {
        status = plait__robust_lock(&lane->lock, &wait);
    } while (status == PLAIT_INTERRUPTED);
    return status == PLAIT_OK || status == PLAIT_CRASHED;
}

bool plait__message_taken(struct plait__message_call *call, struct plait__message_lane *lane) {
    if (plait__likely(!lane->through) || lane->through == call->through) return false;
    if (call->look && !plait__process_alive(plait__load(&lane->through_for))) {
        plait__store_release(&lane->through, 0);
        return false;
    }
    call->hindered = true;
    return true;
}

void plait__message_take(struct plait__message_call *call, struct plait__message_lane *lane,
                         uint64_t through) {
    plait__store(&lane->through_for, plait__process_self());
    plait__store_release(&lane->through, through);
    call->through = through;
}

/* Waits for the lock as long as it takes: a mark that stays would keep all others away for as long as this
 * process lives. */
void plait__message_end(struct plait__message_call *call, struct plait__message_lane *lane,
                        struct plait__side *side) {
    if (!call->through || !plait__message_lock_surely(call->ring, call->wait.kind, lane)) return;
    if (lane->through == call->through) plait__store_for_sleepers(&lane->through, 0);
    plait__message_unlock(lane);
    call->through = 0;
    plait__side_wake(side);
}

/* ---- waiting ---- */

/* When to ask next whether those who hinder live. */
struct patience {
    int64_t look_at;
    int64_t pause_ms;
};

static void prepare_look(struct plait__message_call *call, struct patience *patience) {
    int64_t now = plait__os_clock();
    call->look = now >= patience->look_at;
    if (!call->look) return;
    patience->look_at = now + patience->pause_ms * ns_per_ms;
    patience->pause_ms = patience->pause_ms < LAST_LOOK_MS / 2 ? patience->pause_ms * 2 : LAST_LOOK_MS;
}

/* True if there may be something to do now. */
static bool spin(const struct plait__message_call *call) {
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return false;
    do {
        if (plait__load(call->stuck_on) != call->stuck_at) return true;
    } while (plait__spin_again(&spin));
    return false;
}

static plait_status sleep_once(struct plait__message_call *call, struct plait__sleepers *sleepers,
                               uint32_t entered, int64_t look_at) {
    plait_deadline deadline = call->wait.deadline;
    bool looks = call->hindered && look_at < deadline.ns;
    if (looks) deadline.ns = look_at;
    plait_status status = plait__sleepers_sleep(sleepers, entered, call->wait.kind, call->wait.object,
                                                deadline, call->wait.cancellable);
    return looks && status == PLAIT_TIMEOUT ? PLAIT_OK : status;
}

static plait_status try(struct plait__message_call *call,
                        plait_status (*attempt)(struct plait__message_call *call)) {
    call->hindered = false;
    plait_status status = attempt(call);
    if (status != PLAIT_BUSY || !call->ring->look_around) return status;
    status = call->ring->look_around(call->ring);
    if (status != PLAIT_OK) return status;
    call->look = true; /* somebody may have died, too */
    return attempt(call);
}

/* Among whom a call sleeps, which changes when it gets a lane for itself. A wake that was for the others then
 * goes on to them. */
static struct plait__sleepers *sleepers_of(const struct plait__message_call *call, struct plait__side *side) {
    return call->through ? &side->through : &side->others;
}

/* Until there is something else to say than PLAIT_BUSY. */
static plait_status try_and_sleep(struct plait__message_call *call,
                                  plait_status (*attempt)(struct plait__message_call *call),
                                  struct plait__side *side) {
    struct patience patience = {0, FIRST_LOOK_MS};
    for (;;) {
        struct plait__sleepers *sleepers = sleepers_of(call, side);
        uint32_t entered = plait__sleepers_enter(sleepers);
        prepare_look(call, &patience);
        plait_status status = try(call, attempt), slept = PLAIT_OK;
        if (status == PLAIT_BUSY && sleepers == sleepers_of(call, side))
            slept = sleep_once(call, sleepers, entered, patience.look_at);
        plait__sleepers_leave(sleepers);
        if (status != PLAIT_BUSY) return status;
        if (slept == PLAIT_OK) continue;
        status = attempt(call); /* a result in hand wins */
        return status == PLAIT_BUSY ? slept : status;
    }
}

plait_status plait__message_run(struct plait__message_call *call,
                                plait_status (*attempt)(struct plait__message_call *call),
                                struct plait__side *side, bool (*more)(const void *ring)) {
    call->hindered = call->look = false;
    plait_status status = attempt(call);
    if (plait__likely(status != PLAIT_BUSY)) return status;
    if (call->nowait) {
        call->look = true;
        return call->hindered || call->ring->look_around ? try(call, attempt) : status;
    }
    if (spin(call) && (status = attempt(call)) != PLAIT_BUSY) return status;
    status = try_and_sleep(call, attempt, side);
    plait__sleepers_pass_on(&side->others, more, call->ring);
    return status;
}

/* ---- the end, and numbers ---- */

/* Under the put lane's lock, so that no put is under way: who sees it shut, and then no more records, has
 * seen the last. */
void plait__message_shut(struct plait__message_ring *ring, uint32_t shut) {
    struct plait__message_shared *shared = ring->shared;
    bool locked = plait__message_lock_surely(ring, "message_queue.shutdown", &shared->put);
    if (plait__load(&shared->shut) < shut) plait__store_for_sleepers(&shared->shut, shut);
    if (locked) plait__message_unlock(&shared->put);
    plait__side_wake_all(&shared->getters);
    plait__side_wake_all(&shared->putters);
    plait__side_wake_all(&shared->joiners);
}

/* The head first, so that it is not found ahead of the tail. */
uint32_t plait__message_count(const struct plait__message_ring *ring) {
    const struct plait__message_shared *shared = ring->shared;
    if (plait__load_acquire(&shared->shut) == PLAIT__SHUT_AT_ONCE) return 0;
    uint64_t head = plait__load_acquire(&shared->get.index), tail = plait__load_acquire(&shared->put.index);
    return (uint32_t)((tail >> 32) - (head >> 32));
}

/* process_queue_books.c - who has got what, and done it: task_done, join, discarding, and what is owed to the
 * dead. How these books are kept so that a death leaves them whole stands in process_queue.h.
 *
 * A join sleeps until DONE has come to the put lane's index. Whoever moves DONE looks at JOINERS under the
 * same lock, so nobody is missed. A process that ended with items in its hands moves nothing any more; so a
 * join looks, before it sleeps and whenever the net under its sleep lets it look, whether members that have
 * something in their hands still live, and strikes them off. Members with nothing in their hands are not
 * looked at.
 */
#include <limits.h>
#include <shared/alive.h>
#include <shared/process_queue.h>

/* ---- changes of several words; under the lock ---- */

static void carry_out(plait_process_queue *queue) {
    struct plait__process_queue_memory *memory = queue->memory;
    const struct plait__change *change = &memory->change;
    uint64_t *own = memory->get.own;
    plait__store_release(&own[PLAIT__NEXT_INDEX], UINT64_MAX);
    plait__store_release(&own[PLAIT__NEXT_DONE], UINT64_MAX);
    memory->get.limit = change->index;
    plait__store_release(&memory->get.index, change->index);
    plait__store_release(&own[PLAIT__DONE], change->done);
    plait__store_release(&memory->lost, change->lost);
    plait__store_release(&memory->members[change->member % PLAIT__MEMBERS].done, change->member_done);
    plait__store_release(&memory->change.valid, 0);
}

static void make(plait_process_queue *queue, struct plait__change change) {
    struct plait__change *written = &queue->memory->change;
    change.valid = 0;
    *written = change;
    plait__store_release(&written->valid, 1);
    carry_out(queue);
}

/* As it is, for one who changes a part of it. */
static struct plait__change unchanged(const plait_process_queue *queue, uint64_t member) {
    const struct plait__process_queue_memory *memory = queue->memory;
    return (struct plait__change){.index = memory->get.index,
                                  .done = memory->get.own[PLAIT__DONE],
                                  .lost = memory->lost,
                                  .member = member,
                                  .member_done = memory->members[member].done};
}

void plait__process_queue_mend(plait_process_queue *queue) {
    struct plait__process_queue_memory *memory = queue->memory;
    const uint64_t *own = memory->get.own;
    if (memory->change.valid) carry_out(queue);
    if (own[PLAIT__NEXT_INDEX] == memory->get.index)
        plait__store_release(&memory->members[own[PLAIT__TAKER] % PLAIT__MEMBERS].got, own[PLAIT__TAKER_GOT]);
    if (own[PLAIT__NEXT_DONE] == own[PLAIT__DONE])
        plait__store_release(&memory->members[own[PLAIT__DOER] % PLAIT__MEMBERS].done, own[PLAIT__DOER_DONE]);
}

/* ---- joins; under the lock, and after it ---- */

static bool all_done(const plait_process_queue *queue) {
    const struct plait__process_queue_memory *memory = queue->memory;
    return memory->get.own[PLAIT__DONE] == plait__load_acquire(&memory->put.index);
}

/* Whether joins must be woken. */
static bool ends_joins(plait_process_queue *queue) {
    struct plait__process_queue_memory *memory = queue->memory;
    if (plait__likely(!memory->get.own[PLAIT__JOINERS]) || !all_done(queue)) return false;
    memory->get.own[PLAIT__JOINERS] = 0;
    plait__add(&memory->join_turn, 1);
    return true;
}

/* The end of everything that may have moved DONE. */
static void unlock(plait_process_queue *queue) {
    struct plait__process_queue_memory *memory = queue->memory;
    bool wake = ends_joins(queue);
    plait__shared_lane_unlock(&memory->get);
    if (wake) plait__wake_shared(&memory->join_turn, INT_MAX);
}

/* ---- members ---- */

static bool has_ended(const struct plait__member *member) {
    uint64_t process = plait__load_acquire(&member->process);
    return process && !plait__process_alive(process);
}

/* Under the lock: what it had in its hands is lost, and counts as done. Where others have said task_done for
 * it, or it for others, there may be less than nothing. */
static void strike_off(plait_process_queue *queue, const struct plait__member *member) {
    struct plait__change change = unchanged(queue, (uint64_t)(member - queue->memory->members));
    uint64_t open = plait__load_acquire(&queue->memory->put.index) - change.done;
    int64_t in_hands = (int64_t)(member->got - member->done);
    uint64_t lost = in_hands <= 0 ? 0 : (uint64_t)in_hands < open ? (uint64_t)in_hands : open;
    if (!in_hands) return;
    change.member_done = member->got;
    change.done += lost;
    change.lost += lost;
    make(queue, change);
}

/* This process's entry, or one that nobody has yet; else NULL. Entries are taken in their order. Under the
 * lock. */
static struct plait__member *find_place(struct plait__process_queue_memory *memory, uint64_t self) {
    for (int i = 1; i < PLAIT__MEMBERS; i++) {
        uint64_t process = plait__load(&memory->members[i].process);
        if (process == self || !process) return &memory->members[i];
    }
    return NULL;
}

/* All entries are taken: perhaps one by a process that has ended. Without the lock, as it may take some
 * milliseconds. */
static struct plait__member *find_ended(struct plait__process_queue_memory *memory, uint64_t *process) {
    for (int i = 1; i < PLAIT__MEMBERS; i++) {
        *process = plait__load_acquire(&memory->members[i].process);
        if (has_ended(&memory->members[i])) return &memory->members[i];
    }
    return NULL;
}

static void be_member(plait_process_queue *queue, struct plait__member *member, uint64_t self) {
    if (member != &queue->memory->members[0]) plait__store_release(&member->process, self);
    plait__store(&queue->generation, plait__generation());
    plait__store_release(&queue->me, member);
}

plait_status plait__process_queue_join_in(plait_process_queue *queue,
                                          const struct plait__shared_lane_call *call) {
    struct plait__process_queue_memory *memory = queue->memory;
    uint64_t self = plait__process_self(), process = 0;
    struct plait__member *ended = NULL;
    for (bool full = false;; full = true) {
        plait_status status = plait__process_queue_lock_gets(queue, call);
        if (status != PLAIT_OK) return status;
        struct plait__member *place = find_place(memory, self);
        if (!place && ended && plait__load(&ended->process) == process) {
            strike_off(queue, ended);
            place = ended;
        }
        if (!place && full && !ended) place = &memory->members[0];
        if (place) be_member(queue, place, self);
        unlock(queue);
        if (place) return PLAIT_OK;
        ended = find_ended(memory, &process);
    }
}

/* Of those that have something in their hands. Whether any had ended. */
static plait_status strike_off_ended(plait_process_queue *queue, const struct plait__shared_lane_call *call,
                                     bool *any) {
    struct plait__process_queue_memory *memory = queue->memory;
    for (int i = 1; i < PLAIT__MEMBERS; i++) {
        struct plait__member *member = &memory->members[i];
        uint64_t process = plait__load_acquire(&member->process);
        if (!process) break;
        if (plait__load(&member->got) == plait__load(&member->done) || !has_ended(member)) continue;
        plait_status status = plait__process_queue_lock_gets(queue, call);
        if (status != PLAIT_OK) return status;
        if (plait__load(&member->process) == process) strike_off(queue, member);
        unlock(queue);
        *any = true;
    }
    return PLAIT_OK;
}

/* ---- the calls ---- */

/* Whether so many more can be done when there are `all`, or as far as is known. */
static bool can_be_done(uint64_t all, uint64_t done, uint64_t count) {
    return (int64_t)(all - done) >= 0 && count <= all - done;
}

plait_status plait_process_queue_task_done_many(plait_process_queue *queue, size_t count) {
    if (!queue) return PLAIT_INVALID;
    struct plait__shared_lane_call call = plait__process_queue_patient(queue, "process_queue.task_done");
    plait_status status = PLAIT_OK;
    if (!plait__process_queue_is_member(queue)) status = plait__process_queue_join_in(queue, &call);
    if (status == PLAIT_OK) status = plait__process_queue_lock_gets(queue, &call);
    if (status != PLAIT_OK) return status;
    struct plait__process_queue_memory *memory = queue->memory;
    struct plait__member *me = plait__load(&queue->me);
    uint64_t *own = memory->get.own, done = own[PLAIT__DONE];
    bool known = can_be_done(memory->get.limit, done, count) ||
                 can_be_done(plait__load_acquire(&memory->put.index), done, count);
    if (known) {
        plait__store_release(&own[PLAIT__NEXT_DONE], done + count);
        plait__store_release(&own[PLAIT__DOER], (uint64_t)(me - memory->members));
        plait__store_release(&own[PLAIT__DOER_DONE], me->done + count);
        plait__store_release(&own[PLAIT__DONE], done + count);
        plait__store_release(&me->done, me->done + count);
    }
    unlock(queue);
    return known ? PLAIT_OK : PLAIT_OVERFLOW;
}

plait_status plait_process_queue_task_done(plait_process_queue *queue) {
    return plait_process_queue_task_done_many(queue, 1);
}

/* Under the lock; whether items of the dead are among what is done, that no join has told of. */
static plait_status tell(struct plait__process_queue_memory *memory) {
    bool news = memory->told != memory->lost;
    memory->told = memory->lost;
    return news ? PLAIT_CRASHED : PLAIT_OK;
}

/* PLAIT_BUSY: not all is done, and this is the turn to sleep on. */
static plait_status look(plait_process_queue *queue, const struct plait__shared_lane_call *call,
                         uint32_t *turn) {
    struct plait__process_queue_memory *memory = queue->memory;
    plait_status status = plait__process_queue_lock_gets(queue, call);
    if (status != PLAIT_OK) return status;
    status = all_done(queue) ? tell(memory) : PLAIT_BUSY;
    if (status == PLAIT_BUSY) memory->get.own[PLAIT__JOINERS] = 1;
    *turn = plait__load(&memory->join_turn);
    plait__shared_lane_unlock(&memory->get);
    return status;
}

plait_status plait_process_queue_join_until(plait_process_queue *queue, plait_deadline deadline) {
    if (!queue) return PLAIT_INVALID;
    struct plait__shared_lane_call call = {.wait = {"process_queue.join", queue, deadline, true}};
    plait_status status;
    uint32_t turn = 0;
    while ((status = look(queue, &call, &turn)) == PLAIT_BUSY) {
        bool any = false;
        status = strike_off_ended(queue, &call, &any);
        if (status != PLAIT_OK) return status;
        if (any) continue;
        plait__process_queue_enter(queue);
        status = plait__wait_shared(&queue->memory->join_turn, turn, call.wait.kind, queue, deadline, true);
        plait__process_queue_leave(queue);
        if (status != PLAIT_OK) return status;
    }
    return status;
}

plait_status plait_process_queue_join(plait_process_queue *queue) {
    return plait_process_queue_join_until(queue, PLAIT_FOREVER);
}

plait_status plait__process_queue_discard(plait_process_queue *queue,
                                          const struct plait__shared_lane_call *call) {
    plait_status status = plait__process_queue_lock_gets(queue, call);
    if (status != PLAIT_OK) return status;
    struct plait__change change = unchanged(queue, 0);
    uint64_t end = plait__load_acquire(&queue->memory->put.index);
    change.done += end - change.index;
    change.index = end;
    make(queue, change);
    unlock(queue);
    return PLAIT_OK;
}

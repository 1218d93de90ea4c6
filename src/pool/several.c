/* several.c - waiting for several futures: plait_wait, plait_as_completed, plait_first; all by watch.h. */
#include <base/memory.h>
#include <base/status.h>
#include <pool/watch.h>
#include <pthread.h>
#include <wait/name.h>

enum { INLINE_COUNT = 16 };

static bool all_there(plait_future *const *futures, size_t count) {
    if (!futures && count) return false;
    for (size_t i = 0; i < count; i++)
        if (!futures[i]) return false;
    return true;
}

/* Room for the watches of one call: on the caller's stack if they fit. NULL when memory is out. */
static struct plait__watch *find_room(struct plait__watch *near, size_t count) {
    return count <= INLINE_COUNT ? near : plait__allocate_array(count, sizeof *near);
}

static void leave_room(struct plait__watch *near, struct plait__watch *watches) {
    if (watches != near) plait__release(watches);
}

/* A group and its watches, on the stack of a call. */
struct call {
    struct plait__watching group;
    struct plait__watch near[INLINE_COUNT], *watches;
};

/* Also if a task that the worker runs meanwhile ends the thread: nobody may find the watches then. */
static void end_call(void *argument) {
    struct call *call = argument;
    plait__watch_end(&call->group);
    leave_room(call->near, call->watches);
}

/* ---- plait_wait ---- */

static size_t count_done(plait_future *const *futures, size_t count, bool *failed) {
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (!plait_future_done(futures[i])) continue;
        done++;
        plait_status status = futures[i]->status;
        if (status != PLAIT_OK && status != PLAIT_CANCELLED) *failed = true;
    }
    return done;
}

/* Waits, when not enough of them are done yet. */
static plait_status wait_for(plait_future *const *futures, size_t count, plait_return_when when,
                             plait_deadline deadline) {
    struct call call;
    plait_status status;
    call.group = (struct plait__watching){.failure_is_enough = when == PLAIT_FIRST_EXCEPTION};
    call.watches = find_room(call.near, count);
    if (!call.watches) return PLAIT_NO_MEMORY;
    plait__watch_begin(&call.group, call.watches, futures, count);
    pthread_cleanup_push(end_call, &call);
    status = plait__watch_wait(&call.group, when == PLAIT_FIRST_COMPLETED ? 1 : count, deadline);
    pthread_cleanup_pop(1);
    return status;
}

plait_status plait_wait_until(plait_future *const *futures, size_t count, plait_return_when when,
                              size_t *done, plait_deadline deadline) {
    if (!all_there(futures, count) || when < PLAIT_FIRST_COMPLETED || when > PLAIT_ALL_COMPLETED)
        return PLAIT_INVALID;
    bool failed = false;
    size_t so_far = count_done(futures, count, &failed);
    bool enough = so_far == count || (when == PLAIT_FIRST_COMPLETED && so_far) ||
                  (when == PLAIT_FIRST_EXCEPTION && failed);
    plait_status status = PLAIT_OK;
    if (!enough) {
        status = wait_for(futures, count, when, deadline);
        so_far = count_done(futures, count, &failed);
    }
    if (done) *done = so_far;
    return status;
}

plait_status plait_wait(plait_future *const *futures, size_t count, plait_return_when when, size_t *done) {
    return plait_wait_until(futures, count, when, done, PLAIT_FOREVER);
}

/* ---- plait_as_completed ---- */

struct plait_completion {
    struct plait__watching group;
    size_t given;
    struct plait__watch watches[];
};

plait_completion *plait_as_completed(plait_future *const *futures, size_t count) {
    if (!all_there(futures, count)) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_completion *completion = NULL;
    if (count > (PTRDIFF_MAX - sizeof *completion) / sizeof *completion->watches) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    completion = plait__allocate(sizeof *completion + count * sizeof *completion->watches);
    if (!completion) return NULL;
    for (size_t i = 0; i < count; i++) (void)plait_future_keep(futures[i]);
    plait__watch_begin(&completion->group, completion->watches, futures, count);
    return completion;
}

plait_status plait_completion_next_until(plait_completion *completion, size_t *which,
                                         plait_deadline deadline) {
    if (!completion) return PLAIT_INVALID;
    struct plait__watching *group = &completion->group;
    if (completion->given == group->count) return PLAIT_EMPTY;
    plait_status status = plait__watch_wait(group, completion->given + 1, deadline);
    if (status != PLAIT_OK) return status;
    const struct plait__watch *watch = plait__watch_take(group);
    completion->given++;
    if (which) *which = watch->node.index;
    return PLAIT_OK;
}

plait_status plait_completion_next(plait_completion *completion, size_t *which) {
    return plait_completion_next_until(completion, which, PLAIT_FOREVER);
}

void plait_completion_free(plait_completion *completion) {
    if (!completion) return;
    struct plait__watching *group = &completion->group;
    plait__watch_end(group);
    for (size_t i = 0; i < group->count; i++) plait_future_free(group->watches[i].future);
    plait__name_forget(completion);
    plait__release(completion);
}

/* ---- plait_first ---- */

/* Until one has succeeded or all have failed; *which is the last one looked at. PLAIT_OK: a winner. */
static plait_status find_winner(struct plait__watching *group, size_t *which, plait_deadline deadline) {
    plait_status outcome = PLAIT_OK;
    for (size_t i = 0; i < group->count; i++) {
        plait_status status = plait__watch_wait(group, i + 1, deadline);
        if (status != PLAIT_OK) {
            *which = group->count;
            return status;
        }
        const struct plait__watch *watch = plait__watch_take(group);
        *which = watch->node.index;
        outcome = watch->future->status;
        if (outcome == PLAIT_OK) break;
        (void)plait_future_message(watch->future); /* now it has been read */
    }
    return outcome;
}

static bool all_fit(plait_future *const *futures, size_t count, const void *out, size_t size) {
    if (!count || !all_there(futures, count)) return false;
    for (size_t i = 0; i < count; i++)
        if (!plait__future_fits(futures[i], out, size)) return false;
    return true;
}

plait_status plait_future_first(plait_future *const *futures, size_t count, void *out, size_t size,
                                size_t *which, plait_deadline deadline) {
    if (!all_fit(futures, count, out, size)) return PLAIT_INVALID;
    struct call call;
    plait_status status;
    size_t winner = count;
    call.group = (struct plait__watching){.first_wins = true};
    call.watches = find_room(call.near, count);
    if (!call.watches) return PLAIT_NO_MEMORY;
    plait__watch_begin(&call.group, call.watches, futures, count);
    pthread_cleanup_push(end_call, &call);
    status = find_winner(&call.group, &winner, deadline);
    pthread_cleanup_pop(1);
    for (size_t i = 0; i < count; i++)
        if (i != winner) (void)plait_future_cancel(futures[i]);
    if (which) *which = winner;
    return status == PLAIT_OK ? plait_future_result(futures[winner], out, size) : status;
}

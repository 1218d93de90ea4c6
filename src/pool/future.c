/* future.c - what a future is, how one waits for it, and how it ends; its states stand in future.h. */
#include <base/memory.h>
#include <base/status.h>
#include <pool/stuck.h>
#include <pool/watch.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/case.h>
#include <wait/cells.h>
#include <wait/name.h>
#include <wait/parking.h>

enum { ALIGNMENT = 16 };
#define CALLED ((struct plait__callback *)1)

/* ---- memory ---- */

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t args_size(const plait_future *future) {
    return future->task ? future->task->args_size : 0;
}

void *plait__future_args(plait_future *future) {
    return (char *)future + aligned(sizeof *future);
}

void *plait__future_result(plait_future *future) {
    return (char *)plait__future_args(future) + aligned(args_size(future));
}

static size_t size_before_result(const plait_task *task) {
    return aligned(sizeof(plait_future)) + aligned(task ? task->args_size : 0);
}

plait_future *plait__future_make(const plait_task *task, size_t result_size) {
    size_t size = size_before_result(task);
    if (result_size > PTRDIFF_MAX - size) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    plait_future *future = plait__cell_take(size + result_size);
    if (!future) return NULL;
    *future = (plait_future){.references = 1, .generation = plait__generation(), .task = task};
    if (!task) future->result_size = result_size;
    return future;
}

static plait_future out_of_memory = {
    .references = 1,
    .state = PLAIT__DONE | PLAIT__STATIC,
    .status = PLAIT_NO_MEMORY,
    .callbacks = CALLED,
};

plait_future *plait__future_failed(plait_status status) {
    plait_future *future = plait__future_make(NULL, 0);
    if (!future) return &out_of_memory;
    future->state = PLAIT__DONE;
    future->status = status;
    future->callbacks = CALLED;
    return future;
}

static bool is_static(const plait_future *future) {
    return plait__load(&future->state) & PLAIT__STATIC;
}

plait_future *plait_future_keep(plait_future *future) {
    if (future && !is_static(future)) plait__add_relaxed(&future->references, 1);
    return future;
}

static void report_unread(const plait_future *future) {
    char thread[48] = "";
    if (future->state & PLAIT__BEGUN)
        snprintf(thread, sizeof thread, "pool-%u-%u", future->ran_by.pool, future->ran_by.worker);
    plait__failure_unread(future->status, future->message, future->task ? future->task->name : NULL,
                          thread[0] ? thread : "(no thread)");
}

/* The last reference is gone. */
static void end(plait_future *future) {
    uint32_t state = future->state;
    if ((state & PLAIT__PHASE) == PLAIT__DONE) {
        if (future->status == PLAIT_OK) {
            if (future->destroy && !(state & PLAIT__TAKEN))
                future->destroy->function(plait__future_result(future), future->destroy->context);
        } else if (future->status != PLAIT_CANCELLED && !(state & PLAIT__READ)) {
            report_unread(future);
        }
    }
    struct plait__callback *next, *callback = future->callbacks == CALLED ? NULL : future->callbacks;
    for (; callback; callback = next) {
        next = callback->next;
        if (callback->forget) callback->forget(callback->context);
        plait__cell_give(callback, callback->size);
    }
    plait__name_forget(future);
    plait_token_free(future->token);
    plait__release(future->message);
    if (future->state & PLAIT__REMOTE) plait__release(future->block);
    plait__cell_give(future->destroy, sizeof *future->destroy);
    plait__cell_give(future, size_before_result(future->task) + plait__future_result_size(future));
}

void plait__future_drop(plait_future *future) {
    if (is_static(future)) return;
    /* The only holder need not say so to anybody. */
    if (plait__load_acquire(&future->references) == 1 || plait__sub(&future->references, 1) == 1) end(future);
}

void plait_future_free(plait_future *future) {
    if (future) plait__future_drop(future);
}

bool plait__future_silent(plait_future *future) {
    struct plait__callback *none = NULL;
    return plait__cas(&future->callbacks, &none, CALLED);
}

bool plait__future_drop_silently(plait_future *future) {
    bool quiet = future->status == PLAIT_OK && !future->destroy;
    if (plait__load_acquire(&future->references) == 1 || plait__sub(&future->references, 1) == 1) {
        plait__store(&future->references, 1);
        if (quiet) end(future);
        return quiet;
    }
    return true;
}

plait_status plait_future_set_destroy(plait_future *future, void (*destroy)(void *result, void *context),
                                      void *context) {
    if (!future) return PLAIT_INVALID;
    if (is_static(future)) return PLAIT_OK; /* it has no result */
    if (!destroy) {
        plait__cell_give(future->destroy, sizeof *future->destroy);
        future->destroy = NULL;
        return PLAIT_OK;
    }
    if (!future->destroy) future->destroy = plait__cell_take(sizeof *future->destroy);
    if (!future->destroy) return PLAIT_NO_MEMORY;
    *future->destroy = (struct plait__destroy){destroy, context};
    return PLAIT_OK;
}

/* ---- becoming done ---- */

bool plait__future_enter(plait_future *future, uint32_t from, uint32_t to) {
    uint32_t state = plait__load(&future->state);
    while ((state & PLAIT__PHASE) == from)
        if (plait__cas(&future->state, &state, (state & ~(uint32_t)PLAIT__PHASE) | to)) return true;
    return false;
}

bool plait__future_step(plait_future *future, uint32_t from, uint32_t to) {
    if (!plait__future_is_alone(future)) return plait__future_enter(future, from, to);
    uint32_t state = plait__load(&future->state);
    if ((state & PLAIT__PHASE) != from) return false;
    plait__store(&future->state, (state & ~(uint32_t)PLAIT__PHASE) | to);
    return true;
}

/* Those that were added first come first. */
void plait__future_call_back(plait_future *future) {
    if (plait__load_acquire(&future->references) == 1 && !future->callbacks)
        return; /* nobody else can add one */
    struct plait__callback *next, *newest = plait__exchange(&future->callbacks, CALLED), *oldest = NULL;
    if (newest == CALLED) return; /* it was found to have none, and nobody could add one since */
    for (; newest; newest = next) {
        next = newest->next;
        newest->next = oldest;
        oldest = newest;
    }
    for (; oldest; oldest = next) {
        next = oldest->next;
        oldest->function(future, oldest->context);
        plait__cell_give(oldest, oldest->size);
    }
}

uint32_t plait__future_settle(plait_future *future, plait_status status, char *message) {
    future->status = status;
    future->message = message;
    bool alone = plait__future_is_alone(future);
    uint32_t state = plait__load(&future->state), done;
    do {
        done = (state & ~(uint32_t)(PLAIT__PHASE | PLAIT__PARKED)) | PLAIT__DONE;
        if (alone) plait__store(&future->state, done);
    } while (!alone && !plait__cas(&future->state, &state, done));
    if (state & PLAIT__PARKED) plait__watch_unpark(future);
    return state;
}

void plait__future_finish(plait_future *future, plait_status status, char *message) {
    (void)plait__future_settle(future, status, message);
    plait__future_call_back(future);
}

void plait__future_add_callback(plait_future *future, struct plait__callback *callback) {
    callback->next = plait__load_acquire(&future->callbacks);
    while (callback->next != CALLED)
        if (plait__cas(&future->callbacks, &callback->next, callback)) return;
    callback->function(future, callback->context); /* it is done already */
    plait__cell_give(callback, callback->size);
}

plait_status plait__future_on_done(plait_future *future,
                                   void (*function)(plait_future *future, void *context),
                                   void (*forget)(void *context), void *context) {
    if (!future || !function) return PLAIT_INVALID;
    if (plait__load_acquire(&future->callbacks) == CALLED) {
        function(future, context);
        return PLAIT_OK;
    }
    struct plait__callback *callback = plait__cell_take(sizeof *callback);
    if (!callback) return PLAIT_NO_MEMORY;
    *callback = (struct plait__callback){NULL, function, forget, context, sizeof *callback};
    plait__future_add_callback(future, callback);
    return PLAIT_OK;
}

plait_status plait_future_add_done_callback(plait_future *future,
                                            void (*function)(plait_future *future, void *context),
                                            void *context) {
    return plait__future_on_done(future, function, NULL, context);
}

/* ---- cancelling ---- */

/* STARTING or RUNNING: the task's token is cancelled here, or by the runner before it begins. */
static bool ask_to_stop(plait_future *future) {
    struct plait__wait_list *list = plait__parking(future);
    bool asked = false;
    plait__mutex_lock(&list->mutex);
    uint32_t state = plait__load_acquire(&future->state);
    while ((state & PLAIT__PHASE) == PLAIT__STARTING || (state & PLAIT__PHASE) == PLAIT__RUNNING)
        if ((asked = plait__cas(&future->state, &state, state | PLAIT__CANCEL))) break;
    if (asked && (state & PLAIT__PHASE) == PLAIT__RUNNING && future->token) plait_cancel(future->token);
    plait__mutex_unlock(&list->mutex);
    return asked;
}

bool plait_future_cancel(plait_future *future) {
    if (!future) return false;
    if (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING | PLAIT__CANCEL)) {
        plait_future_keep(future); /* a callback may free it */
        plait__future_finish(future, PLAIT_CANCELLED, NULL);
        plait__future_drop(future);
        return true;
    }
    if (plait__future_phase(future) == PLAIT__DONE) return future->status == PLAIT_CANCELLED;
    if (plait__load(&future->state) & PLAIT__REMOTE)
        return plait__load_acquire(&plait__remote)->cancel(future);
    return future->task && ask_to_stop(future);
}

/* ---- waiting ---- */

bool plait__future_announce(plait_future *future) {
    uint32_t state = plait__load(&future->state);
    while ((state & PLAIT__PHASE) != PLAIT__DONE)
        if ((state & PLAIT__PARKED) || plait__cas(&future->state, &state, state | PLAIT__PARKED)) return true;
    return false;
}

/* It will be computed by the calling thread, when that has returned from here. */
static bool waits_for_itself(const plait_future *future) {
    return plait__future_is_own(future) || plait__owner_serves(future->pool);
}

plait_status plait__future_hopeless(const plait_future *future) {
    if (plait__future_phase(future) == PLAIT__DONE) return PLAIT_OK;
    if (future->task && future->generation != plait__generation()) return PLAIT_BROKEN;
    return waits_for_itself(future) ? PLAIT_DEADLOCK : PLAIT_OK;
}

const struct plait__remote *plait__remote;

plait_status plait__future_park(plait_future *future, plait_deadline deadline) {
    struct plait__wait_list *list = plait__parking(future);
    struct plait__park how = {.kind = "future", .deadline = deadline, .flags = PLAIT__CANCELLABLE};
    while (plait__future_phase(future) != PLAIT__DONE) {
        plait__mutex_lock(&list->mutex);
        if (!plait__future_announce(future)) {
            plait__mutex_unlock(&list->mutex);
            continue; /* it is done, and the loop's look acquires what that means */
        }
        uint32_t claim = plait__park(list, future, &how);
        if (!plait__claimed_node(claim) && plait__future_phase(future) != PLAIT__DONE)
            return plait__claim_status(claim);
    }
    return PLAIT_OK;
}

static plait_status await(plait_future *future, plait_deadline deadline) {
    if (plait__future_phase(future) == PLAIT__DONE) return PLAIT_OK;
    plait_status status = plait__future_hopeless(future);
    if (status != PLAIT_OK) return status;
    if (plait__is_forever(deadline)) plait__future_help(future);
    if (plait__future_phase(future) == PLAIT__DONE) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    struct plait__stuck stuck = {.future = future};
    status = plait__stuck_enter(&stuck, deadline);
    if (status != PLAIT_OK) return status;
    plait__future_waits(1);
    bool remote = plait__load(&future->state) & PLAIT__REMOTE;
    status = remote ? plait__load_acquire(&plait__remote)->wait(future, deadline)
                    : plait__future_park(future, deadline);
    plait__future_waits(-1);
    plait__stuck_leave(&stuck);
    return status;
}

/* It is done, and then nothing in the word changes any more but this: TAKEN if it succeeded, READ if it
 * failed. So all who mark it write the same, and need no atomic update. */
static void mark(plait_future *future, uint32_t flag) {
    uint32_t state = plait__load(&future->state);
    if (!(state & flag)) plait__store(&future->state, state | flag);
}

/* It is done: how it went. */
static plait_status outcome(plait_future *future) {
    if (future->status != PLAIT_OK) mark(future, PLAIT__READ);
    return future->status;
}

bool plait__future_fits(const plait_future *future, const void *out, size_t size) {
    if (!out || !size || size == plait__future_result_size(future)) return true;
    return plait_future_done(future) && future->status != PLAIT_OK; /* a refusal has no result at all */
}

plait_status plait_future_result_until(plait_future *future, void *out, size_t size,
                                       plait_deadline deadline) {
    if (!future) return PLAIT_INVALID;
    if (!plait__future_fits(future, out, size)) return PLAIT_INVALID;
    plait_status status = await(future, deadline);
    if (status == PLAIT_OK) status = outcome(future);
    if (status != PLAIT_OK || !out) return status;
    memcpy(out, plait__future_result(future), plait__future_result_size(future));
    mark(future, PLAIT__TAKEN);
    return PLAIT_OK;
}

plait_status plait_future_result(plait_future *future, void *out, size_t size) {
    return plait_future_result_until(future, out, size, PLAIT_FOREVER);
}

static const char *why_not_done(const plait_future *future) {
    if (waits_for_itself(future)) return "the task waits for its own result";
    const char *words = plait__stuck_told(future);
    return words ? words : "";
}

const char *plait_future_message(plait_future *future) {
    if (!future) return "";
    if (!plait_future_done(future)) return why_not_done(future);
    if (outcome(future) == PLAIT_OK) return "";
    return plait__failure_words(future->status, future->message);
}

bool plait_future_done(const plait_future *future) {
    return future && plait__future_phase(future) == PLAIT__DONE;
}

bool plait_future_running(const plait_future *future) {
    if (!future) return false;
    uint32_t phase = plait__future_phase(future);
    if (phase != PLAIT__STARTING && phase != PLAIT__RUNNING) return false;
    return !(plait__load(&future->state) & PLAIT__REMOTE) ||
           plait__load_acquire(&plait__remote)->begun(future);
}

bool plait_future_cancelled(const plait_future *future) {
    return plait_future_done(future) && future->status == PLAIT_CANCELLED;
}

/* ---- the case of a select ---- */

static bool case_attempt(plait_case *one) {
    plait_future *future = one->object;
    one->status = plait__future_hopeless(future);
    if (one->status != PLAIT_OK) return true;
    if (!plait_future_done(future)) return false;
    one->status = outcome(future);
    return true;
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    plait_future *future = one->object;
    struct plait__wait_list *list = plait__parking(future);
    plait__mutex_lock(&list->mutex);
    bool waits = plait__future_announce(future);
    if (waits) plait__list_append(&list->nodes, &node->link);
    plait__mutex_unlock(&list->mutex);
    return waits;
}

static const struct plait__case_kind case_kind = {"future", case_attempt, case_enqueue, plait__case_unpark};

/* Only if all cases are futures: the worker looks at none of them while it works for one. */
bool plait__future_help_cases(plait_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (cases[i].kind != &case_kind) return false;
    for (size_t i = 0; i < count; i++) {
        plait_future *future = cases[i].object;
        if (!plait__future_can_help(future)) continue;
        plait__future_help(future);
        return true;
    }
    return false;
}

plait_case plait_case_future(plait_future *future) {
    return (plait_case){.kind = &case_kind, .object = future};
}

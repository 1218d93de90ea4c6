/* owner.c - the verbs of owners; the protocol stands in owner.h. */
#include <base/status.h>
#include <pool/owner.h>
#include <pool/pool.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/cells.h>
#include <wait/name.h>
#include <wait/token.h>

enum { MAXSIZE = 1000 };

void plait__owner_drop(plait_owner *owner) {
    if (plait__sub(&owner->references, 1) != 1) return;
    (void)plait_queue_free(owner->inbox);
    plait_thread_free(owner->thread);
    plait_future_free(
        owner->opening); /* the thread's reference, and the opener's: neither may think itself alone */
    plait_future_free(owner->opening);
    plait__name_forget(owner);
    plait__cell_give(owner, sizeof *owner);
}

/* ---- opening ---- */

static plait_owner *make(size_t resource_size, size_t maxsize, const plait_task *close,
                         const plait_task *open, const void *args) {
    plait_owner *owner = plait__cell_take(sizeof *owner);
    if (!owner) return NULL;
    *owner = (plait_owner){
        .references = 1, .generation = plait__generation(), .resource_size = resource_size};
    owner->close = close;
    owner->left_by = PLAIT_CANCELLED;
    owner->inbox = plait_queue_of(struct plait__request, maxsize ? maxsize : MAXSIZE);
    owner->opening = plait__future_for((const plait_pool *)owner, open, args, 0);
    if (owner->opening && owner->inbox) {
        (void)plait_queue_set_destroy(owner->inbox, plait__owner_cancel_request, owner);
        return owner;
    }
    plait__owner_drop(owner);
    return NULL;
}

static bool start(plait_owner *owner, const plait_owner_options *options) {
    plait_thread_options how = {.daemon = true};
    if (options) {
        how.name = options->name;
        how.stack_size = options->stack_size;
    }
    owner->references = 2;
    plait__owner_more(owner);                      /* the opening */
    plait_token *before = plait_token_enter(NULL); /* it is below nobody's token */
    plait_thread *thread = plait_thread_new(&how, plait__owner_work, owner);
    plait_token_leave(before);
    owner->thread = thread;
    if (thread) return true;
    plait__owner_less(owner);
    plait__owner_drop(owner);
    return false;
}

static plait_owner *fail_open(plait_owner *owner, plait_status status, const char *words) {
    plait__set_last_message(words);
    plait_owner_free(owner);
    plait__set_last_error(status);
    return NULL;
}

plait_owner *plait_owner_open_sized(size_t resource_size, const plait_owner_options *options,
                                    const plait_task *close, const plait_task *open, const void *args) {
    bool good = resource_size && resource_size <= PLAIT__RESOURCE_BYTES &&
                plait__task_takes(close, resource_size) && close->count == 1 && plait__is_task(open) &&
                open->result_size == resource_size;
    if (!good) return fail_open(NULL, PLAIT_INVALID, plait_status_text(PLAIT_INVALID));
    plait_owner *owner = make(resource_size, options ? options->maxsize : 0, close, open, args);
    if (!owner || !start(owner, options))
        return fail_open(owner, plait_last_error(), plait_status_text(plait_last_error()));
    plait_status status = plait_future_result(owner->opening, NULL, 0);
    if (status == PLAIT_OK) return owner;
    bool opened = plait_future_done(owner->opening);
    (void)plait_future_cancel(owner->opening); /* if it was only the wait that ended */
    return fail_open(owner, status,
                     opened ? plait_future_message(owner->opening) : plait_status_text(status));
}

/* ---- sending ---- */

/* Puts it into the inbox; `refused` if there is no room and no time. */
static plait_status put(plait_owner *owner, const struct plait__request *request, plait_deadline deadline,
                        plait_status refused) {
    plait__owner_more(owner);
    bool now = refused == PLAIT_FULL || plait__owner_serves(owner); /* it would wait for itself */
    plait_status status = now ? plait_queue_put_nowait(owner->inbox, request)
                              : plait_queue_put_until(owner->inbox, request, deadline);
    if (plait__likely(status == PLAIT_OK)) return PLAIT_OK;
    plait__owner_less(owner);
    if (status == PLAIT_FULL && refused != PLAIT_FULL)
        return plait_passed(deadline) ? PLAIT_TIMEOUT : PLAIT_DEADLOCK;
    return status;
}

static plait_status may_send(const plait_owner *owner, const plait_task *task) {
    if (!owner || !plait__task_takes(task, owner->resource_size)) return PLAIT_INVALID;
    return plait__owner_usable(owner) ? PLAIT_OK : PLAIT_BROKEN;
}

static plait_status tell(plait_owner *owner, const plait_task *task, const void *args,
                         plait_deadline deadline, plait_status refused) {
    plait_status status = may_send(owner, task);
    if (status != PLAIT_OK) return status;
    struct plait__request request;
    request.task = task;
    request.future = NULL;
    request.cell = NULL;
    void *to = request.args;
    if (task->args_size > PLAIT__INLINE_BYTES && !(to = request.cell = plait__cell_take(task->args_size)))
        return PLAIT_NO_MEMORY;
    if (args)
        memcpy(to, args, task->args_size);
    else
        memset(to, 0, task->args_size);
    uintptr_t shield = plait__self()->shields ? PLAIT__SENT_SHIELDED : 0;
    request.token = (plait_token *)((uintptr_t)plait__token_keep(plait_token_current()) | shield);
    status = put(owner, &request, deadline, refused);
    if (plait__unlikely(status != PLAIT_OK)) plait__request_forget(&request);
    return status;
}

plait_status plait_owner_tell(plait_owner *owner, const plait_task *task, const void *args,
                              plait_deadline deadline) {
    return tell(owner, task, args, deadline, PLAIT_TIMEOUT);
}

plait_status plait_owner_tell_nowait(plait_owner *owner, const plait_task *task, const void *args) {
    return tell(owner, task, args, PLAIT_NOW, PLAIT_FULL);
}

static plait_future *ask(plait_owner *owner, const plait_task *task, const void *args,
                         plait_deadline deadline, plait_status refused) {
    plait_status status = may_send(owner, task);
    if (status != PLAIT_OK) return plait__future_failed(status);
    plait_future *future = plait__future_for((const plait_pool *)owner, task, args, 0);
    if (!future) return plait__future_failed(PLAIT_NO_MEMORY);
    struct plait__request request = {.task = task, .future = future};
    status = put(owner, &request, deadline, refused);
    if (status == PLAIT_OK) return future;
    (void)plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING);
    plait__future_finish(future, status, NULL);
    plait__future_drop(future);
    return future;
}

plait_future *plait_owner_ask(plait_owner *owner, const plait_task *task, const void *args,
                              plait_deadline deadline) {
    return ask(owner, task, args, deadline, PLAIT_TIMEOUT);
}

plait_future *plait_owner_ask_nowait(plait_owner *owner, const plait_task *task, const void *args) {
    return ask(owner, task, args, PLAIT_NOW, PLAIT_FULL);
}

size_t plait_owner_pending(const plait_owner *owner) {
    if (!owner) return 0;
    uint32_t closing = plait__load(&owner->closed) ? 1 : 0, pending = plait__load(&owner->pending);
    return pending > closing ? pending - closing : 0;
}

/* ---- the end ---- */

plait_status plait_owner_close(plait_owner *owner) {
    if (!owner) return PLAIT_INVALID;
    if (!plait__owner_usable(owner)) return PLAIT_BROKEN;
    (void)plait__owner_begin_close(owner);
    (void)plait_queue_shutdown(owner->inbox,
                               false); /* also the second time: the first may not have come so far */
    return PLAIT_OK;
}

plait_status plait_owner_join_until(plait_owner *owner, plait_deadline deadline) {
    if (!owner) return PLAIT_INVALID;
    if (!plait__owner_usable(owner)) return PLAIT_BROKEN;
    if (!plait__load(&owner->closed)) return PLAIT_INVALID;
    return plait_thread_result_until(owner->thread, NULL, deadline);
}

plait_status plait_owner_join(plait_owner *owner) {
    return plait_owner_join_until(owner, PLAIT_FOREVER);
}

plait_status plait_owner_shutdown_until(plait_owner *owner, bool cancel_requests, plait_deadline deadline) {
    plait_status status = plait_owner_shutdown(owner, false, cancel_requests);
    if (status != PLAIT_OK) return status;
    plait_shield_enter();
    status = plait_owner_join_until(owner, deadline);
    plait_shield_leave();
    return status;
}

plait_status plait_owner_shutdown(plait_owner *owner, bool wait, bool cancel_requests) {
    if (wait) return plait_owner_shutdown_until(owner, cancel_requests, PLAIT_FOREVER);
    plait_status status = plait_owner_close(owner);
    if (status == PLAIT_OK && cancel_requests) (void)plait_queue_shutdown(owner->inbox, true);
    return status;
}

const char *plait_owner_message(plait_owner *owner) {
    return owner ? plait_thread_message(owner->thread) : "";
}

void plait_owner_free(plait_owner *owner) {
    if (!owner) return;
    if (owner->thread && plait__owner_usable(owner)) (void)plait_owner_close(owner);
    plait__owner_drop(owner);
}

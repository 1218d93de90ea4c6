/* owner_thread.c - what an owner's thread does: open, carry out requests, close. The protocol stands in
 * owner.h. */
#include <base/memory.h>
#include <pool/owner.h>
#include <pthread.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/cells.h>
#include <wait/token.h>

static __thread plait_owner *serves; /* the owner whose thread this is */

bool plait__owner_serves(const void *owner) {
    return owner && owner == serves;
}

plait_owner *plait__owner_running(void) {
    return serves && (serves->running || serves->told) ? serves : NULL;
}

const plait_task *plait__owner_task(const plait_owner *owner) {
    return owner->running ? owner->running->task : owner->request.task;
}

/* ---- requests ---- */

static plait_token *token_of(const struct plait__request *request) {
    return (plait_token *)((uintptr_t)request->token & ~PLAIT__SENT_SHIELDED);
}

void plait__request_forget(struct plait__request *request) {
    plait_token_free(token_of(request));
    plait__cell_give(request->cell, request->task->args_size);
}

/* The inbox's destroy function: it will not be run. */
void plait__owner_cancel_request(void *item, void *context) {
    struct plait__request *request = item;
    plait_owner *owner = context;
    plait_future *future = request->future;
    if (!future) {
        plait__request_forget(request);
    } else {
        if (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING))
            plait__future_finish(future, owner->left_by, NULL);
        plait__future_drop(future);
    }
    plait__owner_less(owner);
}

static void give_resource(const plait_owner *owner, const plait_task *task, void *args) {
    memcpy((char *)args + task->parameters[0].offset, owner->resource, owner->resource_size);
}

/* Under the sender's token and shield from here to leave(). */
static void enter(plait_owner *owner, plait_token *token, bool shielded) {
    plait__self()->shields = shielded ? 1 : 0;
    owner->before = plait_token_enter(token);
}

static void leave(plait_owner *owner) {
    plait_token_leave(owner->before);
    owner->before = NULL;
    plait__self()->shields = 1;
}

static void run_told(plait_owner *owner, struct plait__request *request) {
    const plait_task *task = request->task;
    void *args = request->cell ? request->cell : request->args;
    struct plait__frame frame;
    owner->told = true;
    give_resource(owner, task, args);
    enter(owner, token_of(request), (uintptr_t)request->token & PLAIT__SENT_SHIELDED);
    plait__frame_begin(&frame, task->name);
    task->run(args, NULL);
    plait_status status = plait__frame_end(&frame);
    leave(owner);
    if (status != PLAIT_OK && status != PLAIT_CANCELLED)
        plait__failure_unread(status, frame.message, task->name, plait_thread_name(owner->self));
    plait__frame_clear(&frame);
    owner->told = false;
    plait__request_forget(request);
}

/* Enters a token for the request, below its sender's; without memory for one, that of the sender itself, and
 * then the request cannot be cancelled alone. */
static void enter_own(plait_owner *owner, plait_future *future) {
    plait_token *parent = future->token;
    future->token = plait_token_new(parent, PLAIT_FOREVER);
    enter(owner, future->token ? future->token : parent, plait__load(&future->state) & PLAIT__SHIELDED);
    plait_token_free(parent);
}

static void run_asked(plait_owner *owner, plait_future *future) {
    const plait_task *task = future->task;
    struct plait__frame frame;
    if (!plait__future_enter(future, PLAIT__QUEUED, PLAIT__STARTING)) return;
    plait_status late = plait__future_too_late(future);
    if (late != PLAIT_OK) {
        plait__future_finish(future, late, NULL);
        return;
    }
    owner->running = future;
    enter_own(owner, future);
    plait__future_begin(future);
    plait__frame_begin(&frame, task->name);
    frame.future = future;
    task->run(plait__future_args(future), plait__future_result(future));
    plait_status status = plait__frame_end(&frame);
    leave(owner);
    owner->running = NULL;
    (void)plait__future_enter(future, PLAIT__RUNNING, PLAIT__SETTING);
    plait__future_finish(future, status, plait__frame_take(&frame));
}

static void run_request(plait_owner *owner, struct plait__request *request) {
    if (!request->future) {
        run_told(owner, request);
        return;
    }
    give_resource(owner, request->task, plait__future_args(request->future));
    run_asked(owner, request->future);
    plait__future_drop(request->future);
}

/* ---- the thread ---- */

/* Closes the resource; what the task raises is the thread's own failure. */
static void close_resource(plait_owner *owner) {
    size_t size = owner->close->args_size;
    _Alignas(16) char args[2 * PLAIT__RESOURCE_BYTES];
    if (!owner->open) return;
    owner->open = false;
    memset(args, 0, size);
    give_resource(owner, owner->close, args);
    owner->close->run(args, NULL);
}

/* Between these the thread works on something that is pending. */
static void begin_work(plait_owner *owner) {
    owner->busy = true;
    plait__store(&owner->self->counted, true);
}

static void end_work(plait_owner *owner) {
    owner->busy = false;
    plait__store(&owner->self->counted, false);
    plait__owner_less(owner);
}

/* The thread has nothing more to do for anyone. But the end of the program waits until the thread has ended,
 * too, and told what the closing task has raised: if nobody else is pending, it is the thread that counts
 * from now. */
static void retire(plait_owner *owner) {
    serves = NULL;
    plait__owner_unlist(owner);
    bool last = plait__sub(&owner->pending, 1) == 1;
    plait__store(&owner->self->counted, last);
    plait__owner_drop(owner);
}

static void throw_away(plait_owner *owner, plait_status status) {
    (void)plait__owner_begin_close(owner);
    plait__store(&owner->left_by, status);
    (void)plait_queue_shutdown(owner->inbox, true);
}

/* The request that the thread was carrying out, if any, ends here. */
static void abandon_request(plait_owner *owner) {
    plait_future *future = owner->running;
    bool told = owner->told;
    owner->running = NULL;
    owner->told = false;
    if (owner->before) leave(owner);
    if (told) plait__request_forget(&owner->request);
    if (!future) return;
    plait__store(&owner->self->read, 1); /* the failure is the request's and told as such */
    plait__future_finish(future, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
    if (future != owner->opening) plait__future_drop(future);
}

/* A task has called pthread_exit, or was unwound by pthread_cancel. If the closing task does so, too, from here, this
 * is called once more: what it has done before stays done. */
static void left_early(void *argument) {
    plait_owner *owner = argument;
    struct plait__frame frame;
    plait__self()->task = NULL; /* those frames are gone */
    abandon_request(owner);
    throw_away(owner, PLAIT_BROKEN);
    if (owner->busy) end_work(owner);
    plait__store(&owner->self->counted, true);
    plait__frame_begin(&frame, owner->close->name);
    close_resource(owner);
    plait_status status = plait__frame_end(&frame);
    if (status != PLAIT_OK)
        plait__failure_unread(status, frame.message, frame.name, plait_thread_name(owner->self));
    plait__frame_clear(&frame);
    retire(owner);
}

/* Both return false if the task has forked, and this is the child. */
static bool open_resource(plait_owner *owner) {
    begin_work(owner);
    run_asked(owner, owner->opening);
    if (!plait__owner_usable(owner)) return false;
    owner->open = owner->opening->status == PLAIT_OK;
    if (owner->open) memcpy(owner->resource, plait__future_result(owner->opening), owner->resource_size);
    end_work(owner);
    return true;
}

static bool serve(plait_owner *owner) {
    while (plait_queue_get(owner->inbox, &owner->request) == PLAIT_OK) {
        begin_work(owner);
        run_request(owner, &owner->request);
        if (!plait__owner_usable(owner)) return false;
        end_work(owner);
    }
    return true;
}

static void live(plait_owner *owner) {
    if (!open_resource(owner)) return;
    if (!owner->open)
        throw_away(owner, PLAIT_BROKEN); /* the inbox is empty, for nobody has got the owner */
    else if (!serve(owner))
        return;
    plait__store(&owner->self->counted, true); /* there is a close pending */
    close_resource(owner);
    retire(owner);
}

void *plait__owner_work(void *argument) {
    plait_owner *owner = argument;
    serves = owner;
    owner->self = plait_thread_current();
    plait__owner_list(owner);
    plait__self()->shields = 1;
    pthread_cleanup_push(left_early, owner);
    live(owner);
    pthread_cleanup_pop(0);
    return NULL;
}

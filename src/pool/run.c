/* run.c - a worker runs a task.
 *
 * A task runs under a token of its own, below the one that its submitter had. The worker uses the same
 * token again for the next task, unless somebody else holds it still or it was cancelled, so running a
 * task allocates nothing.
 * A worker that waits for a task of its pool which nobody has begun runs it inside its own; its place in the
 * queue stays until a worker finds that nothing is left to do there. Such tasks nest, and the worker keeps
 * them as a list, innermost first. If a task ends its thread (pthread_exit), all that were running on it are
 * found there.
 */
#include <base/memory.h>
#include <pool/thread_pool.h>
#include <thread/task_frame.h>
#include <wait/parking.h>
#include <wait/token.h>

/* The worker's own token below `parent`, whose reference it takes over; NULL when memory is out. */
static plait_token *own_token(struct plait__worker *worker, plait_token *parent) {
    plait_token *token = worker->spare;
    worker->spare = NULL;
    if (token && plait__token_move(token, parent)) return token;
    plait_token_free(token);
    token = plait_token_new(parent, PLAIT_FOREVER);
    if (token) plait_token_free(parent);
    return token;
}

static void keep_token(struct plait__worker *worker, plait_token *token) {
    if (token && !worker->spare && plait__token_move(token, plait_token_root()))
        worker->spare = token;
    else
        plait_token_free(token);
}

/* STARTING -> RUNNING; a cancel that came meanwhile is made good. */
static void begin_running(plait_future *future) {
    (void)plait__future_enter(future, PLAIT__STARTING, PLAIT__RUNNING);
    if ((plait__load_acquire(&future->state) & PLAIT__CANCEL) && future->token) plait_cancel(future->token);
}

static void enter(struct plait__worker *worker, plait_future *future) {
    future->outer = worker->running;
    future->pool_number = worker->pool->number;
    future->worker_number = worker->number;
    worker->running = future;
}

/* RUNNING -> DONE; then nobody will use the token on the future's behalf, and the worker may. */
static void leave(struct plait__worker *worker, plait_future *future, plait_status status, char *message) {
    plait_token *token = future->token;
    worker->running = future->outer;
    if (plait__future_settle(future, status, message) & PLAIT__CANCEL) {
        struct plait__wait_list *list = plait__parking(future);
        plait__mutex_lock(&list->mutex);
        plait__mutex_unlock(&list->mutex);
    }
    future->token = NULL;
    keep_token(worker, token);
    plait__future_call_back(future);
}

/* The task may have entered another one, and not left it. */
static void leave_token(struct plait__self *self, plait_token *own, plait_token *before) {
    if (self->token != own) plait_token_free(self->token);
    self->token = before;
}

/* The future is STARTING; the task runs under this token. */
static void call_task(struct plait__worker *worker, plait_future *future, plait_token *token) {
    struct plait__self *self = plait__self();
    uint32_t shields = self->shields; /* of the task that waits for this one, if any */
    struct plait__frame frame;
    self->shields = plait__load(&future->state) & PLAIT__SHIELDED ? 1 : 0;
    enter(worker, future);
    plait_token *before = self->token;
    self->token = token; /* which is held by the future or by the caller, so it need not be counted */
    begin_running(future);
    plait__frame_begin(&frame, future->task->name);
    future->task->run(plait__future_args(future), plait__future_result(future));
    plait_status status = plait__frame_end(&frame);
    self->shields = shields;
    leave_token(self, token, before);
    leave(worker, future, status, plait__frame_take(&frame));
}

/* Whoever waits for it sees it cancelled. What was only posted is run all the same: nobody would know. */
static bool came_too_late(const plait_future *future) {
    return !(plait__load(&future->state) & (PLAIT__POSTED | PLAIT__SHIELDED)) &&
           plait_token_cancelled(future->token);
}

void plait__worker_run(struct plait__worker *worker, plait_future *future) {
    if (!plait__future_enter(future, PLAIT__QUEUED, PLAIT__STARTING)) return;
    if (came_too_late(future)) {
        (void)plait__future_enter(future, PLAIT__STARTING, PLAIT__SETTING);
        plait__future_finish(future, PLAIT_CANCELLED, NULL);
        return;
    }
    plait_token *parent = future->token;
    future->token = own_token(worker, parent);
    bool borrowed = !future->token; /* memory is out: it cannot be cancelled by itself */
    call_task(worker, future, borrowed ? parent : future->token);
    if (borrowed) plait_token_free(parent);
}

void plait__future_help(plait_future *future) {
    struct plait__worker *worker = plait__worker();
    if (worker && future->pool == &worker->pool->pool) plait__worker_run(worker, future);
}

bool plait__future_can_help(const plait_future *future) {
    const struct plait__worker *worker = plait__worker();
    return worker && future->pool == &worker->pool->pool && plait__future_phase(future) == PLAIT__QUEUED;
}

bool plait__future_is_own(const plait_future *future) {
    const struct plait__worker *worker = plait__worker();
    const plait_future *running = worker ? worker->running : NULL;
    while (running && running != future) running = running->outer;
    return running != NULL;
}

void plait__worker_abandon(struct plait__worker *worker) {
    struct plait__self *self = plait__self();
    self->shields = 0;
    self->task = NULL; /* those frames are gone */
    self->task_token = NULL;
    plait__spawn_abandon(worker);
    plait_future *future;
    while ((future = worker->running) != NULL) {
        leave_token(self, future->token, future->outer ? future->outer->token : NULL);
        leave(worker, future, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
    }
}

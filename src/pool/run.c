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
#include <pthread.h>
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

void plait__future_begin(plait_future *future) {
    (void)plait__future_step(future, PLAIT__STARTING, PLAIT__RUNNING);
    if ((plait__load_acquire(&future->state) & PLAIT__CANCEL) && future->token) plait_cancel(future->token);
}

/* A terminate either sees the future here, or is seen: see thread_pool_end.c. */
static void enter(struct plait__worker *worker, plait_future *future) {
    future->outer = worker->running;
    plait__store_ordered(&worker->running, future);
    if (plait__unlikely(plait__load_seq(&worker->pool->terminating))) (void)plait_future_cancel(future);
}

/* A terminate that saw the future here may still be about to cancel it: see thread_pool_end.c. */
static void forget(struct plait__worker *worker, const plait_future *future) {
    struct plait__thread_pool *pool = worker->pool;
    plait__store_ordered(&worker->running, future->outer);
    if (plait__likely(!plait__load_seq(&pool->terminating)) || pool->generation != plait__generation())
        return;
    plait__mutex_lock(&pool->mutex);
    plait__mutex_unlock(&pool->mutex);
}

static void count_end(struct plait__tally *tally, plait_status status) {
    plait__count(status == PLAIT_OK          ? &tally->done
                 : status == PLAIT_CANCELLED ? &tally->cancelled
                                             : &tally->failed,
                 1);
}

/* For people; nobody looks at `outer` any more. */
static void note_who(const struct plait__worker *worker, plait_future *future) {
    future->ran_by.pool = worker->pool->number;
    future->ran_by.worker = worker->number;
}

/* RUNNING -> DONE; then nobody will use the token on the future's behalf, and the worker may. */
static void leave(struct plait__worker *worker, plait_future *future, plait_status status, char *message) {
    plait_token *token = future->token;
    forget(worker, future);
    count_end(&worker->tally, status);
    if (plait__unlikely(status != PLAIT_OK)) note_who(worker, future);
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
    plait__future_begin(future);
    enter(worker, future);
    plait__count(&worker->tally.begun, 1);
    plait_token *before = self->token;
    self->token = token; /* which is held by the future or by the caller, so it need not be counted */
    plait__frame_begin(&frame, future->task->name);
    frame.future = future;
    future->task->run(plait__future_args(future), plait__future_result(future));
    plait_status status = plait__frame_end(&frame);
    self->shields = shields;
    leave_token(self, token, before);
    leave(worker, future, status, plait__frame_take(&frame));
}

/* Its own deadline, or the submitter's token. What was only posted is run all the same: nobody would know. */
plait_status plait__future_too_late(const plait_future *future) {
    uint32_t state = plait__load(&future->state);
    if (state & PLAIT__TIMED && plait_passed(plait__token_deadline(future->token))) return PLAIT_TIMEOUT;
    if (state & (PLAIT__POSTED | PLAIT__SHIELDED)) return PLAIT_OK;
    return plait_token_cancelled(future->token) ? PLAIT_CANCELLED : PLAIT_OK;
}

bool plait__cancelled_before(const plait_future *future) {
    uint32_t phase = plait__future_phase(future);
    return phase == PLAIT__SETTING || (phase == PLAIT__DONE && !(plait__load(&future->state) & PLAIT__BEGUN));
}

/* The same, or the pool begins nothing any more: this one was on its way from one place to another then. */
static plait_status must_not_begin(const struct plait__thread_pool *pool, const plait_future *future) {
    if (plait__unlikely(plait__load(&pool->discarding)))
        return plait__load(&pool->broken) ? PLAIT_BROKEN : PLAIT_CANCELLED;
    return plait__future_too_late(future);
}

bool plait__worker_run(struct plait__worker *worker, plait_future *future) {
    if (!plait__future_step(future, PLAIT__QUEUED, PLAIT__STARTING | PLAIT__BEGUN)) return false;
    plait_status late = must_not_begin(worker->pool, future);
    if (late != PLAIT_OK) {
        const char *words = late == PLAIT_BROKEN ? plait__load_acquire(&worker->pool->pool.words) : NULL;
        plait__count(late == PLAIT_CANCELLED ? &worker->tally.cancelled_before : &worker->tally.failed_before,
                     1);
        note_who(worker, future);
        plait__future_finish(future, late, plait__copy_string(words));
        return true;
    }
    plait_token *parent = future->token;
    future->token = own_token(worker, parent);
    bool borrowed = !future->token; /* memory is out: it cannot be cancelled by itself */
    call_task(worker, future, borrowed ? parent : future->token);
    if (borrowed) plait_token_free(parent);
    return true;
}

/* ---- on the thread that hands it over ---- */

struct calling {
    plait_future *future;
    struct plait__frame frame;
    struct plait__tally *tally;
    plait_token *before;
    uint32_t shields;
};

static void end_call(struct calling *calling, plait_status status, char *message) {
    struct plait__self *self = plait__self();
    plait_future *future = calling->future;
    self->shields = calling->shields;
    leave_token(self, future->token, calling->before);
    count_end(calling->tally, status);
    plait__future_finish(future, status, message);
}

/* The submit will not return: its handle goes with it, so that somebody hears of the failure. */
static void call_left(void *argument) {
    struct calling *calling = argument;
    bool posted = plait__load(&calling->future->state) & PLAIT__POSTED;
    plait__frame_clear(&calling->frame);
    (void)plait__frame_end(&calling->frame);
    end_call(calling, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
    if (!posted) plait__future_drop(calling->future);
    plait__future_drop(calling->future);
}

/* It runs under its submitter's token, for nobody else can know of it yet. */
void plait__caller_run(struct plait__tally *tally, plait_future *future) {
    struct plait__self *self = plait__self();
    struct calling calling = {
        .future = future, .tally = tally, .before = self->token, .shields = self->shields};
    (void)plait__future_enter(future, PLAIT__QUEUED, PLAIT__RUNNING);
    plait_status late = plait__future_too_late(future);
    if (late != PLAIT_OK) {
        count_end(tally, late);
        plait__future_finish(future, late, NULL);
        return;
    }
    self->token = future->token;
    plait__frame_begin(&calling.frame, future->task->name);
    calling.frame.future = future;
    pthread_cleanup_push(call_left, &calling);
    future->task->run(plait__future_args(future), plait__future_result(future));
    pthread_cleanup_pop(0);
    plait_status status = plait__frame_end(&calling.frame);
    end_call(&calling, status, plait__frame_take(&calling.frame));
}

/* ---- what waiting for it does ---- */

/* A task that ends its thread takes its frame along. The one that was waiting for it goes on, in its clean-up
 * handlers, and what it raises there, or a dump sees of it, is in its own frame. */
struct waiting_task {
    struct plait__self *self;
    struct plait__frame *frame;
    const plait_token *token;
};

static void helped_in_vain(void *argument) {
    const struct waiting_task *waiting = argument;
    waiting->self->task = waiting->frame;
    waiting->self->task_token = waiting->token;
}

void plait__future_help(plait_future *future) {
    struct plait__worker *worker = plait__worker();
    if (!worker || future->pool != &worker->pool->pool || plait__future_phase(future) != PLAIT__QUEUED)
        return;
    struct plait__self *self = plait__self();
    struct waiting_task waiting = {self, self->task, self->task_token};
    plait_future_keep(future); /* the queue's reference may go meanwhile, and others may hold the rest */
    pthread_cleanup_push(helped_in_vain, &waiting);
    (void)plait__worker_run(worker, future);
    pthread_cleanup_pop(0);
    plait__future_drop(future);
}

bool plait__future_can_help(const plait_future *future) {
    const struct plait__worker *worker = plait__worker();
    return worker && future->pool == &worker->pool->pool && plait__future_phase(future) == PLAIT__QUEUED;
}

void plait__future_waits(int more) {
    struct plait__worker *worker = plait__worker();
    if (worker) plait__store(&worker->waiting, worker->waiting + (uint32_t)more);
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
    plait__store(&worker->waiting, 0);
    plait__spawn_abandon(worker);
    plait_future *future;
    while ((future = worker->running) != NULL) {
        leave_token(self, future->token, future->outer ? future->outer->token : NULL);
        leave(worker, future, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
        if (future != worker->taken) plait__future_drop(future); /* what plait__future_help holds */
    }
}

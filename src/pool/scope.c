/* scope.c - structured concurrency: children end before their scope does.
 *
 * Each child is counted in `pending` from before it is started until it has ended; whoever takes the count to
 * zero wakes the ender. A task's end is told by a callback on its future, a thread's by its at_end; the
 * child's block is that callback, so once a child has begun nothing can fail any more. Tasks also stand in
 * the list `children`, for the ender: it runs those that have not begun, if it is a worker of their pool, and
 * cancels them if the scope is cancelled. The list holds a reference to each: a worker that finds itself the only
 * holder of a future relies on nobody else coming to it. It gives that back when the future is done, and the
 * child leaves the list before the callback returns, until which the future is alive.
 *
 * All of a scope is guarded by its mutex, but for what never changes between begin and end (pool, token). The
 * unlock after `pending` went to zero is the last that a child does with the scope: the ender returns only
 * after it has seen that under the mutex, and its caller's stack may then be used for something else.
 *
 * No wake-up is lost. The ender puts its node into place under the mutex, having seen pending children and
 * nothing to do; the last child, and whoever adds a task that the ender might have to run or to cancel,
 * claims that node under it. A cancel of the scope ends the ender's wait by its token, once; it then cancels
 * the tasks that are queued, and waits on without a token. Running ones see theirs, which lies below the
 * scope's.
 */
#include <base/status.h>
#include <plait/scope.h>
#include <pool/thread_pool.h>
#include <stdio.h>
#include <thread/thread.h>
#include <wait/cells.h>

enum phase { NOT_BEGUN, OPEN, ENDING, ENDED };

struct plait__scope_child {
    struct plait__callback callback; /* first: the future gives the block back by it */
    plait_scope *scope;
    struct plait__scope_child *next, *previous;
    plait_future *future; /* NULL: a thread, which is not in the list */
    const plait_task *task;
    size_t number;
    uint32_t generation; /* of forks: the scope of a vanished thread is not to be touched */
    bool asked;          /* to stop, by the ender */
};

/* The thread in plait_scope_end, while it waits. */
struct ender {
    struct plait__waiter waiter;
    struct plait__node node;
    struct plait__list list;
    bool curious; /* about tasks that are added */
};

static struct plait__mutex *mutex_of(plait_scope *scope) {
    return (struct plait__mutex *)(void *)&scope->mutex;
}

static void lock(plait_scope *scope) {
    (void)plait__mutex_lock(mutex_of(scope));
}

static void unlock(plait_scope *scope) {
    plait__mutex_unlock(mutex_of(scope));
}

/* ---- children; under the mutex where nothing else is said ---- */

static void list_child(struct plait__scope_child *child) {
    plait_scope *scope = child->scope;
    child->next = scope->children;
    if (child->next) child->next->previous = child;
    scope->children = child;
}

static void unlist_child(struct plait__scope_child *child) {
    if (child->next) child->next->previous = child->previous;
    if (child->previous)
        child->previous->next = child->next;
    else
        child->scope->children = child->next;
}

static void wake_ender(plait_scope *scope, struct plait__wakes *wakes) {
    struct ender *ender = scope->ender;
    if (ender && plait__linked(&ender->node.link)) (void)plait__claim(&ender->node, 0, wakes);
}

/* Without the mutex: the scope has failed, if it is the first time; the others are to stop. */
static bool fail(plait_scope *scope, plait_status status, const char *words, const char *task,
                 size_t number) {
    lock(scope);
    bool first = scope->status == PLAIT_OK;
    if (first) {
        scope->status = status;
        scope->failed_task = task;
        scope->failed_number = number;
        (void)snprintf(scope->message, sizeof scope->message, "%s", plait__failure_words(status, words));
    }
    unlock(scope);
    if (first && scope->token) (void)plait_cancel(scope->token);
    return first;
}

static bool has_failed(plait_status status) {
    return status != PLAIT_OK && status != PLAIT_CANCELLED;
}

/* Without the mutex: the last that is done for a child. */
static void child_ended(struct plait__scope_child *child) {
    plait_scope *scope = child->scope;
    struct plait__wakes wakes;
    wakes.count = 0;
    lock(scope);
    if (child->future) unlist_child(child);
    if (--scope->pending == 0) wake_ender(scope, &wakes);
    unlock(scope);
    plait__wakes_send(&wakes);
}

static void task_ended(plait_future *future, void *context) {
    struct plait__scope_child *child = context;
    if (child->generation != plait__generation()) return;
    if (has_failed(future->status) &&
        fail(child->scope, future->status, future->message, child->task->name, child->number))
        (void)plait_future_message(future); /* now it has been read */
    plait__future_drop(future);             /* the list's; whoever calls back has another */
    child_ended(child);
}

static void thread_ended(plait_thread *thread, void *context) {
    struct plait__scope_child *child = context;
    if (child->generation != plait__generation()) return;
    plait_status status = thread->status;
    if (status == PLAIT_CANCELLED ||
        (has_failed(status) && fail(child->scope, status, thread->message, child->task->name, child->number)))
        plait__store(&thread->read, 1);
    child_ended(child);
    plait__cell_give(child, sizeof *child);
}

/* ---- adding them ---- */

/* Counts a child, if the scope is open. */
static plait_status admit(plait_scope *scope, size_t *number) {
    if (!scope) return PLAIT_INVALID;
    if (!plait__mutex_lock(mutex_of(scope))) return PLAIT_BROKEN;
    plait_status status = scope->phase == NOT_BEGUN ? PLAIT_INVALID
                          : scope->phase == ENDED   ? PLAIT_SHUTDOWN
                                                    : PLAIT_OK;
    if (status == PLAIT_OK && scope->generation != plait__generation()) status = PLAIT_BROKEN;
    if (status == PLAIT_OK) {
        scope->pending++;
        *number = scope->count++;
    }
    unlock(scope);
    return status;
}

static struct plait__scope_child *child_new(plait_scope *scope, const plait_task *task, size_t number) {
    struct plait__scope_child *child = scope->token ? plait__cell_take(sizeof *child) : NULL;
    if (!child) return NULL;
    *child = (struct plait__scope_child){.scope = scope, .task = task, .number = number};
    child->callback.function = task_ended;
    child->callback.context = child;
    child->callback.size = sizeof *child;
    child->generation = scope->generation;
    return child;
}

/* A child that was counted could not be made. */
static void fail_admitted(plait_scope *scope, plait_status status, const plait_task *task, size_t number) {
    (void)fail(scope, status, NULL, task ? task->name : NULL, number);
    struct plait__scope_child nobody = {.scope = scope};
    child_ended(&nobody);
}

/* The same for a task: of which the scope tells. */
static plait_future *refuse_admitted(plait_scope *scope, plait_status status, const plait_task *task,
                                     size_t number) {
    plait_future *future = plait__future_failed(status);
    (void)plait_future_message(future); /* read */
    fail_admitted(scope, status, task, number);
    return future;
}

static void show_to_ender(struct plait__scope_child *child) {
    plait_scope *scope = child->scope;
    struct plait__wakes wakes;
    wakes.count = 0;
    lock(scope);
    list_child(child);
    const struct ender *ender = scope->ender;
    if (ender && ender->curious) wake_ender(scope, &wakes);
    unlock(scope);
    plait__wakes_send(&wakes);
}

plait_future *plait_scope_submit_task(plait_scope *scope, const plait_task *task, const void *args) {
    size_t number = 0;
    plait_status status = admit(scope, &number);
    if (status != PLAIT_OK) return plait__future_failed(status);
    if (!task) return refuse_admitted(scope, PLAIT_INVALID, task, number);
    struct plait__scope_child *child = child_new(scope, task, number);
    if (!child) return refuse_admitted(scope, PLAIT_NO_MEMORY, task, number);
    plait_token *before = plait_token_enter(scope->token);
    plait_future *future = plait_pool_submit(scope->pool, task, args);
    plait_token_leave(before);
    child->future = plait_future_keep(future);
    show_to_ender(child);
    plait__future_add_callback(future, &child->callback);
    return future;
}

plait_status plait_scope_post_task(plait_scope *scope, const plait_task *task, const void *args) {
    plait_future *future = plait_scope_submit_task(scope, task, args);
    bool refused = plait_future_done(future) && !future->task;
    plait_status status = refused ? plait_future_result_until(future, NULL, 0, PLAIT_NOW) : PLAIT_OK;
    plait_future_free(future);
    return status;
}

plait_thread *plait_scope_start_task(plait_scope *scope, const plait_thread_options *options,
                                     const plait_task *task, const void *args) {
    size_t number = 0;
    plait_status status = admit(scope, &number);
    if (status != PLAIT_OK) {
        plait__set_last_error(status);
        return NULL;
    }
    struct plait__scope_child *child = child_new(scope, task, number);
    if (!child) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        fail_admitted(scope, PLAIT_NO_MEMORY, task, number);
        return NULL;
    }
    plait_token *before = plait_token_enter(scope->token);
    plait_thread *thread = plait__thread_start(options, task, args, thread_ended, child);
    plait_token_leave(before);
    if (thread) return thread;
    status = plait_last_error();
    plait__cell_give(child, sizeof *child);
    fail_admitted(scope, status, task, number);
    plait__set_last_error(status);
    return NULL;
}

plait_future *plait_scope_submit_function(plait_scope *scope, void *(*function)(void *arg), void *arg) {
    struct plait__function_call call = {function, arg};
    return plait_scope_submit_task(scope, function ? &plait__function_task : NULL, &call);
}

plait_thread *plait_scope_start_function(plait_scope *scope, const plait_thread_options *options,
                                         void *(*function)(void *arg), void *arg) {
    struct plait__function_call call = {function, arg};
    return plait_scope_start_task(scope, options, function ? &plait__function_task : NULL, &call);
}

/* ---- begin and end ---- */

plait_status plait_scope_begin_until(plait_scope *scope, plait_pool *pool, plait_deadline deadline) {
    if (!scope) return PLAIT_INVALID;
    *scope = (plait_scope){.pool = pool, .deadline = deadline, .phase = OPEN};
    scope->owner = plait__self()->ident;
    scope->generation = plait__generation();
    scope->token = plait_token_new(NULL, deadline);
    if (!scope->token) {
        (void)fail(scope, PLAIT_NO_MEMORY, NULL, NULL, 0);
        return PLAIT_NO_MEMORY;
    }
    scope->before = plait_token_enter(scope->token);
    return PLAIT_OK;
}

plait_status plait_scope_begin(plait_scope *scope, plait_pool *pool) {
    return plait_scope_begin_until(scope, pool, PLAIT_FOREVER);
}

plait_status plait_scope_cancel(plait_scope *scope) {
    plait_token *token = plait_scope_token(scope);
    return token ? plait_cancel(token) : PLAIT_INVALID;
}

plait_token *plait_scope_token(const plait_scope *scope) {
    return scope ? scope->token : NULL;
}

/* Runs children that have not begun, if the calling thread may; under the mutex, which is given back
 * meanwhile. True: it did, and things may have changed. */
static bool help(plait_scope *scope) {
    struct plait__scope_child *child = scope->children;
    while (child && !plait__future_can_help(child->future)) child = child->next;
    if (!child) return false;
    plait_future *future = plait_future_keep(child->future);
    unlock(scope);
    plait__future_help(future);
    plait_future_free(future);
    lock(scope);
    return true;
}

/* The same for cancelling them. */
static bool cancel_one(plait_scope *scope) {
    struct plait__scope_child *child = scope->children;
    while (child && child->asked) child = child->next;
    if (!child) return false;
    child->asked = true;
    plait_future *future = plait_future_keep(child->future);
    unlock(scope);
    (void)plait_future_cancel(future);
    plait_future_free(future);
    lock(scope);
    return true;
}

/* Waits once; under the mutex, which is given back meanwhile. */
static uint32_t wait_once(plait_scope *scope, bool cancelled) {
    struct ender ender = {.curious = cancelled || plait__worker()};
    plait__waiter_init(&ender.waiter, "scope.end", scope);
    plait__node_init(&ender.node, &ender.waiter, scope, 0);
    plait__list_append(&ender.list, &ender.node.link);
    scope->ender = &ender; // cppcheck-suppress autoVariables
    unlock(scope);
    uint32_t claim = plait__wait(&ender.waiter, PLAIT_FOREVER, !cancelled);
    lock(scope);
    if (plait__linked(&ender.node.link)) plait__list_remove(&ender.node.link);
    scope->ender = NULL;
    return claim;
}

/* Under the mutex. */
static void await_children(plait_scope *scope) {
    bool cancelled = false;
    while (scope->pending) {
        if (cancelled ? cancel_one(scope) : help(scope)) continue;
        if (wait_once(scope, cancelled) == PLAIT__CANCELLED) cancelled = true;
    }
}

/* How it went: all have ended. */
static plait_status outcome(plait_scope *scope) {
    if (scope->status != PLAIT_OK || !plait_token_cancelled(scope->token)) return scope->status;
    bool late = plait_passed(scope->deadline) && !plait_token_cancelled(scope->before);
    plait_status status = late ? PLAIT_TIMEOUT : PLAIT_CANCELLED;
    (void)snprintf(scope->message, sizeof scope->message, "%s", plait_status_text(status));
    return status;
}

static void let_go(plait_scope *scope) {
    if (scope->token) {
        plait_token_leave(scope->before);
        plait_token_free(scope->token);
    }
    scope->token = NULL;
}

plait_status plait_scope_end(plait_scope *scope) {
    if (!scope || scope->phase == NOT_BEGUN || scope->phase == ENDED) return PLAIT_INVALID;
    if (scope->owner != plait__self()->ident) return PLAIT_NOT_OWNER;
    if (scope->phase == ENDING) return PLAIT_DEADLOCK;
    plait_status status = PLAIT_BROKEN;
    if (scope->generation == plait__generation()) {
        lock(scope);
        scope->phase = ENDING;
        await_children(scope);
        scope->phase = ENDED;
        unlock(scope);
        status = outcome(scope);
    }
    scope->phase = ENDED;
    let_go(scope);
    return status;
}

void plait_scope_leave(plait_scope *scope) {
    if (!scope || scope->phase != OPEN || scope->owner != plait__self()->ident) return;
    (void)plait_scope_cancel(scope);
    (void)plait_scope_end(scope);
    if (scope->status != PLAIT_OK)
        plait__failure_unread(scope->status, scope->message, scope->failed_task, "of a scope that was left");
}

const char *plait_scope_message(const plait_scope *scope) {
    return scope && scope->phase == ENDED ? scope->message : "";
}

const char *plait_scope_failed(const plait_scope *scope, size_t *number) {
    if (!scope || scope->phase != ENDED || !scope->failed_task) return NULL;
    if (number) *number = scope->failed_number;
    return scope->failed_task;
}

/* worker.c - a worker of a thread pool: it takes jobs, runs them, and sleeps when there are none.
 *
 * A task runs under a token of its own, below the one that its submitter had. The worker uses the same
 * token again for the next task, unless somebody else holds it still or it was cancelled, so running a
 * task allocates nothing.
 * A worker that waits for a task of its pool which nobody has begun runs it inside its own; its place in the
 * queue stays until a worker finds that nothing is left to do there. Such tasks nest, and the worker keeps
 * them as a list, innermost first. If a task ends its thread (pthread_exit), the handler below finds all
 * that were running on it there.
 */
#include <base/memory.h>
#include <base/status.h>
#include <pool/map.h>
#include <pool/thread_pool.h>
#include <pthread.h>
#include <stdio.h>
#include <thread/registry.h>
#include <thread/task_frame.h>
#include <wait/cells.h>
#include <wait/parking.h>
#include <wait/token.h>

static __thread struct plait__worker *current;

struct plait__worker *plait__worker(void) {
    return current;
}

/* ---- running a task ---- */

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

/* RUNNING -> SETTING; after it nobody will use the token on the future's behalf. */
static void end_running(plait_future *future) {
    (void)plait__future_enter(future, PLAIT__RUNNING, PLAIT__SETTING);
    if (!(plait__load_acquire(&future->state) & PLAIT__CANCEL)) return;
    struct plait__wait_list *list = plait__parking(future);
    plait__mutex_lock(&list->mutex);
    plait__mutex_unlock(&list->mutex);
}

static void enter(struct plait__worker *worker, plait_future *future) {
    future->outer = worker->running;
    future->pool_number = worker->pool->number;
    future->worker_number = worker->number;
    worker->running = future;
}

static void leave(struct plait__worker *worker, plait_future *future) {
    worker->running = future->outer;
    end_running(future);
    plait_token *token = future->token;
    future->token = NULL;
    keep_token(worker, token);
}

/* The future is STARTING; the task runs under this token. */
static void call_task(struct plait__worker *worker, plait_future *future, plait_token *token) {
    struct plait__self *self = plait__self();
    uint32_t shields = self->shields; /* of the task that waits for this one, if any */
    struct plait__frame frame;
    self->shields = plait__load(&future->state) & PLAIT__SHIELDED ? 1 : 0;
    enter(worker, future);
    plait_token *before = plait_token_enter(token);
    begin_running(future);
    plait__frame_begin(&frame, future->task->name);
    future->task->run(plait__future_args(future), plait__future_result(future));
    plait_status status = plait__frame_end(&frame);
    self->shields = shields;
    plait_token_leave(before);
    leave(worker, future);
    plait__future_finish(future, status, plait__frame_take(&frame));
}

/* Whoever waits for it sees it cancelled. What was only posted is run all the same: nobody would know. */
static bool came_too_late(const plait_future *future) {
    return !(plait__load(&future->state) & (PLAIT__POSTED | PLAIT__SHIELDED)) &&
           plait_token_cancelled(future->token);
}

/* Runs it unless it has been cancelled, or run, already. The caller has a reference. */
static void run_future(struct plait__worker *worker, plait_future *future) {
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
    struct plait__worker *worker = current;
    if (worker && future->pool == &worker->pool->pool) run_future(worker, future);
}

bool plait__future_can_help(const plait_future *future) {
    return current && future->pool == &current->pool->pool && plait__future_phase(future) == PLAIT__QUEUED;
}

bool plait__future_is_own(const plait_future *future) {
    if (!current) return false;
    const plait_future *running = current->running;
    while (running && running != future) running = running->outer;
    return running != NULL;
}

/* ---- a worker's life ---- */

struct idle {
    struct plait__node node;
    struct plait__worker *worker;
};

/* Whether the end of the program waits for it; under the pool's mutex. */
static void set_awaited(struct plait__worker *worker, bool awaited) {
    if (worker->thread->counted == awaited) return;
    plait__store(&worker->thread->counted, awaited);
    if (awaited)
        plait__exit_count();
    else
        plait__exit_uncount();
}

bool plait__worker_claim(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&pool->idle)) != NULL) {
        struct plait__node *node = plait__of_link(link, struct plait__node, link);
        struct idle *idle = plait__of_link(node, struct idle, node);
        if (!plait__claim(node, 0, wakes)) continue;
        set_awaited(idle->worker, true); /* it cannot go on before the mutex is given back */
        return true;
    }
    return false;
}

/* Under the mutex, which is given back while it sleeps. */
static void sleep_idle(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__waiter waiter;
    struct idle idle = {.worker = worker};
    plait__waiter_init(&waiter, "pool.idle", pool);
    plait__node_init(&idle.node, &waiter, pool, 0);
    plait__list_prepend(&pool->idle, &idle.node.link);
    set_awaited(worker, false);
    plait__mutex_unlock(&pool->mutex);
    uint32_t claim = plait__wait(&waiter, PLAIT_FOREVER, false);
    plait__mutex_lock(&pool->mutex);
    if (plait__linked(&idle.node.link)) plait__list_remove(&idle.node.link);
    set_awaited(worker, true);
    if (plait__claimed_node(claim)) pool->waking = false;
}

/* A helper's part in a map. */
struct part {
    struct plait__thread_pool *pool;
    struct plait__map *map;
};

/* The last that leaves wakes the caller, who has vanished if an item has forked. */
static void leave_map(void *argument) {
    struct part *part = argument;
    struct plait__thread_pool *pool = part->pool;
    struct plait__map *map = part->map;
    struct plait__wakes wakes = {.count = 0};
    if (pool->generation != plait__generation()) return;
    plait__mutex_lock(&pool->mutex);
    struct plait__link *caller = plait__list_first(&map->caller);
    if (--map->helpers == 0 && caller)
        plait__claim(plait__of_link(caller, struct plait__node, link), 0, &wakes);
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
}

static void help_map(struct plait__thread_pool *pool, struct plait__map *map) {
    struct part part = {pool, map};
    pthread_cleanup_push(leave_map, &part);
    plait__map_help(map);
    pthread_cleanup_pop(1);
}

/* Under the mutex, which is given back while it works. */
static void do_job(struct plait__worker *worker, struct plait__job *job) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__wakes wakes;
    wakes.count = 0;
    if (job->is_map) plait__of_link(job, struct plait__map, job)->helpers++;
    bool start = plait__pool_rouse(pool, &wakes);
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
    if (start) plait__pool_start(pool);
    if (job->is_map) {
        help_map(pool, plait__of_link(job, struct plait__map, job));
    } else {
        plait_future *future = worker->taken = plait__of_link(job, plait_future, job);
        run_future(worker, future);
        worker->taken = NULL; /* before it calls the user, who might end this thread */
        plait__future_drop(future);
    }
}

/* Until the pool is closed and nothing is left. False: forked inside a task, and the pool stayed behind. */
static bool serve(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    plait__mutex_lock(&pool->mutex);
    pool->waking = false;
    for (;;) {
        struct plait__job *job = plait__pool_take(pool);
        if (job) {
            do_job(worker, job);
            if (pool->generation != plait__generation()) return false;
            plait__mutex_lock(&pool->mutex);
        } else if (pool->closed) {
            plait__mutex_unlock(&pool->mutex);
            return true;
        } else {
            sleep_idle(worker);
        }
    }
}

static void end(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__wakes wakes = {.count = 0};
    current = NULL;
    plait_token_free(worker->spare);
    plait__release(worker);
    plait__cells_end(plait__self()); /* before anybody can know that the worker has ended */
    if (pool->generation != plait__generation()) return;
    plait__mutex_lock(&pool->mutex);
    plait__pool_ended(pool, &wakes);
    bool start = plait__pool_rouse(pool, &wakes); /* if it was made to leave before the work was done */
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
    if (start) plait__pool_start(pool);
    plait__pool_drop(pool);
}

/* A task has called pthread_exit, or was unwound by pthread_cancel. */
static void left_early(void *argument) {
    struct plait__worker *worker = argument;
    struct plait__self *self = plait__self();
    self->shields = 0;
    self->task = NULL; /* those frames are gone */
    plait_future *future;
    while ((future = worker->running) != NULL) {
        plait_token_leave(future->outer ? future->outer->token : NULL);
        leave(worker, future);
        plait__future_finish(future, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
    }
    if (worker->taken) plait__future_drop(worker->taken);
    plait__store(&worker->thread->read, 1); /* the failure is the task's and told as such */
    end(worker);
}

static void *work(void *argument) {
    struct plait__worker *worker = argument;
    current = worker;
    worker->thread = plait_thread_current();
    pthread_cleanup_push(left_early, worker);
    serve(worker);
    pthread_cleanup_pop(0);
    end(worker);
    return NULL;
}

plait_status plait__worker_start(struct plait__thread_pool *pool, uint32_t number) {
    char name[32];
    plait_thread_options options = {.name = name};
    struct plait__worker *worker = plait__allocate(sizeof *worker);
    if (!worker) return PLAIT_NO_MEMORY;
    *worker = (struct plait__worker){.pool = pool, .number = number};
    snprintf(name, sizeof name, "pool-%u-%u", pool->number, number);
    plait_token *before = plait_token_enter(NULL); /* a worker is below nobody's token */
    plait_thread *thread = plait_thread_new(&options, work, worker);
    plait_token_leave(before);
    if (thread) {
        plait_thread_free(thread);
        return PLAIT_OK;
    }
    plait__release(worker);
    return plait_last_error();
}

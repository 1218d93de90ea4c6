/* worker.c - a worker of a thread pool: it looks for work, does it, and is idle when there is none.
 *
 * Where it looks, and in which order, stands in thread_pool.h.
 */
#include <base/memory.h>
#include <base/status.h>
#include <pool/thread_pool.h>
#include <pthread.h>
#include <stdio.h>
#include <thread/task_frame.h>
#include <thread/thread.h>
#include <wait/cells.h>

enum {
    TURNS = 61, /* after so many jobs the common queue comes first once, so that nobody there starves */
    BATCH = 32  /* at most so many are taken from there at once */
};

__thread struct plait__worker *plait__current_worker;

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

static void do_future(struct plait__worker *worker, plait_future *future) {
    worker->taken = future;
    if (!plait__worker_run(worker, future))
        plait__count(&worker->tally.cancelled_before, plait__cancelled_before(future));
    worker->taken = NULL; /* before it calls the user, who might end this thread */
    plait__future_drop(future);
}

/* ---- looking for work ---- */

/* Takes what follows along, about its share of what there is, if its ring is empty; under the mutex. */
static void take_batch(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    if (!pool->rings || pool->most_pending || plait__task_ring_count(&worker->ring)) return;
    size_t share = pool->injector.count / pool->live;
    if (share >= BATCH) share = BATCH - 1;
    while (share--) {
        struct plait__job *job = plait__injector_first(&pool->injector);
        if (job->is_map) return;
        (void)plait__injector_take(&pool->injector);
        plait_future *future = plait__job_future(job);
        __builtin_prefetch((char *)future + 64,
                           1); /* it comes from the submitter's CPU; its first line is here */
        __builtin_prefetch((char *)future + 128, 1);
        (void)plait__task_ring_put(&worker->ring, future);
    }
}

/* The next job of the common queue: a future, or a map in which the worker takes part from now on. */
static struct plait__job *take_common(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__rouse rouse;
    rouse.wakes.count = 0;
    rouse.start = false;
    plait__mutex_lock(&pool->mutex);
    struct plait__job *job = plait__injector_take(&pool->injector);
    if (job) {
        if (job->is_map)
            plait__job_map(job)->helpers++;
        else
            take_batch(worker);
        plait__crew_busy(worker, &rouse);
        if (plait__unlikely(pool->most_pending)) plait__pool_room(pool, &rouse.wakes);
    }
    plait__crew_unlock(pool, &rouse);
    return job;
}

/* Takes half of another worker's ring, and returns the first of it. */
static plait_future *steal_from(struct plait__worker *worker, struct plait__worker *victim) {
    plait_future *stolen[PLAIT__TASK_RING_SIZE / 2];
    uint32_t count = plait__task_ring_grab(&victim->ring, stolen);
    if (!count) return NULL;
    plait__count(&worker->tally.stolen, count);
    for (uint32_t i = 1; i < count; i++) (void)plait__task_ring_put(&worker->ring, stolen[i]);
    if (worker->searching)
        plait__crew_found(worker);
    else if (count > 1)
        plait__worker_pushed(worker);
    return stolen[0];
}

static plait_future *steal(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    uint32_t count = plait__pool_workers(pool), first = plait__random(plait__self()) % count;
    for (uint32_t i = 0; i < count; i++) {
        struct plait__worker *victim = plait__pool_worker(pool, (first + i) % count);
        plait_future *future = victim == worker ? NULL : steal_from(worker, victim);
        if (future) return future;
    }
    return NULL;
}

/* Runs what another worker has spawned; false: there was none. */
static bool help_parent(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    uint32_t count = plait__pool_workers(pool), first = plait__random(plait__self()) % count;
    for (uint32_t i = 0; i < count; i++) {
        struct plait__worker *victim = plait__pool_worker(pool, (first + i) % count);
        if (victim != worker && plait__spawn_steal(worker, victim)) return true;
    }
    return false;
}

/* One thing to do; false: there was none. */
static bool do_one(struct plait__worker *worker) {
    bool common_first = ++worker->turn % TURNS == 0;
    plait_future *future = common_first ? NULL : plait__task_ring_take(&worker->ring);
    struct plait__job *job = future ? NULL : take_common(worker);
    if (job && job->is_map) {
        help_map(worker->pool, plait__job_map(job));
        return true;
    }
    if (job) future = plait__job_future(job);
    if (!future && common_first) future = plait__task_ring_take(&worker->ring);
    if (!future) future = steal(worker);
    if (!future) return help_parent(worker);
    do_future(worker, future);
    return true;
}

/* Nothing was found: rests, unless it has come meanwhile. False: it is time to go. */
static bool rest(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    plait__mutex_lock(&pool->mutex);
    if (!plait__injector_first(&pool->injector)) {
        if (!pool->closed) {
            plait__crew_rest(worker);
            return !worker->leaving;
        }
        plait__mutex_unlock(&pool->mutex);
        return false;
    }
    plait__mutex_unlock(&pool->mutex);
    return true;
}

/* ---- its life ---- */

static bool is_surplus(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    if (plait__likely(!plait__load(&pool->surplus))) return false;
    plait__mutex_lock(&pool->mutex);
    bool surplus = plait__crew_too_many(worker);
    plait__mutex_unlock(&pool->mutex);
    return surplus;
}

/* False: the pool is broken, and this worker is not to work. */
static bool initialize(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    if (pool->initializer) {
        struct plait__frame frame;
        plait__frame_begin(&frame, "initializer");
        pool->initializer(pool->argument);
        if (plait__frame_end(&frame) != PLAIT_OK) {
            plait__pool_break(pool, plait__frame_take(&frame));
            return false;
        }
    }
    worker->initialized = true;
    if (plait__task_ring_count(&worker->ring))
        plait__crew_found(worker); /* it has handed over something itself */
    return true;
}

/* Until the pool is closed and nothing is left, or there are too many; or forked inside a task, and the pool
 * stayed behind. */
static void serve(struct plait__worker *worker) {
    bool goes_on = initialize(worker);
    while (goes_on && worker->pool->generation == plait__generation())
        goes_on = !is_surplus(worker) && (do_one(worker) || rest(worker));
    if (worker->initialized && worker->pool->finalizer) worker->pool->finalizer(worker->pool->argument);
}

static void end(struct plait__worker *worker) {
    plait__current_worker = NULL;
    plait__self()->help_cases = NULL;
    plait_token_free(worker->spare);
    worker->spare = NULL;
    plait__cells_end(plait__self()); /* before anybody can know that the worker has ended */
    if (worker->pool->generation == plait__generation()) plait__crew_leave(worker);
}

/* A task has called pthread_exit, or was unwound by pthread_cancel. */
static void left_early(void *argument) {
    struct plait__worker *worker = argument;
    plait__worker_abandon(worker);
    if (!worker->initialized)
        plait__pool_break(worker->pool, plait__copy_string("the initializer was left by pthread_exit"));
    if (worker->taken) plait__future_drop(worker->taken);
    worker->taken = NULL;
    plait__store(&worker->thread->read, 1); /* the failure is the task's and told as such */
    end(worker);
}

static void *work(void *argument) {
    struct plait__worker *worker = argument;
    plait__current_worker = worker;
    plait__self()->help_cases = plait__future_help_cases;
    worker->thread = plait_thread_current();
    worker->initialized = false;
    plait__spawner_begin(&worker->spawner);
    pthread_cleanup_push(left_early, worker);
    serve(worker);
    pthread_cleanup_pop(0);
    end(worker);
    return NULL;
}

plait_status plait__worker_start(struct plait__worker *worker) {
    const struct plait__thread_pool *pool = worker->pool;
    char name[128];
    plait_thread_options options = {.name = name, .stack_size = pool->stack_size};
    if (pool->name)
        snprintf(name, sizeof name, "%.100s-%u", pool->name, worker->number);
    else
        snprintf(name, sizeof name, "pool-%u-%u", pool->number, worker->number);
    plait_token *before = plait_token_enter(NULL); /* a worker is below nobody's token */
    plait_thread *thread = plait_thread_new(&options, work, worker);
    plait_token_leave(before);
    if (!thread) return plait_last_error();
    plait_thread_free(thread);
    return PLAIT_OK;
}

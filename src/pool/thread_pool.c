/* thread_pool.c - the pool of threads: handing over work, and its end; the protocol stands in thread_pool.h. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/cpu.h>
#include <pool/thread_pool.h>
#include <pthread.h>

static uint32_t last_pool; /* number of the one made last */

/* False in the child of a fork: nobody works there, and the mutex may be held by nobody. */
static bool lock(struct plait__thread_pool *pool) {
    return pool->generation == plait__generation() && plait__mutex_lock(&pool->mutex);
}

static void unlock(struct plait__thread_pool *pool) {
    plait__mutex_unlock(&pool->mutex);
}

/* Takes over the queue's reference. */
static void fail(plait_future *future, plait_status status) {
    if (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING))
        plait__future_finish(future, status, NULL);
    plait__future_drop(future);
}

void plait__pool_fail_all(struct plait__list *futures, plait_status status) {
    struct plait__link *link;
    while ((link = plait__list_first(futures)) != NULL) {
        plait__list_remove(link);
        fail(plait__job_future(plait__of_link(link, struct plait__job, link)), status);
    }
}

/* ---- the operations ---- */

/* Whether the calling thread runs a task of this pool: what was handed over includes what its tasks hand over, so
 * they may go on when the pool is closed. */
static bool is_own(const struct plait__thread_pool *pool) {
    const struct plait__worker *worker = plait__worker();
    return worker && worker->pool == pool;
}

static bool refuses(struct plait__thread_pool *pool) {
    return pool->closed && (pool->discarding || !is_own(pool));
}

static plait_status put_outside(struct plait__thread_pool *pool, plait_future *future) {
    struct plait__rouse rouse;
    rouse.wakes.count = 0;
    rouse.start = false;
    if (pool->generation != plait__generation()) return PLAIT_BROKEN;
    if (plait__injector_push(&pool->injector, future)) return PLAIT_OK;
    if (!lock(pool)) return PLAIT_BROKEN;
    if (plait__unlikely(refuses(pool))) {
        unlock(pool);
        return PLAIT_SHUTDOWN;
    }
    plait__injector_add(&pool->injector, &future->job);
    plait__crew_rouse(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
    return PLAIT_OK;
}

/* The ring is full: its older half goes to the common queue. Those that have been run or cancelled meanwhile just
 * go: a task that runs all that it hands over itself, by waiting for it, does not fill the memory with them. */
static void spill(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__rouse rouse = {.start = false};
    plait_future *futures[PLAIT__TASK_RING_SIZE / 2];
    uint32_t count = plait__task_ring_grab(&worker->ring, futures), left = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (plait__future_phase(futures[i]) == PLAIT__QUEUED)
            futures[left++] = futures[i];
        else
            plait__future_drop(futures[i]);
    }
    if (!left) return;
    plait__mutex_lock(&pool->mutex);
    for (uint32_t i = 0; i < left; i++) plait__injector_add(&pool->injector, &futures[i]->job);
    plait__crew_rouse(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
}

static plait_status put_inside(struct plait__worker *worker, plait_future *future) {
    struct plait__thread_pool *pool = worker->pool;
    if (pool->generation != plait__generation()) return PLAIT_BROKEN;
    if (plait__unlikely(plait__load(&pool->discarding))) return PLAIT_SHUTDOWN;
    while (plait__unlikely(!plait__task_ring_put(&worker->ring, future))) spill(worker);
    plait__worker_pushed(worker);
    return PLAIT_OK;
}

static plait_status put(plait_pool *base, plait_future *future) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    return is_own(pool) ? put_inside(plait__worker(), future) : put_outside(pool, future);
}

/* Under the mutex, which is given back while waiting. */
static void await_helpers(struct plait__thread_pool *pool, struct plait__map *map) {
    while (map->helpers) {
        struct plait__waiter waiter;
        struct plait__node node;
        plait__waiter_init(&waiter, "map", map);
        plait__node_init(&node, &waiter, map, 0);
        plait__list_append(&map->caller, &node.link);
        plait__mutex_unlock(&pool->mutex);
        plait__wait(&waiter, PLAIT_FOREVER, false);
        plait__mutex_lock(&pool->mutex);
        if (plait__linked(&node.link)) plait__list_remove(&node.link);
    }
}

/* The caller's side of a map that is in the queue. */
struct shared_map {
    struct plait__thread_pool *pool;
    struct plait__map *map;
};

static void end_shared(void *argument) {
    struct shared_map *shared = argument;
    struct plait__thread_pool *pool = shared->pool;
    if (!lock(pool)) return; /* forked inside an item: nobody else is here */
    if (plait__linked(&shared->map->job.link)) plait__list_remove(&shared->map->job.link);
    await_helpers(pool, shared->map);
    plait__mutex_unlock(&pool->mutex);
}

/* Also when an item ends the calling thread (pthread_exit), the helpers must have left the map. */
static void take_part(struct plait__thread_pool *pool, struct plait__map *map) {
    struct shared_map shared = {pool, map};
    pthread_cleanup_push(end_shared, &shared);
    plait__map_take_part(map);
    pthread_cleanup_pop(1);
}

static plait_status run_map(plait_pool *base, struct plait__map *map) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    struct plait__rouse rouse = {.start = false};
    if (!lock(pool)) return PLAIT_BROKEN;
    if (refuses(pool)) {
        unlock(pool);
        return PLAIT_SHUTDOWN;
    }
    unlock(pool);
    if (plait__map_alone(map)) return PLAIT_OK;
    if (!lock(pool)) return PLAIT_BROKEN;
    map->threads += pool->most;
    plait__injector_add(&pool->injector, &map->job);
    plait__crew_rouse(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
    take_part(pool, map);
    return pool->generation == plait__generation() ? PLAIT_OK : PLAIT_BROKEN;
}

/* Takes what is in the workers' rings, as a thief would. */
static void take_from_rings(struct plait__thread_pool *pool, struct plait__list *taken) {
    plait_future *futures[PLAIT__TASK_RING_SIZE / 2];
    uint32_t workers = plait__pool_workers(pool), count;
    for (uint32_t i = 0; i < workers; i++)
        while ((count = plait__task_ring_grab(&plait__pool_worker(pool, i)->ring, futures)) > 0)
            for (uint32_t j = 0; j < count; j++) plait__list_append(taken, &futures[j]->job.link);
}

static plait_status close_pool(plait_pool *base, bool cancel_futures) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    struct plait__rouse rouse = {.start = false};
    struct plait__list cancelled = {0};
    if (!lock(pool)) return PLAIT_BROKEN;
    pool->closed = true;
    plait__injector_ask(&pool->injector, true); /* from here on nothing is pushed past us */
    if (cancel_futures) {
        plait__store(&pool->discarding, true);
        plait__injector_take_futures(&pool->injector, &cancelled);
    }
    plait__crew_wake_all(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
    if (cancel_futures) take_from_rings(pool, &cancelled);
    plait__pool_fail_all(&cancelled, PLAIT_CANCELLED);
    return PLAIT_OK;
}

/* Under the mutex, which is given back. */
static plait_status wait_for_end(struct plait__thread_pool *pool, plait_deadline deadline, bool cancellable) {
    uint32_t claim = PLAIT__FIRST;
    while (pool->live && plait__claimed_node(claim)) {
        struct plait__waiter waiter;
        struct plait__node node;
        plait__waiter_init(&waiter, "pool.join", pool);
        plait__node_init(&node, &waiter, pool, 0);
        plait__list_append(&pool->joiners, &node.link);
        plait__mutex_unlock(&pool->mutex);
        claim = plait__wait(&waiter, deadline, cancellable);
        plait__mutex_lock(&pool->mutex);
        if (plait__linked(&node.link)) plait__list_remove(&node.link);
    }
    plait_status status = pool->live ? plait__claim_status(claim) : PLAIT_OK;
    plait__mutex_unlock(&pool->mutex);
    return status;
}

static plait_status join(plait_pool *base, plait_deadline deadline, bool cancellable) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    const struct plait__worker *worker = plait__worker();
    if (!lock(pool)) return PLAIT_BROKEN;
    plait_status status = PLAIT_OK;
    if (!pool->closed)
        status = PLAIT_INVALID;
    else if (worker && worker->pool == pool)
        status = PLAIT_DEADLOCK;
    else if (pool->live && plait_passed(deadline))
        status = PLAIT_TIMEOUT;
    else
        return wait_for_end(pool, deadline, cancellable);
    plait__mutex_unlock(&pool->mutex);
    return status;
}

static void let_go(plait_pool *base) {
    plait__pool_drop(plait__thread_pool(base));
}

static uint32_t workers_of(plait_pool *base) {
    return plait__thread_pool(base)->most;
}

plait_pool *plait_pool_new(int workers) {
    static const struct plait__pool_operations operations = {"threads", put,    run_map,   close_pool,
                                                             join,      let_go, workers_of};
    if (workers < 0) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    struct plait__thread_pool *pool = plait__allocate(sizeof *pool);
    if (!pool) return NULL;
    pool->pool.operations = &operations;
    pool->references = 1;
    pool->generation = plait__generation();
    pool->number = plait__add_relaxed(&last_pool, 1) + 1;
    pool->most = (uint32_t)(workers ? workers : plait_cpu_count());
    pool->call = PLAIT__HUNGRY;
    pool->injector.inbox = PLAIT__INBOX_ASK;
    return &pool->pool;
}

/* thread_pool.c - the pool of threads: its queue and its end; the protocol stands in thread_pool.h. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/cpu.h>
#include <pool/map.h>
#include <pool/thread_pool.h>
#include <pthread.h>

static uint32_t last_pool; /* number of the one made last */

static struct plait__thread_pool *of(plait_pool *pool) {
    return (struct plait__thread_pool *)pool;
}

/* False in the child of a fork: nobody works there, and the mutex may be held by nobody. */
static bool lock(struct plait__thread_pool *pool) {
    return pool->generation == plait__generation() && plait__mutex_lock(&pool->mutex);
}

static void unlock(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(wakes);
}

/* ---- the queue ---- */

static struct plait__job *job_of(struct plait__link *link) {
    return plait__of_link(link, struct plait__job, link);
}

static struct plait__map *map_of(struct plait__job *job) {
    return plait__of_link(job, struct plait__map, job);
}

static plait_future *future_of(struct plait__job *job) {
    return plait__of_link(job, plait_future, job);
}

/* The first job in which there is work; maps whose items have all been taken leave the queue. */
static struct plait__job *first_job(struct plait__thread_pool *pool) {
    struct plait__link *link;
    while ((link = plait__list_first(&pool->jobs)) != NULL) {
        struct plait__job *job = job_of(link);
        if (!job->is_map || plait__map_left(map_of(job))) return job;
        plait__list_remove(link);
    }
    return NULL;
}

struct plait__job *plait__pool_take(struct plait__thread_pool *pool) {
    struct plait__job *job = first_job(pool);
    if (job && !job->is_map) plait__list_remove(&job->link);
    return job;
}

bool plait__pool_rouse(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    if (pool->waking || !first_job(pool)) return false;
    if (plait__worker_claim(pool, wakes)) {
        pool->waking = true;
        return false;
    }
    if (pool->live >= pool->most) return false;
    pool->waking = true;
    pool->live++;
    plait__store(&pool->last_worker, pool->last_worker + 1);
    plait__add_relaxed(&pool->references, 1);
    return true;
}

/* Makes a future that will not be run any more done, if it is not; takes over the queue's reference. */
static void fail(plait_future *future, plait_status status) {
    if (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING))
        plait__future_finish(future, status, NULL);
    plait__future_drop(future);
}

/* Takes all futures off the queue. */
static void take_futures(struct plait__thread_pool *pool, struct plait__list *taken) {
    struct plait__link *next, *link = plait__list_first(&pool->jobs);
    for (; link; link = next) {
        next = plait__list_after(&pool->jobs, link);
        if (job_of(link)->is_map) continue;
        plait__list_remove(link);
        plait__list_append(taken, link);
    }
}

static void fail_all(struct plait__list *futures, plait_status status) {
    struct plait__link *link;
    while ((link = plait__list_first(futures)) != NULL) {
        plait__list_remove(link);
        fail(future_of(job_of(link)), status);
    }
}

static void wake_joiners(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&pool->joiners)) != NULL)
        plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

void plait__pool_ended(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    if (--pool->live == 0) wake_joiners(pool, wakes);
}

/* If it fails: busy workers may have become idle meanwhile, and left to this one what came since. */
void plait__pool_start(struct plait__thread_pool *pool) {
    plait_status status = plait__worker_start(pool, plait__load(&pool->last_worker));
    if (status == PLAIT_OK) return;
    struct plait__wakes wakes = {.count = 0};
    struct plait__list stranded = {0};
    (void)lock(pool);
    plait__pool_ended(pool, &wakes);
    if (pool->live == 0) take_futures(pool, &stranded);
    pool->waking = first_job(pool) && plait__worker_claim(pool, &wakes);
    unlock(pool, &wakes);
    fail_all(&stranded, status);
    plait__pool_drop(pool);
}

/* ---- the operations ---- */

/* What was handed over includes what its tasks hand over: they may go on when the pool is closed. */
static bool refuses(struct plait__thread_pool *pool) {
    const struct plait__worker *worker = plait__worker();
    return pool->closed && (pool->discarding || !worker || worker->pool != pool);
}

static plait_status put(plait_pool *base, plait_future *future) {
    struct plait__thread_pool *pool = of(base);
    struct plait__wakes wakes;
    wakes.count = 0;
    if (!lock(pool)) return PLAIT_BROKEN;
    if (plait__unlikely(refuses(pool))) {
        unlock(pool, &wakes);
        return PLAIT_SHUTDOWN;
    }
    plait__list_append(&pool->jobs, &future->job.link);
    bool start = plait__pool_rouse(pool, &wakes);
    unlock(pool, &wakes);
    if (start) plait__pool_start(pool);
    return PLAIT_OK;
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
    struct plait__thread_pool *pool = of(base);
    struct plait__wakes wakes = {.count = 0};
    if (!lock(pool)) return PLAIT_BROKEN;
    if (refuses(pool)) {
        unlock(pool, &wakes);
        return PLAIT_SHUTDOWN;
    }
    plait__mutex_unlock(&pool->mutex);
    if (plait__map_alone(map)) return PLAIT_OK;
    if (!lock(pool)) return PLAIT_BROKEN;
    map->threads += pool->most;
    plait__list_append(&pool->jobs, &map->job.link);
    bool start = plait__pool_rouse(pool, &wakes);
    unlock(pool, &wakes);
    if (start) plait__pool_start(pool);
    take_part(pool, map);
    return pool->generation == plait__generation() ? PLAIT_OK : PLAIT_BROKEN;
}

static plait_status close_pool(plait_pool *base, bool cancel_futures) {
    struct plait__thread_pool *pool = of(base);
    struct plait__wakes wakes = {.count = 0};
    struct plait__list cancelled = {0};
    if (!lock(pool)) return PLAIT_BROKEN;
    pool->closed = true;
    if (cancel_futures) {
        pool->discarding = true;
        take_futures(pool, &cancelled);
    }
    while (plait__worker_claim(pool, &wakes)) {}
    if (pool->live == 0) wake_joiners(pool, &wakes);
    unlock(pool, &wakes);
    fail_all(&cancelled, PLAIT_CANCELLED);
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
    struct plait__thread_pool *pool = of(base);
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

void plait__pool_drop(struct plait__thread_pool *pool) {
    if (plait__sub(&pool->references, 1) == 1) plait__release(pool);
}

static void let_go(plait_pool *base) {
    plait__pool_drop(of(base));
}

plait_pool *plait_pool_new(int workers) {
    static const struct plait__pool_operations operations = {"threads",  put,  run_map,
                                                             close_pool, join, let_go};
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
    return &pool->pool;
}

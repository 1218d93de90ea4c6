/* thread_pool.c - the pool of threads: handing over tasks and maps; the protocol stands in thread_pool.h.
 *
 * A pool with max_pending makes its submits wait for room in the common queue, all under the mutex. Whoever
 * takes a future off it claims the first of those that wait, who then tries again, and goes to the head of
 * the list if another was faster.
 */
#include <base/memory.h>
#include <base/status.h>
#include <pool/thread_pool.h>
#include <pthread.h>

static bool lock(struct plait__thread_pool *pool) {
    return plait__pool_lock(pool);
}

static void unlock(struct plait__thread_pool *pool) {
    plait__mutex_unlock(&pool->mutex);
}

/* Whether the calling thread runs a task of this pool: what was handed over includes what its tasks hand
 * over, so they may go on when the pool is closed. */
static bool is_own(const struct plait__thread_pool *pool) {
    const struct plait__worker *worker = plait__worker();
    return worker && worker->pool == pool;
}

/* PLAIT_OK: it does not. Under the mutex. */
static plait_status refuses(const struct plait__thread_pool *pool) {
    if (pool->broken) return PLAIT_BROKEN;
    return pool->closed && (pool->discarding || !is_own(pool)) ? PLAIT_SHUTDOWN : PLAIT_OK;
}

static bool is_full(const struct plait__thread_pool *pool) {
    return pool->most_pending && pool->injector.count >= pool->most_pending && !is_own(pool);
}

/* Until there is room, or there will be none; under the mutex, which is given back while waiting. */
static plait_status wait_for_room(struct plait__thread_pool *pool, plait_deadline deadline) {
    plait_status status = PLAIT_OK;
    for (bool again = false; is_full(pool) && (status = refuses(pool)) == PLAIT_OK; again = true) {
        struct plait__waiter waiter;
        struct plait__node node;
        plait__waiter_init(&waiter, "pool.submit", pool);
        plait__node_init(&node, &waiter, pool, 0);
        if (again)
            plait__list_prepend(&pool->putters, &node.link);
        else
            plait__list_append(&pool->putters, &node.link);
        plait__mutex_unlock(&pool->mutex);
        uint32_t claim = plait__wait(&waiter, deadline, true);
        plait__mutex_lock(&pool->mutex);
        if (plait__linked(&node.link)) plait__list_remove(&node.link);
        if (!plait__claimed_node(claim)) return is_full(pool) ? plait__claim_status(claim) : PLAIT_OK;
    }
    return status;
}

void plait__pool_room(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&pool->putters)) != NULL)
        if (plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes)) return;
}

void plait__pool_all_room(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    while (!plait__list_empty(&pool->putters)) plait__pool_room(pool, wakes);
}

/* A task that the caller runs. */
struct here {
    struct plait__thread_pool *pool;
    struct plait__tally tally;
};

/* Also if it ends the thread. */
static void count_here(void *argument) {
    const struct here *here = argument;
    struct plait__thread_pool *pool = here->pool;
    if (!lock(pool)) return; /* it has forked */
    pool->others.done += here->tally.done;
    pool->others.failed += here->tally.failed;
    pool->others.cancelled += here->tally.cancelled;
    unlock(pool);
}

/* The pool is full, and its caller is to run the task; under the mutex, which is given back. */
static void run_here(struct plait__thread_pool *pool, plait_future *future) {
    struct here here = {.pool = pool};
    pool->injector.handed_in++;
    pool->others.begun++;
    unlock(pool);
    pthread_cleanup_push(count_here, &here);
    plait__caller_run(&here.tally, future);
    pthread_cleanup_pop(1);
    plait__future_drop(future);
}

/* Under the mutex, which is given back. */
static plait_status put_locked(struct plait__thread_pool *pool, plait_future *future,
                               plait_deadline deadline) {
    struct plait__rouse rouse;
    rouse.wakes.count = 0;
    rouse.start = false;
    plait_status status = refuses(pool);
    if (status == PLAIT_OK && plait__unlikely(is_full(pool))) {
        if (pool->when_full == PLAIT_POOL_CALLER_RUNS) {
            run_here(pool, future);
            return PLAIT_OK;
        }
        status = pool->when_full == PLAIT_POOL_REJECT ? PLAIT_FULL : wait_for_room(pool, deadline);
        if (status == PLAIT_OK) status = refuses(pool);
    }
    if (status == PLAIT_OK) {
        plait__injector_hand_in(&pool->injector, future);
        plait__crew_rouse(pool, &rouse);
    }
    plait__crew_unlock(pool, &rouse);
    return status;
}

static plait_status put_outside(struct plait__thread_pool *pool, plait_future *future,
                                plait_deadline deadline) {
    if (pool->generation != plait__generation()) return PLAIT_BROKEN;
    if (plait__injector_push(&pool->injector, future)) return PLAIT_OK;
    return lock(pool) ? put_locked(pool, future, deadline) : PLAIT_BROKEN;
}

/* The ring is full: its older half goes to the common queue. Those that have been run or cancelled meanwhile
 * just go: a task that runs all that it hands over itself, by waiting for it, does not fill the memory with
 * them. */
static void spill(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__rouse rouse = {.start = false};
    plait_future *futures[PLAIT__TASK_RING_SIZE / 2];
    uint32_t count = plait__task_ring_grab(&worker->ring, futures), left = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (plait__future_phase(futures[i]) == PLAIT__QUEUED) {
            futures[left++] = futures[i];
        } else {
            plait__count(&worker->tally.cancelled_before, plait__cancelled_before(futures[i]));
            plait__future_drop(futures[i]);
        }
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
    if (plait__unlikely(plait__load(&pool->discarding)))
        return plait__load(&pool->broken) ? PLAIT_BROKEN : PLAIT_SHUTDOWN;
    plait__count(&worker->tally.submitted, 1);
    while (plait__unlikely(!plait__task_ring_put(&worker->ring, future))) spill(worker);
    plait__worker_pushed(worker);
    return PLAIT_OK;
}

plait_status plait__pool_put(plait_pool *base, plait_future *future, plait_deadline deadline) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    if (is_own(pool) && pool->rings) return put_inside(plait__worker(), future);
    return put_outside(pool, future, deadline);
}

/* Under the mutex, which is given back while waiting. */
static void await_helpers(struct plait__thread_pool *pool, struct plait__map *map) {
    while (map->helpers)
        (void)plait__wait_listed(&pool->mutex, &map->caller, "map", map, PLAIT_FOREVER, false);
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

plait_status plait__pool_run_map(plait_pool *base, struct plait__map *map) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    struct plait__rouse rouse = {.start = false};
    if (!lock(pool)) return PLAIT_BROKEN;
    plait_status refused = refuses(pool);
    if (refused != PLAIT_OK) {
        unlock(pool);
        return refused;
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

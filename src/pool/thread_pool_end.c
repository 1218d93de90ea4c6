/* thread_pool_end.c - how a pool of threads ends: closed, terminated or broken, and joined.
 *
 * A terminate looks at what each worker runs, and asks it to stop, without a lock that the workers take for
 * each task. It holds the pool's mutex, sets `terminating`, has all threads pass a barrier, and then looks at
 * `running`. A worker first takes a future off `running`, and then looks at `terminating` (base/order.h); if
 * it is set it takes the mutex once before it lets the future go. So either the future is not seen, or it is
 * still there. One that just begins: the worker puts the future on `running`, and then looks at `terminating`
 * (base/order.h); so it is seen there, or asked to stop by its own worker.
 * What was on its way from the queue or from another's ring, where nobody saw it, meets `discarding` when it
 * is to begin, and does not.
 */
#include <base/memory.h>
#include <base/status.h>
#include <pool/thread_pool.h>

/* True: it was the caller who made it fail. */
static bool fail(plait_future *future, plait_status status, const char *words) {
    bool failed = plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING);
    if (failed) plait__future_finish(future, status, plait__copy_string(words));
    return failed;
}

void plait__pool_fail_all(struct plait__thread_pool *pool, struct plait__list *futures, plait_status status) {
    struct plait__link *link;
    uint64_t cancelled = 0, failed = 0;
    while ((link = plait__list_first(futures)) != NULL) {
        plait__list_remove(link);
        plait_future *future = plait__job_future(plait__of_link(link, struct plait__job, link));
        if (fail(future, status, pool->pool.words))
            failed++;
        else
            cancelled += plait__cancelled_before(future);
        plait__future_drop(future);
    }
    if (!plait__pool_lock(pool)) return;
    pool->others.cancelled_before += status == PLAIT_CANCELLED ? cancelled + failed : cancelled;
    pool->others.failed_before += status == PLAIT_CANCELLED ? 0 : failed;
    plait__mutex_unlock(&pool->mutex);
}

/* Takes what is in the workers' rings, as a thief would. */
static void take_from_rings(struct plait__thread_pool *pool, struct plait__list *taken) {
    plait_future *futures[PLAIT__TASK_RING_SIZE / 2];
    uint32_t workers = plait__pool_workers(pool), count;
    for (uint32_t i = 0; i < workers; i++)
        while ((count = plait__task_ring_grab(&plait__pool_worker(pool, i)->ring, futures)) > 0)
            for (uint32_t j = 0; j < count; j++) plait__list_append(taken, &futures[j]->job.link);
}

/* Cancels the tokens of the tasks that run; under the mutex, until whose release none of them goes away. */
static void cancel_running(struct plait__thread_pool *pool) {
    (void)plait__exchange_seq(&pool->terminating, true);
    plait__os_order_all();
    uint32_t workers = plait__pool_workers(pool);
    for (uint32_t i = 0; i < workers; i++) {
        plait_future *future = plait__load_seq(&plait__pool_worker(pool, i)->running);
        for (; future; future = future->outer) (void)plait_future_cancel(future);
    }
}

/* No more tasks, not even from its own; takes those that have not begun. Under the mutex. */
static void discard(struct plait__thread_pool *pool, struct plait__list *futures) {
    plait__store(&pool->discarding, true);
    plait__injector_take_futures(&pool->injector, futures);
    take_from_rings(pool, futures);
}

plait_status plait__pool_close(plait_pool *base, bool cancel_futures, bool cancel_those_running) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    struct plait__rouse rouse = {.start = false};
    struct plait__list cancelled = {0};
    if (!plait__pool_lock(pool)) return PLAIT_BROKEN;
    pool->closed = true;
    plait__injector_ask(&pool->injector, true); /* from here on nothing is pushed past us */
    if (cancel_futures) discard(pool, &cancelled);
    if (cancel_those_running) cancel_running(pool);
    plait__pool_all_room(pool, &rouse.wakes);
    plait__crew_wake_all(pool, &rouse);
    plait__add_relaxed(&pool->references, 1); /* a task that is cancelled may free the handle */
    plait__crew_unlock(pool, &rouse);
    if (cancel_futures) plait__pool_fail_all(pool, &cancelled, PLAIT_CANCELLED);
    plait__pool_drop(pool);
    return PLAIT_OK;
}

void plait__pool_break(struct plait__thread_pool *pool, char *message) {
    struct plait__rouse rouse = {.start = false};
    struct plait__list failed = {0};
    if (!plait__pool_lock(pool)) { /* it has forked */
        plait__release(message);
        return;
    }
    bool first = !pool->broken;
    if (first) plait__store_release(&pool->pool.words, message);
    plait__store(&pool->broken, true);
    plait__injector_ask(&pool->injector, true);
    discard(pool, &failed);
    plait__pool_all_room(pool, &rouse.wakes);
    plait__crew_unlock(pool, &rouse);
    if (!first) plait__release(message);
    plait__pool_fail_all(pool, &failed, PLAIT_BROKEN);
}

/* Under the mutex, which is given back. */
static plait_status wait_for_end(struct plait__thread_pool *pool, plait_deadline deadline, bool cancellable) {
    uint32_t claim = PLAIT__FIRST;
    while (pool->live && plait__claimed_node(claim))
        claim = plait__wait_listed(&pool->mutex, &pool->joiners, "pool.join", pool, deadline, cancellable);
    plait_status status = pool->live ? plait__claim_status(claim) : PLAIT_OK;
    plait__mutex_unlock(&pool->mutex);
    return status;
}

plait_status plait__pool_join(plait_pool *base, plait_deadline deadline, bool cancellable) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    const struct plait__worker *worker = plait__worker();
    if (!plait__pool_lock(pool)) return PLAIT_BROKEN;
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

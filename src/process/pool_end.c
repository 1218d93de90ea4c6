/* pool_end.c - how a pool of processes ends: closed, terminated, killed or broken, and joined. The rest is the keeper's. */
#include <base/memory.h>
#include <process/pool.h>
#include <signal.h>

/* Nobody waits for room any more; under the mutex. */
static void release_putters(struct plait__process_pool *pool, struct plait__wakes *wakes) {
    plait__claim_all(&pool->putters, wakes);
}

/* With a reference: what is cancelled may free the handle. */
static plait_status stop_intake(struct plait__process_pool *pool, bool cancel_futures, bool cancel_running,
                                int kill) {
    struct plait__wakes wakes;
    wakes.count = 0;
    if (!plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    plait__add_relaxed(&pool->references, 1);
    pool->closed = true;
    pool->discarding |= cancel_futures; /* also the rest of maps that have begun */
    release_putters(pool, &wakes);
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
    if (kill) (void)plait__exchange(&pool->kill_signal, kill);
    if (cancel_futures) plait__process_pool_discard(pool, PLAIT_CANCELLED);
    if (cancel_running) plait__process_pool_stop_all(pool);
    plait__keeper_ring(pool);
    plait__process_pool_drop(pool);
    return PLAIT_OK;
}

plait_status plait__process_pool_close(plait_pool *base, bool cancel_futures, bool cancel_running) {
    return stop_intake(plait__process_pool(base), cancel_futures, cancel_running, 0);
}

static plait_status kill_workers(plait_pool *pool, int number) {
    if (!pool || pool->operations->close != plait__process_pool_close) return PLAIT_INVALID;
    return stop_intake(plait__process_pool(pool), true, false, number);
}

plait_status plait_pool_terminate_workers(plait_pool *pool) {
    return kill_workers(pool, SIGTERM);
}

plait_status plait_pool_kill_workers(plait_pool *pool) {
    return kill_workers(pool, SIGKILL);
}

void plait__process_pool_break(struct plait__process_pool *pool, const char *words) {
    struct plait__wakes wakes;
    wakes.count = 0;
    char *kept = plait__copy_string(words);
    if (!plait__process_pool_lock(pool)) return;
    bool first = !pool->broken;
    if (first) plait__store_release(&pool->pool.words, kept);
    pool->broken = true;
    release_putters(pool, &wakes);
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
    if (!first) plait__release(kept);
    plait__process_pool_discard(pool, PLAIT_BROKEN);
}

plait_status plait__process_pool_join(plait_pool *base, plait_deadline deadline, bool cancellable) {
    struct plait__process_pool *pool = plait__process_pool(base);
    if (!plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    plait_status status = !pool->closed                                        ? PLAIT_INVALID
                          : plait__self()->ident == plait__load(&pool->keeper) ? PLAIT_DEADLOCK
                          : !pool->ended && plait_passed(deadline)             ? PLAIT_TIMEOUT
                                                                               : PLAIT_OK;
    uint32_t claim = PLAIT__FIRST;
    while (status == PLAIT_OK && !pool->ended && plait__claimed_node(claim))
        claim = plait__wait_listed(&pool->mutex, &pool->joiners, "pool.join", pool, deadline, cancellable);
    if (status == PLAIT_OK && !pool->ended) status = plait__claim_status(claim);
    plait__mutex_unlock(&pool->mutex);
    return status;
}

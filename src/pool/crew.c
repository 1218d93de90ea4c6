/* crew.c - the workers of a pool as a crew: who is idle, who is on its way, who starts and who ends; the
 * protocol stands in thread_pool.h.
 *
 * Only whoever has made `waking` true starts a thread, so one at a time; and so one at a time makes the
 * roster larger.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <base/status.h>
#include <pool/thread_pool.h>
#include <thread/registry.h>
#include <wait/name.h>

enum { FIRST_ROSTER = 8 };

/* An idle worker. */
struct rest {
    struct plait__node node;
    struct plait__worker *worker;
};

/* Puts into `call` what follows from the rest. Returns what was there. Under the mutex. */
static uint32_t settle(struct plait__thread_pool *pool) {
    uint32_t want = PLAIT__SATED, call = plait__load(&pool->call);
    plait__store(&pool->surplus, pool->live - pool->leaving > pool->most);
    if (pool->resting || pool->live < pool->most) want = pool->waking ? PLAIT__SEARCHING : PLAIT__HUNGRY;
    plait__injector_ask(&pool->injector, pool->closed || pool->broken || !pool->rings || pool->most_pending ||
                                             want == PLAIT__HUNGRY);
    if (call == want || (call == PLAIT__MORE && want == PLAIT__SEARCHING)) return call;
    return plait__exchange_seq(&pool->call, want);
}

/* Whether the end of the program waits for it; under the pool's mutex. */
static void set_awaited(struct plait__worker *worker, bool awaited) {
    if (worker->thread->counted == awaited) return;
    plait__store(&worker->thread->counted, awaited);
    if (awaited)
        plait__exit_count();
    else
        plait__exit_uncount();
}

/* Claims an idle worker, under the mutex; NULL if there is none. */
static struct plait__worker *claim(struct plait__thread_pool *pool, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&pool->idle)) != NULL) {
        struct plait__node *node = plait__of_link(link, struct plait__node, link);
        struct plait__worker *worker = plait__of_link(node, struct rest, node)->worker;
        pool->resting--;
        if (!plait__claim(node, 0, wakes)) continue;
        set_awaited(worker, true); /* it cannot go on before the mutex is given back */
        return worker;
    }
    return NULL;
}

void plait__crew_rouse(struct plait__thread_pool *pool, struct plait__rouse *rouse) {
    if (pool->waking) return;
    struct plait__worker *worker = claim(pool, &rouse->wakes);
    if (worker) {
        worker->searching = pool->waking = true;
    } else if (pool->live < pool->most) {
        rouse->start = pool->waking = true;
        if (++pool->live > pool->most_live) pool->most_live = pool->live;
        plait__add_relaxed(&pool->references, 1);
    }
    (void)settle(pool);
}

void plait__crew_rouse_for_ring(struct plait__thread_pool *pool, struct plait__rouse *rouse) {
    uint32_t call = PLAIT__SEARCHING;
    if (pool->waking) (void)plait__cas_seq(&pool->call, &call, PLAIT__MORE);
    plait__crew_rouse(pool, rouse);
}

void plait__crew_called(struct plait__thread_pool *pool) {
    struct plait__rouse rouse;
    uint32_t call = PLAIT__SEARCHING;
    if (pool->generation != plait__generation()) return; /* forked inside a task */
    if (plait__cas_seq(&pool->call, &call, PLAIT__MORE) || call != PLAIT__HUNGRY) return;
    rouse.wakes.count = 0;
    rouse.start = false;
    plait__mutex_lock(&pool->mutex);
    plait__crew_rouse_for_ring(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
}

/* Whether another worker has something that can be taken. */
static bool anything_left(const struct plait__worker *worker) {
    const struct plait__thread_pool *pool = worker->pool;
    uint32_t count = plait__pool_workers(pool);
    for (uint32_t i = 0; i < count; i++) {
        const struct plait__worker *other = plait__pool_worker(pool, i);
        if (other != worker && (plait__task_ring_count(&other->ring) || plait__spawn_any(other))) return true;
    }
    return false;
}

/* It is not on its way any more; whether others have called for more. */
static bool arrive(struct plait__worker *worker) {
    worker->searching = worker->pool->waking = false;
    return settle(worker->pool) == PLAIT__MORE;
}

void plait__crew_busy(struct plait__worker *worker, struct plait__rouse *rouse) {
    struct plait__thread_pool *pool = worker->pool;
    bool more = worker->searching && (arrive(worker) || anything_left(worker));
    if (more || plait__task_ring_count(&worker->ring))
        plait__crew_rouse_for_ring(pool, rouse);
    else if (plait__injector_first(&pool->injector))
        plait__crew_rouse(pool, rouse);
}

void plait__crew_found(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__rouse rouse;
    rouse.wakes.count = 0;
    rouse.start = false;
    plait__mutex_lock(&pool->mutex);
    plait__crew_busy(worker, &rouse);
    plait__crew_unlock(pool, &rouse);
}

/* ---- idle ---- */

bool plait__crew_too_many(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    if (worker->leaving || pool->live - pool->leaving <= pool->most) return worker->leaving;
    worker->leaving = true;
    pool->leaving++;
    (void)settle(pool);
    return true;
}

void plait__crew_changed(struct plait__thread_pool *pool) {
    (void)settle(pool);
}

/* Off the list, if nobody has claimed it: then it may have been idle for too long. Under the mutex. */
static void get_up(struct rest *rest, uint32_t claim) {
    struct plait__worker *worker = rest->worker;
    struct plait__thread_pool *pool = worker->pool;
    if (claim == PLAIT__TIMED_OUT && pool->live - pool->leaving > pool->least) {
        worker->leaving = true;
        pool->leaving++;
    }
    if (plait__linked(&rest->node.link)) {
        plait__list_remove(&rest->node.link);
        worker->pool->resting--;
    }
    set_awaited(worker, true);
    (void)settle(worker->pool);
}

void plait__crew_rest(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__waiter waiter;
    struct rest rest = {.worker = worker};
    plait__waiter_init(&waiter, "pool.idle", pool);
    plait__node_init(&rest.node, &waiter, pool, 0);
    plait__list_prepend(&pool->idle, &rest.node.link);
    bool alone = ++pool->resting == pool->live;
    set_awaited(worker, false);
    if (worker->searching)
        (void)arrive(worker);
    else
        (void)settle(pool);
    bool pushed = plait__injector_pushed(&pool->injector), stays = pool->live - pool->leaving <= pool->least;
    plait_deadline deadline = PLAIT_FOREVER;
    uint32_t claim = PLAIT__AWAKE;
    plait__mutex_unlock(&pool->mutex);
    if (!alone) plait__os_order_all();
    if (pool->idle_ns != INT64_MAX && !stays) deadline.ns = plait__now() + pool->idle_ns;
    if (!pushed && (alone || !anything_left(worker))) claim = plait__wait(&waiter, deadline, false);
    plait__mutex_lock(&pool->mutex);
    get_up(&rest, claim);
    plait__mutex_unlock(&pool->mutex);
}

void plait__crew_wake_all(struct plait__thread_pool *pool, struct plait__rouse *rouse) {
    while (claim(pool, &rouse->wakes)) {}
    (void)settle(pool);
}

/* ---- ending ---- */

/* Under the mutex. */
static void ended(struct plait__thread_pool *pool, struct plait__worker *worker, struct plait__wakes *wakes) {
    if (worker) plait__list_prepend(&pool->vacant, &worker->vacant);
    if (worker && worker->leaving) {
        worker->leaving = false;
        pool->leaving--;
    }
    if (--pool->live == 0) plait__claim_all(&pool->joiners, wakes);
    (void)settle(pool);
}

/* What is left in its ring, if it was made to leave, goes back; under the mutex. */
static void give_back(struct plait__worker *worker) {
    plait_future *future;
    while ((future = plait__task_ring_take(&worker->ring)) != NULL)
        plait__injector_add(&worker->pool->injector, &future->job);
}

/* The last look is for what others have put while they thought that nobody could come. */
void plait__crew_leave(struct plait__worker *worker) {
    struct plait__thread_pool *pool = worker->pool;
    struct plait__rouse rouse = {.start = false};
    plait__mutex_lock(&pool->mutex);
    give_back(worker);
    if (worker->searching) (void)arrive(worker);
    ended(pool, worker, &rouse.wakes);
    bool alone = pool->resting == pool->live;
    if (plait__injector_first(&pool->injector)) plait__crew_rouse(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
    if (!alone) {
        plait__os_order_all();
        if (anything_left(worker)) plait__crew_called(pool);
    }
    plait__pool_drop(pool);
}

/* ---- starting ---- */

/* Room in the roster for one more. */
static bool enlarge(struct plait__thread_pool *pool) {
    struct plait__roster *roster = pool->roster;
    if (roster && pool->count < roster->capacity) return true;
    uint32_t capacity = roster ? 2 * roster->capacity : FIRST_ROSTER;
    struct plait__roster *larger = plait__allocate(sizeof *larger +
                                                   capacity * sizeof(struct plait__worker *));
    if (!larger) return false;
    larger->before = roster;
    larger->capacity = capacity;
    for (uint32_t i = 0; i < pool->count; i++) larger->workers[i] = roster->workers[i];
    plait__store_release(&pool->roster, larger);
    return true;
}

static struct plait__worker *make_worker(struct plait__thread_pool *pool) {
    if (!enlarge(pool)) return NULL;
    struct plait__worker *worker = plait__allocate(sizeof *worker);
    if (!worker) return NULL;
    worker->pool = pool;
    plait__store_release(&pool->roster->workers[pool->count], worker);
    plait__store_release(&pool->count, pool->count + 1);
    return worker;
}

static struct plait__worker *next_worker(struct plait__thread_pool *pool) {
    plait__mutex_lock(&pool->mutex);
    struct plait__link *vacant = plait__list_first(&pool->vacant);
    if (vacant) plait__list_remove(vacant);
    uint32_t number = ++pool->last_worker;
    plait__mutex_unlock(&pool->mutex);
    struct plait__worker *worker = vacant ? plait__of_link(vacant, struct plait__worker, vacant)
                                          : make_worker(pool);
    if (worker) {
        worker->number = number;
        worker->searching = true;
    }
    return worker;
}

/* A thread could not be started. Busy workers may have become idle meanwhile, and left to this one what came
 * since. */
static void could_not_start(struct plait__thread_pool *pool, struct plait__worker *worker,
                            plait_status status) {
    struct plait__rouse rouse = {.start = false};
    struct plait__list stranded = {0};
    plait__mutex_lock(&pool->mutex);
    if (worker) worker->searching = false;
    pool->waking = false;
    ended(pool, worker, &rouse.wakes); /* makes submits take the mutex, as there is nobody on his way */
    if (pool->live == 0) {
        plait__injector_take_futures(&pool->injector, &stranded);
        plait__pool_all_room(pool, &rouse.wakes);
    } else if ((worker = claim(pool, &rouse.wakes)) != NULL) {
        worker->searching = pool->waking = true;
    }
    (void)settle(pool);
    plait__crew_unlock(pool, &rouse);
    plait__pool_fail_all(pool, &stranded, status);
    plait__pool_drop(pool);
}

static void start(struct plait__thread_pool *pool) {
    struct plait__worker *worker = next_worker(pool);
    plait_status status = worker ? plait__worker_start(worker) : PLAIT_NO_MEMORY;
    if (status != PLAIT_OK) could_not_start(pool, worker, status);
}

void plait__crew_unlock(struct plait__thread_pool *pool, struct plait__rouse *rouse) {
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&rouse->wakes);
    if (rouse->start) start(pool);
}

void plait__pool_drop(struct plait__thread_pool *pool) {
    if (plait__sub(&pool->references, 1) != 1) return;
    for (uint32_t i = 0; i < pool->count; i++) plait__release(pool->roster->workers[i]);
    struct plait__roster *roster, *before;
    for (roster = pool->roster; roster; roster = before) {
        before = roster->before;
        plait__release(roster);
    }
    plait__name_forget(pool);
    plait__release(pool->name);
    plait__release(pool->pool.words);
    plait__release(pool);
}

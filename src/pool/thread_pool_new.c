/* thread_pool_new.c - making a pool of threads, changing its size, and what it has counted. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/cpu.h>
#include <pool/thread_pool.h>

static uint32_t last_pool; /* number of the one made last */

static plait_status resize(plait_pool *base, uint32_t least, uint32_t most) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    struct plait__rouse rouse = {.start = false};
    if (!plait__pool_lock(pool)) return PLAIT_BROKEN;
    bool more = most > pool->most, fewer_stay = least < pool->least;
    pool->least = least;
    plait__store(&pool->most, most);
    if (!more || fewer_stay) plait__crew_wake_all(pool, &rouse); /* they look whether they are too many */
    plait__crew_changed(pool);
    if (more) plait__crew_rouse_for_ring(pool, &rouse);
    plait__crew_unlock(pool, &rouse);
    return PLAIT_OK;
}

static void add(plait_pool_counters *counters, const struct plait__tally *tally) {
    counters->submitted += plait__load(&tally->submitted);
    uint64_t done = plait__load(&tally->done), failed = plait__load(&tally->failed),
             cancelled = plait__load(&tally->cancelled);
    uint64_t begun = plait__load(&tally->begun), ended = done + failed + cancelled;
    counters->running += begun > ended ? begun - ended : 0;
    counters->done += done;
    counters->failed += failed + plait__load(&tally->failed_before);
    counters->cancelled += cancelled + plait__load(&tally->cancelled_before);
    counters->stolen += plait__load(&tally->stolen);
}

static plait_status stats(plait_pool *base, plait_pool_counters *counters) {
    struct plait__thread_pool *pool = plait__thread_pool(base);
    if (!plait__pool_lock(pool)) return PLAIT_BROKEN;
    plait__injector_collect(&pool->injector);
    *counters = (plait_pool_counters){.submitted = pool->injector.handed_in,
                                      .most_queued = pool->injector.most,
                                      .workers = pool->live,
                                      .most_workers = pool->most_live,
                                      .idle = pool->resting};
    add(counters, &pool->others);
    uint32_t workers = plait__pool_workers(pool);
    for (uint32_t i = 0; i < workers; i++) {
        add(counters, &plait__pool_worker(pool, i)->tally);
        counters->waiting += plait__load(&plait__pool_worker(pool, i)->waiting) != 0;
    }
    plait__mutex_unlock(&pool->mutex);
    uint64_t begun = counters->running + counters->done + counters->failed + counters->cancelled;
    counters->queued = counters->submitted > begun ? counters->submitted - begun : 0;
    return PLAIT_OK;
}

static void let_go(plait_pool *base) {
    plait__pool_drop(plait__thread_pool(base));
}

static uint32_t workers_of(plait_pool *base) {
    return plait__load(&plait__thread_pool(base)->most);
}

static bool makes_sense(const plait_pool_options *options) {
    if (options->max_workers < 0 || options->min_workers < 0) return false;
    if (options->min_workers > (options->max_workers ? options->max_workers : plait_cpu_count()))
        return false;
    if (!(options->idle_time >= 0)) return false; /* not a number, too */
    return options->order <= PLAIT_POOL_PRIORITY && options->when_full <= PLAIT_POOL_CALLER_RUNS;
}

static void set_up(struct plait__thread_pool *pool, const plait_pool_options *options) {
    static const struct plait__pool_operations operations = {
        .kind = "threads",
        .put = plait__pool_put,
        .map = plait__pool_run_map,
        .close = plait__pool_close,
        .join = plait__pool_join,
        .resize = resize,
        .stats = stats,
        .let_go = let_go,
        .workers = workers_of,
    };
    pool->pool.operations = &operations;
    pool->references = 1;
    pool->generation = plait__generation();
    pool->number = plait__add_relaxed(&last_pool, 1) + 1;
    pool->most = (uint32_t)(options->max_workers ? options->max_workers : plait_cpu_count());
    pool->least = (uint32_t)options->min_workers;
    pool->call = PLAIT__HUNGRY;
    pool->injector.inbox = PLAIT__INBOX_ASK;
    pool->injector.order = options->order;
    pool->rings = options->order == PLAIT_POOL_FIFO;
    pool->idle_ns = options->idle_time > 0 && options->idle_time < 1e9
                        ? (int64_t)(options->idle_time * 1e9) + 1
                        : INT64_MAX;
    pool->most_pending = options->max_pending;
    pool->when_full = options->when_full;
    pool->stack_size = options->stack_size;
    pool->initializer = options->initializer;
    pool->finalizer = options->finalizer;
    pool->argument = options->argument;
}

plait_pool *plait_pool_new_with(const plait_pool_options *options) {
    static const plait_pool_options defaults;
    if (!options) options = &defaults;
    if (!makes_sense(options)) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    struct plait__thread_pool *pool = plait__allocate(sizeof *pool);
    char *name = plait__copy_string(options->name);
    if (!pool || (options->name && !name)) {
        plait__release(name);
        plait__release(pool);
        return NULL;
    }
    set_up(pool, options);
    pool->name = name;
    return &pool->pool;
}

plait_pool *plait_pool_new(int workers) {
    return plait_pool_new_with(&(plait_pool_options){.max_workers = workers});
}

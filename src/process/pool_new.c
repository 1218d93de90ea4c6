/* pool_new.c - making a pool of processes, changing its size, and what it has counted. */
#include <base/memory.h>
#include <base/os_file.h>
#include <base/status.h>
#include <errno.h>
#include <plait/cpu.h>
#include <plait/raise.h>
#include <pool/chunk.h>
#include <process/pool.h>
#include <process/wire.h>
#include <stdio.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/task_frame.h>
#include <unistd.h>

static uint32_t last_pool; /* number of the one made last */

/* ---- options ---- */

static bool is_time(double seconds) {
    return seconds >= 0; /* and a number */
}

static bool makes_sense(int workers, const plait_process_pool_options *options) {
    if (workers < 0 || workers > PLAIT__POOL_WORKERS) return false;
    if (options->max_tasks_per_worker < 0 || options->max_crashes < 0) return false;
    if (!is_time(options->soft_time_limit) || !is_time(options->hard_time_limit)) return false;
    if (!is_time(options->grace) || !is_time(options->start_timeout)) return false;
    if ((unsigned)options->method > PLAIT_START_FORK) return false;
    return (unsigned)options->order <= PLAIT_POOL_PRIORITY &&
           (unsigned)options->when_full <= PLAIT_POOL_CALLER_RUNS;
}

/* 0 stays 0; far off is never. */
static int64_t ns_of(double seconds) {
    if (seconds <= 0) return 0;
    return seconds < 1e9 ? (int64_t)(seconds * 1e9) + 1 : 0;
}

static int64_t ns_or(double seconds, int64_t otherwise) {
    return seconds > 0 ? (seconds < 1e9 ? ns_of(seconds) : INT64_MAX / 4) : otherwise;
}

/* The initializer's arguments, as each worker will read them. */
static plait_status write_initializer(struct plait__process_pool *pool,
                                      const plait_process_pool_options *options, struct plait__words *why) {
    size_t size = 0;
    const plait_task *task = options->initializer;
    if (!task) return PLAIT_OK;
    plait_status status = plait__is_task(task) ? plait__wire_allows(task, why) : PLAIT_INVALID;
    int number = status == PLAIT_OK ? plait__process_pool_task(pool, task, why) : -1;
    if (number < 0) return PLAIT_INVALID;
    status = plait__wire_write(task, options->initializer_arguments, pool->memory->initializer_args,
                               PLAIT__ROOM, &size, why);
    if (status == PLAIT_OK && size > PLAIT__ROOM) {
        plait__put_words(why, "the arguments of the initializer are larger than %d bytes", PLAIT__ROOM);
        status = PLAIT_INVALID;
    }
    pool->memory->initializer = (uint32_t)number + 1;
    pool->memory->initializer_size = size;
    return status;
}

static void take_options(struct plait__process_pool *pool, int workers,
                         const plait_process_pool_options *options) {
    const int64_t second = 1000000000;
    struct plait__pool_memory *memory = pool->memory;
    pool->most = (uint32_t)(workers ? workers : plait_cpu_count());
    pool->method = options->method;
    pool->waiting.order = options->order;
    pool->most_pending = options->max_pending;
    pool->when_full = options->when_full;
    pool->max_crashes = options->max_crashes ? (uint32_t)options->max_crashes : 1;
    pool->grace_ns = ns_or(options->grace, 5 * second);
    pool->start_ns = ns_or(options->start_timeout, 60 * second);
    memory->owner = getpid();
    memory->max_tasks = (uint32_t)options->max_tasks_per_worker;
    memory->soft_ns = ns_of(options->soft_time_limit);
    memory->hard_ns = ns_of(options->hard_time_limit);
}

/* ---- making it ---- */

static plait_status find_memory(struct plait__process_pool *pool, const char *name) {
    char number[32];
    snprintf(number, sizeof number, "processes-%u", pool->number);
    pool->name = plait__copy_string(name ? name : number);
    pool->cases = plait__allocate_array(PLAIT__POOL_WORKERS + 1, sizeof *pool->cases);
    if (!pool->name || !pool->cases) return PLAIT_NO_MEMORY;
    pool->file = plait__os_file_new("plait pool", sizeof *pool->memory);
    pool->bell = plait__os_bell_new();
    if (pool->file < 0 || pool->bell < 0) return PLAIT_ERRNO;
    pool->memory = plait__os_map(pool->file, sizeof *pool->memory, true);
    return pool->memory ? PLAIT_OK : PLAIT_ERRNO;
}

static void fill_free_cells(struct plait__process_pool *pool) {
    for (uint32_t i = 0; i < PLAIT__CELLS; i++) {
        pool->inside[i].file = -1;
        pool->free_cells[i] = PLAIT__CELLS - 1 - i;
    }
    pool->free_count = PLAIT__CELLS;
}

static void forget(struct plait__process_pool *pool) {
    int why = errno;
    if (pool->memory) plait__os_unmap(pool->memory, sizeof *pool->memory);
    if (pool->file >= 0) plait__os_close(pool->file);
    if (pool->bell >= 0) plait__os_close(pool->bell);
    plait__release(pool->name);
    plait__release(pool->cases);
    plait__release(pool);
    errno = why;
}

/* The first worker, whose start also starts the server, before the keeper makes the process one of several threads. */
static plait_status begin(struct plait__process_pool *pool) {
    plait_status status = plait__exit_watch();
    if (status == PLAIT_OK) status = plait__hand_start(pool, 0);
    if (status != PLAIT_OK) return status;
    plait__process_pool_hook();
    plait__process_pool_list(pool);
    status = plait__keeper_start(pool);
    if (status == PLAIT_OK) return PLAIT_OK;
    struct plait__hand *hand = &pool->hands[0];
    (void)plait__child_kill(&hand->child, 9);
    plait__child_close(&hand->child);
    plait__process_pool_unlist(pool);
    return status;
}

static plait_status resize(plait_pool *base, uint32_t least, uint32_t most) {
    struct plait__process_pool *pool = plait__process_pool(base);
    (void)least; /* those that are there stay */
    if (most > PLAIT__POOL_WORKERS) return PLAIT_INVALID;
    if (!plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    plait__store(&pool->most, most);
    plait__process_pool_refill(pool);
    plait__process_pool_unlock(pool);
    plait__keeper_ring(pool);
    return PLAIT_OK;
}

/* Futures that workers are running, or have run and nobody has collected; under the mutex. */
static uint64_t count_running(const struct plait__process_pool *pool) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < PLAIT__CELLS; i++) {
        enum plait__cell_state state = plait__cell_state(plait__load_acquire(&pool->memory->cells[i].word));
        count += pool->inside[i].future && (state == PLAIT__CELL_RUNNING || state == PLAIT__CELL_DONE);
    }
    return count;
}

static plait_status stats(plait_pool *base, plait_pool_counters *counters) {
    struct plait__process_pool *pool = plait__process_pool(base);
    if (!plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    *counters = pool->counters;
    counters->submitted = pool->waiting.handed_in;
    counters->most_queued = pool->waiting.most;
    counters->workers = pool->live;
    counters->most_workers = pool->most_live;
    counters->running = count_running(pool);
    plait__mutex_unlock(&pool->mutex);
    uint64_t begun = counters->running + counters->done + counters->failed + counters->cancelled;
    counters->queued = counters->submitted > begun ? counters->submitted - begun : 0;
    counters->idle = counters->workers > counters->running ? counters->workers - (uint32_t)counters->running
                                                           : 0;
    return PLAIT_OK;
}

static void let_go(plait_pool *base) {
    plait__process_pool_drop(plait__process_pool(base));
}

static uint32_t workers_of(plait_pool *base) {
    return plait__load(&plait__process_pool(base)->most);
}

static plait_status wait_in(plait_pool *base, const char *kind, const void *address,
                            bool (*over)(const void *context), const void *context, plait_deadline deadline,
                            bool cancellable) {
    return plait__process_pool_wait(plait__process_pool(base), kind, address, over, context, deadline,
                                    cancellable);
}

static const struct plait__pool_operations operations = {
    "processes",
    plait__process_pool_put,
    plait__chunk_map,
    plait__process_pool_close,
    plait__process_pool_join,
    resize,
    stats,
    let_go,
    workers_of,
    plait__process_pool_chunk,
    wait_in,
    plait__process_pool_call_later,
};

static plait_pool *fail(struct plait__process_pool *pool, plait_status status, const char *words) {
    if (pool) forget(pool);
    if (words) plait__set_last_message(words);
    plait__set_last_error(status);
    return NULL;
}

plait_pool *plait_process_pool_new(int workers, const plait_process_pool_options *options) {
    static const plait_process_pool_options defaults;
    struct plait__words why = {""};
    if (!options) options = &defaults;
    if (!makes_sense(workers, options)) return fail(NULL, PLAIT_INVALID, "an option makes no sense");
    struct plait__process_pool *pool = plait__allocate(sizeof *pool);
    if (!pool) return NULL;
    pool->file = pool->bell = -1;
    pool->pool.operations = &operations;
    pool->references = 1;
    pool->generation = plait__generation();
    pool->number = plait__add_relaxed(&last_pool, 1) + 1;
    plait_status status = find_memory(pool, options->name);
    if (status != PLAIT_OK) return fail(pool, status, "there is no memory for the pool");
    take_options(pool, workers, options);
    fill_free_cells(pool);
    status = write_initializer(pool, options, &why);
    if (status != PLAIT_OK) return fail(pool, status, why.at);
    status = begin(pool);
    if (status == PLAIT_ERRNO && errno == ENOMEM) status = PLAIT_NO_MEMORY;
    return status == PLAIT_OK ? &pool->pool : fail(pool, status, NULL);
}

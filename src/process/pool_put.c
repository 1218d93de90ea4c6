/* pool_put.c - handing things over to a pool of processes, and giving them to the workers; see pool.h. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/raise.h>
#include <pool/thread_pool.h>
#include <process/pool.h>
#include <process/wire.h>
#include <pthread.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/task_frame.h>
#include <wait/token.h>

enum { MOST_FILES = 64 };

/* ---- tasks by number ---- */

static uint16_t *place_of(struct plait__process_pool *pool, const plait_task *task) {
    uint64_t hash = (uint64_t)(uintptr_t)task * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing */
    uint32_t at = (uint32_t)(hash >> 32) % (2 * PLAIT__POOL_TASKS);
    while (pool->task_places[at] && pool->tasks[pool->task_places[at] - 1] != task)
        at = (at + 1) % (2 * PLAIT__POOL_TASKS);
    return &pool->task_places[at];
}

int plait__process_pool_task(struct plait__process_pool *pool, const plait_task *task,
                             struct plait__words *why) {
    uint16_t *place = place_of(pool, task);
    if (*place) return *place - 1;
    if (pool->task_count == PLAIT__POOL_TASKS) {
        plait__put_words(why, "the pool has been given more than %d different tasks", PLAIT__POOL_TASKS);
        return -1;
    }
    uint32_t number = pool->task_count;
    if (plait__task_refer(task, &pool->memory->tasks[number], why) != PLAIT_OK) return -1;
    pool->tasks[number] = task;
    pool->task_count++;
    *place = (uint16_t)(number + 1);
    return (int)number;
}

/* ---- into a cell ---- */

/* The wire of something that waits. */
struct packed {
    size_t size;
    _Alignas(PLAIT__WIRE_ALIGNMENT) char wire[];
};

static plait_status write_args(const struct plait__parcel_source *source, void *wire, size_t room,
                               size_t *size, struct plait__words *why) {
    return plait__wire_write(source->task, source->data, wire, room, size, why);
}

static plait_status write_packed(const struct plait__parcel_source *source, void *wire, size_t room,
                                 size_t *size, struct plait__words *why) {
    (void)why;
    *size = source->size;
    if (*size <= room) memcpy(wire, source->data, *size);
    return PLAIT_OK;
}

static plait_status write_errand(const struct plait__parcel_source *source, void *wire, size_t room,
                                 size_t *size, struct plait__words *why) {
    struct plait__errand *errand = (struct plait__errand *)(uintptr_t)source->data;
    return errand->face->write(errand, wire, room, size, why);
}

static bool has_room(const struct plait__process_pool *pool) {
    size_t most = pool->waiting.order == PLAIT_POOL_FIFO ? PLAIT__CELLS : pool->most;
    return pool->free_count && pool->flight < most && pool->files < MOST_FILES;
}

/* Fills the next free cell and puts it into the ring. Not PLAIT_OK: nothing has happened. */
static plait_status enter(struct plait__process_pool *pool, const struct plait__inside *what,
                          const struct plait__parcel_source *source, const struct plait__pool_cell *how,
                          struct plait__words *why) {
    int task = plait__process_pool_task(pool, source->task, why);
    if (task < 0) return PLAIT_INVALID;
    uint32_t number = pool->free_cells[pool->free_count - 1];
    struct plait__pool_cell *cell = &pool->memory->cells[number];
    plait_status status = plait__parcel_write(pool->memory, number, PLAIT__ARGUMENTS, source, why);
    if (status != PLAIT_OK) return status;
    pool->free_count--;
    pool->flight++;
    cell->task = (uint32_t)task;
    cell->kind = how->kind;
    cell->flags = how->flags;
    cell->deadline = how->deadline;
    cell->progress = 0;
    plait__store(&cell->begun, 0);
    plait__store(&cell->cancel, 0);
    pool->inside[number] = *what;
    pool->inside[number].file = cell->args.place == PLAIT__IN_FILE ? cell->args.file : -1;
    pool->files += cell->args.place == PLAIT__IN_FILE;
    if (what->future) what->future->cell = number;
    plait__pool_queue(pool->memory, number);
    return PLAIT_OK;
}

static plait_status enter_future(struct plait__process_pool *pool, plait_future *future,
                                 struct plait__words *why) {
    struct packed *packed = future->block;
    uint32_t state = plait__load(&future->state);
    bool shielded = state & PLAIT__SHIELDED;
    struct plait__parcel_source source = {write_args, future->task, plait__future_args(future), 0};
    if (packed)
        source = (struct plait__parcel_source){write_packed, future->task, packed->wire, packed->size};
    struct plait__pool_cell how = {
        .kind = PLAIT__A_TASK,
        .flags = (shielded ? PLAIT__CELL_SHIELDED : 0) | (state & PLAIT__POSTED ? PLAIT__CELL_POSTED : 0) |
                 (state & PLAIT__TIMED ? PLAIT__CELL_TIMED : 0),
        .deadline = plait__token_deadline(future->token).ns,
    };
    struct plait__inside what = {.future = future};
    plait_status status = enter(pool, &what, &source, &how, why);
    if (status == PLAIT_OK) plait__release(packed);
    return status;
}

static plait_status enter_errand(struct plait__process_pool *pool, struct plait__errand *errand,
                                 struct plait__words *why) {
    struct plait__parcel_source source = {write_errand, errand->task, errand, 0};
    struct plait__pool_cell how = {
        .kind = PLAIT__A_CHUNK,
        .flags = errand->shielded ? PLAIT__CELL_SHIELDED : 0,
        .deadline = errand->deadline.ns,
    };
    struct plait__inside what = {.errand = errand};
    return enter(pool, &what, &source, &how, why);
}

/* ---- what waits ---- */

/* Its strings must not be looked at after the call. */
static plait_status pack(plait_future *future, struct plait__words *why) {
    size_t size = 0;
    const void *args = plait__future_args(future);
    if (plait__wire_is_flat(future->task)) return PLAIT_OK;
    plait_status status = plait__wire_write(future->task, args, NULL, 0, &size, why);
    struct packed *packed = status == PLAIT_OK ? plait__allocate_unset(sizeof *packed + size) : NULL;
    if (!packed) return status == PLAIT_OK ? PLAIT_NO_MEMORY : status;
    packed->size = size;
    status = plait__wire_write(future->task, args, packed->wire, size, &size, why);
    if (status == PLAIT_OK)
        future->block = packed;
    else
        plait__release(packed);
    return status;
}

/* It leaves the queue for good without having been in a cell; the mutex is held. */
static void leave_queue(struct plait__process_pool *pool, plait_future *future, plait_status status) {
    future->job.priority = status;
    plait__list_append(&pool->left, &future->job.link);
    plait__keeper_ring(pool);
}

/* The next future that is to begin; those that are not leave. NULL: none. */
static plait_future *next_waiting(struct plait__process_pool *pool) {
    struct plait__job *job;
    while ((job = plait__injector_take(&pool->waiting)) != NULL) {
        plait_future *future = plait__job_future(job);
        plait_status late = plait__future_too_late(future);
        if (late == PLAIT_OK && plait__future_enter(future, PLAIT__QUEUED, PLAIT__STARTING)) return future;
        leave_queue(pool, future, late);
    }
    return NULL;
}

void plait__process_pool_refill(struct plait__process_pool *pool) {
    struct plait__link *link;
    while (has_room(pool) && (link = plait__list_first(&pool->errands)) != NULL) {
        struct plait__errand *errand = plait__of_link(link, struct plait__errand, link);
        plait__list_remove(link);
        errand->refused = enter_errand(pool, errand, NULL);
        if (errand->refused != PLAIT_OK) plait__list_append(&pool->errands_back, link);
    }
    plait_future *future;
    while (has_room(pool) && (future = next_waiting(pool)) != NULL) {
        plait_status status = enter_future(pool, future, NULL);
        if (status == PLAIT_OK)
            (void)plait__future_enter(future, PLAIT__STARTING, PLAIT__RUNNING);
        else
            leave_queue(pool, future, status);
    }
    if (!plait__list_empty(&pool->errands_back)) plait__keeper_ring(pool);
}

/* ---- handing over ---- */

/* PLAIT_OK: it does not. Under the mutex. */
static plait_status refuses(const struct plait__process_pool *pool) {
    return pool->broken ? PLAIT_BROKEN : pool->closed ? PLAIT_SHUTDOWN : PLAIT_OK;
}

/* The keeper's callbacks may always hand something over: nobody else would make room. */
static bool is_full(const struct plait__process_pool *pool) {
    return pool->most_pending && pool->outstanding >= pool->most_pending + pool->most &&
           plait__self()->ident != plait__load(&pool->keeper);
}

/* Until there is room, or there will be none; under the mutex, which is given back while waiting. */
static plait_status wait_for_room(struct plait__process_pool *pool, plait_deadline deadline) {
    plait_status status;
    while ((status = refuses(pool)) == PLAIT_OK && is_full(pool)) {
        uint32_t claim = plait__wait_listed(&pool->mutex, &pool->putters, "pool.submit", pool, deadline,
                                            true);
        if (!plait__claimed_node(claim) && is_full(pool)) return plait__claim_status(claim);
    }
    return status;
}

void plait__process_pool_count_in(struct plait__process_pool *pool) {
    if (pool->outstanding++ == 0) plait__exit_count();
}

void plait__process_pool_count_out(struct plait__process_pool *pool, size_t count,
                                   struct plait__wakes *wakes) {
    if (!count) return;
    pool->outstanding -= count;
    if (pool->outstanding == 0) {
        plait__exit_uncount();
        if (pool->closed) plait__keeper_ring(pool);
    }
    while (!is_full(pool) && !plait__list_empty(&pool->putters) && count--) {
        struct plait__link *link = plait__list_first(&pool->putters);
        (void)plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
    }
}

/* Into a cell, unless it was cancelled meanwhile. */
static plait_status begin(struct plait__process_pool *pool, plait_future *future, struct plait__words *why) {
    if (!plait__future_enter(future, PLAIT__QUEUED, PLAIT__STARTING)) {
        leave_queue(pool, future, PLAIT_OK);
        return PLAIT_OK;
    }
    plait_status status = enter_future(pool, future, why);
    (void)plait__future_enter(future, PLAIT__STARTING, status == PLAIT_OK ? PLAIT__RUNNING : PLAIT__QUEUED);
    return status;
}

/* Under the mutex. */
static plait_status accept(struct plait__process_pool *pool, plait_future *future, struct plait__words *why) {
    plait_status status;
    plait__or(&future->state, PLAIT__REMOTE);
    if (has_room(pool) && !pool->waiting.count && plait__list_empty(&pool->errands)) {
        status = begin(pool, future, why);
        if (status == PLAIT_OK) pool->waiting.handed_in++;
    } else {
        status = plait__process_pool_task(pool, future->task, why) < 0 ? PLAIT_INVALID : pack(future, why);
        if (status == PLAIT_OK) plait__injector_hand_in(&pool->waiting, future);
    }
    if (status == PLAIT_OK) {
        plait__process_pool_count_in(pool);
        plait__wire_keep(future->task, plait__future_args(future));
    }
    return status;
}

/* A worker may be missing, or asleep. The mutex is held, and given back. */
void plait__process_pool_unlock(struct plait__process_pool *pool) {
    bool start = pool->live < pool->most && pool->flight > pool->live && !pool->broken;
    plait__mutex_unlock(&pool->mutex);
    if (plait__pool_may_call(pool->memory)) plait__process_pool_call(pool);
    if (plait__unlikely(start) || (pool->memory->hard_ns && !plait__load(&pool->keeper_watches)))
        plait__keeper_ring(pool);
}

/* A task that the caller runs: as in a pool of threads. */
static plait_status run_here(struct plait__process_pool *pool, plait_future *future) {
    struct plait__tally tally = {0};
    pool->waiting.handed_in++;
    plait__mutex_unlock(&pool->mutex);
    plait__caller_run(&tally, future);
    if (plait__process_pool_lock(pool)) {
        pool->counters.done += tally.done;
        pool->counters.failed += tally.failed;
        pool->counters.cancelled += tally.cancelled;
        plait__mutex_unlock(&pool->mutex);
    }
    plait__future_drop(future);
    return PLAIT_OK;
}

plait_status plait__process_pool_put(plait_pool *base, plait_future *future, plait_deadline deadline) {
    struct plait__process_pool *pool = plait__process_pool(base);
    struct plait__words why;
    why.at[0] = '\0';
    plait_status status = plait__wire_allows(future->task, &why);
    if (status == PLAIT_OK && !plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    if (status == PLAIT_OK) {
        status = refuses(pool);
        if (status == PLAIT_OK && plait__unlikely(is_full(pool))) {
            if (pool->when_full == PLAIT_POOL_CALLER_RUNS) return run_here(pool, future);
            status = pool->when_full == PLAIT_POOL_REJECT ? PLAIT_FULL : wait_for_room(pool, deadline);
        }
        if (status == PLAIT_OK) status = accept(pool, future, &why);
        plait__process_pool_unlock(pool);
    }
    if (status != PLAIT_OK) plait__set_last_message(why.at);
    return status;
}

plait_status plait__errand_send(struct plait__process_pool *pool, struct plait__errand *errand,
                                struct plait__words *why) {
    if (!plait__process_pool_lock(pool)) return PLAIT_BROKEN;
    plait_status status = refuses(pool);
    if (status == PLAIT_SHUTDOWN && errand->goes_on && pool->outstanding && !pool->discarding)
        status = PLAIT_OK;
    if (status == PLAIT_OK && has_room(pool) && plait__list_empty(&pool->errands))
        status = enter_errand(pool, errand, why);
    else if (status == PLAIT_OK && plait__process_pool_task(pool, errand->task, why) < 0)
        status = PLAIT_INVALID;
    else if (status == PLAIT_OK)
        plait__list_append(&pool->errands, &errand->link);
    if (status == PLAIT_OK) plait__process_pool_count_in(pool);
    plait__process_pool_unlock(pool);
    return status;
}

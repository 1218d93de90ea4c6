/* apply.c - verbs made of a submit: apply, apply_async, and maps that nobody waits for. */
#include <base/memory.h>
#include <plait/raise.h>
#include <pool/chunk.h>
#include <string.h>

/* ---- apply ---- */

/* The wait was ended: the task must not go on after the call, for its arguments may point to the caller's
 * stack. */
static void give_up(plait_future *future) {
    (void)plait_future_cancel(future);
    plait_shield_enter();
    (void)plait_result(future);
    plait_shield_leave();
}

plait_status plait_pool_apply(plait_pool *pool, const plait_task *task, const void *args, void *out) {
    plait_future *future = plait_pool_submit(pool, task, args);
    plait_status status = plait_future_result(future, out, 0);
    if (!plait_future_done(future) && status != PLAIT_BROKEN) give_up(future);
    plait__map_tell(status, 0, plait_future_done(future) ? plait_future_message(future) : NULL);
    plait_future_free(future);
    return status;
}

/* ---- apply_async ---- */

static void call_back(plait_future *future, void *context) {
    plait_callbacks callbacks = *(plait_callbacks *)context;
    plait__release(context);
    plait_status status = future->status;
    if (status == PLAIT_OK && callbacks.result)
        callbacks.result(plait__future_result(future), callbacks.context);
    else if (status != PLAIT_OK && callbacks.error)
        callbacks.error(status, plait_future_message(future), callbacks.context);
}

plait_future *plait_pool_apply_async(plait_pool *pool, const plait_callbacks *callbacks,
                                     const plait_task *task, const void *args) {
    plait_callbacks none = {0};
    plait_callbacks *kept = plait__allocate(sizeof *kept);
    if (!kept) return plait__future_failed(PLAIT_NO_MEMORY);
    *kept = callbacks ? *callbacks : none;
    plait_future *future = plait_pool_submit(pool, task, args);
    if (plait__future_on_done(future, call_back, plait__release, kept) == PLAIT_OK) return future;
    give_up(future);
    call_back(future, kept);
    return future;
}

/* ---- map_async ---- */

enum { MOST_COLUMNS = 8 };

/* The arguments of the task that runs a map; the columns lie as plait_pool_map wants them. */
struct whole {
    plait_pool *pool;
    const plait_task *task;
    void *out;
    size_t count;
    plait_map_options options;
    struct {
        char first;
        plait_column columns[MOST_COLUMNS];
    } of;
};

static void run_whole(const void *args, void *result) {
    const struct whole *whole = args;
    (void)result;
    plait_status status = plait_pool_map(whole->pool, &whole->options, whole->task, &whole->of, whole->out,
                                         whole->count);
    if (status != PLAIT_OK) (void)plait_raise(status, "%s", plait_map_message(NULL));
}

/* Its arguments are none of those that can go to another process. */
static const plait_parameter whole_parameters[] = {
    {"map", PLAIT_KIND_POINTER, 0, sizeof(struct whole)},
};

static const plait_task whole_task = {
    .version = PLAIT_TASK_VERSION,
    .count = 1,
    .name = "map",
    .parameters = whole_parameters,
    .args_size = sizeof(struct whole),
    .result_kind = PLAIT_KIND_NOTHING,
    .run = run_whole,
};

plait_future *plait_pool_map_async(plait_pool *pool, const plait_map_options *options, const plait_task *task,
                                   const void *columns, void *out, size_t n) {
    if (!plait__map_makes_sense(pool, task, columns, n) || task->count > MOST_COLUMNS)
        return plait__future_failed(PLAIT_INVALID);
    if (pool->operations->chunk) return plait__chunk_map_async(pool, options, task, columns, out, n);
    struct whole whole = {.pool = pool, .task = task, .out = out, .count = n};
    if (options) whole.options = *options;
    if (task->count) memcpy(whole.of.columns, plait__columns_in(columns), task->count * sizeof(plait_column));
    return plait_pool_submit(pool, &whole_task, &whole);
}

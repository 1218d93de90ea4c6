/* pool.c - the verbs of pools of any kind; map and starmap stand in map.c. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/cpu.h>
#include <plait/raise.h>
#include <pool/pool.h>
#include <string.h>
#include <wait/self.h>
#include <wait/token.h>

/* ---- handing over tasks ---- */

plait_future *plait__future_for(const plait_pool *pool, const plait_task *task, const void *args,
                                uint32_t flags) {
    plait_future *future = plait__future_make(task, task->result_size);
    if (!future) return NULL;
    if (args)
        memcpy(plait__future_args(future), args, task->args_size);
    else
        memset(plait__future_args(future), 0, task->args_size);
    if (plait__self()->shields) flags |= PLAIT__SHIELDED;
    future->references = flags & PLAIT__POSTED ? 1 : 2;
    future->state = PLAIT__QUEUED | flags;
    future->pool = pool;
    future->token = plait__token_keep(plait_token_current());
    return future;
}

static bool makes_sense(const plait_pool *pool, const plait_task *task) {
    return pool && plait__is_task(task);
}

/* It will not be run: its failure has the pool's words, if the pool is broken, or those that `put` has left. */
static void refuse(plait_pool *pool, plait_future *future, plait_status status) {
    const char *why = status == PLAIT_BROKEN    ? plait__load_acquire(&pool->words)
                      : status == PLAIT_INVALID ? plait_last_message()
                                                : NULL;
    char *words = plait__copy_string(why);
    (void)plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING);
    plait__future_finish(future, status, words);
    plait__future_drop(future);
}

plait_future *plait__pool_submit(plait_pool *pool, plait_future *future, plait_deadline deadline) {
    if (!future) return plait__future_failed(PLAIT_NO_MEMORY);
    plait_status status = pool->operations->put(pool, future, deadline);
    if (status != PLAIT_OK) refuse(pool, future, status);
    return future;
}

plait_future *plait_pool_submit(plait_pool *pool, const plait_task *task, const void *args) {
    if (!makes_sense(pool, task)) return plait__future_failed(PLAIT_INVALID);
    return plait__pool_submit(pool, plait__future_for(pool, task, args, 0), PLAIT_FOREVER);
}

/* A future whose token, below the caller's, has a deadline of its own. */
static plait_future *timed_future(plait_pool *pool, const plait_task *task, const void *args,
                                  plait_deadline deadline) {
    plait_token *token = plait_token_new(NULL, deadline);
    plait_future *future = token ? plait__future_for(pool, task, args, PLAIT__TIMED) : NULL;
    if (!future) {
        plait_token_free(token);
        return NULL;
    }
    plait_token_free(future->token);
    future->token = token;
    return future;
}

plait_future *plait_pool_submit_with(plait_pool *pool, const plait_submit_options *options,
                                     const plait_task *task, const void *args) {
    if (!makes_sense(pool, task)) return plait__future_failed(PLAIT_INVALID);
    const plait_deadline *deadline = options ? options->deadline : NULL;
    plait_future *future = deadline ? timed_future(pool, task, args, *deadline)
                                    : plait__future_for(pool, task, args, 0);
    if (future && options) future->job.priority = options->priority;
    return plait__pool_submit(pool, future, deadline ? *deadline : PLAIT_FOREVER);
}

plait_status plait_pool_post(plait_pool *pool, const plait_task *task, const void *args) {
    if (!makes_sense(pool, task)) return PLAIT_INVALID;
    plait_future *future = plait__future_for(pool, task, args, PLAIT__POSTED);
    if (!future) return PLAIT_NO_MEMORY;
    plait_status status = pool->operations->put(pool, future, PLAIT_FOREVER);
    if (status != PLAIT_OK) plait__future_drop(future);
    return status;
}

/* ---- untyped functions are a task like any other ---- */

static void call_function(const void *args, void *result) {
    const struct plait__function_call *call = args;
    void *returned = call->function(call->arg);
    if (result) *(void **)result = returned;
}

static const plait_parameter call_parameters[] = {
    {"function", PLAIT_KIND_POINTER, offsetof(struct plait__function_call, function),
     sizeof(void *(*)(void *))},
    {"arg", PLAIT_KIND_POINTER, offsetof(struct plait__function_call, arg), sizeof(void *)},
};

const plait_task plait__function_task = {
    .version = PLAIT_TASK_VERSION,
    .count = 2,
    .name = "function",
    .parameters = call_parameters,
    .args_size = sizeof(struct plait__function_call),
    .result_size = sizeof(void *),
    .result_kind = PLAIT_KIND_POINTER,
    .run = call_function,
};

plait_future *plait_submit_function(plait_pool *pool, void *(*function)(void *arg), void *arg) {
    if (!function) return plait__future_failed(PLAIT_INVALID);
    struct plait__function_call call = {function, arg};
    return plait_pool_submit(pool, &plait__function_task, &call);
}

plait_status plait_post_function(plait_pool *pool, void *(*function)(void *arg), void *arg) {
    if (!function) return PLAIT_INVALID;
    struct plait__function_call call = {function, arg};
    return plait_pool_post(pool, &plait__function_task, &call);
}

/* ---- its workers ---- */

plait_status plait_pool_resize(plait_pool *pool, int min_workers, int max_workers) {
    if (!pool || min_workers < 0 || max_workers < 0) return PLAIT_INVALID;
    int most = max_workers ? max_workers : plait_cpu_count();
    if (min_workers > most) return PLAIT_INVALID;
    return pool->operations->resize(pool, (uint32_t)min_workers, (uint32_t)most);
}

plait_status plait_pool_stats(plait_pool *pool, plait_pool_counters *counters) {
    return pool && counters ? pool->operations->stats(pool, counters) : PLAIT_INVALID;
}

/* ---- the end ---- */

plait_status plait_pool_close(plait_pool *pool) {
    return pool ? pool->operations->close(pool, false, false) : PLAIT_INVALID;
}

plait_status plait_pool_join_until(plait_pool *pool, plait_deadline deadline) {
    return pool ? pool->operations->join(pool, deadline, true) : PLAIT_INVALID;
}

plait_status plait_pool_join(plait_pool *pool) {
    return plait_pool_join_until(pool, PLAIT_FOREVER);
}

plait_status plait_pool_shutdown_until(plait_pool *pool, bool cancel_futures, plait_deadline deadline) {
    if (!pool) return PLAIT_INVALID;
    plait_status status = pool->operations->close(pool, cancel_futures, false);
    return status == PLAIT_OK ? pool->operations->join(pool, deadline, false) : status;
}

plait_status plait_pool_shutdown(plait_pool *pool, bool wait, bool cancel_futures) {
    if (!pool) return PLAIT_INVALID;
    if (wait) return plait_pool_shutdown_until(pool, cancel_futures, PLAIT_FOREVER);
    return pool->operations->close(pool, cancel_futures, false);
}

plait_status plait_pool_terminate(plait_pool *pool) {
    return pool ? pool->operations->close(pool, true, true) : PLAIT_INVALID;
}

void plait_pool_free(plait_pool *pool) {
    if (!pool) return;
    if (pool->operations->close(pool, false, false) == PLAIT_OK) pool->operations->let_go(pool);
}

/* pool_kinds.c - plait's pool and its peers in C.
 *
 * Who can wait for all tasks that were handed over, or for each one's result, does it in its own way; for the
 * others every task counts down, and the last one wakes whoever waits.
 */
#include "pool_kinds.h"

#include "peers.h"
#include "work.h"

#include <plait/pool.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

uint64_t task_rounds;

/* ---- the countdown ---- */

static struct {
    _Alignas(128) atomic_size_t left;
    sem_t all;
} countdown;

void countdown_start(size_t count) {
    sem_init(&countdown.all, 0, 0);
    atomic_store(&countdown.left, count);
}

void countdown_one(void) {
    if (atomic_fetch_sub(&countdown.left, 1) == 1) sem_post(&countdown.all);
}

void countdown_wait(void) {
    while (sem_wait(&countdown.all)) {}
}

/* What a task needs that has no result of its own. */
struct slot {
    long number;
    long result;
};

static struct slot slots[RESULTS_AT_ONCE];

static inline long sum_of_slots(size_t count) {
    long sum = 0;
    for (size_t i = 0; i < count; i++) sum += slots[i].result;
    return sum;
}

/* ---- plait ---- */

static plait_pool *our_pool;

PLAIT_TASK(void, our_work, (uint64_t, rounds)) {
    bench_burn(rounds);
    countdown_one();
}

PLAIT_TASK(void, our_nothing) {}

PLAIT_TASK(long, our_successor, (long, number)) {
    return number + 1;
}

static void our_start(int workers) {
    our_pool = plait_pool_new(workers);
    if (!our_pool) bench_fail("no pool to be had");
}

static void our_run_many(size_t tasks, uint64_t rounds) {
    countdown_start(tasks);
    for (size_t i = 0; i < tasks; i++)
        if (plait_post(our_pool, our_work, rounds)) bench_fail("plait_post failed");
    countdown_wait();
}

static long our_results(size_t tasks) {
    static plait_future *futures[RESULTS_AT_ONCE];
    long sum = 0;
    for (size_t i = 0; i < tasks; i++) futures[i] = plait_submit(our_pool, our_successor, (long)i);
    for (size_t i = 0; i < tasks; i++) {
        long result = 0;
        if (plait_result(futures[i], &result)) bench_fail("plait_result failed");
        plait_future_free(futures[i]);
        sum += result;
    }
    return sum;
}

static void our_post(void) {
    if (plait_post(our_pool, our_nothing)) bench_fail("plait_post failed");
}

const struct pool_kind pool_plait = {
    .start = our_start, .run_many = our_run_many, .results = our_results, .post = our_post};

/* ---- GLib ---- */

#ifdef BENCH_GLIB
static GThreadPool *glib_pool;
static GAsyncQueue *glib_done;

/* Its pools have one function each; this one's tasks are numbers, 1 does nothing, 2 counts down, or
 * addresses. */
static void glib_task(void *data, void *unused) {
    (void)unused;
    if (GPOINTER_TO_SIZE(data) == 2) {
        bench_burn(task_rounds);
        countdown_one();
    } else if (GPOINTER_TO_SIZE(data) > 2) {
        struct slot *slot = data;
        slot->result = slot->number + 1;
        g_async_queue_push(glib_done, slot);
    }
}

static void glib_start(int workers) {
    glib_pool = g_thread_pool_new(glib_task, NULL, workers, TRUE, NULL);
    glib_done = g_async_queue_new();
}

static void glib_run_many(size_t tasks, uint64_t rounds) {
    task_rounds = rounds;
    countdown_start(tasks);
    for (size_t i = 0; i < tasks; i++) g_thread_pool_push(glib_pool, GSIZE_TO_POINTER(2), NULL);
    countdown_wait();
}

static long glib_results(size_t tasks) {
    long sum = 0;
    for (size_t i = 0; i < tasks; i++) {
        slots[i].number = (long)i;
        g_thread_pool_push(glib_pool, &slots[i], NULL);
    }
    for (size_t i = 0; i < tasks; i++) sum += ((struct slot *)g_async_queue_pop(glib_done))->result;
    return sum;
}

static void glib_post(void) {
    g_thread_pool_push(glib_pool, GSIZE_TO_POINTER(1), NULL);
}

const struct pool_kind pool_glib = {
    .start = glib_start, .run_many = glib_run_many, .results = glib_results, .post = glib_post};
#endif

/* ---- APR ---- */

#ifdef BENCH_APR
static apr_thread_pool_t *apr_workers;

static void *APR_THREAD_FUNC apr_work(apr_thread_t *thread, void *unused) {
    (void)thread;
    (void)unused;
    bench_burn(task_rounds);
    countdown_one();
    return NULL;
}

static void *APR_THREAD_FUNC apr_successor(apr_thread_t *thread, void *argument) {
    struct slot *slot = argument;
    (void)thread;
    slot->result = slot->number + 1;
    countdown_one();
    return NULL;
}

static void *APR_THREAD_FUNC apr_nothing(apr_thread_t *thread, void *unused) {
    (void)thread;
    (void)unused;
    return NULL;
}

static void apr_push(apr_thread_start_t task, void *argument) {
    if (apr_thread_pool_push(apr_workers, task, argument, APR_THREAD_TASK_PRIORITY_NORMAL, NULL))
        bench_fail("apr_thread_pool_push failed");
}

static void apr_start(int workers) {
    apr_pool_t *pool = NULL;
    apr_initialize();
    if (apr_pool_create(&pool, NULL) ||
        apr_thread_pool_create(&apr_workers, (apr_size_t)workers, (apr_size_t)workers, pool))
        bench_fail("APR has no pool");
}

static void apr_run_many(size_t tasks, uint64_t rounds) {
    task_rounds = rounds;
    countdown_start(tasks);
    for (size_t i = 0; i < tasks; i++) apr_push(apr_work, NULL);
    countdown_wait();
}

static long apr_results(size_t tasks) {
    countdown_start(tasks);
    for (size_t i = 0; i < tasks; i++) {
        slots[i].number = (long)i;
        apr_push(apr_successor, &slots[i]);
    }
    countdown_wait();
    return sum_of_slots(tasks);
}

static void apr_post(void) {
    apr_push(apr_nothing, NULL);
}

const struct pool_kind pool_apr = {
    .start = apr_start, .run_many = apr_run_many, .results = apr_results, .post = apr_post};
#endif

/* ---- libuv ---- */

#ifdef BENCH_UV
static uv_work_t uv_requests[TASKS_AT_ONCE];
static long uv_sum;

static void uv_nothing(uv_work_t *request) {
    (void)request;
}

static void uv_burn(uv_work_t *request) {
    (void)request;
    bench_burn(task_rounds);
}

static void uv_successor(uv_work_t *request) {
    struct slot *slot = request->data;
    slot->result = slot->number + 1;
}

static void uv_take(uv_work_t *request, int status) {
    const struct slot *slot = request->data;
    (void)status;
    uv_sum += slot->result;
}

static void uv_start(int workers) {
    char number[16];
    snprintf(number, sizeof number, "%d", workers);
    setenv("UV_THREADPOOL_SIZE", number, 1);
}

static void uv_run_many(size_t tasks, uint64_t rounds) {
    task_rounds = rounds;
    for (size_t i = 0; i < tasks; i++)
        if (uv_queue_work(uv_default_loop(), &uv_requests[i], uv_burn, NULL))
            bench_fail("uv_queue_work failed");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static long uv_results(size_t tasks) {
    uv_sum = 0;
    for (size_t i = 0; i < tasks; i++) {
        slots[i].number = (long)i;
        uv_requests[i].data = &slots[i];
        if (uv_queue_work(uv_default_loop(), &uv_requests[i], uv_successor, uv_take))
            bench_fail("uv_queue_work failed");
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_sum;
}

/* A request can be used again when its loop has seen that it is done. */
static void uv_post(void) {
    static size_t next;
    if (next == TASKS_AT_ONCE) bench_fail("too many requests of libuv");
    if (uv_queue_work(uv_default_loop(), &uv_requests[next++], uv_nothing, NULL))
        bench_fail("uv_queue_work failed");
}

const struct pool_kind pool_uv = {
    .start = uv_start, .run_many = uv_run_many, .results = uv_results, .post = uv_post};
#endif

/* ---- programs of their own ---- */

const struct pool_kind pool_rayon = {.program = BENCH_RUST, .name = "rayon"};
const struct pool_kind pool_go = {.program = BENCH_GO, .name = "go"};

/* ---- who takes part in what ---- */

static const struct bench_contestant running[] = {
    PEER_UV("libuv", pool_uv),
    PEER_TBB("TBB task_group", pool_tbb_group),
    PEER_TBB("TBB arena.enqueue", pool_tbb_arena),
    PEER_RUST("rayon scope", pool_rayon),
    PEER_GO("Go", pool_go),
    PEER_GLIB("GThreadPool", pool_glib),
    PEER_APR("apr_thread_pool", pool_apr),
    {.who = "plait", .ours = true, .what = &pool_plait},
};

static const struct bench_contestant with_results[] = {
    PEER_UV("libuv after-work", pool_uv),
    PEER_TBB("TBB task_group", pool_tbb_group),
    PEER_RUST("rayon+crossbeam", pool_rayon),
    PEER_GO("Go, a chan each", pool_go),
    PEER_GLIB("GThreadPool+queue", pool_glib),
    PEER_APR("apr_thread_pool", pool_apr),
    {.who = "plait", .ours = true, .what = &pool_plait},
};

const struct pool_contestants pools_running = {running, LENGTH(running)};
const struct pool_contestants pools_with_results = {with_results, LENGTH(with_results)};

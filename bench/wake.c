/* bench-wake - what it costs when the other side sleeps.
 *
 * Ping-pong: two threads, two queues with room for one item; a figure is the time of a round trip, that is of
 * two items. Then the waker's side alone: how long the call takes that puts an item for one sleeping getter,
 * or hands a task to a pool whose workers all sleep. Between two wakes there is a pause that is long enough
 * for everybody to stop looking and fall asleep. The yardstick is a raw futex. Each with a CPU for each side,
 * and with all on one.
 *
 * The sides are indirect calls for everybody here; beside a wake that is nothing.
 */
#include "one_item.h"
#include "peers.h"
#include "place.h"
#include "pool_kinds.h"
#include "program.h"
#include "queue_kinds.h"

#include <plait/cpu.h>
#include <stdlib.h>

enum { ROUNDS = 11, RUN_MS = 40, WARM_UP = 200, UNTIL_CLOCK = 50, GAP_US = 300, WAKES = 200 };

static void *make(const struct queue_kind *kind) {
    void *queue = kind->make(1);
    if (!queue) bench_fail("no queue to be had");
    return queue;
}

/* ---- ping-pong ---- */

struct table {
    const struct queue_kind *kind;
    void *ask;
    void *answer;
};

static void *partner(void *argument) {
    const struct table *table = argument;
    for (uint64_t item; (item = table->kind->get(table->ask)) != QUEUE_END;)
        table->kind->put(table->answer, item);
    return NULL;
}

static void play(const struct table *table, uint64_t rounds) {
    for (uint64_t i = 1; i <= rounds; i++) {
        table->kind->put(table->ask, i);
        if (table->kind->get(table->answer) != i) bench_fail("a queue lost an item");
    }
}

static void play_with_partner(const struct table *table, double *figures) {
    uint64_t rounds = 0;
    play(table, WARM_UP);
    struct bench_span span = bench_span_start();
    for (uint64_t end = bench_now() + bench_amount(RUN_MS) * 1000000u; bench_now() < end;
         rounds += UNTIL_CLOCK)
        play(table, UNTIL_CLOCK);
    bench_span_end(&span, (double)rounds, figures);
}

static void ping_pong(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    const enum place *place = detail;
    static struct table table;
    pthread_t thread;
    if (*place == ONE_CPU || !kind->program) {
        (void)plait_cpu_count(); /* as many as the process has before its threads keep to one */
        place_first(*place);
    }
    if (kind->program) {
        program_run(kind->program, figures, "queue-ping-pong %s %d %zu", kind->name, *place,
                    bench_amount(RUN_MS));
        return;
    }
    table = (struct table){kind, make(kind), make(kind)};
    if (pthread_create(&thread, NULL, partner, &table)) bench_fail("no thread to be had");
    place_second(*place);
    play_with_partner(&table, figures);
    kind->put(table.ask, QUEUE_END);
    pthread_join(thread, NULL);
}

/* ---- one wake ---- */

/* Who sleeps: the getter of a queue, or a pool. */
struct sleeper {
    const struct queue_kind *queue;
    const struct pool_kind *pool;
};

static const char *program_of(const struct sleeper *sleeper) {
    return sleeper->queue ? sleeper->queue->program : sleeper->pool->program;
}

static void ask_program(const struct sleeper *sleeper, enum place place, double *figures) {
    const char *program = program_of(sleeper);
    size_t wakes = bench_amount(WAKES);
    if (sleeper->queue) {
        program_run(program, figures, "queue-wake %s %d %d %zu", sleeper->queue->name, place, GAP_US, wakes);
    } else {
        program_run(program, figures, "pool-wake %s %d %d %d %zu", sleeper->pool->name, place, place_cpus(),
                    GAP_US, wakes);
    }
}

static void *get_for_ever(void *argument) {
    const struct table *table = argument;
    while (table->kind->get(table->ask) != QUEUE_END) {}
    return NULL;
}

static void start_sleeper(const struct sleeper *sleeper, struct table *table) {
    pthread_t thread;
    if (sleeper->pool) {
        sleeper->pool->start(place_cpus());
        sleeper->pool->run_many(bench_amount(WAKES), 0);
        return;
    }
    *table = (struct table){sleeper->queue, make(sleeper->queue), NULL};
    if (pthread_create(&thread, NULL, get_for_ever, table)) bench_fail("no thread to be had");
    pthread_detach(thread);
}

static uint64_t time_of_wake(const struct sleeper *sleeper, const struct table *table) {
    struct timespec gap = {.tv_nsec = GAP_US * 1000L};
    nanosleep(&gap, NULL);
    uint64_t start = bench_now();
    if (sleeper->pool) {
        sleeper->pool->post();
    } else {
        table->kind->put(table->ask, 1);
    }
    return bench_now() - start;
}

static int by_size(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void wake(const void *what, const void *detail, double *figures) {
    const struct sleeper *sleeper = what;
    const enum place *place = detail;
    static struct table table;
    static uint64_t times[WAKES];
    size_t wakes = bench_amount(WAKES);
    if (*place == ONE_CPU || !program_of(sleeper)) {
        (void)plait_cpu_count();
        place_first(*place);
    }
    if (program_of(sleeper)) {
        ask_program(sleeper, *place, figures);
        return;
    }
    start_sleeper(sleeper, &table);
    place_second(*place);
    for (size_t i = 0; i < wakes; i++) times[i] = time_of_wake(sleeper, &table);
    qsort(times, wakes, sizeof *times, by_size);
    size_t middle = wakes / 2;
    size_t late = wakes * 9 / 10;
    figures[0] = (double)times[middle];
    figures[1] = (double)times[late];
}

/* ---- contestants ---- */

static const struct bench_contestant players[] = {
    {.who = "raw futex", .what = &one_item_futex},
    {.who = "pthread condition", .what = &one_item_condition},
    {.who = "pipe", .what = &one_item_pipe},
    PEER_GLIB("GAsyncQueue", queue_glib),
    PEER_APR("apr_queue(1)", queue_apr),
    PEER_TBB("TBB bounded_queue(1)", queue_tbb_bounded),
    PEER_RUST("crossbeam(1)", queue_crossbeam),
    {.who = "plait queue(1)", .ours = true, .what = &queue_plait},
    PEER_GO("Go chan(1)", queue_go), /* the last: goroutines cannot be given a CPU each */
};

static const struct sleeper futex_getter = {&one_item_futex, NULL};
static const struct sleeper condition_getter = {&one_item_condition, NULL};
static const struct sleeper pipe_getter = {&one_item_pipe, NULL};
static const struct sleeper crossbeam_getter = {&queue_crossbeam, NULL};
static const struct sleeper our_getter = {&queue_plait, NULL};
static const struct sleeper rayon_workers = {NULL, &pool_rayon};
static const struct sleeper our_workers = {NULL, &pool_plait};
#ifdef BENCH_GLIB
static const struct sleeper glib_getter = {&queue_glib, NULL};
static const struct sleeper glib_workers = {NULL, &pool_glib};
#endif
#ifdef BENCH_APR
static const struct sleeper apr_getter = {&queue_apr, NULL};
static const struct sleeper apr_workers = {NULL, &pool_apr};
#endif
#ifdef BENCH_TBB
static const struct sleeper tbb_getter = {&queue_tbb_bounded, NULL};
static const struct sleeper tbb_workers = {NULL, &pool_tbb_arena};
#endif
#ifdef BENCH_UV
static const struct sleeper uv_workers = {NULL, &pool_uv};
#endif

static const struct bench_contestant getters[] = {
    {.who = "raw futex", .what = &futex_getter}, {.who = "pthread condition", .what = &condition_getter},
    {.who = "pipe", .what = &pipe_getter},       PEER_GLIB("GAsyncQueue", glib_getter),
    PEER_APR("apr_queue(1)", apr_getter),        PEER_TBB("TBB bounded_queue(1)", tbb_getter),
    PEER_RUST("crossbeam(1)", crossbeam_getter), {.who = "plait queue(1)", .ours = true, .what = &our_getter},
};

static const struct bench_contestant workers[] = {
    {.who = "raw futex", .what = &futex_getter},
    PEER_UV("libuv", uv_workers),
    PEER_TBB("TBB arena.enqueue", tbb_workers),
    PEER_RUST("rayon spawn", rayon_workers),
    PEER_GLIB("GThreadPool", glib_workers),
    PEER_APR("apr_thread_pool", apr_workers),
    {.who = "plait_post", .ours = true, .what = &our_workers},
};

/* ---- shapes ---- */

static const char *const trip_told[] = {"ns_per_op", "cpu_ns_per_op", NULL};
static const char *const wake_told[] = {"ns_per_wake", "p90_ns", NULL};
static const enum place places[] = {ANYWHERE, ONE_CPU_EACH, ONE_CPU};

static const struct bench_shape shapes[] = {
    {"ping-pong, unpinned", trip_told, ping_pong, &places[0], players, LENGTH(players), ROUNDS,
     .apart = true},
    {"ping-pong, a CPU for each thread", trip_told, ping_pong, &places[1], players, LENGTH(players) - 1,
     ROUNDS, .apart = true},
    {"ping-pong, both on one CPU", trip_told, ping_pong, &places[2], players, LENGTH(players), ROUNDS,
     .apart = true},
    {"put that wakes a getter, a CPU for each", wake_told, wake, &places[1], getters, LENGTH(getters), ROUNDS,
     .apart = true},
    {"put that wakes a getter, both on one CPU", wake_told, wake, &places[2], getters, LENGTH(getters),
     ROUNDS, .apart = true},
    {"submit to a sleeping pool, a CPU for each", wake_told, wake, &places[1], workers, LENGTH(workers),
     ROUNDS, .apart = true},
    {"submit to a sleeping pool, all on one CPU", wake_told, wake, &places[2], workers, LENGTH(workers),
     ROUNDS, .apart = true},
};

int main(int argc, char **argv) {
    bench_start("wake", argc, argv);
    for (int i = 0; i < LENGTH(shapes); i++)
        if (place_exists(*(const enum place *)shapes[i].detail)) bench_compare(&shapes[i]);
    return bench_finish();
}

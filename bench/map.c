/* bench-map - what it costs to do something for every item of an array.
 *
 * A million cheap items, where a loop of one thread is among the peers; items of ten microseconds, where a
 * thread for each CPU with its own half, or quarter, of the array is the best that can be had; and a hundred
 * items, of which some are too little work to wake anybody. Every run has a process of its own and one worker
 * for each CPU.
 */
#include "fork_kind.h"
#include "peers.h"
#include "place.h"
#include "program.h"
#include "work.h"

#include <plait/map.h>
#include <plait/pool.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 11, MILLION = 1000000, HUNDRED = 100, BURNING = 4000, BURN_NS = 10000, SHORT_NS = 1000 };
enum { MOST = 24, NAME = 64 };

struct setting {
    size_t items;
    size_t times;
    uint64_t rounds; /* of bench_burn for each item; 0: cheap items */
    int workers;
};

/* ---- plait ---- */

static plait_pool *pool;

PLAIT_TASK(long, cheap, (long, item)) {
    return map_cheap_item(item);
}

PLAIT_TASK(void, burn, (uint64_t, rounds)) {
    bench_burn(rounds);
}

static void our_start(int workers) {
    pool = plait_pool_new(workers);
    if (!pool) bench_fail("no pool to be had");
}

static void our_cheap(const long *in, long *out, size_t n) {
    if (plait_map(pool, cheap, in, out, n)) bench_fail("plait_map failed");
}

static void our_burn(uint64_t rounds, size_t n) {
    if (plait_starmap(pool, burn, NULL, n, plait_repeat(&rounds))) bench_fail("plait_starmap failed");
}

static const struct map_kind ours = {NULL, NULL, our_start, our_cheap, our_burn};

/* ---- loops without a library ---- */

static int loop_threads;

struct part {
    uint64_t rounds;
    size_t count;
    pthread_t thread;
};

static void loop_start(int workers) {
    loop_threads = workers;
}

/* Not inlined, so that nobody's loop is another than the rest's. */
__attribute__((noinline)) static void loop_cheap(const long *in, long *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = map_cheap_item(in[i]);
}

static void *loop_part(void *argument) {
    const struct part *part = argument;
    for (size_t i = 0; i < part->count; i++) bench_burn(part->rounds);
    return NULL;
}

static void loop_burn(uint64_t rounds, size_t n) {
    struct part parts[loop_threads];
    for (int i = 0; i < loop_threads; i++) {
        size_t from = n * (size_t)i / (size_t)loop_threads;
        size_t to = n * (size_t)(i + 1) / (size_t)loop_threads;
        parts[i] = (struct part){.rounds = rounds, .count = to - from};
        if (pthread_create(&parts[i].thread, NULL, loop_part, &parts[i])) bench_fail("no thread to be had");
    }
    for (int i = 0; i < loop_threads; i++) pthread_join(parts[i].thread, NULL);
}

static void loop_burn_alone(uint64_t rounds, size_t n) {
    struct part part = {.rounds = rounds, .count = n};
    loop_part(&part);
}

static const struct map_kind plain_loop = {NULL, NULL, loop_start, loop_cheap, loop_burn_alone};
static const struct map_kind plain_threads = {NULL, NULL, loop_start, loop_cheap, loop_burn};

/* ---- one run ---- */

static void once(const struct map_kind *kind, const struct setting *setting, const long *in, long *out) {
    if (setting->rounds) {
        kind->burn(setting->rounds, setting->items);
    } else {
        kind->cheap(in, out, setting->items);
    }
}

static long *numbers(size_t count) {
    long *array = malloc(count * sizeof *array);
    if (!array) bench_fail("no memory");
    for (size_t i = 0; i < count; i++) array[i] = (long)i;
    return array;
}

static void run(const void *what, const void *detail, double *figures) {
    const struct map_kind *kind = what;
    const struct setting *setting = detail;
    size_t times = bench_amount(setting->times);
    if (kind->program) {
        program_run(kind->program, figures, "map %s %d %zu %zu %zu", kind->name, setting->workers,
                    setting->items, times, (size_t)setting->rounds);
        return;
    }
    long *in = numbers(setting->items);
    long *out = numbers(setting->items);
    kind->start(setting->workers);
    once(kind, setting, in, out);
    struct bench_span span = bench_span_start();
    for (size_t i = 0; i < times; i++) once(kind, setting, in, out);
    bench_span_end(&span, (double)(setting->items * times), figures);
    for (size_t i = 0; i < setting->items && !setting->rounds; i++)
        if (out[i] != map_cheap_item(in[i])) bench_fail("a wrong result");
    free(in);
    free(out);
}

/* ---- shapes ---- */

static const struct map_kind rayon = {.program = BENCH_RUST, .name = "rayon"};

static const struct bench_contestant small[] = {
    {.who = "plain loop", .what = &plain_loop},
    PEER_TBB("TBB parallel_for", map_tbb),
    PEER_RUST("rayon par_iter", rayon),
    {.who = "plait", .ours = true, .what = &ours},
};
static const struct bench_contestant large[] = {
    {.who = "plain threads", .what = &plain_threads},
    PEER_TBB("TBB parallel_for", map_tbb),
    PEER_RUST("rayon par_iter", rayon),
    {.who = "plait", .ours = true, .what = &ours},
};

static const char *const figures_told[] = {"ns_per_item", "cpu_ns_per_item", NULL};

static void compare(const char *name, struct setting setting, const struct bench_contestant *contestants,
                    int count) {
    static struct {
        struct bench_shape shape;
        struct setting setting;
        char name[NAME];
    } all[MOST];
    static int used;
    if (used == MOST) return;
    all[used].setting = setting;
    snprintf(all[used].name, NAME, "%s, %d worker%s", name, setting.workers, setting.workers == 1 ? "" : "s");
    all[used].shape = (struct bench_shape){all[used].name, figures_told, run,    &all[used].setting,
                                           contestants,    count,        ROUNDS, .apart = true};
    bench_compare(&all[used++].shape);
}

int main(int argc, char **argv) {
    int cpus = place_cpus();
    bench_start("map", argc, argv);
    uint64_t burn_rounds = bench_burn_rounds(BURN_NS);
    uint64_t short_rounds = bench_burn_rounds(SHORT_NS);
    for (int workers = 1; workers <= cpus; workers *= 2) {
        compare("1000000 cheap items", (struct setting){MILLION, 20, 0, workers}, small, LENGTH(small));
        compare("items of 10 us", (struct setting){bench_amount(BURNING), 1, burn_rounds, workers}, large,
                LENGTH(large));
    }
    compare("100 cheap items", (struct setting){HUNDRED, 20000, 0, cpus}, small, LENGTH(small));
    compare("100 items of 1 us", (struct setting){HUNDRED, 400, short_rounds, cpus}, small, LENGTH(small));
    return bench_finish();
}

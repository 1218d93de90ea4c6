/* pool.cpp - the schedulers of oneTBB, and its fork-join and loops; see pool_kind.h and fork_kind.h. */
#include "pool_kind.h"

#include "fork_kind.h"
#include "work.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

static tbb::global_control *limit;
static tbb::task_arena *arena;
static long results[RESULTS_AT_ONCE];

/* One place in the arena is kept for the thread that hands over the tasks. */
static void start_beside(int workers) {
    const auto threads = static_cast<size_t>(workers);
    limit = new tbb::global_control(tbb::global_control::max_allowed_parallelism, threads + 1);
    arena = new tbb::task_arena(workers + 1, 1);
    arena->initialize();
}

/* Where that thread takes part while it waits, it is one of the workers. */
static void start_with(int workers) {
    start_beside(workers - 1);
}

static void group_run_many(size_t tasks, uint64_t rounds) {
    arena->execute([=] {
        tbb::task_group group;
        for (size_t i = 0; i < tasks; i++) group.run([=] { bench_burn(rounds); });
        group.wait();
    });
}

static long group_results(size_t tasks) {
    long sum = 0;
    arena->execute([&] {
        tbb::task_group group;
        for (size_t i = 0; i < tasks; i++) group.run([=] { results[i] = static_cast<long>(i) + 1; });
        group.wait();
    });
    for (size_t i = 0; i < tasks; i++) sum += results[i];
    return sum;
}

static void arena_run_many(size_t tasks, uint64_t rounds) {
    countdown_start(tasks);
    for (size_t i = 0; i < tasks; i++)
        arena->enqueue([=] {
            bench_burn(rounds);
            countdown_one();
        });
    countdown_wait();
}

static void arena_post() {
    arena->enqueue([] {});
}

const struct pool_kind pool_tbb_group = {nullptr,        nullptr,       start_with,
                                         group_run_many, group_results, nullptr};
const struct pool_kind pool_tbb_arena = {nullptr, nullptr, start_beside, arena_run_many, nullptr, arena_post};

/* ---- fork-join ---- */

static long fib(int n) {
    if (n < 2) return n;
    long left = 0;
    tbb::task_group group;
    group.run([&left, n] { left = fib(n - 1); });
    long right = fib(n - 2);
    group.wait();
    return left + right;
}

static long run_fib(int n) {
    long value = 0;
    arena->execute([&] { value = fib(n); });
    return value;
}

const struct fork_kind fork_tbb = {nullptr, nullptr, start_with, run_fib};

/* ---- loops ---- */

using range = tbb::blocked_range<size_t>;

static void map_cheap(const long *in, long *out, size_t n) {
    arena->execute([=] {
        tbb::parallel_for(range(0, n), [=](const range &part) {
            for (size_t i = part.begin(); i < part.end(); i++) out[i] = map_cheap_item(in[i]);
        });
    });
}

static void map_burn(uint64_t rounds, size_t n) {
    arena->execute([=] { tbb::parallel_for(size_t(0), n, [=](size_t) { bench_burn(rounds); }); });
}

const struct map_kind map_tbb = {nullptr, nullptr, start_with, map_cheap, map_burn};

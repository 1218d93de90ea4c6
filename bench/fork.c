/* fork.c - fork-join: fib, where every call hands one half of its work over as a task and then joins it.
 *
 * Nobody computes numbers so; it is what shows the cost of a task that is almost never run by anybody else.
 * The figure is the time for each task, that is for each call but the leaves. Cutting off early is what peers
 * would differ in, so nobody does. As many threads work as there are CPUs; with one, nothing is ever handed
 * over in truth.
 */
#include "fork_kind.h"

#include "parts.h"
#include "peers.h"
#include "place.h"
#include "program.h"
#include "work.h"

#include <plait/pool.h>
#include <plait/spawn.h>
#include <stdio.h>

enum { ROUNDS = 5, NUMBER = 30, BRIEF_NUMBER = 12, MOST = 16, NAME = 64 };

/* ---- plait ---- */

static plait_pool *pool;

static void start(int workers) {
    pool = plait_pool_new(workers);
    if (!pool) bench_fail("no pool to be had");
}

PLAIT_TASK(long, fib_by_futures, (int, n)) {
    long left = 0;
    if (n < 2) return n;
    plait_future *future = plait_submit(pool, fib_by_futures, n - 1);
    long right = fib_by_futures(n - 2);
    if (plait_result(future, &left)) bench_fail("plait_result failed");
    plait_future_free(future);
    return left + right;
}

/* Waits for the result, and lets go of the future. */
static long value_of(plait_future *future) {
    long value = 0;
    if (plait_result(future, &value)) bench_fail("plait_result failed");
    plait_future_free(future);
    return value;
}

static long by_futures(int n) {
    return value_of(plait_submit(pool, fib_by_futures, n));
}

static const struct fork_kind futures = {NULL, NULL, start, by_futures};

PLAIT_TASK(long, fib_by_spawn, (int, n)) {
    if (n < 2) return n;
    plait_spawn(left, fib_by_spawn, n - 1);
    long right = fib_by_spawn(n - 2);
    return plait_sync(left) + right;
}

static long by_spawn(int n) {
    return value_of(plait_submit(pool, fib_by_spawn, n));
}

static const struct fork_kind spawned = {NULL, NULL, start, by_spawn};

/* ---- one run ---- */

/* The value, and how many calls were not leaves. */
static long fib(int n, double *tasks) {
    if (n < 2) return n;
    *tasks += 1;
    return fib(n - 1, tasks) + fib(n - 2, tasks);
}

static void run(const void *what, const void *detail, double *figures) {
    const struct fork_kind *kind = what;
    const int *workers = detail;
    int n = bench_amount(100) == 100 ? NUMBER : BRIEF_NUMBER;
    double tasks = 0;
    long value = fib(n, &tasks);
    if (kind->program) {
        program_run(kind->program, figures, "fib %s %d %d %.0f", kind->name, *workers, n, tasks);
        return;
    }
    kind->start(*workers);
    kind->fib(n / 2);
    struct bench_span span = bench_span_start();
    if (kind->fib(n) != value) bench_fail("a wrong number");
    bench_span_end(&span, tasks, figures);
}

/* ---- shapes ---- */

static const struct fork_kind rayon = {.program = BENCH_RUST, .name = "rayon"};
static const struct fork_kind go = {.program = BENCH_GO, .name = "go"};

static const struct bench_contestant kinds[] = {
    PEER_RUST("rayon::join", rayon),
    PEER_TBB("TBB task_group", fork_tbb),
    PEER_GO("Go, a chan each", go),
    {.who = "plait_spawn", .ours = true, .what = &spawned},
    {.who = "plait by futures", .ours = true, .what = &futures},
};

static const char *const figures_told[] = {"ns_per_task", "cpu_ns_per_task", NULL};

void compare_fork(void) {
    static struct bench_shape shapes[MOST];
    static char names[MOST][NAME];
    static int workers[MOST];
    int count = 0;
    for (int number = 1; number <= place_cpus() && count < MOST; number *= 2, count++) {
        workers[count] = number;
        snprintf(names[count], NAME, "fork-join fib(30), %d worker%s", number, number == 1 ? "" : "s");
        shapes[count] = (struct bench_shape){names[count], figures_told,  run,    &workers[count],
                                             kinds,        LENGTH(kinds), ROUNDS, .apart = true};
        bench_compare(&shapes[count]);
    }
}

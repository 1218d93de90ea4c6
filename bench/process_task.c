/* process_task.c - a task in another process, and its result.
 *
 * One task at a time: handed over, its result awaited, and so on, at once or after a pause that is long enough for both
 * sides to fall asleep. The yardstick is a raw futex in shared memory, by which two processes hand each other a
 * number: it is what a round trip costs that does nothing else. Then many: a thousand are handed over, then each is asked
 * for its result. The pools have a worker for each CPU.
 */
#include "parts.h"
#include "peers.h"
#include "place.h"
#include "pool_kinds.h"
#include "process_side.h"
#include "program.h"

#include <linux/futex.h>
#include <plait/map.h>
#include <plait/process_pool.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS = 11, ALONE = 2000, PAUSED = 100, PAUSE_US = 1000, BATCHES = 20, PYTHON_FRACTION = 4 };

/* ---- raw futex ---- */

/* Each side sleeps on its own word. */
enum { AWAY, HERE, MISSED }; /* MISSED: away, and somebody sleeps */

struct box {
    _Alignas(128) atomic_uint state;
    long number;
};

static struct box *boxes; /* what is asked, and what is answered */

static void box_put(struct box *box, long number) {
    box->number = number;
    if (atomic_exchange(&box->state, HERE) == MISSED)
        syscall(SYS_futex, &box->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static long box_get(struct box *box) {
    for (;;) {
        unsigned seen = HERE;
        if (atomic_compare_exchange_strong(&box->state, &seen, AWAY)) return box->number;
        if (seen == AWAY && !atomic_compare_exchange_strong(&box->state, &seen, MISSED)) continue;
        syscall(SYS_futex, &box->state, FUTEX_WAIT, MISSED, NULL, NULL, 0);
    }
}

static void answer_boxes(void *unused) {
    (void)unused;
    for (;;) box_put(&boxes[1], box_get(&boxes[0]) + 1);
}

static void futex_start(int workers) {
    static struct side side;
    (void)workers;
    boxes = side_memory(2 * sizeof *boxes);
    side_start(&side, false, answer_boxes, NULL);
}

static long futex_results(size_t tasks) {
    long sum = 0;
    for (size_t i = 0; i < tasks; i++) {
        box_put(&boxes[0], (long)i);
        sum += box_get(&boxes[1]);
    }
    return sum;
}

static const struct pool_kind futex_pair = {.start = futex_start, .results = futex_results};

/* ---- pipes ---- */

static int asks[2];
static int answers[2];

static void answer_pipe(void *unused) {
    long number;
    (void)unused;
    while (read(asks[0], &number, sizeof number) == sizeof number) {
        number++;
        if (write(answers[1], &number, sizeof number) != sizeof number) return;
    }
}

static void pipe_start(int workers) {
    static struct side side;
    (void)workers;
    if (pipe(asks) || pipe(answers)) bench_fail("no pipe to be had");
    side_start(&side, false, answer_pipe, NULL);
}

static long pipe_results(size_t tasks) {
    long sum = 0;
    for (size_t i = 0; i < tasks; i++) {
        long number = (long)i;
        if (write(asks[1], &number, sizeof number) != sizeof number) bench_fail("a pipe failed");
        if (read(answers[0], &number, sizeof number) != sizeof number) bench_fail("a pipe failed");
        sum += number;
    }
    return sum;
}

static const struct pool_kind pipe_pair = {.start = pipe_start, .results = pipe_results};

/* ---- plait ---- */

static plait_pool *our_pool;

PLAIT_TASK(long, our_successor, (long, number)) {
    return number + 1;
}

static void our_start(int workers) {
    our_pool = plait_process_pool_new(workers, NULL);
    if (!our_pool) bench_fail("no pool of processes to be had");
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

/* The whole batch as one map, which shares it out in larger pieces. */
static long our_map_results(size_t tasks) {
    static long numbers[RESULTS_AT_ONCE];
    static long results[RESULTS_AT_ONCE];
    long sum = 0;
    for (size_t i = 0; i < tasks; i++) numbers[i] = (long)i;
    if (plait_map(our_pool, our_successor, numbers, results, tasks)) bench_fail("plait_map failed");
    for (size_t i = 0; i < tasks; i++) sum += results[i];
    return sum;
}

static const struct pool_kind our_map = {.start = our_start, .results = our_map_results};
static const struct pool_kind our_submit = {.start = our_start, .results = our_results};

/* ---- one run ---- */

struct setting {
    size_t batch;
    size_t batches;
    bool pauses;
};

static const struct pool_kind python_apply = {.program = BENCH_PYTHON, .name = "apply"};
static const struct pool_kind python_map = {.program = BENCH_PYTHON, .name = "map"};
static const struct pool_kind python_async = {.program = BENCH_PYTHON, .name = "apply_async"};

static void take(const struct pool_kind *kind, size_t batch) {
    if (kind->results(batch) != (long)(batch * (batch + 1) / 2)) bench_fail("a wrong result");
}

static int by_size(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* The median, for a few will meet a CPU that sleeps deeply. */
static void take_with_pauses(const struct pool_kind *kind, size_t count, double *figures) {
    static uint64_t times[PAUSED];
    for (size_t i = 0; i < count; i++) {
        struct timespec pause = {.tv_nsec = PAUSE_US * 1000L};
        nanosleep(&pause, NULL);
        uint64_t start = bench_now();
        take(kind, 1);
        times[i] = bench_now() - start;
    }
    qsort(times, count, sizeof *times, by_size);
    size_t middle = count / 2;
    figures[0] = (double)times[middle];
}

static void run(const void *what, const void *detail, double *figures) {
    const struct pool_kind *kind = what;
    const struct setting *setting = detail;
    size_t batches = bench_amount(setting->batches);
    int workers = place_cpus();
    if (kind->program) {
        program_run(kind->program, figures, "tasks %s %d %zu %zu %d", kind->name, workers, setting->batch,
                    batches / PYTHON_FRACTION + 1, setting->pauses ? PAUSE_US : 0);
        return;
    }
    kind->start(workers);
    for (size_t i = 0; i < batches / 10 + 1; i++) take(kind, setting->batch);
    if (setting->pauses) {
        take_with_pauses(kind, batches, figures);
        return;
    }
    uint64_t start = bench_now();
    for (size_t i = 0; i < batches; i++) take(kind, setting->batch);
    figures[0] = (double)(bench_now() - start) / (double)(setting->batch * batches);
}

/* ---- shapes ---- */

static const struct bench_contestant alone[] = {
    {.who = "raw futex", .what = &futex_pair},
    {.who = "two pipes", .what = &pipe_pair},
    PEER_PYTHON("Pool.apply", python_apply),
    {.who = "plait", .ours = true, .what = &our_submit},
    {.who = "plait threads", .ours = true, .what = &pool_plait},
};

static const struct bench_contestant many[] = {
    PEER_PYTHON("Pool.map, chunksize 1", python_map),
    PEER_PYTHON("Pool.apply_async", python_async),
    {.who = "plait", .ours = true, .what = &our_submit},
    {.who = "plait_map", .ours = true, .what = &our_map},
    {.who = "plait threads", .ours = true, .what = &pool_plait},
};

static const char *const told[] = {"ns_per_task", NULL};
static const struct setting at_once = {1, ALONE, false};
static const struct setting after_pauses = {1, PAUSED, true};
static const struct setting in_batches = {RESULTS_AT_ONCE, BATCHES, false};

static const struct bench_shape shapes[] = {
    {"a task and its result, one at a time", told, run, &at_once, alone, LENGTH(alone), ROUNDS,
     .apart = true},
    {"a task and its result, after a pause", told, run, &after_pauses, alone, LENGTH(alone), ROUNDS,
     .apart = true},
    {"tasks and results, 1000 at a time", told, run, &in_batches, many, LENGTH(many), ROUNDS, .apart = true},
};

void compare_process_tasks(void) {
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}

/* process_queue.c - items of eight bytes through a queue between processes.
 *
 * Flow: so many processes put, so many get, as fast as they go. Ping-pong: two queues, one item on its way; a figure is a
 * round trip. The same loops run between threads of one process over plait's queue, which is what a queue between
 * processes can hope for. A pipe is a queue of bytes: what is written at once, up to its own limit, stays together.
 */
#include "parts.h"
#include "peers.h"
#include "place.h"
#include "process_side.h"
#include "program.h"
#include "queue_kinds.h"

#include <plait/cpu.h>
#include <plait/pipe.h>
#include <plait/process_queue.h>

#include <unistd.h>

enum { ITEMS = 320000, ROUNDS = 11, ROOM = 1024, MOST_SIDES = 8, ARRIVAL_MS = 3 };
enum { RUN_MS = 40, WARM_UP = 200, UNTIL_CLOCK = 50 };

/* ---- kinds ---- */

struct kind {
    const struct queue_kind *queue;
    bool threads; /* between threads, not processes */
    int fraction; /* of the items it gets this part; 0: all. For those that would take too long */
};

static void *pipe_make(size_t room) {
    int *ends = side_memory(2 * sizeof *ends);
    (void)room;
    if (pipe(ends)) bench_fail("no pipe to be had");
    return ends;
}

static void pipe_put(void *queue, uint64_t item) {
    const int *ends = queue;
    if (write(ends[1], &item, sizeof item) != sizeof item) bench_fail("a pipe failed");
}

static uint64_t pipe_get(void *queue) {
    const int *ends = queue;
    uint64_t item = 0;
    if (read(ends[0], &item, sizeof item) != sizeof item) bench_fail("a pipe failed");
    return item;
}

QUEUE_LOOPS(pipe)
static const struct queue_kind pipe_queue = QUEUE_KIND(pipe);
/* ---- plait ---- */

static void *our_make(size_t room) {
    return plait_process_queue_of(uint64_t, room);
}

static void our_put(void *queue, uint64_t item) {
    if (plait_process_queue_put((plait_process_queue *)queue, &item))
        bench_fail("plait_process_queue_put failed");
}

static uint64_t our_get(void *queue) {
    uint64_t item = QUEUE_END;
    if (plait_process_queue_get((plait_process_queue *)queue, &item))
        bench_fail("plait_process_queue_get failed");
    return item;
}

QUEUE_LOOPS(our)
static const struct queue_kind our_queue = QUEUE_KIND(our);

/* Several at a time. A consumer that gets the ends of others with its own puts them back. */
enum { AT_A_TIME = 64 };

static void many_put_all(void *queue, uint64_t from, uint64_t to) {
    uint64_t items[AT_A_TIME];
    while (from < to) {
        size_t count = 0;
        while (count < AT_A_TIME && from < to) items[count++] = from++;
        if (plait_process_queue_put_many((plait_process_queue *)queue, items, count, NULL))
            bench_fail("plait_process_queue_put_many failed");
    }
}

static uint64_t many_get_all(void *queue) {
    uint64_t items[AT_A_TIME];
    uint64_t sum = 0;
    for (size_t ends = 0; ends == 0;) {
        size_t got = 0;
        if (plait_process_queue_get_many((plait_process_queue *)queue, items, AT_A_TIME, &got))
            bench_fail("plait_process_queue_get_many failed");
        for (size_t i = 0; i < got; i++) {
            if (items[i] == QUEUE_END) {
                if (ends++) our_put(queue, QUEUE_END);
            } else {
                sum += items[i];
            }
        }
    }
    return sum;
}

static const struct queue_kind our_queue_many = {
    .make = our_make, .put = our_put, .get = our_get, .put_all = many_put_all, .get_all = many_get_all};

/* A pipe is two queues: what one end sends the other one receives. For ping-pong, which makes two. */
struct way {
    plait_pipe *from;
    plait_pipe *to;
};

static void *way_make(size_t room) {
    static struct way ways[2];
    static int made;
    (void)room;
    if (made == 0 && plait_pipe_new(0, &ways[0].from, &ways[0].to)) bench_fail("no plait_pipe to be had");
    ways[1] = (struct way){ways[0].to, ways[0].from};
    return &ways[made++ % 2];
}

static void way_put(void *queue, uint64_t item) {
    const struct way *way = queue;
    if (plait_pipe_send(way->from, &item, sizeof item)) bench_fail("plait_pipe_send failed");
}

static uint64_t way_get(void *queue) {
    const struct way *way = queue;
    uint64_t item = 0;
    size_t size;
    if (plait_pipe_recv(way->to, &item, sizeof item, &size)) bench_fail("plait_pipe_recv failed");
    return item;
}

static const struct queue_kind our_pipe = {.make = way_make, .put = way_put, .get = way_get};

/* ---- all of them ---- */

static const struct queue_kind python_queue = {.program = BENCH_PYTHON, .name = "queue"};
static const struct queue_kind python_pipe = {.program = BENCH_PYTHON, .name = "pipe"};

static const struct kind pipe_kind = {&pipe_queue, false, 1};
static const struct kind python_kind = {&python_queue, false, 10};
static const struct kind python_pipe_kind = {&python_pipe, false, 10};
static const struct kind our_kind = {&our_queue, false, 1};
static const struct kind our_many_kind = {&our_queue_many, false, 1};
static const struct kind our_pipe_kind = {&our_pipe, false, 1};
static const struct kind thread_kind = {&queue_plait, true, 1};

/* ---- flow ---- */

struct setting {
    int producers;
    int consumers;
    enum place place;
};

/* One of the producers or consumers; in shared memory. */
struct worker {
    const struct queue_kind *kind;
    void *queue;
    pthread_barrier_t *start;
    uint64_t from, to; /* what a producer puts */
    uint64_t sum;      /* of what a consumer got */
    uint64_t cpu;      /* nanoseconds */
    struct side side;
};

static void produce(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    uint64_t start = side_cpu_now();
    worker->kind->put_all(worker->queue, worker->from, worker->to);
    worker->cpu = side_cpu_now() - start;
}

static void consume(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    uint64_t start = side_cpu_now();
    worker->sum = worker->kind->get_all(worker->queue);
    worker->cpu = side_cpu_now() - start;
}

static void start_all(struct worker *workers, const struct setting *setting, bool threads, uint64_t items) {
    uint64_t producers = (uint64_t)setting->producers;
    for (int i = 0; i < setting->consumers; i++) {
        struct worker *worker = &workers[setting->producers + i];
        side_start(&worker->side, threads, consume, worker);
    }
    for (int i = 0; i < setting->producers; i++) {
        workers[i].from = 1 + items * (uint64_t)i / producers;
        workers[i].to = 1 + items * (uint64_t)(i + 1) / producers;
        side_start(&workers[i].side, threads, produce, &workers[i]);
    }
}

static void tell(const struct worker *workers, int count, uint64_t items, uint64_t ns, double *figures) {
    uint64_t cpu = 0;
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        cpu += workers[i].cpu;
        sum += workers[i].sum;
    }
    if (sum != items * (items + 1) / 2) bench_fail("a queue lost or doubled items");
    figures[0] = (double)ns / (double)items;
    figures[1] = (double)cpu / (double)items;
}

static void flow(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    const struct setting *setting = detail;
    uint64_t items = bench_amount(ITEMS) / (unsigned)kind->fraction;
    int count = setting->producers + setting->consumers;
    place_first(setting->place);
    if (kind->queue->program) {
        program_run(kind->queue->program, figures, "flow %s %d %d %d %zu", kind->queue->name, ROOM,
                    setting->producers, setting->consumers, (size_t)items);
        return;
    }
    struct worker *workers = side_memory(MOST_SIDES * sizeof *workers);
    void *queue = kind->queue->make(ROOM);
    if (!queue) bench_fail("no queue to be had");
    pthread_barrier_t *barrier = side_barrier(count + 1);
    for (int i = 0; i < count; i++)
        workers[i] = (struct worker){.kind = kind->queue, .queue = queue, .start = barrier};
    start_all(workers, setting, kind->threads, items);
    bench_pause_ms(ARRIVAL_MS); /* their start does not count */
    uint64_t start = bench_now();
    pthread_barrier_wait(barrier);
    for (int i = 0; i < setting->producers; i++) side_join(&workers[i].side);
    for (int i = 0; i < setting->consumers; i++) kind->queue->put(queue, QUEUE_END);
    for (int i = setting->producers; i < count; i++) side_join(&workers[i].side);
    tell(workers, count, items, bench_now() - start, figures);
}

/* ---- ping-pong ---- */

struct table {
    const struct queue_kind *kind;
    void *ask;
    void *answer;
};

static void answer(void *argument) {
    const struct table *table = argument;
    for (uint64_t item; (item = table->kind->get(table->ask)) != QUEUE_END;)
        table->kind->put(table->answer, item);
}

static void play(const struct table *table, uint64_t rounds) {
    for (uint64_t i = 1; i <= rounds; i++) {
        table->kind->put(table->ask, i);
        if (table->kind->get(table->answer) != i) bench_fail("a queue lost an item");
    }
}

static void ping_pong(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    const enum place *place = detail;
    static struct table table;
    struct side partner;
    uint64_t rounds = 0;
    if (*place == ONE_CPU || !kind->queue->program) {
        (void)plait_cpu_count(); /* as many as the process has before it keeps to one */
        place_first(*place);
    }
    if (kind->queue->program) {
        program_run(kind->queue->program, figures, "ping-pong %s %d %zu", kind->queue->name, *place,
                    bench_amount(RUN_MS));
        return;
    }
    table = (struct table){kind->queue, kind->queue->make(1), kind->queue->make(1)};
    if (!table.ask || !table.answer) bench_fail("no queue to be had");
    side_start(&partner, kind->threads, answer, &table);
    place_second(*place);
    play(&table, WARM_UP);
    uint64_t start = bench_now();
    uint64_t end = start + bench_amount(RUN_MS) * 1000000u;
    for (; bench_now() < end; rounds += UNTIL_CLOCK) play(&table, UNTIL_CLOCK);
    figures[0] = (double)(bench_now() - start) / (double)rounds;
    kind->queue->put(table.ask, QUEUE_END);
    side_join(&partner);
}

/* ---- shapes ---- */

static const struct bench_contestant flowing[] = {
    {.who = "pipe", .what = &pipe_kind},
    PEER_PYTHON("mp.Queue", python_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
    {.who = "plait, 64 at a time", .ours = true, .what = &our_many_kind},
    {.who = "plait threads", .ours = true, .what = &thread_kind},
};

static const struct bench_contestant playing[] = {
    {.who = "pipe", .what = &pipe_kind},
    PEER_PYTHON("mp.Queue", python_kind),
    PEER_PYTHON("mp.Pipe", python_pipe_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
    {.who = "plait_pipe", .ours = true, .what = &our_pipe_kind},
    {.who = "plait threads", .ours = true, .what = &thread_kind},
};

static const char *const flow_told[] = {"ns_per_item", "cpu_ns_per_item", NULL};
static const char *const trip_told[] = {"ns_per_op", NULL};
static const struct setting settings[] = {
    {1, 1, ANYWHERE}, {2, 2, ANYWHERE}, {1, 4, ANYWHERE}, {4, 1, ANYWHERE}, {1, 1, ONE_CPU},
};
static const char *const flow_names[LENGTH(settings)] = {
    "queue, 1p1c", "queue, 2p2c", "queue, 1p4c", "queue, 4p1c", "queue, 1p1c, all on one CPU",
};
static const enum place places[] = {ANYWHERE, ONE_CPU_EACH, ONE_CPU};
static const char *const trip_names[LENGTH(places)] = {
    "queue, ping-pong",
    "queue, ping-pong, a CPU for each",
    "queue, ping-pong, both on one CPU",
};

void compare_process_queues(void) {
    static struct bench_shape flows[LENGTH(settings)];
    static struct bench_shape trips[LENGTH(places)];
    for (int i = 0; i < LENGTH(settings); i++) {
        flows[i] = (struct bench_shape){flow_names[i], flow_told,       flow,   &settings[i],
                                        flowing,       LENGTH(flowing), ROUNDS, .apart = true};
        bench_compare(&flows[i]);
    }
    for (int i = 0; i < LENGTH(places); i++) {
        trips[i] = (struct bench_shape){trip_names[i], trip_told,       ping_pong, &places[i],
                                        playing,       LENGTH(playing), ROUNDS,    .apart = true};
        if (place_exists(places[i])) bench_compare(&trips[i]);
    }
}

/* queue_flow.c - many items from some threads to others, as fast as they go.
 *
 * So many producers share out the items among them; so many consumers get until the end, which the main
 * thread puts once for each when the producers are done. Figures: time on the wall per item, and the CPU time
 * of all threads per item, so that nobody wins by burning a core. Unpinned, and with the whole process on one
 * CPU, where nobody wins by looking instead of sleeping. On machines with more CPUs the numbers of threads go
 * on doubling: the scaling curve.
 */
#include "parts.h"
#include "place.h"
#include "program.h"
#include "queue_kinds.h"

#include <pthread.h>
#include <stdio.h>

enum { ITEMS = 320000, ROUNDS = 11, ROOM = 1024, MOST_THREADS = 512, SHAPES = 64, NAME = 64, ARRIVAL_MS = 2 };

struct setting {
    int producers;
    int consumers;
    size_t room;
    enum place place;
};

/* ---- the threads ---- */

struct worker {
    const struct queue_kind *kind;
    void *queue;
    pthread_barrier_t *start;
    uint64_t from, to; /* what a producer puts */
    uint64_t sum;      /* of what a consumer got */
    pthread_t thread;
};

static void *produce(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    worker->kind->put_all(worker->queue, worker->from, worker->to);
    return NULL;
}

static void *consume(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(worker->start);
    worker->sum = worker->kind->get_all(worker->queue);
    return NULL;
}

static void start(struct worker *worker, void *(*function)(void *)) {
    if (pthread_create(&worker->thread, NULL, function, worker)) bench_fail("no thread to be had");
}

/* ---- one run ---- */

static void check_sum(const struct worker *consumers, int count, uint64_t items) {
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) sum += consumers[i].sum;
    if (sum != items * (items + 1) / 2) bench_fail("a queue lost or doubled items");
}

static void start_all(struct worker *workers, const struct setting *setting, uint64_t items) {
    for (int i = 0; i < setting->consumers; i++) start(&workers[setting->producers + i], consume);
    for (int i = 0; i < setting->producers; i++) {
        workers[i].from = 1 + items * (uint64_t)i / (uint64_t)setting->producers;
        workers[i].to = 1 + items * (uint64_t)(i + 1) / (uint64_t)setting->producers;
        start(&workers[i], produce);
    }
    bench_pause_ms(ARRIVAL_MS); /* their start does not count */
}

static void run_threads(const struct queue_kind *kind, const struct setting *setting, uint64_t items,
                        double *figures) {
    static struct worker workers[MOST_THREADS];
    pthread_barrier_t barrier;
    int count = setting->producers + setting->consumers;
    void *queue = kind->make(setting->room);
    if (!queue) bench_fail("no queue to be had");
    pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++)
        workers[i] = (struct worker){.kind = kind, .queue = queue, .start = &barrier};
    start_all(workers, setting, items);
    struct bench_span span = bench_span_start();
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < setting->producers; i++) pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < setting->consumers; i++) kind->put(queue, QUEUE_END);
    for (int i = setting->producers; i < count; i++) pthread_join(workers[i].thread, NULL);
    bench_span_end(&span, (double)items, figures);
    check_sum(workers + setting->producers, setting->consumers, items);
}

static void run(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    const struct setting *setting = detail;
    uint64_t items = bench_amount(ITEMS);
    place_first(setting->place);
    if (kind->program) {
        program_run(kind->program, figures, "queue-flow %s %zu %d %d %zu", kind->name, setting->room,
                    setting->producers, setting->consumers, (size_t)items);
    } else {
        run_threads(kind, setting, items, figures);
    }
}

/* ---- shapes ---- */

static const char *const figures_told[] = {"ns_per_item", "cpu_ns_per_item", NULL};

static const char *room_of(const struct queue_contestants *queues) {
    return queues == &queues_bounded ? "bounded" : queues == &queues_unbounded ? "unbounded" : "rendezvous";
}

/* A queue's contestants tell its room: 1024, any number, or none. */
static void compare(int producers, int consumers, const struct queue_contestants *queues, enum place place) {
    static struct {
        struct bench_shape shape;
        struct setting setting;
        char name[NAME];
    } all[SHAPES];
    static int used;
    if (used == SHAPES || producers + consumers > MOST_THREADS) return;
    struct setting *setting = &all[used].setting;
    *setting = (struct setting){producers, consumers, queues == &queues_bounded ? ROOM : 0, place};
    snprintf(all[used].name, NAME, "%dp%dc, %s%s", producers, consumers, room_of(queues),
             place == ONE_CPU ? ", all on one CPU" : "");
    all[used].shape = (struct bench_shape){all[used].name, figures_told,  run,    setting,
                                           queues->table,  queues->count, ROUNDS, .apart = true};
    bench_compare(&all[used++].shape);
}

static void compare_numbers(const struct queue_contestants *queues, enum place place) {
    static const int numbers[][2] = {{1, 1}, {2, 2}, {4, 4}, {1, 4}, {4, 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        compare(numbers[i][0], numbers[i][1], queues, place);
}

void compare_queue_flow(void) {
    for (enum place place = ANYWHERE; place <= ONE_CPU; place++) {
        if (place == ONE_CPU_EACH) continue;
        compare_numbers(&queues_bounded, place);
        compare_numbers(&queues_unbounded, place);
        compare(1, 1, &queues_rendezvous, place);
        compare(4, 4, &queues_rendezvous, place);
    }
    for (int threads = 8; threads * 2 <= place_cpus(); threads *= 2) {
        compare(threads, threads, &queues_bounded, ANYWHERE);
        compare(threads, threads, &queues_unbounded, ANYWHERE);
    }
}

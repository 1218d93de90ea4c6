/* queue_lone.c - how long a lone item is on its way.
 *
 * A consumer waits; the producer puts one item every so often, and works in between so that its own CPU is
 * awake. An item is the moment at which it was put; the consumer looks at the clock when it has it. Compared
 * is the delay that one item in a hundred exceeds, beside it the median and the CPU time per item of
 * everybody but the producer. Items come either so fast that a consumer may still be looking, or so slowly
 * that it sleeps. Each of the two threads has a CPU, so that no item waits for the scheduler's next tick;
 * goroutines cannot be given one.
 */
#include "parts.h"
#include "place.h"
#include "program.h"
#include "queue_kinds.h"

#include <plait/cpu.h>
#include <pthread.h>

enum { ROUNDS = 11, ROOM = 1024, ARRIVAL_MS = 2 };

struct setting {
    unsigned gap_us;
    size_t items;
};

struct consumer {
    const struct queue_kind *kind;
    void *queue;
    struct bench_waits waits;
};

static void *consume(void *argument) {
    struct consumer *consumer = argument;
    place_second(ONE_CPU_EACH);
    for (uint64_t put; (put = consumer->kind->get(consumer->queue)) != QUEUE_END;)
        bench_waits_add(&consumer->waits, bench_ticks() - put);
    return NULL;
}

static void put_now_and_then(const struct queue_kind *kind, void *queue, const struct setting *setting,
                             size_t items) {
    uint64_t next = bench_now();
    for (size_t i = 0; i < items; i++) {
        next += setting->gap_us * UINT64_C(1000);
        while (bench_now() < next) {}
        kind->put(queue, bench_ticks());
    }
}

static void run_threads(const struct queue_kind *kind, const struct setting *setting, size_t items,
                        double *figures) {
    static struct consumer consumer;
    pthread_t thread;
    bench_tick_ns();
    (void)plait_cpu_count(); /* the process has two, before its threads keep to one */
    place_first(ONE_CPU_EACH);
    consumer.kind = kind;
    consumer.queue = kind->make(ROOM);
    if (!consumer.queue || pthread_create(&thread, NULL, consume, &consumer))
        bench_fail("no queue or thread to be had");
    bench_pause_ms(ARRIVAL_MS);
    double both[2];
    struct bench_span span = bench_span_start();
    put_now_and_then(kind, consumer.queue, setting, items);
    kind->put(consumer.queue, QUEUE_END);
    pthread_join(thread, NULL);
    bench_span_end(&span, (double)items, both);
    figures[0] = bench_waits_quantile(&consumer.waits, 0.99);
    figures[1] = bench_waits_quantile(&consumer.waits, 0.5);
    figures[2] = both[1] > both[0] ? both[1] - both[0] : 0;
}

static void run(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    const struct setting *setting = detail;
    size_t items = bench_amount(setting->items);
    if (kind->program) {
        program_run(kind->program, figures, "queue-lone %s %d %u %zu", kind->name, ROOM, setting->gap_us,
                    items);
    } else {
        run_threads(kind, setting, items, figures);
    }
}

static const char *const figures_told[] = {"p99_ns", "median_ns", "getter_cpu_ns", NULL};
static const struct setting settings[] = {{20, 2000}, {500, 200}};
static const char *const names[] = {"a lone item every 20 us", "a lone item every 500 us"};

void compare_queue_lone(void) {
    if (!place_exists(ONE_CPU_EACH)) return;
    static struct bench_shape shapes[2];
    for (int i = 0; i < 2; i++) {
        shapes[i] = (struct bench_shape){
            names[i], figures_told, run, &settings[i], queues_one_by_one.table, queues_one_by_one.count,
            ROUNDS,   .apart = true};
        bench_compare(&shapes[i]);
    }
}

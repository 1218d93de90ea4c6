/* queue_alone.c - put and get by turns, in one thread.
 *
 * Once in a process that has but one thread, and once while another thread exists and sleeps: the C library's
 * mutexes, and plait, do without atomic instructions in the former, which is fair to show but not what queues
 * are for.
 */
#include "parts.h"
#include "program.h"
#include "queue_kinds.h"

enum { ITEMS = 1000000, ROUNDS = 11, ROOM = 1024 };

struct setting {
    size_t room;
    bool another; /* thread, which sleeps */
};

static void run(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    const struct setting *setting = detail;
    uint64_t items = bench_amount(ITEMS);
    if (kind->program) {
        program_run(kind->program, figures, "queue-alone %s %zu %d %zu", kind->name, setting->room,
                    setting->another, (size_t)items);
        return;
    }
    if (setting->another) bench_start_sleeper();
    void *queue = kind->make(setting->room);
    if (!queue) bench_fail("no queue to be had");
    kind->put_and_get(queue, items / 10 + 1);
    struct bench_span span = bench_span_start();
    if (kind->put_and_get(queue, items) != items * (items + 1) / 2) bench_fail("a queue lost items");
    bench_span_end(&span, (double)items, figures);
}

static const char *const figures_told[] = {"ns_per_item", "cpu_ns_per_item", NULL};
static const struct setting settings[] = {{ROOM, true}, {ROOM, false}, {0, true}, {0, false}};
static const char *const names[] = {
    "put+get in one thread, bounded",
    "put+get in a process of one thread, bounded",
    "put+get in one thread, unbounded",
    "put+get in a process of one thread, unbounded",
};

void compare_queue_alone(void) {
    static struct bench_shape shapes[4];
    for (int i = 0; i < 4; i++) {
        const struct queue_contestants *queues = settings[i].room ? &queues_alone_bounded
                                                                  : &queues_alone_unbounded;
        shapes[i] = (struct bench_shape){names[i],      figures_told,  run,    &settings[i],
                                         queues->table, queues->count, ROUNDS, .apart = true};
        bench_compare(&shapes[i]);
    }
}

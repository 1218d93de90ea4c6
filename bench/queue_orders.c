/* queue_orders.c - queues that give out the smallest item first.
 *
 * A thousand items lie in the queue; then one is put and one is got, over and over, with numbers that come in
 * no order. In one thread, while another sleeps.
 */
#include "parts.h"
#include "queue_kinds.h"

enum { ITEMS = 200000, ROUNDS = 11, WAITING = 1000 };

/* Never 0 or the end, and small enough for everybody. */
static uint64_t next_number(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 40) + 1;
}

static void run(const void *what, const void *detail, double *figures) {
    const struct queue_kind *kind = what;
    uint64_t items = bench_amount(ITEMS);
    uint64_t state = 1;
    (void)detail;
    bench_start_sleeper();
    void *queue = kind->make(0);
    if (!queue) bench_fail("no queue to be had");
    for (int i = 0; i < WAITING; i++) kind->put(queue, next_number(&state));
    struct bench_span span = bench_span_start();
    for (uint64_t i = 0; i < items; i++) {
        kind->put(queue, next_number(&state));
        (void)kind->get(queue);
    }
    bench_span_end(&span, (double)items, figures);
    uint64_t last = 0;
    for (int i = 0; i < WAITING; i++) {
        uint64_t item = kind->get(queue);
        if (item < last) bench_fail("a queue gave out items in a wrong order");
        last = item;
    }
}

void compare_queue_orders(void) {
    static const char *const figures_told[] = {"ns_per_item", "cpu_ns_per_item", NULL};
    static struct bench_shape shape;
    shape = (struct bench_shape){"put+get among 1000, smallest first",
                                 figures_told,
                                 run,
                                 NULL,
                                 queues_priority.table,
                                 queues_priority.count,
                                 ROUNDS,
                                 .apart = true};
    bench_compare(&shape);
}

/* bench-queue - what it costs to hand items from thread to thread. See queue_alone.c, queue_orders.c,
 * queue_flow.c and queue_lone.c.
 *
 * Every run has a process of its own: so that one can be confined to one CPU from its beginning, and so that
 * the number of threads is what the shape says.
 */
#include "parts.h"
#include "support.h"

int main(int argc, char **argv) {
    bench_start("queue", argc, argv);
    compare_queue_alone();
    compare_queue_orders();
    compare_queue_flow();
    compare_queue_lone();
    return bench_finish();
}

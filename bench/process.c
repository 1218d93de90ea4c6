/* bench-process - what it costs to work in several processes: tasks in a pool of them, queues, large messages, starting
 * them, and locks. See process_*.c.
 *
 * Peers are what the system gives (fork, pipes, futexes, pthread's process-shared locks) and Python's
 * multiprocessing. What plait does between threads takes part, too, where it does the same: as a yardstick.
 */
#include "parts.h"
#include "support.h"

int main(int argc, char **argv) {
    bench_start("process", argc, argv);
    compare_process_tasks();
    compare_process_queues();
    compare_process_messages();
    compare_process_starts();
    compare_process_locks();
    return bench_finish();
}

/* bench-thread - what threads cost to start, to wake and to keep asleep. See start.c, ping_pong.c and
 * asleep.c.
 *
 * Every run has a process of its own: so that one can be confined to one CPU from its beginning, memory
 * starts from the same point, and no contestant meets what another has left behind.
 */
#include "parts.h"
#include "support.h"

int main(int argc, char **argv) {
    bench_start("thread", argc, argv);
    compare_start();
    compare_ping_pong();
    compare_asleep();
    return bench_finish();
}

/* bench-lock - what plait's locks cost beside others, alone and contended. See alone.c and contended.c. */
#include "parts.h"
#include "support.h"
#include "work.h"

int main(int argc, char **argv) {
    bench_start("lock", argc, argv);
    bench_tick_ns();
    compare_alone();
    compare_contended();
    return bench_finish();
}

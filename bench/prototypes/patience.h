/* patience.h - what to do when the queue is found empty or full: stay away for a while, so that the other side can work
 * with its lines in its own cache, and there is a batch when one comes back; then park.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <base/os.h>
#include <plait/cpu.h>
#include <stdbool.h>
#include <wait/self.h>

enum { FIRST_NS = 1600, ALL_NS = 5000 };

/* Ticks; begins as zero. */
struct patience {
    uint64_t gap, spent;
};

/* Stays away once; false: it is time to park. */
static inline bool patience_wait(struct patience *patience) {
    uint64_t per_us = plait__os_ticks_per_us();
    if (plait__running() > (uint32_t)plait_cpu_count()) return false;
    if (patience->spent > ALL_NS * per_us / 1000) return false;
    patience->gap = patience->gap ? patience->gap * 2 : FIRST_NS * per_us / 1000;
    uint64_t start = plait__os_ticks();
    while (plait__os_ticks() - start < patience->gap) plait__os_pause();
    patience->spent += patience->gap;
    return true;
}

#endif

/* pool_map.c - maps in a pool of processes. */
#include <process/chunk.h>
#include <process/pool.h>

plait_status plait__process_pool_map(plait_pool *base, struct plait__map *map) {
    (void)base, (void)map;
    return PLAIT_INVALID;
}

void plait__chunk_serve(struct plait__pool_memory *memory, uint32_t cell, const plait_task *task,
                        const void *wire) {
    (void)memory, (void)cell, (void)task, (void)wire;
}

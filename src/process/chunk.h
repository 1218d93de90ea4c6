/* chunk.h - a chunk of a map on its way between a pool and its workers.
 *
 * There goes a wire of items (items.h). Back comes, in one piece, at the place for the cell's result:
 *
 *     struct plait__chunk_back   how much of it there is
 *     the results                an array, unless one result is larger than RESULTS: then that is in the log
 *     the log                    of items.h
 *
 * A chunk of one small item leaves it in the cell. All others do in the cell's room, whether they are done or not: what
 * stands there of items before the one that `progress` says has begun stays, also if the worker dies. If the log is full
 * the chunk ends with the item that was too much, all in a file, and the parent sends the rest again.
 */
#ifndef PLAIT__PROCESS_CHUNK_H
#define PLAIT__PROCESS_CHUNK_H

#include <process/items.h>
#include <process/pool_memory.h>

struct plait__chunk_back {
    _Alignas(16) uint64_t log_size;
    uint64_t ticks;
};

enum { PLAIT__CHUNK_RESULTS = PLAIT__ROOM / 2 };

/* Whether all of a chunk of so many items can come back in its cell. */
static inline bool plait__chunk_is_small(const plait_task *task, size_t count) {
    return count == 1 && task->result_size <= PLAIT__CELL_RESULT - sizeof(struct plait__chunk_back) &&
           task->result_kind != PLAIT_KIND_STRING && task->result_kind != PLAIT_KIND_BYTES;
}

/* What the array of results takes; 0: there is none. */
static inline size_t plait__chunk_results(const plait_task *task, size_t count) {
    size_t size = count * task->result_size;
    return size > PLAIT__CHUNK_RESULTS ? 0 : (size + 15) & ~(size_t)15;
}

/* Runs the chunk on the worker's thread, under the token and in the frame of the cell; what could not even begin is raised
 * there. `progress` of the cell, a release store before each item, counts those that have begun; at the end those that
 * are done. */
void plait__chunk_serve(struct plait__pool_memory *memory, uint32_t cell, const plait_task *task, void *wire);

#endif

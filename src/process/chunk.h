/* chunk.h - a chunk of a map, in the worker. */
#ifndef PLAIT__CHUNK_H
#define PLAIT__CHUNK_H

#include <process/pool_memory.h>

/* Runs the chunk whose wire its errand's face has written: on the worker's thread, under the token and in the frame of the
 * cell. Items' results go to the cell's room for results, or wherever the wire says; `progress` of the cell, a release
 * store for each item, tells the parent how far it came, whatever happens. What it leaves in cell->result (place and
 * size) is what the errand's over() is shown. */
void plait__chunk_serve(struct plait__pool_memory *memory, uint32_t cell, const plait_task *task,
                        const void *wire);

#endif

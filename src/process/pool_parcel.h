/* pool_parcel.h - where the arguments and results of a pool's tasks lie on their way, by their size.
 *
 *   IN_CELL   what fits there: no more memory is touched
 *   IN_ROOM   up to 64 KiB: each cell has a room for arguments and one for a result. Cells are used again newest first,
 *             so only as many rooms as there are tasks in flight ever take memory
 *   IN_FILE   anything: a file in memory (memfd) of the writer's, which the reader opens by /proc/PID/fd. The writer closes
 *             it when the reader has said that he has read: the kernel cleans up after whoever dies
 */
#ifndef PLAIT__POOL_PARCEL_H
#define PLAIT__POOL_PARCEL_H

#include <process/pool_memory.h>
#include <shared/words.h>

enum plait__way { PLAIT__ARGUMENTS, PLAIT__RESULT_BACK };

/* Writes what write(from, wire, room, &size) writes (as plait__wire_write does) to a place that is large enough, and what
 * it is into the cell's parcel. Its file, if it is in one, is the caller's to close. */
struct plait__parcel_source {
    plait_status (*write)(const struct plait__parcel_source *source, void *wire, size_t room, size_t *size,
                          struct plait__words *why);
    const plait_task *task;
    const void *data; /* the struct of arguments, or the result */
    size_t size;      /* of `data`, if it is a wire already */
};
plait_status plait__parcel_write(struct plait__pool_memory *memory, uint32_t cell, enum plait__way way,
                                 const struct plait__parcel_source *source, struct plait__words *why);

/* The wire of a parcel, to read, and to change if it is private. Where it had to be mapped, until plait__parcel_close. */
struct plait__parcel_view {
    char *wire;
    size_t size;
    void *mapped; /* or NULL */
};
/* `writer` is the process that has written it. PLAIT_OK; PLAIT_INVALID: it makes no sense, or the file cannot be
 * opened (any more); PLAIT_NO_MEMORY. */
plait_status plait__parcel_open(struct plait__pool_memory *memory, uint32_t cell, enum plait__way way,
                                int32_t writer, struct plait__parcel_view *view, struct plait__words *why);
void plait__parcel_close(struct plait__parcel_view *view);

#endif

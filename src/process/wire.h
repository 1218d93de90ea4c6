/* wire.h - arguments and results of tasks as bytes that another process can use.
 *
 * A wire is a copy of the struct of arguments, followed by what its strings, bytes and shared objects stand for, in the
 * order of the parameters. Integers, floats and structs are in the struct as they are; so for a task with no other
 * parameters writing is one memcpy, and reading is nothing. For the others the struct holds, on the wire:
 *
 *     a string        its length with the zero byte, or 0 for NULL     then: its bytes
 *     plait_bytes     data: 0 for NULL, else 1; size                   then: its bytes, aligned as malloc aligns
 *     a shared object 0 for NULL, else 1                               then: a plait__travelled, aligned so too
 *
 * A wire holds no address and no offset, so there is none that could point elsewhere: the reader goes along the
 * parameters as the writer did. Whoever reads believes nothing: each length is compared with what is left, each string
 * with its last byte. (A worker that a wild store has damaged must not take its parent along.)
 *
 * Both sides run the same program, or parts of it that agree about the task (task_reference.h), so nothing is
 * converted. Pointers inside structs cannot be seen; the public header says so.
 */
#ifndef PLAIT__WIRE_H
#define PLAIT__WIRE_H

#include <plait/task.h>
#include <shared/words.h>

/* How wires must be aligned. */
enum { PLAIT__WIRE_ALIGNMENT = 16 };

/* Whether a task may be run in another process: PLAIT_OK, or PLAIT_INVALID if a parameter or the result is a pointer;
 * `why` (may be NULL) then says which. */
plait_status plait__wire_allows(const plait_task *task, struct plait__words *why);

/* Whether neither arguments nor result have more than their struct. */
bool plait__wire_is_flat(const plait_task *task);
/* The same of its arguments alone. */
bool plait__wire_args_are_flat(const plait_task *task);

/* ---- arguments ---- */

/* Writes a struct of arguments (NULL: all zero) of a task that may travel to `wire`, if it fits into `room` bytes. *size is
 * what it takes; if that is more than `room` the wire is of no use: find more room and write again. (As with snprintf,
 * `room` may be 0.) What strings and bytes point at is read during the call only. PLAIT_OK; PLAIT_INVALID: bytes without
 * data that have a size, or a size that no memory has, or a shared object that cannot travel (any more); `why` (may be
 * NULL) says which. */
plait_status plait__wire_write(const plait_task *task, const void *args, void *wire, size_t room,
                               size_t *size, struct plait__words *why);

/* From a wire of that size back to arguments, in place: *args points to the struct, at the wire's beginning, and the struct
 * into the wire, which must stay. Once for each time that it was written. Shared objects are attached, with a reference:
 * when the task has run, plait__wire_drop. PLAIT_OK; PLAIT_INVALID: it is damaged; PLAIT_NO_MEMORY and others: a shared
 * object cannot be attached. */
plait_status plait__wire_read(const plait_task *task, void *wire, size_t size, void **args,
                              struct plait__words *why);

/* References to the shared objects among the arguments: the sender's, so that they are there until the task has run, and
 * those that reading has made. `args` may be NULL. */
void plait__wire_keep(const plait_task *task, const void *args);
void plait__wire_drop(const plait_task *task, const void *args);

/* ---- a result: the same ---- */

plait_status plait__wire_write_result(const plait_task *task, const void *result, void *wire, size_t room,
                                      size_t *size, struct plait__words *why);
/* Copies the result to `result`. What its string or bytes point at is allocated, for plait__release: *block, or NULL.
 * PLAIT_OK, PLAIT_INVALID (damaged), PLAIT_NO_MEMORY: nothing was changed then. */
plait_status plait__wire_read_result(const plait_task *task, const void *wire, size_t size, void *result,
                                     void **block, struct plait__words *why);

#endif

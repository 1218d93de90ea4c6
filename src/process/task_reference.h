/* task_reference.h - how another process finds a task: by its module, its place in it and its name.
 *
 * Addresses differ from process to process (each is loaded where chance wants it), so a task is named by the module
 * that its descriptor lies in (the program itself, or a library by its build id, or without one by its path) and how far
 * from the module's beginning it lies there. The finder believes none of that: the place must lie in a part of the
 * module that can be read, and the descriptor found there must have the same version, name and sizes.
 *
 * Both directions walk through what is loaded, which takes about a microsecond: whoever sends a task again and again
 * keeps its reference, and whoever runs it again and again keeps what was found. In the program that is for ever;
 * a library may be unloaded, and whoever does that while its tasks are on their way asks for what it gets.
 */
#ifndef PLAIT__TASK_REFERENCE_H
#define PLAIT__TASK_REFERENCE_H

#include <plait/task.h>
#include <shared/words.h>

/* Plain data of one size, without addresses: may lie in shared memory and be compared as bytes. */
struct plait__task_reference {
    uint64_t module;         /* a hash of its path; 0: the program */
    uint64_t build;          /* a hash of its build id; 0: it has none */
    uint64_t offset;         /* of the descriptor */
    uint64_t name;           /* a hash of the task's name */
    uint64_t shape;          /* a hash of its parameters' kinds and places, and its result's */
    char task[44], file[44]; /* cut, for people */
};

/* PLAIT_OK; PLAIT_INVALID: the descriptor lies in no loaded module (somebody has made it by hand), or was compiled for
 * another version of plait. `why` may be NULL. Thread-safe. */
plait_status plait__task_refer(const plait_task *task, struct plait__task_reference *reference,
                               struct plait__words *why);

/* NULL: this process does not have that task; `why` (may be NULL) says "the task 'x' of plugin.so is not loaded in this
 * process", or what else it is. Thread-safe. */
const plait_task *plait__task_find(const struct plait__task_reference *reference, struct plait__words *why);

#endif

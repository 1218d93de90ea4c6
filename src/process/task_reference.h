/* task_reference.h - how another process finds a task: by its module, its place in it and its name.
 *
 * Addresses differ from process to process (each is loaded where chance wants it), so a task is named by the module
 * that its descriptor lies in (the program itself, or a shared library by its path and build id) and how far from the
 * module's beginning it lies there. The finder believes none of that: the place must lie in a part of the
 * module that can be read, and the descriptor found there must have the same version, name and sizes.
 *
 * References are plain data of one size: they may lie in shared memory and be compared as bytes. Both directions are remembered,
 * so each is a look into a table but for the first time; what is remembered of a library is forgotten when any
 * library is unloaded.
 */
#ifndef PLAIT__TASK_REFERENCE_H
#define PLAIT__TASK_REFERENCE_H

#include <plait/task.h>
#include <process/words.h>

struct plait__task_reference {
    uint64_t module;         /* a hash of its path; 0: the program */
    uint64_t build;          /* a hash of its build id; 0: it has none */
    uint64_t offset;         /* of the descriptor */
    uint64_t name;           /* a hash of the task's name */
    uint64_t sizes;          /* a hash of version, parameters and sizes */
    char task[44], file[44]; /* cut, for people */
};

/* PLAIT_OK; PLAIT_INVALID: the descriptor lies in no loaded module (somebody has made it by hand), or is of another
 * version. `why` may be NULL. Thread-safe. */
plait_status plait__task_refer(const plait_task *task, struct plait__task_reference *reference,
                               struct plait__words *why);

/* NULL: this process does not have the task; `why` (may be NULL) says "the task 'x' of plugin.so is not loaded in this
 * process", or what else it is. Thread-safe. */
const plait_task *plait__task_find(const struct plait__task_reference *reference, struct plait__words *why);

#endif

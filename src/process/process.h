/* process.h - a process's handle, seen from inside, and what both sides say to each other.
 *
 *   alive -> ended   once, under `mutex`, by whoever looks first after it has ended: nobody watches it. All that is known of
 *                    the end is written before (release) and not changed after; readers look at `ended` first.
 *
 * To learn of the end one polls the pidfd. Then the child's channel has either its last words (exit code, status,
 * message, result), sent right before it ended, or nothing, and the server's word about how it ended comes at once:
 * then one polls the channel. So the end of a process that ends well is one wake-up.
 *
 * `waiting` counts those who may be polling the descriptors. They are closed when the end is known and nobody is.
 *
 * A process that has not been seen to have ended is in the list of the living, which holds a reference: for the end
 * of the program, and so that one whose last handle was freed is looked at now and then, and freed.
 */
#ifndef PLAIT__PROCESS_H
#define PLAIT__PROCESS_H

#include <base/list.h>
#include <plait/process.h>
#include <process/start.h>
#include <process/task_reference.h>
#include <wait/mutex.h>

struct plait_process {
    uint32_t references;
    uint32_t ended;      /* see above */
    uint32_t read;       /* somebody has learnt of its failure */
    uint32_t generation; /* of the process that started it */
    struct plait__mutex mutex;
    struct plait__link listed; /* among the living; the list's mutex */
    struct plait__child child;
    uint32_t waiting; /* under mutex */
    bool has_status;  /* under mutex: wait_status is known */
    bool has_words;   /* under mutex: status, code, message and result are */
    bool daemon;
    int wait_status;
    int code;
    plait_status status;
    char *message;          /* NULL: none */
    const plait_task *task; /* NULL: untyped */
    void *args;             /* of the task; its shared objects are kept until the end */
    void *result;
    void *result_block; /* what strings and bytes in the result point to */
    char *name;
};

/* What a process is started with; at an aligned place behind it: the wire of the arguments, or the data. */
struct plait__place {
    uint64_t module, build, offset; /* as in task_reference.h */
    char file[44];
};
struct plait__process_job {
    bool typed;
    struct plait__task_reference task;
    struct plait__place function;
};
enum { PLAIT__PROCESS_JOB = (sizeof(struct plait__process_job) + 15) / 16 * 16 };

/* What a child says last. Behind it: the wire of the result, then the message with its zero byte; all that in a file if it is
 * large. */
struct plait__last_words {
    int kind; /* PLAIT__WORD_LAST */
    int code;
    plait_status status;
    bool left; /* by exit or pthread_exit: nobody needs to be told */
    bool has_result;
    bool in_file;
    size_t result_size, message_size;
};

/* The entry of a process (start.h). */
void plait__process_run(const void *data, size_t size, const int *descriptors, size_t count);

/* Whether it has ended, which it finds out. If not, *descriptor is what to poll for POLLIN. */
bool plait__process_ended(plait_process *process, int *descriptor);

static inline bool plait__process_is_own(const plait_process *process) {
    return process->generation == plait__generation();
}

/* ---- the living (process_exit.c) ---- */

/* What must be in place before the first process. */
plait_status plait__living_watch(void);
void plait__living_add(plait_process *process);
/* When it has ended: gives back the list's reference. */
void plait__living_remove(plait_process *process);
/* Looks at a few of those nobody may ask for any more. */
void plait__living_sweep(void);

/* Frees the block of a process that nobody has a handle of. */
void plait__process_release(plait_process *process);

#endif

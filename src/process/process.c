/* process.c - starting a process of the program's, and its handles (process.h). */
#include <base/image.h>
#include <base/memory.h>
#include <base/status.h>
#include <base/text.h>
#include <errno.h>
#include <process/process.h>
#include <process/setup.h>
#include <process/wire.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <unistd.h>

enum { INLINE_JOB = 2048, DEFAULT_NAME_SIZE = sizeof "Process-4294967295" };

static uint32_t last_number; /* of default names */

/* ---- handles ---- */

static size_t aligned(size_t size) {
    return (size + 15) / 16 * 16;
}

/* The block: handle, arguments, result, name. */
static plait_process *make(const plait_process_options *options, const plait_task *task, const void *args) {
    const char *name = options ? options->name : NULL;
    size_t args_size = task ? task->args_size : 0;
    size_t result_size = task ? task->result_size : sizeof(int);
    size_t name_size = name ? strlen(name) + 1 : DEFAULT_NAME_SIZE;
    size_t args_at = aligned(sizeof(plait_process)), result_at = args_at + aligned(args_size);
    size_t name_at = result_at + aligned(result_size);
    plait_process *process = plait__allocate(name_at + name_size);
    if (!process) return NULL;
    char *block = (char *)process;
    process->references = 2; /* the caller's, and the living's */
    process->generation = plait__generation();
    process->daemon = options && options->daemon;
    process->task = task;
    process->args = block + args_at;
    process->result = block + result_at;
    process->name = block + name_at;
    if (task && args) memcpy(process->args, args, args_size);
    if (name)
        memcpy(process->name, name, name_size);
    else
        snprintf(process->name, name_size, "Process-%u", plait__add_relaxed(&last_number, 1) + 1);
    return process;
}

static void close_descriptors(plait_process *process) {
    if (process->child.pidfd >= 0) plait__child_close(&process->child);
}

void plait__process_release(plait_process *process) {
    close_descriptors(process);
    plait__release(process->message);
    plait__release(process->result_block);
    plait__release(process);
}

plait_process *plait_process_keep(plait_process *process) {
    if (process) plait__add_relaxed(&process->references, 1);
    return process;
}

/* (A handle of the parent's, in the child of a fork, tells nobody.) */
void plait_process_free(plait_process *process) {
    if (!process || plait__sub(&process->references, 1) != 1) return;
    if (process->status && !plait__load(&process->read) && plait__process_is_own(process))
        plait__failure_unread(process->status, process->message, process->task ? process->task->name : NULL,
                              process->name);
    plait__process_release(process);
}

int plait_process_pid(const plait_process *process) {
    return process ? (int)process->child.pid : 0;
}

const char *plait_process_name(const plait_process *process) {
    return process ? process->name : NULL;
}

bool plait_process_daemon(const plait_process *process) {
    return process && process->daemon;
}

/* ---- what it is started with ---- */

/* A buffer that is on the stack while it is small. */
struct job {
    size_t size;
    char *at;
    _Alignas(16) char small[INLINE_JOB];
};

static struct plait__process_job *head_of(struct job *job) {
    return (struct plait__process_job *)job->at;
}

static bool job_begin(struct job *job, size_t size) {
    job->size = PLAIT__PROCESS_JOB + size;
    job->at = job->size <= sizeof job->small ? job->small : plait__allocate_unset(job->size);
    if (!job->at) return false;
    memset(job->at, 0, PLAIT__PROCESS_JOB);
    return true;
}

static void job_end(struct job *job) {
    if (job->at != job->small) plait__release(job->at);
}

static plait_status refuse(const struct plait__words *why) {
    return plait__start_fails(PLAIT_INVALID, why->at);
}

static plait_status write_task(struct job *job, const plait_task *task, const void *args) {
    struct plait__words why = {""};
    size_t size = 0;
    plait_status status = plait__wire_allows(task, &why);
    if (status == PLAIT_OK) status = plait__wire_write(task, args, NULL, 0, &size, &why);
    if (status) return refuse(&why);
    if (!job_begin(job, size)) return plait__start_fails(PLAIT_NO_MEMORY, "no memory for the arguments");
    head_of(job)->typed = true;
    status = plait__task_refer(task, &head_of(job)->task, &why);
    if (status == PLAIT_OK)
        status = plait__wire_write(task, args, job->at + PLAIT__PROCESS_JOB, size, &size, &why);
    if (status == PLAIT_OK) return PLAIT_OK;
    job_end(job);
    return refuse(&why);
}

struct placing {
    uintptr_t function;
    struct plait__place *place;
};

static bool place_in(const struct plait__image *image, void *context) {
    struct placing *placing = context;
    if (!plait__image_holds(image, placing->function, 1)) return false;
    *placing->place = (struct plait__place){
        .module = *image->path ? plait__hash_of(image->path, strlen(image->path)) : 0,
        .build = image->build,
        .offset = placing->function - image->base,
    };
    (void)snprintf(placing->place->file, sizeof placing->place->file, "%s",
                   *image->path ? plait__file_name(image->path) : "the program");
    return true;
}

static plait_status write_function(struct job *job, int (*function)(void *data), const void *data,
                                   size_t size) {
    if (!job_begin(job, size)) return plait__start_fails(PLAIT_NO_MEMORY, "no memory for the data");
    struct placing placing = {0, &head_of(job)->function};
    memcpy(&placing.function, &function, sizeof function);
    if (!plait__images(place_in, &placing)) {
        job_end(job);
        return plait__start_fails(PLAIT_INVALID, "the function lies in no program or library");
    }
    if (size) memcpy(job->at + PLAIT__PROCESS_JOB, data, size);
    return PLAIT_OK;
}

/* ---- starting ---- */

static plait_process *launch(plait_process *process, const plait_process_options *options,
                             const struct job *job) {
    const char *name = options ? options->name : NULL;
    struct plait__start start = {
        .entry = plait__process_run,
        .data = job->at,
        .size = job->size,
        .name = name            ? name
                : process->task ? process->task->name
                                : NULL,
        .method = options ? options->method : PLAIT_START_FORKSERVER,
        .force = options && options->force,
    };
    if (process->task) plait__wire_keep(process->task, process->args);
    plait_status status = plait__start_process(&start, &process->child);
    if (status == PLAIT_OK) {
        plait__living_add(process);
        return process;
    }
    if (process->task) plait__wire_drop(process->task, process->args);
    process->child.pidfd = -1;
    plait__process_release(process);
    return NULL;
}

static plait_process *start(const plait_process_options *options, const plait_task *task, const void *args,
                            const struct job *job) {
    plait_status status = plait__living_watch();
    plait_process *process = status ? NULL : make(options, task, args);
    if (process) return launch(process, options, job);
    (void)plait__start_fails(PLAIT_NO_MEMORY, "no memory for a process");
    return NULL;
}

plait_process *plait_process_start_task(const plait_process_options *options, const plait_task *task,
                                        const void *args) {
    struct job job;
    job.at = job.small;
    plait__living_sweep();
    if (!task || task->version != PLAIT_TASK_VERSION || !task->run) {
        (void)plait__start_fails(PLAIT_INVALID, "no task, or one that was compiled for another version");
        return NULL;
    }
    if (write_task(&job, task, args) != PLAIT_OK) return NULL;
    plait_process *process = start(options, task, args, &job);
    job_end(&job);
    return process;
}

plait_process *plait_process_new(const plait_process_options *options, int (*function)(void *data),
                                 const void *data, size_t size) {
    struct job job;
    job.at = job.small;
    plait__living_sweep();
    if (!function || (size && !data) || size > SIZE_MAX / 2) {
        (void)plait__start_fails(PLAIT_INVALID, "no function, or a size without data");
        return NULL;
    }
    if (write_function(&job, function, data, size) != PLAIT_OK) return NULL;
    plait_process *process = start(options, NULL, NULL, &job);
    job_end(&job);
    return process;
}

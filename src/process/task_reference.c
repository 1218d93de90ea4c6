/* task_reference.c - from a task to where another process finds it, and back. */
#include <base/image.h>
#include <base/text.h>
#include <process/task_reference.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 4096, MOST_PARAMETERS = 64 };

/* Whether a string that ends lies there. */
__attribute__((no_sanitize_address)) static bool holds_string(const struct plait__image *image,
                                                              const char *string) {
    for (size_t i = 0; i < LONGEST_NAME; i++) {
        if (!plait__image_holds(image, (uintptr_t)string + i, 1)) return false;
        if (!string[i]) return true;
    }
    return false;
}

/* Whether all that a reader looks at lies in this module: the descriptor, its parameters, and their names. What lies
 * there may be anything, also the gaps between variables that the address sanitizer guards. */
__attribute__((no_sanitize_address)) static bool holds_task(const struct plait__image *image,
                                                            const plait_task *task) {
    uintptr_t at = (uintptr_t)task;
    if (at % _Alignof(plait_task) || !plait__image_holds(image, at, sizeof *task)) return false;
    if (task->version != PLAIT_TASK_VERSION || !task->run || task->count > MOST_PARAMETERS) return false;
    if (!holds_string(image, task->name)) return false;
    at = (uintptr_t)task->parameters;
    return at % _Alignof(plait_parameter) == 0 &&
           plait__image_holds(image, at, task->count * sizeof *task->parameters);
}

static uint64_t shape_of(const plait_task *task) {
    uint64_t shape[4] = {task->count, task->args_size, task->result_size, (uint64_t)task->result_kind};
    uint64_t hash = plait__hash_of(shape, sizeof shape);
    for (uint32_t i = 0; i < task->count; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        uint64_t next[4] = {hash, (uint64_t)parameter->kind, parameter->offset, parameter->size};
        hash = plait__hash_of(next, sizeof next);
    }
    return hash;
}

static uint64_t hash_of_string(const char *string) {
    return plait__hash_of(string, strlen(string));
}

static uint64_t module_of(const struct plait__image *image) {
    return *image->path ? hash_of_string(image->path) : 0;
}

/* ---- from a task ---- */

struct referring {
    const plait_task *task;
    struct plait__task_reference *reference;
};

static bool refer_in(const struct plait__image *image, void *context) {
    struct referring *referring = context;
    struct plait__task_reference *reference = referring->reference;
    const plait_task *task = referring->task;
    if (!plait__image_holds(image, (uintptr_t)task, sizeof *task)) return false;
    *reference = (struct plait__task_reference){
        .module = module_of(image),
        .build = image->build,
        .offset = (uintptr_t)task - image->base,
        .name = hash_of_string(task->name),
        .shape = shape_of(task),
    };
    (void)snprintf(reference->task, sizeof reference->task, "%s", task->name);
    (void)snprintf(reference->file, sizeof reference->file, "%s",
                   *image->path ? plait__file_name(image->path) : "the program");
    return true;
}

plait_status plait__task_refer(const plait_task *task, struct plait__task_reference *reference,
                               struct plait__words *why) {
    struct referring referring = {task, reference};
    if (task->version != PLAIT_TASK_VERSION)
        plait__put_words(why, "the task was compiled for another version of plait");
    else if (!plait__images(refer_in, &referring))
        plait__put_words(why,
                         "the task '%.64s' lies in no program or library: another process could not find it",
                         task->name);
    else
        return PLAIT_OK;
    return PLAIT_INVALID;
}

/* ---- and back ---- */

struct finding {
    const struct plait__task_reference *reference;
    bool other_build, not_there; /* the module was found, but */
    const plait_task *task;
};

/* By its build id, which also tells a library at another path; else by its path. */
static bool is_module(const struct plait__image *image, struct finding *finding) {
    const struct plait__task_reference *reference = finding->reference;
    if (image->build && image->build == reference->build) return true;
    if (module_of(image) != reference->module) return false;
    finding->other_build = image->build != reference->build;
    return !finding->other_build;
}

static bool find_in(const struct plait__image *image, void *context) {
    struct finding *finding = context;
    const struct plait__task_reference *reference = finding->reference;
    if (!is_module(image, finding)) return false;
    const plait_task *task = (const plait_task *)(image->base + (uintptr_t)reference->offset);
    if (holds_task(image, task) && hash_of_string(task->name) == reference->name &&
        shape_of(task) == reference->shape)
        finding->task = task;
    else
        finding->not_there = true;
    return finding->task != NULL;
}

const plait_task *plait__task_find(const struct plait__task_reference *reference, struct plait__words *why) {
    struct finding finding = {.reference = reference};
    if (plait__images(find_in, &finding)) return finding.task;
    const int most = sizeof reference->task - 1;
    plait__put_words(why, "the task '%.*s' of %.*s %s", most, reference->task, most, reference->file,
                     finding.not_there ? "is not where it was: this process has another one there"
                     : finding.other_build
                         ? "is not loaded in this process, which has another build of the file"
                         : "is not loaded in this process");
    return NULL;
}

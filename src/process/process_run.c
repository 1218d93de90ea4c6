/* process_run.c - a process of the program's from the inside: runs its task or function, and says its last words.
 *
 * The last words are said right before the end, when threads have ended and handlers have run: who hears them can rely
 * on the process being over. exit in the middle of the task comes here, too.
 */
#include <base/image.h>
#include <base/memory.h>
#include <base/os_process.h>
#include <process/job.h>
#include <process/process.h>
#include <process/wire.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <unistd.h>

/* What is to be said; written by the main thread. */
static struct {
    bool done; /* the task is; else somebody has called exit in the middle of it */
    plait_status status;
    bool left;
    char *message;
    const plait_task *task;
    void *result;
} outcome;

/* ---- last words ---- */

static void send_words(struct plait__last_words *words, const char *body, size_t size) {
    int file = -1;
    if (size > PLAIT__JOB_INLINE) {
        file = plait__file_of(body, size);
        words->in_file = true;
    }
    (void)plait__send(plait__child_channel(), words, sizeof *words, body, words->in_file ? 0 : size, &file,
                      file >= 0);
}

/* The result in words that fit, or a larger wire of it, allocated. */
static char *write_result(struct plait__last_words *words, char *small, size_t room) {
    struct plait__words why = {""};
    const plait_task *task = outcome.task;
    size_t size = 0;
    char *body = small;
    plait_status status = plait__wire_write_result(task, outcome.result, small, room, &size, &why);
    if (status == PLAIT_OK && size > room) {
        body = plait__allocate_unset(size);
        status = body ? plait__wire_write_result(task, outcome.result, body, size, &size, &why)
                      : PLAIT_NO_MEMORY;
    }
    if (status == PLAIT_OK) {
        words->has_result = true;
        words->result_size = size;
        return body;
    }
    words->status = status;
    words->code = 1;
    return small;
}

static void say(int code) {
    _Alignas(16) char small[1024];
    struct plait__last_words words = {.kind = PLAIT__WORD_LAST, .code = code & 0xff};
    char *body = small;
    if (!outcome.done) {
        words.left = true;
        words.status = outcome.task ? PLAIT_FAILED : PLAIT_OK;
        int length = snprintf(small, sizeof small, "the task called exit(%d)", code);
        words.message_size = outcome.task ? (size_t)length + 1 : 0;
    } else if (outcome.status) {
        words.status = outcome.status;
        words.left = outcome.left;
        if (outcome.message) {
            body = outcome.message;
            words.message_size = strlen(body) + 1;
        }
    } else if (outcome.task) {
        body = write_result(&words, small, sizeof small);
    }
    send_words(&words, body, words.result_size + words.message_size);
}

/* ---- the task ---- */

static void fail(plait_status status, const char *message) {
    outcome.done = true;
    outcome.status = status;
    outcome.message = plait__copy_string(message);
}

static void left_early(void *unused) {
    (void)unused;
    fail(PLAIT_FAILED, "the task was left by pthread_exit");
    plait__child_end(1);
}

/* A task that forks has two ends. The child's is nobody's: the program's exit handlers are none of its. */
static void leave_forks(void) {
    if (plait__is_child()) return;
    fflush(NULL);
    _exit(0);
}

static void run_task(const struct plait__process_job *job, void *wire, size_t size) {
    struct plait__words why = {""};
    struct plait__frame frame;
    void *args;
    const plait_task *task = plait__task_find(&job->task, &why);
    if (!task) {
        fail(PLAIT_INVALID, why.at);
        return;
    }
    plait_status status = plait__wire_read(task, wire, size, &args, &why);
    outcome.result = plait__allocate(task->result_size + 1);
    if (!outcome.result && !status) status = PLAIT_NO_MEMORY;
    if (status) {
        fail(status, *why.at ? why.at : plait_status_text(status));
        return;
    }
    outcome.task = task;
    plait__frame_begin(&frame, task->name);
    pthread_cleanup_push(left_early, NULL);
    task->run(args, outcome.result);
    pthread_cleanup_pop(0);
    leave_forks();
    outcome.status = plait__frame_end(&frame);
    outcome.message = plait__frame_take(&frame);
    outcome.done = true;
}

/* ---- the function ---- */

struct finding {
    const struct plait__place *place;
    uintptr_t function;
};

static bool find_in(const struct plait__image *image, void *context) {
    struct finding *finding = context;
    const struct plait__place *place = finding->place;
    uint64_t module = *image->path ? plait__hash_of(image->path, strlen(image->path)) : 0;
    uintptr_t at = image->base + (uintptr_t)place->offset;
    if (module != place->module || image->build != place->build || !plait__image_holds(image, at, 1))
        return false;
    finding->function = at;
    return true;
}

static int run_function(const struct plait__process_job *job, void *data) {
    struct finding finding = {&job->function, 0};
    int (*function)(void *);
    if (!plait__images(find_in, &finding)) {
        struct plait__words why;
        plait__put_words(&why, "the function of %.44s is not loaded in this process", job->function.file);
        fail(PLAIT_INVALID, why.at);
        return 1;
    }
    memcpy(&function, &finding.function, sizeof function);
    int code = 1;
    pthread_cleanup_push(left_early, NULL);
    code = function(data);
    pthread_cleanup_pop(0);
    leave_forks();
    outcome.done = true;
    return code;
}

void plait__process_run(const void *data, size_t size, const int *descriptors, size_t count) {
    (void)descriptors;
    (void)count;
    const struct plait__process_job *job = data;
    char *rest = (char *)(uintptr_t)data + PLAIT__PROCESS_JOB; /* the process's own copy */
    plait__child_says_last(say);
    if (job->typed) {
        run_task(job, rest, size - PLAIT__PROCESS_JOB);
        plait__child_end(outcome.status ? 1 : 0);
    }
    plait__child_end(run_function(job, size > PLAIT__PROCESS_JOB ? rest : NULL));
}

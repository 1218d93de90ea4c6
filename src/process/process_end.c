/* process_end.c - the end of a process: finding it out, waiting for it, and what came of it. Protocol: process.h. */
#include <base/memory.h>
#include <base/os.h>
#include <errno.h>
#include <process/job.h>
#include <process/process.h>
#include <process/wire.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread/task_frame.h>
#include <unistd.h>
#include <wait/case.h>

/* ---- what the channel says ---- */

/* The whole of a file in memory, allocated; NULL when memory is out or it is damaged. */
static char *read_file(int file, size_t *size) {
    struct stat about;
    if (fstat(file, &about) != 0 || about.st_size <= 0) return NULL;
    char *data = plait__allocate_unset((size_t)about.st_size);
    size_t done = 0;
    while (data && done < (size_t)about.st_size) {
        ssize_t got = pread(file, data + done, (size_t)about.st_size - done, (off_t)done);
        if (got <= 0) break;
        done += (size_t)got;
    }
    *size = done;
    return data;
}

/* The child may have been damaged before it said this: nothing of it is believed. */
static void take_words(plait_process *process, const struct plait__last_words *words, const char *body,
                       size_t size) {
    process->has_words = true;
    process->code = words->code;
    process->status = words->status < 0 ? PLAIT_FAILED : words->status;
    if (words->left) plait__store(&process->read, 1);
    if (!body || words->result_size > size || words->message_size > size - words->result_size) {
        if (process->status == PLAIT_OK && size) process->status = PLAIT_NO_MEMORY;
        return;
    }
    const char *message = body + words->result_size;
    if (words->message_size && !message[words->message_size - 1])
        process->message = plait__copy_string(message);
    if (process->status || !process->task || !words->has_result) return;
    process->status = plait__wire_read_result(process->task, body, words->result_size, process->result,
                                              &process->result_block, NULL);
}

/* True if there was a message. */
static bool hear(plait_process *process) {
    struct plait__last_words words = {.kind = -1};
    _Alignas(16) char body[PLAIT__JOB_INLINE];
    int file;
    size_t count = 1;
    ssize_t got = plait__receive(process->child.channel, &words, sizeof words, body, sizeof body, &file,
                                 &count, MSG_DONTWAIT);
    if (got < (ssize_t)sizeof(struct plait__word)) return false;
    if (words.kind == PLAIT__WORD_STATUS) {
        struct plait__word word;
        memcpy(&word, &words, sizeof word);
        process->wait_status = word.wait_status;
        process->has_status = true;
    } else if (got >= (ssize_t)sizeof words && words.kind == PLAIT__WORD_LAST && !process->has_words) {
        size_t size = (size_t)got - sizeof words;
        char *data = words.in_file && count ? read_file(file, &size) : NULL;
        take_words(process, &words, words.in_file ? data : body, words.in_file && !data ? 1 : size);
        plait__release(data);
    }
    if (count) close(file);
    return true;
}

/* ---- the end ---- */

/* "SIGSEGV (core dumped)" */
static void name_signal(int wait_status, char *name, size_t size) {
    int number = WTERMSIG(wait_status);
    const char *short_name = sigabbrev_np(number);
    const char *core = WCOREDUMP(wait_status) ? " (core dumped)" : "";
    if (short_name)
        snprintf(name, size, "SIG%s%s", short_name, core);
    else
        snprintf(name, size, "signal %d%s", number, core);
}

static void explain(plait_process *process, const char *what, const char *detail) {
    char words[224];
    snprintf(words, sizeof words, "process %.100s %s%s", process->name, what, detail);
    process->message = plait__copy_string(words);
}

/* It ended without last words. An untyped function may end its process as it likes, but not by a signal. */
static void judge(plait_process *process) {
    char detail[64];
    if (WIFSIGNALED(process->wait_status)) {
        process->code = -WTERMSIG(process->wait_status);
        process->status = PLAIT_CRASHED;
        name_signal(process->wait_status, detail, sizeof detail);
        explain(process, "was killed by ", detail);
        return;
    }
    process->code = WEXITSTATUS(process->wait_status);
    if (!process->task) return;
    process->status = PLAIT_CRASHED;
    snprintf(detail, sizeof detail, "%d", process->code);
    explain(process, "ended before its task was done, with exit code ", detail);
}

static void finish(plait_process *process) {
    if (!process->has_words) judge(process);
    if (!process->task) memcpy(process->result, &process->code, sizeof process->code);
    plait__store_release(&process->ended, 1);
    if (!process->waiting) plait__child_close(&process->child);
}

static bool is_readable(int descriptor) {
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    return plait__os_poll(&one, 1, INT64_MIN) > 0;
}

/* With the mutex: looks, and finishes if all is known. */
static bool look(plait_process *process, int *descriptor) {
    *descriptor = process->child.pidfd;
    if (!is_readable(process->child.pidfd)) return false;
    while (!process->has_words && hear(process)) {}
    if (process->child.own || !process->has_words)
        process->has_status = process->has_status ||
                              plait__child_ended(&process->child, &process->wait_status);
    *descriptor = process->child.channel;
    if (!process->has_words && !process->has_status) return false;
    finish(process);
    return true;
}

bool plait__process_ended(plait_process *process, int *descriptor) {
    *descriptor = -1;
    if (plait__load_acquire(&process->ended)) return true;
    (void)plait__mutex_lock(&process->mutex);
    bool before = process->ended, ended = before || look(process, descriptor);
    plait__mutex_unlock(&process->mutex);
    if (before || !ended) return ended;
    if (process->task) plait__wire_drop(process->task, process->args);
    plait__living_remove(process);
    return true;
}

/* ---- waiting ---- */

static bool case_attempt(plait_case *one) {
    plait_process *process = one->object;
    bool own = plait__process_is_own(process);
    one->status = own ? PLAIT_OK : PLAIT_BROKEN;
    return !own || plait__process_ended(process, &one->descriptor);
}

/* From here until dequeue the descriptors stay open. */
static bool case_enqueue(plait_case *one, struct plait__node *node) {
    plait_process *process = one->object;
    (void)node;
    (void)plait__mutex_lock(&process->mutex);
    bool alive = !process->ended;
    process->waiting += alive;
    plait__mutex_unlock(&process->mutex);
    return alive;
}

static void case_dequeue(plait_case *one, struct plait__node *node) {
    plait_process *process = one->object;
    (void)node;
    (void)plait__mutex_lock(&process->mutex);
    process->waiting--;
    if (process->ended && !process->waiting) plait__child_close(&process->child);
    plait__mutex_unlock(&process->mutex);
}

plait_case plait_case_process(plait_process *process) {
    static const struct plait__case_kind kind = {"process", case_attempt, case_enqueue, case_dequeue};
    return (plait_case){.kind = &kind, .object = process, .events = POLLIN};
}

plait_status plait_process_join_until(plait_process *process, plait_deadline deadline) {
    if (!process) return PLAIT_INVALID;
    plait_case end = plait_case_process(process);
    plait_status status = plait_select_until(&end, 1, NULL, deadline);
    return status ? status : end.status;
}

plait_status plait_process_join(plait_process *process) {
    return plait_process_join_until(process, PLAIT_FOREVER);
}

/* ---- what came of it ---- */

bool plait_process_is_alive(plait_process *process) {
    int descriptor;
    return process && plait__process_is_own(process) && !plait__process_ended(process, &descriptor);
}

static bool fits(const plait_process *process, size_t size, plait_kind kind) {
    const plait_task *task = process->task;
    return task ? size == task->result_size && kind == task->result_kind
                : size == sizeof(int) && kind == PLAIT_KIND_INTEGER;
}

plait_status plait_process_result_as(plait_process *process, void *out, size_t size, plait_kind kind,
                                     plait_deadline deadline) {
    if (!process || (out && !fits(process, size, kind))) return PLAIT_INVALID;
    plait_status status = plait_process_join_until(process, deadline);
    if (status) return status;
    plait__store(&process->read, 1);
    if (process->status) return process->status;
    if (out) memcpy(out, process->result, size);
    return PLAIT_OK;
}

plait_status plait_process_exit_code(plait_process *process, int *code) {
    if (!process) return PLAIT_INVALID;
    if (!plait__process_is_own(process)) return PLAIT_BROKEN;
    if (plait_process_is_alive(process)) return PLAIT_BUSY;
    plait__store(&process->read, 1);
    if (code) *code = process->code;
    return PLAIT_OK;
}

const char *plait_process_message(plait_process *process) {
    if (!process || !plait__process_is_own(process) || plait_process_is_alive(process)) return "";
    if (!process->status) return "";
    plait__store(&process->read, 1);
    return plait__failure_words(process->status, process->message);
}

/* ---- signals ---- */

/* Under the mutex, for the descriptor is closed when it has ended. Who asks for an end learns of it so. */
static plait_status send_signal(plait_process *process, int number) {
    if (!process) return PLAIT_INVALID;
    if (!plait__process_is_own(process)) return PLAIT_BROKEN;
    (void)plait__mutex_lock(&process->mutex);
    int error = process->ended ? ESRCH : plait__child_kill(&process->child, number);
    plait__mutex_unlock(&process->mutex);
    if (!error) plait__store(&process->read, 1);
    if (!error || error == ESRCH) return PLAIT_OK;
    errno = error;
    return PLAIT_ERRNO;
}

plait_status plait_process_terminate(plait_process *process) {
    return send_signal(process, SIGTERM);
}

plait_status plait_process_kill(plait_process *process) {
    return send_signal(process, SIGKILL);
}

plait_status plait_process_interrupt(plait_process *process) {
    return send_signal(process, SIGINT);
}

/* thread.c - starting a thread, its life, and its end.
 *
 * The pthread is detached at once: whoever joins waits in plait's own way, which many can do, with a
 * deadline and a token, and which does not wait for the kernel to take the stack apart.
 *
 * A thread's numbers are known when it runs. Who asks before waits for that:
 *   NOT_YET -> AWAITED     by an asker, under the lock of the parking list of `begun`
 *   either  -> HAS_BEGUN   by the thread, by an exchange (acq_rel: the numbers are written before). If it
 *                          finds AWAITED it wakes the askers, under the list's lock; they park only while
 *                          they see AWAITED under that lock, so none is left.
 * A fork leaves the child handles of threads that had not begun; it sets HAS_BEGUN there, with numbers of 0.
 *
 * pthread_exit in a task unwinds to the cleanup handler below, which ends the thread as any other.
 */
#include <base/memory.h>
#include <base/os.h>
#include <base/status.h>
#include <errno.h>
#include <string.h>
#include <thread/local.h>
#include <thread/registry.h>
#include <thread/thread.h>
#include <wait/cells.h>
#include <wait/parking.h>
#include <wait/token.h>

enum { NOT_YET, AWAITED, HAS_BEGUN };
enum { ALIGNMENT = 16, DEFAULT_NAME_SIZE = sizeof "Thread-4294967295" };

static uint32_t last_number; /* of default names */

/* ---- the numbers ---- */

/* The numbers are what they will be. */
static void announce_begin(plait_thread *thread) {
    if (plait__exchange(&thread->begun, HAS_BEGUN) == AWAITED) plait__unpark_all(&thread->begun);
}

void plait__thread_begin(plait_thread *thread, struct plait__self *self) {
    plait__store(&thread->ident, self->ident);
    plait__store(&thread->native_id, plait__os_native_id());
    announce_begin(thread);
}

void plait__thread_vanish(plait_thread *thread) {
    plait__store(&thread->begun, HAS_BEGUN);
}

static bool must_wait_for_begin(plait_thread *thread) {
    uint32_t word = NOT_YET;
    return plait__cas(&thread->begun, &word, AWAITED) || word == AWAITED;
}

static void await_begin(plait_thread *thread) {
    struct plait__wait_list *list = plait__parking(&thread->begun);
    struct plait__park how = {.kind = "thread start", .deadline = PLAIT_FOREVER};
    while (plait__load_acquire(&thread->begun) != HAS_BEGUN) {
        plait__mutex_lock(&list->mutex);
        if (must_wait_for_begin(thread))
            plait__park(list, &thread->begun, &how);
        else
            plait__mutex_unlock(&list->mutex);
    }
}

/* The handle is const for those who ask, but waiting leaves a mark in it. */
static void know_numbers(const plait_thread *thread) {
    if (thread->origin == PLAIT__STARTED) await_begin((plait_thread *)(uintptr_t)thread);
}

uint32_t plait_thread_ident(const plait_thread *thread) {
    if (!thread) return 0;
    know_numbers(thread);
    return plait__load(&thread->ident);
}

uint32_t plait_thread_native_id(const plait_thread *thread) {
    if (!thread) return 0;
    know_numbers(thread);
    return plait__load(&thread->native_id);
}

/* ---- the life of a thread ---- */

struct life {
    plait_thread *thread;
    plait_token *before;
    struct plait__frame frame;
};

static void finish(struct life *life) {
    plait_thread *thread = life->thread;
    struct plait__self *self = plait__self();
    PLAIT__STEP();
    plait_status status = plait__frame_end(&life->frame);
    plait__locals_end(self);
    plait_token_leave(life->before);
    plait_token *token = thread->token;
    thread->token = NULL; /* before it is freed: the child of a fork frees what it finds here */
    plait_token_free(token);
    plait__cells_end(self); /* before anybody can know that the thread has ended */
    plait__thread_end(thread, status, plait__frame_take(&life->frame));
    plait__registry_remove(thread);
    self->thread = NULL;
    plait__exit_last_doings(thread->counted);
    if (status) plait__registry_add_failed(thread);
    plait_thread_free(thread);
    plait__exit_done();
}

/* pthread_exit (or pthread_cancel) has unwound the task. */
static void left_early(void *argument) {
    struct life *life = argument;
    life->frame.outer = NULL; /* frames inside this one are gone */
    plait__self()->task = &life->frame;
    if (!life->frame.raised) (void)plait_raise(PLAIT_FAILED, "the task was left by pthread_exit");
    finish(life);
}

static void *live(void *argument) {
    plait_thread *thread = argument;
    struct life life = {.thread = thread};
    struct plait__self *self = plait__self();
    self->thread = thread;
    PLAIT__BEGINS(thread->name, plait__thread_task_name(thread));
    if (thread->shown_name) plait__os_name_thread(thread->shown_name);
    plait__thread_begin(thread, self);
    life.before = plait_token_enter(thread->token);
    plait__frame_begin(&life.frame, plait__thread_task_name(thread));
    pthread_cleanup_push(left_early, &life);
    if (thread->task)
        thread->task->run(thread->args, thread->result);
    else
        *(void **)thread->result = thread->function(thread->argument);
    pthread_cleanup_pop(0);
    finish(&life);
    return NULL;
}

/* ---- starting ---- */

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The block: handle, arguments, result, name. */
static plait_thread *allocate(const char *name, const plait_task *task) {
    size_t args_size = task ? task->args_size : 0;
    size_t result_size = task ? task->result_size : sizeof(void *);
    size_t name_size = name ? strlen(name) + 1 : DEFAULT_NAME_SIZE;
    size_t args_at = aligned(sizeof(plait_thread));
    size_t result_at = args_at + aligned(args_size), name_at = result_at + aligned(result_size);
    char *block = plait__allocate(name_at + name_size);
    if (!block) return NULL;
    plait_thread *thread = (plait_thread *)(void *)block;
    thread->args = block + args_at;
    thread->result = block + result_at;
    thread->result_size = result_size;
    thread->result_kind = task ? task->result_kind : PLAIT_KIND_POINTER;
    thread->name = block + name_at;
    if (name) memcpy(thread->name, name, name_size);
    return thread;
}

/* Every start comes by here, and printf would be a good part of what plait adds to it. */
static void name_by_default(plait_thread *thread) {
    uint32_t number = plait__add_relaxed(&last_number, 1) + 1;
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    static const char begin[] = "Thread-";
    memcpy(thread->name, begin, sizeof begin - 1);
    char *end = thread->name + sizeof begin - 1;
    while (count) *end++ = digits[--count];
}

/* Without options: as the thread that starts it, if that is one of plait's. */
static bool daemon_by_default(void) {
    const plait_thread *starter = plait__self()->thread;
    return starter && starter->origin == PLAIT__STARTED && starter->daemon;
}

static plait_thread *make(const plait_thread_options *options, const plait_task *task) {
    const char *name = options ? options->name : NULL;
    plait_thread *thread = allocate(name, task);
    if (!thread) return NULL;
    thread->references = 2;
    thread->origin = PLAIT__STARTED;
    thread->task = task;
    thread->daemon = options ? options->daemon : daemon_by_default();
    thread->counted = !thread->daemon;
    if (!name) name_by_default(thread);
    thread->shown_name = name ? thread->name : task ? task->name : NULL;
    thread->token = plait__token_keep(plait_token_current());
    return thread;
}

/* It was not started after all. Somebody may have got a handle from the registry: to him it has ended. */
static void call_off(plait_thread *thread) {
    plait__registry_remove(thread);
    plait_token_free(thread->token);
    thread->token = NULL;
    announce_begin(thread);
    plait__store(&thread->read, 1); /* by the starter */
    thread->at_end = NULL;
    plait__thread_end(thread, PLAIT_BROKEN, NULL);
    if (thread->counted) plait__exit_uncount();
    plait_thread_free(thread); /* the program's reference, and the thread's own */
    plait_thread_free(thread);
}

/* Why the system did not start a thread. */
static void set_error(int error) {
    errno = error;
    plait__set_last_error(error == EINVAL ? PLAIT_INVALID : error == ENOMEM ? PLAIT_NO_MEMORY : PLAIT_ERRNO);
}

static plait_thread *launch(plait_thread *thread, size_t stack_size) {
    plait__registry_add(thread);
    if (thread->counted) plait__exit_count();
    pthread_t pthread;
    int failed = plait__os_thread_start(&pthread, stack_size, live, thread);
    if (!failed) {
        pthread_detach(pthread);
        return thread;
    }
    call_off(thread);
    set_error(failed);
    return NULL;
}

/* What must be in place before the first thread. The main thread must be known as such when it ends. */
static bool ready(void) {
    plait__thread_watch_forks();
    if (!plait__self()->thread) (void)plait_thread_main();
    plait_status status = plait__exit_watch();
    if (status) plait__set_last_error(status);
    return status == PLAIT_OK;
}

plait_thread *plait__thread_start(const plait_thread_options *options, const plait_task *task,
                                  const void *args, void (*at_end)(plait_thread *thread, void *context),
                                  void *context) {
    if (!task || task->version != PLAIT_TASK_VERSION || !task->run) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_thread *thread = ready() ? make(options, task) : NULL;
    if (!thread) return NULL;
    if (args) memcpy(thread->args, args, task->args_size);
    thread->at_end = at_end;
    thread->context = context;
    return launch(thread, options ? options->stack_size : 0);
}

plait_thread *plait_thread_start(const plait_thread_options *options, const plait_task *task,
                                 const void *args) {
    return plait__thread_start(options, task, args, NULL, NULL);
}

plait_thread *plait_thread_new(const plait_thread_options *options, void *(*function)(void *),
                               void *argument) {
    if (!function) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_thread *thread = ready() ? make(options, NULL) : NULL;
    if (!thread) return NULL;
    thread->function = function;
    thread->argument = argument;
    return launch(thread, options ? options->stack_size : 0);
}

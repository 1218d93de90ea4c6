/* excepthook.c - where failures go that nobody asked for.
 *
 * Hook and context belong together, so a mutex guards the pair; it is never held while a hook runs, and
 * a fork waits for it (thread/fork.c), so that the child finds it free.
 */
#include <stdio.h>
#include <thread/excepthook.h>
#include <thread/task_frame.h>

static struct plait__mutex mutex;
static plait_excepthook *current_hook; /* NULL: the default. Under mutex, with its context */
static void *current_context;

static void write_line(const plait_failure *failure) {
    const char *open = failure->task ? " (" : "", *task = failure->task ? failure->task : "";
    const char *close = failure->task ? ")" : "";
    fprintf(stderr, "plait: thread %s%s%s%s: %s: %s\n", failure->thread, open, task, close,
            plait_status_name(failure->status), failure->message);
}

static void tell(const plait_failure *failure) {
    write_line(failure);
    PLAIT__UNHEARD(failure->message);
}

void plait_excepthook_set(plait_excepthook *hook, void *context) {
    plait__mutex_lock(&mutex);
    current_hook = hook;
    current_context = context;
    plait__mutex_unlock(&mutex);
}

void plait__failure_unread(plait_status status, const char *message, const char *task, const char *thread) {
    plait_failure failure = {status, plait__failure_words(status, message), task,
                             thread ? thread : "without a name"};
    plait__mutex_lock(&mutex);
    plait_excepthook *hook = current_hook;
    void *context = current_context;
    plait__mutex_unlock(&mutex);
    if (hook)
        hook(&failure, context);
    else
        tell(&failure);
}

struct plait__mutex *plait__excepthook_mutex(void) {
    return &mutex;
}

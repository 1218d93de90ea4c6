/* process_exit.c - the list of living processes, and what the end of the program does with them.
 *
 * A process whose last handle was freed is referred to by this list alone, and nobody will look whether it has ended: each
 * start looks at a few, so that there are never many of them.
 *
 * Exit asks (thread/exit.c) when no thread is awaited any more: daemons get SIGTERM, then each process is waited
 * for, one after the other, and at last the server ends. A process that is waited for is kept, not listed; one that starts
 * meanwhile is in the list when exit asks again.
 */
#include <base/memory.h>
#include <process/process.h>
#include <process/setup.h>
#include <pthread.h>
#include <stdio.h>
#include <thread/registry.h>

#define PATIENCE 2.0 /* seconds, before a daemon is killed, and who takes long is named */
enum { SWEPT = 3 };  /* looked at by each start */

static struct plait__mutex mutex;
static struct plait__list living;
static uint32_t count; /* of them; under the mutex */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static plait_process *process_of(struct plait__link *link) {
    return plait__of_link(link, plait_process, listed);
}

void plait__living_add(plait_process *process) {
    (void)plait__mutex_lock(&mutex);
    plait__list_append(&living, &process->listed);
    count++;
    plait__mutex_unlock(&mutex);
}

void plait__living_remove(plait_process *process) {
    (void)plait__mutex_lock(&mutex);
    bool listed = plait__linked(&process->listed);
    if (listed) {
        plait__list_remove(&process->listed);
        count--;
    }
    plait__mutex_unlock(&mutex);
    if (listed) plait_process_free(process);
}

/* The first goes to the end, so that all have their turn. To be freed; NULL: there is none, or one with handles where
 * only those let go are wanted. */
static plait_process *next(bool let_go) {
    plait_process *found = NULL;
    (void)plait__mutex_lock(&mutex);
    struct plait__link *first = plait__list_first(&living);
    if (first) {
        plait__list_remove(first);
        plait__list_append(&living, first);
        if (!let_go || plait__load(&process_of(first)->references) == 1)
            found = plait_process_keep(process_of(first));
    }
    plait__mutex_unlock(&mutex);
    return found;
}

static void look_at(uint32_t many, bool let_go) {
    while (many--) {
        int descriptor;
        plait_process *process = next(let_go);
        if (process) (void)plait__process_ended(process, &descriptor);
        plait_process_free(process);
    }
}

void plait__living_sweep(void) {
    look_at(SWEPT, true);
}

static uint32_t count_living(void) {
    (void)plait__mutex_lock(&mutex);
    uint32_t many = count;
    plait__mutex_unlock(&mutex);
    return many;
}

size_t plait_process_enumerate(plait_process **processes, size_t room) {
    size_t found = 0;
    look_at(count_living(), false); /* those that have ended leave the list */
    (void)plait__mutex_lock(&mutex);
    struct plait__link *link = plait__list_first(&living);
    for (; link; link = plait__list_after(&living, link), found++)
        if (processes && found < room) processes[found] = plait_process_keep(process_of(link));
    plait__mutex_unlock(&mutex);
    return found;
}

/* ---- the end of the program ---- */

/* To be freed; NULL: none is left. */
static plait_process *keep_first(void) {
    (void)plait__mutex_lock(&mutex);
    struct plait__link *first = plait__list_first(&living);
    plait_process *process = first ? plait_process_keep(process_of(first)) : NULL;
    plait__mutex_unlock(&mutex);
    return process;
}

static void terminate_daemons(void) {
    (void)plait__mutex_lock(&mutex);
    for (struct plait__link *link = plait__list_first(&living); link; link = plait__list_after(&living, link))
        if (process_of(link)->daemon) (void)plait_process_terminate(process_of(link));
    plait__mutex_unlock(&mutex);
}

static void wait_for(plait_process *process) {
    plait_status status = plait_process_join_until(process, plait_after(PATIENCE));
    if (status == PLAIT_TIMEOUT && process->daemon)
        (void)plait_process_kill(process);
    else if (status == PLAIT_TIMEOUT)
        fprintf(stderr, "plait: the end of the program waits for process %s%s%s%s, pid %d\n", process->name,
                process->task ? " (" : "", process->task ? process->task->name : "", process->task ? ")" : "",
                plait_process_pid(process));
    /* Without a descriptor to wait with there is no waiting. */
    while (status != PLAIT_OK && status != PLAIT_ERRNO) status = plait_process_join(process);
    plait__living_remove(process);
}

static bool leave(void) {
    plait_process *process = keep_first();
    if (!process) {
        plait__server_end();
        return false;
    }
    plait_shield_enter();
    terminate_daemons();
    do {
        wait_for(process);
        plait_process_free(process);
    } while ((process = keep_first()));
    plait_shield_leave();
    return true;
}

/* ---- forks ---- */

static void prepare(void) {
    (void)plait__mutex_lock(&mutex);
}

static void parent(void) {
    plait__mutex_unlock(&mutex);
}

/* The parent's processes are not the child's. Handles that the child has of them stay. */
static void child(void) {
    for (struct plait__link *link; (link = plait__list_first(&living)) != NULL;) {
        plait__list_remove(link);
        if (plait__sub(&process_of(link)->references, 1) == 1) plait__process_release(process_of(link));
    }
    count = 0;
    plait__mutex_unlock(&mutex);
}

static void process_begins(void) {
    plait__thread_watch_forks();
    (void)pthread_atfork(prepare, parent, child);
    plait__exit_asks(leave);
}

plait_status plait__living_watch(void) {
    pthread_once(&once, process_begins);
    return plait__exit_watch();
}

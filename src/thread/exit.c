/* exit.c - leaving the program: it waits for the threads that are not daemons.
 *
 * `awaited` counts them: each from before its start until the very last of its doings (its failure has
 * reached the excepthook by then). A thread that is itself in exit or plait_shutdown is taken out of the
 * count, so that nobody waits for one who waits for him; exit also ends its handle, so that those who
 * join it go on. That a thread is counted stands in its handle, and in `ending` when the handle is about
 * to go: the excepthook may call exit.
 *
 * No wake-up is lost: who takes the count to zero then locks the parking list of `awaited` and wakes all
 * that are parked there, if it is zero still; a waiter parks only while it sees a count above zero under that
 * lock. If it is zero no more, some may have parked after it was, on behalf of whoever is counted now, who will
 * take it to zero again. So who is woken has seen a moment at which nobody was left, which is all that was
 * promised: two that wait for each other both go on, though the first counts again when it does.
 *
 * The C library runs exit handlers on the thread that calls exit. If a second thread calls exit meanwhile,
 * glibc up to 2.40 lets it run the handlers that are left and end the process; later ones make it wait for
 * the first, which then waits for a thread that will not end. Nothing here can tell that thread from any
 * other that takes long; it is named like one.
 */
#include <base/memory.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sync/parked.h>
#include <thread/registry.h>

enum { ASKED = 4 };  /* rooms above that exit asks, at most */
#define PATIENCE 2.0 /* seconds, before the one who takes long is named */

static uint32_t awaited;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool registered;
static bool (*more[ASKED])(void); /* atomic, the free ones NULL; see plait__exit_asks */
static __thread bool ending;      /* the calling thread is counted, and has no handle any more */

void plait__exit_count(void) {
    plait__add_relaxed(&awaited, 1);
}

static void nobody_is_left(void) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(&awaited);
    plait__mutex_lock(&list->mutex);
    if (plait__load_acquire(&awaited) == 0) plait__claim_parked(list, &awaited, UINT32_MAX, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
}

void plait__exit_uncount(void) {
    if (plait__sub(&awaited, 1) == 1) nobody_is_left();
}

void plait__exit_last_doings(bool counted) {
    ending = counted;
}

void plait__exit_done(void) {
    if (!ending) return;
    ending = false;
    plait__exit_uncount();
}

static plait_status wait_for_all(plait_deadline deadline) {
    struct plait__wait_list *list = plait__parking(&awaited);
    struct plait__park how = {.kind = "shutdown", .deadline = deadline};
    plait__mutex_lock(&list->mutex);
    if (plait__load_acquire(&awaited) == 0) {
        plait__mutex_unlock(&list->mutex);
        return PLAIT_OK;
    }
    uint32_t claim = plait__park(list, &awaited, &how);
    if (plait__claimed_node(claim) || plait__load_acquire(&awaited) == 0) return PLAIT_OK;
    return plait__claim_status(claim);
}

plait_status plait_shutdown(plait_deadline deadline) {
    const plait_thread *own = plait__self()->thread;
    bool counted = ending || (own && own->counted);
    if (counted) plait__exit_uncount();
    plait_status status = wait_for_all(deadline);
    if (counted) plait__exit_count();
    return status;
}

static void name_culprit(void) {
    plait_thread *thread = plait__registry_culprit();
    if (!thread) return;
    const char *task = plait__thread_task_name(thread);
    fprintf(stderr, "plait: the end of the program waits for thread %s%s%s%s\n", thread->name,
            task ? " (" : "", task ? task : "", task ? ")" : "");
    plait_thread_free(thread);
}

/* The calling thread will not come back from exit. */
static void end_own(void) {
    plait__exit_done();
    plait_thread *own = plait__self()->thread;
    if (!own) return;
    bool main = own == plait_thread_main();
    bool counted = own->counted;
    plait__store(&own->counted, false);
    plait__store(&own->read, 1);
    plait__thread_end(own, main ? PLAIT_OK : PLAIT_FAILED,
                      main ? NULL : plait__copy_string("the thread called exit"));
    if (counted) plait__exit_uncount();
}

static void report_failures(void) {
    for (plait_thread *thread; (thread = plait__registry_next_failed()); plait_thread_free(thread)) {
        if (plait__exchange(&thread->read, 1)) continue;
        plait__failure_unread(thread->status, thread->message, plait__thread_task_name(thread), thread->name);
    }
}

static void wait_as_long_as_it_takes(void) {
    plait_status status = wait_for_all(plait_after(PATIENCE));
    if (status == PLAIT_TIMEOUT) name_culprit();
    while (status != PLAIT_OK) status = wait_for_all(PLAIT_FOREVER);
}

void plait__exit_asks(bool (*function)(void)) {
    for (int i = 0; i < ASKED; i++) {
        bool (*free)(void) = NULL;
        if (plait__cas(&more[i], &free, function)) return;
    }
}

static bool ask_for_more(void) {
    for (int i = 0; i < ASKED; i++) {
        bool (*ask)(void) = plait__load_acquire(&more[i]);
        if (ask && ask()) return true;
    }
    return false;
}

void plait__exit_leave(void) {
    (void)plait_thread_main(); /* if this is the main thread its handle ends here */
    end_own();
    do {
        wait_as_long_as_it_takes();
    } while (ask_for_more());
    report_failures();
}

static void process_begins(void) {
    registered = atexit(plait__exit_leave) == 0;
}

plait_status plait__exit_watch(void) {
    pthread_once(&once, process_begins);
    return registered ? PLAIT_OK : PLAIT_NO_MEMORY;
}

void plait__exit_after_fork(void) {
    plait__store(&awaited, 0);
    ending = false;
}

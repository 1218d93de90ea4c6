/* watch.c - notices that all threads are asleep for ever.
 *
 * A job of the service thread looks every so often. A look asks the kernel how many threads there are, at an instant t,
 * and then goes through the table of sleepers. If as many are found there as the kernel counted (less the service
 * thread), all of them asleep since before t, then they are all the threads there are, and all of them slept at t.
 * If besides none of them ends by itself, none has been claimed, and the service thread has nothing more to do, then
 * nothing inside the process happens any more. (A wait that has been claimed is in the table for a moment longer, and does
 * not count as asleep.) As "since before t" a whole period is taken: who has only just fallen asleep is looked at again.
 * So one look is enough, and nobody counts anything when waits begin or end.
 *
 * A standstill is known by its youngest sleeper and told once.
 *
 * `on`, the options and the job are guarded by a mutex. `reporting` is set and cleared under it by the service thread,
 * which then wakes who is parked on it: plait_unwatch, which parks only while it sees it set under the parking list's
 * lock.
 */
#include <base/memory.h>
#include <dump/room.h>
#include <dump/words.h>
#include <math.h>
#include <plait/watch.h>
#include <pthread.h>
#include <thread/interrupt.h>
#include <thread/registry.h>
#include <thread/service.h>
#include <wait/parking.h>

enum { DEFAULT_PERIOD = 1 }; /* seconds */

static struct plait__mutex mutex; /* guards what follows */
static bool on;
static plait_watch_options options;
static void look_around(struct plait__job *unused);
static void forget(struct plait__job *unused);
static struct plait__job job = {.run = look_around, .forget = forget};
static uint32_t reporting; /* atomic */

static uint64_t told; /* the youngest sleeper of the standstill that was told last; the service thread's */

struct plait__mutex *plait__dump_watch_mutex(void) {
    return &mutex;
}

/* ---- one look ---- */

struct look {
    uint64_t youngest; /* ticks; when the last of them fell asleep */
    int asleep;
    uint32_t service;
    bool keyboard; /* somebody may press keys, */
    bool cancels;  /* and Ctrl-C cancels what can be cancelled */
    bool hope;     /* something may end a wait */
};

static bool may_end(const struct plait__waiter *waiter, const struct look *look) {
    if (plait__load(&waiter->word) != PLAIT__SLEEPING) return true;
    if (waiter->until != INT64_MAX || waiter->polling || waiter->sharing) return true;
    return look->keyboard && ((waiter->token && look->cancels) || waiter->self->host);
}

static void count(struct plait__waiter *waiter, void *context) {
    struct look *look = context;
    const struct plait__self *self = waiter->self;
    if (self->ident == look->service) return;
    if (plait__load(&self->waiter) != waiter) return; /* there is another wait inside this one */
    look->asleep++;
    look->hope |= may_end(waiter, look);
    uint64_t since = plait__load(&waiter->since);
    if (since > look->youngest) look->youngest = since;
}

/* How many threads there are beside the calling one, the service thread. */
static int others(bool ignore_unknown) {
    if (ignore_unknown) return (int)plait__users() - 1;
    return plait__os_thread_count() - 1;
}

static bool stands_still(const plait_watch_options *how, struct look *look) {
    uint64_t now = plait__os_ticks();
    int threads = others(how->ignore_unknown);
    if (plait__service_may_act() || !plait__registry_all_begun()) return false;
    *look = (struct look){.service = plait__service_ident(),
                          .keyboard = !how->ignore_interrupt,
                          .cancels = plait__interrupt_installed()};
    plait__each_sleeper(count, look);
    if (look->hope || look->asleep == 0 || look->asleep != threads || look->youngest >= now) return false;
    return (double)(now - look->youngest) >= how->every * 1e6 * (double)plait__os_ticks_per_us();
}

static void report(const plait_watch_options *how, const struct look *look) {
    static const char without_memory[] = "plait: all threads are asleep for ever (no memory for a dump)\n";
    struct plait__text text = {0};
    plait__say(&text, "plait: all %d threads are asleep for ever: nobody is left to wake them\n",
               look->asleep);
    bool dumped = plait__say_dump(&text) == PLAIT_OK;
    const char *words = dumped ? text.at : without_memory;
    if (how->report)
        how->report(words, how->context);
    else
        plait__write_to_stderr(words, dumped ? text.length : sizeof without_memory - 1);
    plait__release(text.at);
}

/* ---- the job ---- */

static void finish(void *unused) {
    (void)unused;
    (void)plait__mutex_lock(&mutex);
    plait__store(&reporting, 0);
    /* Somebody may have set it meanwhile. */
    if (on && !job.alarm.set) on = plait__service_set(&job, plait_after(options.every)) == PLAIT_OK;
    plait__mutex_unlock(&mutex);
    plait__unpark_all(&reporting);
}

static void look_around(struct plait__job *unused) {
    struct look look;
    (void)unused;
    (void)plait__mutex_lock(&mutex);
    bool wanted = on;
    plait_watch_options how = options;
    if (wanted) plait__store(&reporting, 1);
    plait__mutex_unlock(&mutex);
    if (!wanted) return;
    pthread_cleanup_push(finish, NULL); /* should the report call pthread_exit */
    if (stands_still(&how, &look) && look.youngest != told) {
        told = look.youngest;
        report(&how, &look);
    }
    pthread_cleanup_pop(1);
}

/* In a forked child. */
static void forget(struct plait__job *unused) {
    (void)unused;
    on = false;
}

/* ---- from outside ---- */

static plait_status begin(void) {
    if (on) (void)plait__service_clear(&job);
    plait_status status = plait__service_set(&job, plait_after(options.every));
    on = status == PLAIT_OK;
    return status;
}

plait_status plait_watch(const plait_watch_options *wanted) {
    plait_watch_options how = {0};
    if (wanted) how = *wanted;
    if (!(how.every >= 0) || isinf(how.every)) return PLAIT_INVALID;
    if (how.every == 0) how.every = DEFAULT_PERIOD;
    if (!how.ignore_unknown && plait__os_thread_count() < 0) return PLAIT_ERRNO;
    (void)plait_thread_main(); /* if that is who calls, it is known from now on */
    plait__dump_watch_forks();
    if (!plait__mutex_lock(&mutex)) return PLAIT_BROKEN;
    options = how;
    plait_status status = begin();
    plait__mutex_unlock(&mutex);
    return status;
}

static void wait_for_report(void) {
    struct plait__wait_list *list = plait__parking(&reporting);
    struct plait__park how = {.kind = "service", .deadline = PLAIT_FOREVER};
    if (plait__service_ident() == plait__self()->ident) return;
    plait__mutex_lock(&list->mutex);
    while (plait__load_acquire(&reporting)) {
        plait__park(list, &reporting, &how);
        plait__mutex_lock(&list->mutex);
    }
    plait__mutex_unlock(&list->mutex);
}

void plait_unwatch(void) {
    if (!plait__mutex_lock(&mutex)) return;
    if (on) (void)plait__service_clear(&job);
    on = false;
    plait__mutex_unlock(&mutex);
    wait_for_report();
}

void plait__dump_watch_after_fork(void) {
    on = false;
    plait__store(&reporting, 0);
}

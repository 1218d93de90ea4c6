/* service.c - the service thread.
 *
 * A mutex guards the heap of alarms, the list of watches and the flag `changed`; the thread takes due work
 * off under it, one at a time, and runs it without it. In between it sits in a select over: something has
 * changed; a watched descriptor; the time of the first alarm. `changed` is set under the mutex by whoever
 * changes what the thread must wait for, who then claims the thread's node, if it is enqueued; enqueuing
 * looks at `changed` under the same mutex. So no change is slept through.
 *
 * `active` is the watch whose callback runs. It is set and cleared under the mutex by the thread, which
 * after clearing it wakes all who are parked on it; they park only while they see it under the parking
 * list's lock, which the waker takes after clearing.
 *
 * The array of cases belongs to the thread. Watching one more makes sure, beforehand, that a larger array
 * lies ready in `spare`, so that the thread itself never needs memory. It exchanges the arrays under the
 * mutex.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <base/os.h>
#include <errno.h>
#include <plait/sleep.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/service.h>
#include <thread/task_frame.h>
#include <unistd.h>
#include <wait/case.h>
#include <wait/parking.h>

enum { STEP = 8 };
#define SHORT_OF_MEANS 0.01 /* seconds between two looks, when waiting cannot be had */

struct cases {
    size_t room;
    plait_case one[];
};

static struct service {
    struct plait__wait_list list; /* its mutex guards all; the thread's node, while it waits */
    bool running;
    bool changed;
    struct plait__alarms alarms;
    struct plait__list watches;
    size_t watched;
    struct cases *cases; /* in use by the thread */
    struct cases *spare; /* larger than that, or NULL */
    const void *active;
    uint32_t thread; /* its ident */
} service;

struct plait__mutex *plait__service_mutex(void) {
    return &service.list.mutex;
}

static void lock(void) {
    (void)plait__mutex_lock(&service.list.mutex);
}

static void unlock(void) {
    plait__mutex_unlock(&service.list.mutex);
}

/* Tells the thread to look again, under the mutex; the wake is sent when it has been given back. */
static void change(struct plait__wakes *wakes) {
    service.changed = true;
    struct plait__link *link = plait__list_first(&service.list.nodes);
    if (link) plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

static bool change_attempt(plait_case *one) {
    lock();
    bool changed = service.changed;
    service.changed = false;
    unlock();
    one->status = PLAIT_OK;
    return changed;
}

static bool change_enqueue(plait_case *one, struct plait__node *node) {
    (void)one;
    lock();
    bool changed = service.changed;
    if (!changed) plait__list_append(&service.list.nodes, &node->link);
    unlock();
    return !changed;
}

static void change_dequeue(plait_case *one, struct plait__node *node) {
    (void)one;
    lock();
    if (plait__linked(&node->link)) plait__list_remove(&node->link);
    unlock();
}

static const struct plait__case_kind change_kind = {"service", change_attempt, change_enqueue,
                                                    change_dequeue};

/* ---- the thread ---- */

/* The first alarm that is due, off the heap, if it was set before the one of this order; else NULL, and when
 * to look again. */
static struct plait__job *take_due(plait_deadline *next, uint64_t order) {
    struct plait__alarm *alarm = service.alarms.first;
    next->ns = alarm ? alarm->at : INT64_MAX;
    if (!alarm || alarm->order >= order || !plait_passed(*next)) return NULL;
    plait__alarms_remove(&service.alarms, alarm);
    return plait__of_link(alarm, struct plait__job, alarm);
}

/* Not those that are set meanwhile: who sets himself again and again must not keep out the watches. */
static void run_due(plait_deadline *next) {
    lock();
    uint64_t order = service.alarms.order;
    for (struct plait__job *job; (job = take_due(next, order)); lock()) {
        unlock();
        job->run(job);
    }
    unlock();
}

/* The larger array, if one lies ready, and a case for each watch. */
static size_t fill_cases(struct cases **outgrown) {
    lock();
    *outgrown = NULL;
    if (service.spare) {
        *outgrown = service.cases;
        service.cases = service.spare;
        service.spare = NULL;
    }
    plait_case *one = service.cases->one;
    *one++ = (plait_case){.kind = &change_kind, .object = &service};
    for (struct plait__link *link = plait__list_first(&service.watches); link;
         link = plait__list_after(&service.watches, link)) {
        struct plait__watch *watch = plait__of_link(link, struct plait__watch, link);
        *one = plait_case_descriptor(watch->descriptor, watch->events);
        one++->item = watch;
    }
    unlock();
    return (size_t)(one - service.cases->one);
}

static bool is_watched(const struct plait__watch *watch) {
    struct plait__link *link = plait__list_first(&service.watches);
    while (link && link != &watch->link) link = plait__list_after(&service.watches, link);
    return link;
}

/* The watch may have been taken off, and be gone, since the cases were filled in. */
static void run_ready(struct plait__watch *watch, int found) {
    lock();
    bool watched = is_watched(watch);
    if (watched) plait__store(&service.active, watch);
    unlock();
    if (!watched) return;
    watch->ready(watch, found);
    lock();
    plait__store(&service.active, NULL);
    unlock();
    plait__unpark_all(&service.active);
}

static void wait_for_work(plait_deadline next) {
    struct cases *outgrown;
    size_t count = fill_cases(&outgrown), which = 0;
    plait__release(outgrown);
    plait_case *cases = service.cases->one;
    plait_status status = plait_select_until(cases, count, &which, next);
    if (status == PLAIT_OK && which > 0) run_ready(cases[which].item, cases[which].found);
    if (status != PLAIT_OK && status != PLAIT_TIMEOUT) /* no descriptor, or no memory, to wait with */
        (void)plait_sleep_until(plait_earlier(next, plait_after(SHORT_OF_MEANS)));
}

static bool start_locked(void);

/* A callback has called pthread_exit: another thread takes over. */
static void left_early(void *unused) {
    (void)unused;
    plait__failure_unread(PLAIT_FAILED, "a callback of the service thread called pthread_exit", NULL,
                          "plait-service");
    plait__self()->task = NULL;
    lock();
    plait__store(&service.active, NULL);
    service.running = false;
    if (service.alarms.first || service.watched) service.running = start_locked();
    unlock();
    plait__unpark_all(&service.active);
}

static void *serve(void *unused) {
    struct plait__self *self = plait__self();
    uint32_t generation = plait__generation();
    plait__store(&service.thread, self->ident);
    plait__os_name_thread("plait-service");
    plait_shield_enter();
    pthread_cleanup_push(left_early, NULL);
    for (plait_deadline next; plait__generation() == generation; wait_for_work(next)) {
        run_due(&next);
        if (plait__generation() != generation) break; /* a callback has forked: here is no service thread */
    }
    pthread_cleanup_pop(0);
    return unused;
}

/* ---- starting it ---- */

static bool start_locked(void) {
    pthread_t thread;
    int failed = plait__os_thread_start(&thread, 0, serve, NULL);
    if (!failed) pthread_detach(thread);
    errno = failed;
    return !failed;
}

/* An array of cases with room for so many, unless there is one. False: no memory. */
static bool make_room(size_t count) {
    lock();
    const struct cases *largest = service.spare ? service.spare : service.cases;
    bool enough = largest && largest->room >= count;
    unlock();
    if (enough) return true;
    size_t room = (count / STEP + 1) * STEP;
    struct cases *made = plait__allocate(sizeof *made + room * sizeof *made->one);
    if (!made) return false;
    made->room = room;
    lock();
    largest = service.spare ? service.spare : service.cases;
    if (!largest || largest->room < room) {
        struct cases *old = service.spare;
        service.spare = made;
        made = old;
    }
    unlock();
    plait__release(made);
    return true;
}

/* Under the mutex. */
static plait_status ensure_running(void) {
    if (service.running || (service.running = start_locked())) return PLAIT_OK;
    return errno == ENOMEM ? PLAIT_NO_MEMORY : PLAIT_ERRNO;
}

/* What is due already comes behind all that is due by now: nobody keeps the others waiting for ever. */
plait_status plait__service_set(struct plait__job *job, plait_deadline deadline) {
    plait__thread_watch_forks();
    int64_t now = plait__now();
    if (deadline.ns < now) deadline.ns = now;
    if (!make_room(1)) return PLAIT_NO_MEMORY;
    struct plait__wakes wakes = {.count = 0};
    lock();
    plait_status status = ensure_running();
    if (status == PLAIT_OK) {
        plait__alarms_add(&service.alarms, &job->alarm, deadline.ns);
        if (service.alarms.first == &job->alarm) change(&wakes);
    }
    unlock();
    plait__wakes_send(&wakes);
    return status;
}

bool plait__service_clear(struct plait__job *job) {
    lock();
    bool set = job->alarm.set;
    if (set) plait__alarms_remove(&service.alarms, &job->alarm);
    unlock();
    return set;
}

static plait_status add_watch(struct plait__watch *watch, struct plait__wakes *wakes) {
    plait_status status = ensure_running();
    if (status != PLAIT_OK) return status;
    plait__list_append(&service.watches, &watch->link);
    service.watched++;
    change(wakes);
    return PLAIT_OK;
}

plait_status plait__service_watch(struct plait__watch *watch) {
    plait__thread_watch_forks();
    struct plait__wakes wakes = {.count = 0};
    for (;;) { /* others may take the room that was made */
        lock();
        size_t needed = service.watched + 2;
        const struct cases *largest = service.spare ? service.spare : service.cases;
        if (largest && largest->room >= needed) break;
        unlock();
        if (!make_room(needed)) return PLAIT_NO_MEMORY;
    }
    plait_status status = add_watch(watch, &wakes);
    unlock();
    plait__wakes_send(&wakes);
    return status;
}

void plait__service_unwatch(struct plait__watch *watch) {
    struct plait__wakes wakes = {.count = 0};
    lock();
    if (plait__linked(&watch->link)) {
        plait__list_remove(&watch->link);
        service.watched--;
        change(&wakes);
    }
    unlock();
    plait__wakes_send(&wakes);
    if (plait__load(&service.thread) == plait__self()->ident) return;
    struct plait__wait_list *list = plait__parking(&service.active);
    struct plait__park how = {.kind = "service", .deadline = PLAIT_FOREVER};
    plait__mutex_lock(&list->mutex);
    while (plait__load_acquire(&service.active) == watch) {
        plait__park(list, &service.active, &how);
        plait__mutex_lock(&list->mutex);
    }
    plait__mutex_unlock(&list->mutex);
}

plait_status plait__service_hang_bell(struct plait__watch *watch, int *bell,
                                      void (*ready)(struct plait__watch *watch, int found)) {
    if (*bell >= 0) return PLAIT_OK;
    int made = plait__os_bell_new();
    if (made < 0) return PLAIT_ERRNO;
    *watch = (struct plait__watch){.descriptor = made, .events = POLLIN, .ready = ready, .bell = true};
    plait_status status = plait__service_watch(watch);
    if (status == PLAIT_OK)
        plait__store(bell, made);
    else
        close(made);
    return status;
}

uint32_t plait__service_ident(void) {
    return plait__load(&service.thread);
}

bool plait__service_may_act(void) {
    lock();
    bool may = service.alarms.first && service.alarms.first->at != INT64_MAX;
    for (struct plait__link *link = plait__list_first(&service.watches); link && !may;
         link = plait__list_after(&service.watches, link))
        may = !plait__of_link(link, struct plait__watch, link)->bell;
    unlock();
    return may;
}

void plait__service_after_fork(void) {
    service.list.nodes = (struct plait__list){0};
    service.running = service.changed = false;
    service.active = NULL;
    service.thread = 0;
    for (struct plait__alarm *alarm; (alarm = service.alarms.first);) {
        plait__alarms_remove(&service.alarms, alarm);
        struct plait__job *job = plait__of_link(alarm, struct plait__job, alarm);
        if (job->forget) job->forget(job);
    }
    struct plait__link *link = plait__list_first(&service.watches), *next;
    for (; link; link = next) {
        next = plait__list_after(&service.watches, link);
        *link = (struct plait__link){0};
    }
    service.watches = (struct plait__list){0};
    service.watched = 0;
}

/* watch.c - watching several futures; the protocol stands in watch.h. */
#include <base/clock.h>
#include <pool/thread_pool.h>
#include <pool/watch.h>
#include <wait/parking.h>

static struct plait__watch *watch_of(struct plait__node *node) {
    return plait__of_link(node, struct plait__watch, node);
}

/* ---- when a future is done ---- */

/* Under the group's mutex; the watch is in no list. */
static void count_finished(struct plait__watching *group, struct plait__watch *watch) {
    plait_status status = watch->future->status;
    plait__store(&watch->node.want, PLAIT__FINISHED);
    plait__list_append(&group->finished, &watch->node.link);
    group->done++;
    if (status != PLAIT_OK && status != PLAIT_CANCELLED) group->failed++;
    if (status == PLAIT_OK) group->won = true;
}

/* Under the parking list's mutex. Returns what must be asked to stop now, with a reference; NULL: nothing. */
static plait_future *finish_watch(struct plait__watch *watch, struct plait__wakes *wakes) {
    struct plait__watching *group = watch->group;
    const plait_future *future = watch->future;
    plait_future *late = NULL;
    plait__list_remove(&watch->node.link);
    plait__mutex_lock(&group->mutex);
    count_finished(group, watch);
    if (future->status == PLAIT_OK && group->first_wins && group->runs != future)
        late = plait_future_keep(group->runs);
    struct plait__link *sleeper = plait__list_first(&group->sleeper);
    if (sleeper && plait__watch_has(group, group->enough))
        (void)plait__claim(plait__of_link(sleeper, struct plait__node, link), 0, wakes);
    plait__mutex_unlock(&group->mutex);
    return late;
}

/* Wakes until something must be stopped first: that takes a lock of the same table. */
static plait_future *unpark_some(struct plait__wait_list *list, plait_future *future,
                                 struct plait__wakes *wakes) {
    plait_future *late = NULL;
    struct plait__node *node;
    plait__mutex_lock(&list->mutex);
    while (!late && (node = plait__parked(list, future)) != NULL) {
        if (node->want == PLAIT__PARKED_WATCH)
            late = finish_watch(watch_of(node), wakes);
        else
            (void)plait__claim(node, 0, wakes);
    }
    plait__mutex_unlock(&list->mutex);
    return late;
}

void plait__watch_unpark(plait_future *future) {
    struct plait__wait_list *list = plait__parking(future);
    struct plait__wakes wakes;
    wakes.count = 0;
    plait_future *late;
    while ((late = unpark_some(list, future, &wakes)) != NULL) {
        (void)plait_future_cancel(late);
        plait_future_free(late);
    }
    plait__wakes_send(&wakes);
}

/* ---- beginning and ending ---- */

/* False: it is done. */
static bool park_watch(struct plait__watch *watch) {
    struct plait__wait_list *list = plait__parking(watch->future);
    plait__mutex_lock(&list->mutex);
    bool parked = plait__future_announce(watch->future);
    if (parked) {
        watch->node.want = PLAIT__PARKED_WATCH;
        plait__list_append(&list->nodes, &watch->node.link);
    }
    plait__mutex_unlock(&list->mutex);
    return parked;
}

static void begin_one(struct plait__watching *group, struct plait__watch *watch) {
    plait_status never = plait__future_hopeless(watch->future);
    if (never != PLAIT_OK) {
        watch->node.want = PLAIT__LOST;
        group->lost++;
        group->why_lost = never;
    } else if (!park_watch(watch)) {
        (void)plait__future_phase(watch->future); /* acquires its status */
        plait__mutex_lock(&group->mutex);
        count_finished(group, watch);
        plait__mutex_unlock(&group->mutex);
    }
}

void plait__watch_begin(struct plait__watching *group, struct plait__watch *watches,
                        plait_future *const *futures, size_t count) {
    group->watches = watches;
    group->count = count;
    for (size_t i = 0; i < count; i++) {
        watches[i].group = group;
        watches[i].future = futures[i];
        plait__node_init(&watches[i].node, NULL, futures[i], (uint32_t)i);
        begin_one(group, &watches[i]);
    }
}

static void end_one(struct plait__watch *watch) {
    struct plait__wait_list *list = plait__parking(watch->future);
    plait__mutex_lock(&list->mutex);
    if (watch->node.want == PLAIT__PARKED_WATCH) plait__list_remove(&watch->node.link);
    plait__mutex_unlock(&list->mutex);
}

void plait__watch_end(struct plait__watching *group) {
    while (plait__watch_take(group)) {}
    for (size_t i = 0; i < group->count; i++) {
        uint32_t place = plait__load(&group->watches[i].node.want);
        if (place != PLAIT__TAKEN_WATCH && place != PLAIT__LOST) end_one(&group->watches[i]);
    }
}

struct plait__watch *plait__watch_take(struct plait__watching *group) {
    struct plait__watch *watch = NULL;
    plait__mutex_lock(&group->mutex);
    struct plait__link *link = plait__list_first(&group->finished);
    if (link) {
        plait__list_remove(link);
        watch = watch_of(plait__of_link(link, struct plait__node, link));
        watch->node.want = PLAIT__TAKEN_WATCH;
    }
    plait__mutex_unlock(&group->mutex);
    return watch;
}

/* ---- waiting ---- */

static bool has(struct plait__watching *group, size_t enough) {
    plait__mutex_lock(&group->mutex);
    bool has = plait__watch_has(group, enough);
    plait__mutex_unlock(&group->mutex);
    return has;
}

/* Says what the worker is going to run; false: there is a winner. */
static bool set_runs(struct plait__watching *group, plait_future *future) {
    plait__mutex_lock(&group->mutex);
    bool may = !group->first_wins || !group->won;
    group->runs = may ? future : NULL;
    plait__mutex_unlock(&group->mutex);
    return may;
}

/* On a worker of their pool: runs those that have not begun, until there is enough. None is ever queued again, so
 * a worker looks at each only once. */
static void help(struct plait__watching *group, size_t enough) {
    const struct plait__worker *worker = plait__worker();
    if (!worker) return;
    if (group->helper != worker) group->next_to_help = 0;
    group->helper = worker;
    for (; group->next_to_help < group->count; group->next_to_help++) {
        plait_future *future = group->watches[group->next_to_help].future;
        if (!plait__future_can_help(future)) continue;
        if (has(group, enough) || !set_runs(group, future)) return;
        plait__future_help(future);
        (void)set_runs(group, NULL);
    }
}

/* Under the group's mutex, which is given back meanwhile. */
static uint32_t sleep_until_enough(struct plait__watching *group, plait_deadline deadline) {
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, "futures", group);
    plait__node_init(&node, &waiter, group, 0);
    plait__list_append(&group->sleeper, &node.link);
    plait__mutex_unlock(&group->mutex);
    uint32_t claim = plait__wait(&waiter, deadline, true);
    plait__mutex_lock(&group->mutex);
    if (plait__linked(&node.link)) plait__list_remove(&node.link);
    return claim;
}

static plait_status sleep_group(struct plait__watching *group, plait_deadline deadline) {
    plait_status status = PLAIT_OK;
    plait__mutex_lock(&group->mutex);
    if (!plait__watch_has(group, group->enough)) {
        uint32_t claim = sleep_until_enough(group, deadline);
        if (!plait__watch_has(group, group->enough)) status = plait__claim_status(claim);
    }
    plait__mutex_unlock(&group->mutex);
    return status;
}

/* What to be woken for. Where a failure is enough, a worker looks again after each that has not failed: there is one
 * hope less then, and perhaps none (stuck.h). */
static void set_enough(struct plait__watching *group, size_t enough, plait_deadline deadline) {
    bool steps = group->failure_is_enough && plait__worker() && plait__is_forever(deadline);
    plait__mutex_lock(&group->mutex);
    group->enough = steps && group->done < enough ? group->done + 1 : enough;
    plait__mutex_unlock(&group->mutex);
}

plait_status plait__watch_wait(struct plait__watching *group, size_t enough, plait_deadline deadline) {
    if (plait__is_forever(deadline)) help(group, enough);
    if (has(group, enough)) return PLAIT_OK;
    if (group->count - group->lost < enough) return group->why_lost;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    plait_status status;
    do {
        struct plait__stuck stuck = {.group = group};
        set_enough(group, enough, deadline);
        status = plait__stuck_enter(&stuck, deadline);
        if (status != PLAIT_OK) return status;
        status = sleep_group(group, deadline);
        plait__stuck_leave(&stuck);
    } while (status == PLAIT_OK && !has(group, enough));
    return status;
}

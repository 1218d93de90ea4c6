/* stuck.c - looking for waits that cannot end; what that means, and why it is right, stands in stuck.h. */
#include <base/clock.h>
#include <pool/owner.h>
#include <pool/stuck.h>
#include <pool/thread_pool.h>
#include <pool/watch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <wait/token.h>

static struct plait__mutex mutex;
static struct plait__list waits; /* struct plait__stuck; under mutex, and so is all below */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* All that were listed have vanished. */
static void child(void) {
    mutex = (struct plait__mutex){0};
    waits = (struct plait__list){0};
}

static void process_begins(void) {
    (void)pthread_atfork(NULL, NULL, child);
}

static struct plait__stuck *wait_of(struct plait__link *link) {
    return link ? plait__of_link(link, struct plait__stuck, link) : NULL;
}

static struct plait__stuck *first_wait(void) {
    return wait_of(plait__list_first(&waits));
}

static struct plait__stuck *wait_after(struct plait__stuck *wait) {
    return wait_of(plait__list_after(&waits, &wait->link));
}

/* ---- what may end ---- */

static bool runs_in(const plait_future *future, const struct plait__stuck *wait) {
    const plait_future *running = wait->worker ? wait->worker->running : NULL;
    while (running && running != future) running = running->outer;
    return running != NULL;
}

static bool was_asked_of(const plait_future *future, const plait_owner *owner) {
    return owner && (const void *)owner == future->pool;
}

/* The listed wait in which the worker is that runs this future, or the owner of whom it was asked; NULL: they are
 * in none. The address of an owner is no other's while somebody waits for what it was asked. */
static struct plait__stuck *wait_above(const plait_future *future) {
    struct plait__stuck *wait = first_wait();
    while (wait && !was_asked_of(future, wait->owner) && !runs_in(future, wait)) wait = wait_after(wait);
    return wait;
}

/* Whether a pool has, or may start, a worker that is not among those that cannot end their waits. Its address may
 * only be used when one of its workers is found in the list, for that one keeps it alive. */
static bool somebody_may_run(const plait_future *future) {
    struct plait__thread_pool *pool = NULL;
    uint32_t bound = 0;
    for (struct plait__stuck *wait = first_wait(); wait; wait = wait_after(wait)) {
        if (!wait->worker || &wait->worker->pool->pool != future->pool) continue;
        if (wait->may_end) return true;
        pool = wait->worker->pool;
        bound++;
    }
    if (!pool) return true;
    plait__mutex_lock(&pool->mutex);
    bool free = pool->live > bound || pool->live < pool->most;
    plait__mutex_unlock(&pool->mutex);
    return free;
}

static bool future_may_end(const plait_future *future) {
    if (!future->task) return true;
    const struct plait__stuck *above;
    switch (plait__future_phase(future)) {
    case PLAIT__QUEUED:
        above = wait_above(future);
        return above ? above->may_end : somebody_may_run(future);
    case PLAIT__STARTING:
    case PLAIT__RUNNING:
        above = wait_above(future);
        return !above || above->may_end;
    default:
        return true;
    }
}

/* Under the group's mutex. */
static bool group_may_end(const struct plait__watching *group) {
    size_t hopes = group->done;
    for (size_t i = 0; i < group->count && hopes < group->enough; i++) {
        const struct plait__watch *watch = &group->watches[i];
        if (plait__load(&watch->node.want) != PLAIT__PARKED_WATCH || !future_may_end(watch->future)) continue;
        if (group->failure_is_enough) return true;
        hopes++;
    }
    return hopes >= group->enough || plait__watch_has(group, group->enough);
}

static bool wait_may_end(const struct plait__stuck *wait) {
    if (wait->token && plait_token_cancelled(wait->token)) return true;
    if (!wait->group) return future_may_end(wait->future);
    plait__mutex_lock(&wait->group->mutex);
    bool may = group_may_end(wait->group);
    plait__mutex_unlock(&wait->group->mutex);
    return may;
}

/* Strikes out one that may end after all; false: there is none. */
static bool strike_out_one(void) {
    struct plait__stuck *wait = first_wait();
    while (wait && (wait->may_end || !wait_may_end(wait))) wait = wait_after(wait);
    if (wait) wait->may_end = true;
    return wait != NULL;
}

/* Mostly the first look at the wait itself says that it may end, and there is nothing to strike out. */
static bool cannot_end(const struct plait__stuck *wait) {
    for (struct plait__stuck *one = first_wait(); one; one = wait_after(one)) one->may_end = false;
    if (wait_may_end(wait)) return false;
    while (!wait->may_end && strike_out_one()) {}
    return !wait->may_end;
}

/* ---- words ---- */

struct text {
    char *at;
    size_t room;
};

static void say(struct text *text, const char *format, ...) PLAIT_PRINTF(2, 3);
static void say(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->at, text->room, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length < text->room ? (size_t)length : text->room - 1;
    text->at += used;
    text->room -= used;
}

/* One that the wait is for and that will not be done. */
static const plait_future *awaited(const struct plait__stuck *wait) {
    const struct plait__watching *group = wait->group;
    size_t i = 0;
    if (!group) return wait->future;
    while (i + 1 < group->count && (plait__load(&group->watches[i].node.want) != PLAIT__PARKED_WATCH ||
                                    future_may_end(group->watches[i].future)))
        i++;
    return group->watches[i].future;
}

static const char *name_of(const plait_task *task) {
    return task && task->name ? task->name : "a task";
}

/* What waits there. */
static const char *name_within(const struct plait__stuck *wait) {
    return name_of(wait->worker ? wait->worker->running->task : plait__owner_task(wait->owner));
}

/* "a waits for b, which waits for c, which waits for a" */
static void explain(struct plait__stuck *wait, struct plait__stuck_words *told) {
    struct text text = {told->words, sizeof told->words};
    for (struct plait__stuck *one = first_wait(); one; one = wait_after(one)) one->named = false;
    told->future = awaited(wait);
    const char *who = name_within(wait);
    for (; wait && !wait->named; who = ", which") {
        const plait_future *future = awaited(wait);
        wait->named = true;
        say(&text, "%s waits for %s", who, name_of(future->task));
        wait = wait_above(future);
        if (!wait) say(&text, ", which is queued in a pool whose workers all wait");
        if (wait && plait__future_phase(future) == PLAIT__QUEUED)
            say(&text, ", which comes after %s", name_within(wait));
    }
}

/* ---- entering and leaving ---- */

/* Those that run a task, so that there is something to wait in. */
static void know_who(struct plait__stuck *wait) {
    const struct plait__worker *worker = plait__worker();
    const plait_owner *owner = plait__owner_running();
    if (worker && worker->running && worker->pool->generation == plait__generation()) wait->worker = worker;
    if (owner && plait__owner_usable(owner)) wait->owner = owner;
}

/* What ends by itself is nobody's concern. */
static bool ends_by_itself(const plait_token *token, plait_deadline deadline) {
    return !plait__is_forever(deadline) || (token && !plait__is_forever(plait__token_deadline(token)));
}

static struct plait__stuck_words *words_of_caller(void) {
    struct plait__worker *worker = plait__worker();
    plait_owner *owner = plait__owner_running();
    return worker ? &worker->told : owner ? &owner->words : NULL;
}

plait_status plait__stuck_enter(struct plait__stuck *wait, plait_deadline deadline) {
    struct plait__stuck_words *told = words_of_caller();
    if (!told) return PLAIT_OK;
    wait->token = plait__self()->shields ? NULL : plait_token_current();
    if (!ends_by_itself(wait->token, deadline)) know_who(wait);
    if (!wait->worker && !wait->owner) return PLAIT_OK;
    pthread_once(&once, process_begins);
    plait_status status = PLAIT_OK;
    told->future = NULL;
    plait__mutex_lock(&mutex);
    plait__list_append(&waits, &wait->link);
    if (plait__unlikely(cannot_end(wait))) {
        explain(wait, told);
        plait__list_remove(&wait->link);
        status = PLAIT_DEADLOCK;
    }
    plait__mutex_unlock(&mutex);
    return status;
}

void plait__stuck_leave(struct plait__stuck *wait) {
    if (!wait->worker && !wait->owner) return;
    plait__mutex_lock(&mutex);
    plait__list_remove(&wait->link);
    plait__mutex_unlock(&mutex);
}

const char *plait__stuck_told(const plait_future *future) {
    const struct plait__stuck_words *told = words_of_caller();
    return told && told->future == future ? told->words : NULL;
}

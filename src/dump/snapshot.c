/* snapshot.c - taking a snapshot; why it may look where it looks stands in snapshot.h. */
#include <base/memory.h>
#include <dump/snapshot.h>
#include <stdlib.h>
#include <string.h>
#include <sync/holder.h>
#include <thread/registry.h>
#include <thread/service.h>
#include <wait/case.h>
#include <wait/parking.h>

enum { SPARE = 16 }; /* threads that may come between counting and copying */

/* ---- the sleepers, each under its lock ---- */

/* Sleepers found so far, as far as there is room. */
struct sleepers {
    struct plait__seen *seen;
    size_t room, count;
    uint32_t service;
};

static bool is_kind(const struct plait__seen *seen, const char *kind) {
    return strcmp(seen->kind, kind) == 0;
}

static void copy_cases(struct plait__seen *seen, const struct plait__waiter *waiter) {
    seen->case_count = waiter->case_count;
    for (size_t i = 0; i < seen->case_count && i < PLAIT__SEEN_CASES; i++) {
        const struct plait__case_kind *kind = waiter->cases[i].kind;
        seen->cases[i] = (struct plait__seen_case){kind->name,
                                                   kind->enqueue ? waiter->cases[i].object : NULL};
    }
}

static void copy_tasks(struct plait__seen *seen, const struct plait__self *self) {
    const struct plait__frame *frame = self->task;
    if (frame) seen->task = frame->name;
    for (; frame && seen->run_count < PLAIT__SEEN_RUNS; frame = frame->outer)
        if (frame->future) seen->runs[seen->run_count++] = frame->future;
}

static void copy(struct plait__waiter *waiter, void *context) {
    struct sleepers *sleepers = context;
    const struct plait__self *self = waiter->self;
    if (self->ident == sleepers->service || plait__load(&waiter->word) != PLAIT__SLEEPING) return;
    if (plait__load(&self->waiter) != waiter) return; /* there is another wait inside this one */
    if (sleepers->count++ >= sleepers->room) return;
    struct plait__seen *seen = &sleepers->seen[sleepers->count - 1];
    *seen = (struct plait__seen){.ident = self->ident,
                                 .asleep = true,
                                 .kind = waiter->kind,
                                 .object = waiter->object,
                                 .waiter = waiter,
                                 .since = plait__load(&waiter->since),
                                 .until = waiter->until};
    if (is_kind(seen, "condition")) seen->lock = plait__condition_lock(waiter);
    copy_cases(seen, waiter);
    copy_tasks(seen, self);
}

/* ---- with the threads, which hang on to their handles ---- */

static int compare(const void *a, const void *b) {
    uint32_t one = ((const struct plait__seen *)a)->ident, other = ((const struct plait__seen *)b)->ident;
    return one < other ? -1 : one > other;
}

static struct plait__seen *find(const struct plait__seen *seen, size_t count, uint32_t ident) {
    struct plait__seen key = {.ident = ident};
    return ident && count ? bsearch(&key, seen, count, sizeof *seen, compare) : NULL;
}

/* A thread to the sleeper that it is, or behind all of them. */
static void add_thread(struct plait__snapshot *snapshot, size_t sleepers, plait_thread *thread) {
    uint32_t ident = plait__load(&thread->ident);
    struct plait__seen *seen = find(snapshot->seen, sleepers, ident);
    if (!seen) {
        seen = &snapshot->seen[snapshot->count++];
        *seen = (struct plait__seen){.ident = ident};
    }
    seen->thread = thread;
    if (!seen->task) seen->task = plait__thread_task_name(thread);
}

/* Copies all, if there is room for so many threads and so many sleepers; else says how much is needed. */
static bool fill(struct plait__snapshot *snapshot, plait_thread **threads, size_t *room) {
    struct sleepers sleepers = {snapshot->seen, *room, 0, plait__service_ident()};
    size_t count = plait_thread_enumerate(threads, *room);
    plait__each_sleeper(copy, &sleepers);
    bool fits = count <= *room && sleepers.count <= *room;
    if (!fits) {
        for (size_t i = 0; i < count && i < *room; i++) plait_thread_free(threads[i]);
        *room = (count > sleepers.count ? count : sleepers.count) + SPARE;
        return false;
    }
    qsort(snapshot->seen, sleepers.count, sizeof *snapshot->seen, compare);
    snapshot->count = sleepers.count;
    for (size_t i = 0; i < count; i++) add_thread(snapshot, sleepers.count, threads[i]);
    qsort(snapshot->seen, snapshot->count, sizeof *snapshot->seen, compare);
    return true;
}

/* ---- who holds what ---- */

/* The waiter as it was seen is parked at the address, whose list is locked. */
static bool is_parked(struct plait__wait_list *list, const void *address, const struct plait__seen *seen) {
    struct plait__node *node = plait__parked(list, address);
    while (node && node->waiter != seen->waiter) node = plait__parked_after(list, node);
    return node && plait__load(&node->waiter->since) == seen->since;
}

/* With the object's list locked. */
static void look_at(struct plait__seen *seen) {
    if (is_kind(seen, "future"))
        plait__look_at_future(seen);
    else if (is_kind(seen, "rwlock"))
        seen->holder = plait__rwlock_holder(seen->object);
    else if (is_kind(seen, "once"))
        seen->holder = plait__once_holder(seen->object);
    else if (is_kind(seen, "lock"))
        seen->holder = plait__lock_holder(seen->object);
    if (seen->lock) {
        seen->moved = true;
        seen->holder = plait__lock_holder(seen->lock);
    }
}

static void examine(struct plait__seen *seen) {
    static const char *const kinds[] = {"lock", "rwlock", "once", "future"};
    const void *object = seen->lock;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !object; i++)
        if (is_kind(seen, kinds[i])) object = seen->object;
    if (!object) return;
    struct plait__wait_list *list = plait__parking(object);
    plait__mutex_lock(&list->mutex);
    if (is_parked(list, object, seen)) look_at(seen);
    plait__mutex_unlock(&list->mutex);
}

static bool runs(const struct plait__seen *seen, const void *future) {
    for (size_t i = 0; i < seen->run_count; i++)
        if (seen->runs[i] == future) return true;
    return false;
}

/* Who it is that must act for what has no holder's ident in it: who runs the future, or is joined. */
static uint32_t find_holder(const struct plait__snapshot *snapshot, const struct plait__seen *seen) {
    bool thread = is_kind(seen, "thread");
    if (!thread && seen->future != PLAIT__BEING_RUN) return seen->holder;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct plait__seen *other = &snapshot->seen[i];
        if (thread ? other->thread == seen->object : runs(other, seen->object)) return other->ident;
    }
    return 0;
}

plait_status plait__snapshot_take(struct plait__snapshot *snapshot) {
    size_t room = SPARE;
    for (bool filled = false; !filled;) {
        /* every sleeper might have no handle */
        snapshot->seen = plait__allocate_array(2 * room, sizeof *snapshot->seen);
        plait_thread **threads = plait__allocate_array(room, sizeof(plait_thread *));
        bool memory = snapshot->seen && threads;
        filled = memory && fill(snapshot, threads, &room);
        plait__release(threads);
        if (!filled) plait__release(snapshot->seen);
        if (!memory) return PLAIT_NO_MEMORY;
    }
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->seen[i].asleep) examine(&snapshot->seen[i]);
    for (size_t i = 0; i < snapshot->count; i++) {
        struct plait__seen *seen = &snapshot->seen[i];
        if (seen->asleep) seen->holder = find_holder(snapshot, seen);
        seen->awaits = find(snapshot->seen, snapshot->count, seen->holder);
    }
    return PLAIT_OK;
}

void plait__snapshot_free(struct plait__snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->count; i++) plait_thread_free(snapshot->seen[i].thread);
    plait__release(snapshot->seen);
}

/* ---- circles ---- */

/* Whether following who waits for whom comes back to where it began. Everybody waits for one at most. */
static bool comes_back(const struct plait__seen *first, size_t most) {
    const struct plait__seen *at = first->awaits;
    while (at && at != first && most--) at = at->awaits;
    return at == first;
}

struct plait__seen *plait__snapshot_circle(const struct plait__snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->count; i++) {
        struct plait__seen *seen = &snapshot->seen[i];
        if (!seen->told && comes_back(seen, snapshot->count)) return seen;
    }
    return NULL;
}

static bool is_same(const struct plait__seen *now, const struct plait__seen *before) {
    return before && before->asleep && now->waiter == before->waiter && now->since == before->since &&
           now->holder == before->holder;
}

void plait__snapshot_confirm(struct plait__snapshot *now, const struct plait__snapshot *before) {
    for (size_t i = 0; i < now->count; i++) {
        struct plait__seen *seen = &now->seen[i];
        if (!is_same(seen, find(before->seen, before->count, seen->ident))) seen->awaits = NULL;
    }
}

/* tracker.c - the owner's side of the table of names; what it is for stands in tracker.h. */
#include <base/atomic.h>
#include <pthread.h>
#include <shared/tracker.h>
#include <wait/mutex.h>

enum { MOST_NAMES = 16384 };
static const size_t table_size = sizeof(struct plait__tracking) + MOST_NAMES * sizeof(struct plait__tracked);

static struct plait__mutex mutex; /* guards what follows, and all writing into the table */
static struct plait__tracking *table;
static uint32_t first_unused; /* or later: all entries before are used */
static int tracker;           /* its process; 0: none was started */
static bool watches_forks;

/* The vanished threads' changes need no undoing: all of it is the parent's. */
static void forget_after_fork(void) {
    mutex = (struct plait__mutex){0};
    if (table) plait__os_memory_unmap(table, table_size);
    table = NULL;
    first_unused = 0;
    tracker = 0;
}

/* ---- with the mutex ---- */

static plait_status prepare(void) {
    if (!watches_forks && pthread_atfork(NULL, NULL, forget_after_fork) != 0) return PLAIT_NO_MEMORY;
    watches_forks = true;
    if (!table) table = plait__os_memory_for_forks(table_size);
    if (!table) return PLAIT_NO_MEMORY;
    if (tracker && plait__os_tracker_lives(tracker)) return PLAIT_OK;
    int started = plait__os_tracker_start(table);
    if (started < 0) return PLAIT_ERRNO;
    tracker = started;
    return PLAIT_OK;
}

static struct plait__tracked *unused(void) {
    uint32_t at = first_unused, count = table->count;
    while (at < count && table->of[at].used) at++;
    first_unused = at;
    if (at == MOST_NAMES) return NULL;
    if (at == count) plait__store_release(&table->count, count + 1);
    return &table->of[at];
}

static void forget(uint32_t at) {
    plait__store(&table->of[at].used, 0);
    if (at < first_unused) first_unused = at;
}

/* Names that other processes have taken off. */
static void forget_stale(void) {
    for (uint32_t i = 0; i < table->count; i++)
        if (table->of[i].used && !plait__os_tracked_holds(&table->of[i])) forget(i);
}

static plait_status add(const char *name, const struct plait__file *file, uint32_t *at) {
    struct plait__tracked *tracked = unused();
    if (!tracked) {
        forget_stale();
        tracked = unused();
    }
    if (!tracked) return PLAIT_NO_MEMORY;
    plait__os_tracked_set(tracked, name, file);
    plait__store_release(&tracked->used, 1);
    *at = (uint32_t)(tracked - table->of);
    return PLAIT_OK;
}

static plait_status give(int descriptor, const struct plait__file *file, const char *name, int *error) {
    uint32_t at;
    plait_status status = prepare();
    if (status == PLAIT_OK) status = add(name, file, &at);
    if (status != PLAIT_OK) return status;
    *error = plait__os_memory_link(descriptor, name);
    if (!*error) return PLAIT_OK;
    forget(at);
    return PLAIT_ERRNO;
}

/* ---- from outside ---- */

plait_status plait__tracker_prepare(void) {
    if (!plait__mutex_lock(&mutex)) return PLAIT_BROKEN;
    plait_status status = prepare();
    plait__mutex_unlock(&mutex);
    return status;
}

plait_status plait__name_give(int descriptor, const struct plait__file *file, const char *name, int *error) {
    *error = 0;
    if (!plait__mutex_lock(&mutex)) return PLAIT_BROKEN;
    plait_status status = give(descriptor, file, name, error);
    plait__mutex_unlock(&mutex);
    return status;
}

/* Where a vanished thread holds the mutex, there is no table. */
int plait__name_take(const char *name) {
    bool locked = plait__mutex_lock(&mutex);
    int error = plait__os_memory_unlink(name);
    for (uint32_t i = 0; locked && !error && table && i < table->count; i++)
        if (table->of[i].used && plait__os_tracked_has(&table->of[i], name)) forget(i);
    if (locked) plait__mutex_unlock(&mutex);
    return error;
}

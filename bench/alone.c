/* alone.c - what the objects of sync cost a thread that has them to itself.
 *
 * Each contestant does and undoes one thing over and over: acquire and release, set and clear. Another thread
 * exists and sleeps, because the C library's mutex does without atomic operations in a process that has but
 * one thread, which is not what locks are for.
 */
#include "parts.h"
#include "peers.h"
#include "work.h"

#include <plait/event.h>
#include <plait/lock.h>
#include <plait/rlock.h>
#include <plait/semaphore.h>
#include <semaphore.h>
#include <stddef.h>

enum { RUN_NS = 20 * 1000 * 1000, TIMES = 10000 };

struct loop {
    void (*run)(void); /* does it TIMES times */
};

#define LOOP(name, ...) \
    static void name##_run(void) { \
        for (int i = 0; i < TIMES; i++) { \
            __VA_ARGS__; \
        } \
    } \
    static const struct loop name = {name##_run}

/* ---- contestants ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive_mutex;
static sem_t posix_semaphore;
static plait_lock lock;
static plait_rlock rlock;
static plait_semaphore semaphore;
static plait_event event;

LOOP(pthread_lock, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex));
LOOP(plait_lock_loop, plait_lock_acquire(&lock); plait_lock_release(&lock));
LOOP(pthread_rlock, pthread_mutex_lock(&recursive_mutex); pthread_mutex_unlock(&recursive_mutex));
LOOP(plait_rlock_loop, plait_rlock_acquire(&rlock); plait_rlock_release(&rlock));
LOOP(posix_semaphore_loop, sem_post(&posix_semaphore); sem_wait(&posix_semaphore));
LOOP(plait_semaphore_loop, plait_semaphore_release(&semaphore, 1);
     (void)!plait_semaphore_acquire(&semaphore));
LOOP(plait_event_loop, plait_event_set(&event); plait_event_clear(&event));

#ifdef BENCH_NSYNC
static nsync_mu nsync_mutex = NSYNC_MU_INIT;
LOOP(nsync_lock, nsync_mu_lock(&nsync_mutex); nsync_mu_unlock(&nsync_mutex));
#endif

#ifdef BENCH_GLIB
static GMutex glib_mutex;
static GRecMutex glib_recursive;
LOOP(glib_lock, g_mutex_lock(&glib_mutex); g_mutex_unlock(&glib_mutex));
LOOP(glib_rlock, g_rec_mutex_lock(&glib_recursive); g_rec_mutex_unlock(&glib_recursive));
#endif

/* No peer has an event that can be cleared; this is what programs write instead. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool set;
} hand_made = {.mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER};

static void hand_made_set(void) {
    pthread_mutex_lock(&hand_made.mutex);
    hand_made.set = true;
    pthread_cond_broadcast(&hand_made.condition);
    pthread_mutex_unlock(&hand_made.mutex);
}

static void hand_made_clear(void) {
    pthread_mutex_lock(&hand_made.mutex);
    hand_made.set = false;
    pthread_mutex_unlock(&hand_made.mutex);
}

LOOP(pthread_event, hand_made_set(); hand_made_clear());

static const struct bench_contestant locks[] = {
    {.who = "pthread", .what = &pthread_lock},
    PEER_NSYNC("nsync", nsync_lock),
    PEER_GLIB("GMutex", glib_lock),
    {.who = "plait", .ours = true, .what = &plait_lock_loop},
};
static const struct bench_contestant rlocks[] = {
    {.who = "pthread recursive", .what = &pthread_rlock},
    PEER_GLIB("GRecMutex", glib_rlock),
    {.who = "plait_rlock", .ours = true, .what = &plait_rlock_loop},
};
static const struct bench_contestant semaphores[] = {
    {.who = "sem_t", .what = &posix_semaphore_loop},
    {.who = "plait_semaphore", .ours = true, .what = &plait_semaphore_loop},
};
static const struct bench_contestant events[] = {
    {.who = "pthread flag+condition", .what = &pthread_event},
    {.who = "plait_event", .ours = true, .what = &plait_event_loop},
};

/* ---- running them ---- */

static void alone(const void *what, const void *detail, double *figures) {
    const struct loop *loop = what;
    (void)detail;
    uint64_t cpu_start = bench_cpu_now();
    uint64_t start = bench_now();
    uint64_t now = start;
    uint64_t times = 0;
    for (; now - start < bench_amount(RUN_NS); now = bench_now()) {
        loop->run();
        times += TIMES;
    }
    figures[0] = (double)(now - start) / (double)times;
    figures[1] = (double)(bench_cpu_now() - cpu_start) / (double)times;
}

static void prepare(void) {
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive_mutex, &recursive);
    sem_init(&posix_semaphore, 0, 0);
    bench_start_sleeper();
}

static const char *const figures_told[] = {"ns_per_op", "cpu_ns_per_op", NULL};

#define ALONE(name_, table) \
    { .name = (name_), .figures = figures_told, .run = alone, .contestants = (table), .count = LENGTH(table) }

static const struct bench_shape shapes[] = {
    ALONE("1 thread: lock", locks),
    ALONE("1 thread: rlock", rlocks),
    ALONE("1 thread: semaphore release, acquire", semaphores),
    ALONE("1 thread: event set, clear", events),
};

void compare_alone(void) {
    prepare();
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}

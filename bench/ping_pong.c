/* ping_pong.c - how fast two threads can wake each other.
 *
 * Two threads hand each other two batons: one gives the first and takes the second, the other takes the first
 * and gives the second. An operation is a round trip, that is two wakes. Who takes a baton that is not there
 * yet waits: the raw futex and the conditions sleep at once, plait looks for a short while before it sleeps.
 * So there are three settings: where the kernel likes; one CPU for each thread; and the whole process on one
 * CPU, where looking is no use and everybody must sleep. The CPU time beside the time on the wall shows what
 * looking costs.
 */
#include "parts.h"
#include "peers.h"
#include "place.h"
#include "work.h"

#include <linux/futex.h>
#include <plait/cpu.h>
#include <plait/event.h>
#include <plait/semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RUN_NS = 40 * 1000 * 1000, WARM_UP = 200, UNTIL_CLOCK = 50 };

/* ---- the game ---- */

typedef void verb(int baton);

struct kind {
    void *(*partner)(void *unused);
    void (*play)(int rounds);
};

static atomic_bool over; /* looked at by the partner whenever it has the baton */

BENCH_INLINE void *answer(verb *give, verb *take) {
    for (;;) {
        take(0);
        if (atomic_load(&over)) return NULL;
        give(1);
    }
}

BENCH_INLINE void ask(int rounds, verb *give, verb *take) {
    for (int i = 0; i < rounds; i++) {
        give(0);
        take(1);
    }
}

/* A contestant that has name_give and name_take. At the end the partner gets the baton once more, without
 * answer. */
#define KIND(name) \
    static void *name##_partner(void *unused) { \
        (void)unused; \
        return answer(name##_give, name##_take); \
    } \
    static void name##_play(int rounds) { \
        if (rounds) { \
            ask(rounds, name##_give, name##_take); \
        } else { \
            name##_give(0); \
        } \
    } \
    static const struct kind name##_kind = {name##_partner, name##_play}

/* ---- raw futex ---- */

enum { AWAY, HERE, MISSED };

static struct { _Alignas(128) atomic_uint state; /* MISSED: away, and somebody sleeps */ } futexes[2];

static void futex_give(int i) {
    atomic_uint *state = &futexes[i].state;
    if (atomic_exchange(state, HERE) == MISSED)
        syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void futex_take(int i) {
    atomic_uint *state = &futexes[i].state;
    for (;;) {
        unsigned seen = HERE;
        if (atomic_compare_exchange_strong(state, &seen, AWAY)) return;
        if (seen == AWAY && !atomic_compare_exchange_strong(state, &seen, MISSED)) continue;
        syscall(SYS_futex, state, FUTEX_WAIT_PRIVATE, MISSED, NULL, NULL, 0);
    }
}

KIND(futex);

/* ---- a flag under a mutex with a condition ---- */

static struct {
    _Alignas(128) pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool here;
} conditions[2] = {{PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false},
                   {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false}};

static void condition_give(int i) {
    pthread_mutex_lock(&conditions[i].mutex);
    conditions[i].here = true;
    pthread_mutex_unlock(&conditions[i].mutex);
    pthread_cond_signal(&conditions[i].condition);
}

static void condition_take(int i) {
    pthread_mutex_lock(&conditions[i].mutex);
    while (!conditions[i].here) pthread_cond_wait(&conditions[i].condition, &conditions[i].mutex);
    conditions[i].here = false;
    pthread_mutex_unlock(&conditions[i].mutex);
}

KIND(condition);

#ifdef BENCH_NSYNC
static struct {
    _Alignas(128) nsync_mu mutex;
    nsync_cv condition;
    bool here;
} nsyncs[2];

static void nsync_give(int i) {
    nsync_mu_lock(&nsyncs[i].mutex);
    nsyncs[i].here = true;
    nsync_mu_unlock(&nsyncs[i].mutex);
    nsync_cv_signal(&nsyncs[i].condition);
}

static void nsync_take(int i) {
    nsync_mu_lock(&nsyncs[i].mutex);
    while (!nsyncs[i].here) nsync_cv_wait(&nsyncs[i].condition, &nsyncs[i].mutex);
    nsyncs[i].here = false;
    nsync_mu_unlock(&nsyncs[i].mutex);
}

KIND(nsync);
#endif

#ifdef BENCH_GLIB
static struct {
    _Alignas(128) GMutex mutex;
    GCond condition;
    bool here;
} glibs[2];

static void glib_give(int i) {
    g_mutex_lock(&glibs[i].mutex);
    glibs[i].here = true;
    g_mutex_unlock(&glibs[i].mutex);
    g_cond_signal(&glibs[i].condition);
}

static void glib_take(int i) {
    g_mutex_lock(&glibs[i].mutex);
    while (!glibs[i].here) g_cond_wait(&glibs[i].condition, &glibs[i].mutex);
    glibs[i].here = false;
    g_mutex_unlock(&glibs[i].mutex);
}

KIND(glib);
#endif

/* ---- plait ---- */

static struct {
    _Alignas(128) plait_semaphore semaphore;
    _Alignas(128) plait_event event;
} plaits[2];

static void semaphore_give(int i) {
    plait_semaphore_release(&plaits[i].semaphore, 1);
}

static void semaphore_take(int i) {
    if (plait_semaphore_acquire(&plaits[i].semaphore)) bench_fail("a semaphore failed");
}

static void event_give(int i) {
    plait_event_set(&plaits[i].event);
}

static void event_take(int i) {
    plait_event_wait(&plaits[i].event);
    plait_event_clear(&plaits[i].event);
}

KIND(semaphore);
KIND(event);

/* ---- one run ---- */

static void play_for_a_while(const struct kind *kind, double *figures) {
    uint64_t rounds = 0;
    kind->play(WARM_UP);
    uint64_t cpu_start = bench_cpu_now();
    uint64_t start = bench_now();
    uint64_t now = start;
    for (; now - start < bench_amount(RUN_NS); now = bench_now()) {
        kind->play(UNTIL_CLOCK);
        rounds += UNTIL_CLOCK;
    }
    figures[0] = (double)(now - start) / (double)rounds;
    figures[1] = (double)(bench_cpu_now() - cpu_start) / (double)rounds;
}

static void run(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    const enum place *place = detail;
    pthread_t partner;
    if (*place == ONE_CPU_EACH)
        (void)plait_cpu_count(); /* the process has two, before its threads keep to one */
    place_first(*place);
    if (pthread_create(&partner, NULL, kind->partner, NULL)) bench_fail("no thread to be had");
    place_second(*place);
    play_for_a_while(kind, figures);
    atomic_store(&over, true);
    kind->play(0);
    pthread_join(partner, NULL);
}

/* ---- shapes ---- */

static const struct bench_contestant kinds[] = {
    {.who = "raw futex", .what = &futex_kind},
    {.who = "pthread condition", .what = &condition_kind},
    PEER_NSYNC("nsync_cv", nsync_kind),
    PEER_GLIB("GCond", glib_kind),
    {.who = "plait_semaphore", .ours = true, .what = &semaphore_kind},
    {.who = "plait_event", .ours = true, .what = &event_kind},
};

static const char *const figures_told[] = {"ns_per_op", "cpu_ns_per_op", NULL};
static const enum place places[] = {ANYWHERE, ONE_CPU_EACH, ONE_CPU};

static const struct bench_shape shapes[] = {
    {"ping-pong, unpinned", figures_told, run, &places[0], kinds, LENGTH(kinds), .apart = true},
    {"ping-pong, a CPU for each thread", figures_told, run, &places[1], kinds, LENGTH(kinds), .apart = true},
    {"ping-pong, both on one CPU", figures_told, run, &places[2], kinds, LENGTH(kinds), .apart = true},
};

void compare_ping_pong(void) {
    for (int i = 0; i < LENGTH(shapes); i++)
        if (place_exists(places[i])) bench_compare(&shapes[i]);
}

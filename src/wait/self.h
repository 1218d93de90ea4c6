/* self.h - what plait keeps for each thread.
 *
 * One struct in static thread-local storage: nothing is allocated, nothing can fail, and it is there in
 * threads that plait did not start, from their first call of plait to their very last destructor. It is
 * reached through one out-of-line function, so that no compiler keeps its address across a point where a
 * green thread could change carriers; but for the ident, where a lock is taken without a call. Small, because
 * a library that is loaded late gets its static thread-local storage from a reserve of about a page.
 */
#ifndef PLAIT__SELF_H
#define PLAIT__SELF_H

#include <base/atomic.h>
#include <base/list.h>
#include <plait/cancel.h>
#include <plait/host.h>
#include <stdbool.h>
#include <stdint.h>

struct plait__waiter;
struct plait_case;

/* Free blocks of one size class, for cells.h. */
struct plait__cells {
    struct plait__cell *loaded; /* `count` of them */
    struct plait__cell *spare;  /* a full batch, or NULL */
    uint32_t count;
};
enum { PLAIT__CELL_CLASSES = 8, PLAIT__PUSHED = 8 };

struct plait__self {
    uint32_t ident;     /* 1 .. PLAIT__IDENT_MASK, unique among threads; never changes, not by fork */
    uint32_t quick;     /* the ident again, or 0; see plait__quick. Atomic: others clear it */
    uint32_t shields;   /* plait_shield_enter not yet left */
    plait_token *token; /* the current token; NULL: the root */
    struct plait__waiter *waiter; /* the innermost wait of this thread, for its signal handlers */
    const plait_host *host;
    uint32_t host_depth;   /* waits entered: the host's hooks run for the outermost */
    int host_pending;      /* set by plait_host_interrupt, in a signal handler */
    uint64_t random;       /* plait__random's state */
    uint32_t spins_missed; /* of late, one after the other; see spin.h */
    uint32_t spins_to_skip;
    uint32_t look_ms;          /* for shared.h: until the next look at the word at */
    uintptr_t looked_at;       /* this address, or 0, */
    uint64_t look_since;       /* which is slept on since then */
    struct plait__link listed; /* among those that plait__quick_set reaches */
    bool keeps_cells;          /* its end is watched, and has not come */
    struct plait__cells cells[PLAIT__CELL_CLASSES];

    /* Left for the floors above; the wait core does not look inside. */
    void *thread;                  /* src/thread: the plait_thread that this is */
    void *task;                    /* src/thread: the task being run, for plait_raise */
    const plait_token *task_token; /* src/thread: `token` when that task began */
    void *locals;                  /* src/thread: values of plait_local */
    /* src/pool, for its workers: asked by a select without a deadline before it waits. Works for one of the
     * cases instead, and says whether it did anything. */
    bool (*help_cases)(struct plait_case *cases, size_t count);
    /* src/pool: what it handed over last, for pool/injector.c; only addresses. */
    uint32_t pushes;
    void *pushed[PLAIT__PUSHED];
    void (*ended)(struct plait__self *); /* called once when the thread ends, from a pthread key */
};

/* Thread idents fit into a lock word beside its flags. They are given out in order and start again after
 * a thousand million threads. */
#define PLAIT__IDENT_MASK UINT32_C(0x3fffffff)

/* The calling thread's. */
struct plait__self *plait__self(void);
/* Its ident alone, 0 before the thread's first use of plait: inline, for the straightest of paths. */
extern __thread struct plait__self plait__own __attribute__((visibility("hidden")));
static inline uint32_t plait__ident_begun(void) {
    return plait__own.ident;
}

/* The ident, for paths of the room above that are over after one compare-and-swap; or 0, and the long way must be
 * gone: before the thread's first use of plait and after its end, and while somebody wants to see what threads
 * do. (Under the checker one thread runs at a time, and this is no point of its own.) */
static inline uint32_t plait__quick(void) {
#if defined(PLAIT_CHECKED)
    return plait__own.quick;
#else
    return plait__load(&plait__own.quick);
#endif
}
/* Gives all threads their short paths back, or takes them away, also from those that will begin. A thread that
 * has just looked goes the way that it has seen once more. */
void plait__quick_set(bool allowed);

/* The same as plait__self, but NULL before the thread's first use of plait: for signal handlers, which must not begin it. */
struct plait__self *plait__self_begun(void);

/* Called when the thread ends, also one that plait did not start, so that what hangs on `ended` runs.
 * Must be asked for anew when something is hung there after it ran (in another key's destructor). */
void plait__self_watch_end(void (*ended)(struct plait__self *));

#if defined(PLAIT_CHECKED)
/* Does now what is else done when the thread ends: the checker's threads go on to other runs. */
void plait__self_end(void);
#endif

/* A cheap random number for choices that only must not favour anyone. */
uint32_t plait__random(struct plait__self *self);

/* After a fork: the child's only thread keeps its ident, all others that existed then have vanished. */
bool plait__vanished(uint32_t ident);
/* How many forks lie between the first process and this one: an object that remembers the number it was
 * last used under can tell that a fork has come between. */
extern uint32_t plait__forks __attribute__((visibility("hidden")));
static inline uint32_t plait__generation(void) {
    return plait__load(&plait__forks);
}

/* Threads that have used plait and have not ended. */
uint32_t plait__users(void);

/* Threads that use plait and are not asleep in it: spinning is pointless when there are more than CPUs. */
uint32_t plait__running(void);
void plait__running_more(void);
void plait__running_less(void);

#endif

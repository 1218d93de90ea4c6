/* control.h - the deterministic scheduler: real threads, of which one runs at a time.
 *
 * An actor is a thread under control. All of them but one wait for their turn (`turn`, a futex word of the
 * actor's own); the one that runs is the only one to touch anything here, so nothing needs a lock: who gives
 * the turn away stores it with release, who takes it loads it with acquire.
 *
 *   READY     could run             ASLEEP    in plait__os_sleep       POLLING   in plait__os_poll
 *   DRAINING  the test's own thread, whose function has returned: goes on when nobody else can
 *   ENDED     its thread has ended, or waits to be used in the next run
 *
 *   READY -> ASLEEP, POLLING, DRAINING, ENDED   by the actor itself, which then gives its turn to another
 *   ASLEEP -> READY    by an actor that wakes its word; by a decision that its deadline passes or that it is
 *                      disturbed
 *   POLLING -> READY   when a descriptor is ready, looked at after each bell and when nobody else can run
 *
 * No wake-up is lost: an actor compares the word and becomes ASLEEP without giving its turn away in between.
 *
 * A run that passes before all of its threads have ended (daemons are left, a pool's idle workers) sets `over`.
 * Each actor that gets its turn then leaves its stack by a jump to where it began, one after the other. That is
 * possible because an actor only ever waits inside plait, and all that plait knows is put back afterwards
 * (state.c). A program under control simply ends with the run, and so does a process whose run has failed.
 */
#ifndef PLAIT__CONTROL_H
#define PLAIT__CONTROL_H

#include <base/os.h>
#include <check/run.h>
#include <check/search.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <wait/self.h>

enum plait__standing { PLAIT__READY, PLAIT__ASLEEP, PLAIT__POLLING, PLAIT__DRAINING, PLAIT__ENDED };

/* A call of plait's by the program. */
struct plait__call_place {
    uintptr_t caller, function; /* addresses in the program and in plait */
    uint64_t number;            /* among the actor's steps */
    uint32_t inlined;           /* functions that stand in it, and that the program is in */
};
enum { PLAIT__CALLS = 8 };

struct plait__actor {
    uint32_t turn; /* 1: it may run */
    uint8_t id;
    uint8_t standing; /* enum plait__standing */
    uint8_t slept;    /* enum plait__slept: how its sleep ended */
    bool has_thread;  /* of the operating system, also one kept from the run before */
    bool lost;        /* and that one has left `stay`: it ends, or has ended, and is to be joined */
    bool has_values;  /* that destructors must see at its end, so it is not kept for another run */
    bool of_plait;    /* plait has started it: if it is no plait_thread it is the service thread */
    uint32_t native;
    int64_t until;           /* ASLEEP, POLLING: the clock's deadline, INT64_MAX: none */
    uint32_t *word, *shared; /* ASLEEP: on these; the second or NULL */
    struct pollfd *descriptors;
    nfds_t descriptor_count;
    int sections; /* plait's internal mutexes that it holds */

    /* Looking again and again: points in a row at which it changed nothing, nor anybody else. */
    uint32_t idle;
    uint64_t changes_seen;

    uint64_t steps; /* calls of plait by the program, and returns from them */
    uint64_t asked; /* the step at which the strategy was asked last, plus one */
    uint32_t depth; /* of the calls that it is in: callbacks call plait, too */
    struct plait__call_place calls[PLAIT__CALLS];

    char *lowest;            /* that its stack has reached to in the run, as far as is known */
    const char *stopped_at;  /* its stack pointer when it gave its turn away */
    char name[24], task[32]; /* for reports; empty: not known */
    void *(*body)(void *);
    void *arg;
    void *result;
    uint32_t end_word; /* who joins it by pthread_join sleeps on this */
    jmp_buf leave;
    pthread_t pthread;
    struct plait__self *self;
    uint64_t order; /* the hash of all that it did and what came before that */
    uint32_t clock[PLAIT__ACTORS];
};

enum { PLAIT__STACK = 8 << 20 };

struct plait__control {
    struct plait__run *run;
    struct plait__search *search;
    bool program; /* a whole program is the test; else a function */
    bool over;
    bool rung;   /* a bell, since the pollers were looked at last */
    bool ending; /* the run is being put down on paper: no more points */
    int64_t now;
    uint32_t count; /* of actors in this run */
    uint32_t ready, asleep, timed, polling;
    uint32_t decisions, planned;
    uint32_t run_number;
    uint64_t points, changes;
    bool clocks_on; /* the run keeps vector clocks */
    char *stacks;   /* PLAIT__ACTORS slots of PLAIT__STACK bytes; NULL: there was no room for them */
    struct plait__places *places;
    struct plait__heap *heap;
    struct plait__accesses *accesses;
    size_t scratch_used;
    uint32_t variables; /* accessed by plait_read and plait_write */
    bool learned;       /* memory was found to be shared in this run that was not known to be */
    struct plait__actor actors[PLAIT__ACTORS];
};

/* NULL: nothing is under control in this process. Not part of what is put back after a run. */
extern struct plait__control *plait__control;
/* The calling thread's actor; NULL: it is not under control. */
extern __thread struct plait__actor *plait__acting;

/* control.c: one run. Makes the calling thread actor 0, and ends that. */
struct plait__control *plait__control_new(struct plait__run *run, struct plait__search *search, bool program);
void plait__run_begin(void);
void plait__run_end(void);
/* Called by actor 0 when the test has returned: the others go on until they have ended or nobody can. */
void plait__run_drain(void);
/* The run has failed, and with it this process ends. */
_Noreturn void plait__run_fails(enum plait_check_outcome outcome, const void *address, const char *words, ...)
    __attribute__((format(printf, 3, 4)));
/* A breakpoint for debuggers: the run fails here. */
void plait__check_failed_here(void);
/* decide.c: whether there is more than one thing that could happen, and who goes on. `yields` as in a decision;
 * `asks`: the strategy is asked, else only a plan may deviate; `trail` tells this decision from another. */
bool plait__has_choice(void);
void plait__decide_who(struct plait__actor *me, bool yields, bool asks, uint32_t trail);
/* Whether nobody is left to change anything: all who could run only look. */
bool plait__all_look(void);
enum { PLAIT__LOOKS = 64 };
/* Asks for a value 0 .. count-1, 0 by default. */
uint32_t plait__decide_value(enum plait__question question, uint32_t count);
/* points.c: a point before an operation at the address; `what` as in hooks.h. */
void plait__run_pass(struct plait__actor *me, unsigned what, const volatile void *address);
/* A point at which others may go on, as if the actor had looked in vain for long. */
void plait__run_yield(void);
/* standstill.c: the actor cannot go on: its standing says why. Returns when it goes on. */
void plait__run_block(struct plait__actor *me);
void plait__look_at_pollers(void);
void plait__actor_wakes(struct plait__actor *actor, enum plait__slept slept);
/* A new actor that is READY and has no thread yet. */
struct plait__actor *plait__actor_new(void);
/* Its own thread's last act. */
void plait__actor_ends(struct plait__actor *me);
void plait__actor_stands(struct plait__actor *actor, enum plait__standing standing, int64_t until);
bool plait__actor_is_timed(const struct plait__actor *actor);
void plait__actor_switch(struct plait__actor *me, struct plait__actor *next);
void plait__actor_give_turn(struct plait__actor *actor);
void plait__actor_wait_turn(struct plait__actor *me);
/* actors.c: the thread behind it; 0 or an errno value. `attributes` of the program's own, or NULL. */
int plait__actor_start(struct plait__actor *actor, size_t stack_size, const pthread_attr_t *attributes,
                       void *(*body)(void *), void *arg);
/* What a run has left on the calling actor's stack, below the caller, is gone: who reads it by mistake reads zeros. */
void plait__actor_clean_stack(struct plait__actor *me);
/* All that are left leave their stacks. By actor 0, when the run is over. */
void plait__actors_leave(void);
/* The end of the run waits for it. */
bool plait__actor_counts(const struct plait__actor *actor);
/* The calling thread is an actor until its very last destructor. */
void plait__actor_ends_with_thread(void);
void plait__actors_prepare(void);
/* The run is over: the calling actor leaves its stack, as its thread or for another run. */
_Noreturn void plait__actor_leaves(struct plait__actor *me);
/* Waits until a thread that is lost has gone, and what it gave back, if that can be had; else an errno value. */
int plait__actor_await_lost(struct plait__actor *actor, void **result);
/* Whether the address lies in a part of an actor's stack that it has left. */
struct plait__actor *plait__dead_stack_of(const char *address);

/* heap.c: plait's own memory in a run. */
struct plait__heap *plait__heap_new(void);
void plait__heap_begin(void);
bool plait__heap_freed(const volatile void *address);
/* A signal came for this address: the freed block that a stale pointer was read from, or NULL. */
const void *plait__heap_spoilt(const void *address);
/* The block that the address lies in: its first byte, and its size; or NULL. */
const void *plait__heap_block(const volatile void *address, size_t *size);

/* Memory that costs nothing until it is used, and is not put back after a run; NULL: there is none. */
void *plait__reserve(size_t size);

/* state.c: all that plait knows, put back as it was before the first run. */
void plait__state_find(void);
void plait__state_keep(void);
void plait__state_restore(void);
/* The calling thread's part of it, as it is in a new thread. */
void plait__state_fresh_thread(void);
bool plait__state_is_code(uintptr_t address);
bool plait__state_is_ours(const volatile void *address);

/* places.c: what is known of an address in this run. */
struct plait__place {
    uintptr_t address;
    uint32_t number;        /* by first use in the run, from 1 */
    uint16_t slot;          /* of the hash table */
    uint8_t first;          /* actor */
    bool several;           /* actors have used it */
    bool signalled;         /* a condition that was notified, an event that was set */
    uint8_t looked_by;      /* the last to look without a change since, ... */
    uint64_t looked_at;     /* ... and after how many changes, plus one */
    uint64_t users;         /* a bit for each actor, modulo 64 */
    uint64_t written, read; /* of the order's hash */
    uint32_t *clock;        /* what was released there */
    uint32_t clock_size;
};
struct plait__places *plait__places_new(void);
void plait__places_begin(void);
/* Never NULL. */
struct plait__place *plait__place(const volatile void *address);
struct plait__place *plait__place_if_known(const volatile void *address);
/* Whether it was used by several actors in any run so far; forgets nothing. */
bool plait__place_known_shared(uintptr_t address);
void plait__place_learn(uintptr_t address);

/* races.c */
struct plait__accesses *plait__accesses_new(void);
void plait__clocks_begin(void);
/* Zeroed memory until the end of the run. */
void *plait__scratch(size_t size);
void plait__clock_passes(struct plait__actor *me, struct plait__place *place, unsigned what);
void plait__clock_starts(struct plait__actor *parent, struct plait__actor *child);
/* All that the other has done comes before what the actor does from now on. */
void plait__clock_joins(struct plait__actor *me, const struct plait__actor *ended);
/* The program gives back this block of its own: what is used there later is something else. */
void plait__accesses_forget(const void *block, size_t size);

/* calls.c: the innermost call of plait that the program is in; zero: none. */
struct plait__call_place plait__call_now(const struct plait__actor *actor);
/* For the checker's own functions that the program calls, and for where it crashes. */
void plait__call_begins(const void *function, const void *site);
void plait__call_ends(void);

/* events.c */
void plait__record(struct plait__actor *me, enum plait__event_kind kind, const volatile void *object,
                   int other, uint64_t value, bool has_value);
/* If the object has a name, the report shall know it. */
void plait__note_name(const void *object);
void plait__record_access(struct plait__actor *me, bool write, const volatile void *address, size_t size,
                          const char *name, const char *file, int line);

/* describe.c: how all actors stand, into the run. */
void plait__describe(void);

/* The real ones, of os_posix.c and os_sleep_*.c. */
int64_t plait__real_clock(void);
enum plait__slept plait__real_sleep(uint32_t *word, uint32_t expected, int64_t until);
void plait__real_wake(uint32_t *word, int count);
enum plait__slept plait__real_sleep_shared(uint32_t *own, uint32_t own_expected, uint32_t *shared,
                                           uint32_t expected, int64_t until);
void plait__real_wake_shared(uint32_t *shared, int count);
int plait__real_poll(struct pollfd *descriptors, nfds_t count, int64_t until);
int plait__real_thread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                              void *arg);
int plait__real_join(pthread_t thread, void **result);
int plait__real_thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg);
void plait__real_bell_ring(int bell);

static inline uint64_t plait__mixed(uint64_t x) {
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

#endif

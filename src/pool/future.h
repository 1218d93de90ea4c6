/* future.h - a future from inside. The public side is plait/future.h.
 *
 * One block of memory: the future, the arguments of its task, its result.
 *
 * The word `state` holds a phase, and flags that may come at any time:
 *   QUEUED   -> STARTING   a worker, or a worker that waits for it, by compare-and-swap: it will run it
 *   QUEUED   -> SETTING    cancel, or set_result and set_error of a promise: exclusive right to the result
 *   QUEUED   -> RUNNING    set_running of a promise
 *   STARTING -> RUNNING    whoever runs it, once `token` is that of the running task
 *   RUNNING  -> SETTING    whoever sets it
 *   RUNNING  -> DONE       whoever ran it
 *   SETTING  -> DONE       the same; status, message and result are written before (release) and never
 *                          change after; readers look at the state first (acquire)
 *   PARKED     somebody waits in the parking table at the future's address. Set under the list's lock and
 *              only before DONE; whoever makes it DONE sees the flag in the same compare-and-swap and wakes
 *              all that are parked, under the list's lock. So none parks unseen.
 *   CANCEL     asked to stop, in STARTING or RUNNING. In STARTING the runner finds the flag when it goes on
 *              to RUNNING and cancels the token itself. In RUNNING the canceller does, under the list's
 *              lock; a runner that finds the flag when it makes the future DONE takes that lock once before
 *              the token may be used for something else. Also set by a cancel that goes from QUEUED to
 *              SETTING, for those who come too late to set it themselves and ask why.
 *   READ       its failure has been asked for;  TAKEN  its result has
 *   SHIELDED   was submitted under a shield and runs under one
 *   POSTED     nobody has a handle
 *   TIMED      its token is one that was made for its own deadline
 *   BEGUN      a worker has taken it to run it
 *   REMOTE     it runs in another process, whose pool has it in a cell while it is RUNNING (process/pool.h)
 *   STATIC     one of the few that exist for when memory is out: not counted, not freed
 *
 * What was only posted has one holder at any time, who needs no compare-and-swap for these steps
 * (plait__future_is_alone). The one who might still find it is a pool that is terminated, which goes through what its
 * workers run; so a future becomes RUNNING before it is put there, and DONE when it has been taken away from there again
 * (run.c).
 *
 * A future in a pool's queue is held by the queue until a worker takes it off, also when it was cancelled or
 * run by somebody else meanwhile; its phase then tells that nothing is left to do.
 */
#ifndef PLAIT__FUTURE_H
#define PLAIT__FUTURE_H

#include <base/atomic.h>
#include <base/list.h>
#include <plait/cancel.h>
#include <plait/future.h>
#include <plait/pool.h>
#include <plait/task.h>

enum { PLAIT__QUEUED, PLAIT__STARTING, PLAIT__RUNNING, PLAIT__SETTING, PLAIT__DONE, PLAIT__PHASE = 7 };
enum {
    PLAIT__PARKED = 8,
    PLAIT__CANCEL = 16,
    PLAIT__READ = 32,
    PLAIT__TAKEN = 64,
    PLAIT__SHIELDED = 128,
    PLAIT__POSTED = 256,
    PLAIT__STATIC = 512,
    PLAIT__TIMED = 1024,
    PLAIT__BEGUN = 2048,
    PLAIT__REMOTE = 4096
};

/* Something in a pool's queue. */
struct plait__job {
    struct plait__link link; /* the pool's mutex */
    int32_t priority;        /* of a future */
    uint32_t is_map : 1;     /* a struct plait__map, else a plait_future */
    uint32_t turn : 31;      /* of a future, in a pool with priorities: it came before those with more */
};

struct plait__callback {
    struct plait__callback *next;
    void (*function)(plait_future *future, void *context);
    void (*forget)(void *context); /* called instead if the future goes without being done; may be NULL */
    void *context;
    size_t size; /* of the cell (wait/cells.h) that it is, or begins */
};

/* For a result that nobody takes; a cell of its own, as few futures have one. */
struct plait__destroy {
    void (*function)(void *result, void *context);
    void *context;
};

struct plait_future {
    union {
        struct plait__job job;
        size_t result_size; /* of a promise, which is in no queue; see plait__future_result_size */
    };
    uint32_t references;
    uint32_t state;
    plait_status status;
    uint32_t generation; /* of forks, when it was made */
    char *message;
    const plait_task *task;            /* NULL: a promise, which somebody sets */
    const plait_pool *pool;            /* or an owner; only to be compared: it may be gone */
    plait_token *token;                /* QUEUED: what the task will run below. RUNNING: what it runs under */
    struct plait__callback *callbacks; /* newest first; CALLED when they have been */
    struct plait__destroy *destroy;    /* NULL: nothing */
    union {
        plait_future *outer; /* RUNNING: the one inside which it runs */
        struct {
            uint32_t pool, worker;
        } ran_by;      /* BEGUN and failed: for people */
        void *block;   /* REMOTE, not RUNNING: its arguments, or what its result points at; or NULL */
        uint32_t cell; /* REMOTE and RUNNING */
    };
};

/* With 16 bytes of arguments and a result of 8 it fits what malloc makes of 128 bytes, 8 of which are its own. */
_Static_assert(sizeof(plait_future) <= 96, "a future is to stay small");

static inline size_t plait__future_result_size(const plait_future *future) {
    return future->task ? future->task->result_size : future->result_size;
}

/* Whether nobody but the caller, who has a reference, can reach the future to change its state, unless it is among those
 * that a worker runs. A scope and an owner reach theirs without a reference of their own, and never only post. */
static inline bool plait__future_is_alone(const plait_future *future) {
    return plait__load(&future->state) & PLAIT__POSTED && plait__load_acquire(&future->references) == 1;
}

static inline uint32_t plait__future_phase(const plait_future *future) {
    return plait__load_acquire(&future->state) & PLAIT__PHASE;
}

void *plait__future_args(plait_future *future);
void *plait__future_result(plait_future *future);

/* With one reference; NULL when memory is out. `task` NULL: a promise. What lies behind the struct, arguments
 * and result, is not zeroed. */
plait_future *plait__future_make(const plait_task *task, size_t result_size);
/* A future that has failed already; a static one when memory is out. */
plait_future *plait__future_failed(plait_status status);
void plait__future_drop(plait_future *future);

/* Whether `size` bytes at `out` are right for its result: also if nobody wants it, or cannot tell. */
bool plait__future_fits(const plait_future *future, const void *out, size_t size);
/* from -> to, if that is the phase it is in; `to` may have flags, too. */
bool plait__future_enter(plait_future *future, uint32_t from, uint32_t to);
/* The same for whoever has a reference, while it is not among those that a worker runs. */
bool plait__future_step(plait_future *future, uint32_t from, uint32_t to);
/* SETTING -> DONE with this status and message (which is taken over; may be NULL): wakes who waits, calls
 * the callbacks. The caller has a reference and holds no lock. */
void plait__future_finish(plait_future *future, plait_status status, char *message);
/* For whoever must not run the user's code on this thread. It is DONE: nobody need be called back, nor will be; false:
 * somebody must. And: lets go of it, if that calls nobody; false: the caller still has the reference. */
bool plait__future_silent(plait_future *future);
bool plait__future_drop_silently(plait_future *future);
/* The two halves of it, for whoever has something to do between them; the first may also come from RUNNING,
 * and returns the state before. */
uint32_t plait__future_settle(plait_future *future, plait_status status, char *message);
void plait__future_call_back(plait_future *future);

/* Under the lock of its parking list: from now on whoever makes it done looks there. False: it is done. */
bool plait__future_announce(plait_future *future);
/* PLAIT_OK; or why the calling thread need not wait for it: it will never be done, in this process, or before
 * this very task has returned. */
plait_status plait__future_hopeless(const plait_future *future);

/* plait_future_add_done_callback, with the other end of it. */
plait_status plait__future_on_done(plait_future *future,
                                   void (*function)(plait_future *future, void *context),
                                   void (*forget)(void *context), void *context);
/* The same with a cell that the caller has taken, perhaps as the beginning of a larger one: it is taken
 * over, and given back when its function has been called, or forgotten. So nothing can fail. */
void plait__future_add_callback(plait_future *future, struct plait__callback *callback);

/* run.c: why a task that is STARTING must not begin any more, or PLAIT_OK. */
plait_status plait__future_too_late(const plait_future *future);
/* STARTING -> RUNNING; a cancel that came meanwhile is made good. */
void plait__future_begin(plait_future *future);

/* What a REMOTE future asks of the room above that runs it; set before there is one. */
struct plait__remote {
    plait_status (*wait)(plait_future *future, plait_deadline deadline);
    bool (*cancel)(plait_future *future); /* it is not QUEUED */
    bool (*begun)(const plait_future *future);
};
extern const struct plait__remote *plait__remote; /* atomic */
/* Waits in the parking table until it is done. */
plait_status plait__future_park(plait_future *future, plait_deadline deadline);

/* worker.c: runs a future that is still QUEUED, if the calling thread is a worker of its pool. */
void plait__future_help(plait_future *future);
/* The same for one of the cases of a select, if all are futures; false: none. A worker's plait__self has it. */
bool plait__future_help_cases(plait_case *cases, size_t count);
/* The calling thread begins (1) and ends (-1) a wait for a result: a worker lets others see it. */
void plait__future_waits(int more);
/* Whether it would now. */
bool plait__future_can_help(const plait_future *future);
/* owner_thread.c: whether that is the owner whose thread is calling. False for NULL. */
bool plait__owner_serves(const void *owner);
/* Whether the calling thread is running this future's task at this moment. */
bool plait__future_is_own(const plait_future *future);

#endif

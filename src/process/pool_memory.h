/* pool_memory.h - what the parent and the workers of a pool of processes share: cells, the ring, the finished list, and who
 * sleeps.
 *
 * One piece of memory without a name, mapped by all of them. Nothing in it is a pointer, and whoever reads what another
 * process has written checks every index: a worker that a wild store has damaged must not take its parent along. All
 * sizes are fixed; what nobody touches takes no memory.
 *
 * THE CELL. A task in flight lies in a cell: which task, its arguments, and later its result. The cell's word says all
 * about it in one piece:
 *
 *     state (4 bits) | worker (16 bits) | ticket (44 bits)
 *
 *   FREE    -> QUEUED    the parent, which has written the cell before; the ticket is its place in the ring
 *   QUEUED  -> RUNNING   a worker, which puts its own number there, by one compare-and-swap (plait__pool_claim)
 *   QUEUED  -> FREE      the parent, by compare-and-swap: the task is cancelled, and no worker will run it
 *   RUNNING -> DONE      that worker, which has written the result before
 *   RUNNING -> FREE      the parent, when that worker is dead
 *   DONE    -> FREE      the parent, when it has read the result
 * Since a claim is one instruction, a worker killed at any instruction leaves an exact record: what it had claimed is
 * RUNNING or DONE with its number in the word, and nothing else of its is touched. Each step to the next owner is a release,
 * and the next owner's look at the word an acquire. A ticket is never used twice (2^44 microseconds are 200 days at a
 * million tasks a second, and then only a worker that slept all that time could be fooled), so a
 * compare-and-swap that was prepared for an older task of the same cell fails.
 *
 * THE RING holds the numbers of queued cells, in order; entry `ticket % CELLS`. The parent alone adds (under its mutex):
 * cell, entry, then `tail` (sequentially consistent). `head` is only a hint where to begin, and anybody moves it: whoever
 * finds that the cell at `head` is not QUEUED with just that ticket moves it on by one, by compare-and-swap. So a worker
 * that is killed after its claim and before it moved `head` stops nobody, and a cancelled cell is passed over by the same
 * step. An entry is used again only when head has passed it, so the entry that a slow worker reads may be of a later lap:
 * the cell's word then has another ticket, and its move of `head` fails.
 *
 * THE FINISHED LIST is a stack of DONE cells, in one word: the number of the newest, plus one; each cell has the next
 * one's. Workers push by compare-and-swap, the parent takes all with one exchange, so there is no ABA. A worker killed
 * before its push leaves a DONE cell that is on no list: the parent finds it when it looks through the cells of that
 * worker after its death. Until its push the cell is the worker's; after it the worker never touches it.
 *
 * WHO COLLECTS. `seat` says who in the parent looks at the finished list:
 *   EMPTY    nobody: whoever pushes onto the empty list owes a ring of the keeper's bell (pool_keeper.c), a descriptor.
 *            A thread that submits and then asks for the result sits down a little later than a quick worker is done; so the
 *            worker first looks for its next task, for as long as it looks on anyway, and rings before it begins
 *            one or goes to sleep, if there is still somebody to ring for
 *   LOOKING  a thread is awake, and will look before it goes: nothing to be done
 *   ASLEEP   a thread sleeps on the list's word: whoever pushes onto the empty list wakes that word
 * A push is sequentially consistent and stands before the pusher's look at `seat`. Whoever sits goes from LOOKING to ASLEEP
 * or EMPTY by an exchange, and looks at the list after that (asleep: the kernel compares the list's word). So either
 * the pusher sees where to knock, or the other sees the push. `rung` keeps the bell from being rung twice; the keeper
 * clears it before it looks.
 *
 * WHO SLEEPS. `idle` has a bit for each worker that sleeps, or is about to, and that nobody has called yet; taking the
 * bit away is the right to wake it, and the duty. At most one worker is on its way at any time: `searching` holds its number
 * plus one. It was woken for work, or has found none and looks for a moment longer; when it claims a cell it says so
 * (0), and calls the next if the ring is not empty. So a burst of submits costs one wake, and one more for each worker
 * for which there is really work.
 *   After a push into the ring:  if searching is 0, and the ring is not empty by now, make it a worker from `idle`, take the
 *                                bit, wake. The parent asks each time it has held its mutex: mostly nothing was pushed.
 *   After clearing `searching`:  if the ring is not empty, the same.
 *   Before sleep: word = ASLEEP, the bit, `searching` cleared if it is mine, and then a last look at the ring.
 * All of these are sequentially consistent. A put that finds somebody searching relies on the look that this one makes
 * after it has cleared the word. A put that finds nobody searching and no bit set relies on the last look of those who
 * are about to sleep.
 *
 * WHAT A KILL LEAVES, beside cells: `searching` with a dead worker's number, a bit that was taken and not followed by a wake,
 * a push not followed by one, `rung` without a ring. The parent hears of each death (the keeper polls for it) and then
 * sets all of this right: it clears the dead worker's bit and its `searching`, collects, and wakes everybody. Until
 * then, and should the parent miss something, every sleep looks again by itself after 50 ms or more (wait/shared.h).
 */
#ifndef PLAIT__POOL_MEMORY_H
#define PLAIT__POOL_MEMORY_H

#include <base/atomic.h>
#include <plait/status.h>
#include <process/task_reference.h>
#include <stddef.h>

enum {
    PLAIT__CELLS = 1024, /* a power of two */
    PLAIT__POOL_WORKERS = 1024,
    PLAIT__POOL_TASKS = 1024,
    PLAIT__CELL_ARGS = 112,
    PLAIT__CELL_RESULT = 64,
    PLAIT__ROOM = 64 * 1024
};

enum plait__cell_state {
    PLAIT__CELL_FREE,
    PLAIT__CELL_QUEUED,
    PLAIT__CELL_RUNNING,
    PLAIT__CELL_DONE,
    PLAIT__CELL_STATE = 15
};
enum { PLAIT__CELL_WORKER_SHIFT = 4, PLAIT__CELL_TICKET_SHIFT = 20 };

/* Where a wire lies. */
enum plait__place { PLAIT__IN_CELL, PLAIT__IN_ROOM, PLAIT__IN_FILE };

struct plait__parcel {
    uint64_t size;
    uint32_t place;
    int32_t file; /* IN_FILE: a descriptor of the writer's */
};

struct plait__pool_cell {
    uint64_t word;
    uint32_t next;     /* of the finished list, plus one */
    uint32_t task;     /* in the table of tasks */
    uint32_t kind;     /* enum plait__errand_kind */
    uint32_t flags;    /* enum plait__cell_flags */
    int64_t deadline;  /* when the task is to be over */
    int64_t begun;     /* when it began, if there is a limit; 0: not yet */
    uint64_t progress; /* of a chunk */
    plait_status status;
    uint32_t cancel; /* atomic: it is to stop */
    struct plait__parcel args, result;
    _Alignas(16) char args_here[PLAIT__CELL_ARGS];
    _Alignas(16) char result_here[PLAIT__CELL_RESULT];
};

enum plait__cell_flags { PLAIT__CELL_SHIELDED = 1, PLAIT__CELL_TIMED = 2, PLAIT__CELL_POSTED = 4 };

/* What a worker and its parent tell each other. */
struct plait__pool_slot {
    _Alignas(128) uint32_t word; /* the worker sleeps on it */
    uint32_t stage;              /* enum plait__worker_stage; the worker's */
    int32_t pid;                 /* the worker's, before its first task; atomic */
    uint32_t leave;              /* the parent's: enum plait__leave */
    uint32_t listen; /* the parent's: counts up when a cell's `cancel` was set; the listener sleeps on it */
    uint32_t taken;  /* the parent's: counts up when a result in a file has been read */
    char words[192]; /* why it has FAILED */
};

enum plait__sleep { PLAIT__POOL_AWAKE, PLAIT__POOL_ASLEEP };
enum plait__worker_stage {
    PLAIT__WORKER_NEW,
    PLAIT__WORKER_READY,  /* the initializer is done */
    PLAIT__WORKER_FAILED, /* it has raised */
    PLAIT__WORKER_LEFT    /* it ends by itself, and has nothing */
};
enum plait__leave { PLAIT__STAY, PLAIT__LEAVE_WHEN_IDLE, PLAIT__LEAVE_NOW };
enum plait__seat { PLAIT__SEAT_EMPTY, PLAIT__SEAT_LOOKING, PLAIT__SEAT_ASLEEP };

enum { PLAIT__IDLE_WORDS = PLAIT__POOL_WORKERS / 64 };

struct plait__pool_memory {
    /* Never changes while there are workers. */
    int32_t owner;             /* the parent's pid */
    uint32_t max_tasks;        /* for each worker; 0: any number */
    int64_t soft_ns, hard_ns;  /* 0: none */
    uint32_t initializer;      /* in the table of tasks, plus one; 0: none */
    uint64_t initializer_size; /* of its arguments' wire */
    _Alignas(128) uint64_t tail;
    _Alignas(128) uint64_t head;
    _Alignas(128) uint32_t finished;
    uint32_t seat;
    uint32_t rung;
    _Alignas(128) uint32_t searching;
    uint64_t idle[PLAIT__IDLE_WORDS];
    _Alignas(128) uint32_t ring[PLAIT__CELLS];
    struct plait__task_reference tasks[PLAIT__POOL_TASKS];
    struct plait__pool_slot slots[PLAIT__POOL_WORKERS];
    struct plait__pool_cell cells[PLAIT__CELLS];
    _Alignas(4096) char initializer_args[PLAIT__ROOM];
    char rooms[PLAIT__CELLS][2][PLAIT__ROOM]; /* for arguments and results that a cell cannot hold */
};

static inline uint64_t plait__cell_word(enum plait__cell_state state, uint32_t worker, uint64_t ticket) {
    return (uint64_t)state | (uint64_t)worker << PLAIT__CELL_WORKER_SHIFT |
           ticket << PLAIT__CELL_TICKET_SHIFT;
}
static inline enum plait__cell_state plait__cell_state(uint64_t word) {
    return (enum plait__cell_state)(word & PLAIT__CELL_STATE);
}
static inline uint32_t plait__cell_worker(uint64_t word) {
    return (uint32_t)(word >> PLAIT__CELL_WORKER_SHIFT) & 0xffff;
}
static inline uint64_t plait__cell_ticket(uint64_t word) {
    return word >> PLAIT__CELL_TICKET_SHIFT;
}

/* ---- the parent's side ---- */

/* A written FREE cell goes into the ring: QUEUED. One thread at a time. */
void plait__pool_queue(struct plait__pool_memory *memory, uint32_t cell);
/* QUEUED -> FREE; false: a worker has it, or has had it. */
bool plait__pool_unqueue(struct plait__pool_memory *memory, uint32_t cell);
/* There may be work: sees to it that a worker is on its way, if one is idle and none is. Also for workers. */
void plait__pool_call(struct plait__pool_memory *memory);
/* Whether that would wake one now, and something waits for it. */
bool plait__pool_may_call(const struct plait__pool_memory *memory);
/* How many wait in the ring, about; cancelled ones count until they are passed over. */
uint32_t plait__pool_queued(const struct plait__pool_memory *memory);
/* Sets right what a dead worker has left beside its cells. */
void plait__pool_bury(struct plait__pool_memory *memory, uint32_t worker);
/* Wakes workers 0 .. count - 1, whatever they do. */
void plait__pool_wake_all(struct plait__pool_memory *memory, uint32_t count);
/* Everything on the finished list, newest first; 0: nothing. */
uint32_t plait__pool_take_finished(struct plait__pool_memory *memory);

/* ---- a worker's side ---- */

/* Claims the next queued cell; false: there is none. */
bool plait__pool_claim(struct plait__pool_memory *memory, uint32_t worker, uint32_t *cell);
/* The same for a worker that may be the one on its way: then it has arrived, and calls the next. */
bool plait__pool_find(struct plait__pool_memory *memory, uint32_t worker, uint32_t *cell);
/* RUNNING -> DONE, with all of the cell written. */
void plait__pool_done(struct plait__pool_memory *memory, uint32_t cell);
/* Onto the finished list. True: nobody sits, so the pusher owes a ring, before it begins or sleeps. */
bool plait__pool_push(struct plait__pool_memory *memory, uint32_t cell);
/* Whether one who owes a ring has to give it: nobody has come meanwhile, nor rung. */
bool plait__pool_must_ring(struct plait__pool_memory *memory);
/* Looks for work a moment longer. True: there is some. */
bool plait__pool_linger(struct plait__pool_memory *memory, uint32_t worker);
/* Sleeps until there may be work, or the slot says that it is to leave. */
void plait__pool_rest(struct plait__pool_memory *memory, uint32_t worker);
/* It claims nothing more: if it was the one on its way another goes. */
void plait__pool_leave(struct plait__pool_memory *memory, uint32_t worker);

#endif

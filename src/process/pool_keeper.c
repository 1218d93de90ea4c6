/* pool_keeper.c - the one thread of a pool of processes: it collects while nobody else does, and looks after the workers.
 *
 * It sleeps in a select over its bell and the channels of its workers, which say when one has ended. Who rings: a worker
 * that finishes a task while nobody sits (pool_memory.h), or that is ready; and the parent's own threads, when there is
 * something that only the keeper does. All that, and nothing else, is done here:
 *   - starting workers, in place of those that ended, and more while there is more in flight than there are workers;
 *   - burying those that died: what they ran fails, and what they left in shared memory is set right;
 *   - the time limits: a task that has run for too long has its worker killed. A worker that is to be killed must not begin
 *     another task meanwhile, which would die innocently: `leave` is set first, then the keeper looks whether the task
 *     still runs, and only then sends the signal; the worker looks at `leave` after each task, before the next
 *     claim. Both sides are sequentially consistent, so either the keeper sees the task over, or the worker the word;
 *   - calling the user's callbacks for what others have collected;
 *   - the end: when the pool is closed and nothing is outstanding the workers are told to leave, and when the last has gone
 *     it wakes those who join and goes.
 * Between two rings nothing wakes it: a thread that submits one task after the other and waits for each has the seat
 * when the result comes, and never pays for the keeper.
 *
 * A worker that has died before it was READY, or whose initializer raised, has failed to begin. An initializer that raises
 * breaks the pool at once, as Python's does; a death before READY when it has happened several times in a row.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <base/os_file.h>
#include <errno.h>
#include <plait/raise.h>
#include <plait/thread.h>
#include <process/pool.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <thread/registry.h>
#include <wait/name.h>

enum { MOST_FAILED_STARTS = 5, MOST_IN_A_ROW = 16 };

void plait__keeper_ring(struct plait__process_pool *pool) {
    if (!plait__exchange_seq(&pool->memory->rung, 1)) plait__os_bell_ring(pool->bell);
}

/* ---- starting ---- */

/* A tenth less for some, so that not all end at once. */
static uint32_t tasks_for(const struct plait__process_pool *pool) {
    uint32_t most = pool->memory->max_tasks, spread = most / 10;
    return most && spread ? most - plait__random(plait__self()) % (spread + 1) : most;
}

plait_status plait__hand_start(struct plait__process_pool *pool, uint32_t number) {
    char name[64];
    const int descriptors[] = {pool->file, pool->bell};
    struct plait__hand *hand = &pool->hands[number];
    struct plait__pool_slot *slot = &pool->memory->slots[number];
    struct plait__worker_start how = {number, tasks_for(pool)};
    struct plait__start start = {
        .entry = plait__pool_worker_main,
        .data = &how,
        .size = sizeof how,
        .descriptors = descriptors,
        .count = 2,
        .name = name,
        .method = pool->method,
        .quiet_interrupt = true,
    };
    snprintf(name, sizeof name, "%.40s-%u", pool->name, number + 1);
    plait__store(&slot->stage, PLAIT__WORKER_NEW);
    plait__store(&slot->leave, PLAIT__STAY);
    plait__store(&slot->word, PLAIT__POOL_AWAKE);
    struct plait__child child;
    pool->oom_kills = plait__os_oom_kills();
    plait_status status = plait__start_process(&start, &child);
    if (status != PLAIT_OK) return status;
    hand->child = child;
    hand->welcomed = hand->told = false;
    hand->began = plait__now();
    hand->kill_at = INT64_MAX;
    hand->late = 0;
    (void)plait__mutex_lock(&pool->mutex);
    hand->live = true;
    if (++pool->live > pool->most_live) pool->most_live = pool->live;
    if (number >= pool->hands_count) pool->hands_count = number + 1;
    plait__mutex_unlock(&pool->mutex);
    return PLAIT_OK;
}

/* Whether another worker is wanted; under the mutex. */
static bool wants_more(const struct plait__process_pool *pool) {
    if (pool->broken || pool->live >= pool->most || (pool->closed && !pool->outstanding)) return false;
    return pool->flight > pool->live || pool->missing;
}

static uint32_t vacant_number(const struct plait__process_pool *pool) {
    uint32_t number = 0;
    while (pool->hands[number].live) number++;
    return number;
}

/* One at a time: the first may already have done all there was to do. */
static bool start_one(struct plait__process_pool *pool) {
    (void)plait__mutex_lock(&pool->mutex);
    bool wanted = wants_more(pool), instead = wanted && pool->missing;
    uint32_t number = vacant_number(pool);
    if (instead) pool->missing--;
    plait__mutex_unlock(&pool->mutex);
    if (!wanted) return false;
    plait_status status = plait__hand_start(pool, number);
    if (status != PLAIT_OK) {
        snprintf(pool->last_words, sizeof pool->last_words, "no worker can be started: %s",
                 plait_last_message());
        if (!pool->live) plait__process_pool_break(pool, pool->last_words);
        return false;
    }
    if (instead) {
        (void)plait__mutex_lock(&pool->mutex);
        pool->counters.restarted++;
        plait__mutex_unlock(&pool->mutex);
    }
    return true;
}

/* ---- how they end ---- */

/* "was killed by SIGSEGV (core dumped) in worker 3 (pid 123)" */
static void describe(const struct plait__process_pool *pool, uint32_t number, int wait_status, bool starved,
                     char *words, size_t room) {
    int pid = (int)pool->hands[number].child.pid;
    if (!WIFSIGNALED(wait_status)) {
        snprintf(words, room, "exited with code %d in worker %u (pid %d)", WEXITSTATUS(wait_status),
                 number + 1, pid);
    } else if (starved) {
        snprintf(words, room, "ran out of memory (killed by the kernel) in worker %u (pid %d)", number + 1,
                 pid);
    } else {
        const char *name = sigabbrev_np(WTERMSIG(wait_status));
        snprintf(words, room, "was killed by %s%s%s in worker %u (pid %d)", name ? "SIG" : "a signal",
                 name ? name : "", WCOREDUMP(wait_status) ? " (core dumped)" : "", number + 1, pid);
    }
}

/* The kernel's own kill. */
static bool has_starved(struct plait__process_pool *pool, int wait_status) {
    if (!WIFSIGNALED(wait_status) || WTERMSIG(wait_status) != SIGKILL) return false;
    uint64_t kills = plait__os_oom_kills();
    bool more = kills > pool->oom_kills;
    pool->oom_kills = kills;
    return more;
}

/* It never was READY. */
static void failed_to_begin(struct plait__process_pool *pool, uint32_t number, const char *how) {
    const struct plait__pool_slot *slot = &pool->memory->slots[number];
    char words[600];
    if (plait__load_acquire(&slot->stage) == PLAIT__WORKER_FAILED) {
        snprintf(words, sizeof words, "the initializer failed: %.*s", (int)sizeof slot->words, slot->words);
        plait__process_pool_break(pool, words);
    } else if (++pool->failed_starts >= MOST_FAILED_STARTS) {
        snprintf(words, sizeof words,
                 "%d workers one after the other ended before their first task: the last %s",
                 MOST_FAILED_STARTS, how);
        plait__process_pool_break(pool, words);
    }
}

static void bury(struct plait__process_pool *pool, uint32_t number, int wait_status) {
    struct plait__hand *hand = &pool->hands[number];
    uint32_t stage = plait__load_acquire(&pool->memory->slots[number].stage);
    bool left = stage == PLAIT__WORKER_LEFT, begun = left || stage == PLAIT__WORKER_READY;
    bool late = hand->late; /* a signal of ours has ended what it ran */
    char how[200];
    if (late)
        snprintf(how, sizeof how, "ran longer than %g s and was ended in worker %u (pid %d)",
                 (double)pool->memory->hard_ns / 1e9, number + 1, (int)hand->child.pid);
    else
        describe(pool, number, wait_status, has_starved(pool, wait_status), how, sizeof how);
    plait__process_pool_bury(pool, number, late ? PLAIT_TIMEOUT : PLAIT_CRASHED, how);
    plait__child_close(&hand->child);
    (void)plait__mutex_lock(&pool->mutex);
    hand->live = false;
    pool->live--;
    if (!hand->told) pool->missing++;
    if (!left && !hand->told) pool->counters.crashed++;
    plait__mutex_unlock(&pool->mutex);
    if (begun)
        pool->failed_starts = 0;
    else if (!hand->told)
        failed_to_begin(pool, number, how);
    plait__pool_wake_all(pool->memory, pool->hands_count);
}

static void look_for_dead(struct plait__process_pool *pool) {
    int wait_status;
    for (uint32_t i = 0; i < pool->hands_count; i++)
        if (pool->hands[i].live && plait__child_ended(&pool->hands[i].child, &wait_status))
            bury(pool, i, wait_status);
}

/* ---- time ---- */

/* The worker must begin nothing more. */
static void hold(struct plait__process_pool *pool, uint32_t number) {
    (void)plait__exchange_seq(&pool->memory->slots[number].leave, PLAIT__LEAVE_NOW);
}

/* The earliest moment at which there is something to be done. */
struct alarm {
    int64_t at;
};

static void not_before(struct alarm *alarm, int64_t at) {
    if (at < alarm->at) alarm->at = at;
}

static void end_late(struct plait__process_pool *pool, uint32_t number, uint64_t word, uint32_t cell) {
    struct plait__hand *hand = &pool->hands[number];
    if (!hand->live || hand->late) return;
    hold(pool, number);
    if (plait__load_seq(&pool->memory->cells[cell].word) != word) { /* just in time; the worker leaves */
        plait__pool_wake_all(pool->memory, pool->hands_count);
        return;
    }
    hand->late = plait__cell_ticket(word) + 1;
    hand->kill_at = plait__now() + pool->grace_ns;
    (void)plait__child_kill(&hand->child, SIGTERM);
}

/* Tasks that have run for too long. */
static void look_at_limits(struct plait__process_pool *pool, struct alarm *alarm) {
    int64_t limit = pool->memory->hard_ns, now = limit ? plait__now() : 0;
    bool any = false;
    for (uint32_t i = 0; limit && i < PLAIT__CELLS; i++) {
        struct plait__pool_cell *cell = &pool->memory->cells[i];
        uint64_t word = plait__load_acquire(&cell->word);
        if (plait__cell_state(word) == PLAIT__CELL_FREE) continue;
        any = true;
        if (plait__cell_state(word) != PLAIT__CELL_RUNNING) continue;
        int64_t begun = plait__load(&cell->begun);
        if (!begun)
            (void)plait__cas(&cell->begun, &begun,
                             now); /* its worker may have been stopped before it could say so */
        if (begun && now - begun >= limit)
            end_late(pool, plait__cell_worker(word) % PLAIT__POOL_WORKERS, word, i);
        else if (begun)
            not_before(alarm, begun + limit);
    }
    if (any) not_before(alarm, now + limit);
    plait__store(&pool->keeper_watches, any);
}

/* Workers that do not begin, and those that were sent a SIGTERM and are still there. */
static void look_at_workers(struct plait__process_pool *pool, struct alarm *alarm) {
    int64_t now = plait__now();
    for (uint32_t i = 0; i < pool->hands_count; i++) {
        struct plait__hand *hand = &pool->hands[i];
        if (!hand->live) continue;
        if (!hand->welcomed && plait__load_acquire(&pool->memory->slots[i].stage) != PLAIT__WORKER_NEW) {
            hand->welcomed = true;
            pool->failed_starts = 0;
        }
        if (!hand->welcomed && hand->kill_at == INT64_MAX) {
            if (now - hand->began >= pool->start_ns)
                hand->kill_at = now;
            else
                not_before(alarm, hand->began + pool->start_ns);
        }
        if (now >= hand->kill_at) {
            (void)plait__child_kill(&hand->child, SIGKILL);
            hand->kill_at = INT64_MAX - 1;
        }
        if (hand->kill_at < INT64_MAX - 1) not_before(alarm, hand->kill_at);
    }
}

/* ---- what was asked for ---- */

static void kill_as_asked(struct plait__process_pool *pool) {
    int number = plait__exchange(&pool->kill_signal, 0);
    for (uint32_t i = 0; number && i < pool->hands_count; i++) {
        struct plait__hand *hand = &pool->hands[i];
        if (!hand->live) continue;
        hold(pool, i);
        if (number == SIGTERM && hand->kill_at == INT64_MAX) hand->kill_at = plait__now() + pool->grace_ns;
        (void)plait__child_kill(&hand->child, number);
    }
}

/* Under the mutex: so many workers too many leave, the youngest first; all, when the pool is closed and has done all. */
static bool tell_to_leave(struct plait__process_pool *pool) {
    bool all = (pool->closed && !pool->outstanding) || pool->broken, some = false;
    uint32_t staying = 0;
    for (uint32_t i = 0; i < pool->hands_count; i++) staying += pool->hands[i].live && !pool->hands[i].told;
    for (uint32_t i = pool->hands_count; i-- > 0 && (all || staying > pool->most);) {
        struct plait__hand *hand = &pool->hands[i];
        if (!hand->live || hand->told) continue;
        hand->told = some = true;
        plait__store_seq(&pool->memory->slots[i].leave, all ? PLAIT__LEAVE_WHEN_IDLE : PLAIT__LEAVE_NOW);
        staying--;
    }
    return some;
}

/* Whoever has nothing to do any more must not take for ever to leave; under the mutex. (Before the end of the pool one that is
 * told to leave may have claimed a task just now.) */
static void limit_leaving(struct plait__process_pool *pool, struct alarm *alarm) {
    if (pool->outstanding || !(pool->closed || pool->broken)) return;
    for (uint32_t i = 0; i < pool->hands_count; i++) {
        struct plait__hand *hand = &pool->hands[i];
        if (!hand->live || hand->kill_at != INT64_MAX) continue;
        hand->kill_at = plait__now() + pool->grace_ns;
        not_before(alarm, hand->kill_at);
    }
}

/* True: all is done, and everybody has gone. */
static bool look_for_end(struct plait__process_pool *pool, struct alarm *alarm) {
    (void)plait__mutex_lock(&pool->mutex);
    bool some = tell_to_leave(pool);
    limit_leaving(pool, alarm);
    struct plait__wakes wakes;
    wakes.count = 0;
    pool->ended = pool->closed && !pool->outstanding && !pool->live;
    if (pool->ended) plait__claim_all(&pool->joiners, &wakes);
    bool over = pool->ended;
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
    if (some) plait__pool_wake_all(pool->memory, pool->hands_count);
    return over;
}

/* ---- its life ---- */

/* Not without end, if more is always coming: there is other work, too. It leaves the seat before it calls back, so that a
 * callback may wait for another result, and others for theirs while it takes its time. */
static void collect(struct plait__process_pool *pool) {
    struct plait__pool_memory *memory = pool->memory;
    uint32_t seat = PLAIT__SEAT_EMPTY;
    bool seated = plait__cas_seq(&memory->seat, &seat, PLAIT__SEAT_LOOKING);
    for (int i = 0; i < MOST_IN_A_ROW && plait__process_pool_collect(pool, PLAIT__THE_KEEPER); i++) {}
    if (!seated) return;
    (void)plait__exchange_seq(&memory->seat, PLAIT__SEAT_EMPTY);
    if (plait__load_seq(&memory->finished)) plait__keeper_ring(pool);
}

/* Sleeps until somebody rings, a worker has ended, or it is time. */
static void rest(struct plait__process_pool *pool, const struct alarm *alarm) {
    size_t count = 1;
    pool->cases[0] = plait_case_descriptor(pool->bell, POLLIN);
    for (uint32_t i = 0; i < pool->hands_count; i++)
        if (pool->hands[i].live)
            pool->cases[count++] = plait_case_descriptor(pool->hands[i].child.channel, POLLIN);
    plait_shield_enter(); /* it has work to do when everything was cancelled, too */
    plait_status status = plait_select_until(pool->cases, count, NULL, (plait_deadline){alarm->at});
    plait_shield_leave();
    (void)status; /* whatever it was: a look around */
    plait__os_bell_drain(pool->bell);
    (void)plait__exchange_seq(&pool->memory->rung, 0);
}

static void work(struct plait__process_pool *pool, struct alarm *alarm) {
    bool more;
    do {
        alarm->at = INT64_MAX;
        collect(pool);
        plait__process_pool_call_back(pool);
        if (plait__exchange(&pool->look_at_tokens, false)) plait__process_pool_look_at_tokens(pool);
        kill_as_asked(pool);
        look_for_dead(pool);
        look_at_limits(pool, alarm);
        look_at_workers(pool, alarm);
        more = start_one(pool);
    } while (more);
}

static void *keep(void *argument) {
    struct plait__process_pool *pool = argument;
    struct alarm alarm = {INT64_MAX};
    plait__store(&pool->keeper, plait__self()->ident);
    while (work(pool, &alarm), !look_for_end(pool, &alarm)) rest(pool, &alarm);
    plait__process_pool_drop(pool);
    return NULL;
}

plait_status plait__keeper_start(struct plait__process_pool *pool) {
    char name[80];
    snprintf(name, sizeof name, "%.60s-keeper", pool->name);
    plait_token *before = plait_token_enter(NULL); /* it is below nobody's token */
    plait__add_relaxed(&pool->references, 1);
    plait_thread *thread = plait_thread_new(&(plait_thread_options){.name = name, .daemon = true}, keep,
                                            pool);
    plait_token_leave(before);
    if (!thread) {
        (void)plait__sub(&pool->references, 1);
        return plait_last_error();
    }
    plait_thread_free(thread);
    return PLAIT_OK;
}

/* pool_collect.c - what becomes of what was in a cell: results, failures, crashes; see pool.h. */
#include <base/memory.h>
#include <base/os_file.h>
#include <process/pool.h>
#include <process/wire.h>
#include <stdio.h>
#include <string.h>
#include <wait/shared.h>
#include <wait/token.h>

/* What one who collects has done without the mutex, and tells under it. */
struct haul {
    bool keepers;   /* who calls back afterwards itself */
    uint32_t first; /* of the cells, plus one, in the order in which they were finished */
    size_t over;    /* so many are */
    uint64_t done, failed, cancelled;
    struct plait__list later; /* futures for the keeper */
};

static void count(struct haul *haul, plait_status status) {
    haul->done += status == PLAIT_OK;
    haul->cancelled += status == PLAIT_CANCELLED;
    haul->failed += status != PLAIT_OK && status != PLAIT_CANCELLED;
}

/* ---- ending ---- */

/* The user's callbacks, and what else of his runs when a future ends. Whoever has the seat leaves it to the keeper: others could not
 * collect meanwhile. */
enum calling { CALL_LATER, CALL_NOW };

/* Makes it done and lets go of it; takes over the message. The caller holds no lock. */
static void end_future(plait_future *future, plait_status status, char *message, enum calling calling,
                       struct haul *haul) {
    count(haul, status);
    plait__wire_drop(future->task, plait__future_args(future));
    (void)plait__future_settle(future, status, message);
    if (calling == CALL_NOW) {
        plait__future_call_back(future);
        plait__future_drop(future);
    } else if (!plait__future_silent(future) || !plait__future_drop_silently(future)) {
        plait__list_append(&haul->later, &future->job.link);
        return;
    }
    haul->over++;
}

static void end_inside(const struct plait__inside *inside, const struct plait__verdict *verdict,
                       enum calling calling, struct haul *haul) {
    plait_future *future = inside->future;
    plait_status status = verdict->status;
    struct plait__words why = {""};
    void *block = NULL;
    char *message = NULL;
    if (!future) {
        inside->errand->face->over(inside->errand, verdict);
        haul->over++;
        return;
    }
    if (status == PLAIT_OK) {
        status = plait__wire_read_result(future->task, verdict->wire, verdict->size,
                                         plait__future_result(future), &block, &why);
        if (status == PLAIT_INVALID) status = PLAIT_CRASHED; /* a worker that has gone wild */
        if (status != PLAIT_OK) message = plait__copy_string(why.at);
    } else {
        message = plait__copy_string(verdict->words);
    }
    future->block = block;
    end_future(future, status, message, calling, haul);
}

/* The mutex is held, and given back. */
static void tell(struct plait__process_pool *pool, struct haul *haul) {
    struct plait__wakes wakes;
    struct plait__link *link;
    wakes.count = 0;
    bool later = !plait__list_empty(&haul->later);
    pool->counters.done += haul->done;
    pool->counters.failed += haul->failed;
    pool->counters.cancelled += haul->cancelled;
    while ((link = plait__list_first(&haul->later)) != NULL) {
        plait__list_remove(link);
        plait__list_append(&pool->backlog, link);
    }
    plait__process_pool_count_out(pool, haul->over, &wakes);
    plait__process_pool_refill(pool);
    plait__process_pool_unlock(pool);
    plait__wakes_send(&wakes);
    if (later && !haul->keepers) plait__keeper_ring(pool);
}

/* ---- cells ---- */

/* A worker may wait until its result in a file has been read: it looks whether the cell still has the same word. */
static void give_word_back(struct plait__process_pool *pool, uint32_t number) {
    struct plait__pool_cell *cell = &pool->memory->cells[number];
    uint64_t word = plait__load(&cell->word);
    bool waits = plait__cell_state(word) == PLAIT__CELL_DONE && cell->result.place == PLAIT__IN_FILE;
    plait__store_release(&cell->word, PLAIT__CELL_FREE);
    if (!waits) return;
    uint32_t *taken = &pool->memory->slots[plait__cell_worker(word) % PLAIT__POOL_WORKERS].taken;
    plait__add(taken, 1);
    plait__wake_shared(taken, 1);
}

static void free_cell(struct plait__process_pool *pool, uint32_t number) {
    struct plait__inside *inside = &pool->inside[number];
    give_word_back(pool, number);
    if (inside->file >= 0) {
        plait__os_close(inside->file);
        pool->files--;
    }
    *inside = (struct plait__inside){.file = -1};
    pool->free_cells[pool->free_count++] = number;
    pool->flight--;
}

/* Under the mutex: it is DONE, and the caller reads it from now on. */
static void take_cell(struct plait__process_pool *pool, uint32_t number, struct haul *haul) {
    struct plait__inside *inside = &pool->inside[number];
    uint64_t word = plait__load_acquire(&pool->memory->cells[number].word);
    bool there = (inside->future || inside->errand) && !inside->taken;
    if (!there || plait__cell_state(word) != PLAIT__CELL_DONE) return; /* the list was damaged */
    inside->taken = true;
    /* By the worker's own word: it may be done before its keeper has heard that it was started. */
    inside->pid = plait__load(&pool->memory->slots[plait__cell_worker(word) % PLAIT__POOL_WORKERS].pid);
    inside->next = haul->first;
    haul->first = number + 1;
}

/* Under the mutex. The list has the newest first, and so becomes oldest first. */
static void take_finished(struct plait__process_pool *pool, struct haul *haul) {
    uint32_t one = plait__pool_take_finished(pool->memory);
    for (uint32_t i = 0; one && one <= PLAIT__CELLS && i < PLAIT__CELLS; i++) {
        uint32_t number = one - 1;
        one = plait__load(&pool->memory->cells[number].next);
        take_cell(pool, number, haul);
    }
}

/* A failure's words are its wire. */
static const char *words_of(const struct plait__parcel_view *view) {
    return view->size && view->wire[view->size - 1] == '\0' ? view->wire : NULL;
}

static void read_cell(struct plait__process_pool *pool, uint32_t number, enum calling calling,
                      struct haul *haul) {
    struct plait__pool_memory *memory = pool->memory;
    struct plait__pool_cell *cell = &memory->cells[number];
    struct plait__inside *inside = &pool->inside[number];
    struct plait__parcel_view view;
    struct plait__words why;
    struct plait__verdict verdict = {.status = cell->status, .progress = cell->progress};
    plait_status opened = plait__parcel_open(memory, number, PLAIT__RESULT_BACK, inside->pid, &view, &why);
    if (opened == PLAIT_OK) {
        verdict.wire = view.wire;
        verdict.size = view.size;
        if (verdict.status != PLAIT_OK) verdict.words = words_of(&view);
    } else {
        verdict.status = PLAIT_CRASHED;
        verdict.words = why.at;
    }
    if (verdict.status < 0) verdict.status = PLAIT_FAILED;
    end_inside(inside, &verdict, calling, haul);
    if (opened == PLAIT_OK) plait__parcel_close(&view);
}

static void free_taken(struct plait__process_pool *pool, uint32_t first) {
    while (first) {
        uint32_t number = first - 1;
        first = pool->inside[number].next;
        free_cell(pool, number);
    }
}

/* Reads what was taken, without the mutex, which is taken again; frees the cells. */
static void bring_in(struct plait__process_pool *pool, struct haul *haul) {
    for (uint32_t one = haul->first; one; one = pool->inside[one - 1].next)
        read_cell(pool, one - 1, CALL_LATER, haul);
    if (!plait__process_pool_lock(pool)) return;
    free_taken(pool, haul->first);
    tell(pool, haul);
}

bool plait__process_pool_collect(struct plait__process_pool *pool, enum plait__collector who) {
    struct haul haul = {.keepers = who == PLAIT__THE_KEEPER};
    if (!plait__load_seq(&pool->memory->finished) || !plait__process_pool_lock(pool)) return false;
    take_finished(pool, &haul);
    plait__mutex_unlock(&pool->mutex);
    if (!haul.first) return false;
    bring_in(pool, &haul);
    return true;
}

/* ---- a worker's death ---- */

static const char *name_inside(const struct plait__inside *inside) {
    const plait_task *task = inside->future ? inside->future->task : inside->errand->task;
    return task->name ? task->name : "function";
}

/* Whether the task of this cell is run again. Under the mutex. */
static bool runs_again(struct plait__process_pool *pool, uint32_t number, plait_status status) {
    struct plait__inside *inside = &pool->inside[number];
    if (++inside->crashes >= pool->max_crashes || !inside->future || status != PLAIT_CRASHED || pool->closed)
        return false;
    plait__store(&pool->memory->cells[number].begun, 0);
    plait__pool_queue(pool->memory, number);
    return true;
}

/* Takes all that the dead worker had; under the mutex. Of what it was running, `running` is to be one cell, plus one. */
static void take_from_dead(struct plait__process_pool *pool, uint32_t worker, plait_status status,
                           struct haul *haul, uint32_t *running) {
    for (uint32_t i = 0; i < PLAIT__CELLS; i++) {
        uint64_t word = plait__load_acquire(&pool->memory->cells[i].word);
        struct plait__inside *inside = &pool->inside[i];
        if (plait__cell_worker(word) != worker || !(inside->future || inside->errand) || inside->taken)
            continue;
        if (plait__cell_state(word) == PLAIT__CELL_DONE) take_cell(pool, i, haul);
        if (plait__cell_state(word) != PLAIT__CELL_RUNNING || runs_again(pool, i, status)) continue;
        inside->taken = true;
        inside->next = *running;
        *running = i + 1;
    }
}

static void fail_crashed(struct plait__process_pool *pool, uint32_t number, plait_status status,
                         const char *how, struct haul *haul) {
    const struct plait__inside *inside = &pool->inside[number];
    const struct plait__pool_cell *cell = &pool->memory->cells[number];
    char words[400];
    int length = snprintf(words, sizeof words, "task '%.100s' %s", name_inside(inside), how);
    if (inside->crashes > 1 && length > 0 && (size_t)length < sizeof words)
        (void)snprintf(words + length, sizeof words - (size_t)length, "; it has ended %u workers",
                       inside->crashes);
    struct plait__verdict verdict = {.status = status,
                                     .words = words,
                                     .wire = pool->memory->rooms[number][PLAIT__RESULT_BACK],
                                     .size = PLAIT__ROOM,
                                     .progress = plait__load_acquire(&cell->progress)};
    end_inside(inside, &verdict, CALL_NOW, haul);
}

void plait__process_pool_bury(struct plait__process_pool *pool, uint32_t worker, plait_status status,
                              const char *how) {
    struct haul haul = {0};
    uint32_t running = 0;
    if (!plait__process_pool_lock(pool)) return;
    plait__pool_bury(pool->memory, worker);
    take_finished(pool, &haul);
    take_from_dead(pool, worker, status, &haul, &running);
    plait__mutex_unlock(&pool->mutex);
    for (uint32_t one = running; one; one = pool->inside[one - 1].next)
        fail_crashed(pool, one - 1, status, how, &haul);
    for (uint32_t one = haul.first; one; one = pool->inside[one - 1].next)
        read_cell(pool, one - 1, CALL_NOW, &haul);
    if (!plait__process_pool_lock(pool)) return;
    free_taken(pool, running);
    free_taken(pool, haul.first);
    tell(pool, &haul);
}

/* ---- the keeper's share ---- */

static void take_list(struct plait__list *from, struct plait__list *to) {
    struct plait__link *link;
    while ((link = plait__list_first(from)) != NULL) {
        plait__list_remove(link);
        plait__list_append(to, link);
    }
}

static plait_future *next_future(struct plait__list *list) {
    struct plait__link *link = plait__list_first(list);
    if (!link) return NULL;
    plait__list_remove(link);
    return plait__job_future(plait__of_link(link, struct plait__job, link));
}

/* It was never in a cell, or it was taken out of the ring. PLAIT_OK: somebody else has cancelled it. */
static void end_unbegun(plait_future *future, plait_status status, const char *words, struct haul *haul) {
    bool ours = status != PLAIT_OK && (plait__future_enter(future, PLAIT__QUEUED, PLAIT__SETTING) ||
                                       plait__future_enter(future, PLAIT__STARTING, PLAIT__SETTING));
    if (ours) {
        end_future(future, status, plait__copy_string(words), CALL_NOW, haul);
        return;
    }
    count(haul, PLAIT_CANCELLED);
    plait__wire_drop(future->task, plait__future_args(future));
    plait__future_drop(future);
    haul->over++;
}

static void end_errands(struct plait__list *errands, plait_status status, const char *words,
                        struct haul *haul) {
    struct plait__link *link;
    while ((link = plait__list_first(errands)) != NULL) {
        struct plait__errand *errand = plait__of_link(link, struct plait__errand, link);
        struct plait__verdict verdict = {.status = status ? status : errand->refused, .words = words};
        plait__list_remove(link);
        errand->face->over(errand, &verdict);
        haul->over++;
    }
}

static void tell_again(struct plait__process_pool *pool, struct haul *haul) {
    if ((haul->over || haul->first) && plait__process_pool_lock(pool)) tell(pool, haul);
}

void plait__process_pool_call_later(plait_pool *base, plait_future *future) {
    struct plait__process_pool *pool = plait__process_pool(base);
    bool later = plait__process_pool_lock(pool);
    if (later && pool->ended) { /* there is no keeper any more */
        plait__mutex_unlock(&pool->mutex);
        later = false;
    }
    if (later) {
        plait__process_pool_count_in(pool);
        plait__list_append(&pool->backlog, &future->job.link);
        plait__mutex_unlock(&pool->mutex);
        plait__keeper_ring(pool);
        return;
    }
    plait__future_call_back(future);
    plait__future_drop(future);
}

void plait__process_pool_call_back(struct plait__process_pool *pool) {
    struct plait__list backlog = {0}, left = {0}, errands = {0};
    struct haul haul = {0};
    plait_future *future;
    if (!plait__process_pool_lock(pool)) return;
    take_list(&pool->backlog, &backlog);
    take_list(&pool->left, &left);
    take_list(&pool->errands_back, &errands);
    plait__mutex_unlock(&pool->mutex);
    for (; (future = next_future(&backlog)) != NULL; haul.over++) {
        plait__future_call_back(future);
        plait__future_drop(future);
    }
    while ((future = next_future(&left)) != NULL) end_unbegun(future, future->job.priority, NULL, &haul);
    end_errands(&errands, PLAIT_OK, NULL, &haul);
    tell_again(pool, &haul);
}

/* ---- taking things out again ---- */

/* Takes a cell out of the ring, if no worker has begun it: then the caller ends it, and frees the cell. */
static bool withdraw(struct plait__process_pool *pool, uint32_t number, struct haul *haul) {
    struct plait__inside *inside = &pool->inside[number];
    if (inside->taken || !(inside->future || inside->errand)) return false;
    if (!plait__pool_unqueue(pool->memory, number)) return false;
    inside->taken = true;
    inside->next = haul->first;
    haul->first = number + 1;
    return true;
}

static void end_withdrawn(struct plait__process_pool *pool, plait_status status, const char *words,
                          struct haul *haul) {
    struct plait__verdict verdict = {.status = status, .words = words};
    for (uint32_t one = haul->first; one; one = pool->inside[one - 1].next)
        end_inside(&pool->inside[one - 1], &verdict, CALL_NOW, haul);
    if (!plait__process_pool_lock(pool)) return;
    free_taken(pool, haul->first);
    tell(pool, haul);
}

void plait__process_pool_discard(struct plait__process_pool *pool, plait_status status) {
    struct plait__list futures = {0}, errands = {0};
    struct haul haul = {0};
    plait_future *future;
    if (!plait__process_pool_lock(pool)) return;
    plait__injector_take_futures(&pool->waiting, &futures);
    take_list(&pool->errands, &errands);
    for (uint32_t i = 0; i < PLAIT__CELLS; i++) (void)withdraw(pool, i, &haul);
    plait__mutex_unlock(&pool->mutex);
    const char *words = status == PLAIT_BROKEN ? plait__load_acquire(&pool->pool.words) : NULL;
    while ((future = next_future(&futures)) != NULL) end_unbegun(future, status, words, &haul);
    end_errands(&errands, status, words, &haul);
    end_withdrawn(pool, status, words, &haul);
}

/* Under the mutex: the worker's listener tells the task. */
static void ask_to_stop(struct plait__process_pool *pool, uint32_t number) {
    struct plait__pool_cell *cell = &pool->memory->cells[number];
    if (plait__load(&cell->cancel)) return;
    plait__store_seq(&cell->cancel, 1);
    uint64_t word = plait__load_seq(&cell->word); /* a worker that claims it after this look sees `cancel` */
    if (plait__cell_state(word) != PLAIT__CELL_RUNNING) return;
    uint32_t *listen = &pool->memory->slots[plait__cell_worker(word) % PLAIT__POOL_WORKERS].listen;
    plait__add(listen, 1);
    plait__wake_shared(listen, 1);
}

bool plait__process_pool_cancel(struct plait__process_pool *pool, plait_future *future) {
    struct haul haul = {0};
    if (!plait__process_pool_lock(pool)) return false;
    uint32_t cell = future->cell;
    bool there = plait__future_phase(future) == PLAIT__RUNNING && cell < PLAIT__CELLS &&
                 pool->inside[cell].future == future && !pool->inside[cell].taken;
    bool withdrawn = there && withdraw(pool, cell, &haul);
    if (there && !withdrawn) ask_to_stop(pool, cell);
    plait__mutex_unlock(&pool->mutex);
    if (withdrawn) end_withdrawn(pool, PLAIT_CANCELLED, NULL, &haul);
    return there;
}

bool plait__process_pool_has_begun(struct plait__process_pool *pool, const plait_future *future) {
    if (!plait__process_pool_lock(pool)) return false;
    uint32_t cell = future->cell;
    bool begun = plait__future_phase(future) == PLAIT__RUNNING && cell < PLAIT__CELLS &&
                 pool->inside[cell].future == future &&
                 plait__cell_state(plait__load(&pool->memory->cells[cell].word)) != PLAIT__CELL_QUEUED;
    plait__mutex_unlock(&pool->mutex);
    return begun;
}

void plait__process_pool_stop_all(struct plait__process_pool *pool) {
    if (!plait__process_pool_lock(pool)) return;
    for (uint32_t i = 0; i < PLAIT__CELLS; i++)
        if ((pool->inside[i].future || pool->inside[i].errand) && !pool->inside[i].taken)
            ask_to_stop(pool, i);
    plait__mutex_unlock(&pool->mutex);
}

/* Whether a cancel of its submitter's reaches it: what was only posted begins all the same. */
static bool is_cancelled(const struct plait__inside *inside, bool *begins) {
    const plait_future *future = inside->future;
    const struct plait__errand *errand = inside->errand;
    if (inside->taken || !(future || errand)) return false;
    *begins = future && plait__load(&future->state) & PLAIT__POSTED;
    if (errand) return !errand->shielded && errand->token && plait_token_cancelled(errand->token);
    return !(plait__load(&future->state) & PLAIT__SHIELDED) && plait_token_cancelled(future->token);
}

void plait__process_pool_look_at_tokens(struct plait__process_pool *pool) {
    struct haul haul = {0};
    bool begins;
    if (!plait__process_pool_lock(pool)) return;
    for (uint32_t i = 0; i < PLAIT__CELLS; i++)
        if (is_cancelled(&pool->inside[i], &begins) && (begins || !withdraw(pool, i, &haul)))
            ask_to_stop(pool, i);
    plait__mutex_unlock(&pool->mutex);
    if (haul.first) end_withdrawn(pool, PLAIT_CANCELLED, NULL, &haul);
}

/* chunk.c - a chunk of a map in the worker that runs it; what comes back stands in chunk.h. */
#include <base/memory.h>
#include <base/os.h>
#include <plait/raise.h>
#include <process/chunk.h>
#include <process/pool_parcel.h>
#include <process/wire_value.h>
#include <pthread.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/self.h>

enum { LEAST_LOG = 256 };

struct serving {
    struct plait__pool_memory *memory;
    uint32_t number;
    struct plait__pool_cell *cell;
    const plait_task *task;
    struct plait__chunk_back *back;
    char *results; /* the array, or room for one result */
    struct plait__items_log log;
    size_t count, at;
    uint64_t begun;
    plait_column columns[PLAIT__ITEMS_COLUMNS];
    struct plait__frame frame;
};

/* ---- what comes back ---- */

/* What there is so far, and an entry for which there was no room. */
struct overflow {
    const struct serving *serving;
    const struct plait__items_entry *entry;
};

static plait_status write_overflow(const struct plait__parcel_source *source, void *wire, size_t room,
                                   size_t *size, struct plait__words *why) {
    const struct overflow *overflow = source->data;
    const struct serving *serving = overflow->serving;
    size_t before = (size_t)(serving->log.at - (char *)serving->back) + serving->log.size;
    (void)why;
    *size = before + plait__items_log_size(overflow->entry);
    if (*size > room) return PLAIT_OK;
    struct plait__chunk_back *back = memmove(wire, serving->back, before);
    struct plait__items_log log = {(char *)wire + before, *size - before, 0};
    (void)plait__items_log(&log, overflow->entry);
    back->log_size = serving->log.size + log.size;
    back->ticks = plait__os_ticks() - serving->begun;
    return PLAIT_OK;
}

/* All that has come so far: the cell can be DONE. */
static void finish(struct serving *serving) {
    size_t size = (size_t)(serving->log.at - (char *)serving->back) + serving->log.size;
    bool here = (char *)serving->back == serving->cell->result_here;
    serving->back->ticks = plait__os_ticks() - serving->begun;
    serving->cell->result = (struct plait__parcel){size, here ? PLAIT__IN_CELL : PLAIT__IN_ROOM, -1};
}

/* False: there was no room, and all has been written to a larger place. */
static bool note(struct serving *serving, const struct plait__items_entry *entry) {
    struct overflow overflow = {serving, entry};
    struct plait__parcel_source source = {write_overflow, serving->task, &overflow, 0};
    struct plait__items_entry lost = plait__items_failure(entry->item, PLAIT_NO_MEMORY, NULL);
    struct plait__words why;
    if (plait__items_log(&serving->log, entry)) {
        serving->back->log_size = serving->log.size;
        return true;
    }
    if (plait__parcel_write(serving->memory, serving->number, PLAIT__RESULT_BACK, &source, &why) == PLAIT_OK)
        return false;
    (void)plait__items_log(&serving->log, &lost);
    serving->back->log_size = serving->log.size;
    return true;
}

/* The item before `at`. False: it was the last one for which there is room. */
static bool item_raised(struct serving *serving) {
    struct plait__frame *frame = &serving->frame;
    struct plait__items_entry entry = plait__items_failure(serving->at - 1, frame->status, frame->message);
    bool more = note(serving, &entry);
    plait__frame_clear(frame);
    return more;
}

static bool item_returned(struct serving *serving) {
    struct plait__items_entry entry;
    size_t item = serving->at - 1;
    const void *result = serving->results + item * serving->task->result_size;
    return !plait__items_result(serving->task, item, result, &entry) || note(serving, &entry);
}

/* ---- running ---- */

/* Whether the next one is not to be begun, or the log may be full before it is done. */
static bool must_stop(const struct serving *serving) {
    const struct plait__pool_cell *cell = serving->cell;
    if (plait__load(&cell->cancel) && !(cell->flags & PLAIT__CELL_SHIELDED)) return true;
    if (cell->deadline != INT64_MAX && plait_passed((plait_deadline){cell->deadline})) return true;
    return serving->at && serving->log.room && serving->log.room - serving->log.size < LEAST_LOG;
}

/* Runs items whose results need nothing but the array, until one raises, or something must be looked at: each with one store
 * that says so, and with one look whether it is to stop. */
static void run_plainly(struct serving *serving, uint32_t generation) {
    const plait_task *task = serving->task;
    struct plait__pool_cell *cell = serving->cell;
    size_t at = serving->at, *end = &serving->frame.end;
    do {
        plait__store_release(&cell->progress, at + 1);
        *end = at + 1;
        (void)task->range(serving->columns, serving->results, at++, end);
    } while (plait__likely(*end) && at < serving->count && !plait__load(&cell->cancel) &&
             cell->deadline == INT64_MAX && plait__generation() == generation);
    serving->at = at;
}

/* Runs one item, or more. False: it was the last one for which there is room. */
static bool run_some(struct serving *serving, bool array, uint32_t generation) {
    if (array) {
        run_plainly(serving, generation);
    } else {
        plait__store_release(&serving->cell->progress, serving->at + 1);
        serving->frame.end = serving->at + 1;
        (void)serving->task->range(serving->columns, serving->results, serving->at++, &serving->frame.end);
    }
    if (plait__unlikely(plait__generation() != generation)) return false; /* forked: this is the child */
    if (plait__unlikely(serving->frame.raised)) return item_raised(serving);
    return array || item_returned(serving);
}

/* False: what comes back has been written already. */
static bool run_items(struct serving *serving, bool array) {
    uint32_t generation = plait__generation();
    while (serving->at < serving->count && !must_stop(serving))
        if (!run_some(serving, array, generation)) return false;
    return true;
}

/* An item has ended the thread, and with it the worker: those before it are done, and it has failed. */
static void left_early(void *argument) {
    struct serving *serving = argument;
    size_t begun = serving->cell->progress; /* and as many are done */
    struct plait__items_entry entry = plait__items_failure(begun - 1, PLAIT_FAILED,
                                                           "the task was left by pthread_exit");
    if (note(serving, &entry)) finish(serving);
    serving->cell->status = PLAIT_OK;
}

static void run(struct serving *serving, bool array) {
    serving->begun = plait__os_ticks();
    plait__frame_begin(&serving->frame, serving->task->name);
    pthread_cleanup_push(left_early, serving);
    if (run_items(serving, array)) finish(serving);
    pthread_cleanup_pop(0);
    (void)plait__frame_end(&serving->frame);
    serving->cell->progress = serving->at;
}

/* Where it all goes. */
static void lay_out(struct serving *serving) {
    size_t results = plait__chunk_results(serving->task, serving->count);
    bool small = plait__chunk_is_small(serving->task, serving->count);
    char *place = small ? serving->cell->result_here
                        : serving->memory->rooms[serving->number][PLAIT__RESULT_BACK];
    serving->back = (struct plait__chunk_back *)(void *)place;
    *serving->back = (struct plait__chunk_back){0};
    serving->results = (char *)(serving->back + 1);
    serving->log.at = serving->results + results;
    serving->log.room = small ? 0 : PLAIT__ROOM - (size_t)(serving->log.at - place);
}

void plait__chunk_serve(struct plait__pool_memory *memory, uint32_t cell, const plait_task *task,
                        void *wire) {
    struct serving serving = {.memory = memory, .number = cell, .cell = &memory->cells[cell], .task = task};
    struct plait__words why = {""};
    plait_status status = plait__items_read(task, wire, serving.cell->args.size, serving.columns,
                                            &serving.count, &why);
    if (status != PLAIT_OK) {
        (void)plait_raise(status, "%s", why.at);
        return;
    }
    lay_out(&serving);
    char *huge = NULL;
    if (task->result_size && !plait__chunk_results(task, serving.count))
        serving.results = huge = plait__allocate_unset(task->result_size * serving.count);
    if (serving.results)
        run(&serving, !huge && plait__wire_is_flat_kind(task->result_kind));
    else
        (void)plait_raise(PLAIT_NO_MEMORY, NULL);
    plait__release(huge);
    plait__items_drop(task, serving.columns, serving.count);
}

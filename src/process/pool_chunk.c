/* pool_chunk.c - chunks of maps in a pool of processes, on the parent's side: an errand for as many items as go at once,
 * sent again until all are done. What comes back stands in chunk.h. */
#include <base/memory.h>
#include <pool/chunk.h>
#include <process/chunk.h>
#include <process/pool.h>
#include <process/wire.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/token.h>

enum { LEAST_CRASHES = 3 };

/* What the pool keeps of a chunk. */
struct trip {
    struct plait__errand errand;
    struct plait__process_pool *pool;
    size_t count;     /* of items that are on their way, from chunk->at on */
    uint32_t crashes; /* of workers, at the item chunk->at */
};
_Static_assert(sizeof(struct trip) <= PLAIT__CHUNK_ROOM, "a chunk has room for it");

static struct trip *trip_of(struct plait__chunk *chunk) {
    return (struct trip *)(void *)chunk->pools_own;
}

static struct plait__chunk *chunk_of(struct plait__errand *errand) {
    struct trip *trip = plait__of_link(errand, struct trip, errand);
    return (struct plait__chunk *)(void *)((char *)trip - offsetof(struct plait__chunk, pools_own));
}

static struct plait__items items_of(struct plait__chunk *chunk) {
    return (struct plait__items){chunk->range.task, chunk->range.columns, chunk->at, trip_of(chunk)->count};
}

static bool is_cancelled(const struct plait__chunk *chunk) {
    if (chunk->shielded) return false;
    return plait_token_cancelled(chunk->token ? chunk->token : plait_token_root());
}

/* ---- there ---- */

static plait_status write_items(struct plait__errand *errand, void *wire, size_t room, size_t *size,
                                struct plait__words *why) {
    struct plait__chunk *chunk = chunk_of(errand);
    struct plait__items items = items_of(chunk);
    if (is_cancelled(chunk)) return PLAIT_CANCELLED;
    return plait__items_write(&items, wire, room, size, why);
}

/* How many go at once: as many as there is room for, there and back. With a limit of time each goes alone, for it is
 * the task that is limited. */
static size_t count_for(const struct plait__process_pool *pool, struct plait__chunk *chunk) {
    size_t left = chunk->to - chunk->at, size = chunk->range.task->result_size;
    size_t most = size ? PLAIT__CHUNK_RESULTS / size : left;
    struct plait__items items = {chunk->range.task, chunk->range.columns, chunk->at,
                                 left < most ? left : most};
    if (pool->memory->soft_ns || pool->memory->hard_ns || items.count < 1) return 1;
    return plait__items_fit(&items, PLAIT__ROOM);
}

static void over(struct plait__errand *errand, const struct plait__verdict *verdict);

static plait_status send_next(struct plait__chunk *chunk, struct plait__words *why) {
    static const struct plait__errand_face face = {write_items, over};
    struct trip *trip = trip_of(chunk);
    trip->count = count_for(trip->pool, chunk);
    if (trip->count < chunk->to - chunk->at && trip->count < chunk->at_once) chunk->at_once = trip->count;
    trip->errand = (struct plait__errand){
        .task = chunk->range.task,
        .face = &face,
        .token = chunk->token,
        .deadline = chunk->token ? plait__token_deadline(chunk->token) : PLAIT_FOREVER,
        .shielded = chunk->shielded,
        .goes_on = chunk->goes_on,
    };
    struct plait__items items = items_of(chunk);
    plait__items_keep(&items);
    plait_status status = plait__errand_send(trip->pool, &trip->errand, why);
    if (status != PLAIT_OK) plait__items_let_go(&items);
    return status;
}

plait_status plait__process_pool_chunk(plait_pool *base, struct plait__chunk *chunk) {
    struct trip *trip = trip_of(chunk);
    struct plait__words why = {""};
    plait_status status = plait__wire_allows(chunk->range.task, &why);
    *trip = (struct trip){.pool = plait__process_pool(base)};
    chunk->at_once = SIZE_MAX;
    if (status == PLAIT_OK && chunk->range.task->count > PLAIT__ITEMS_COLUMNS) {
        plait__put_words(&why, "'%.64s' has too many parameters for a map", chunk->range.task->name);
        status = PLAIT_INVALID;
    }
    if (status == PLAIT_OK) status = send_next(chunk, &why);
    if (status != PLAIT_OK) plait__set_last_message(why.at);
    return status;
}

/* ---- and back ---- */

static void fail_item(struct plait__chunk *chunk, plait_status status, const char *words) {
    size_t size = chunk->range.task->result_size;
    if (chunk->range.out) memset(chunk->range.out + chunk->at * size, 0, size);
    chunk->range.failed(&chunk->range, chunk->at++, status, plait__copy_string(words));
    trip_of(chunk)->crashes = 0;
}

static void fail_items(struct plait__chunk *chunk, size_t count, plait_status status, const char *words) {
    while (count--) fail_item(chunk, status, words);
}

/* The first `done` of `sent` items; those of which nothing can be read have failed. */
static void take(struct plait__chunk *chunk, size_t sent, size_t done, const struct plait__verdict *verdict) {
    const plait_task *task = chunk->range.task;
    struct plait__chunk_back back = {0};
    size_t results = plait__chunk_results(task, sent), before = sizeof back + results, good = 0;
    bool there = verdict->wire && verdict->size >= before;
    if (there) memcpy(&back, verdict->wire, sizeof back);
    if (there && back.log_size <= verdict->size - before) {
        struct plait__items_log log = {(char *)(uintptr_t)verdict->wire + before, back.log_size,
                                       back.log_size};
        (void)plait__items_take(&chunk->range, chunk->at, done, results ? verdict->wire + sizeof back : NULL,
                                &log, &good);
        chunk->ticks += back.ticks;
    }
    chunk->at += good;
    if (good) trip_of(chunk)->crashes = 0;
    fail_items(chunk, done - good, PLAIT_CRASHED, "what came back from its process was damaged");
}

/* A worker has died. The item that it had begun has failed, unless it may be run again; if it had begun none, the
 * chunk is not to blame, but for some of that the first item is. */
static void take_crashed(struct plait__chunk *chunk, size_t sent, const struct plait__verdict *verdict) {
    struct trip *trip = trip_of(chunk);
    size_t begun = verdict->progress < sent ? (size_t)verdict->progress : sent;
    if (begun > 1) take(chunk, sent, begun - 1, verdict);
    uint32_t most = trip->pool->max_crashes;
    if (!begun && most < LEAST_CRASHES) most = LEAST_CRASHES;
    if (++trip->crashes >= most || verdict->status != PLAIT_CRASHED)
        fail_item(chunk, verdict->status, verdict->words);
}

/* PLAIT_OK: the rest, if there is any, may go. */
static plait_status bring_in(struct plait__chunk *chunk, const struct plait__verdict *verdict) {
    size_t sent = trip_of(chunk)->count, before = chunk->at;
    size_t done = verdict->progress < sent ? (size_t)verdict->progress : sent;
    switch (verdict->status) {
    case PLAIT_OK:
        if (done) take(chunk, sent, done, verdict);
        return chunk->at > before ? PLAIT_OK
                                  : PLAIT_CANCELLED; /* a worker stops between items when it is asked to */
    case PLAIT_CRASHED:
        take_crashed(chunk, sent, verdict);
        return PLAIT_OK;
    case PLAIT_TIMEOUT:
        if (!verdict->progress) return PLAIT_CANCELLED;
        take_crashed(chunk, sent, verdict);
        return PLAIT_OK;
    case PLAIT_CANCELLED:
    case PLAIT_SHUTDOWN:
    case PLAIT_BROKEN:
        return verdict->status;
    default:
        fail_items(chunk, sent, verdict->status, verdict->words);
        return PLAIT_OK;
    }
}

static void over(struct plait__errand *errand, const struct plait__verdict *verdict) {
    struct plait__chunk *chunk = chunk_of(errand);
    struct plait__items items = items_of(chunk);
    struct plait__words why = {""};
    plait_status status = bring_in(chunk, verdict);
    plait__items_let_go(&items);
    chunk->words = verdict->words;
    if (status == PLAIT_OK && chunk->at < chunk->to) {
        status = is_cancelled(chunk) ? PLAIT_CANCELLED : send_next(chunk, &why);
        if (status == PLAIT_OK) return;
        chunk->words = why.at[0] ? why.at : NULL;
    }
    chunk->status = status;
    chunk->over(chunk);
}

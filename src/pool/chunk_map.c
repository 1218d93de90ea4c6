/* chunk_map.c - maps in a pool whose tasks run in other processes: plait_map, plait_starmap and their _async forms.
 *
 * A map is some chunks on their way (chunk.h). Each that comes back is cut anew from what is left and sent again, on the
 * thread that heard of it; when nothing is left and none is on its way the map is over. So nothing but that thread's
 * time is needed while a map runs, and whoever called plait_map waits for its end only, as one who waits for a result.
 * What they share is under the map's mutex; a chunk on its way is the pool's.
 *
 * How large a chunk is follows from time, as in a map on threads (map.h): what an item takes is known from maps before, or
 * one item each is sent first; then as many as take CHUNK_US. Towards the end they become smaller. Chunks that are
 * done sooner than a round trip takes are kept on their way in larger numbers, so that workers find the next one
 * without waiting: this is what a chunk of 1 is worth.
 *
 * The end: whoever sends chunks is counted among the `senders` while it does. The last of these to stop, when nothing is on
 * its way, ends the map: it stores `over` and wakes the caller by its address, and after that store it touches nothing
 * of the map, which the caller frees.
 */
#include <base/memory.h>
#include <plait/raise.h>
#include <pool/chunk.h>
#include <string.h>
#include <wait/parking.h>
#include <wait/token.h>

enum { CHUNK_US = 100, BUSY_US = 20, GROWTH = 8, CALM = 2, EAGER = 16, MOST_FLIGHTS = 512 };

struct chunk_map;

struct flight {
    struct plait__chunk chunk;
    struct chunk_map *of;
    struct flight *next; /* of those that are not on their way */
    size_t from;         /* its chunk began there */
};

struct chunk_map {
    plait_pool *pool;
    struct plait__map *map;
    void (*end)(struct chunk_map *chunks);
    uint32_t workers;
    bool
        begun; /* atomic: a chunk was taken. From then on nobody refuses the others because the pool is closed */
    uint32_t over; /* atomic: nothing is on its way, nor will be. The last touch */
    /* The map's mutex guards the rest, and the map's `next` and `refused`. */
    uint32_t flying, senders;
    struct flight *idle;
    size_t size;    /* of the next chunk */
    size_t at_once; /* no chunk need be larger */
    uint64_t items, ticks;
    struct flight flights[];
};

static struct flight *flight_of(struct plait__chunk *chunk) {
    return plait__of_link(chunk, struct flight, chunk);
}

/* ---- sharing out; under the mutex ---- */

static uint64_t ticks_in(uint64_t us) {
    return us * plait__os_ticks_per_us();
}

/* How many may be on their way. */
static uint32_t flights_wanted(const struct chunk_map *chunks) {
    uint64_t each = chunks->items ? chunks->ticks / chunks->items : 0;
    size_t size = chunks->map->chunk ? chunks->map->chunk : chunks->size;
    bool calm = each * size > ticks_in(BUSY_US);
    return calm ? CALM * chunks->workers : EAGER * chunks->workers;
}

static size_t size_of_next(const struct chunk_map *chunks) {
    const struct plait__map *map = chunks->map;
    size_t left = map->count - map->next, share = left / (CALM * chunks->workers), size = chunks->size;
    if (map->chunk) return map->chunk < left ? map->chunk : left;
    if (size > share) size = share;
    if (size > chunks->at_once) size = chunks->at_once;
    return size ? size : 1;
}

/* The next flight, with a chunk; NULL: nothing is left, or enough are on their way. */
static struct flight *cut(struct chunk_map *chunks) {
    struct plait__map *map = chunks->map;
    struct flight *flight = chunks->idle;
    if (!flight || map->next == map->count || chunks->flying >= flights_wanted(chunks)) return NULL;
    chunks->idle = flight->next;
    chunks->flying++;
    flight->from = flight->chunk.at = map->next;
    flight->chunk.to = map->next += size_of_next(chunks);
    return flight;
}

static void learn(struct chunk_map *chunks, size_t items, uint64_t ticks) {
    uint64_t most = ticks_in(CHUNK_US);
    if (!items) return;
    chunks->items += items;
    chunks->ticks += ticks;
    chunks->size = ticks < most / GROWTH ? items * GROWTH : (size_t)(most / (ticks / items + 1));
    if (!chunks->size) chunks->size = 1;
}

/* Nothing more is cut. */
static void give_up(struct plait__map *map) {
    if (map->next < map->count && map->next < map->left_out) map->left_out = map->next;
    map->next = map->count;
}

/* ---- on the way ---- */

static void item_failed(struct plait__range *range, size_t item, plait_status status, char *message) {
    struct flight *flight = flight_of(plait__of_link(range, struct plait__chunk, range));
    plait__map_item_failed(flight->of->map, item, status, message);
}

/* What a chunk leaves out when it is over: the pool has ended, or the map was cancelled. Not under the mutex. */
static void leave_out(struct chunk_map *chunks, struct plait__chunk *chunk) {
    struct plait__map *map = chunks->map;
    bool refused = chunk->status != PLAIT_CANCELLED && chunk->status != PLAIT_TIMEOUT;
    plait__mutex_lock(&map->mutex);
    map->holes = true;
    if (refused && map->refused == PLAIT_OK) map->refused = chunk->status;
    give_up(map);
    plait__mutex_unlock(&map->mutex);
    plait_status status = plait__map_left_out(map);
    if (refused) plait__map_item_failed(map, chunk->at, status, plait__copy_string(chunk->words));
    for (size_t i = chunk->at; map->statuses && i < chunk->to; i++) map->statuses[i] = status;
}

/* It has come back, or was not taken. Under the mutex. */
static void land(struct chunk_map *chunks, struct flight *flight) {
    flight->next = chunks->idle;
    chunks->idle = flight;
    chunks->flying--;
}

/* Sends a chunk. Not under the mutex. */
static void send(struct chunk_map *chunks, struct flight *flight) {
    struct plait__map *map = chunks->map;
    struct plait__chunk *chunk = &flight->chunk;
    if (map->statuses) memset(map->statuses + chunk->at, 0, (chunk->to - chunk->at) * sizeof *map->statuses);
    chunk->words = NULL;
    chunk->ticks = 0;
    chunk->goes_on = plait__load(&chunks->begun);
    plait_status status = chunks->pool->operations->chunk(chunks->pool, chunk);
    if (status == PLAIT_OK) { /* it may be on its next way already */
        plait__store(&chunks->begun, true);
        return;
    }
    chunk->status = status;
    if (status == PLAIT_INVALID) chunk->words = plait_last_message();
    leave_out(chunks, chunk);
    plait__mutex_lock(&map->mutex);
    land(chunks, flight);
    plait__mutex_unlock(&map->mutex);
}

/* Sends all that may be sent. The caller is one of `senders`, and is not any more; the mutex is held, and given back. */
static void go_on(struct chunk_map *chunks) {
    struct plait__map *map = chunks->map;
    struct flight *flight;
    while ((flight = cut(chunks)) != NULL) {
        plait__mutex_unlock(&map->mutex);
        send(chunks, flight);
        plait__mutex_lock(&map->mutex);
    }
    bool last = --chunks->senders == 0 && chunks->flying == 0;
    plait__mutex_unlock(&map->mutex);
    if (last) chunks->end(chunks);
}

static void over(struct plait__chunk *chunk) {
    struct flight *flight = flight_of(chunk);
    struct chunk_map *chunks = flight->of;
    struct plait__map *map = chunks->map;
    bool stop = chunk->at < chunk->to || plait__map_must_give_up(map);
    if (chunk->at < chunk->to) leave_out(chunks, chunk);
    plait__mutex_lock(&map->mutex);
    chunks->senders++;
    learn(chunks, chunk->at - flight->from, chunk->ticks);
    if (chunk->at_once < chunks->at_once) chunks->at_once = chunk->at_once;
    land(chunks, flight);
    if (stop) give_up(map);
    go_on(chunks);
}

/* ---- a map ---- */

static uint32_t flights_for(plait_pool *pool, const struct plait__map *map) {
    uint64_t flights = (uint64_t)EAGER * pool->operations->workers(pool);
    if (flights > MOST_FLIGHTS) flights = MOST_FLIGHTS;
    return (uint32_t)(flights < map->count ? flights : map->count);
}

static struct chunk_map *prepare(plait_pool *pool, struct plait__map *map, void (*end)(struct chunk_map *)) {
    uint32_t flights = flights_for(pool, map);
    uint64_t cost = plait__map_cost(map->range.task);
    struct chunk_map *chunks = plait__allocate(sizeof *chunks + flights * sizeof *chunks->flights);
    if (!chunks) return NULL;
    chunks->pool = pool;
    chunks->map = map;
    chunks->end = end;
    chunks->workers = pool->operations->workers(pool);
    chunks->senders = 1;
    chunks->at_once = SIZE_MAX;
    chunks->size = cost && cost < ticks_in(CHUNK_US) ? (size_t)(ticks_in(CHUNK_US) / cost) : 1;
    for (uint32_t i = 0; i < flights; i++) {
        struct flight *flight = &chunks->flights[i];
        flight->chunk.range = map->range;
        flight->chunk.range.failed = item_failed;
        flight->chunk.token = map->token;
        flight->chunk.shielded = map->shielded;
        flight->chunk.over = over;
        flight->of = chunks;
        flight->next = chunks->idle;
        chunks->idle = flight;
    }
    return chunks;
}

static void begin(struct chunk_map *chunks) {
    plait__mutex_lock(&chunks->map->mutex);
    if (plait__map_must_give_up(chunks->map)) give_up(chunks->map);
    go_on(chunks);
}

static void forget(struct chunk_map *chunks) {
    plait__map_learn(chunks->map->range.task, chunks->ticks, chunks->items);
    plait__release(chunks);
}

/* ---- with the caller waiting ---- */

static void tell_caller(struct chunk_map *chunks) {
    plait__store_release(&chunks->over, 1);
    plait__unpark_all(chunks);
}

static bool is_over(const void *context) {
    return plait__load_acquire(&((const struct chunk_map *)context)->over);
}

plait_status plait__chunk_map(plait_pool *pool, struct plait__map *map) {
    struct chunk_map *chunks = prepare(pool, map, tell_caller);
    if (!chunks) return PLAIT_NO_MEMORY;
    begin(chunks);
    if (!is_over(chunks))
        (void)pool->operations->wait(pool, "map", chunks, is_over, chunks, PLAIT_FOREVER, false);
    forget(chunks);
    return PLAIT_OK;
}

/* ---- without ---- */

/* What a map needs that nobody waits for. */
struct alone {
    struct plait__map map;
    plait_future *future; /* with the pool's reference */
    plait_token *timed;   /* below the future's, with the map's deadline; or NULL */
    plait_column columns[];
};

static void nothing_to_run(const void *args, void *result) {
    (void)args, (void)result;
}

static const plait_parameter no_parameters[] = {{NULL, PLAIT_KIND_NOTHING, 0, 0}};
static const plait_task map_task = {
    .version = PLAIT_TASK_VERSION,
    .name = "map",
    .parameters = no_parameters,
    .result_kind = PLAIT_KIND_NOTHING,
    .run = nothing_to_run,
};

static void forget_alone(struct alone *alone) {
    plait_token_free(alone->timed);
    plait__release(alone);
}

/* On whatever thread has heard of its end, which is not one for the user's callbacks. */
static void end_alone(struct chunk_map *chunks) {
    plait_pool *pool = chunks->pool;
    struct alone *alone = plait__of_link(chunks->map, struct alone, map);
    plait_future *future = alone->future;
    plait_status status = plait__map_outcome(&alone->map);
    char *message = status == alone->map.status ? alone->map.message : NULL;
    if (!message) plait__release(alone->map.message);
    forget(chunks);
    forget_alone(alone);
    (void)plait__future_settle(future, status, message);
    if (plait__future_silent(future) && plait__future_drop_silently(future)) return;
    pool->operations->call_back(pool, future);
}

/* What the map runs under: below the caller's token the future's own, so that it can be cancelled. */
static bool set_token(struct alone *alone) {
    plait_future *future = alone->future;
    plait_token *token = plait_token_new(future->token, PLAIT_FOREVER);
    if (!token) return false;
    plait_token_free(future->token);
    future->token = alone->map.token = alone->map.before = token;
    if (plait__is_forever(alone->map.deadline)) return true;
    alone->map.token = alone->timed = plait_token_new(token, alone->map.deadline);
    return alone->timed;
}

static plait_deadline deadline_in(const plait_map_options *options) {
    return options && options->deadline.ns ? options->deadline : PLAIT_FOREVER;
}

static struct alone *make_alone(plait_pool *pool, const plait_map_options *options, const plait_task *task,
                                const void *columns, void *out, size_t n) {
    struct alone *alone = plait__allocate(sizeof *alone + task->count * sizeof *alone->columns);
    if (!alone) return NULL;
    if (task->count) memcpy(alone->columns, plait__columns_in(columns), task->count * sizeof *alone->columns);
    alone->map = (struct plait__map){
        .range = {task, alone->columns, out, NULL},
        .count = n,
        .chunk = options ? options->chunk : 0,
        .shielded = plait__self()->shields,
        .deadline = deadline_in(options),
        .statuses = options ? options->statuses : NULL,
        .left_out = n,
        .failed_at = n,
    };
    alone->future = plait__future_for(pool, &map_task, NULL, 0);
    if (alone->future && set_token(alone)) return alone;
    if (alone->future) alone->future->references = 1;
    if (alone->future) plait__future_drop(alone->future);
    forget_alone(alone);
    return NULL;
}

plait_future *plait__chunk_map_async(plait_pool *pool, const plait_map_options *options,
                                     const plait_task *task, const void *columns, void *out, size_t n) {
    struct alone *alone = make_alone(pool, options, task, columns, out, n);
    if (!alone) return plait__future_failed(PLAIT_NO_MEMORY);
    plait_future *future = alone->future;
    struct chunk_map *chunks = prepare(pool, &alone->map, end_alone);
    (void)plait__future_enter(future, PLAIT__QUEUED, PLAIT__STARTING);
    plait__future_begin(future);
    if (chunks) {
        begin(chunks);
        return future;
    }
    forget_alone(alone);
    (void)plait__future_settle(future, PLAIT_NO_MEMORY, NULL);
    plait__future_call_back(future);
    plait__future_drop(future);
    return future;
}

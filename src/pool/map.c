/* map.c - plait_map and plait_starmap; how the work is shared out stands in map.h. */
#include <base/memory.h>
#include <pool/map.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/spin.h>

enum { CHUNKS_PER_THREAD = 2, CHUNK_US = 50, GROWTH = 8, LEAST_SHARE = 32 };

/* What plait_map_message returns: small, because it is there for every thread. */
static __thread struct {
    size_t index;
    char words[112];
} last;

const char *plait_map_message(size_t *index) {
    if (index) *index = last.index;
    return last.words;
}

void plait__map_tell(plait_status status, size_t index, const char *message) {
    last.index = index;
    last.words[0] = '\0';
    if (status != PLAIT_OK)
        snprintf(last.words, sizeof last.words, "%s", plait__failure_words(status, message));
}

/* ---- what an item takes ----
 *
 * One word for each task, in a table by its address: the task, shortened to 32 bits, and ticks per 16 items.
 * Tasks that fall into the same place forget each other. Relaxed, and updates may get lost: it is only a
 * guess. */

enum { COST_BITS = 8, COST_UNIT = 16 };

static uint64_t costs[1 << COST_BITS];

static uint64_t hash_of(const plait_task *task) {
    return (uint64_t)(uintptr_t)task * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing */
}

static uint64_t *place_of(const plait_task *task) {
    return &costs[hash_of(task) >> (64 - COST_BITS)];
}

/* 0: not known. */
static uint64_t cost_of(const plait_task *task) {
    uint64_t word = plait__load(place_of(task));
    return word >> 32 == (uint32_t)hash_of(task) ? (uint32_t)word : 0;
}

static void learn_cost(const plait_task *task, uint64_t ticks, size_t items) {
    uint64_t before = cost_of(task), cost = ticks / items * COST_UNIT + 1;
    if (ticks < UINT32_MAX) cost = ticks * COST_UNIT / items + 1;
    if (cost < before) cost = before - (before - cost) / 2;
    if (cost > UINT32_MAX) cost = UINT32_MAX;
    if (cost != before) plait__store(place_of(task), (uint64_t)(uint32_t)hash_of(task) << 32 | cost);
}

uint64_t plait__map_cost(const plait_task *task) {
    uint64_t cost = cost_of(task);
    return cost ? cost / COST_UNIT + 1 : 0;
}

void plait__map_learn(const plait_task *task, uint64_t ticks, size_t items) {
    if (items) learn_cost(task, ticks, items);
}

/* In ticks: that long a map may take on one thread before a helper is worth its wake. The caller pays for the
 * wake too, about as much as the helper is late. */
static uint64_t worth_a_wake(void) {
    return 2 * plait__spin_wake_cost();
}

/* ---- running ---- */

/* How a participant gets on. */
struct pace {
    size_t size;    /* of its next chunk, */
    size_t least;   /* however few are left */
    size_t items;   /* that it has run, */
    uint64_t ticks; /* in that time */
};

static bool take_chunk(struct plait__map *map, const struct pace *pace, size_t *from, size_t *to) {
    size_t next = plait__load(&map->next), size;
    do {
        if (next >= map->count) return false;
        size_t left = map->count - next, share = left / (CHUNKS_PER_THREAD * map->threads);
        if (map->chunk)
            size = map->chunk;
        else
            size = pace->size < share ? pace->size : share > pace->least ? share : pace->least;
        if (size > left) size = left;
    } while (!plait__cas(&map->next, &next, next + size));
    *from = next;
    *to = next + size;
    return true;
}

/* It has run so many items, one or more, in so much time. */
static void keep_pace(struct pace *pace, size_t items, uint64_t ticks) {
    uint64_t most = CHUNK_US * plait__os_ticks_per_us(), each = (items ? ticks / items : ticks) + 1;
    pace->items += items;
    pace->ticks += ticks;
    pace->size = ticks < most / GROWTH ? items * GROWTH : (size_t)(most / each);
    if (pace->size == 0) pace->size = 1;
    pace->least = pace->size / LEAST_SHARE + 1;
}

void plait__map_item_failed(struct plait__map *map, size_t item, plait_status status, char *message) {
    if (map->statuses) map->statuses[item] = status;
    plait__mutex_lock(&map->mutex);
    if (item < map->failed_at) {
        char *before = map->message;
        map->failed_at = item;
        map->status = status;
        map->message = message;
        message = before;
    }
    plait__mutex_unlock(&map->mutex);
    plait__release(message);
}

static void item_failed(struct plait__range *range, size_t item, plait_status status, char *message) {
    plait__map_item_failed(plait__of_link(range, struct plait__map, range), item, status, message);
}

static void run_chunk(struct plait__map *map, size_t from, size_t to) {
    if (map->statuses) memset(map->statuses + from, 0, (to - from) * sizeof *map->statuses); /* PLAIT_OK */
    plait__range_run(&map->range, from, to);
}

/* The items that nobody has taken yet are left out. */
static void give_up(struct plait__map *map) {
    size_t next = plait__exchange(&map->next, map->count);
    if (next < map->count) map->left_out = next;
}

static bool must_give_up(const struct plait__map *map) {
    return plait_cancelled() || (!plait__is_forever(map->deadline) && plait_passed(map->deadline));
}

/* Runs items for that many ticks, and returns when none are left or somebody else may help. */
static void work(struct plait__map *map, struct pace *pace, uint64_t limit) {
    uint32_t generation = plait__generation();
    uint64_t begun = plait__os_ticks(), now = begun;
    size_t from, to;
    while (now - begun <= limit) {
        if (plait__unlikely(must_give_up(map))) {
            give_up(map);
            return;
        }
        if (!take_chunk(map, pace, &from, &to)) return;
        run_chunk(map, from, to);
        if (plait__generation() != generation) return; /* forked inside an item: the rest is the parent's */
        uint64_t before = now;
        now = plait__os_ticks();
        keep_pace(pace, to - from, now - before);
    }
}

bool plait__map_alone(struct plait__map *map) {
    struct pace pace = {.size = 1, .least = 1};
    uint64_t cost = cost_of(map->range.task), limit = worth_a_wake();
    if (map->count > 1 && (!cost || map->count > limit * COST_UNIT / cost)) return false;
    work(map, &pace, map->count > 1 ? limit : UINT64_MAX);
    if (pace.items) learn_cost(map->range.task, pace.ticks, pace.items);
    return !plait__map_left(map);
}

void plait__map_take_part(struct plait__map *map) {
    struct pace pace = {.size = 1, .least = 1};
    work(map, &pace, UINT64_MAX);
    if (pace.items) learn_cost(map->range.task, pace.ticks, pace.items);
}

void plait__map_help(struct plait__map *map) {
    plait_token *before = plait_token_enter(map->token);
    bool shielded = map->shielded;
    if (shielded) plait_shield_enter();
    plait__map_take_part(map);
    if (shielded) plait_shield_leave();
    plait_token_leave(before);
}

/* ---- the call ---- */

/* The columns begin behind one char, aligned. */
const plait_column *plait__columns_in(const void *columns) {
    return (const plait_column *)(const void *)((const char *)columns + _Alignof(plait_column));
}

bool plait__map_makes_sense(const plait_pool *pool, const plait_task *task, const void *columns,
                            size_t count) {
    if (!pool || !task || task->version != PLAIT_TASK_VERSION || !task->range) return false;
    if (count > PTRDIFF_MAX || (task->count && !columns)) return false;
    for (uint32_t i = 0; count && i < task->count; i++)
        if (!plait__columns_in(columns)[i].base) return false;
    return true;
}

static bool is_cancelled(const struct plait__map *map) {
    return !map->shielded && plait_token_cancelled(map->before ? map->before : plait_token_root());
}

bool plait__map_must_give_up(const struct plait__map *map) {
    return is_cancelled(map) || (!plait__is_forever(map->deadline) && plait_passed(map->deadline));
}

plait_status plait__map_left_out(const struct plait__map *map) {
    if (map->refused != PLAIT_OK) return map->refused;
    return is_cancelled(map) || plait__is_forever(map->deadline) ? PLAIT_CANCELLED : PLAIT_TIMEOUT;
}

plait_status plait__map_outcome(struct plait__map *map) {
    if (map->left_out == map->count && !map->holes) return map->status;
    plait_status status = plait__map_left_out(map);
    for (size_t i = map->left_out; map->statuses && i < map->count; i++) map->statuses[i] = status;
    return status;
}

/* Also if an item ends the calling thread. */
static void leave(void *argument) {
    struct plait__map *map = argument;
    plait_token_leave(map->before);
    plait__release(map->message);
}

/* The items run under this token. */
static plait_status run(plait_pool *pool, struct plait__map *map, plait_token *token) {
    plait_status status;
    map->token = token;
    map->before = plait_token_enter(token);
    pthread_cleanup_push(leave, map);
    status = pool->operations->map(pool, map);
    if (status == PLAIT_OK) {
        status = plait__map_outcome(map);
        plait__map_tell(status, map->failed_at, status == map->status ? map->message : NULL);
    }
    pthread_cleanup_pop(1);
    return status;
}

static void free_token(void *token) {
    plait_token_free(token);
}

static plait_status run_and_free(plait_pool *pool, struct plait__map *map, plait_token *token) {
    plait_status status;
    pthread_cleanup_push(free_token, token);
    status = run(pool, map, token);
    pthread_cleanup_pop(1);
    return status;
}

/* Deadlines that were left out of the options are zero. */
static plait_deadline deadline_in(const plait_map_options *options) {
    return options && options->deadline.ns ? options->deadline : PLAIT_FOREVER;
}

plait_status plait_pool_map(plait_pool *pool, const plait_map_options *options, const plait_task *task,
                            const void *columns, void *out, size_t n) {
    plait__map_tell(PLAIT_OK, n, NULL);
    if (!plait__map_makes_sense(pool, task, columns, n)) return PLAIT_INVALID;
    struct plait__map map = {
        .job.is_map = true,
        .range = {task, task->count ? plait__columns_in(columns) : NULL, out, item_failed},
        .count = n,
        .chunk = options ? options->chunk : 0,
        .threads = 1,
        .shielded = plait__self()->shields,
        .deadline = deadline_in(options),
        .statuses = options ? options->statuses : NULL,
        .left_out = n,
        .failed_at = n,
    };
    if (plait__is_forever(map.deadline)) return run(pool, &map, plait_token_current());
    plait_token *token = plait_token_new(NULL, map.deadline);
    return token ? run_and_free(pool, &map, token) : PLAIT_NO_MEMORY;
}

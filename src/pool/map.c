/* map.c - plait_map and plait_starmap; how the work is shared out stands in map.h. */
#include <base/memory.h>
#include <plait/map.h>
#include <pool/map.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>

enum { CHUNKS_PER_THREAD = 2 };

/* What plait_map_message returns: small, because it is there for every thread. */
static __thread struct {
    size_t index;
    char words[112];
} last;

const char *plait_map_message(size_t *index) {
    if (index) *index = last.index;
    return last.words;
}

/* ---- running ---- */

static bool take_chunk(struct plait__map *map, size_t *from, size_t *to) {
    size_t next = plait__load(&map->next), size;
    do {
        if (next >= map->count) return false;
        size = (map->count - next) / (CHUNKS_PER_THREAD * map->threads);
        if (size == 0) size = 1;
    } while (!plait__cas(&map->next, &next, next + size));
    *from = next;
    *to = next + size;
    return true;
}

/* Takes over the message. */
static void item_failed(struct plait__map *map, size_t item, plait_status status, char *message) {
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
    size_t size = map->task->result_size;
    if (map->out) memset(map->out + item * size, 0, size);
}

/* A chunk on its way. */
struct chunk {
    struct plait__map *map;
    size_t from;
    struct plait__frame frame;
};

/* An item has called pthread_exit: which one, nobody knows. */
static void left_early(void *argument) {
    struct chunk *chunk = argument;
    plait__frame_clear(&chunk->frame);
    plait__frame_end(&chunk->frame);
    item_failed(chunk->map, chunk->from, PLAIT_FAILED,
                plait__copy_string("the task was left by pthread_exit"));
}

static void run_chunk(struct plait__map *map, size_t from, size_t to) {
    struct chunk chunk = {.map = map, .from = from};
    struct plait__frame *frame = &chunk.frame;
    plait__frame_begin(frame, map->task->name);
    pthread_cleanup_push(left_early, &chunk);
    while (chunk.from < to) {
        chunk.from = map->task->range(map->columns, map->out, chunk.from, to, &frame->raised);
        if (frame->raised) item_failed(map, chunk.from - 1, frame->status, plait__frame_take(frame));
        plait__frame_clear(frame);
    }
    pthread_cleanup_pop(0);
    plait__frame_end(frame);
}

/* The items that nobody has taken yet are left out. */
static void give_up(struct plait__map *map) {
    if (plait__exchange(&map->next, map->count) < map->count) plait__store(&map->cancelled, true);
}

void plait__map_take_part(struct plait__map *map) {
    uint32_t generation = plait__generation();
    size_t from, to;
    while (!plait_cancelled() && take_chunk(map, &from, &to)) {
        run_chunk(map, from, to);
        if (plait__generation() != generation) return; /* forked inside an item: the rest is the parent's */
    }
    if (plait__map_left(map)) give_up(map);
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
static const plait_column *columns_in(const void *columns) {
    return (const plait_column *)(const void *)((const char *)columns + _Alignof(plait_column));
}

static bool makes_sense(const plait_pool *pool, const plait_task *task, const void *columns, size_t count) {
    if (!pool || !task || task->version != PLAIT_TASK_VERSION || !task->range) return false;
    if (count > PTRDIFF_MAX || (task->count && !columns)) return false;
    for (uint32_t i = 0; count && i < task->count; i++)
        if (!columns_in(columns)[i].base) return false;
    return true;
}

static plait_status tell(const struct plait__map *map) {
    plait_status status = plait__load(&map->cancelled) ? PLAIT_CANCELLED : map->status;
    last.index = map->failed_at;
    if (status != PLAIT_OK)
        snprintf(last.words, sizeof last.words, "%s",
                 plait__failure_words(status, status == map->status ? map->message : NULL));
    return status;
}

plait_status plait_pool_map(plait_pool *pool, const plait_task *task, const void *columns, void *out,
                            size_t n) {
    last.index = n;
    last.words[0] = '\0';
    if (!makes_sense(pool, task, columns, n)) return PLAIT_INVALID;
    struct plait__map map = {
        .job.is_map = true,
        .task = task,
        .columns = task->count ? columns_in(columns) : NULL,
        .out = out,
        .count = n,
        .threads = 1,
        .token = plait_token_current(),
        .shielded = plait__self()->shields,
        .failed_at = n,
    };
    plait_status status = pool->operations->map(pool, &map);
    if (status == PLAIT_OK) status = tell(&map);
    plait__release(map.message);
    return status;
}

/* map.h - one call of plait_map, on the stack of its caller, while it runs.
 *
 * `next` is an atomic cursor: whoever takes part takes a chunk of the items from there on, until none are
 * left. The caller takes part and then waits for the others that still work on a chunk: there is one count,
 * `helpers`, and one wake. Nobody touches the map after that count went to zero under the pool's mutex.
 *
 * How large a chunk is follows from time: each participant begins with one item and takes more, the less time
 * its last chunk took, up to what takes CHUNK_US. So items that take long, or sleep, are shared out one by
 * one, cheap ones cost next to nothing each, and a cancel or a deadline is seen soon. Towards the end the
 * chunks become smaller (guided self-scheduling, Polychronopoulos & Kuck 1987), but not smaller than what is
 * worth taking.
 *
 * Waking a helper costs as much as hundreds of cheap items. What an item of a task took is remembered from
 * one map to the next, the longest more than the shortest; a map that should be done by its caller alone
 * before a helper could have come is begun so. If that was wrong, it is known after one item, and the helpers
 * are called then.
 */
#ifndef PLAIT__MAP_H
#define PLAIT__MAP_H

#include <plait/map.h>
#include <pool/pool.h>
#include <pool/range.h>
#include <wait/waiter.h>

struct plait__map {
    struct plait__job job;
    struct plait__range range;
    size_t count;
    size_t chunk;            /* as the caller wants it; 0: by time */
    size_t next;             /* atomic */
    size_t threads;          /* that may take part */
    plait_token *token;      /* what the items run under */
    plait_token *before;     /* the caller's own */
    bool shielded;           /* so is the caller */
    plait_deadline deadline; /* when to leave out what has not begun */
    plait_status *statuses;  /* of the items; NULL: not wanted */
    size_t left_out;         /* the first item that was not run; or count. Whoever gives up writes it, once */
    bool holes;              /* in a pool of processes: so were some before it, whose `statuses` are set */
    plait_status refused;    /* the same: the pool does not run the rest. Guarded by the mutex below */
    uint32_t helpers;        /* guarded by the pool's mutex, as is the next */
    struct plait__list caller; /* waiting for the helpers */
    struct plait__mutex mutex; /* guards what follows */
    size_t failed_at;          /* the first item, in order, that failed; or count */
    plait_status status;
    char *message;
};

static inline bool plait__map_left(const struct plait__map *map) {
    return plait__load(&map->next) < map->count;
}

/* Runs the whole map on the calling thread, if it is expected to be short; false if there is more to do than
 * that. */
bool plait__map_alone(struct plait__map *map);
/* Runs items until none are left, or the map is cancelled. */
void plait__map_take_part(struct plait__map *map);
/* The same as a helper: under the caller's token and shield. */
void plait__map_help(struct plait__map *map);

/* An item has failed; takes over the message. */
void plait__map_item_failed(struct plait__map *map, size_t item, plait_status status, char *message);
/* Whether what has not begun is to be left out, and the status that it has then. */
bool plait__map_must_give_up(const struct plait__map *map);
plait_status plait__map_left_out(const struct plait__map *map);
/* All is done: how it went. */
plait_status plait__map_outcome(struct plait__map *map);
/* What an item of a task took so far, in ticks; 0: nobody knows. And: so many took so long. */
uint64_t plait__map_cost(const plait_task *task);
void plait__map_learn(const plait_task *task, uint64_t ticks, size_t items);

/* Whether these arguments of a map can be used; where the columns in that struct begin. */
bool plait__map_makes_sense(const plait_pool *pool, const plait_task *task, const void *columns,
                            size_t count);
const plait_column *plait__columns_in(const void *columns);

/* What plait_map_message says from now on; `message` NULL: what the status means. */
void plait__map_tell(plait_status status, size_t index, const char *message);

#endif

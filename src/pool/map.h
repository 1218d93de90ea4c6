/* map.h - one call of plait_map, on the stack of its caller, while it runs.
 *
 * `next` is an atomic cursor: whoever takes part takes a chunk of the items from there on, large ones
 * first and ever smaller ones (guided self-scheduling, Polychronopoulos & Kuck 1987), until none are left.
 * The caller takes part and then waits for the others that still work on a chunk: there is one count,
 * `helpers`, and one wake. Nobody touches the map after that count went to zero under the pool's mutex.
 */
#ifndef PLAIT__MAP_H
#define PLAIT__MAP_H

#include <pool/pool.h>
#include <wait/waiter.h>

struct plait__map {
    struct plait__job job;
    const plait_task *task;
    const plait_column *columns;
    char *out;
    size_t count;
    size_t next;               /* atomic */
    size_t threads;            /* that may take part */
    plait_token *token;        /* the caller's */
    bool shielded;             /* so is the caller */
    bool cancelled;            /* atomic: items were left out */
    uint32_t helpers;          /* guarded by the pool's mutex, as is the next */
    struct plait__list caller; /* waiting for the helpers */
    struct plait__mutex mutex; /* guards what follows */
    size_t failed_at;          /* the first item, in order, that failed; or count */
    plait_status status;
    char *message;
};

static inline bool plait__map_left(const struct plait__map *map) {
    return plait__load(&map->next) < map->count;
}

/* Runs items until none are left, or the map is cancelled. */
void plait__map_take_part(struct plait__map *map);
/* The same as a helper: under the caller's token and shield. */
void plait__map_help(struct plait__map *map);

#endif

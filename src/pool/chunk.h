/* chunk.h - items of a map that a pool has run in another process.
 *
 * A pool of threads runs maps on its own threads (map.h). A pool whose tasks run elsewhere takes chunks: it is given a
 * range of items and some time later, on whatever thread hears of it, calls over(), once. In between nobody waits, and the
 * memory is the pool's. So a map is a number of chunks on their way, each of which is cut anew when it comes back
 * (chunk_map.c), and so is an imap (imap_far.c).
 *
 * An item that ends its process has failed, with PLAIT_CRASHED and words that say how; items before it keep their results,
 * those behind it are run by another process. The pool sees to that before the chunk is over.
 */
#ifndef PLAIT__POOL_CHUNK_H
#define PLAIT__POOL_CHUNK_H

#include <pool/map.h>

enum { PLAIT__CHUNK_ROOM = 112 };

struct plait__chunk {
    struct plait__range range; /* `failed` is called on the thread that hears of it, before over() */
    size_t at, to;             /* items; at over() those before `at` are done, the rest was left out */
    plait_token *token;        /* under which they run; stays as long as the chunk. NULL: the root */
    bool shielded;
    bool goes_on;        /* it belongs to a map that had begun before the pool was closed */
    plait_status status; /* why items were left out; PLAIT_OK: none were */
    const char *words;   /* good during over(); NULL: what the status means */
    uint64_t ticks;      /* that the items took, without the way there and back */
    size_t at_once; /* as many at most went at once: there was no room for more. SIZE_MAX: it was not met */
    /* May hand the chunk over again. No lock is held. */
    void (*over)(struct plait__chunk *chunk);
    _Alignas(16) char pools_own[PLAIT__CHUNK_ROOM];
};

/* Runs a map in chunks, and waits for its end: plait__pool_operations' `map`. */
plait_status plait__chunk_map(plait_pool *pool, struct plait__map *map);
/* plait_pool_map_async; all makes sense. */
plait_future *plait__chunk_map_async(plait_pool *pool, const plait_map_options *options,
                                     const plait_task *task, const void *columns, void *out, size_t n);

#endif

/* pool_kinds.h - the pools that are compared, as tables of contestants. */
#ifndef BENCH_POOL_KINDS_H
#define BENCH_POOL_KINDS_H

#include "pool_kind.h"
#include "support.h"

struct pool_contestants {
    const struct bench_contestant *table;
    int count;
};

extern const struct pool_contestants pools_running;
extern const struct pool_contestants pools_with_results;

extern const struct pool_kind pool_plait;
extern const struct pool_kind pool_glib;
extern const struct pool_kind pool_apr;
extern const struct pool_kind pool_uv;
extern const struct pool_kind pool_rayon;
extern const struct pool_kind pool_go;

#endif

/* peers.h - the libraries that plait is measured against, as far as they are installed.
 *
 * They may be missing: PEER_NSYNC("nsync", thing) is its entry in a table of
 * contestants, whether `thing` exists or not.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "support.h"

#include <pthread.h>

#ifdef BENCH_NSYNC
#include <nsync.h>
#define PEER_NSYNC(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define PEER_NSYNC(name, thing) \
    { .who = (name), .missing = "libnsync-dev" }
#endif

#ifdef BENCH_GLIB
#include <glib.h>
#define PEER_GLIB(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define PEER_GLIB(name, thing) \
    { .who = (name), .missing = "libglib2.0-dev" }
#endif

#ifdef BENCH_APR
#include <apr_general.h>
#include <apr_queue.h>
#include <apr_thread_pool.h>
#define PEER_APR(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define PEER_APR(name, thing) \
    { .who = (name), .missing = "libaprutil1-dev" }
#endif

#ifdef BENCH_UV
#include <uv.h>
#define PEER_UV(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define PEER_UV(name, thing) \
    { .who = (name), .missing = "libuv1-dev" }
#endif

#ifdef BENCH_TBB
#define PEER_TBB(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define PEER_TBB(name, thing) \
    { .who = (name), .missing = "libtbb-dev, g++" }
#endif

/* Programs of their own; BENCH_RUST, BENCH_GO and BENCH_PYTHON are their paths. The thing exists without them, too. */
#ifdef BENCH_RUST
#define PEER_RUST(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define BENCH_RUST NULL
#define PEER_RUST(name, thing) \
    { .who = (name), .what = &(thing), .missing = "cargo, librust-crossbeam-channel-dev, librust-rayon-dev" }
#endif

#ifdef BENCH_GO
#define PEER_GO(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define BENCH_GO NULL
#define PEER_GO(name, thing) \
    { .who = (name), .what = &(thing), .missing = "golang-go" }
#endif

#ifdef BENCH_PYTHON
#define PEER_PYTHON(name, thing) \
    { .who = (name), .what = &(thing) }
#else
#define BENCH_PYTHON NULL
#define PEER_PYTHON(name, thing) \
    { .who = (name), .what = &(thing), .missing = "python3" }
#endif

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

#endif

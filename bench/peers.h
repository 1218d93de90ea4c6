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

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

#endif

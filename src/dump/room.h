/* room.h - what a fork does to this room: the child has no handler, and nobody watches it. The room's mutexes are
 * taken before the fork and given back on both sides. */
#ifndef PLAIT__DUMP_ROOM_H
#define PLAIT__DUMP_ROOM_H

#include <wait/mutex.h>

/* Asks to be told of forks, once. */
void plait__dump_watch_forks(void);

struct plait__mutex *plait__dump_signal_mutex(void);
struct plait__mutex *plait__dump_watch_mutex(void);
/* In the child, with the mutexes held. */
void plait__dump_signal_after_fork(void);
void plait__dump_watch_after_fork(void);

#endif

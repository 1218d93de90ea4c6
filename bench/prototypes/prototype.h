/* prototype.h - the candidates for the FIFO queue, all with the same face as the queues of bench-queue. prototype.c
 * compares them; ARCHITECTURE.md says what came out.
 *
 * Each is as small as it can be: eight bytes an item, no shutdown, no deadline, no growth ("unbounded" is a ring that
 * is large enough). What they share is how they wait, for that decides more than how items are kept: patience.h is how
 * long one stays away before one parks, side.h is the list of those who are parked, on the library's own waiters.
 */
#ifndef PROTOTYPE_H
#define PROTOTYPE_H

#include "../queue_kind.h"

extern const struct queue_kind prototype_one_lock;  /* a ring under one mutex */
extern const struct queue_kind prototype_two_locks; /* a mutex for each end of the ring */
extern const struct queue_kind prototype_cells;     /* no mutex: each cell has a sequence number (Vyukov) */

enum { ROOM_FOR_ALL = 1 << 20 };

#endif

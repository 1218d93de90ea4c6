/* plait/name.h - a name for any object, so that people can tell it from the others.
 *
 * A lock has an address and no name; what tells of it (plait/dump.h, plait/watch.h, the checker) can show no more. Give
 * it a name once, where it is made, and every report speaks of lock "accounts". Anything that has an address can be
 * named: locks and conditions, events, queues, pools, and objects of your own. (Threads have a name from the
 * start, plait_thread_options, which is the one that is shown.)
 *
 * Names stand in a table of their own, keyed by the object's address: an object is no larger for it, and a program that
 * names nothing pays nothing.
 *
 * Example:
 *     #include <plait.h>
 *     #include <string.h>
 *
 *     static plait_lock lock;
 *
 *     int main(void) {
 *         char name[32];
 *         if (plait_set_name(&lock, "accounts") != PLAIT_OK) return 1;
 *         if (plait_get_name(&lock, name, sizeof name) != 8 || strcmp(name, "accounts") != 0) return 2;
 *         plait_set_name(&lock, NULL);                                 // forgotten
 *         return plait_get_name(&lock, name, sizeof name) == 0 ? 0 : 3;
 *     }
 */
#ifndef PLAIT_NAME_H
#define PLAIT_NAME_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Names the object, or names it anew; the name is copied. NULL forgets it. What plait itself allocates (queues, pools,
 * futures, owners, lenders, scopes, ...) is forgotten when it is freed; an object in memory of your own keeps its name
 * until it is forgotten, and whatever comes to lie at its address inherits it.
 * PLAIT_INVALID for a NULL object, PLAIT_NO_MEMORY: it has the name that it had. Any thread; does not block.
 * Python: what is kept for threads alone, Thread.name. */
PLAIT_API plait_status plait_set_name(const void *object, const char *name);

/* The length of the object's name, 0 if it has none; and as much of the name as fits into `room` bytes, always ended
 * by a zero, at `out` (which may be NULL if room is 0). Any thread; does not block. */
PLAIT_API size_t plait_get_name(const void *object, char *out, size_t room);

PLAIT_END

#endif

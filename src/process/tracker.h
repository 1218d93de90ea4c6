/* tracker.h - names in shared memory that must not outlive this process.
 *
 * They stand in a table that this process shares with the tracker (base/os_tracker.c), a process that waits for this
 * one's end and then takes them off. There are no messages, so there is none that could be lost: a name stands in the table
 * before the file gets it, and leaves it after the file has lost it. A kill between the two does no harm, because
 * the tracker takes a name off only if it is still that of the file noted beside it.
 *
 * The tracker starts with the first name. Should somebody kill it, the next name starts another with the same table. The
 * child of a fork begins without either: the names are its parent's.
 */
#ifndef PLAIT__TRACKER_H
#define PLAIT__TRACKER_H

#include <base/os_memory.h>
#include <plait/status.h>

/* PLAIT_OK; PLAIT_NO_MEMORY: the table is full, or cannot be had; PLAIT_ERRNO: no process can be started. */
plait_status plait__track(const char *name, const struct plait__file *file);
/* The name is off, or this file did not get it (NULL: whatever file had it). Nothing happens if it was not this process's. */
void plait__untrack(const char *name, const struct plait__file *file);

#endif

/* tracker.h - names in shared memory that must not outlive this process.
 *
 * They stand in a table that this process shares with the tracker (base/os_tracker.c), a process that waits for this
 * one's end and then takes them off. There are no messages, so there is none that could be lost: a name stands in the table
 * before the file gets it, and leaves it after the file has lost it. A kill between the two does no harm, because
 * the tracker takes a name off only if it is still that of the file noted beside it. For threads both are one step, under
 * the table's mutex: else one that takes a name off could forget the name that another has just given to another file.
 *
 * The tracker starts with the first name. Should somebody kill it, the next name starts another with the same table. The
 * child of a fork begins without either: the names are its parent's.
 */
#ifndef PLAIT__TRACKER_H
#define PLAIT__TRACKER_H

#include <base/os_memory.h>
#include <plait/status.h>

/* Starts the tracker, if there is none; before the memory is made, so that the tracker is not forked with it. PLAIT_OK,
 * PLAIT_NO_MEMORY; PLAIT_BROKEN: a thread that vanished in a fork was at it; PLAIT_ERRNO: no process can be started. */
plait_status plait__tracker_prepare(void);
/* Gives a file its name, and keeps track of that. As above; also PLAIT_NO_MEMORY if there are too many names. If the
 * name cannot be given: PLAIT_ERRNO and *error, which is an errno value then, EEXIST if it is taken; else 0. */
plait_status plait__name_give(int descriptor, const struct plait__file *file, const char *name, int *error);
/* Takes the name off, whosever it is. 0 or an errno value. */
int plait__name_take(const char *name);

#endif

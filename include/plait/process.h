/* plait/process.h - run a function in a process of its own.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(int argc, char **argv) {
 *         return plait_process_setup(argc, argv) == PLAIT_OK ? 0 : 1;
 *     }
 */
#ifndef PLAIT_PROCESS_H
#define PLAIT_PROCESS_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* How a process comes into being. */
typedef enum plait_start_method {
    PLAIT_START_FORKSERVER, /* a fork of the server, which has been forked from the program early */
    PLAIT_START_SPAWN,      /* the program is executed once more */
    PLAIT_START_FORK        /* a fork of the program as it is now */
} plait_start_method;

/* To be called in the first line of main. Starts the server that processes are forked from while the program has one
 * thread and little memory; and in a process that was started with PLAIT_START_SPAWN it runs what that is for, and does
 * not return. Without this call the first start of a process does it, if the program has one thread then.
 * PLAIT_OK, also if called again; PLAIT_INVALID: the process has several threads; PLAIT_NO_MEMORY; PLAIT_ERRNO. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_setup(int argc, char **argv);

PLAIT_END

#endif

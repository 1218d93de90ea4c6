/* plait/once.h - do something once, whichever thread comes first.
 *
 * Zero is ready. The first thread to call plait_once_run runs the function; those who come meanwhile wait
 * until it has finished, and those who come later go on at once, seeing all that it wrote.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_once made;
 *     static int table[3];
 *
 *     static void make(void *first) {
 *         for (int i = 0; i < 3; i++) table[i] = *(int *)first + i;
 *     }
 *
 *     int main(void) {
 *         int first = 5;
 *         plait_once_run(&made, make, &first);
 *         first = 100;
 *         plait_once_run(&made, make, &first);         // has been done: nothing happens
 *         return table[2] == 7 && plait_once_done(&made) ? 0 : 1;
 *     }
 */
#ifndef PLAIT_ONCE_H
#define PLAIT_ONCE_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_once {
    uint32_t word;
} plait_once;

/* Zero; for a once in memory that is not zeroed. */
#define PLAIT_ONCE_INIT \
    { 0 }

/* Runs function(arg), unless that has been done, and returns when it has. PLAIT_OK: it has finished, here
 * or in another thread. PLAIT_DEADLOCK: called from the function itself. PLAIT_BROKEN: in the child of a
 * fork, when a thread that vanished was in the middle of it. PLAIT_INVALID for NULL. PLAIT_INTERRUPTED
 * only on threads with a plait_host: another thread runs it and has not finished. Cannot be cancelled: who
 * comes back from here relies on it. The function must return; no lock of plait is held meanwhile.
 * POSIX: pthread_once. */
PLAIT_API plait_status plait_once_run(plait_once *once, void (*function)(void *arg), void *arg);

/* Whether it has been done; then all that the function wrote can be seen. False for NULL. */
PLAIT_API bool plait_once_done(const plait_once *once);

PLAIT_END

#endif

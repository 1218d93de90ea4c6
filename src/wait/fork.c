/* fork.c - a fork copies the process but only one of its threads.
 *
 * In the child every waiter of another thread has vanished, and so may have the holder of any of the wait
 * core's own locks in mid-operation. Their stacks are reused, so nothing they linked may be followed.
 * The child therefore starts with empty tables: that is right because only vanished threads were in them
 * (the forking thread was running, not waiting; a child forked by a signal handler or a host's callback
 * in the middle of a wait may only exec or _exit). Objects of the floors above are in the memory as they
 * were: a lock that was held stays held, and heap objects find out by plait__generation() and
 * plait__vanished() whether a vanished thread was inside. Only the names of objects are waited for and kept: their
 * mutex is the last that a fork takes, and the first that the child gives back.
 */
#include <base/os.h>
#include <pthread.h>
#include <wait/fork.h>

static void child(void) {
    plait__os_sleep_after_fork();
    plait__self_after_fork();
    plait__mutexes_after_fork();
    plait__names_after_fork();
    plait__parking_after_fork();
    plait__waiters_after_fork();
    plait__cells_after_fork();
}

/* Where a list must be whole in the child, the fork waits for its mutex. */
static void prepare(void) {
    plait__names_before_fork();
    plait__self_before_fork();
}

static void parent(void) {
    plait__self_forked();
    plait__names_after_fork();
}

void plait__fork_watch(void) {
    /* Out of memory here would only mean that the child is not cleaned up. */
    (void)pthread_atfork(prepare, parent, child);
}

/* plait/barrier.h - a barrier: a number of threads wait until all of them have arrived.
 *
 * Made with the number of parties; the last to arrive lets all go on, and the barrier is ready for the
 * next round. Each thread learns a number of its own, 0 to parties - 1, so that one can be told to do
 * something alone. An action, if there is one, is run by one of them, after all have arrived and before
 * any goes on. It is Python's Barrier.
 * A barrier breaks when a thread gives up (deadline, cancel), when the action fails, or by abort: all who
 * wait, and all who come later, get PLAIT_BROKEN, until it is reset. A round in which all have arrived is
 * past breaking by anything but its own action. Nothing needs to be destroyed.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static int rounds;
 *     static plait_status count(void *unused) { (void)unused; rounds++; return PLAIT_OK; }
 *
 *     int main(void) {
 *         plait_barrier barrier;
 *         int index;
 *         if (plait_barrier_init(&barrier, 1, count, NULL) != PLAIT_OK) return 1;
 *         for (int i = 0; i < 3; i++)
 *             if (plait_barrier_wait(&barrier, &index) != PLAIT_OK || index != 0) return 2;
 *         plait_barrier_abort(&barrier);
 *         return rounds == 3 && plait_barrier_wait(&barrier, NULL) == PLAIT_BROKEN ? 0 : 3;
 *     }
 */
#ifndef PLAIT_BARRIER_H
#define PLAIT_BARRIER_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Run once a round. Anything but PLAIT_OK breaks the barrier. No lock of plait is held meanwhile. It must
 * not wait at its own barrier. */
typedef plait_status (*plait_barrier_action)(void *arg);

typedef struct plait_barrier {
    uint32_t parties;
    uint32_t arrived;
    uint32_t state;
    uint32_t generation;
    plait_barrier_action action;
    void *arg;
} plait_barrier;

/* Makes a barrier for this many threads. The action may be NULL. PLAIT_INVALID for NULL and for
 * parties < 1. Python: Barrier(parties, action). */
PLAIT_API plait_status plait_barrier_init(plait_barrier *barrier, int parties, plait_barrier_action action,
                                          void *arg);

/* Waits until all have arrived (or until the deadline), and stores the caller's number of this round in
 * *index, in the order of arrival (index may be NULL). PLAIT_OK: all have arrived, and the action, if any,
 * has succeeded. PLAIT_BROKEN: the barrier is broken, or was reset meanwhile. PLAIT_TIMEOUT,
 * PLAIT_CANCELLED, PLAIT_INTERRUPTED: the caller gave up, and thereby broke the barrier. The thread that
 * ran a failing action gets the action's status. PLAIT_INVALID for NULL or a barrier that was not
 * initialised. When the wait has returned PLAIT_OK in all threads the barrier may be freed.
 * Python: Barrier.wait, which raises BrokenBarrierError for all of these. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_barrier_wait(plait_barrier *barrier, int *index);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_barrier_wait_until(plait_barrier *barrier, int *index,
                                                                  plait_deadline deadline);

/* Makes the barrier as new: those who wait get PLAIT_BROKEN, those who come later do not. PLAIT_INVALID
 * for NULL. Never blocks. Python: Barrier.reset. */
PLAIT_API plait_status plait_barrier_reset(plait_barrier *barrier);

/* Breaks the barrier. PLAIT_INVALID for NULL. Never blocks. Python: Barrier.abort. */
PLAIT_API plait_status plait_barrier_abort(plait_barrier *barrier);

/* Whether it is broken; how many wait in this round; how many it takes: at this instant. False and 0 for
 * NULL. Any thread, never block. Python: broken, n_waiting, parties. */
PLAIT_API bool plait_barrier_broken(const plait_barrier *barrier);
PLAIT_API int plait_barrier_n_waiting(const plait_barrier *barrier);
PLAIT_API int plait_barrier_parties(const plait_barrier *barrier);

PLAIT_END

#endif

/* plait/process_barrier.h - a barrier between processes: a number of them wait until all have arrived.
 *
 * As plait/barrier.h, in memory that processes share; but there is no action, for a function has no address that all
 * processes know: let the one whose index is 0 do it. It is made with the number of parties; the last to arrive lets
 * all go on, and the barrier is ready for the next round. It breaks when one gives up (deadline, cancel) or by abort:
 * all who wait, and all who come later, get PLAIT_BROKEN, until it is reset. Nothing needs to be destroyed.
 *
 * A process that is killed while it waits has arrived: its round is completed without harm. One that is killed before it
 * arrives is missing, and the others wait for it: give the wait a deadline, which then breaks the barrier for all.
 *
 * Example:
 *     #include <plait.h>
 *     #include <sys/mman.h>
 *     #include <sys/wait.h>
 *     #include <unistd.h>
 *
 *     int main(void) {
 *         plait_process_barrier *start =
 *             mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
 *         if (plait_process_barrier_init(start, 2) != PLAIT_OK) return 1;
 *         pid_t child = fork();
 *         plait_status status = plait_process_barrier_wait_until(start, NULL, plait_after(10));
 *         if (child == 0) return status;
 *         int ended;
 *         waitpid(child, &ended, 0);
 *         return status == PLAIT_OK && ended == 0 ? 0 : 2;
 *     }
 */
#ifndef PLAIT_PROCESS_BARRIER_H
#define PLAIT_PROCESS_BARRIER_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* No barrier takes more parties than this. */
#define PLAIT_PROCESS_BARRIER_MAX 0xffff

typedef struct plait_process_barrier {
    uint64_t state;
    uint32_t parties;
} plait_process_barrier;

/* Makes a barrier, which nobody uses, for so many. PLAIT_INVALID for NULL, for parties < 1 and for more than
 * PLAIT_PROCESS_BARRIER_MAX. Python: Barrier(parties). */
PLAIT_API plait_status plait_process_barrier_init(plait_process_barrier *barrier, int parties);

/* Waits until all have arrived (or until the deadline), and stores the caller's number of this round in *index, from 0 to
 * parties - 1, in the order of arrival (index may be NULL). PLAIT_OK: all have arrived. PLAIT_BROKEN: the barrier is broken,
 * or was reset meanwhile. PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: the caller gave up, and thereby broke the
 * barrier. PLAIT_INVALID for NULL or a barrier that was not initialised. Python: Barrier.wait, which raises
 * BrokenBarrierError for all of these. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_barrier_wait(plait_process_barrier *barrier,
                                                                    int *index);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_barrier_wait_until(plait_process_barrier *barrier,
                                                                          int *index,
                                                                          plait_deadline deadline);

/* Makes the barrier as new: those who wait get PLAIT_BROKEN, those who come later do not. PLAIT_INVALID for NULL. Never blocks.
 * Python: Barrier.reset. */
PLAIT_API plait_status plait_process_barrier_reset(plait_process_barrier *barrier);

/* Breaks the barrier. PLAIT_INVALID for NULL. Never blocks. Python: Barrier.abort. */
PLAIT_API plait_status plait_process_barrier_abort(plait_process_barrier *barrier);

/* Whether it is broken; how many wait in this round; how many it takes: at this instant. False and 0 for NULL. Never
 * block. Python: broken, n_waiting, parties. */
PLAIT_API bool plait_process_barrier_broken(const plait_process_barrier *barrier);
PLAIT_API int plait_process_barrier_n_waiting(const plait_process_barrier *barrier);
PLAIT_API int plait_process_barrier_parties(const plait_process_barrier *barrier);

PLAIT_END

#endif

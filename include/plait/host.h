/* plait/host.h - for a host language that embeds plait.
 *
 * An interpreter with a global lock must give that lock up while one of its threads waits in plait, and
 * must see its signals soon. It hangs a plait_host on each of its threads; plait then calls
 * before_wait(context) before it spins or sleeps in any wait, a lock's too, and after_wait(context) when
 * the wait is over. A call that need not wait calls neither. A thread without a host pays nothing.
 *
 * Signals: when a signal breaks off a sleep of such a thread (EINTR), or plait_host_interrupt() was called
 * in a signal handler on it, plait asks interrupted(context), between before_wait and after_wait. True
 * ends the wait with PLAIT_INTERRUPTED, nothing taken and nothing lost; false goes on waiting. The
 * callback only looks (at a flag of the host, say); the host runs its signal handlers after the call has
 * returned, and calls again if it still wants to wait.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static int given_up, taken_back;
 *     static void before(void *context) { (void)context; given_up++; }
 *     static void after(void *context) { (void)context; taken_back++; }
 *
 *     int main(void) {
 *         static plait_event never;
 *         plait_host host = {before, after, NULL, NULL};
 *         plait_host_set(&host);
 *         plait_status status = plait_event_wait_until(&never, plait_after(0.01));
 *         plait_host_set(NULL);
 *         return status == PLAIT_TIMEOUT && given_up == 1 && taken_back == 1 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_HOST_H
#define PLAIT_HOST_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_host {
    void (*before_wait)(void *context); /* may be NULL */
    void (*after_wait)(void *context);  /* may be NULL */
    bool (*interrupted)(void *context); /* may be NULL: waits of this thread are never interrupted */
    void *context;
} plait_host;

/* Hangs `host` on the calling thread (NULL takes it off) and returns the one before. The struct must
 * stay until it is taken off. The callbacks run on this thread, with no lock of plait held; before_wait
 * and after_wait may use locks of plait but are not called for the waits that these cause. */
PLAIT_API const plait_host *plait_host_set(const plait_host *host);

/* Makes the calling thread's current wait, or else its next one, ask interrupted(). Safe in a signal
 * handler on the thread that is to be interrupted; from elsewhere send that thread a signal. With the
 * portable back end (which cannot be woken from a signal handler) the wait asks at its next wake-up. */
PLAIT_API void plait_host_interrupt(void);

PLAIT_END

#endif

/* plait/timer.h - call a function later, once.
 *
 * All timers share plait's one service thread, so thousands of them cost no more than their memory. A
 * callback must therefore not block, for all other timers wait for it; what takes long belongs into a
 * thread or a pool that the callback hands it to. (Python's Timer is a thread of its own, and may block.)
 * The end of the program does not wait for timers.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_event done;
 *     static void set(void *event) { plait_event_set(event); }
 *     static void never(void *unused) { (void)unused; }
 *
 *     int main(void) {
 *         plait_timer *soon = plait_timer_start(plait_after(0.01), set, &done);
 *         plait_timer *late = plait_timer_start(plait_after(3600), never, NULL);
 *         plait_status status = plait_event_wait(&done);
 *         bool in_time = plait_timer_cancel(late) && !plait_timer_cancel(soon);
 *         plait_timer_free(soon);
 *         plait_timer_free(late);
 *         return status == PLAIT_OK && in_time ? 0 : 1;
 *     }
 */
#ifndef PLAIT_TIMER_H
#define PLAIT_TIMER_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_timer plait_timer;

/* Calls function(argument) on the service thread as soon as possible after the deadline; never, for
 * PLAIT_FOREVER. Timers for the same instant are called in the order in which they were started. The
 * function is a task that nobody asks for its result: what it raises (plait_raise) goes to the excepthook.
 * Returns a handle to be freed, or NULL with plait_last_error(): PLAIT_NO_MEMORY, PLAIT_INVALID (no
 * function), PLAIT_ERRNO (the service thread cannot be started). Thread-safe, does not block; a callback
 * may start timers. In the child of a fork the timers of before are never called.
 * Python: threading.Timer(interval, function).start(). */
PLAIT_API PLAIT_WARN_UNUSED plait_timer *plait_timer_start(plait_deadline when,
                                                           void (*function)(void *argument), void *argument);

/* Calls it off. True: in time, it will not be called (and this was the first cancel). False: it has been
 * called, or is just running, or was called off before; NULL. Does not block. Thread-safe.
 * Python: Timer.cancel. */
PLAIT_API bool plait_timer_cancel(plait_timer *timer);

/* Lets go of the handle, at any time, also within the timer's own callback. It does not cancel: a timer
 * that nobody holds is called when its time comes. NULL is allowed. */
PLAIT_API void plait_timer_free(plait_timer *timer);

PLAIT_END

#endif

/* plait/watch.h - "all threads are asleep": a program that hangs says so itself.
 *
 * After plait_watch a program whose threads all wait for each other, for ever, tells it on standard error, with a dump
 * (plait/dump.h) of who waits for what, as Go does ("all goroutines are asleep - deadlock!"). It then goes on waiting:
 * a report of your own may abort.
 *
 * It is told only if nobody is left who could end a wait. Silence is kept as long as there is
 *   - a thread that is awake, or blocked in something that is not plait's (read(2), accept(2), a mutex of its own)
 *   - a thread that plait does not know, for plait cannot tell what that may do. (But see ignore_unknown.)
 *   - a wait with a deadline, or under a token with one
 *   - a timer that is still to come
 *   - a wait with descriptors among its cases (plait_select): the outside may end it
 *   - a wait that a Ctrl-C would end, once plait_interrupt_install was called, and every wait of a thread with a
 *     plait_host: who is at the keyboard may end it. (But see ignore_interrupt.)
 * So there are no false reports; and a program with a helper thread of a library that sleeps in a system call is
 * watched in vain. Signals that plait does not handle itself are not counted on.
 *
 * What it costs: every second (or as told) the service thread asks the kernel how many threads there are and counts the
 * sleepers, some 40 microseconds for ten threads. Waits and wakes cost nothing more. A report comes when all have been
 * asleep for a whole such period.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_event told, never;
 *
 *     static void tell(const char *words, void *unused) {
 *         (void)unused;
 *         (void)words;                     // "plait: all 2 threads are asleep for ever: ..." and a dump
 *         plait_event_set(&told);
 *         plait_event_set(&never);
 *     }
 *
 *     PLAIT_TASK(void, wait_for_ever) { (void)plait_event_wait(&never); }
 *
 *     int main(void) {
 *         plait_watch_options options = {.every = 0.01, .report = tell, .ignore_unknown = true};
 *         if (plait_watch(&options) != PLAIT_OK) return 1;
 *         plait_thread *thread = plait_start(wait_for_ever);
 *         plait_status status = plait_event_wait(&told);
 *         plait_unwatch();
 *         plait_thread_join(thread);
 *         plait_thread_free(thread);
 *         return status == PLAIT_OK ? 0 : 2;
 *     }
 */
#ifndef PLAIT_WATCH_H
#define PLAIT_WATCH_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* `words` are gone when it returns. It runs on the service thread, so it must not block; it may abort. */
typedef void plait_watch_report(const char *words, void *context);

/* Zero is the default of each. */
typedef struct plait_watch_options {
    double every;               /* seconds between two looks; 0: one second */
    plait_watch_report *report; /* NULL: to standard error (descriptor 2) */
    void *context;
    bool ignore_unknown;   /* threads that have never called plait will not wake anybody */
    bool ignore_interrupt; /* nobody is at the keyboard */
} plait_watch_options;

/* Watches from now on; NULL: with the defaults. Called again it goes on with the new options. Each such standstill is
 * told once. PLAIT_INVALID for a period that is negative or no number; PLAIT_NO_MEMORY, PLAIT_ERRNO: the service thread
 * cannot be started, or the system does not tell how many threads there are. Any thread. In the child of a fork
 * nobody watches. Python: nothing like it; Go's "all goroutines are asleep". */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_watch(const plait_watch_options *options);

/* No more. When it returns no report is running, unless that is who calls. Nothing if nobody watches. Any thread. */
PLAIT_API void plait_unwatch(void);

PLAIT_END

#endif

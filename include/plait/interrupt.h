/* plait/interrupt.h - Ctrl-C, if you ask for it.
 *
 * A program that does nothing dies of Ctrl-C where it stands. After plait_interrupt_install() the first
 * Ctrl-C (SIGINT) cancels the root token instead: every cancellable wait of every thread ends with
 * PLAIT_CANCELLED, so the threads leave their loops, and clean-up under plait_shield() goes on unharmed.
 * A second one kills the program by SIGINT, as if nothing had been installed, so that an impatient user
 * is never stuck and the shell sees what happened.
 * plait never installs a signal handler unasked.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) {
 *         static plait_event never;
 *         if (plait_interrupt_install() != PLAIT_OK) return 1;
 *         plait_interrupt_main();                              // as if Ctrl-C had been pressed
 *         return plait_event_wait(&never) == PLAIT_CANCELLED ? 0 : 1;
 *     }
 */
#ifndef PLAIT_INTERRUPT_H
#define PLAIT_INTERRUPT_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Installs the handler of SIGINT, whose only doing is to write to a descriptor; the service thread, which
 * this starts, then cancels the root token. System calls of the thread that takes the signal end with
 * EINTR. Called again it prepares for one more Ctrl-C; but the root token stays cancelled for ever.
 * If SIGINT is ignored, as in a shell's background jobs, it stays ignored, and nothing is installed.
 * In the child of a fork the handler of before is back, and this can be called anew.
 * PLAIT_OK, PLAIT_NO_MEMORY, PLAIT_ERRNO. Thread-safe. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_interrupt_install(void);

/* Brings back what SIGINT did before. Nothing happens if nothing was installed. Thread-safe. */
PLAIT_API void plait_interrupt_uninstall(void);

/* As if Ctrl-C had been pressed: sends SIGINT to the process. PLAIT_INVALID if plait_interrupt_install is
 * not in effect, instead of killing the program. Python: _thread.interrupt_main. */
PLAIT_API plait_status plait_interrupt_main(void);

PLAIT_END

#endif

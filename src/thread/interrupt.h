/* interrupt.h - Ctrl-C, as a fork sees it. */
#ifndef PLAIT__INTERRUPT_H
#define PLAIT__INTERRUPT_H

#include <wait/mutex.h>

struct plait__mutex *plait__interrupt_mutex(void);
/* Whether Ctrl-C cancels the root token. */
bool plait__interrupt_installed(void);
/* In the forked child, with the mutex held. */
void plait__interrupt_after_fork(void);

#endif

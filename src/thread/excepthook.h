/* excepthook.h - the excepthook inside plait. The public side is plait/raise.h. */
#ifndef PLAIT__EXCEPTHOOK_H
#define PLAIT__EXCEPTHOOK_H

#include <wait/mutex.h>

/* Guards the hook; for the fork handlers. */
struct plait__mutex *plait__excepthook_mutex(void);

#endif

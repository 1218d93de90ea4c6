/* status.h - the last error of a thread. The public side is plait/status.h. */
#ifndef PLAIT__STATUS_H
#define PLAIT__STATUS_H

#include <plait/status.h>

/* Remembers why a constructor is about to return NULL. */
void plait__set_last_error(plait_status status);

#endif

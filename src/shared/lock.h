/* lock.h - what the condition between processes needs of the lock (lock.c). */
#ifndef PLAIT__PROCESS_LOCK_H
#define PLAIT__PROCESS_LOCK_H

#include <plait/process_lock.h>

/* Whether the calling thread holds it. */
bool plait__process_lock_owned(plait_process_lock *lock);

#endif

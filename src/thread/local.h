/* local.h - values of plait_local, as the end of a thread sees them. */
#ifndef PLAIT__LOCAL_H
#define PLAIT__LOCAL_H

#include <wait/self.h>

/* Destroys the calling thread's values. */
void plait__locals_end(struct plait__self *self);

#endif

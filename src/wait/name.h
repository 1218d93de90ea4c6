/* name.h - names of objects, from inside: who frees an object forgets its name. The public side is plait/name.h. */
#ifndef PLAIT__NAME_H
#define PLAIT__NAME_H

#include <base/atomic.h>
#include <plait/name.h>

/* How many names there are. */
extern uint32_t plait__names __attribute__((visibility("hidden")));

/* The object's name or NULL, for whoever knows that no other thread runs. */
const char *plait__name_now(const void *object);

void plait__name_drop(const void *object);

/* The object is about to be freed. One load while nothing has a name. Not under a lock of plait's: memory may be given
 * back, by the program's own allocator. */
static inline void plait__name_forget(const void *object) {
    if (plait__unlikely(plait__load(&plait__names))) plait__name_drop(object);
}

#endif

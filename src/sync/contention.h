/* contention.h - how slow paths report their waits. The public side is plait/contention.h.
 *
 * A slow path that has found that it must wait encloses its waiting in these two. While nothing is watched
 * they cost one load of a word that is hardly ever written. They use the object's address and never look
 * inside it.
 */
#ifndef PLAIT__CONTENTION_H
#define PLAIT__CONTENTION_H

#include <base/atomic.h>
#include <base/clock.h>
#include <plait/contention.h>

/* How many objects are watched. */
extern uint32_t plait__watched;

void plait__contention_count(const void *object, int64_t ns);

/* When the wait began, or 0 if nobody wants to know. */
static inline int64_t plait__contention_begin(void) {
    return plait__unlikely(plait__load(&plait__watched)) ? plait__now() : 0;
}

static inline void plait__contention_end(const void *object, int64_t began) {
    if (plait__unlikely(began)) plait__contention_count(object, plait__now() - began);
}

#endif

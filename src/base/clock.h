/* clock.h - reading time, for deadlines and for spinning. The public side is plait/deadline.h. */
#ifndef PLAIT__CLOCK_H
#define PLAIT__CLOCK_H

#include <plait/deadline.h>

/* Nanoseconds of the monotonic clock. */
int64_t plait__now(void);

/* For tests: time stands still at this value until the next call; a negative one brings real time back.
 * Sleeps still end by real time, so it serves what computes with deadlines, not what waits for them. */
void plait__fake_clock(int64_t ns);

static inline bool plait__is_forever(plait_deadline deadline) {
    return deadline.ns == INT64_MAX;
}

#endif

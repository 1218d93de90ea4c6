/* A program q.c that does not exist, whose calls have places all the same. */
#ifndef PLAIT_TEST_CHECK_IMAGINED_H
#define PLAIT_TEST_CHECK_IMAGINED_H

#include <stdint.h>

/* Addresses inside the calls in q.c, by line: 31 to 35, 52 to 55 and 70. Filled in by imagine(). */
extern uint64_t imagined_calls[71];
int imagine(void);

#endif

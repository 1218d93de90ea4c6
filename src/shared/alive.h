/* alive.h - who a process is, and whether it still lives: for marks in shared memory that name their owner.
 *
 * A process id alone is given to another process some day, so its start is part of the name. All threads of a
 * process are one owner: whoever must know of the death of a thread uses a lock of robust.h.
 */
#ifndef PLAIT__ALIVE_H
#define PLAIT__ALIVE_H

#include <stdbool.h>
#include <stdint.h>

enum { PLAIT__PROCESS_BITS = 54 };

/* The calling process: its id and when it started, in at most so many bits; never 0. Remembered after the
 * first call (and asked anew in the child of a fork). */
uint64_t plait__process_self(void);

/* Whether that process lives; one that has ended and was not waited for does not. Reads /proc, some 10 us:
 * for who would have to wait otherwise. True if it cannot be told. Leaves errno alone. */
bool plait__process_alive(uint64_t process);

#endif

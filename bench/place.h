/* place.h - on which CPUs the threads of a run are. */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stdbool.h>

enum place { ANYWHERE, ONE_CPU_EACH, ONE_CPU };

/* False where a CPU for each of two threads is asked for and there is but one. */
bool place_exists(enum place place);

/* Confines the calling thread, and all that it starts later, as the place says; a run's first deed. */
void place_first(enum place place);

/* The calling thread has started its partner: ONE_CPU_EACH moves it away to the second CPU. */
void place_second(enum place place);

/* How many CPUs this process may use. */
int place_cpus(void);

#endif

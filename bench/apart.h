/* apart.h - one run in a process of its own. Between support.c and apart.c. */
#ifndef BENCH_APART_H
#define BENCH_APART_H

#include "support.h"

/* Forks a child that makes the run, and reads its figures. The child starts with what this process has
 * touched so far, so a benchmark that wants fresh processes leaves everything to them. Waits for all that the run has
 * started, too. */
void apart_run(const struct bench_shape *shape, const struct bench_contestant *contestant, double *figures);

#endif

/* child.h - the process in which the test runs, seen from the one that explores. */
#ifndef PLAIT__CHILD_H
#define PLAIT__CHILD_H

#include <check/explore.h>
#include <sys/types.h>

/* What a process does before it runs the test: it ends with its parent, stays on one CPU, is heard by nobody,
 * and tells of its crashes. */
void plait__child_begin(const struct plait__run *run);
/* By which its threads are asked where they are; they must not block it. */
int plait__child_signal(void);
/* Waits until it has ended, and writes into run->end how, if it could not do so itself. */
void plait__child_await(struct plait__exploration *exploration, pid_t child);
/* A run and a search in shared memory; false: there is none. */
bool plait__exploration_new(struct plait__exploration *exploration);
void plait__exploration_end(struct plait__exploration *exploration);

#endif

/* fork.h - what the wait core does when the process forks. */
#ifndef PLAIT__FORK_H
#define PLAIT__FORK_H

/* Asks to be told of forks; called once. */
void plait__fork_watch(void);

/* Before it, in the parent; and after it, in both. */
void plait__names_before_fork(void);
void plait__names_after_fork(void);

/* The parts that fork.c calls in the child, which has one thread then. */
void plait__self_before_fork(void);
void plait__self_forked(void); /* in the parent */
void plait__self_after_fork(void);
void plait__mutexes_after_fork(void);
void plait__parking_after_fork(void);
void plait__waiters_after_fork(void);
void plait__cells_after_fork(void);

#endif

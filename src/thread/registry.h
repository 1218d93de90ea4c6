/* registry.h - which threads there are, and who must have ended before the program may. */
#ifndef PLAIT__REGISTRY_H
#define PLAIT__REGISTRY_H

#include <thread/thread.h>

/* Among the living, and off again. */
void plait__registry_add(plait_thread *thread);
void plait__registry_remove(plait_thread *thread);
/* Has failed and nobody knows yet, while there are still handles: so that exit can tell. */
void plait__registry_add_failed(plait_thread *thread);
/* Some failed thread's handle, off the list now; NULL: no more. To be freed. */
plait_thread *plait__registry_next_failed(void);
/* Some living thread that the end of the program waits for, to be freed; NULL: none. */
plait_thread *plait__registry_culprit(void);

/* Whether every living thread's ident is known: those that were started have begun. */
bool plait__registry_all_begun(void);

/* Asks to be told of forks, once. */
void plait__thread_watch_forks(void);
struct plait__mutex *plait__registry_mutex(void);
/* In the forked child, with the mutex held: the caller is the main thread now and the others have ended. */
void plait__registry_after_fork(void);

/* exit.c: threads for which the end of the program waits. */
plait_status plait__exit_watch(void);
void plait__exit_count(void);
void plait__exit_uncount(void);
/* The calling thread's handle is about to go. If it is counted it stays so until plait__exit_done. */
void plait__exit_last_doings(bool counted);
void plait__exit_done(void);
/* When nobody is awaited any more exit calls this, and waits again if it returns true: it has given threads
 * something to do that must be done. Each room asks for this once. */
void plait__exit_asks(bool (*more)(void));
/* What exit does: waits, and tells of failures that nobody read. */
void plait__exit_leave(void);
void plait__exit_after_fork(void);

#endif

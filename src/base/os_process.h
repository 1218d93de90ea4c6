/* os_process.h - what plait asks of the operating system about other processes; the part of os.h for src/process. */
#ifndef PLAIT__OS_PROCESS_H
#define PLAIT__OS_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As fork, but the program does not notice its child: its end sends no signal, and wait(-1) does not see it. Only
 * plait__os_reap_hidden does. The child may use the C library, but the handlers of pthread_atfork have not run there, and the
 * C library does not know its thread's number: it must have been the process's only thread. -1 with errno. */
pid_t plait__os_fork_hidden(void);
/* Waits until a hidden child has ended. */
void plait__os_reap_hidden(pid_t pid);

/* A descriptor that stands for the process and becomes readable when it ends; close-on-exec. -1 with errno. */
int plait__os_process_open(pid_t pid);
/* 0, or -1 with errno (ESRCH: it has ended). */
int plait__os_process_signal(int process, int number);

/* The kernel kills the calling process when its parent's thread that forked it ends. False if that parent, which is told
 * by its number, has already gone. */
bool plait__os_die_with_parent(pid_t parent);

/* The kernel kills the calling process when the last one that can write to this pipe closes it. False if none can any more. The
 * descriptor is closed. */
bool plait__os_die_with_writer(int pipe);

/* Closes all descriptors from this one on. */
void plait__os_close_from(int first);

/* Calls function(status, NULL) when the process exits, before what was registered earlier. */
bool plait__os_at_exit(void (*function)(int status, void *unused));

#endif

/* server.h - the server's own program, and that of the children it forks; what they do stands in start.h. */
#ifndef PLAIT__PROCESS_SERVER_H
#define PLAIT__PROCESS_SERVER_H

#include <process/job.h>
#include <signal.h>

/* What the setup has changed and children get back; in the memory that they inherit. */
struct plait__before {
    sigset_t mask;
    struct sigaction child_action; /* of SIGCHLD */
};
extern struct plait__before plait__before __attribute__((visibility("hidden")));

/* The life of the server: `program` is a pidfd. */
_Noreturn void plait__serve(int socket, int program);

/* The life of a child from the fork on: it waits for its job. */
_Noreturn void plait__child_wait(int channel, pid_t server);

/* In a program that was executed for a job: reads and runs it. */
_Noreturn void plait__child_executed(int channel);

/* In a fork of the program: `lifeline` is the reading end of a pipe that only the program can write to. */
_Noreturn void plait__child_forked(int channel, int lifeline, const struct plait__start *start,
                                   const struct plait__job *job);

/* The argument by which a program that was executed knows that it was; the number of the descriptor follows. */
#define PLAIT__EXECUTED_FLAG "--plait-process"

#endif

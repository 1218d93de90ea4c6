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

/* The nursery (start.h): servers are asked for at one end of it, which all children inherit, and the program's server
 * hears that at the other. */
struct plait__nursery {
    int asking, hearing;
};

/* The life of the program's server: `program` is a pidfd. */
_Noreturn void plait__serve(int socket, int program, struct plait__nursery nursery);

/* The life of a child from the fork on: it waits for its job. */
_Noreturn void plait__child_wait(int channel, int nursery, pid_t server);

/* Whether this program was executed for a job: its arguments say so, and its descriptors. Then it reads and runs that, and
 * does not return. */
void plait__child_executed(int argc, char **argv);

/* In a fork of the program: `lifeline` is the reading end of a pipe that only the program can write to; `nursery` may be
 * -1. */
_Noreturn void plait__child_forked(int channel, int nursery, int lifeline, const struct plait__start *start,
                                   const struct plait__job *job);

/* The argument by which a program that was executed knows that it was; the number of its channel follows. */
#define PLAIT__EXECUTED_FLAG "--plait-process"

#endif

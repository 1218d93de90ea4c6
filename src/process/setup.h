/* setup.h - the program's handle of its server. */
#ifndef PLAIT__PROCESS_SETUP_H
#define PLAIT__PROCESS_SETUP_H

#include <plait/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Kept by whoever talks to the server, so that the socket's number means nothing else meanwhile. */
struct plait__server {
    uint32_t references; /* one is that of being the current one */
    int socket;
    pid_t pid;      /* if it is a hidden child of this process, */
    int process;    /* or else its pidfd */
    int nursery;    /* to give to forks of this process; -1: none, they have it already */
    uint32_t ahead; /* a spare has been asked for that nobody has taken yet */
    dev_t device;   /* of its working directory */
    ino_t directory;
};

/* The program's server, started if there is none; to be dropped. NULL with plait_last_error() and words, as
 * plait__start_process says. */
struct plait__server *plait__server_keep(void);
void plait__server_drop(struct plait__server *server);
/* It does not answer: it was killed. The next keep starts another, if the process has one thread. */
void plait__server_lost(struct plait__server *server);

/* Whether the program has called plait_process_setup, so that it can be executed anew. A child is told. */
bool plait__setup_was_called(void);
void plait__setup_is_executable(bool is);

/* A descriptor of the nursery (start.h) for a fork of this process, to be closed; -1: there is none. */
int plait__setup_nursery(void);

/* Leaves status and words for plait_last_error and plait_last_message; to PLAIT_ERRNO it adds what errno means. Returns the
 * status, and leaves errno as it was. */
plait_status plait__start_fails(plait_status status, const char *words);

/* The program has no processes any more: ends the server, and waits for that. */
void plait__server_end(void);

/* What `get` returns, which it calls under the setup's mutex; and what the child of a fork forgets of it (fork.c). */
int plait__setup_keep_lifeline(int (*get)(void));
void plait__lifeline_forked(void);

#endif

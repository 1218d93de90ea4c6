/* start.h - starting a process that runs a function of the library; what processes and their pools are made with.
 *
 * Who does it: the *server*, a small process with one thread, forked from the program by plait_process_setup (or by the
 * first start, while the program has one thread). A fork of it is a process without the program's threads, locks
 * and memory of later. It forks one child ahead of demand, the *spare*, which waits for its job:
 *
 *     program -> server    "one more"                                                          (a byte)
 *     server -> program    pid; the spare's pidfd and one end of its own socket pair          (an announcement)
 *     program -> spare     what to run, arguments, descriptors                                 (a job)
 *     server -> program    by the child's socket, when the child has been reaped: its wait status
 *
 * so a start is a message that is there already and one to a process that is there already. Program and server talk by
 * a pair of SOCK_SEQPACKET sockets; announcements are all alike, so any thread takes the next one.
 *
 * Who may live: the server is the program's child, but a hidden one (no SIGCHLD, invisible to wait(-1)). It watches a
 * pidfd of the program, so it learns of its end even if other processes have inherited the program's end of the
 * socket; it then kills and reaps its children and goes. If the server itself is killed the kernel kills the children
 * (PR_SET_PDEATHSIG, armed by each child; the server has one thread only, so that this means its end). All signals
 * are blocked in server and spares; a child gets the program's mask and dispositions of the setup back.
 *
 * A child's own server: a child may have threads when it starts its first process, so it does not fork its server; the
 * program's server does, from itself, and what the child starts has the same of the program as the child has had. All
 * children have one end of a pair of sockets, the *nursery*, and ask there:
 *
 *     child -> nursery     one end of the pair that it will talk to its server by, and a pidfd of itself
 *     server -> child      by that pair: its pid and pidfd, or an errno value; then all is as above
 *
 * So all servers but the first are that one's children, whoever's processes they start. Each ends with the child it
 * serves, and its children do; and all end with the first.
 *
 * What a child has of the program: memory and environment as they were at the setup; the working directory of now; standard
 * output and error; nothing on standard input; the descriptors of its job, and no others.
 */
#ifndef PLAIT__PROCESS_START_H
#define PLAIT__PROCESS_START_H

#include <plait/process.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct plait__start {
    /* Called in the new process, with a copy of the data (aligned as malloc aligns) and the descriptors, which are
     * close-on-exec and have other numbers there. A function of the library. When it returns the process ends with
     * exit code 0, as by plait__child_end. */
    void (*entry)(const void *data, size_t size, const int *descriptors, size_t count);
    const void *data;
    size_t size;
    const int *descriptors; /* still the caller's afterwards */
    size_t count;           /* at most PLAIT__START_DESCRIPTORS */
    const char *name;       /* shown by ps, 15 bytes of it; NULL: the program's */
    plait_start_method method;
    bool force;           /* fork also while other threads run */
    bool quiet_interrupt; /* SIGINT is ignored there: a parent decides what Ctrl-C means */
};

enum { PLAIT__START_DESCRIPTORS = 32 };

/* Descriptors of the parent's, close-on-exec. */
struct plait__child {
    pid_t pid;
    int pidfd;   /* readable when it has ended */
    int channel; /* the child's own socket: what it sends, then its wait status, sent when it has been reaped */
    bool own;    /* the program's own child, by PLAIT_START_FORK */
};

/* PLAIT_OK; else nothing was started, and plait_last_message() has words: PLAIT_INVALID (no server and several threads, no
 * setup for spawn, too many descriptors), PLAIT_BROKEN (the server has been killed), PLAIT_NO_MEMORY, PLAIT_ERRNO with
 * errno (no more processes or descriptors). Thread-safe. */
plait_status plait__start_process(const struct plait__start *start, struct plait__child *child);

/* Whether it has ended and has been reaped, and how: a status as waitpid gives it. Does not wait. To wait for that, poll
 * child->channel for POLLIN | POLLHUP (if the child sends nothing itself). To be asked until it is true, not again. */
bool plait__child_ended(const struct plait__child *child, int *wait_status);

/* 0 or an errno value (ESRCH: it has ended). */
int plait__child_kill(const struct plait__child *child, int number);

/* Closes the descriptors. The process goes on. */
void plait__child_close(struct plait__child *child);

/* ---- in the new process ---- */

/* Whether this process is one that plait__start_process has made (and not a fork of it). */
bool plait__is_child(void);

/* Ends it as exit would, but without the program's own exit handlers: waits for threads and processes that it has begun,
 * writes what stdio holds, and is gone. */
_Noreturn void plait__child_end(int code);

/* What is called right before the end, with the exit code, when all else is done. */
void plait__child_says_last(void (*say)(int code));

/* The child's end of its channel, close-on-exec; -1 after a fork of its own, or if it was closed. */
int plait__child_channel(void);

/* Where to ask for a server; -1 as above. */
int plait__child_nursery(void);

#endif

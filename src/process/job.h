/* job.h - what program, server and child send each other; the conversation stands in start.h. */
#ifndef PLAIT__PROCESS_JOB_H
#define PLAIT__PROCESS_JOB_H

#include <process/start.h>
#include <stdint.h>
#include <sys/socket.h>

/* program -> server: one more spare. Child -> nursery: a server, with its socket and a pidfd of who asks. */
#define PLAIT__ONE_MORE 'm'

/* server -> program, with two descriptors: pidfd and channel; or with none, and an errno value. A child's own server says first
 * who it is, with its pidfd. */
struct plait__announcement {
    pid_t pid;
    int error;
};

enum plait__job_kind { PLAIT__JOB_RUN, PLAIT__JOB_EXECUTE };

enum {
    PLAIT__JOB_INLINE = 8192, /* data that travels beside its job; more lies in a file in memory */
    PLAIT__JOB_NAME = 16,     /* what the kernel shows of a name */
    PLAIT__JOB_DESCRIPTORS = PLAIT__START_DESCRIPTORS + 2 /* and a directory, and a file of data */
};

/* program -> child. EXECUTE: the program is executed anew, and reads the job once more. The descriptors: a directory, if it
 * has one, the data if in a file, then the caller's. */
struct plait__job {
    enum plait__job_kind kind;
    bool has_directory, has_file, quiet_interrupt, cancel_on_interrupt;
    bool executable;            /* the program can be executed anew */
    char name[PLAIT__JOB_NAME]; /* "": as it is */
    intptr_t entry;             /* its distance from plait__start_process */
    size_t size;
    size_t count; /* of the caller's descriptors */
};

/* server -> program, through the child's socket. The kind tells it from messages that the child itself sends. */
enum plait__word_kind { PLAIT__WORD_STATUS, PLAIT__WORD_LAST };
struct plait__word {
    enum plait__word_kind kind;
    int wait_status;
};

/* A message of two parts and descriptors, at once or not at all; 0 or an errno value. */
int plait__send(int socket, const void *head, size_t head_size, const void *data, size_t size,
                const int *descriptors, size_t count);
/* The number of bytes; 0: the other side has closed; -1 with errno. *count is room, and then how many have come; a
 * message whose descriptors did not all arrive is EMFILE, and those that did are closed. */
ssize_t plait__receive(int socket, void *head, size_t head_size, void *data, size_t size, int *descriptors,
                       size_t *count, int flags);

/* A file in memory that holds the data, close-on-exec; -1 with errno. */
int plait__file_of(const void *data, size_t size);

/* The job of a start, but for what its descriptors are. */
void plait__describe_job(struct plait__job *job, const struct plait__start *start);
plait_status plait__start_by_fork(const struct plait__start *start, struct plait__child *child);

#endif

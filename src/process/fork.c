/* fork.c - PLAIT_START_FORK: a process that is a fork of the program as it is.
 *
 * No server stands between them, so another way must end the child with the program, whichever thread forked it: a pipe, the
 * *lifeline*, whose writing end only the program has (it is close-on-exec, and forks close it). The child has the
 * kernel send it SIGKILL when that end closes.
 */
#include <base/os.h>
#include <base/os_process.h>
#include <errno.h>
#include <fcntl.h>
#include <process/server.h>
#include <process/setup.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wait/self.h>

static struct {
    int reading, writing;
    uint32_t generation; /* of the process that writes */
} lifeline = {-1, -1, 0};

void plait__lifeline_forked(void) {
    if (lifeline.writing >= 0) close(lifeline.writing);
    lifeline.writing = -1;
}

/* With the mutex of the setup. */
static int get_lifeline(void) {
    int ends[2];
    if (lifeline.writing >= 0) return lifeline.reading;
    if (lifeline.reading >= 0) close(lifeline.reading);
    lifeline.reading = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    lifeline.reading = ends[0];
    lifeline.writing = ends[1];
    return ends[0];
}

/* The child waits until it is told to go on, so that its number is its own until there is a descriptor. */
static plait_status let_go_on(struct plait__child *child) {
    child->pidfd = plait__os_process_open(child->pid);
    if (child->pidfd >= 0 && send(child->channel, "g", 1, MSG_NOSIGNAL) == 1) return PLAIT_OK;
    int error = errno;
    close(child->channel); /* which ends it */
    if (child->pidfd >= 0) close(child->pidfd);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
    errno = error;
    return PLAIT_ERRNO;
}

plait_status plait__start_by_fork(const struct plait__start *start, struct plait__child *child) {
    bool alone = !plait__os_other_threads();
    if (!alone && !start->force)
        return plait__start_fails(PLAIT_INVALID,
                                  "several threads run: a fork of them may hang; use another method");
    struct plait__job job;
    int ends[2], line = plait__setup_keep_lifeline(get_lifeline);
    plait__describe_job(&job, start);
    if (line < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return plait__start_fails(PLAIT_ERRNO, "no other process can be started");
    int nursery = plait__setup_nursery();
    /* What stdio holds would be written by both. (Beside other threads that might wait for one in the middle of a read.) */
    if (alone) fflush(NULL);
    *child = (struct plait__child){fork(), -1, ends[0], true};
    if (child->pid == 0) {
        close(ends[0]);
        plait__child_forked(ends[1], nursery, line, start, &job);
    }
    int error = errno;
    close(ends[1]);
    if (nursery >= 0) close(nursery);
    errno = error;
    if (child->pid < 0) close(ends[0]);
    if (child->pid > 0 && let_go_on(child) == PLAIT_OK) return PLAIT_OK;
    return plait__start_fails(errno == ENOMEM ? PLAIT_NO_MEMORY : PLAIT_ERRNO,
                              "no other process can be started");
}

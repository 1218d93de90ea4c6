/* os_process.c - processes, by way of Linux's own calls: children that nobody else sees, descriptors of processes. */
#include <base/os_process.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* No flags, no stack, and, in the lowest byte of the flags, no signal: that is what hides it. (All arguments are 0, so
 * their order, which differs between machines, does not matter.) */
pid_t plait__os_fork_hidden(void) {
    return (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
}

void plait__os_reap_hidden(pid_t pid) {
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

int plait__os_process_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int plait__os_process_signal(int process, int number) {
    return (int)syscall(SYS_pidfd_send_signal, process, number, NULL, 0);
}

bool plait__os_die_with_parent(pid_t parent) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

/* Who gets a signal when something happens to a file is a matter of the open file, which a fork shares; opened anew it is
 * the caller's own, and stays open. Which signal that is, too: this one need not be caught. */
bool plait__os_die_with_writer(int pipe) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", pipe);
    int own = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    close(pipe);
    if (own < 0 || fcntl(own, F_SETOWN, getpid()) != 0 || fcntl(own, F_SETSIG, SIGKILL) != 0) return false;
    if (fcntl(own, F_SETFL, O_NONBLOCK | O_ASYNC) != 0) return false;
    char byte;
    return read(own, &byte, 1) < 0 && errno == EAGAIN;
}

void plait__os_close_from(int first) {
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0) return;
    long limit = sysconf(_SC_OPEN_MAX); /* a kernel before 5.9 */
    for (int i = first; i < limit; i++) close(i);
}

bool plait__os_at_exit(void (*function)(int status, void *unused)) {
    return on_exit(function, NULL) == 0;
}

/* apart.c - one run in a process of its own; see apart.h. */
#include "apart.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void child(const struct bench_shape *shape, const struct bench_contestant *contestant,
                            int out) {
    double figures[BENCH_FIGURES] = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever stops the benchmark stops this too */
    shape->run(contestant->what, shape->detail, figures);
    _exit(write(out, figures, sizeof figures) == sizeof figures ? 0 : 1);
}

/* What the run has left (a server of processes, which ends with the program that it served) comes to this process, and its
 * time counts as the benchmark's, not as that of other programs. */
static void wait_for_the_rest(void) {
    while (waitpid(-1, NULL, __WALL) > 0) {}
}

void apart_run(const struct bench_shape *shape, const struct bench_contestant *contestant, double *figures) {
    int ends[2];
    int status = 0;
    const ssize_t size = sizeof(double[BENCH_FIGURES]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe(ends)) bench_fail("no pipe to be had");
    fflush(stdout); /* or the child might write it once more */
    pid_t pid = fork();
    if (pid < 0) bench_fail("no process to be had");
    if (pid == 0) child(shape, contestant, ends[1]);
    close(ends[1]);
    ssize_t got = read(ends[0], figures, (size_t)size);
    close(ends[0]);
    waitpid(pid, &status, 0);
    wait_for_the_rest();
    if (got != size || status) bench_fail("a run in a process of its own failed");
}

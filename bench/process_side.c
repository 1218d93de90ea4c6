/* process_side.c - functions in processes of their own; see process_side.h. */
#include "process_side.h"

#include "support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void *side_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) bench_fail("no memory to share");
    return memory;
}

pthread_barrier_t *side_barrier(int count) {
    pthread_barrier_t *barrier = side_memory(sizeof *barrier);
    pthread_barrierattr_t shared;
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    if (pthread_barrier_init(barrier, &shared, (unsigned)count)) bench_fail("no barrier to be had");
    return barrier;
}

static void *run_thread(void *argument) {
    const struct side *side = argument;
    side->function(side->context);
    return NULL;
}

void side_start(struct side *side, bool is_thread, void (*function)(void *), void *context) {
    *side = (struct side){.function = function, .context = context, .is_thread = is_thread};
    if (is_thread) {
        if (pthread_create(&side->thread, NULL, run_thread, side)) bench_fail("no thread to be had");
        return;
    }
    pid_t pid = fork();
    if (pid < 0) bench_fail("no process to be had");
    if (pid > 0) {
        side->pid = pid; /* the side may lie in shared memory */
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever stops the benchmark stops this too */
    function(context);
    _exit(0);
}

void side_join(struct side *side) {
    int status = 0;
    if (side->is_thread) {
        pthread_join(side->thread, NULL);
    } else if (waitpid(side->pid, &status, 0) != side->pid || status) {
        bench_fail("a process of a run failed");
    }
}

/* alive.c - the name of a process: 22 bits of process id (Linux's limit) and 32 of the tick at which it
 * started.
 *
 * /proc/PID/stat: "PID (NAME) STATE ...", in which the 20th word is the number of threads and the 22nd the
 * start, in hundredths of a second since boot. The name may hold anything, also brackets and spaces, so words
 * are counted from its last bracket. A main thread that has left while others go on looks like a zombie, but
 * has threads.
 *
 * /proc may be missing, or hide other users' processes. Then the process id is all there is to go by: whom a signal
 * could reach lives.
 */
#include <base/atomic.h>
#include <errno.h>
#include <fcntl.h>
#include <shared/alive.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wait/self.h>

enum { PID_BITS = 22, THREADS = 20, STARTED = 22 };

struct facts {
    char state;
    long threads;
    uint64_t started;
};

/* The n-th word of the line, as it is counted in proc(5); the state is the third. */
static const char *word(const char *state, int n) {
    for (; n > 3 && state; n--) {
        state = strchr(state, ' ');
        if (state) state++;
    }
    return state;
}

/* 0, or why not. */
static int read_facts(uint32_t pid, struct facts *facts) {
    char path[32], line[1024];
    (void)snprintf(path, sizeof path, "/proc/%u/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    ssize_t length = read(file, line, sizeof line - 1);
    int failed = length < 0 ? errno : 0;
    close(file);
    if (failed) return failed;
    line[length] = 0;
    const char *state = strrchr(line, ')');
    if (!state || !state[1]) return EIO;
    state += 2;
    const char *threads = word(state, THREADS), *started = word(state, STARTED);
    if (!threads || !started) return EIO;
    *facts = (struct facts){*state, strtol(threads, NULL, 10), strtoull(started, NULL, 10)};
    return 0;
}

static uint64_t name_of(uint32_t pid, uint64_t started) {
    return (uint64_t)(uint32_t)started << PID_BITS | pid;
}

uint64_t plait__process_self(void) {
    static uint64_t self;        /* atomic; the same whoever stores it */
    static uint32_t self_forked; /* atomic: under which generation, and one more */
    (void)plait__self();         /* so that forks are counted */
    uint32_t generation = plait__generation() + 1;
    if (plait__likely(plait__load_acquire(&self_forked) == generation)) return plait__load(&self);
    struct facts facts = {0};
    int kept = errno;
    uint32_t pid = (uint32_t)getpid();
    if (read_facts(pid, &facts)) facts.started = 0; /* no /proc: as others will find */
    errno = kept;
    plait__store(&self, name_of(pid, facts.started));
    plait__store_release(&self_forked, generation);
    return plait__load(&self);
}

static bool can_be_signalled(uint32_t pid) {
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

/* A name without a start is that of one who had no /proc. */
bool plait__process_alive(uint64_t process) {
    uint32_t pid = (uint32_t)(process & ((UINT64_C(1) << PID_BITS) - 1));
    struct facts facts = {0};
    int kept = errno;
    int failed = read_facts(pid, &facts);
    bool hidden = failed && ((failed != ENOENT && failed != ESRCH) || can_be_signalled(pid));
    errno = kept;
    if (failed) return hidden;
    if ((facts.state == 'Z' || facts.state == 'X') && facts.threads <= 1) return false;
    return process == pid || name_of(pid, facts.started) == process;
}

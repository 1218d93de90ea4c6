/* os_linux.c - what Linux gives beyond POSIX: thread ids and names, eventfd, affinity. */
#define PLAIT__OS_ITSELF 1
#include <base/atomic.h>
#include <base/os.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t plait__os_native_id(void) {
    return (uint32_t)syscall(SYS_gettid);
}

void plait__os_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0); /* cuts to 15 bytes itself */
}

int plait__os_bell_new(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void plait__os_bell_ring(int bell) {
    uint64_t one = 1;
    int kept = errno; /* may run in a signal handler */
    while (write(bell, &one, sizeof one) < 0 && errno == EINTR) {}
    errno = kept;
}

void plait__os_bell_drain(int bell) {
    uint64_t count;
    int kept = errno;
    while (read(bell, &count, sizeof count) < 0 && errno == EINTR) {}
    errno = kept;
}

#if !defined(PLAIT_CHECKED)
bool plait__os_orders_all;

/* Registered before there are threads, which costs a microsecond; later it would be milliseconds. The child
 * of a fork inherits it. */
__attribute__((constructor)) static void register_ordering(void) {
    plait__os_orders_all = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* Memory may be short for a moment. Any other refusal comes from a filter that was put up after the start
 * (seccomp): others rely on the order by now, so it cannot be done without. */
void plait__os_order_all(void) {
    static const char words[] =
        "plait: membarrier(2), which was there when the program began, is refused now\n";
    if (!plait__os_orders_all) return;
    int kept = errno;
    while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
        if (errno != ENOMEM) {
            (void)!write(STDERR_FILENO, words, sizeof words - 1);
            abort();
        }
        sched_yield();
    }
    errno = kept;
}
#endif

/* The main thread's mask stands for the process: a thread that pins itself to one CPU leaves the others to
 * the rest. */
int plait__os_cpus_allowed(void) {
    cpu_set_t mask;
    if (sched_getaffinity(getpid(), sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than cpu_set_t can hold */
    return online > 0 && online < INT_MAX ? (int)online : 1;
}

#if PLAIT__TICKS_OF_CPU
/* The same moment on the clock and in ticks: of a few readings the one that took least, for the thread may
 * lose its CPU in the middle of one. */
struct moment {
    int64_t clock;
    uint64_t ticks;
};

static struct moment read_both(void) {
    struct moment best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 4; i++) {
        uint64_t before = plait__os_ticks();
        int64_t clock = plait__os_clock();
        uint64_t took = plait__os_ticks() - before;
        if (took >= least) continue;
        least = took;
        best = (struct moment){clock, before + took / 2};
    }
    return best;
}

/* Measured once against the clock, for 50 microseconds. */
uint64_t plait__os_ticks_per_us(void) {
    static uint64_t rate;
    uint64_t known = plait__load(&rate);
    if (known) return known;
    struct moment start = read_both();
    while (plait__os_clock() - start.clock < 50000) plait__os_pause();
    struct moment end = read_both();
    known = (end.ticks - start.ticks) * 1000 / (uint64_t)(end.clock - start.clock);
    if (!known) known = 1;
    plait__store(&rate, known);
    return known;
}
#else
uint64_t plait__os_ticks_per_us(void) {
    return 1000;
}
#endif

/* os_linux.c - what Linux gives beyond POSIX: thread ids and names, eventfd, affinity, cgroup quotas. */
#include <base/atomic.h>
#include <base/os.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
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

int plait__os_cpus_allowed(void) {
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than cpu_set_t can hold */
    return online > 0 && online < INT_MAX ? (int)online : 1;
}

static int whole_cpus(long quota, long period) {
    if (quota <= 0 || period <= 0) return INT_MAX;
    long cpus = quota / period + (quota % period != 0);
    return cpus < INT_MAX ? (int)cpus : INT_MAX;
}

/* "max 100000" or "150000 100000" */
static int quota_of_group(const char *directory) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/cpu.max", directory);
    FILE *file = fopen(path, "re");
    if (!file) return INT_MAX;
    long quota = 0, period = 0;
    int read = fscanf(file, "%ld %ld", &quota, &period);
    fclose(file);
    return read == 2 ? whole_cpus(quota, period) : INT_MAX;
}

/* Cgroup v1: one number a file. */
static long number_in(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    long number = -1;
    if (fscanf(file, "%ld", &number) != 1) number = -1;
    fclose(file);
    return number;
}

/* Where this process stands in the v2 hierarchy, "" if it cannot be told. */
static void own_group(char *group, size_t size) {
    group[0] = '\0';
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return;
    char line[PATH_MAX];
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(group, size, "%s", line + 3);
    }
    fclose(file);
}

int plait__os_cpus_quota(void) {
    static const char root[] = "/sys/fs/cgroup";
    int v1 = whole_cpus(number_in("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                        number_in("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
    char group[PATH_MAX];
    own_group(group, sizeof group);
    char directory[PATH_MAX + sizeof root];
    snprintf(directory, sizeof directory, "%s%s", root, group);
    int least = v1;
    /* Each group up to the root may have a quota; the least one counts. */
    while (strlen(directory) >= sizeof root - 1) {
        int quota = quota_of_group(directory);
        if (quota < least) least = quota;
        char *slash = strrchr(directory, '/');
        if (!slash) break;
        *slash = '\0';
    }
    return least;
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

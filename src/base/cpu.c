/* cpu.c - how many CPUs there are for us. */
#include <base/atomic.h>
#include <base/os.h>
#include <errno.h>
#include <plait/cpu.h>

int plait_cpu_count(void) {
    static int cached;
    int count = plait__load(&cached);
    if (count) return count;
    int kept = errno; /* the first contended lock may come here: it should not show */
    int allowed = plait__os_cpus_allowed();
    int quota = plait__os_cpus_quota();
    count = allowed < quota ? allowed : quota;
    errno = kept;
    if (count < 1) count = 1;
    plait__store(&cached, count); /* whoever comes second stores the same */
    return count;
}

/* cpu.c - how many CPUs there are for us. */
#include <base/atomic.h>
#include <base/os.h>
#include <errno.h>
#include <plait/cpu.h>

#if defined(PLAIT_CHECKED)
#include <plait/check.h>
#define IN_A_CHECK plait__checking
#else
#define IN_A_CHECK 0
#endif

int plait_cpu_count(void) {
    static int cached;
    if (IN_A_CHECK) return 2; /* so that what happens does not depend on the machine */
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

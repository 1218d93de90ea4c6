/* plait/cpu.h - how many CPUs this process may really use.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) { return plait_cpu_count() >= 1 ? 0 : 1; }
 */
#ifndef PLAIT_CPU_H
#define PLAIT_CPU_H

#include <plait/api.h>

PLAIT_BEGIN

/* The CPUs that this process may use: those of its main thread's affinity mask, or fewer if a cgroup
 * quota allows less (1.5 CPUs count as 2). At least 1. Read once, at the first call. Never blocks on another
 * thread. Python: os.process_cpu_count, which does not look at the quota. */
PLAIT_API int plait_cpu_count(void);

PLAIT_END

#endif

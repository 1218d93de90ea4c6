/* The CPUs that are really available: at least one, and never more than the process may run on. */
#include "support/test.h"

#include <plait/cpu.h>

#include <errno.h>
#include <sched.h>

TEST(there_is_a_cpu) {
    ck_assert_int_ge(plait_cpu_count(), 1);
    ck_assert_int_eq(plait_cpu_count(), plait_cpu_count());
}

TEST(affinity_is_respected) {
    cpu_set_t allowed;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    ck_assert_int_le(plait_cpu_count(), CPU_COUNT(&allowed));
}

TEST(pinned_to_one_cpu_there_is_one) {
    cpu_set_t allowed, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
    }
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_int_eq(plait_cpu_count(), 1);
}

/* It looks into files that need not be there; the first contended lock may be what asks. */
TEST(asking_leaves_errno_alone) {
    errno = EDOM;
    (void)plait_cpu_count();
    ck_assert_int_eq(errno, EDOM);
}

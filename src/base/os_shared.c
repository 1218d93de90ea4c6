/* os_shared.c - sleeping on a word that several processes share, by Linux's futex, whatever the back end is.
 *
 * Shared futexes are keyed by the memory behind the address, not by the address, so each process may have it mapped
 * elsewhere. futex_waitv (Linux 5.16) compares several words and queues the thread for all of them before it sleeps.
 */
#define PLAIT__OS_ITSELF 1
#include <base/atomic.h>
#include <base/os.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec *time_of(int64_t until, struct timespec *at) {
    if (until == INT64_MAX) return NULL;
    if (until < 0) until = 0;
    at->tv_sec = (time_t)(until / 1000000000);
    at->tv_nsec = (long)(until % 1000000000);
    return at;
}

/* What a failed sleep means; errno as it was before. */
static enum plait__slept why(int kept) {
    int reason = errno;
    errno = kept;
    if (reason == ETIMEDOUT) return PLAIT__EXPIRED;
    return reason == EINTR ? PLAIT__SIGNALLED : PLAIT__WOKEN;
}

/* The BITSET form is the one that takes an absolute, monotonic time. */
static enum plait__slept sleep_on_shared(uint32_t *shared, uint32_t expected, int64_t until) {
    struct timespec at;
    int kept = errno;
    long failed = syscall(SYS_futex, shared, FUTEX_WAIT_BITSET, expected, time_of(until, &at), NULL,
                          FUTEX_BITSET_MATCH_ANY);
    return failed ? why(kept) : PLAIT__WOKEN;
}

#if defined(SYS_futex_waitv) && defined(FUTEX_32) && !defined(PLAIT_WAIT_PTHREAD)
static uint32_t waitv_missing; /* the kernel does not know it, or a sandbox refuses it */

bool plait__os_hears_both(void) {
    return !plait__load(&waitv_missing);
}

enum plait__slept plait__os_sleep_shared(uint32_t *own, uint32_t own_expected, uint32_t *shared,
                                         uint32_t expected, int64_t until) {
    struct timespec at;
    struct futex_waitv both[2] = {
        {.val = own_expected, .uaddr = (uintptr_t)own, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG},
        {.val = expected, .uaddr = (uintptr_t)shared, .flags = FUTEX_32},
    };
    if (!plait__os_hears_both()) return sleep_on_shared(shared, expected, until);
    int kept = errno;
    if (syscall(SYS_futex_waitv, both, 2, 0, time_of(until, &at), CLOCK_MONOTONIC) >= 0) return PLAIT__WOKEN;
    if (errno == ENOSYS || errno == EPERM) plait__store(&waitv_missing, 1);
    return why(kept);
}
#else
bool plait__os_hears_both(void) {
    return false;
}

enum plait__slept plait__os_sleep_shared(uint32_t *own, uint32_t own_expected, uint32_t *shared,
                                         uint32_t expected, int64_t until) {
    (void)own, (void)own_expected;
    return sleep_on_shared(shared, expected, until);
}
#endif

void plait__os_wake_shared(uint32_t *shared, int count) {
    int kept = errno;
    syscall(SYS_futex, shared, FUTEX_WAKE, count, NULL, NULL, 0);
    errno = kept;
}

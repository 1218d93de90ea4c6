/* os_sleep_futex.c - sleeping on a word by Linux's futex.
 *
 * The kernel compares the word and queues the thread under one lock, which is what makes the comparison
 * and the falling asleep one step. Private futexes are keyed by address alone: waking an address that was
 * unmapped or reused since is harmless, at worst a stray wake, and every wait of plait tolerates those.
 */
#define PLAIT__OS_ITSELF 1
#include <base/os.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum plait__slept plait__os_sleep(uint32_t *word, uint32_t expected, int64_t until) {
    struct timespec at, *deadline = NULL;
    if (until != INT64_MAX) {
        if (until < 0) until = 0;
        at.tv_sec = (time_t)(until / 1000000000);
        at.tv_nsec = (long)(until % 1000000000);
        deadline = &at;
    }
    int kept = errno;
    /* The BITSET form is the one that takes an absolute, monotonic time. */
    long failed = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline, NULL,
                          FUTEX_BITSET_MATCH_ANY);
    if (!failed) return PLAIT__WOKEN;
    int reason = errno;
    errno = kept;
    if (reason == ETIMEDOUT) return PLAIT__EXPIRED;
    return reason == EINTR ? PLAIT__SIGNALLED : PLAIT__WOKEN;
}

void plait__os_wake(uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* The kernel returns EINTR, or compares again when it restarts the call (SA_RESTART). */
bool plait__os_signals_end_sleep(void) {
    return true;
}

void plait__os_sleep_after_fork(void) {} /* the kernel keeps no sleepers for the child */

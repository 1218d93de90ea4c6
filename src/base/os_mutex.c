/* os_mutex.c - the C library's robust mutex in shared memory (os_mutex.h).
 *
 * Zero is ready, though the C library does not promise it: a fresh mutex of this kind is zeros but for a word that says its
 * kind, and that word no operation changes (glibc, musl). So whoever comes first writes the words that are not zero into
 * its place, each in one store, and it does no harm if several do so at a time, or one is killed halfway. tests/base
 * looks whether it is so.
 */
#include <base/atomic.h>
#include <base/os.h>
#include <base/os_mutex.h>
#include <time.h>

enum { WORDS = sizeof(pthread_mutex_t) / sizeof(uint32_t) };

_Static_assert(sizeof(pthread_mutex_t) <= PLAIT__OS_MUTEX_SIZE, "a mutex fits into its room");

int plait__os_mutex_make(void *room) {
    union {
        pthread_mutex_t mutex;
        uint32_t words[WORDS];
    } fresh = {.words = {0}};
    pthread_mutexattr_t kind;
    int failed = pthread_mutexattr_init(&kind);
    if (!failed) failed = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    if (!failed) failed = pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    if (!failed) failed = pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    if (!failed) failed = pthread_mutex_init(&fresh.mutex, &kind);
    if (failed) return failed;
    uint32_t *words = room;
    for (int i = 0; i < WORDS; i++)
        if (fresh.words[i]) plait__store(&words[i], fresh.words[i]);
    return 0;
}

int plait__os_mutex_mend(void *mutex) {
    return pthread_mutex_consistent(mutex) == 0 ? EOWNERDEAD : EINVAL;
}

/* The checker and the thread sanitizer (that of GCC 12) do not know the call that waits on the monotonic clock: for them
 * the mutex is looked at every millisecond. */
#if defined(PLAIT_CHECKED) || defined(__SANITIZE_THREAD__)
#define PLAIT__LOOKS 1
#elif defined(__has_feature)
#define PLAIT__LOOKS __has_feature(thread_sanitizer)
#else
#define PLAIT__LOOKS 0
#endif

#if PLAIT__LOOKS
int plait__os_mutex_take(void *mutex, int64_t until) {
    int result;
    while ((result = plait__os_mutex_take_now(mutex)) == EBUSY) {
        int64_t now = plait__os_clock(), next = now + 1000000;
        if (now >= until) return ETIMEDOUT;
        uint32_t word = 0;
        (void)plait__os_sleep(&word, 0, next < until ? next : until);
    }
    return result;
}
#else
int plait__os_mutex_take(void *mutex, int64_t until) {
    struct timespec at = {.tv_sec = until > 0 ? (time_t)(until / 1000000000) : 0,
                          .tv_nsec = until > 0 ? (long)(until % 1000000000) : 0};
    int result = until == INT64_MAX ? pthread_mutex_lock(mutex)
                                    : pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &at);
    return result == EOWNERDEAD ? plait__os_mutex_mend(mutex) : result;
}
#endif

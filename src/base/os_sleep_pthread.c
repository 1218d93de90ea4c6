/* os_sleep_pthread.c - sleeping on a word with nothing but a mutex and a condition.
 *
 * The word's address picks a spot: a mutex and a condition. A sleeper compares its word under the spot's
 * mutex; a waker, who has changed the word before, passes through that mutex before it signals. So either
 * the sleeper sees the change, or it is already waiting on the condition when the signal comes: no wake
 * is lost. Spots are static, so that a waker never touches memory of a thread that may be gone by then;
 * words that share a spot share its wakes, which every wait of plait tolerates as stray ones.
 * Not safe in signal handlers, and not woken by signals: plait/host.h says what that means.
 */
#include <base/atomic.h>
#define PLAIT__OS_ITSELF 1
#include <base/os.h>
#include <errno.h>
#include <time.h>

enum { SPOTS = 512 };

static struct spot {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} spots[SPOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_spots(void) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (int i = 0; i < SPOTS; i++) {
        pthread_mutex_init(&spots[i].mutex, NULL);
        pthread_cond_init(&spots[i].changed, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
}

static struct spot *spot_of(const uint32_t *word) {
    pthread_once(&once, make_spots);
    uint64_t hash = (uint64_t)(uintptr_t)word * UINT64_C(0x9e3779b97f4a7c15);
    return &spots[hash >> 55];
}

enum plait__slept plait__os_sleep(uint32_t *word, uint32_t expected, int64_t until) {
    struct spot *spot = spot_of(word);
    struct timespec at = {0};
    if (until > 0) {
        at.tv_sec = (time_t)(until / 1000000000);
        at.tv_nsec = (long)(until % 1000000000);
    }
    int failed = 0;
    pthread_mutex_lock(&spot->mutex);
    if (plait__load_acquire(word) == expected) {
        failed = until == INT64_MAX ? pthread_cond_wait(&spot->changed, &spot->mutex)
                                    : pthread_cond_timedwait(&spot->changed, &spot->mutex, &at);
    }
    pthread_mutex_unlock(&spot->mutex);
    return failed == ETIMEDOUT ? PLAIT__EXPIRED : PLAIT__WOKEN;
}

void plait__os_wake(uint32_t *word, int count) {
    (void)count; /* words may share the spot, so the right one is only sure to hear a broadcast */
    struct spot *spot = spot_of(word);
    pthread_mutex_lock(&spot->mutex);
    pthread_cond_broadcast(&spot->changed);
    pthread_mutex_unlock(&spot->mutex);
}

bool plait__os_signals_end_sleep(void) {
    return false;
}

void plait__os_sleep_after_fork(void) {
    pthread_once(&once, make_spots);
    make_spots();
}

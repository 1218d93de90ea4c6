/* semaphore.c - the semaphore between processes, and the bounded one, which only adds a limit to its release.
 *
 * State (halves.h): low the permits, high how many wait.
 *   acquire   permits - 1 if there is one (acquire)
 *   wait      waiting + 1, then sleeps while there is no permit; takes one and waiting - 1 in one step; or, when the wait
 *             ended otherwise and there is none, waiting - 1
 *   release   permits + n (release); in the same step it learns how many wait, and wakes as many of them as permits came
 *
 * No wake-up is lost between those who live: who waits is counted before the comparison that lets him sleep, so a release that
 * comes before has changed what is compared, and one that comes after counts him. One that was woken and finds the permit
 * gone sleeps again: whoever took it was faster, and nothing is owed. One that gives up looks for a permit once more, so
 * it does not leave with a wake that another needs.
 * Killed: every step is one compare-and-swap. One that was killed waiting stays counted, which costs each later release that
 * finds nobody a needless system call, and one that was woken and killed leaves its permit there, for who
 * looks next (wait/shared.h).
 */
#include <plait/process_semaphore.h>
#include <shared/halves.h>
#include <sync/contention.h>
#include <wait/shared.h>

static bool is_none(const plait_process_semaphore *semaphore) {
    return plait__is_none(semaphore, _Alignof(plait_process_semaphore));
}

/* ---- acquire ---- */

/* Takes a permit; with it goes, if the caller was counted as waiting, that one. */
static bool take(plait_process_semaphore *semaphore, uint64_t counted) {
    uint64_t state = plait__load(&semaphore->state);
    while (plait__low(state))
        if (plait__cas_acquire(&semaphore->state, &state, state - 1 - counted)) return true;
    return false;
}

static plait_status acquire_slow(plait_process_semaphore *semaphore, plait_deadline deadline) {
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    plait_status status = PLAIT_OK;
    int64_t began = plait__contention_begin();
    plait__add(&semaphore->state, PLAIT__HIGH_ONE);
    bool taken = take(semaphore, PLAIT__HIGH_ONE);
    while (!taken && status == PLAIT_OK) {
        status = plait__wait_shared(plait__low_word(&semaphore->state), 0, "process semaphore", semaphore,
                                    deadline, true);
        taken = take(semaphore, PLAIT__HIGH_ONE);
    }
    if (!taken) plait__sub(&semaphore->state, PLAIT__HIGH_ONE);
    plait__contention_end(semaphore, began);
    return taken ? PLAIT_OK : status;
}

plait_status plait_process_semaphore_acquire_until(plait_process_semaphore *semaphore,
                                                   plait_deadline deadline) {
    if (plait__unlikely(is_none(semaphore))) return PLAIT_INVALID;
    return plait__likely(take(semaphore, 0)) ? PLAIT_OK : acquire_slow(semaphore, deadline);
}

plait_status plait_process_semaphore_acquire(plait_process_semaphore *semaphore) {
    return plait_process_semaphore_acquire_until(semaphore, PLAIT_FOREVER);
}

plait_status plait_process_semaphore_acquire_nowait(plait_process_semaphore *semaphore) {
    if (plait__unlikely(is_none(semaphore))) return PLAIT_INVALID;
    return take(semaphore, 0) ? PLAIT_OK : PLAIT_BUSY;
}

/* ---- release ---- */

static plait_status release(plait_process_semaphore *semaphore, long n, uint32_t limit) {
    if (n < 1) return PLAIT_INVALID;
    if ((unsigned long)n > limit) return PLAIT_OVERFLOW;
    uint64_t state = plait__load(&semaphore->state);
    uint32_t *word = plait__low_word(&semaphore->state);
    do {
        if (plait__low(state) > limit - (uint32_t)n) return PLAIT_OVERFLOW;
    } while (!plait__cas_release(&semaphore->state, &state, state + (uint64_t)n));
    if (plait__unlikely(plait__high(state))) plait__wake_shared(word, (int)n);
    return PLAIT_OK;
}

plait_status plait_process_semaphore_release(plait_process_semaphore *semaphore, long n) {
    return is_none(semaphore) ? PLAIT_INVALID : release(semaphore, n, PLAIT_SEMAPHORE_MAX);
}

plait_status plait_process_semaphore_init(plait_process_semaphore *semaphore, long value) {
    if (is_none(semaphore) || value < 0 || value > PLAIT_SEMAPHORE_MAX) return PLAIT_INVALID;
    *semaphore = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(value);
    return PLAIT_OK;
}

long plait_process_semaphore_value(const plait_process_semaphore *semaphore) {
    return is_none(semaphore) ? 0 : (long)plait__low(plait__load(&semaphore->state));
}

/* ---- bounded ---- */

plait_status plait_process_bounded_semaphore_init(plait_process_bounded_semaphore *semaphore, long value) {
    if (!semaphore || is_none(&semaphore->permits) || value < 0 || value > PLAIT_SEMAPHORE_MAX)
        return PLAIT_INVALID;
    *semaphore = (plait_process_bounded_semaphore)PLAIT_PROCESS_BOUNDED_SEMAPHORE_INIT(value);
    return PLAIT_OK;
}

plait_status plait_process_bounded_semaphore_acquire(plait_process_bounded_semaphore *semaphore) {
    return semaphore ? plait_process_semaphore_acquire(&semaphore->permits) : PLAIT_INVALID;
}

plait_status plait_process_bounded_semaphore_acquire_until(plait_process_bounded_semaphore *semaphore,
                                                           plait_deadline deadline) {
    return semaphore ? plait_process_semaphore_acquire_until(&semaphore->permits, deadline) : PLAIT_INVALID;
}

plait_status plait_process_bounded_semaphore_acquire_nowait(plait_process_bounded_semaphore *semaphore) {
    return semaphore ? plait_process_semaphore_acquire_nowait(&semaphore->permits) : PLAIT_INVALID;
}

plait_status plait_process_bounded_semaphore_release(plait_process_bounded_semaphore *semaphore, long n) {
    if (!semaphore || is_none(&semaphore->permits)) return PLAIT_INVALID;
    return release(&semaphore->permits, n, semaphore->limit);
}

long plait_process_bounded_semaphore_value(const plait_process_bounded_semaphore *semaphore) {
    return semaphore ? plait_process_semaphore_value(&semaphore->permits) : 0;
}

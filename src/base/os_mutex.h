/* os_mutex.h - the C library's robust mutex in memory that processes share: the kernel frees those of a thread that dies.
 *
 * So many bytes of zeros, aligned as a pointer, and then made, by anybody, any number of times. The results are 0 or errno's:
 * EOWNERDEAD (taken, and the one who had it died), EBUSY, ETIMEDOUT, EDEADLK (the caller has it), EPERM (he has not); what
 * the system cannot do else. Where a deadline lies in the clock's past, taking does not wait.
 */
#ifndef PLAIT__OS_MUTEX_H
#define PLAIT__OS_MUTEX_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

enum { PLAIT__OS_MUTEX_SIZE = 48 };

int plait__os_mutex_make(void *room);
/* * Waits until a point of the monotonic clock. */
int plait__os_mutex_take(void *mutex, int64_t until);
/* Whatever happened before, the mutex works again: who is told of a death must put right what the mutex guards. */
int plait__os_mutex_mend(void *mutex);

static inline int plait__os_mutex_take_now(void *mutex) {
    int result = pthread_mutex_trylock(mutex);
    return __builtin_expect(result == EOWNERDEAD, 0) ? plait__os_mutex_mend(mutex) : result;
}

static inline int plait__os_mutex_give(void *mutex) {
    return pthread_mutex_unlock(mutex);
}

#endif

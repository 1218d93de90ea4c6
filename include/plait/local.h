/* plait/local.h - a value of its own for every thread.
 *
 * A plait_local is one name for many values: each thread sees its own, and no other thread's. A thread's
 * value is made by the initialiser when it first asks, and destroyed when the thread ends, also in threads
 * that plait did not start. (The values of the thread that calls exit, and of those that still run then,
 * are left to the end of the process.)
 * Before a thread of plait's counts as ended, and so before a join returns, its values are destroyed, the
 * last made first. A destructor may use other plait_locals; values that it makes anew are destroyed too,
 * in up to four rounds.
 * A plait_local is usually static. Each uses a slot in every thread that touches it, for the life of the
 * program: make a few, not a few per object.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *
 *     static void *new_counter(void) { return calloc(1, sizeof(int)); }
 *     static plait_local counter = PLAIT_LOCAL_INIT(new_counter, free);
 *
 *     PLAIT_TASK(int, count_to, (int, n)) {
 *         for (int i = 0; i < n; i++) ++*(int *)plait_local_get(&counter);
 *         return *(int *)plait_local_get(&counter);
 *     }
 *
 *     int main(void) {
 *         int three = 0, five = 0;
 *         plait_thread *one = plait_start(count_to, 3), *other = plait_start(count_to, 5);
 *         plait_status status = plait_thread_result(one, &three);
 *         if (status == PLAIT_OK) status = plait_thread_result(other, &five);
 *         plait_thread_free(one);
 *         plait_thread_free(other);
 *         return status == PLAIT_OK && three == 3 && five == 5 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_LOCAL_H
#define PLAIT_LOCAL_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_local {
    void *(*make)(void);          /* the initialiser; NULL: values begin as NULL */
    void (*destroy)(void *value); /* not called for NULL; NULL: nothing to be done */
    uint32_t slot;                /* plait's business; 0 at first */
} plait_local;

/* Zero is ready, too: no initialiser and no destructor. */
#define PLAIT_LOCAL_INIT(make, destroy) \
    { (make), (destroy), 0 }

/* The calling thread's value, made by the initialiser if there is none yet. NULL when there is no
 * initialiser, when it returned NULL (it is then asked again the next time), or, with plait_last_error()
 * set to PLAIT_NO_MEMORY, when memory is out. The initialiser may use plait, this plait_local excepted. */
PLAIT_API void *plait_local_get(plait_local *local);

/* Replaces the calling thread's value; the one before is destroyed, unless it is the same. PLAIT_NO_MEMORY:
 * nothing was changed and the value is still the caller's. PLAIT_INVALID for NULL as local. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_local_set(plait_local *local, void *value);

PLAIT_END

#endif

/* A worker that looks at a flag and then waits, and a flag that is set without the lock: the wake-up may come in
 * between. Nothing here was written to be checked. */
#include <plait.h>

static plait_lock lock;
static plait_condition more;
static bool stop;

PLAIT_TASK(void, worker) {
    plait_lock_acquire(&lock);
    while (!stop)
        if (plait_condition_wait(&more, &lock) != PLAIT_OK) break;
    plait_lock_release(&lock);
}

int main(void) {
    plait_thread *thread = plait_start(worker);
    plait_lock_acquire(&lock);
    plait_lock_release(&lock);
    stop = true;
    plait_condition_notify_all(&more);
    plait_thread_join(thread);
    plait_thread_free(thread);
    return 0;
}

/* fork.c - what a fork does to this room: the child has one thread, which is its main thread.
 *
 * The room's mutexes are taken before the fork and given back on both sides after it, so that the child
 * finds the lists whole. They are never held while the user's code runs, so a fork never waits for that.
 * The child's other threads count as ended; timers, the service thread and the interrupt handler are gone
 * and begin anew when asked for.
 */
#include <pthread.h>
#include <thread/excepthook.h>
#include <thread/interrupt.h>
#include <thread/registry.h>
#include <thread/service.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    (void)plait__mutex_lock(plait__interrupt_mutex()); /* under which the service's may be taken */
    (void)plait__mutex_lock(plait__service_mutex());
    (void)plait__mutex_lock(plait__registry_mutex());
    (void)plait__mutex_lock(plait__excepthook_mutex());
}

static void give_back(void) {
    plait__mutex_unlock(plait__excepthook_mutex());
    plait__mutex_unlock(plait__registry_mutex());
    plait__mutex_unlock(plait__service_mutex());
    plait__mutex_unlock(plait__interrupt_mutex());
}

static void child(void) {
    plait__registry_after_fork();
    plait__exit_after_fork();
    plait__service_after_fork();
    plait__interrupt_after_fork();
    give_back();
}

static void process_begins(void) {
    (void)plait__self(); /* so that the wait core's handler runs before this room's in the child */
    (void)pthread_atfork(prepare, give_back, child);
}

void plait__thread_watch_forks(void) {
    pthread_once(&once, process_begins);
}

/* room.c - forks; see room.h. The service thread's handlers come first in the child, and have forgotten the job of the
 * watch and the bell. */
#include <dump/room.h>
#include <pthread.h>
#include <thread/registry.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    (void)plait__mutex_lock(plait__dump_signal_mutex());
    (void)plait__mutex_lock(plait__dump_watch_mutex());
}

static void give_back(void) {
    plait__mutex_unlock(plait__dump_watch_mutex());
    plait__mutex_unlock(plait__dump_signal_mutex());
}

static void child(void) {
    plait__dump_signal_after_fork();
    plait__dump_watch_after_fork();
    give_back();
}

static void process_begins(void) {
    plait__thread_watch_forks();
    (void)pthread_atfork(prepare, give_back, child);
}

void plait__dump_watch_forks(void) {
    pthread_once(&once, process_begins);
}

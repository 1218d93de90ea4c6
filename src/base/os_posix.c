/* os_posix.c - what any POSIX system gives: the clock, polling, starting a thread. */
#include <base/os.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

int64_t plait__os_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int plait__os_poll(struct pollfd *descriptors, nfds_t count, int64_t until) {
    if (until == INT64_MAX) return ppoll(descriptors, count, NULL, NULL);
    int64_t left = until > 0 ? until - plait__os_clock() : 0;
    if (left < 0) left = 0;
    struct timespec timeout = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
    return ppoll(descriptors, count, &timeout, NULL);
}

/* Every signal that is not the thread's own fault. */
static void block_asynchronous_signals(sigset_t *before) {
    sigset_t blocked;
    sigfillset(&blocked);
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++) sigdelset(&blocked, synchronous[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

int plait__os_thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg) {
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return failed;
    if (stack_size) failed = pthread_attr_setstacksize(&attributes, stack_size);
    if (!failed) {
        sigset_t before;
        block_asynchronous_signals(&before); /* the new thread inherits the mask */
        failed = pthread_create(thread, &attributes, body, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return failed;
}

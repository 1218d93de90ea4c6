/* os_posix.c - what any POSIX system gives: the clock, polling, starting a thread. */
#define PLAIT__OS_ITSELF 1
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

void plait__os_thread_signals(sigset_t *blocked) {
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigfillset(blocked);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++) sigdelset(blocked, synchronous[i]);
}

/* Starts a thread that has these signals blocked from its first instruction. */
static int create(pthread_t *thread, pthread_attr_t *attributes, const sigset_t *blocked,
                  void *(*body)(void *), void *arg) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    int failed = pthread_attr_setsigmask_np(attributes, blocked);
    return failed ? failed : pthread_create(thread, attributes, body, arg);
#else
    sigset_t before; /* the new thread inherits the mask */
    pthread_sigmask(SIG_BLOCK, blocked, &before);
    int failed = pthread_create(thread, attributes, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
#endif
}

int plait__os_thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg) {
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return failed;
    sigset_t blocked;
    plait__os_thread_signals(&blocked);
    if (stack_size) failed = pthread_attr_setstacksize(&attributes, stack_size);
    if (!failed) failed = create(thread, &attributes, &blocked, body, arg);
    pthread_attr_destroy(&attributes);
    return failed;
}

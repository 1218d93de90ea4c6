/* os.h - everything plait asks of the operating system, in one list.
 *
 * The files os_*.c are the only ones with platform #ifdefs. How a thread sleeps has two back ends, chosen
 * when building: futex (os_sleep_futex.c) and mutex plus condition (os_sleep_pthread.c). The checked
 * build replaces the functions marked with a star (see hooks.h).
 */
#ifndef PLAIT__OS_H
#define PLAIT__OS_H

/* In the checked build the system's own functions stand beside those that replace them (check/os_checked.c). */
#if defined(PLAIT_CHECKED) && defined(PLAIT__OS_ITSELF)
#define plait__os_clock plait__real_clock
#define plait__os_sleep plait__real_sleep
#define plait__os_wake plait__real_wake
#define plait__os_sleep_shared plait__real_sleep_shared
#define plait__os_wake_shared plait__real_wake_shared
#define plait__os_poll plait__real_poll
#define plait__os_bell_ring plait__real_bell_ring
#define plait__os_thread_start plait__real_thread_start
#endif

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* * Nanoseconds of the monotonic clock. */
int64_t plait__os_clock(void);

/* A counter that advances at a steady rate and is cheaper to read than the clock, and its rate. In the
 * checked build it is the clock, which the scheduler decides. */
static inline uint64_t plait__os_ticks(void);
uint64_t plait__os_ticks_per_us(void);
/* Tells the CPU that this is a spin loop. */
static inline void plait__os_pause(void);

enum plait__slept { PLAIT__WOKEN, PLAIT__EXPIRED, PLAIT__SIGNALLED };

/* * Sleeps while *word == expected, until plait__os_wake(word), a signal, or the clock reaches `until`
 * (INT64_MAX: never). May also return PLAIT__WOKEN for no reason. The comparison and falling asleep are
 * one step for any wake that follows a change of *word. Leaves errno alone. */
enum plait__slept plait__os_sleep(uint32_t *word, uint32_t expected, int64_t until);
/* * Wakes at most `count` threads that sleep on the word. The word is not read and need no longer exist. */
void plait__os_wake(uint32_t *word, int count);
/* Whether a signal handler on the sleeping thread makes plait__os_sleep compare the word anew. Where it
 * does not, a handler must not change the word: nobody would see it. */
bool plait__os_signals_end_sleep(void);
/* In the child of a fork, with one thread: forgets who slept. */
void plait__os_sleep_after_fork(void);

/* * The same on two words at once, of which `shared` lies in memory of several processes: sleeps while *own ==
 * own_expected and *shared == expected. Whoever changes one of them wakes it, `own` by plait__os_wake. */
enum plait__slept plait__os_sleep_shared(uint32_t *own, uint32_t own_expected, uint32_t *shared,
                                         uint32_t expected, int64_t until);
/* * Wakes at most `count` threads of any process that sleep on the shared word, which need not be mapped any more. */
void plait__os_wake_shared(uint32_t *shared, int count);
/* Whether it can sleep on both. Where it cannot, it sleeps on `shared` alone, and whoever wakes `own` wakes that too. */
bool plait__os_hears_both(void);

/* * poll(2) until a point of the clock: the number of ready descriptors, 0 when time is over, or -1 with
 * errno. */
int plait__os_poll(struct pollfd *descriptors, nfds_t count, int64_t until);
/* A descriptor that becomes readable when signalled, and stays so until drained; -1 with errno. Signal
 * is safe in signal handlers. */
int plait__os_bell_new(void);
/* * This one too. */
void plait__os_bell_ring(int bell);
void plait__os_bell_drain(int bell);

/* The kernel's id of the calling thread. */
uint32_t plait__os_native_id(void);
/* Names the calling thread for debuggers and ps; cut to what the system can show (15 bytes). */
void plait__os_name_thread(const char *name);
/* * Starts a thread that runs body(arg); stack_size 0 means the default. It begins with the asynchronous
 * signals blocked, so that they reach the application's own threads. 0 or an errno value. */
int plait__os_thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg);

/* How many threads the process has, whoever started them; -1 when it cannot be told. Does not allocate. */
int plait__os_thread_count(void);
/* Whether it has, or may have, others than the calling one; a sanitizer's own is not one. */
bool plait__os_other_threads(void);

/* Every signal that is not the thread's own fault: what a new thread has blocked. */
void plait__os_thread_signals(sigset_t *blocked);

/* Whether this process has only one thread, as the C library knows at no cost: a lock then needs no atomic
 * operation. False when it cannot be told, and in the checked build. */
static inline bool plait__os_alone(void);

/* * Makes every running thread of the process pass a full memory barrier, where the kernel can do that;
 * whether it can is known before main. For order.h. */
void plait__os_order_all(void);
extern bool plait__os_orders_all __attribute__((visibility("hidden")));

/* * The same for the running threads of all processes that use plait. One that was refused it by a filter put up later
 * (seccomp) goes on without: the net under sleeps on shared memory (wait/shared.h) catches what is missed then. */
void plait__os_order_processes(void);
extern bool plait__os_orders_processes __attribute__((visibility("hidden")));

/* Where the kernel looks, when the calling thread ends, for the lock that it was about to take or give back, and what it
 * adds to what it finds there to come to the lock's word (see shared/robust.h). False, with errno: it does not. */
bool plait__os_robust_place(void ***pending, ptrdiff_t *offset);

/* CPUs in the affinity mask, and CPUs that the cgroup's quota allows (rounded up; INT_MAX: no limit). */
int plait__os_cpus_allowed(void);
int plait__os_cpus_quota(void);
/* The same for a hierarchy mounted at `root`, with the file that tells where the process stands in it. */
int plait__os_cpus_quota_in(const char *root, const char *membership);

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32) && !defined(PLAIT_CHECKED)
#include <sys/single_threaded.h>
static inline bool plait__os_alone(void) {
    return __libc_single_threaded;
}
#else
static inline bool plait__os_alone(void) {
    return false;
}
#endif

#if defined(__x86_64__) || defined(__i386__)
#define PLAIT__X86 1
#else
#define PLAIT__X86 0
#endif

#if PLAIT__X86 && !defined(PLAIT_CHECKED)
#define PLAIT__TICKS_OF_CPU 1
static inline uint64_t plait__os_ticks(void) {
    return __builtin_ia32_rdtsc();
}
#else
#define PLAIT__TICKS_OF_CPU 0
static inline uint64_t plait__os_ticks(void) {
    return (uint64_t)plait__os_clock();
}
#endif

static inline void plait__os_pause(void) {
#if PLAIT__X86
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

#endif

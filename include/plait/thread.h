/* plait/thread.h - threads: run a function beside the others, and take its result.
 *
 * A thread runs a task (plait/task.h) with typed arguments, or any `void *(*)(void *)`. The handle that
 * starting it returns is one of perhaps several: whoever has one may join the thread, any number of times,
 * and asks for its result or for why it failed; both are kept until the last handle is freed. Freeing a
 * handle means "I let go": the thread goes on.
 *
 * How a thread ends: by returning; by plait_raise and returning (its status is then what was raised); by
 * pthread_exit, which counts as PLAIT_FAILED; by exit, which ends the program: see plait_shutdown. Its
 * values of plait_local are destroyed before it counts as ended; what other pthread keys and C++
 * thread_local variables hold may be destroyed a moment after. A C++ exception that leaves a task is its
 * failure if the task is C++, and std::terminate if it is not. Jumping out with longjmp is undefined.
 * A thread inherits its starter's current cancel token (plait/cancel.h), no shield, and no signals: the
 * asynchronous ones are blocked, so that they reach the threads that the program set apart for them.
 * After a fork the other threads are gone in the child: joining one gives PLAIT_OK at once, its result
 * PLAIT_BROKEN.
 *
 * A sleeping thread takes some 9 KiB of memory (x86-64 Linux, glibc; the touched pages of its stack, and what
 * the kernel keeps of it not counted), so ten thousand of them are no burden.
 *
 * Leaving the program: returning from main, or exit, waits for all threads that are not daemons, and says
 * on standard error who keeps it when that takes more than two seconds. Daemon threads are left as they
 * are.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdint.h>
 *
 *     PLAIT_TASK(long, sum, (long, from), (long, to)) {
 *         long total = 0;
 *         for (long i = from; i < to; i++) total += i;
 *         return total;
 *     }
 *
 *     static void *twice(void *number) { return (void *)(2 * (intptr_t)number); }
 *
 *     int main(void) {
 *         long half = 0, rest = 0;
 *         plait_thread *one = plait_start(sum, 0, 500);
 *         plait_thread *other = plait_start_with((&(plait_thread_options){.name = "rest"}), sum, 500, 1000);
 *         if (plait_thread_result(one, &half) || plait_thread_result(other, &rest)) return 1;
 *         plait_thread_free(one);
 *         plait_thread_free(other);
 *
 *         void *result;
 *         plait_thread *untyped = plait_thread_new(NULL, twice, (void *)21);
 *         if (plait_thread_result(untyped, &result)) return 1;
 *         plait_thread_free(untyped);
 *         return half + rest == 499500 && (intptr_t)result == 42 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_THREAD_H
#define PLAIT_THREAD_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>
#include <plait/task.h>

PLAIT_BEGIN

typedef struct plait_thread plait_thread;

typedef struct plait_thread_options {
    const char *name;  /* for people; copied. NULL: "Thread-1" and so on */
    bool daemon;       /* the end of the program does not wait for it */
    size_t stack_size; /* bytes; 0: the system's default. At least PTHREAD_STACK_MIN */
} plait_thread_options;

/* Starts a thread that runs the task:
 *     plait_thread *thread = plait_start(g, 5, 6, .arg3 = 12);
 *     plait_thread *thread = plait_start_with(&options, g, 5, 6);
 * The arguments are copied. Without options (or with NULL) the thread has a default name and stack, and is
 * a daemon if a daemon of plait's started it, as in Python; with options it is what they say.
 * The kernel shows the first 15 bytes of the name, or of the task's if none was given, or else the
 * program's.
 * Returns a handle that must be freed; NULL with plait_last_error(): PLAIT_NO_MEMORY, PLAIT_INVALID (a
 * stack too small), PLAIT_ERRNO (the system refuses another thread). Thread-safe; does not block.
 * Python: Thread(...).start(). */
#define plait_start(...) plait_start_with(NULL, __VA_ARGS__)
#define plait_start_with(options, ...) \
    PLAIT__TYPED( \
        plait_thread_start((options), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
        __VA_ARGS__)

/* The same for a descriptor in a variable and a struct of its arguments (task->args_size bytes, which are
 * copied; NULL: all zero). PLAIT_INVALID also for a task of another version. */
PLAIT_API PLAIT_WARN_UNUSED plait_thread *plait_thread_start(const plait_thread_options *options,
                                                             const plait_task *task, const void *args);

/* The untyped form: the thread runs function(argument); what it returns is its result, a void *. The
 * argument is passed on as it is. */
PLAIT_API PLAIT_WARN_UNUSED plait_thread *plait_thread_new(const plait_thread_options *options,
                                                           void *(*function)(void *), void *argument);

/* Waits until the thread has ended, as long as it takes or until the deadline. Any number of threads may
 * join, any number of times. The status is that of the waiting alone; how the task went, plait_thread_result
 * tells. PLAIT_OK: it has ended. PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: not yet.
 * PLAIT_DEADLOCK: joining oneself. PLAIT_INVALID for NULL. Python: Thread.join. */
PLAIT_API plait_status plait_thread_join(plait_thread *thread);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_thread_join_until(plait_thread *thread,
                                                                 plait_deadline deadline);

/* Joins and gives the task's own status: PLAIT_OK, with the result copied to *out, or what it raised; or
 * that of the waiting, if that ended early. `out` points to the task's result type (to a void * for an
 * untyped thread); NULL when only the status is wanted. May be asked any number of times.
 * PLAIT_INVALID also if *out has another size or kind than the result: nothing is waited for then. */
#define plait_thread_result(thread, out) plait_thread_result_until((thread), (out), PLAIT_FOREVER)
#define plait_thread_result_until(thread, out, deadline) \
    plait_thread_result_as((thread), (out), PLAIT__OUT_SIZE(out), PLAIT__OUT_KIND(out), (deadline))
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_thread_result_as(plait_thread *thread, void *out, size_t size,
                                                                plait_kind kind, plait_deadline deadline);

/* Why the thread failed, in words; "" while it runs and if it did not fail. Never NULL, never waits. The
 * string lives as long as the handle. A failure that was read here or by plait_thread_result does not go to
 * the excepthook. */
PLAIT_API const char *plait_thread_message(plait_thread *thread);

/* Lets go of a handle, at any time, also from within the thread; with the last handle POSIX calls it
 * detaching. The thread itself goes on; when it has ended and the last handle is gone, all of it is freed,
 * and a failure that nobody read goes to the excepthook. NULL is allowed. Does not block. */
PLAIT_API void plait_thread_free(plait_thread *thread);

/* Another handle to the same thread, to be freed like the first. Returns its argument. */
PLAIT_API plait_thread *plait_thread_keep(plait_thread *thread);

/* Whether the thread has not ended yet. Python: Thread.is_alive. */
PLAIT_API bool plait_thread_is_alive(const plait_thread *thread);

/* Its number within this process: not 0, not used again while it lives, and what locks remember of their
 * holder. A thread gives itself its number when it begins to run; who asks a moment earlier waits for that.
 * 0 for NULL, for a main thread that has not used plait yet, and in the child of a fork for a thread that had
 * not begun. Python: Thread.ident. */
PLAIT_API uint32_t plait_thread_ident(const plait_thread *thread);

/* The kernel's number for it, as ps and debuggers show. Waits, and is 0, as plait_thread_ident is.
 * Python: Thread.native_id. */
PLAIT_API uint32_t plait_thread_native_id(const plait_thread *thread);

/* Its name; lives as long as the handle. NULL for NULL. Python: Thread.name. */
PLAIT_API const char *plait_thread_name(const plait_thread *thread);

/* Whether it is a daemon. Python: Thread.daemon. */
PLAIT_API bool plait_thread_daemon(const plait_thread *thread);

/* The calling thread's handle, and the main thread's. Both are borrowed, not to be freed, and good while
 * that thread lives; plait_thread_keep makes an own one of them. A thread that plait did not start gets a
 * handle when it first asks: it counts as a daemon, and ends when its pthread ends. NULL with
 * plait_last_error() when memory is out. Python: current_thread, main_thread. */
PLAIT_API plait_thread *plait_thread_current(void);
PLAIT_API plait_thread *plait_thread_main(void);

/* Puts handles of at most `room` living threads into `threads`, each to be freed, and returns how many
 * living threads there were: if that is more than `room`, ask again with more. The main thread is one of
 * them; threads that plait did not start are, once they have asked for their handle.
 * Python: threading.enumerate. */
PLAIT_API size_t plait_thread_enumerate(plait_thread **threads, size_t room);

/* How many plait_thread_enumerate would find. Python: threading.active_count. */
PLAIT_API size_t plait_thread_active_count(void);

/* The case that a thread has ended: performed with the status of a join. */
PLAIT_API plait_case plait_case_thread(plait_thread *thread);

/* Waits until every thread that is not a daemon has ended, but for the calling one and the main thread;
 * what the end of the program does by itself, but earlier, and bounded. It cannot be cancelled.
 * A thread that is in here, or in exit, counts as ended for the others, so two that wait for each other
 * here both go on. PLAIT_OK; PLAIT_TIMEOUT: some still run. Python: threading._shutdown. */
PLAIT_API plait_status plait_shutdown(plait_deadline deadline);

PLAIT_END

/* What `out` points to; NULL is allowed. */
#ifdef __cplusplus
template <class T> constexpr size_t plait__out_size(const T *) {
    return plait__size<T>();
}
template <class T> constexpr plait_kind plait__out_kind(T *) {
    return plait__kind<T>();
}
constexpr size_t plait__out_size(decltype(nullptr)) {
    return 0;
}
constexpr plait_kind plait__out_kind(decltype(nullptr)) {
    return PLAIT_KIND_NOTHING;
}
#define PLAIT__OUT_SIZE(out) (plait__out_size(out))
#define PLAIT__OUT_KIND(out) (plait__out_kind(out))
#else
#define PLAIT__OUT_AT(out) (*_Generic((out), void * : (char *)0, default : (out)))
#define PLAIT__OUT_SIZE(out) (sizeof PLAIT__OUT_AT(out))
#define PLAIT__OUT_KIND(out) PLAIT__KIND_OF(PLAIT__OUT_AT(out))
#endif

#endif

/* plait/process.h - run a function in a process of its own.
 *
 * What a thread does (plait/thread.h) in a process: it has memory of its own, and when it crashes, only it does. A
 * process runs a task with typed arguments, which travel by value: integers, floats, structs, strings, bytes, and the
 * objects that processes share (plait/shared.h); a pointer is refused. Its result comes back by value. The untyped
 * form runs any `int (*)(void *)` on a copy of some bytes.
 *
 * plait_process_setup(argc, argv) belongs into the first line of main. It forks a small *server*, and processes are
 * forks of that: they start fast however large the program is, and whatever its threads hold. What a process finds:
 *   memory, environment, limits, umask, signals   as they were at the setup
 *   the working directory                         as it is at the start
 *   standard output and error                     as they were at the setup
 *   standard input                                /dev/null, as in Python
 *   other descriptors                             none but two of the library's own; nor does the server keep any
 *   Ctrl-C                                        if plait_interrupt_install is in effect in the program, then there,
 *                                                 too; else SIGINT does what it did at the setup
 *
 * How a process ends: by returning from its task; by plait_raise and returning (exit code 1, and its status is what was
 * raised); by exit, or pthread_exit, in the middle of it; by a signal. Unless a signal ends it, it waits for its own threads
 * and processes that are not daemons, runs the exit handlers that it has registered itself, but not those of the
 * program, and writes what stdio holds. Nothing is left of it: no zombie, and no SIGCHLD for the program, whose own children
 * and whose wait(-1) have nothing to do with all this (but see PLAIT_START_FORK). A failure that nobody asks for
 * goes to the excepthook when the last handle is freed.
 *
 * Processes may start processes and make pools of them, as deep as they like, and workers of pools may, too; also beside
 * threads. They get a server from the program's, so what they start finds the same of the program as they did. No
 * process survives the one that started it, whatever ends that.
 *
 * No process survives the program, whatever ends that: when the program is gone the server kills them and goes, and when
 * the server is killed the kernel kills them. (But one that becomes another user, or executes a set-user-ID
 * file, is out of the kernel's hand if the server itself is killed.) What a process starts by fork(2) is its own
 * business; a fork that returns from the task ends there.
 *
 * Leaving the program: returning from main, or exit, sends SIGTERM to the daemons and then waits for all processes. A
 * daemon that has not ended after two seconds is killed. (Python: multiprocessing's exit function.)
 *
 * After a fork of the program the child has no processes: everything says PLAIT_BROKEN of those that were the parent's. It
 * starts a server of its own with its first process, or when it calls plait_process_setup again: a program that
 * makes itself a daemon by fork does so afterwards.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *
 *     PLAIT_TASK(long, sum, (long, from), (long, to)) {
 *         long total = 0;
 *         for (long i = from; i < to; i++) total += i;
 *         return total;
 *     }
 *
 *     PLAIT_TASK(void, crash, (const char *, why)) {
 *         if (why) abort();
 *     }
 *
 *     int main(int argc, char **argv) {
 *         if (plait_process_setup(argc, argv) != PLAIT_OK) return 1;
 *         long half = 0, rest = 0;
 *         plait_process *one = plait_process_start(sum, 0, 500);
 *         plait_process *other = plait_process_start(sum, 500, 1000);
 *         if (plait_process_result(one, &half) || plait_process_result(other, &rest)) return 1;
 *         plait_process_free(one);
 *         plait_process_free(other);
 *
 *         int code = 0;
 *         plait_process *bad = plait_process_start(crash, "on purpose");
 *         if (plait_process_join(bad) || plait_process_exit_code(bad, &code)) return 1;
 *         plait_process_free(bad);
 *         return half + rest == 499500 && code == -6 ? 0 : 1;      // killed by signal 6, SIGABRT
 *     }
 */
#ifndef PLAIT_PROCESS_H
#define PLAIT_PROCESS_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/select.h>
#include <plait/status.h>
#include <plait/task.h>
#include <plait/thread.h>

PLAIT_BEGIN

typedef struct plait_process plait_process;

/* How a process comes into being. */
typedef enum plait_start_method {
    /* A fork of the server. What was loaded by dlopen after the setup is not there. */
    PLAIT_START_FORKSERVER,
    /* The program is executed anew: fresh memory, but for what main does before the setup. Milliseconds. */
    PLAIT_START_SPAWN,
    /* fork(2) of the program as it is now, memory and all. Only while one thread runs, unless forced: a lock that
     * another thread held stays held in the child for ever. The process is the program's own child, with SIGCHLD; if
     * a wait(-1) of the program takes its end away, or SIGCHLD is ignored, and it did not end by itself, its exit
     * code is not known: 255. */
    PLAIT_START_FORK
} plait_start_method;

typedef struct plait_process_options {
    const char *name; /* for people, and 15 bytes of it for ps; copied. NULL: "Process-1" and so on */
    bool daemon;      /* the end of the program ends it */
    bool force;       /* PLAIT_START_FORK also while other threads run */
    plait_start_method method;
} plait_process_options;

/* To be called in the first line of main. Starts the server while the program has one thread and little memory; and in
 * a process of PLAIT_START_SPAWN runs what that is for and does not return. Writes what stdio holds. Without this call
 * the first start of a process starts the server, if the program has one thread then; and spawn is refused.
 * PLAIT_OK, also if called again; PLAIT_INVALID: several threads run, see plait_last_message(); PLAIT_NO_MEMORY;
 * PLAIT_ERRNO. Thread-safe. Python: multiprocessing.freeze_support and set_start_method. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_setup(int argc, char **argv);

/* Starts a process that runs the task:
 *     plait_process *process = plait_process_start(g, 5, 6, .arg3 = 12);
 *     plait_process *process = plait_process_start_with(&options, g, 5, 6);
 * Returns a handle that must be freed; NULL with plait_last_error(), and words in plait_last_message(): PLAIT_INVALID
 * (a pointer among the parameters; no server and several threads; no setup for spawn; several threads for fork),
 * PLAIT_NO_MEMORY, PLAIT_ERRNO with errno (EAGAIN: no more processes, EMFILE: no more descriptors), PLAIT_BROKEN (the
 * server was killed). Thread-safe. Blocks no longer than a fork takes. Python: Process(...).start(). */
#define plait_process_start(...) plait_process_start_with(NULL, __VA_ARGS__)
#define plait_process_start_with(options, ...) \
    PLAIT__TYPED( \
        plait_process_start_task((options), PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, )), \
        __VA_ARGS__)

/* The same for a descriptor in a variable and a struct of its arguments (NULL: all zero). A task of a library that is
 * not loaded in the new process is a failure of that process: exit code 1, PLAIT_INVALID, and a message that names
 * it. */
PLAIT_API PLAIT_WARN_UNUSED plait_process *plait_process_start_task(const plait_process_options *options,
                                                                    const plait_task *task, const void *args);

/* The untyped form: the process runs function(data), where `data` is a copy of `size` bytes, aligned as malloc aligns,
 * to be changed at will; NULL if there are none. What it returns is the exit code, of which the system keeps 8 bits. */
PLAIT_API PLAIT_WARN_UNUSED plait_process *plait_process_new(const plait_process_options *options,
                                                             int (*function)(void *data), const void *data,
                                                             size_t size);

/* Waits until the process has ended, as long as it takes or until the deadline. Any number of threads may join, any
 * number of times. PLAIT_OK: it has ended, well or not. PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED: not yet.
 * PLAIT_ERRNO: no descriptor left to wait with. PLAIT_BROKEN: it is a process of this one's parent. PLAIT_INVALID for
 * NULL. Python: Process.join. */
PLAIT_API plait_status plait_process_join(plait_process *process);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_join_until(plait_process *process,
                                                                  plait_deadline deadline);

/* Joins and gives the task's own status: PLAIT_OK, with the result copied to *out; what it raised; PLAIT_FAILED if it
 * was left by exit or pthread_exit; PLAIT_CRASHED if the process died; or that of the waiting, if that ended early.
 * `out` points to the task's result type (to an int for an untyped process: its exit code); NULL when only the status
 * is wanted. Strings and bytes in the result live as long as the handle. May be asked any number of times.
 * PLAIT_INVALID also if *out has another size or kind than the result: nothing is waited for then. PLAIT_NO_MEMORY also
 * if there was none for the result. */
#define plait_process_result(process, out) plait_process_result_until((process), (out), PLAIT_FOREVER)
#define plait_process_result_until(process, out, deadline) \
    plait_process_result_as((process), (out), PLAIT__OUT_SIZE(out), PLAIT__OUT_KIND(out), (deadline))
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_process_result_as(plait_process *process, void *out,
                                                                 size_t size, plait_kind kind,
                                                                 plait_deadline deadline);

/* How it ended, as Python says it: what the function returned or exit was given, 0 for a task that went well, 1 for one
 * that failed, -N for signal N. PLAIT_OK; PLAIT_BUSY: it still runs; PLAIT_BROKEN; PLAIT_INVALID. Never waits.
 * Python: Process.exitcode. */
PLAIT_API plait_status plait_process_exit_code(plait_process *process, int *code);

/* Why it failed, in words: what was raised, or "process Process-1 was killed by SIGSEGV (core dumped)"; "" while it
 * runs and if it did not fail. Never NULL, never waits. The string lives as long as the handle. A failure that was read
 * here, by plait_process_result or by plait_process_exit_code does not go to the excepthook. */
PLAIT_API const char *plait_process_message(plait_process *process);

/* Sends SIGTERM, SIGKILL or SIGINT. PLAIT_OK, also if it has ended; PLAIT_ERRNO, PLAIT_BROKEN, PLAIT_INVALID.
 * Thread-safe. Python: Process.terminate, kill, interrupt. */
PLAIT_API plait_status plait_process_terminate(plait_process *process);
PLAIT_API plait_status plait_process_kill(plait_process *process);
PLAIT_API plait_status plait_process_interrupt(plait_process *process);

/* Lets go of a handle, at any time; NULL is allowed. The process goes on, and if it is not a daemon the end of the
 * program waits for it. Does not block. Python: Process.close. */
PLAIT_API void plait_process_free(plait_process *process);

/* Another handle to the same process, to be freed like the first. Returns its argument. */
PLAIT_API plait_process *plait_process_keep(plait_process *process);

/* Whether it has not ended yet. Python: Process.is_alive. */
PLAIT_API bool plait_process_is_alive(plait_process *process);

/* Its number; 0 for NULL. Once it has ended the number may be another process's. Python: Process.pid. */
PLAIT_API int plait_process_pid(const plait_process *process);

/* Its name; lives as long as the handle. NULL for NULL. Python: Process.name. */
PLAIT_API const char *plait_process_name(const plait_process *process);

/* Whether it is a daemon. Python: Process.daemon. */
PLAIT_API bool plait_process_daemon(const plait_process *process);

/* Puts handles of at most `room` living processes of this one into `processes`, each to be freed, and returns how many
 * there were. Python: multiprocessing.active_children. */
PLAIT_API size_t plait_process_enumerate(plait_process **processes, size_t room);

/* The case that a process has ended: performed with the status of a join. */
PLAIT_API plait_case plait_case_process(plait_process *process);

PLAIT_END

#endif

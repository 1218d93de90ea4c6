/* plait/dump.h - what is my program waiting for?
 *
 * plait_dump writes a line for each thread that plait knows: its number, the kernel's number for it (as in ps and gdb),
 * its name with the task that it runs, and what it waits for, for how long, and who holds that. Below it says who waits
 * for whom in a circle, if there is one. A program that hangs answers so:
 *
 *     plait: 3 threads in process 4711
 *         1     4711  MainThread        waits for the end of alice (pay), for 12 s
 *         3     4713  alice (pay)       waits for lock "journal" at 0x4040a8, held by bob (pay), for 12 s
 *         4     4714  bob (pay)         waits for lock "accounts" at 0x4040a0, held by alice (pay), for 12 s
 *     plait: a circle: alice (pay) waits for lock "journal", held by bob (pay), which waits for lock "accounts",
 *         held by alice (pay)
 *
 * A lock, an rlock, a writer's rwlock, a once that runs, a thread that is joined and a future that is being computed
 * have somebody who must act first. Events, semaphores, queues, readers' locks have nobody: any thread could come. What is
 * called "awake" runs, or is blocked in something that is not plait's (read(2), a mutex of its own).
 * plait_set_name (plait/name.h) gives objects their names.
 *
 * Each thread is looked at for a moment, one after the other, while all go on. A circle is looked for twice, and told
 * only if all in it have waited for the same thing from the first look to the second: it is a real one. (As any thread may release a
 * lock, somebody from outside could still open a circle of locks.)
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *     #include <signal.h>
 *
 *     int main(void) {
 *         if (plait_dump_on_signal(SIGQUIT) != PLAIT_OK) return 1;      // now Ctrl-\ in the terminal shows a dump
 *         return plait_dump(stdout) == PLAIT_OK ? 0 : 2;
 *     }
 */
#ifndef PLAIT_DUMP_H
#define PLAIT_DUMP_H

#include <plait/api.h>
#include <plait/status.h>
#include <stdio.h>

PLAIT_BEGIN

/* Writes what each thread does to the stream. PLAIT_INVALID for NULL, PLAIT_NO_MEMORY, PLAIT_ERRNO if it could not be
 * written. From any thread, at any time, but not from a signal handler; waits for no other thread. Costs memory for each
 * thread while it runs, and nothing before. Python: faulthandler.dump_traceback(all_threads=True). */
PLAIT_API plait_status plait_dump(FILE *out);

/* From now on this signal makes plait write a dump to standard error (descriptor 2); the program goes on. The handler
 * only rings a bell: plait's service thread, which is started here, makes the dump. A dump that nobody reads (a full
 * pipe) keeps timers waiting. One signal at a time: another number replaces it, and 0 puts back what was before. In the
 * child of a fork there is none.
 * PLAIT_INVALID for what is no signal, or cannot be caught, or is a thread's own fault (SIGSEGV); PLAIT_NO_MEMORY;
 * PLAIT_ERRNO. Any thread. Python: faulthandler.register(signal.SIGQUIT), unregister. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_dump_on_signal(int number);

PLAIT_END

#endif

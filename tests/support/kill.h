/* Processes killed at the worst moment: at every single instruction of a short path, or at random.
 *
 *     struct book { plait_process_lock lock; int left, right; };       // in memory that all processes share
 *
 *     static void victim(void *memory) {
 *         struct book *book = memory;
 *         kill_from_here();
 *         (void)plait_process_lock_acquire(&book->lock);
 *         (void)plait_process_lock_release(&book->lock);
 *         kill_to_here();
 *     }
 *     static const char *check(void *memory) {
 *         struct book *book = memory;
 *         plait_status status = plait_process_lock_acquire(&book->lock);
 *         kill_check(status == PLAIT_OK || status == PLAIT_BROKEN);
 *         return NULL;
 *     }
 *     TEST(a_lock_survives_its_holder) {
 *         kill_at_every_instruction(&(struct kill_scenario){sizeof(struct book), NULL, victim, check, 0});
 *     }
 *
 * kill_at_every_instruction runs the scenario once for each k = 1, 2, 3 ...: memory of zeros, `prepare`, the victim
 * in a process of its own, which is stepped by ptrace from kill_from_here on, killed by SIGKILL after k instructions,
 * and `check`. The last run is the one in which the victim has come to kill_to_here, or to a sleep from which
 * nobody wakes it; there it is killed, too. A path of some hundred instructions takes a second or two: it grows by
 * the square. A longer one is not killed at each of its instructions, but at as many as a budget allows, others in
 * every run of the test (PLAIT_STRESS_SECONDS makes the budget larger; PLAIT_TEST_KILLS is the most kills of a scenario, for
 * tiers that repeat what another one does in full). What the victim does the first time only
 * (lazy binding, the thread's own state) is best done once before kill_from_here, where it is not what is meant.
 *
 * A check that finds something fails the test, and its message says at which instruction the victim was killed. One
 * that takes longer than ten seconds ends the test, and says so on standard error: that is how a survivor that hangs
 * is found, so a check's calls need no deadlines. */
#ifndef PLAIT_TEST_SUPPORT_KILL_H
#define PLAIT_TEST_SUPPORT_KILL_H

#include "stress.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct kill_scenario {
    size_t size;                   /* of the memory that all processes share; zeroed before each run */
    void (*prepare)(void *memory); /* in the test's process, before the victim begins; or NULL */
    void (*victim)(void *memory);  /* in a process of its own */
    const char *(*check)(
        void *memory); /* in the test's process, after the victim's death; NULL: all is well */
    int asleep_ms;     /* a victim that rests for so long is asleep for good, and killed there; 0: 500 */
};

/* For checks: leaves with the words of the condition if it does not hold. */
#define kill_check(condition) \
    do { \
        if (!(condition)) return #condition; \
    } while (0)

/* In the victim: the part in which it is to be killed. */
void kill_from_here(void);
void kill_to_here(void);

/* In the check: whether the victim came to kill_to_here. */
bool kill_finished(void);

/* Returns at how many instructions the victim was killed; 0 where processes may not be traced (standard error says so), or
 * cannot be stepped, as on some CPUs and under the thread sanitizer: then the victim is killed at random. */
long kill_at_every_instruction(const struct kill_scenario *scenario);
/* At each n-th only, others in every run of the test, and more the longer the stress; for checks that take long. */
long kill_at_each_nth_instruction(const struct kill_scenario *scenario, int n);

/* Runs the scenario so many times; the victim is killed at a random moment within so many microseconds after
 * kill_from_here. One that goes on and on until then is the best victim. */
void kill_at_random(const struct kill_scenario *scenario, int times, unsigned longest_us);

/* ---- by hand ---- */

/* Memory of zeros that the processes of this test share, until its end. */
void *kill_memory(size_t size);

/* Runs body(memory) in a process of its own, which then ends with status 0, and does not outlive the test's
 * process. */
pid_t kill_start(void (*body)(void *memory), void *memory);

/* SIGKILL, and its end is waited for. */
void kill_now(pid_t process);

/* Waits a random time within so many microseconds. */
void kill_linger(struct stress_random *random, unsigned longest_us);

/* Waits until the process has ended by itself with status 0; anything else fails the test, as does a process that
 * has not ended after so many seconds (it is killed then). */
void kill_join(pid_t process, double seconds);

/* Fails the test if something is left: a process that was started by this one or by one of its descendants and is
 * still alive, or a name in /dev/shm that contains this text (NULL: names are not looked at). What is on its way out is
 * waited for. Call kill_nothing_left_begin() before the first process is started. */
void kill_nothing_left_begin(void);
void kill_nothing_left(const char *names);

#endif

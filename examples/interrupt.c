/* interrupt.c - Ctrl-C while workers run: everybody stops, nobody loses anything.
 *
 * After plait_interrupt_install() the first Ctrl-C cancels the root token: every wait that can be
 * cancelled, in every thread, returns PLAIT_CANCELLED. The workers leave their loops and clean up under a
 * shield, where waits work as always. (A second Ctrl-C ends the program at once.)
 * The program presses Ctrl-C itself, when all its workers are at work.
 */
#include <plait.h>
#include <signal.h>
#include <stdio.h>

enum { WORKERS = 4 };

static plait_queue *saved; /* what the workers save while they clean up */

PLAIT_TASK(plait_status, work, (int, worker), (plait_semaphore *, at_work)) {
    plait_status status;
    plait_semaphore_release(at_work, 1);
    do status = plait_sleep(3600); /* or a get, a join, a select, ... */
    while (status == PLAIT_OK);

    plait_shield();
    plait_sleep(0.001); /* not cut short */
    plait_queue_put(saved, &worker);
    return status;
}

int main(void) {
    static plait_semaphore at_work;
    plait_thread *workers[WORKERS];
    signal(SIGINT, SIG_DFL); /* shells start background jobs with it ignored */
    if (plait_interrupt_install() != PLAIT_OK) return 1;
    saved = plait_queue_of(int, WORKERS);
    for (int i = 0; i < WORKERS; i++) workers[i] = plait_start(work, i, &at_work);
    for (int i = 0; i < WORKERS; i++)
        if (plait_semaphore_acquire(&at_work) != PLAIT_OK) return 1;

    raise(SIGINT); /* Ctrl-C */
    plait_status asked = plait_sleep(3600);
    printf("main: %s\n", plait_status_name(asked));

    plait_shield();
    int stopped = 0;
    for (int i = 0; i < WORKERS; i++) {
        plait_status status;
        if (plait_thread_result(workers[i], &status) == PLAIT_OK && status == PLAIT_CANCELLED) stopped++;
        plait_thread_free(workers[i]);
    }
    printf("%d workers stopped, %zu of them have saved their work\n", stopped, plait_queue_qsize(saved));
    bool all_saved = plait_queue_qsize(saved) == WORKERS;
    plait_queue_free(saved);
    return asked == PLAIT_CANCELLED && stopped == WORKERS && all_saved ? 0 : 1;
}

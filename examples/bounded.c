/* bounded.c - fifty jobs, each a thread of its own, but never more than eight at a time.
 *
 * A bounded semaphore counts the free places: who starts a thread takes one, the thread gives it back. It
 * is bounded so that a place given back twice is noticed. (A pool of eight workers does the same with
 * fewer threads; this is for when each job must have its own.)
 */
#include <plait.h>
#include <stdio.h>

enum { JOBS = 50, AT_ONCE = 8 };

static plait_bounded_semaphore places = PLAIT_BOUNDED_SEMAPHORE_INIT(AT_ONCE);
static plait_lock lock; /* guards the two below */
static int running, most_running;

static void count(int change) {
    plait_hold(&lock);
    running += change;
    if (running > most_running) most_running = running;
}

PLAIT_TASK(int, job, (int, number)) {
    count(+1);
    plait_sleep(0.002); /* the work */
    count(-1);
    plait_bounded_semaphore_release(&places, 1);
    return number * number;
}

int main(void) {
    plait_thread *threads[JOBS];
    long sum = 0;
    for (int i = 0; i < JOBS; i++) {
        if (plait_bounded_semaphore_acquire(&places) != PLAIT_OK) return 1;
        threads[i] = plait_start(job, i);
    }
    for (int i = 0; i < JOBS; i++) {
        int result;
        if (plait_thread_result(threads[i], &result) != PLAIT_OK) return 1;
        sum += result;
        plait_thread_free(threads[i]);
    }
    bool given_back_twice = plait_bounded_semaphore_release(&places, 1) == PLAIT_OK;
    printf("%d jobs done, the sum of their results is %ld\n", JOBS, sum);
    printf("never more than %d at a time: %s\n", AT_ONCE, most_running <= AT_ONCE ? "true" : "false");
    return sum == 40425 && most_running <= AT_ONCE && !given_back_twice ? 0 : 1;
}

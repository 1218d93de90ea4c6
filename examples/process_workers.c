/* process_workers.c - a queue between processes that feeds workers, and another one that brings what they found.
 *
 * The queues are parameters of the task like any others. Nobody needs a special last item: a shutdown ends the loop of
 * every worker when nothing is left. And nobody need fear for the queues: a process may be killed in the middle
 * of a put or a get, and the others go on.
 */
#include <plait.h>
#include <stdio.h>

enum { WORKERS = 3, LIMIT = 20000, CHUNK = 250, PRIMES = 2262 };

struct range {
    int from, to;
};

static bool is_prime(int number) {
    for (int divisor = 2; divisor * divisor <= number; divisor++)
        if (number % divisor == 0) return false;
    return number > 1;
}

PLAIT_TASK(void, count_primes, (plait_process_queue *, ranges), (plait_process_queue *, counts)) {
    struct range range;
    plait_status status;
    plait_process_queue_each(ranges, &range, &status) {
        int count = 0;
        for (int number = range.from; number < range.to; number++) count += is_prime(number);
        if (plait_process_queue_put(counts, &count) != PLAIT_OK) return;
        plait_process_queue_task_done(ranges);
    }
}

int main(int argc, char **argv) {
    plait_process *workers[WORKERS];
    if (plait_process_setup(argc, argv) != PLAIT_OK) return 1;
    plait_process_queue *ranges = plait_process_queue_of(struct range, 10); /* so many wait at most */
    plait_process_queue *counts = plait_process_queue_of(int, 0);
    if (!ranges || !counts) return 1;
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = plait_process_start(count_primes, ranges, counts);
        if (!workers[i]) return 1;
    }

    for (int from = 0; from < LIMIT; from += CHUNK) {
        struct range range = {from, from + CHUNK};
        if (plait_process_queue_put(ranges, &range) != PLAIT_OK) return 1;
    }
    plait_process_queue_shutdown(ranges, false);            /* no more */
    plait_status status = plait_process_queue_join(ranges); /* all are done */

    int sum = 0, count;
    while (plait_process_queue_get_nowait(counts, &count) == PLAIT_OK) sum += count;
    for (int i = 0; i < WORKERS; i++) {
        plait_process_join(workers[i]);
        plait_process_free(workers[i]);
    }
    plait_process_queue_free(ranges);
    plait_process_queue_free(counts);
    printf("%d primes below %d\n", sum, LIMIT);
    return status == PLAIT_OK && sum == PRIMES ? 0 : 1;
}

/* process_crash.c - a thousand tasks, one of which crashes: 999 results come back.
 *
 * In a thread the crash would end the program. In a pool of processes it ends one worker, and fails one future, at once
 * and with the reason. The pool starts another worker and goes on; the other tasks do not notice.
 */
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 1000, UNLUCKY = 613 };

/* Somebody's parser, which does not like one of its inputs. */
PLAIT_TASK(long, parse, (int, number)) {
    if (number == UNLUCKY) abort();
    return 2L * number;
}

int main(int argc, char **argv) {
    static plait_future *futures[TASKS];
    if (plait_process_setup(argc, argv) != PLAIT_OK) return 1;
    plait_pool *pool = plait_process_pool_new(2, NULL);
    if (!pool) return 1;

    for (int i = 0; i < TASKS; i++) futures[i] = plait_submit(pool, parse, i);

    int results = 0;
    long sum = 0, result;
    for (int i = 0; i < TASKS; i++) {
        plait_status status = plait_result(futures[i], &result);
        if (status == PLAIT_OK) {
            results++;
            sum += result;
        } else {
            printf("number %d: %s\n", i, plait_status_name(status));
            fprintf(stderr, "%s\n", plait_future_message(futures[i])); /* which signal, which worker */
        }
        plait_future_free(futures[i]);
    }
    plait_pool_free(pool);
    printf("%d results, whose sum is %ld\n", results, sum);
    return results == TASKS - 1 ? 0 : 1;
}

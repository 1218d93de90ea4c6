/* process_limit.c - a time limit that ends a task which is stuck.
 *
 * After the soft limit a task is asked to stop: plait_cancelled() is true, and its waits end. One that listens ends in
 * order and may still return something. One that does not listen, because it is in an endless loop, or in somebody's
 * library, is ended by force after the hard limit, with its process: in a thread nothing could be done about it.
 */
#include <plait.h>
#include <stdio.h>

PLAIT_TASK(int, quick, (int, number)) {
    return number;
}

/* How far it came, as a negative number, when it was asked to stop. */
PLAIT_TASK(int, polite, (int, steps)) {
    for (int step = 1; step <= steps; step++)
        if (plait_sleep(0.01) == PLAIT_CANCELLED) return -step;
    return steps;
}

PLAIT_TASK(int, stuck, (int, number)) {
    for (volatile int turn = 0; turn >= 0; turn = !turn) {} /* turns for ever */
    return number;
}

static void tell(const char *task, plait_future *future) {
    int number = 0;
    plait_status status = plait_result(future, &number);
    printf("%s: %s%s\n", task, plait_status_name(status), number < 0 ? ", after it was asked to stop" : "");
    if (status != PLAIT_OK) fprintf(stderr, "%s\n", plait_future_message(future));
    plait_future_free(future);
}

int main(int argc, char **argv) {
    if (plait_process_setup(argc, argv) != PLAIT_OK) return 1;
    plait_process_pool_options options = {.soft_time_limit = 0.2, .hard_time_limit = 0.5};
    plait_pool *pool = plait_process_pool_new(3, &options);
    if (!pool) return 1;
    plait_future *first = plait_submit(pool, quick, 1);
    plait_future *second = plait_submit(pool, polite, 100000);
    plait_future *third = plait_submit(pool, stuck, 3);
    tell("quick", first);
    tell("polite", second);
    tell("stuck", third);
    tell("quick again", plait_submit(pool, quick, 4)); /* the pool has a new worker by now */
    plait_pool_free(pool);
    return 0;
}

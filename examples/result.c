/* result.c - a thread keeps its result, or its error, until somebody asks.
 *
 * Join waits for the end, result waits and takes what the task returned. Both may be called any number of
 * times and in any order, until the thread is freed.
 */
#include <plait.h>
#include <stdio.h>

struct division {
    long quotient, remainder;
};

PLAIT_TASK(struct division, divide, (long, dividend), (long, divisor)) {
    struct division none = {0, 0};
    if (divisor == 0) {
        plait_raise(PLAIT_INVALID, "%ld cannot be divided by zero", dividend);
        return none; /* the task has failed, whatever it returns */
    }
    return (struct division){dividend / divisor, dividend % divisor};
}

int main(void) {
    struct division got = {0, 0};
    plait_thread *good = plait_start(divide, 47, 5);
    plait_thread *bad = plait_start(divide, 47, 0);

    /* Both have ended; what they left is still there. */
    if (plait_thread_join(good) != PLAIT_OK || plait_thread_join(bad) != PLAIT_OK) return 1;

    if (plait_thread_result(good, &got) != PLAIT_OK) return 1;
    printf("47 / 5 = %ld, remainder %ld\n", got.quotient, got.remainder);

    plait_status status = plait_thread_result(bad, &got);
    printf("47 / 0: %s: %s\n", plait_status_name(status), plait_thread_message(bad));

    plait_thread_free(good);
    plait_thread_free(bad);
    return status == PLAIT_INVALID && got.quotient == 9 && got.remainder == 2 ? 0 : 1;
}

/* first.c - ask several, take the first answer.
 *
 * Three mirrors are asked for the same thing. One fails at once, one is quick, one would take an hour.
 * plait_first returns the first success; the others are cancelled: their sleep ends early, and results
 * that nobody takes are destroyed.
 */
#include <plait.h>
#include <stdio.h>

PLAIT_TASK(int, ask, (const char *, mirror), (double, seconds), (bool, broken)) {
    if (broken) {
        plait_raise(PLAIT_FAILED, "%s does not answer", mirror);
        return 0;
    }
    if (plait_sleep(seconds) == PLAIT_CANCELLED) {
        plait_raise(PLAIT_CANCELLED, "%s is not needed any more", mirror);
        return 0;
    }
    return 42;
}

int main(void) {
    plait_pool *pool = plait_pool_new(3);
    plait_future *asked[] = {
        plait_submit(pool, ask, "north", 3600),
        plait_submit(pool, ask, "south", .broken = true),
        plait_submit(pool, ask, "west", 0.01),
    };
    int answer = 0;
    size_t winner = 0;
    plait_status status = plait_first(asked, 3, &answer, &winner);
    if (status == PLAIT_OK) printf("the answer is %d, from mirror %zu\n", answer, winner);

    if (plait_result(asked[0]) == PLAIT_CANCELLED) puts("the slow one has stopped");
    for (int i = 0; i < 3; i++) plait_future_free(asked[i]);
    plait_pool_close(pool);
    plait_pool_join(pool);
    plait_pool_free(pool);
    return status == PLAIT_OK && answer == 42 && winner == 2 ? 0 : 1;
}

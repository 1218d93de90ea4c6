/* nested_sum.c - the sum of a large array, by halves: each half may be added up by another worker.
 *
 * plait_spawn offers one half to whoever has nothing to do, while this worker begins with the other. Below a few
 * thousand numbers it is not worth the trouble of asking, and a plain loop adds them up. Nobody says how many parts
 * there are to be or who takes which: the halves that are left longest are the largest, and they are taken first.
 */
#include <plait.h>
#include <stdio.h>

enum { NUMBERS = 4000000, FEW = 4096 };

PLAIT_TASK(long long, sum, (const int *, numbers), (size_t, count)) {
    long long total = 0;
    if (count <= FEW) {
        for (size_t i = 0; i < count; i++) total += numbers[i];
        return total;
    }
    size_t half = count / 2;
    plait_spawn(left, sum, numbers, half);
    total = sum(numbers + half, count - half);
    return total + plait_sync(left);
}

int main(void) {
    static int numbers[NUMBERS];
    plait_pool *pool = plait_pool_new(0); /* one worker for each CPU */
    if (!pool) return 1;
    for (int i = 0; i < NUMBERS; i++) numbers[i] = i;

    long long total = 0;
    plait_future *future = plait_submit(pool, sum, numbers, NUMBERS);
    plait_status status = plait_result(future, &total);
    plait_future_free(future);
    plait_pool_free(pool);
    if (status != PLAIT_OK) return 1;
    printf("the sum of the numbers below %d is %lld\n", NUMBERS, total);
    return total == (long long)NUMBERS * (NUMBERS - 1) / 2 ? 0 : 1;
}

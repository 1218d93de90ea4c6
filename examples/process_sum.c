/* process_sum.c - the sum of a large range, in threads and in processes: one word changes.
 *
 * The task is the same, the calls are the same, and so is the result. What differs is what the tasks share: threads share
 * all memory, processes nothing, so arguments and results are copied, and a task cannot damage another one or the
 * program.
 */
#include <plait.h>
#include <stdio.h>

enum { PARTS = 8 };
static const uint64_t RANGE = 56000000; /* a multiple of seven: the sum is known */

/* The remainders keep the compiler from replacing the loop by a formula. */
PLAIT_TASK(uint64_t, sum_part, (uint64_t, from), (uint64_t, to)) {
    uint64_t sum = 0;
    for (; from < to; from++) sum += from % 7;
    return sum;
}

/* Takes the pool. */
static bool sum_in(plait_pool *pool, const char *what) {
    uint64_t froms[PARTS], tos[PARTS], sums[PARTS], sum = 0;
    if (!pool) return false;
    for (uint64_t i = 0; i < PARTS; i++) {
        froms[i] = RANGE / PARTS * i;
        tos[i] = RANGE / PARTS * (i + 1);
    }
    plait_status status = plait_starmap(pool, sum_part, sums, PARTS, plait_each(froms), plait_each(tos));
    for (int i = 0; i < PARTS && status == PLAIT_OK; i++) sum += sums[i];
    plait_pool_free(pool);
    printf("in %s: %llu\n", what, (unsigned long long)sum);
    return sum == RANGE / 7 * 21;
}

int main(int argc, char **argv) {
    if (plait_process_setup(argc, argv) != PLAIT_OK) return 1; /* the first line of main */
    bool in_threads = sum_in(plait_pool_new(0), "threads");
    bool in_processes = sum_in(plait_process_pool_new(0, NULL), "processes");
    return in_threads && in_processes ? 0 : 1;
}

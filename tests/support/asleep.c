/* Counts the table of sleepers (asleep.h). */
#include "asleep.h"

#include <wait/waiter.h>

#include <sched.h>

static void count_one(struct plait__waiter *waiter, void *context) {
    *(int *)context += plait__load(&waiter->word) == PLAIT__SLEEPING;
}

int threads_asleep(void) {
    int count = 0;
    plait__each_sleeper(count_one, &count);
    return count;
}

void wait_until_asleep(int count) {
    while (threads_asleep() < count) {
        sched_yield();
    }
}

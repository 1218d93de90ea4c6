/* Counts the table of sleepers (asleep.h). */
#include "asleep.h"

#include <wait/waiter.h>

#include <sched.h>
#include <string.h>

struct count {
    const char *kind;
    int asleep;
};

static void count_one(struct plait__waiter *waiter, void *context) {
    struct count *count = context;
    if (count->kind && (!waiter->kind || strcmp(waiter->kind, count->kind) != 0)) return;
    count->asleep += plait__load(&waiter->word) == PLAIT__SLEEPING;
}

int threads_asleep_in(const char *kind) {
    struct count count = {kind, 0};
    plait__each_sleeper(count_one, &count);
    return count.asleep;
}

void wait_until_asleep_in(const char *kind, int count) {
    while (threads_asleep_in(kind) < count) sched_yield();
}

void wait_until_asleep(int count) {
    wait_until_asleep_in(NULL, count);
}

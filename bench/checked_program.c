/* checked_program.c - the program that bench-check runs under the checker: two threads beside main, and a lock. */
#include <plait.h>

static plait_lock lock;
static int balance;

PLAIT_TASK(void, deposit, (int, amount)) {
    plait_hold(&lock);
    balance += amount;
}

int main(void) {
    plait_thread *one = plait_start(deposit, 10), *other = plait_start(deposit, 20);
    plait_thread_join(one);
    plait_thread_join(other);
    plait_thread_free(one);
    plait_thread_free(other);
    return balance == 30 ? 0 : 1;
}

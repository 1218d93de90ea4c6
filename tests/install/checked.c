/* A test outside the tree, linked with the checking library as pkg-config says. */
#include <plait.h>
#include <stdio.h>

static plait_lock lock;
static int balance;

PLAIT_TASK(void, deposit, (int, amount)) {
    plait_hold(&lock);
    plait_write(balance) += amount;
}

static void two_deposits(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    balance = 0;
    plait_thread *one = plait_start(deposit, 10), *other = plait_start(deposit, 20);
    plait_thread_join(one);
    plait_thread_join(other);
    plait_thread_free(one);
    plait_thread_free(other);
    plait_check_that(balance == 30);
}

int main(void) {
    if (plait_checking()) { /* run by `plait check`: then this program is the test */
        two_deposits(NULL);
        return 0;
    }
    plait_check_result *result = plait_check_run(two_deposits, NULL, NULL);
    bool passed = result && result->outcome == PLAIT_CHECK_PASSED;
    if (result) fputs(result->report, stdout);
    plait_check_free(result);
    return passed ? 0 : 1;
}

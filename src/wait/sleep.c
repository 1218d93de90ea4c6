/* sleep.c - plait_sleep: a wait that nobody but time and a cancel can end. */
#include <plait/sleep.h>
#include <wait/waiter.h>

plait_status plait_sleep_until(plait_deadline deadline) {
    if (plait_passed(deadline)) return PLAIT_OK;
    struct plait__waiter waiter;
    plait__waiter_init(&waiter, "sleep", NULL);
    uint32_t claim = plait__wait(&waiter, deadline, true);
    return claim == PLAIT__TIMED_OUT ? PLAIT_OK : plait__claim_status(claim);
}

plait_status plait_sleep(double seconds) {
    return plait_sleep_until(plait_after(seconds));
}

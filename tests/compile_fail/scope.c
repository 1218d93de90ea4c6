/* What is started in a scope is checked as anywhere else. */
#include <plait.h>

PLAIT_TASK(double, scale, (double, x), (int, by)) {
    return x * by;
}

plait_status mistake(plait_scope *scope, int *number);

plait_status mistake(plait_scope *scope, int *number) {
    plait_status status = plait_scope_post(scope, scale, 1.0, *number);
    plait_thread_free(plait_scope_start(scope, scale, 1.0, .by = 2));
    plait_future_free(plait_scope_submit(scope, scale, 1.0));
#if MISTAKE == 1 /* a pointer for a number */
    status = plait_scope_post(scope, scale, 1.0, number);
#elif MISTAKE == 2 /* an argument too many for a thread */
    plait_thread_free(plait_scope_start(scope, scale, 1.0, 2, 3));
#elif MISTAKE == 3 /* a string for a number */
    plait_future_free(plait_scope_submit(scope, scale, "one"));
#endif
    return status;
}

/* A deadline is a struct, so that nobody passes a number of seconds for one. */
#include <plait/deadline.h>

double mistake(void) {
#if MISTAKE == 1 /* a bare number for a deadline */
    return plait_remaining(0.5);
#elif MISTAKE == 2 /* a number stored in a deadline */
    plait_deadline deadline = 5;
    return plait_remaining(deadline);
#else
    return plait_remaining(plait_after(0.5));
#endif
}

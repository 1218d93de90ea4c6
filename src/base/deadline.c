/* deadline.c - deadlines and the monotonic clock they are counted on. */
#include <base/atomic.h>
#include <base/clock.h>
#include <base/os.h>
#include <math.h>

static int64_t faked = -1;

int64_t plait__now(void) {
    int64_t fake = plait__load(&faked);
    return plait__unlikely(fake >= 0) ? fake : plait__os_clock();
}

void plait__fake_clock(int64_t ns) {
    plait__store(&faked, ns);
}

plait_deadline plait_after(double seconds) {
    if (!(seconds > 0)) return PLAIT_NOW; /* NaN too */
    double ns = seconds * 1e9;
    int64_t now = plait__now();
    if (ns >= (double)(INT64_MAX - now)) return PLAIT_FOREVER;
    /* Rounding may still reach the top; saturate rather than overflow. */
    int64_t at;
    if (__builtin_add_overflow(now, (int64_t)ns, &at)) return PLAIT_FOREVER;
    return (plait_deadline){at};
}

double plait_remaining(plait_deadline deadline) {
    if (plait__is_forever(deadline)) return HUGE_VAL;
    if (deadline.ns == INT64_MIN) return -HUGE_VAL;
    return (double)(deadline.ns - plait__now()) * 1e-9;
}

bool plait_passed(plait_deadline deadline) {
    if (plait__is_forever(deadline)) return false;
    return deadline.ns == INT64_MIN || deadline.ns <= plait__now();
}

plait_deadline plait_earlier(plait_deadline one, plait_deadline other) {
    return one.ns <= other.ns ? one : other;
}

double plait_monotonic(void) {
    return (double)plait__now() * 1e-9;
}

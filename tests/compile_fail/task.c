/* Typed tasks: what does not fit a task's parameters or result does not compile. */
#include <plait.h>

struct point {
    int x, y;
};

PLAIT_TASK(long, scale, (struct point, point), (double, by), (const char *, unit)) {
    return (long)(point.x * by) + (long)sizeof unit;
}

PLAIT_TASK(void, beep) {}

typedef struct {
    _Alignas(64) char bytes[64];
} line;
#if MISTAKE == 15 /* a parameter that wants more alignment than there is */
PLAIT_TASK(void, misaligned, (line, cache_line)) {
    (void)cache_line;
}
#endif

void mistakes(plait_pool *pool);
void mistakes(plait_pool *pool) {
    struct point point = {1, 2};
    double wrong = 0;
    int points[2] = {0};
    long right = 0;
    plait_thread *thread = NULL;
#if MISTAKE == 1 /* a string for a number */
    thread = plait_start(scale, point, "two", "cm");
#elif MISTAKE == 2  /* a number for a string */
    thread = plait_start(scale, point, 2.0, 7);
#elif MISTAKE == 3  /* a number for a struct */
    thread = plait_start(scale, 1, 2.0, "cm");
#elif MISTAKE == 4  /* one argument too many */
    thread = plait_start(scale, point, 2.0, "cm", 4);
#elif MISTAKE == 5  /* an argument for a task without parameters */
    thread = plait_start(beep, 1);
#elif MISTAKE == 6  /* a name that no parameter has */
    thread = plait_start(scale, point, .factor = 2.0);
#elif MISTAKE == 7  /* a function that is no task */
    thread = plait_start(mistakes, pool);
#elif MISTAKE == 8  /* submit with a string for a number */
    plait_future_free(plait_submit(pool, scale, point, "two"));
#elif MISTAKE == 9  /* submit with one argument too many */
    plait_future_free(plait_submit(pool, beep, 1));
#elif MISTAKE == 10 /* map into results of another type */
    (void)plait_map(pool, scale, &point, &wrong, 1);
#elif MISTAKE == 11 /* map over items of another type */
    (void)plait_map(pool, scale, points, &right, 1);
#elif MISTAKE == 12 /* a bare number for a deadline */
    if (plait_thread_join_until(thread, 0.5)) return;
#elif MISTAKE == 13 /* starmap with a column of another type */
    (void)plait_starmap(pool, scale, &right, 1, plait_each(points));
#elif MISTAKE == 14 /* a parameter of type void */
    PLAIT_TASK(int, nothing, (void, x)) {
        return 0;
    }
#else
    thread = plait_start(scale, point, 2.0, .unit = "cm");
    plait_future_free(plait_submit(pool, scale, point));
    (void)plait_map(pool, scale, &point, &right, 1);
    (void)plait_starmap(pool, scale, &right, 1, plait_repeat(&point));
    if (plait_thread_join_until(thread, plait_after(0.5))) return;
    thread = plait_start(beep);
#endif
    (void)wrong, (void)right, (void)points, (void)point, (void)thread;
}

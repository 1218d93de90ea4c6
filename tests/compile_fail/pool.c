/* Tasks that are handed to a pool are checked when the program is compiled. */
#include <plait.h>

PLAIT_TASK(double, scale, (double, x), (int, by)) {
    return x * by;
}

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

plait_status mistake(plait_pool *pool, int *numbers, int *squares, double *xs, double *scaled, int *by);

plait_status mistake(plait_pool *pool, int *numbers, int *squares, double *xs, double *scaled, int *by) {
    plait_status status = plait_map(pool, square, numbers, squares, 3);
    if (status == PLAIT_OK) status = plait_starmap(pool, scale, scaled, 3, plait_each(xs), plait_repeat(by));
    if (status == PLAIT_OK) status = plait_post(pool, scale, 1.0, .by = 2);
#if MISTAKE == 1 /* an array of the wrong type to map over */
    status = plait_map(pool, square, xs, squares, 3);
#elif MISTAKE == 2  /* an array of the wrong type for the results */
    status = plait_map(pool, square, numbers, scaled, 3);
#elif MISTAKE == 3  /* a constant of the wrong type */
    status = plait_starmap(pool, scale, scaled, 3, plait_each(xs), plait_repeat(xs));
#elif MISTAKE == 4  /* more columns than parameters */
    status = plait_starmap(pool, square, squares, 3, plait_each(numbers), plait_repeat(by));
#elif MISTAKE == 5  /* an argument too many */
    status = plait_post(pool, square, 1, 2);
#elif MISTAKE == 6  /* a pointer for a number */
    status = plait_post(pool, square, numbers);
#elif MISTAKE == 7  /* a deadline that is a bare number */
    status = plait_pool_join_until(pool, 0.5);
#elif MISTAKE == 8  /* an imap over an array of the wrong type */
    plait_imap_free(plait_imap_new(pool, square, xs, 3));
#elif MISTAKE == 9  /* a result of the wrong type for apply */
    status = plait_apply(pool, scaled, square, 2);
#elif MISTAKE == 10 /* an asynchronous map into an array of the wrong type */
    plait_future_free(plait_map_async(pool, square, numbers, scaled, 3));
#endif
    return status;
}

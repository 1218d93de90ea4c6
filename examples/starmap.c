/* starmap.c - a task over arrays and constants: what a sum of money grows to, at several rates, after ten
 * years.
 *
 * Each parameter is an array or one value that is the same for all; types and number are checked when this is
 * compiled. Items may fail one by one.
 */
#include <plait.h>
#include <stdio.h>

PLAIT_TASK(double, grow, (double, money), (double, rate), (int, years)) {
    if (rate <= -1) {
        plait_raise(PLAIT_USER, "nothing grows at %g %%", rate * 100);
        return 0;
    }
    for (int i = 0; i < years; i++) money *= 1 + rate;
    return money;
}

int main(void) {
    enum { COUNT = 5 };
    double rates[COUNT] = {0.01, 0.02, -1.5, 0.03, 0.1}, money = 1000, grown[COUNT];
    int years = 10;
    plait_pool *pool = plait_pool_new(0);
    if (!pool) return 1;

    plait_status statuses[COUNT];
    plait_map_options options = {.statuses = statuses};
    plait_status status = plait_starmap_with(pool, &options, grow, grown, COUNT, plait_repeat(&money),
                                             plait_each(rates), plait_repeat(&years));
    for (int i = 0; i < COUNT; i++) {
        if (statuses[i] == PLAIT_OK)
            printf("%4.0f %%: %7.2f\n", rates[i] * 100, grown[i]);
        else
            printf("%4.0f %%: failed\n", rates[i] * 100);
    }
    size_t index;
    const char *message = plait_map_message(&index);
    if (status != PLAIT_OK) printf("first failure, number %zu: %s\n", index, message);
    plait_pool_free(pool);
    return status == PLAIT_USER ? 0 : 1;
}

/* scope.c - children end before their scope does, and the first that fails stops the others.
 *
 * A report needs three figures. Two sources would take an hour, the third one fails: the scope cancels what
 * still runs, waits until it has stopped, and says what went wrong. So the report on the stack is nobody's
 * any more when fetch_all returns, and no thread is left behind.
 */
#include <plait.h>
#include <stdio.h>

struct report {
    double prices, stock, weather;
};

PLAIT_TASK(void, fetch, (const char *, source), (double *, figure), (double, seconds)) {
    if (seconds < 0) {
        plait_raise(PLAIT_USER, "%s does not answer", source);
        return;
    }
    if (plait_sleep(seconds) == PLAIT_CANCELLED) return; /* not needed any more */
    *figure = 1;
}

static plait_status fetch_all(plait_pool *pool, double slow, double weather) {
    struct report report = {0, 0, 0};
    plait_scope scope;
    plait_scope_begin_until(&scope, pool, plait_after(3600));
    plait_scope_post(&scope, fetch, "prices", &report.prices, slow);
    plait_thread_free(plait_scope_start(&scope, fetch, "stock", &report.stock, slow));
    plait_scope_post(&scope, fetch, "weather", &report.weather, weather);
    plait_status status = plait_scope_end(&scope);
    size_t number = 0;
    if (status == PLAIT_OK)
        printf("all there: %g\n", report.prices + report.stock + report.weather);
    else if (plait_scope_failed(&scope, &number))
        printf("child %zu (%s): %s\n", number, plait_scope_failed(&scope, NULL), plait_scope_message(&scope));
    return status;
}

/* Left early: the guard cancels what runs and waits for it. */
static int give_up(plait_pool *pool) {
    static double figure;
    plait_with_scope(scope, pool);
    plait_scope_post(&scope, fetch, "prices", &figure, 3600.0);
    return 1;
}

int main(void) {
    plait_pool *pool = plait_pool_new(2);
    if (!pool) return 1;
    plait_status good = fetch_all(pool, 0, 0.001);
    plait_status bad = fetch_all(pool, 3600, -1);
    int given_up = give_up(pool);
    printf("given up: %d\n", given_up);
    plait_pool_free(pool);
    return good == PLAIT_OK && bad == PLAIT_USER ? 0 : 1;
}

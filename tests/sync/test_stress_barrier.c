/* Rounds that complete and rounds that break, by deadline, cancel, abort and reset: in each round either all pass,
 * the action having run once, or nobody does. */
#include "impatience.h"

#include <plait.h>

enum { MOST = 64 };

static plait_barrier barrier;
static int parties;
static long actions;
static bool over;

static plait_status count_action(void *unused) {
    (void)unused;
    actions++; /* by one thread at a time */
    return PLAIT_OK;
}

static long rounds_passed[MOST];

static bool is_over(void) {
    return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static void *go_round(void *arg) {
    size_t me = (size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    while (!is_over()) {
        bool patient = stress_random_below(&random, 20) != 0;
        int index;
        plait_status status = plait_barrier_wait_until(
            &barrier, &index, patient ? PLAIT_FOREVER : impatience_deadline(&random));
        if (status == PLAIT_OK) {
            must(index >= 0 && index < parties);
            rounds_passed[me]++;
        } else {
            must(status == PLAIT_BROKEN || status == PLAIT_TIMEOUT);
            if (stress_random_below(&random, 4) == 0) plait_barrier_reset(&barrier);
        }
    }
    plait_barrier_abort(&barrier);
    return NULL;
}

TEST(in_a_round_all_pass_or_nobody) {
    struct crew crew = {.count = 0};
    struct stress_random random = stress_random_stream(500);
    parties = stress_threads(3) > MOST ? MOST : stress_threads(3);
    ck_assert_ok(plait_barrier_init(&barrier, parties, count_action, NULL));
    for (int i = 0; i < parties; i++) crew_add(&crew, go_round, (void *)(size_t)i);
    while (stress_goes_on()) {
        (void)plait_sleep(stress_random_below(&random, 3000) / 1e6);
        if (stress_random_below(&random, 2))
            plait_barrier_reset(&barrier);
        else
            plait_barrier_abort(&barrier);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    plait_barrier_abort(&barrier);
    crew_join(&crew);
    for (int i = 0; i < parties; i++) ck_assert_int_eq(rounds_passed[i], actions);
}

/* Readers see no half-made change, writers lose none, and nobody is forgotten: patient and impatient readers and
 * writers at once, with critical sections of any length. */
#include "impatience.h"

#include <plait.h>

enum { MOST = 128 };

static plait_rwlock lock;
static long left, right; /* equal whenever nobody writes */
static long written;

static void stay_inside(struct stress_random *random) {
    uint32_t turns = stress_random_below(random, 8) ? 0 : stress_random_below(random, 2000);
    for (volatile uint32_t i = 0; i < turns; i++) {}
    if (stress_random_below(random, 500) == 0) (void)plait_sleep(0.0002);
}

static void read_once(struct stress_random *random, plait_deadline deadline) {
    plait_status status = plait_rwlock_read_acquire_until(&lock, deadline);
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status != PLAIT_OK) return;
    must(left == right);
    stay_inside(random);
    must(left == right);
    must(plait_rwlock_read_release(&lock) == PLAIT_OK);
}

static void write_once(struct stress_random *random, plait_deadline deadline) {
    plait_status status = plait_rwlock_write_acquire_until(&lock, deadline);
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status != PLAIT_OK) return;
    left++;
    stay_inside(random);
    right++;
    must(plait_rwlock_write_release(&lock) == PLAIT_OK);
    __atomic_add_fetch(&written, 1, __ATOMIC_RELAXED);
}

static void *use(void *arg) {
    size_t me = (size_t)arg;
    struct stress_random random = stress_random_stream((unsigned)me);
    uint32_t writes = me % 3 == 0 ? 50 : 5; /* in a hundred */
    while (stress_goes_on()) {
        bool patient = me % 2 || stress_random_below(&random, 4) == 0;
        plait_deadline deadline = patient ? PLAIT_FOREVER : impatience_deadline(&random);
        if (stress_random_below(&random, 100) < writes)
            write_once(&random, deadline);
        else
            read_once(&random, deadline);
    }
    return NULL;
}

TEST(readers_and_writers_keep_apart_and_all_get_on) {
    struct crew crew = {.count = 0};
    int threads = stress_threads(4) > MOST ? MOST : stress_threads(4);
    for (int i = 0; i < threads; i++) crew_add(&crew, use, (void *)(size_t)i);
    crew_join(&crew);
    ck_assert_int_eq(left, right);
    ck_assert_int_eq(left, written);
    ck_assert(!plait_rwlock_locked(&lock));
    ck_assert_ok(plait_rwlock_write_acquire_nowait(&lock));
}

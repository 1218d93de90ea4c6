/* Scopes at random: nested, with tasks and threads that add children, fail, are cancelled or come too late,
 * in pools of few workers. A child writes to its scope's body's stack, so one that outlived its scope would
 * show under the sanitizers; and each child that was taken has begun and ended, or was cancelled, before the
 * end. */
#include "support.h"
#include "support/stress.h"

enum { BODIES = 4, ROUNDS = 60 };

static plait_pool *pool;
static uint64_t odd;

/* On the stack of a body. */
struct books {
    uint32_t begun, ended;
};

static void flaw(void) {
    plait__add_relaxed(&odd, 1);
}

/* On a thread below a task a scope has threads only: the task's worker may be the last one, and waits. */
static void run_scope(plait_pool *workers, uint32_t what, int depth);

PLAIT_TASK(void, child, (plait_scope *, scope), (struct books *, books), (uint32_t, what), (int, depth),
           (bool, threads_only)) {
    plait__add(&books->begun, 1);
    switch (what % 8) {
    case 0:
        (void)plait_sleep((what >> 8) % 300 * 1e-6);
        break;
    case 1:
        if (depth && !threads_only)
            (void)plait_scope_post(scope, child, scope, books, what >> 3, depth - 1, threads_only);
        break;
    case 2:
        if (depth && what % 3 == 0)
            plait_thread_free(plait_scope_start(scope, child, scope, books, what >> 3, depth - 1, true));
        break;
    case 3:
        if (depth) run_scope(threads_only ? NULL : pool, what >> 3, depth - 1);
        break;
    case 4:
        if (what % 5 == 0) plait_raise(PLAIT_USER, "child %u", what);
        break;
    default:
        break;
    }
    plait__add(&books->ended, 1);
}

static void run_scope(plait_pool *workers, uint32_t what, int depth) {
    struct books books = {0, 0};
    plait_scope scope;
    plait_deadline deadline = what % 4 == 1 ? plait_after((what >> 4) % 2000 * 1e-6) : PLAIT_FOREVER;
    (void)plait_scope_begin_until(&scope, workers, deadline);
    for (uint32_t i = 0; i < what % 6; i++) {
        uint32_t next = what * 2654435761u + i * 40503u;
        if (next % 7 == 0 || !workers)
            plait_thread_free(plait_scope_start(&scope, child, &scope, &books, next >> 4, depth, true));
        else if (next % 2)
            plait_future_free(plait_scope_submit(&scope, child, &scope, &books, next >> 4, depth, false));
        else
            (void)plait_scope_post(&scope, child, &scope, &books, next >> 4, depth, false);
    }
    if (what % 9 == 2) (void)plait_scope_cancel(&scope);
    plait_status status = plait_scope_end(&scope);
    if (plait__load_acquire(&books.begun) != plait__load_acquire(&books.ended)) flaw();
    if (status != PLAIT_OK && status != PLAIT_USER && status != PLAIT_CANCELLED && status != PLAIT_TIMEOUT)
        flaw();
    if (status == PLAIT_TIMEOUT && !plait_passed(deadline)) flaw();
    if ((status == PLAIT_USER) != (plait_scope_failed(&scope, NULL) != NULL)) flaw();
}

PLAIT_TASK(void, body, (unsigned, index)) {
    struct stress_random random = stress_random_stream(index);
    for (int i = 0; i < ROUNDS; i++) run_scope(pool, stress_random_below(&random, UINT32_MAX), 3);
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(children_end_before_their_scope) {
    struct stress_random random = stress_random_stream(100);
    plait_excepthook_set(ignore, NULL);
    do {
        pool = plait_pool_new(1 + (int)stress_random_below(&random, 4));
        plait_scope outer;
        ck_assert_ok(plait_scope_begin(&outer, pool));
        for (unsigned i = 0; i < BODIES; i++)
            plait_thread_free(plait_scope_start(&outer, body, stress_random_below(&random, 1000)));
        for (unsigned i = 0; i < BODIES; i++)
            ck_assert_ok(plait_scope_post(&outer, body, stress_random_below(&random, 1000)));
        if (stress_random_below(&random, 3) == 0) {
            (void)plait_sleep(stress_random_below(&random, 20000) * 1e-6);
            ck_assert_ok(plait_scope_cancel(&outer));
        }
        (void)plait_scope_end(&outer);
        pool_end(pool);
        ck_assert_uint_eq(plait__load(&odd), 0);
    } while (stress_goes_on());
}

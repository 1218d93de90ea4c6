/* The pool's common queue by itself: what its users would see only after two thousand million submits. */
#include "support/test.h"

#include <plait.h>
#include <pool/injector.h>

enum { FUTURES = 200 };

static plait_future *number(int i) {
    plait_future *future = plait_future_new(sizeof(int));
    ck_assert_ptr_nonnull(future);
    future->job = (struct plait__job){.priority = i % 3};
    *(int *)plait__future_result(future) = i;
    return future;
}

static void take(struct plait__injector *injector, int expected) {
    struct plait__job *job = plait__injector_take(injector);
    ck_assert_ptr_nonnull(job);
    plait_future *future = plait__job_future(job);
    ck_assert_int_eq(*(int *)plait__future_result(future), expected);
    future->result_size = sizeof(int); /* it shares its place with the job */
    plait_future_free(future);
}

/* Those of the same priority come in the order in which they were added. */
static void take_in_order(struct plait__injector *injector) {
    for (int priority = 2; priority >= 0; priority--)
        for (int i = 0; i < FUTURES; i++)
            if (i % 3 == priority) take(injector, i);
    ck_assert_ptr_null(plait__injector_take(injector));
}

TEST(turns_begin_anew_in_the_same_order) {
    struct plait__injector injector = {.order = PLAIT_POOL_PRIORITY, .turn = INT32_MAX - FUTURES / 2};
    for (int i = 0; i < FUTURES; i++) plait__injector_add(&injector, &number(i)->job);
    ck_assert_uint_lt(injector.turn, 2 * FUTURES);
    take_in_order(&injector);
}

TEST(what_is_pushed_comes_out_in_the_same_order) {
    struct plait__injector injector = {.order = PLAIT_POOL_FIFO};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < FUTURES; i++) ck_assert(plait__injector_push(&injector, number(i)));
        for (int i = 0; i < FUTURES; i++) take(&injector, i);
        ck_assert_ptr_null(plait__injector_take(&injector));
    }
}

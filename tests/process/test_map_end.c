/* Maps in pools of processes: how often items run, how a map is stopped, and maps that nobody waits for. */
#include "process/pool_support.h"

#include <signal.h>
#include <sys/wait.h>

enum { MANY = 1000 };

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}
PLAIT_TASK(int, odd_fails, (int, x)) {
    if (x % 2) (void)plait_raise(PLAIT_USER + x, "%d is odd", x);
    return x;
}
PLAIT_TASK(int, crashes_at, (int, x), (int, bad)) {
    if (x == bad) raise(SIGKILL);
    return x + 1;
}

static int *ran; /* shared with the workers, one for each item */

PLAIT_TASK(int, marks, (int, x)) {
    plait__add(&ran[x], 1);
    return x;
}
PLAIT_TASK(int, marks_and_crashes, (int, x)) {
    plait__add(&ran[x], 1);
    if (x % 50 == 25) raise(SIGKILL);
    return x;
}
PLAIT_TASK(int, marks_and_waits, (int, x)) {
    plait__add(&ran[x], 1);
    static plait_event never;
    return (int)plait_event_wait_until(&never, plait_after(30));
}

static int in_order[MANY];

static void prepare_marks(void) {
    ran = process_shared(MANY * sizeof *ran);
    for (int i = 0; i < MANY; i++) in_order[i] = i;
}

TEST(each_item_is_run_just_once_also_beside_crashes) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_ok(plait_map(pool, marks, in_order, out, MANY));
    for (int i = 0; i < MANY; i++) ck_assert_int_eq(ran[i], 1);
    memset(ran, 0, MANY * sizeof *ran);
    ck_assert_status(plait_map(pool, marks_and_crashes, in_order, out, MANY), PLAIT_CRASHED);
    for (int i = 0; i < MANY; i++) ck_assert_int_eq(ran[i], 1);
    process_pool_end(pool);
}

TEST(a_deadline_ends_a_map) {
    enum { COUNT = 20 };
    int out[COUNT];
    plait_status statuses[COUNT];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_map_options options = {.deadline = plait_after(0.1), .statuses = statuses};
    plait_status status = plait_map_with(pool, &options, marks_and_waits, in_order, out, COUNT);
    ck_assert(status == PLAIT_TIMEOUT);
    int begun = 0;
    for (int i = 0; i < COUNT; i++) {
        begun += ran[i];
        ck_assert_int_eq(statuses[i], ran[i] ? PLAIT_OK : PLAIT_TIMEOUT);
        if (ran[i]) ck_assert_int_eq(out[i], PLAIT_CANCELLED);
    }
    ck_assert(begun >= 1 && begun < COUNT);
    process_pool_end(pool);
}

TEST(a_deadline_that_has_passed_runs_nothing) {
    int out[20];
    prepare_marks();
    plait_pool *pool = process_pool(1, NULL);
    plait_map_options options = {.deadline = PLAIT_NOW};
    ck_assert_status(plait_map_with(pool, &options, marks, in_order, out, 20), PLAIT_TIMEOUT);
    for (int i = 0; i < 20; i++) ck_assert_int_eq(ran[i], 0);
    process_pool_end(pool);
}

struct canceller {
    plait_token *token;
    int *seen;
};
static void *cancel_when_begun(void *argument) {
    struct canceller *canceller = argument;
    wait_for_word(canceller->seen, 1);
    plait_cancel(canceller->token);
    return NULL;
}

TEST(a_cancel_reaches_items_that_run_and_leaves_out_the_others) {
    enum { COUNT = 30 };
    int out[COUNT];
    plait_status statuses[COUNT];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    struct canceller canceller = {token, &ran[0]};
    plait_thread *thread = plait_thread_new(NULL, cancel_when_begun, &canceller);
    plait_token *before = plait_token_enter(token);
    plait_map_options options = {.statuses = statuses, .chunk = 4};
    ck_assert_status(plait_map_with(pool, &options, marks_and_waits, in_order, out, COUNT), PLAIT_CANCELLED);
    plait_token_leave(before);
    int begun = 0;
    for (int i = 0; i < COUNT; i++) {
        begun += ran[i];
        ck_assert_int_eq(statuses[i], ran[i] ? PLAIT_OK : PLAIT_CANCELLED);
    }
    ck_assert(begun >= 1 && begun <= 4);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
    plait_token_free(token);
    process_pool_end(pool);
}

TEST(a_time_limit_is_each_items_own) {
    enum { COUNT = 6 };
    int out[COUNT];
    plait_status statuses[COUNT];
    prepare_marks();
    plait_pool *pool = process_pool(2, &(plait_process_pool_options){.soft_time_limit = 0.05});
    plait_map_options options = {.statuses = statuses, .chunk = COUNT};
    ck_assert_ok(plait_map_with(pool, &options, marks_and_waits, in_order, out, COUNT));
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(ran[i], 1);
        ck_assert_int_eq(out[i], PLAIT_CANCELLED);
    }
    process_pool_end(pool);
}

PLAIT_TASK(int, hangs_at, (int, x), (int, bad)) {
    while (x == bad) usleep(1000);
    return x + 1;
}

TEST(a_hard_time_limit_ends_one_item) {
    enum { COUNT = 20 };
    int out[COUNT], bad = 5;
    plait_status statuses[COUNT];
    size_t index = 0;
    prepare_marks();
    plait_process_pool_options limits = {.hard_time_limit = 0.2, .grace = 0.01};
    plait_pool *pool = process_pool(2, &limits);
    plait_map_options options = {.statuses = statuses, .chunk = COUNT};
    ck_assert_status(
        plait_starmap_with(pool, &options, hangs_at, out, COUNT, plait_each(in_order), plait_repeat(&bad)),
        PLAIT_TIMEOUT);
    (void)plait_map_message(&index);
    ck_assert_uint_eq(index, 5);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(statuses[i], i == bad ? PLAIT_TIMEOUT : PLAIT_OK);
        ck_assert_int_eq(out[i], i == bad ? 0 : i + 1);
    }
    process_pool_end(pool);
}

TEST(the_child_of_a_fork_cannot_map) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_ok(plait_map(pool, square, in_order, out, MANY));
    pid_t child = fork();
    if (child == 0) _exit(plait_map(pool, square, in_order, out, MANY) == PLAIT_BROKEN ? 0 : 1);
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ok(plait_map(pool, square, in_order, out, MANY));
    process_pool_end(pool);
}

/* ---- maps that nobody waits for ---- */

TEST(a_map_async_is_done_when_all_is) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[3];
    static int outs[3][MANY];
    for (int i = 0; i < 3; i++) futures[i] = plait_map_async(pool, square, in_order, outs[i], MANY);
    ck_assert_ok(plait_map(pool, square, in_order, out, MANY));
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(plait_result(futures[i]));
        for (int k = 0; k < MANY; k++) ck_assert_int_eq(outs[i][k], k * k);
        plait_future_free(futures[i]);
    }
    plait_future *none = plait_map_async(pool, square, in_order, out, 0);
    ck_assert_ok(plait_result(none));
    plait_future_free(none);
    process_pool_end(pool);
}

TEST(a_map_async_fails_like_a_map) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    ck_assert_fails(plait_map_async(pool, odd_fails, in_order, out, MANY), PLAIT_USER + 1, "1 is odd");
    int bad = 7;
    ck_assert_fails(
        plait_starmap_async(pool, crashes_at, out, MANY, plait_each(in_order), plait_repeat(&bad)),
        PLAIT_CRASHED, "killed by SIGKILL");
    ck_assert_int_eq(out[8], 9);
    process_pool_end(pool);
}

TEST(a_map_async_can_be_cancelled_and_has_a_deadline) {
    enum { COUNT = 30 };
    static int out[COUNT];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_map_async(pool, marks_and_waits, in_order, out, COUNT);
    wait_for_word(&ran[0], 1);
    (void)plait_future_cancel(future);
    ck_assert_status(plait_result(future), PLAIT_CANCELLED);
    plait_future_free(future);
    plait_map_options options = {.deadline = plait_after(0.05)};
    future = plait_map_async_with(pool, &options, marks_and_waits, in_order, out, COUNT);
    ck_assert_status(plait_result(future), PLAIT_TIMEOUT);
    plait_future_free(future);
    ck_assert_int_eq(ran[COUNT - 1], 0);
    process_pool_end(pool);
}

TEST(a_map_that_has_begun_goes_on_when_its_pool_is_closed) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_map_async_with(pool, &(plait_map_options){.chunk = 1}, square, in_order, out,
                                                MANY);
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_ok(plait_result(future));
    for (int k = 0; k < MANY; k++) ck_assert_int_eq(out[k], k * k);
    plait_future_free(future);
    ck_assert_ok(plait_pool_join(pool));
    plait_pool_free(pool);
}

/* ---- shared objects ---- */

PLAIT_TASK(int, adds_in, (plait_shared *, memory), (int, x)) {
    return plait__add((int *)plait_shared_address(memory), x);
}

TEST(shared_memory_is_lent_to_items) {
    static int out[MANY];
    prepare_marks();
    plait_pool *pool = process_pool(2, NULL);
    plait_shared *memory = plait_shared_new(4096);
    ck_assert_ptr_nonnull(memory);
    ck_assert_ok(plait_starmap(pool, adds_in, out, MANY, plait_repeat(&memory), plait_each(in_order)));
    ck_assert_int_eq(*(int *)plait_shared_address(memory), MANY * (MANY - 1) / 2);
    plait_shared *many[10];
    for (int i = 0; i < 10; i++) many[i] = memory;
    ck_assert_ok(plait_starmap(pool, adds_in, out, 10, plait_each(many), plait_each(in_order)));
    plait_future *future = plait_submit(pool, adds_in, memory, 1);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    ck_assert_int_eq(*(int *)plait_shared_address(memory), MANY * (MANY - 1) / 2 + 45 + 1);
    plait_shared_free(memory);
    process_pool_end(pool);
}

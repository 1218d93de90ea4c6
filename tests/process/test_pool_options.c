/* What a pool of processes can be told: initializer, limits, sizes, orders, how many may wait. */
#include "process/pool_support.h"

#include <signal.h>

static struct book { int begun, go, order[64], count, stubborn; } * book;

static int level; /* each worker's own */
PLAIT_TASK(void, set_level, (const char *, text), (int, more)) {
    level = (int)strlen(text) + more;
}
PLAIT_TASK(int, get_level, (int, ignored)) {
    (void)ignored;
    return level;
}
PLAIT_TASK(void, refuse, (int, ignored)) {
    (void)ignored;
    (void)plait_raise(PLAIT_FAILED, "no database");
}
PLAIT_TASK(void, die, (int, ignored)) {
    (void)ignored;
    (void)raise(SIGKILL);
}
PLAIT_TASK(int, own_pid, (int, ignored)) {
    (void)ignored;
    return (int)getpid();
}
PLAIT_TASK(void, wait_for_go, (int, ignored)) {
    (void)ignored;
    plait__add(&book->begun, 1);
    wait_for_word(&book->go, 1);
}
PLAIT_TASK(void, note, (int, number)) {
    book->order[plait__add(&book->count, 1)] = number;
}
PLAIT_TASK(int, wait_long, (int, stubborn)) {
    plait__add(&book->begun, 1);
    if (stubborn) (void)signal(SIGTERM, SIG_IGN);
    plait__add(&book->stubborn, stubborn);
    do {
        if (plait_sleep(100) == PLAIT_CANCELLED && !stubborn) return 7;
    } while (true);
}
PLAIT_TASK(int, never_ends, (int, ignored)) {
    (void)ignored;
    plait__add(&book->begun, 1);
    volatile bool forever = true;
    while (forever) {}
    return 0;
}

/* Before the first pool of a test; a later one finds it as it was. */
static void get_ready(void) {
    if (!book) book = process_shared(sizeof *book);
    memset(book, 0, sizeof *book);
}

TEST(each_worker_runs_the_initializer_first) {
    plait_pool *pool = process_pool(
        2, &(plait_process_pool_options){.initializer = plait_task_of(set_level),
                                         .initializer_arguments = plait_arguments(set_level, "four", 3)});
    for (int i = 0; i < 20; i++) {
        plait_future *future = plait_submit(pool, get_level, 0);
        int result = 0;
        ck_assert_ok(plait_result(future, &result));
        ck_assert_int_eq(result, 7);
        plait_future_free(future);
    }
    process_pool_end(pool);
}

TEST(an_initializer_that_raises_breaks_the_pool) {
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.initializer = plait_task_of(refuse)});
    ck_assert_fails(plait_submit(pool, own_pid, 0), PLAIT_BROKEN, "no database");
    ck_assert_fails(plait_submit(pool, own_pid, 0), PLAIT_BROKEN, "no database");
    process_pool_end(pool);
}

TEST(a_pool_whose_workers_cannot_begin_says_so) {
    plait_pool *pool = process_pool(2, &(plait_process_pool_options){.initializer = plait_task_of(die)});
    ck_assert_fails(plait_submit(pool, own_pid, 0), PLAIT_BROKEN, "killed by SIGKILL");
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_le(counters.crashed, 6);
    process_pool_end(pool);
}

TEST(a_worker_ends_after_so_many_tasks) {
    enum { TASKS = 60, EACH = 10 };
    int pids[TASKS], others = 0;
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.max_tasks_per_worker = EACH});
    for (int i = 0; i < TASKS; i++) {
        plait_future *future = plait_submit(pool, own_pid, 0);
        ck_assert_ok(plait_result(future, &pids[i]));
        others += i > 0 && pids[i] != pids[i - 1];
        plait_future_free(future);
    }
    ck_assert_int_ge(others, TASKS / EACH - 1);
    ck_assert_int_le(others, TASKS / (EACH - 1) + 1);
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_eq(counters.crashed, 0);
    process_pool_end(pool);
}

TEST(the_soft_limit_cancels_a_task) {
    get_ready();
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.soft_time_limit = 0.02});
    plait_future *future = plait_submit(pool, wait_long, 0);
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 7);
    plait_future_free(future);
    process_pool_end(pool);
}

TEST(the_hard_limit_ends_it_and_others_go_on) {
    get_ready();
    plait_pool *pool = process_pool(2, &(plait_process_pool_options){.hard_time_limit = 0.05, .grace = 0.05});
    plait_future *stuck = plait_submit(pool, never_ends, 0), *stubborn = plait_submit(pool, wait_long, 1);
    ck_assert_fails(stuck, PLAIT_TIMEOUT, "task 'never_ends' ran longer than 0.05 s");
    ck_assert_fails(stubborn, PLAIT_TIMEOUT, "task 'wait_long' ran longer than 0.05 s");
    for (int i = 0; i < 100; i++) {
        plait_future *future = plait_submit(pool, own_pid, 0);
        ck_assert_ok(plait_result(future));
        plait_future_free(future);
    }
    process_pool_end(pool);
}

TEST(a_running_task_is_cancelled) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *future = plait_submit(pool, wait_long, 0), *queued = plait_submit(pool, own_pid, 0);
    wait_for_word(&book->begun, 1);
    ck_assert(plait_future_running(future));
    ck_assert(!plait_future_running(queued));
    ck_assert(plait_future_cancel(queued));
    ck_assert(plait_future_cancelled(queued));
    ck_assert(plait_future_cancel(future));
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 7);
    plait_future_free(future);
    plait_future_free(queued);
    process_pool_end(pool);
}

TEST(a_cancelled_token_reaches_what_was_submitted_below_it) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_future *future = plait_submit(pool, wait_long, 0), *queued = plait_submit(pool, own_pid, 0);
    plait_token_leave(before);
    wait_for_word(&book->begun, 1);
    ck_assert_ok(plait_cancel(token));
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 7);
    ck_assert_status(plait_result(queued), PLAIT_CANCELLED);
    plait_future_free(future);
    plait_future_free(queued);
    plait_token_free(token);
    process_pool_end(pool);
}

TEST(a_deadline_passes_there_too) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_deadline soon;
    plait_submit_options options = {.deadline = &soon};
    plait_future *future = NULL, *late = NULL;
    int result = 0;
    plait_status status = PLAIT_TIMEOUT;
    for (double seconds = 0.02; status == PLAIT_TIMEOUT; seconds *= 2) { /* it had not begun by then */
        plait_future_free(future);
        plait_future_free(late);
        soon = plait_after(seconds);
        future = plait_submit_with(pool, &options, wait_long, 0);
        late = plait_submit_with(pool, &options, own_pid, 0);
        status = plait_result(future, &result);
    }
    ck_assert_ok(status);
    ck_assert_int_eq(result, 7);
    ck_assert_status(plait_result(late), PLAIT_TIMEOUT);
    plait_future_free(future);
    plait_future_free(late);
    process_pool_end(pool);
}

static void run_in_order(plait_pool_order order, const int *expected) {
    get_ready();
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.order = order});
    plait_future *gate = plait_submit(pool, wait_for_go, 0), *futures[4];
    wait_for_word(&book->begun, 1);
    static const int priorities[] = {0, 5, 1, 5};
    for (int i = 0; i < 4; i++)
        futures[i] = plait_submit_with(pool, (&(plait_submit_options){.priority = priorities[i]}), note, i);
    plait__store_release(&book->go, 1);
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    for (int i = 0; i < 4; i++) ck_assert_int_eq(book->order[i], expected[i]);
    plait_future_free(gate);
    process_pool_end(pool);
}

TEST(tasks_begin_in_the_order_asked_for) {
    run_in_order(PLAIT_POOL_FIFO, (const int[]){0, 1, 2, 3});
    run_in_order(PLAIT_POOL_LIFO, (const int[]){3, 2, 1, 0});
    run_in_order(PLAIT_POOL_PRIORITY, (const int[]){1, 3, 2, 0});
}

TEST(a_full_pool_refuses) {
    get_ready();
    plait_pool *pool = process_pool(
        1, &(plait_process_pool_options){.max_pending = 2, .when_full = PLAIT_POOL_REJECT});
    plait_future *futures[3];
    for (int i = 0; i < 3; i++) futures[i] = plait_submit(pool, wait_for_go, 0);
    ck_assert_fails(plait_submit(pool, own_pid, 0), PLAIT_FULL, "no room");
    plait__store_release(&book->go, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    process_pool_end(pool);
}

static void *submit_one(void *pool) {
    plait_future *future = plait_submit((plait_pool *)pool, own_pid, 0);
    plait_status status = plait_result(future);
    plait_future_free(future);
    return (void *)(intptr_t)status;
}

TEST(a_full_pool_makes_submits_wait) {
    get_ready();
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.max_pending = 1});
    plait_future *futures[2];
    for (int i = 0; i < 2; i++) futures[i] = plait_submit(pool, wait_for_go, 0);
    plait_thread *thread = plait_thread_new(NULL, submit_one, pool);
    wait_until_asleep_in("pool.submit", 1);
    plait_deadline soon = plait_after(0.01);
    plait_future *late = plait_submit_with(pool, (&(plait_submit_options){.deadline = &soon}), own_pid, 0);
    ck_assert_status(plait_result(late), PLAIT_TIMEOUT);
    plait_future_free(late);
    plait__store_release(&book->go, 1);
    void *status = NULL;
    ck_assert_ok(plait_thread_result(thread, &status));
    ck_assert_ptr_null(status);
    plait_thread_free(thread);
    for (int i = 0; i < 2; i++) plait_future_free(futures[i]);
    process_pool_end(pool);
}

TEST(a_pool_grows_and_shrinks) {
    get_ready();
    plait_pool *pool = process_pool(1, NULL);
    plait_future *futures[3];
    for (int i = 0; i < 3; i++) futures[i] = plait_submit(pool, wait_for_go, 0);
    ck_assert_ok(plait_pool_resize(pool, 0, 3));
    wait_for_word(&book->begun, 3);
    ck_assert_ok(plait_pool_resize(pool, 0, 1));
    plait__store_release(&book->go, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(plait_result(futures[i]));
        plait_future_free(futures[i]);
    }
    plait_pool_counters counters = {0};
    do ck_assert_ok(plait_pool_stats(pool, &counters));
    while (counters.workers > 1);
    plait_future *future = plait_submit(pool, own_pid, 0);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    ck_assert_uint_eq(counters.crashed, 0);
    process_pool_end(pool);
}

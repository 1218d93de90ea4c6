/* Children of tasks: run where they are synced, or by another worker; what the sync gives; whom a waiting parent helps.
 *
 * A child is known to be stolen when its parent waits for something that only the child does, before it syncs. */
#include "spawn_support.h"

#include <pthread.h>

PLAIT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    plait_spawn(left, fib, n - 1);
    long right = fib(n - 2);
    return plait_sync(left) + right;
}

TEST(parts_of_a_recursion_find_their_workers) {
    for (int workers = 1; workers <= 4; workers++) {
        plait_pool *pool = plait_pool_new(workers);
        for (int i = 0; i < 20; i++) {
            plait_future *future = plait_submit(pool, fib, 20);
            long result = 0;
            ck_assert_ok(plait_result(future, &result));
            ck_assert_int_eq(result, 6765);
            plait_future_free(future);
        }
        pool_end(pool);
    }
}

TEST(on_a_thread_of_no_pool_a_child_is_run_at_its_sync) {
    ck_assert_int_eq(fib(15), 610);
    long result = 0;
    plait_thread *thread = plait_start(fib, 15);
    ck_assert_ok(plait_thread_result(thread, &result));
    ck_assert_int_eq(result, 610);
    plait_thread_free(thread);
}

/* ---- arguments and results of all kinds ---- */

struct large {
    double numbers[7];
    char letter;
};

PLAIT_TASK(struct large, make_large, (double, x), (char, letter)) {
    struct large large = {.letter = letter};
    for (int i = 0; i < 7; i++) large.numbers[i] = x * i;
    return large;
}

PLAIT_TASK(char, letter_of, (struct large, large)) {
    return large.letter;
}

PLAIT_TASK(void, set, (int *const, out), (const int, value)) {
    *out = value;
}

PLAIT_TASK(int, sum_of_eight, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g),
           (int, h)) {
    return a + b + c + d + e + f + g + h;
}

PLAIT_TASK(int, all_kinds) {
    int out = 0, other = 9;
    plait_spawn(one, make_large, 2.5, .letter = 'x');
    plait_spawn(two, set, &out, 7);
    plait_spawn(three, sum_of_eight, 1, 2, 3, 4, 5, 6, 7); /* the last one is zero */
    plait_spawn(four, set, &other);                        /* to zero */
    plait_sync(four);
    if (other != 0 || plait_sync(three) != 28) return 1;
    plait_sync(two);
    if (out != 7) return 2;
    struct large large = plait_sync(one);
    plait_spawn(five, letter_of, large);
    large.letter = 'y'; /* what the child was given is a copy */
    if (large.numbers[6] != 15) return 3;
    return plait_sync(five) == 'x' ? 0 : 4;
}

TEST(arguments_and_results_of_all_kinds) {
    ck_assert_int_eq(all_kinds(), 0);
    for (int workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 100; i++) ck_assert_int_eq(spawn_run(workers, plait_task_of(all_kinds)), 0);
}

PLAIT_TASK(int, number, (int, x)) {
    return x;
}

PLAIT_TASK(int, in_another_order) {
    plait_spawn(a, number, 1);
    plait_spawn(b, number, 10);
    plait_spawn(c, number, 100);
    plait_spawn(d, number, 1000);
    int sum = plait_sync(b);
    sum += 2 * plait_sync(a);
    plait_spawn(e, number, 10000);
    return sum + plait_sync(d) + plait_sync(e) + plait_sync(c);
}

TEST(children_are_synced_in_any_order) {
    ck_assert_int_eq(in_another_order(), 11112);
    for (int workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 100; i++)
            ck_assert_int_eq(spawn_run(workers, plait_task_of(in_another_order)), 11112);
}

/* ---- scopes ---- */

PLAIT_TASK(int, leave_early, (int *, ran), (int, how)) {
    for (int i = 0; i < 3; i++) {
        plait_spawn(child, set, &ran[i], 1);
        if (how == i) break;
        if (how == i + 10) return ran[i];
        if (how == 20) continue;
        plait_sync(child);
    }
    return ran[0] + ran[1] + ran[2];
}

PLAIT_TASK(int, leave_in_all_ways) {
    int ran[3] = {0};
    for (int how = 0; how < 3; how++)
        if (leave_early(ran, how) != how + 1 || ran[how] != 1) return 1;
    memset(ran, 0, sizeof ran);
    (void)leave_early(ran, 11);
    if (ran[0] != 1 || ran[1] != 1 || ran[2] != 0) return 2;
    return leave_early(ran, 20) == 3 ? 0 : 3;
}

TEST(a_scope_that_is_left_waits_for_its_children) {
    ck_assert_int_eq(leave_in_all_ways(), 0);
    for (int workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 100; i++)
            ck_assert_int_eq(spawn_run(workers, plait_task_of(leave_in_all_ways)), 0);
}

enum { DEPTH = 3000 }; /* more than a deque holds */

PLAIT_TASK(int, nest_deeply, (int, depth)) {
    if (depth == 0) return 0;
    plait_spawn(child, number, 1);
    int rest = nest_deeply(depth - 1);
    return rest + plait_sync(child);
}

PLAIT_TASK(int, nest) {
    return nest_deeply(DEPTH);
}

TEST(more_children_than_can_be_offered_are_run_all_the_same) {
    for (int workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 5; i++) ck_assert_int_eq(spawn_run(workers, plait_task_of(nest)), DEPTH);
}

/* ---- stolen children ---- */

static plait_event begun, go_on, ended;

PLAIT_TASK(const void *, begin_and_wait) {
    plait_event_set(&begun);
    plait_event_wait(&go_on);
    return plait_thread_current();
}

PLAIT_TASK(int, lend_a_child) {
    plait_spawn(child, begin_and_wait);
    plait_event_wait(&begun);
    plait_event_set(&go_on);
    return plait_sync(child) != plait_thread_current();
}

TEST(another_worker_runs_a_child_while_its_parent_goes_on) {
    ck_assert_int_eq(spawn_run(2, plait_task_of(lend_a_child)), 1);
}

PLAIT_TASK(int, wait_long_for_a_child) {
    plait_spawn(child, begin_and_wait);
    plait_event_wait(&begun);
    return plait_sync(child) != plait_thread_current();
}

TEST(a_parent_sleeps_until_its_child_is_done) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, wait_long_for_a_child);
    wait_until_asleep_in("sync", 1);
    ck_assert(!plait_future_done(future));
    plait_event_set(&go_on);
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 1);
    plait_future_free(future);
    pool_end(pool);
}

/* Only the waiting parent is there to run the grandchild, and it may: the child waits for it. */
PLAIT_TASK(void, end_it) {
    plait_event_set(&ended);
}

PLAIT_TASK(int, spawn_when_told) {
    plait_event_set(&begun);
    plait_event_wait(&go_on);
    plait_spawn(grandchild, end_it);
    plait_event_wait(&ended);
    plait_sync(grandchild);
    return 5;
}

PLAIT_TASK(int, wait_for_what_spawns) {
    plait_spawn(child, spawn_when_told);
    plait_event_wait(&begun);
    return plait_sync(child);
}

TEST(a_waiting_parent_runs_what_its_child_has_spawned) {
    plait_event_set(&go_on);
    ck_assert_int_eq(spawn_run(2, plait_task_of(wait_for_what_spawns)), 5);
}

TEST(a_sleeping_parent_is_woken_to_run_what_its_child_has_spawned) {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, wait_for_what_spawns);
    wait_until_asleep_in("sync", 1);
    plait_event_set(&go_on);
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 5);
    plait_future_free(future);
    pool_end(pool);
}

/* What somebody else has spawned a waiting parent leaves alone, though nobody else is there. */
static plait_event stranger_begun, stranger_goes_on;
static bool foreign_ran;

PLAIT_TASK(void, be_foreign) {
    plait__store(&foreign_ran, true);
}

PLAIT_TASK(bool, be_a_stranger) {
    plait_spawn(foreign, be_foreign);
    plait_event_set(&stranger_begun);
    plait_event_wait(&stranger_goes_on);
    bool ran_elsewhere = plait__load(&foreign_ran);
    plait_sync(foreign);
    return ran_elsewhere;
}

TEST(a_waiting_parent_runs_nothing_else) {
    plait_pool *pool = plait_pool_new(3);
    plait_future *parent = plait_submit(pool, wait_long_for_a_child);
    wait_until_asleep_in("sync", 1);
    plait_future *stranger = plait_submit(pool, be_a_stranger);
    plait_event_wait(&stranger_begun);
    wait_until_asleep_in("event", 2);
    wait_until_asleep_in("sync", 1);
    plait_event_set(&stranger_goes_on);
    bool ran_elsewhere = true;
    ck_assert_ok(plait_result(stranger, &ran_elsewhere));
    ck_assert(!ran_elsewhere && foreign_ran);
    plait_event_set(&go_on);
    ck_assert_ok(plait_result(parent));
    plait_future_free(parent);
    plait_future_free(stranger);
    pool_end(pool);
}

PLAIT_TASK(int, wait_for_a_sibling) {
    plait_event_set(&begun);
    plait_event_wait(&ended);
    return 6;
}

PLAIT_TASK(int, spawn_siblings) {
    plait_spawn(first, wait_for_a_sibling);
    plait_event_wait(&begun);
    plait_spawn(second, number, 1);
    plait_spawn(third, end_it);
    int sum = plait_sync(first);
    plait_sync(third);
    return sum + plait_sync(second);
}

TEST(a_waiting_parent_runs_its_other_children) {
    ck_assert_int_eq(spawn_run(2, plait_task_of(spawn_siblings)), 7);
}

/* ---- where one may spawn ---- */

PLAIT_TASK(long, fib_of, (int, n)) {
    return fib(n);
}

TEST(the_items_of_a_map_may_spawn) {
    plait_pool *pool = plait_pool_new(3);
    int numbers[50];
    long results[50];
    for (int i = 0; i < 50; i++) numbers[i] = i % 15;
    ck_assert_ok(plait_map(pool, fib_of, numbers, results, 50));
    for (int i = 0; i < 50; i++) ck_assert_int_eq(results[i], fib(i % 15));
    pool_end(pool);
}

static void spawn_in_callback(plait_future *future, void *context) {
    (void)future;
    *(long *)context = fib(12);
    plait_event_set(&ended);
}

TEST(a_callback_may_spawn) {
    plait_pool *pool = plait_pool_new(2);
    long result = 0;
    plait_future *future = plait_submit(pool, begin_and_wait);
    ck_assert_ok(plait_future_add_done_callback(future, spawn_in_callback, &result));
    plait_event_set(&go_on);
    plait_event_wait(&ended);
    ck_assert_int_eq(result, 144);
    plait_future_free(future);
    pool_end(pool);
}

/* The layer below the macros: a descriptor that is a value. */
struct untyped {
    struct plait_child child;
    _Alignas(16) struct plait__args_fib args;
    _Alignas(16) long result;
};

PLAIT_TASK(int, spawn_untyped) {
    struct untyped one = {.child.task = plait_task_of(fib), .args = {0, 10}};
    struct untyped two = one;
    plait_child_offer(&one.child);
    plait_child_offer(&two.child);
    plait_child_end(&one.child);
    if (plait_child_take(&two.child)) two.child.task->run(&two.args, &two.result);
    return (int)two.result;
}

TEST(a_child_of_any_descriptor) {
    ck_assert_int_eq(spawn_run(2, plait_task_of(spawn_untyped)), 55);
}

/* Crash isolation: a task that takes its worker along loses its own future and nothing else. */
#include "process/pool_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

PLAIT_TASK(long, add, (long, a), (long, b)) {
    return a + b;
}
PLAIT_TASK(int, leave, (int, code)) {
    exit(code);
}
PLAIT_TASK(void, die_by, (int, signal)) {
    (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL},
                    NULL); /* the sanitizers have others */
    (void)raise(signal);
}
PLAIT_TASK(void, leave_thread, (int, ignored)) {
    (void)ignored;
    pthread_exit(NULL);
}
PLAIT_TASK(int, forks, (int, ignored)) {
    (void)ignored;
    return fork() ? 1 : 2;
}

static struct book { int tries, worker; } * book;

PLAIT_TASK(int, third_time, (int, ignored)) {
    (void)ignored;
    if (plait__add(&book->tries, 1) < 2) (void)raise(SIGKILL);
    return 3;
}
PLAIT_TASK(void, stay, (int, ignored)) {
    (void)ignored;
    plait__store_release(&book->worker, (int)getpid());
    while (true) (void)plait_sleep(1);
}

TEST(one_future_fails_and_a_thousand_others_do_not_notice) {
    plait_pool *pool = process_pool(2, NULL);
    enum { COUNT = 1000, BAD = 333 };
    static plait_future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = i == BAD ? plait_submit(pool, die_by, SIGSEGV) : plait_submit(pool, add, i, 1);
    for (int i = 0; i < COUNT; i++) {
        long sum = 0;
        if (i == BAD) {
            ck_assert_fails(futures[i], PLAIT_CRASHED, "task 'die_by' was killed by SIGSEGV");
            continue;
        }
        ck_assert_ok(plait_result(futures[i], &sum));
        ck_assert_int_eq(sum, i + 1);
        plait_future_free(futures[i]);
    }
    process_pool_end(pool);
}

TEST(the_words_say_how_it_ended) {
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_fails(plait_submit(pool, leave, 3), PLAIT_CRASHED,
                    "task 'leave' exited with code 3 in worker 1");
    ck_assert_fails(plait_submit(pool, leave, 0), PLAIT_CRASHED, "exited with code 0");
    ck_assert_fails(plait_submit(pool, die_by, SIGKILL), PLAIT_CRASHED, "was killed by SIGKILL");
    ck_assert_fails(plait_submit(pool, die_by, SIGABRT), PLAIT_CRASHED, "was killed by SIGABRT");
    ck_assert_fails(plait_submit(pool, leave_thread, 0), PLAIT_FAILED, "left by pthread_exit");
    plait_future *future = plait_submit(pool, add, 1, 2);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_ge(counters.crashed, 4);
    ck_assert_uint_ge(counters.restarted, 4);
    process_pool_end(pool);
}

TEST(a_task_that_forks_counts_once) {
    plait_pool *pool = process_pool(1, NULL);
    for (int i = 0; i < 10; i++) {
        plait_future *future = plait_submit(pool, forks, 0);
        int which = 0;
        ck_assert_ok(plait_result(future, &which));
        ck_assert_int_eq(which, 1);
        plait_future_free(future);
    }
    process_pool_end(pool);
}

TEST(a_task_that_may_be_run_again_is_and_given_up_in_the_end) {
    book = process_shared(sizeof *book);
    plait_pool *pool = process_pool(1, &(plait_process_pool_options){.max_crashes = 3});
    plait_future *future = plait_submit(pool, third_time, 0);
    int result = 0;
    ck_assert_ok(plait_result(future, &result));
    ck_assert_int_eq(result, 3);
    plait_future_free(future);
    ck_assert_fails(plait_submit(pool, die_by, SIGKILL), PLAIT_CRASHED, "it has ended 3 workers");
    process_pool_end(pool);
}

TEST(a_worker_killed_from_outside_fails_what_it_runs) {
    book = process_shared(sizeof *book);
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_submit(pool, stay, 0);
    wait_for_word(&book->worker, 1);
    ck_assert(plait_future_running(future));
    ck_assert_int_eq(kill(book->worker, SIGKILL), 0);
    ck_assert_fails(future, PLAIT_CRASHED, "task 'stay' was killed by SIGKILL");
    process_pool_end(pool);
}

/* Workers killed at random moments, hundreds of them: every task has exactly one end, and the right one. */
#include "process/pool_support.h"
#include "support/kill.h"
#include "support/stress.h"

#include <base/clock.h>
#include <signal.h>

enum { SLOTS = 64, THREADS = 3, EACH = 64, TASKS = THREADS * EACH };

/* What the tasks write down, in memory that all share. */
static struct book {
    int pids[SLOTS];           /* who has run lately */
    unsigned char runs[TASKS]; /* how often each has been run to its end */
    unsigned char begun[TASKS];
} * book;

PLAIT_TASK(long, note, (int, number), (int, pace_us)) {
    plait__store(&book->pids[(unsigned)number % SLOTS], (int)getpid());
    book->begun[number]++;
    for (int64_t until = plait__now() + pace_us * 1000; plait__now() < until;) {}
    book->runs[number]++;
    return 3L * number;
}
PLAIT_TASK(plait_bytes, grow, (plait_bytes, in), (size_t, size)) {
    static char out[200000];
    memset(out, in.size ? *(const char *)in.data : 0, size);
    plait__store(&book->pids[size % SLOTS], (int)getpid());
    return (plait_bytes){out, size};
}

static int tasks, killed, over;
static plait_pool *pool;

static void kill_somebody(struct stress_random *random) {
    int pid = plait__load(&book->pids[stress_random_below(random, SLOTS)]);
    if (pid > 1 && pid != getpid() && kill(pid, SIGKILL) == 0) plait__add(&killed, 1);
}

static void *kill_some(void *argument) {
    struct stress_random random = stress_random_stream(1000);
    (void)argument;
    while (!plait__load(&over)) {
        kill_linger(&random, 3000);
        kill_somebody(&random);
    }
    return NULL;
}

/* Whether it ended as what was written down of it allows. */
static bool is_right(plait_status status, int number, long result) {
    int begun = book->begun[number], runs = book->runs[number];
    if (status == PLAIT_OK) return result == 3L * number && runs == 1 && begun == 1;
    if (status == PLAIT_CANCELLED) return begun == 0;
    return status == PLAIT_CRASHED && begun <= 1;
}

/* Each thread submits some, under numbers of its own, and takes their results. Returns how many have crashed. */
static void *submit_some(void *argument) {
    struct stress_random random = stress_random_stream((unsigned)(uintptr_t)argument);
    int first = (int)(uintptr_t)argument * EACH;
    uintptr_t crashed = 0;
    while (stress_goes_on()) {
        plait_future *futures[EACH];
        int count = 1 + (int)stress_random_below(&random, EACH);
        for (int i = 0; i < count; i++) {
            book->begun[first + i] = book->runs[first + i] = 0;
            futures[i] = plait_submit(pool, note, first + i, (int)stress_random_below(&random, 30));
            if (stress_random_below(&random, 16) == 0) (void)plait_future_cancel(futures[i]);
        }
        plait__add(&tasks, count);
        for (int i = 0; i < count; i++) {
            long result = 0;
            plait_status status = plait_result(futures[i], &result);
            if (!is_right(status, first + i, result)) return (void *)UINTPTR_MAX;
            crashed += status == PLAIT_CRASHED;
            plait_future_free(futures[i]);
        }
    }
    return (void *)crashed;
}

TEST_WITHIN(each_task_has_one_end_whoever_is_killed, 120) {
    kill_nothing_left_begin();
    book = process_shared(sizeof *book);
    pool = process_pool(3, NULL);
    plait_thread *threads[THREADS], *killer = plait_thread_new(NULL, kill_some, NULL);
    uintptr_t crashed = 0;
    for (int i = 0; i < THREADS; i++) threads[i] = plait_thread_new(NULL, submit_some, (void *)(uintptr_t)i);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        ck_assert_ok(plait_thread_result(threads[i], &result));
        ck_assert_msg((uintptr_t)result != UINTPTR_MAX, "a task has a wrong end");
        crashed += (uintptr_t)result;
        plait_thread_free(threads[i]);
    }
    plait__store(&over, 1);
    ck_assert_ok(plait_thread_join(killer));
    plait_thread_free(killer);
    process_pool_end(pool);
    fprintf(stderr, "# %d tasks, %d signals sent, %lu tasks crashed\n", tasks, killed,
            (unsigned long)crashed);
    ck_assert_uint_le(crashed, (unsigned)killed);
    kill_nothing_left(NULL);
}

/* Results that do not fit into a cell, nor into a room. */
TEST_WITHIN(large_results_survive_it_too, 120) {
    struct stress_random random = stress_random_stream(1);
    book = process_shared(sizeof *book);
    pool = process_pool(2, NULL);
    static char in[200000];
    memset(in, 'x', sizeof in);
    int right = 0, crashed = 0;
    while (stress_goes_on()) {
        size_t size = stress_random_below(&random, sizeof in);
        plait_future *future = plait_submit(
            pool, grow, ((plait_bytes){in, stress_random_below(&random, sizeof in) + 1}), size);
        if (stress_random_below(&random, 4) == 0) kill_somebody(&random);
        plait_bytes out;
        plait_status status = plait_result(future, &out);
        ck_assert(status == PLAIT_OK || status == PLAIT_CRASHED);
        if (status == PLAIT_OK) {
            ck_assert_uint_eq(out.size, size);
            ck_assert(memcmp(out.data, in, size) == 0);
            right++;
        }
        crashed += status == PLAIT_CRASHED;
        plait_future_free(future);
    }
    ck_assert_int_gt(right, 0);
    fprintf(stderr, "# %d right, %d crashed\n", right, crashed);
    process_pool_end(pool);
}

/* Those who wait for a pool of processes, beside others who keep it busy, block in callbacks, or end it. */
#include "process/pool_support.h"

#include <signal.h>

static struct book { int go, begun; } * book;

PLAIT_TASK(long, add, (long, a), (long, b)) {
    return a + b;
}
PLAIT_TASK(int, wait_for_go, (int, value)) {
    plait__add(&book->begun, 1);
    while (plait__load_acquire(&book->go) < value) usleep(1000);
    return 1;
}
PLAIT_TASK(int, tell_pid, (int, ignored)) {
    (void)ignored;
    return (int)getpid();
}
PLAIT_TASK(int, stay, (int, item)) {
    plait__add(&book->begun, 1);
    while (true) usleep(1000);
    return item;
}
PLAIT_TASK(plait_bytes, grow, (size_t, size)) {
    static char out[200000];
    return (plait_bytes){out, size};
}

static plait_pool *pool;
static int over;

static void *keep_busy(void *ended) {
    for (int i = 0; i < 3000000 && !plait__load(&over); i++)
        if (plait_post(pool, add, i, 1) != PLAIT_OK) break;
    plait__store_release((int *)ended, 1);
    return NULL;
}

/* One who waits collects for all: that must not keep it from its own deadline. */
TEST_WITHIN(a_deadline_passes_beside_others_who_keep_the_pool_busy, 120) {
    book = process_shared(sizeof *book);
    pool = process_pool(2, &(plait_process_pool_options){.max_pending = 2000});
    plait_future *future = plait_submit(pool, wait_for_go, 1);
    wait_for_word(&book->begun, 1);
    int ended = 0;
    plait_thread *other = plait_thread_new(NULL, keep_busy, &ended);
    for (int i = 0; i < 5; i++)
        ck_assert_status(plait_future_result_until(future, NULL, 0, plait_after(0.02)), PLAIT_TIMEOUT);
    ck_assert_msg(!plait__load_acquire(&ended), "the deadline passed when the others had ended");
    plait__store(&over, 1);
    ck_assert_ok(plait_thread_join(other));
    plait_thread_free(other);
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_result(future));
    plait_future_free(future);
    process_pool_end(pool);
}

static plait_event called, go_on;

static void block(plait_future *future, void *context) {
    (void)future, (void)context;
    (void)plait_event_set(&called);
    (void)plait_event_wait(&go_on);
}

TEST(a_callback_that_blocks_does_not_keep_others_from_their_results) {
    book = process_shared(sizeof *book);
    pool = process_pool(2, NULL);
    plait_future *future = plait_submit(pool, wait_for_go, 1);
    ck_assert_ok(plait_future_add_done_callback(future, block, NULL));
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_event_wait(&called));
    for (int i = 0; i < 100; i++) {
        long sum = 0;
        plait_future *second = plait_submit(pool, add, i, 2);
        ck_assert_ok(plait_result(second, &sum));
        ck_assert_int_eq(sum, i + 2);
        plait_future_free(second);
    }
    ck_assert_ok(plait_event_set(&go_on));
    plait_future_free(future);
    process_pool_end(pool);
}

static void *ask_for_another(void *future) {
    plait_status status = plait_result((plait_future *)future);
    return (void *)(intptr_t)status;
}

/* One who waits while another sits: when that one goes, nobody else may be there to collect. */
TEST(who_stands_sits_down_when_the_seat_is_free) {
    book = process_shared(sizeof *book);
    pool = process_pool(3, NULL);
    plait_future *future = plait_submit(pool, wait_for_go, 1);
    ck_assert_ok(plait_future_add_done_callback(future, block, NULL));
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_event_wait(&called)); /* the keeper is in there */
    plait_future *first = plait_submit(pool, wait_for_go, 2), *second = plait_submit(pool, wait_for_go, 3);
    plait_thread *sits = plait_thread_new(NULL, ask_for_another, first);
    wait_until_asleep_in("future", 1);
    plait_thread *stands = plait_thread_new(NULL, ask_for_another, second);
    wait_until_asleep_in("future", 2);
    plait__store_release(&book->go, 2);
    void *status = NULL;
    ck_assert_ok(plait_thread_result(sits, &status));
    ck_assert_ptr_null(status);
    plait__store_release(&book->go, 3);
    ck_assert_ok(plait_thread_result(stands, &status));
    ck_assert_ptr_null(status);
    ck_assert_ok(plait_event_set(&go_on));
    plait_thread_free(sits);
    plait_thread_free(stands);
    plait_future_free(first);
    plait_future_free(second);
    plait_future_free(future);
    process_pool_end(pool);
}

static void ask(plait_future *future, void *sum) {
    (void)future;
    plait_future *second = plait_submit(pool, add, 40, 2);
    if (plait_result(second, (long *)sum) != PLAIT_OK) *(long *)sum = -1;
    plait_future_free(second);
    (void)plait_event_set(&called);
}

TEST(a_callback_may_wait_for_another_result) {
    book = process_shared(sizeof *book);
    pool = process_pool(2, NULL);
    long sum = 0;
    plait_future *future = plait_submit(pool, wait_for_go, 1);
    ck_assert_ok(plait_future_add_done_callback(future, ask, &sum));
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_event_wait(&called));
    ck_assert_int_eq(sum, 42);
    plait_future_free(future);
    process_pool_end(pool);
}

static plait_thread *waiter;
static int on_waiter;

static void look_where(plait_future *future, void *context) {
    (void)future, (void)context;
    on_waiter = plait_thread_current() == waiter;
    (void)plait_event_set(&called);
}

static void *wait_for_result(void *future) {
    (void)plait_result((plait_future *)future);
    return NULL;
}

TEST(a_callback_of_a_map_is_not_called_by_who_waits_for_something_else) {
    static int first = 1, out[2];
    book = process_shared(sizeof *book);
    pool = process_pool(3, NULL);
    plait_future *future = plait_submit(pool, wait_for_go, 2);
    waiter = plait_thread_new(NULL, wait_for_result, future);
    wait_until_asleep_in("future", 1);
    plait_future *map = plait_starmap_async(pool, wait_for_go, out, 2, plait_repeat(&first));
    ck_assert_ok(plait_future_add_done_callback(map, look_where, NULL));
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_event_wait(&called));
    ck_assert(!on_waiter);
    plait__store_release(&book->go, 2);
    ck_assert_ok(plait_thread_join(waiter));
    plait_thread_free(waiter);
    plait_future_free(map);
    plait_future_free(future);
    process_pool_end(pool);
}

PLAIT_TASK(void, raise_it, (int, ignored)) {
    (void)ignored;
    (void)plait_raise(PLAIT_FAILED, "nobody reads this");
}

static int unread;

static void count_unread(const plait_failure *failure, void *context) {
    (void)failure, (void)context;
    if (plait__add(&unread, 1) == 19) (void)plait_event_set(&called);
}

/* Of tasks that nobody has a handle of, one who waits for another hears first. */
TEST(failures_that_nobody_reads_are_told_whoever_collects_them) {
    book = process_shared(sizeof *book);
    pool = process_pool(2, NULL);
    plait_excepthook_set(count_unread, NULL);
    plait_future *future = plait_submit(pool, wait_for_go, 1);
    waiter = plait_thread_new(NULL, wait_for_result, future);
    wait_until_asleep_in("future", 1);
    for (int i = 0; i < 20; i++) ck_assert_ok(plait_post(pool, raise_it, 0));
    ck_assert_ok(plait_event_wait(&called));
    plait__store_release(&book->go, 1);
    ck_assert_ok(plait_thread_join(waiter));
    plait_thread_free(waiter);
    plait_future_free(future);
    process_pool_end(pool);
}

static void *kill_when_begun(void *nothing) {
    wait_for_word(&book->begun, 2);
    (void)plait_pool_kill_workers(pool);
    return nothing;
}

TEST(a_map_ends_when_its_workers_are_killed) {
    enum { ITEMS = 1000 };
    static int items[ITEMS], out[ITEMS];
    book = process_shared(sizeof *book);
    pool = process_pool(2, NULL);
    plait_thread *killer = plait_thread_new(NULL, kill_when_begun, NULL);
    plait_map_options large = {.chunk = 100};
    ck_assert_int_ne(plait_map_with(pool, &large, stay, items, out, ITEMS), PLAIT_OK);
    ck_assert_ok(plait_thread_join(killer));
    plait_thread_free(killer);
    process_pool_end(pool);
}

/* It is told to leave, and does not hear of it. */
TEST(a_stopped_worker_does_not_keep_a_pool_from_its_end) {
    pool = process_pool(1, &(plait_process_pool_options){.grace = 0.1});
    int pid = 0;
    plait_future *future = plait_submit(pool, tell_pid, 0);
    ck_assert_ok(plait_result(future, &pid));
    plait_future_free(future);
    ck_assert_int_gt(pid, 1);
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    process_pool_end(pool);
}

/* Each ends when its result has been read, and is told so. (Under the thread sanitizer it takes a second.) */
TEST(workers_with_large_results_end_at_once) {
    pool = process_pool(1, &(plait_process_pool_options){.max_tasks_per_worker = 1});
    for (int i = 0; i < 20; i++) {
        plait_bytes out;
        plait_future *future = plait_submit(pool, grow, (size_t)200000);
        ck_assert_ok(plait_result(future, &out));
        ck_assert_uint_eq(out.size, 200000);
        plait_future_free(future);
    }
    process_pool_end(pool);
}

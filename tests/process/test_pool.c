/* Pools of processes: tasks, arguments, results, futures as in a pool of threads. */
#include "process/pool_support.h"

PLAIT_TASK(long, add, (long, a), (long, b)) {
    return a + b;
}
PLAIT_TASK(int, pid_of_worker, (int, ignored)) {
    (void)ignored;
    return (int)getpid();
}
PLAIT_TASK(const char *, echo, (const char *, text)) {
    return text;
}
PLAIT_TASK(plait_bytes, reversed, (plait_bytes, bytes)) {
    char *turned = malloc(bytes.size + 1); /* the process ends soon enough */
    for (size_t i = 0; i < bytes.size; i++) turned[i] = ((const char *)bytes.data)[bytes.size - 1 - i];
    return (plait_bytes){turned, bytes.size};
}
struct large {
    double numbers[100];
};
PLAIT_TASK(struct large, doubled, (struct large, in)) {
    for (int i = 0; i < 100; i++) in.numbers[i] *= 2;
    return in;
}
PLAIT_TASK(int, raises, (int, code)) {
    (void)plait_raise(PLAIT_USER + code, "not with %d", code);
    return 0;
}
PLAIT_TASK(void, peek, (int *, secret)) {
    *secret = 1;
}
PLAIT_TASK(void, count_up, (int, ignored)) {
    (void)ignored;
}

static int called;
static plait_status called_with;
static void hear(plait_future *future, void *context) {
    called_with = plait_result(future);
    plait__add((int *)context, 1);
}

TEST(a_task_runs_in_another_process) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_submit(pool, add, 2, .b = 40);
    long sum = 0;
    ck_assert_ok(plait_result(future, &sum));
    ck_assert_int_eq(sum, 42);
    ck_assert(plait_future_done(future));
    plait_future_free(future);
    int pid = 0;
    future = plait_submit(pool, pid_of_worker, 0);
    ck_assert_ok(plait_result(future, &pid));
    ck_assert_int_ne(pid, getpid());
    plait_future_free(future);
    process_pool_end(pool);
}

TEST(strings_bytes_and_structs_travel_by_value) {
    plait_pool *pool = process_pool(1, NULL);
    static const size_t sizes[] = {0, 1, 50, 200, 5000, 65000, 66000, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i] + 1);
        memset(text, 'a' + (int)i, sizes[i]);
        text[sizes[i]] = '\0';
        plait_future *future = plait_submit(pool, echo, text);
        plait_future *back = plait_submit(pool, reversed, ((plait_bytes){text, sizes[i]}));
        const char *result = NULL;
        plait_bytes bytes;
        ck_assert_ok(plait_result(future, &result));
        ck_assert_str_eq(result, text);
        ck_assert_ptr_ne(result, text);
        ck_assert_ok(plait_result(back, &bytes));
        ck_assert_uint_eq(bytes.size, sizes[i]);
        ck_assert(sizes[i] == 0 || memcmp(bytes.data, text, sizes[i]) == 0);
        plait_future_free(future);
        plait_future_free(back);
        free(text);
    }
    plait_future *none = plait_submit(pool, echo, NULL);
    const char *result = "";
    ck_assert_ok(plait_result(none, &result));
    ck_assert_ptr_null(result);
    plait_future_free(none);
    struct large in = {{1, 2, 3}}, out;
    plait_future *future = plait_submit(pool, doubled, in);
    ck_assert_ok(plait_result(future, &out));
    ck_assert(out.numbers[2] == 6);
    plait_future_free(future);
    process_pool_end(pool);
}

TEST(the_arguments_are_copied_when_they_are_handed_over) {
    plait_pool *pool = process_pool(1, NULL);
    enum { COUNT = 3000 }; /* more than there are cells: some wait in the parent */
    static plait_future *futures[COUNT];
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "number %d", i);
        futures[i] = plait_submit(pool, echo, text);
    }
    for (int i = 0; i < COUNT; i++) {
        const char *result = NULL;
        snprintf(text, sizeof text, "number %d", i);
        ck_assert_ok(plait_result(futures[i], &result));
        ck_assert_str_eq(result, text);
        plait_future_free(futures[i]);
    }
    process_pool_end(pool);
}

TEST(a_failure_comes_back_with_its_words) {
    plait_pool *pool = process_pool(1, NULL);
    ck_assert_fails(plait_submit(pool, raises, 3), PLAIT_USER + 3, "not with 3");
    process_pool_end(pool);
}

TEST(a_pointer_is_refused_by_name) {
    plait_pool *pool = process_pool(1, NULL);
    int secret = 0;
    ck_assert_fails(plait_submit(pool, peek, &secret), PLAIT_INVALID, "secret");
    ck_assert_status(plait_post(pool, peek, &secret), PLAIT_INVALID);
    process_pool_end(pool);
}

TEST(callbacks_are_called_and_posts_run) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *future = plait_submit(pool, raises, 1);
    ck_assert_ok(plait_future_add_done_callback(future, hear, &called));
    (void)plait_result(future);
    plait_future_free(future);
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_post(pool, count_up, i));
    ck_assert_ok(plait_pool_close(pool));
    ck_assert_ok(plait_pool_join(pool));
    ck_assert_int_eq(plait__load_acquire(&called), 1);
    ck_assert_int_eq(called_with, PLAIT_USER + 1);
    plait_pool_counters counters;
    ck_assert_ok(plait_pool_stats(pool, &counters));
    ck_assert_uint_eq(counters.submitted, 101);
    ck_assert_uint_eq(counters.done, 100);
    ck_assert_uint_eq(counters.failed, 1);
    ck_assert_uint_eq(counters.queued + counters.running, 0);
    plait_pool_free(pool);
}

TEST(verbs_of_many_futures_work_on_them) {
    plait_pool *pool = process_pool(2, NULL);
    plait_future *futures[8];
    size_t done = 0, which = 8;
    for (int i = 0; i < 8; i++) futures[i] = plait_submit(pool, add, i, i);
    ck_assert_ok(plait_wait(futures, 8, PLAIT_ALL_COMPLETED, &done));
    ck_assert_uint_eq(done, 8);
    plait_completion *completion = plait_as_completed(futures, 8);
    int seen = 0;
    while (plait_completion_next(completion, &which) == PLAIT_OK) seen += 1 << which;
    ck_assert_int_eq(seen, 255);
    plait_completion_free(completion);
    long sum = -1;
    ck_assert_ok(plait_first(futures, 8, &sum, &which));
    ck_assert_int_eq(sum, (long)which * 2);
    for (int i = 0; i < 8; i++) plait_future_free(futures[i]);
    ck_assert_ok(plait_apply(pool, &sum, add, 20, 22));
    ck_assert_int_eq(sum, 42);
    process_pool_end(pool);
}

TEST(a_scope_waits_for_its_tasks_there) {
    plait_pool *pool = process_pool(2, NULL);
    plait_scope scope = {0};
    ck_assert_ok(plait_scope_begin(&scope, pool));
    for (int i = 0; i < 20; i++) plait_future_free(plait_scope_submit(&scope, add, i, 1));
    ck_assert_ok(plait_scope_end(&scope));
    process_pool_end(pool);
}

TEST(numbers_that_make_no_sense_are_refused) {
    plait_process_pool_options options = {.max_crashes = -1};
    ck_assert_ptr_null(plait_process_pool_new(-1, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_process_pool_new(1, &options));
    options = (plait_process_pool_options){.hard_time_limit = -1};
    ck_assert_ptr_null(plait_process_pool_new(1, &options));
    ck_assert_ptr_null(plait_process_pool_new(100000, NULL));
    ck_assert_status(plait_pool_kill_workers(NULL), PLAIT_INVALID);
    plait_pool *threads = plait_pool_new(1);
    ck_assert_status(plait_pool_terminate_workers(threads), PLAIT_INVALID);
    plait_pool_free(threads);
}

static void *wait_for_event(void *event) {
    (void)plait_event_wait((plait_event *)event);
    return NULL;
}

TEST(without_a_setup_other_threads_are_in_the_way) {
    static plait_event event;
    plait_thread *thread = plait_thread_new(NULL, wait_for_event, &event);
    ck_assert_ptr_null(plait_process_pool_new(1, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_nonnull(strstr(plait_last_message(), "plait_process_setup"));
    plait_event_set(&event);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

/* The handles of one thread's tasks, and the seat, are another's business, too. */
static void *apply_some(void *pool) {
    for (long i = 0; i < 500; i++) {
        long sum = 0;
        if (plait_apply((plait_pool *)pool, &sum, add, i, 1) != PLAIT_OK || sum != i + 1) return pool;
    }
    return NULL;
}

TEST(several_threads_wait_at_the_same_time) {
    plait_pool *pool = process_pool(2, NULL);
    plait_thread *threads[4];
    for (int i = 0; i < 4; i++) threads[i] = plait_thread_new(NULL, apply_some, pool);
    for (int i = 0; i < 4; i++) {
        void *wrong = pool;
        ck_assert_ok(plait_thread_result(threads[i], &wrong));
        ck_assert_ptr_null(wrong);
        plait_thread_free(threads[i]);
    }
    process_pool_end(pool);
}

TEST(a_pool_of_threads_and_one_of_processes_work_for_each_other) {
    plait_pool *pool = process_pool(2, NULL), *threads = plait_pool_new(2);
    plait_future *futures[8];
    for (int i = 0; i < 8; i++) futures[i] = plait_submit_function(threads, apply_some, pool);
    for (int i = 0; i < 8; i++) {
        void *wrong = pool;
        ck_assert_ok(plait_result(futures[i], &wrong));
        ck_assert_ptr_null(wrong);
        plait_future_free(futures[i]);
    }
    ck_assert_ok(plait_pool_shutdown(threads, true, false));
    plait_pool_free(threads);
    process_pool_end(pool);
}

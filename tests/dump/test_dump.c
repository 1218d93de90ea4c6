/* plait_dump: known situations, word by word. */
#include "situation.h"
#include "support/asleep.h"
#include "support/faults.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static plait_lock one, other;
static plait_event go;

/* They may be joining each other: nobody's handle goes before all are done. */
static void join_all(plait_thread **threads, int count) {
    for (int i = 0; i < count; i++) ck_assert_ok(plait_thread_join(threads[i]));
    for (int i = 0; i < count; i++) plait_thread_free(threads[i]);
}

TEST(the_main_thread_alone_is_awake) {
    ck_assert_dump("plait: 1 thread\n MainThread awake\n");
}

TEST(bad_input_is_refused) {
    ck_assert_status(plait_dump(NULL), PLAIT_INVALID);
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        ck_assert_status(plait_dump(full), PLAIT_ERRNO);
        fclose(full);
    }
}

/* ---- each kind of wait ---- */

PLAIT_TASK(void, hold_and_wait) {
    plait_hold(&one);
    (void)plait_event_wait(&go);
}

PLAIT_TASK(void, take) {
    plait_hold(&one);
}

PLAIT_TASK(void, join_it, (plait_thread *, thread)) {
    (void)plait_thread_join(thread);
}

PLAIT_TASK(void, wait_with_deadline, (plait_semaphore *, semaphore)) {
    if (plait_semaphore_acquire_until(semaphore, plait_after(1000)) == PLAIT_TIMEOUT)
        plait_raise(PLAIT_FAILED, NULL);
}

PLAIT_TASK(void, wait_for_several, (plait_queue *, queue), (plait_semaphore *, semaphore)) {
    int item;
    plait_case cases[] = {plait_case_get(queue, &item), plait_case_acquire(semaphore),
                          plait_case_deadline(plait_after(1000))};
    if (plait_select(cases, 3, NULL) != PLAIT_CANCELLED) plait_raise(PLAIT_FAILED, NULL);
}

PLAIT_TASK(void, sleep_long) {
    (void)plait_sleep(1000);
}

TEST(it_says_what_each_thread_waits_for) {
    static plait_semaphore semaphore;
    plait_queue *queue = plait_queue_of(int, 1);
    plait_thread *threads[6];
    ck_assert_ok(plait_set_name(&one, "accounts"));
    ck_assert_ok(plait_set_name(&go, "go"));
    ck_assert_ok(plait_set_name(queue, "jobs\nand more"));
    threads[0] = plait_start(hold_and_wait);
    wait_until_asleep(1);
    threads[1] = plait_start(take);
    wait_until_asleep(2);
    threads[2] = plait_start(join_it, threads[1]);
    wait_until_asleep(3);
    threads[3] = plait_start(wait_with_deadline, &semaphore);
    wait_until_asleep(4);
    threads[4] = plait_start(wait_for_several, queue, &semaphore);
    wait_until_asleep(5);
    threads[5] = plait_start_with((&(plait_thread_options){.name = "sleeper"}), sleep_long);
    wait_until_asleep(6);
    ck_assert_dump(
        "plait: 7 threads\n"
        " MainThread awake\n"
        " Thread-1 (hold_and_wait) waits for event \"go\"\n"
        " Thread-2 (take) waits for lock \"accounts\", held by Thread-1 (hold_and_wait)\n"
        " Thread-3 (join_it) waits for the end of Thread-2 (take)\n"
        " Thread-4 (wait_with_deadline) waits for semaphore\n"
        " Thread-5 (wait_for_several) waits for the first of 3: an item from queue \"jobs?and more\","
        " semaphore, its time\n"
        " sleeper (sleep_long) sleeps\n");
    (void)plait_set_name(&one, NULL);
    (void)plait_set_name(&go, NULL);
    plait_event_set(&go);
    plait_cancel(plait_token_root());
    plait_shield();
    join_all(threads, 6);
    plait_queue_free(queue);
}

TEST(deadlines_and_addresses_are_told) {
    static plait_semaphore semaphore;
    char address[32], line[64];
    plait_thread *thread = plait_start(wait_with_deadline, &semaphore);
    wait_until_asleep(1);
    char *text = dump_text();
    (void)snprintf(address, sizeof address, "semaphore %p, ", (void *)&semaphore);
    ck_assert_ptr_nonnull(strstr(text, address));
    ck_assert_ptr_nonnull(strstr(text, " s left\n"));
    (void)snprintf(line, sizeof line, "%5u %8u  Thread-1 ", (unsigned)plait_thread_ident(thread),
                   (unsigned)plait_thread_native_id(thread));
    ck_assert_ptr_nonnull(strstr(text, line));
    free(text);
    plait_semaphore_release(&semaphore, 1);
    join_all(&thread, 1);
}

static plait_condition condition;

PLAIT_TASK(void, wait_at_condition) {
    plait_hold(&one);
    (void)plait_condition_wait(&condition, &one);
}

TEST(who_is_notified_waits_for_the_lock) {
    plait_thread *thread = plait_start(wait_at_condition);
    wait_until_asleep(1);
    ck_assert_dump(
        "plait: 2 threads\n MainThread awake\n Thread-1 (wait_at_condition) waits for condition\n");
    ck_assert_ok(plait_lock_acquire(&one));
    ck_assert_ok(plait_condition_notify(&condition, 1));
    ck_assert_dump(
        "plait: 2 threads\n MainThread awake\n"
        " Thread-1 (wait_at_condition) waits for lock, held by MainThread, notified at condition\n");
    ck_assert_ok(plait_lock_release(&one));
    join_all(&thread, 1);
}

static plait_rwlock rwlock;
static plait_once once;

PLAIT_TASK(void, read_it) {
    (void)plait_rwlock_read_acquire(&rwlock);
    (void)plait_rwlock_read_release(&rwlock);
}

PLAIT_TASK(void, write_it) {
    (void)plait_rwlock_write_acquire(&rwlock);
    (void)plait_rwlock_write_release(&rwlock);
}

TEST(a_writer_holds_and_readers_are_many) {
    ck_assert_ok(plait_rwlock_write_acquire(&rwlock));
    plait_thread *thread = plait_start(read_it);
    wait_until_asleep(1);
    ck_assert_dump("plait: 2 threads\n MainThread awake\n"
                   " Thread-1 (read_it) waits for rwlock, held by MainThread\n");
    ck_assert_ok(plait_rwlock_write_release(&rwlock));
    join_all(&thread, 1);
    ck_assert_ok(plait_rwlock_read_acquire(&rwlock));
    thread = plait_start(write_it);
    wait_until_asleep(1);
    ck_assert_dump("plait: 2 threads\n MainThread awake\n Thread-2 (write_it) waits for rwlock\n");
    ck_assert_ok(plait_rwlock_read_release(&rwlock));
    join_all(&thread, 1);
}

static void wait_inside(void *unused) {
    (void)unused;
    (void)plait_event_wait(&go);
}

PLAIT_TASK(void, run_once) {
    (void)plait_once_run(&once, wait_inside, NULL);
}

TEST(who_runs_a_once_holds_it) {
    plait_thread *threads[2] = {plait_start(run_once)};
    wait_until_asleep_in("event", 1);
    threads[1] = plait_start(run_once);
    wait_until_asleep_in("once", 1);
    ck_assert_dump("plait: 3 threads\n MainThread awake\n"
                   " Thread-1 (run_once) waits for event\n"
                   " Thread-2 (run_once) waits for once, held by Thread-1 (run_once)\n");
    plait_event_set(&go);
    join_all(threads, 2);
}

static plait_process_event from_outside;

PLAIT_TASK(void, wait_for_a_process) {
    (void)plait_process_event_wait(&from_outside);
}

TEST(a_wait_on_shared_memory_is_seen) {
    plait_thread *thread = plait_start(wait_for_a_process);
    wait_until_asleep_in("process event", 1);
    ck_assert_dump("plait: 2 threads\n MainThread awake\n"
                   " Thread-1 (wait_for_a_process) waits for process event\n");
    ck_assert_ok(plait_process_event_set(&from_outside));
    join_all(&thread, 1);
}

/* ---- futures ---- */

PLAIT_TASK(int, compute) {
    (void)plait_event_wait(&go);
    return 1;
}

PLAIT_TASK(void, want, (plait_future *, future)) {
    (void)plait_result(future, NULL);
}

TEST(futures_tell_who_computes_them) {
    plait_pool *pool = plait_pool_new(1);
    plait_future *futures[3] = {plait_submit(pool, compute), plait_submit(pool, compute),
                                plait_future_of(int)};
    plait_thread *threads[3];
    wait_until_asleep_in("event", 1);
    for (int i = 0; i < 3; i++) {
        threads[i] = plait_start(want, futures[i]);
        wait_until_asleep_in("future", i + 1);
    }
    ck_assert_dump("plait: 5 threads\n MainThread awake\n"
                   " pool-1-1 (compute) waits for event\n"
                   " Thread-1 (want) waits for future of compute, run by pool-1-1 (compute)\n"
                   " Thread-2 (want) waits for future of compute, which nobody has begun\n"
                   " Thread-3 (want) waits for future, a promise that anybody may keep\n");
    plait_event_set(&go);
    ck_assert_ok(plait_future_set_error(futures[2], PLAIT_CANCELLED, NULL));
    join_all(threads, 3);
    for (int i = 0; i < 3; i++) plait_future_free(futures[i]);
    plait_pool_free(pool);
}

PLAIT_TASK(void, leave_by_exit) {
    pthread_exit(NULL);
}

/* What a function that has returned left on the stack is there no longer. */
__attribute__((noinline)) static void overwrite_stack(void) {
    char bytes[16384];
    memset(bytes, 0xee, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

static plait_future *left;

static void wait_at_the_end(void *unused) {
    (void)unused;
    overwrite_stack();
    (void)plait_event_wait(&go);
    plait_future_free(left);
}

PLAIT_TASK(void, help_who_leaves, (plait_pool *, pool)) {
    pthread_cleanup_push(wait_at_the_end, NULL);
    left = plait_submit(pool, leave_by_exit);
    (void)plait_result(left, NULL); /* runs it */
    pthread_cleanup_pop(0);
}

TEST(a_task_that_was_left_is_seen_no_longer) {
    plait_pool *pool = plait_pool_new(1);
    ck_assert_ok(plait_post(pool, help_who_leaves, pool));
    wait_until_asleep_in("event", 1);
    ck_assert_dump("plait: 2 threads\n MainThread awake\n pool-1-1 (help_who_leaves) waits for event\n");
    plait_event_set(&go);
    plait_pool_free(pool);
}

/* ---- circles ---- */

/* Takes the first, and the second when both threads have their first. */
PLAIT_TASK(void, take_both, (plait_lock *, first), (plait_lock *, second), (plait_barrier *, both)) {
    (void)plait_lock_acquire(first);
    if (plait_barrier_wait(both, NULL) != PLAIT_OK) plait_raise(PLAIT_FAILED, NULL);
    (void)plait_lock_acquire(second);
    (void)plait_lock_release(second);
    (void)plait_lock_release(first);
}

TEST(a_circle_of_two_locks) {
    plait_barrier both;
    plait_thread *threads[2];
    ck_assert_ok(plait_barrier_init(&both, 2, NULL, NULL));
    ck_assert_ok(plait_set_name(&one, "one"));
    threads[0] = plait_start(take_both, &one, &other, &both);
    wait_until_asleep(1);
    threads[1] = plait_start(take_both, &other, &one, &both);
    wait_until_asleep_in("lock", 2);
    ck_assert_dump("plait: 3 threads\n MainThread awake\n"
                   " Thread-1 (take_both) waits for lock, held by Thread-2 (take_both)\n"
                   " Thread-2 (take_both) waits for lock \"one\", held by Thread-1 (take_both)\n"
                   "plait: a circle: Thread-1 (take_both) waits for lock, held by Thread-2 (take_both), "
                   "which waits for lock \"one\", held by Thread-1 (take_both)\n");
    ck_assert_ok(plait_lock_release(&one)); /* any thread may */
    join_all(threads, 2);
    (void)plait_set_name(&one, NULL);
}

static plait_thread *second_thread;

PLAIT_TASK(void, hold_and_join) {
    plait_hold(&one);
    (void)plait_event_wait(&go);
    (void)plait_thread_join(second_thread);
}

TEST(a_circle_of_a_lock_and_a_join) {
    plait_thread *first = plait_start(hold_and_join);
    wait_until_asleep(1);
    second_thread = plait_start(take);
    wait_until_asleep_in("lock", 1);
    plait_event_set(&go);
    wait_until_asleep_in("thread", 1);
    ck_assert_dump("plait: 3 threads\n MainThread awake\n"
                   " Thread-1 (hold_and_join) waits for the end of Thread-2 (take)\n"
                   " Thread-2 (take) waits for lock, held by Thread-1 (hold_and_join)\n"
                   "plait: a circle: Thread-1 (hold_and_join) waits for the end of Thread-2 (take), which "
                   "waits for lock, "
                   "held by Thread-1 (hold_and_join)\n");
    ck_assert_ok(plait_lock_release(&one));
    join_all((plait_thread *[]){second_thread, first}, 2);
}

static plait_future *wanted;

PLAIT_TASK(void, hold_and_want) {
    plait_hold(&one);
    plait_event_set(&go);
    (void)plait_result(wanted, NULL);
}

PLAIT_TASK(int, compute_under_lock) {
    (void)plait_event_wait(&go);
    plait_hold(&one);
    return 1;
}

TEST(a_circle_of_a_lock_and_a_future) {
    plait_pool *pool = plait_pool_new(1);
    wanted = plait_submit(pool, compute_under_lock);
    wait_until_asleep_in("event", 1);
    plait_thread *thread = plait_start(hold_and_want);
    wait_until_asleep_in("lock", 1);
    wait_until_asleep_in("future", 1);
    ck_assert_dump("plait: 3 threads\n MainThread awake\n"
                   " pool-1-1 (compute_under_lock) waits for lock, held by Thread-1 (hold_and_want)\n"
                   " Thread-1 (hold_and_want) waits for future of compute_under_lock, run by pool-1-1 "
                   "(compute_under_lock)\n"
                   "plait: a circle: pool-1-1 (compute_under_lock) waits for lock, held by Thread-1 "
                   "(hold_and_want), which waits for future of compute_under_lock, run by pool-1-1 "
                   "(compute_under_lock)\n");
    ck_assert_ok(plait_lock_release(&one));
    join_all(&thread, 1);
    plait_future_free(wanted);
    plait_pool_free(pool);
}

PLAIT_TASK(void, take_twice) {
    (void)plait_lock_acquire(&one);
    (void)plait_lock_acquire(&one);
}

TEST(who_waits_for_himself_is_a_circle) {
    plait_thread *threads[2] = {plait_start(take_twice)};
    wait_until_asleep(1);
    threads[1] = plait_start(take); /* waits, but is in no circle */
    wait_until_asleep(2);
    ck_assert_dump("plait: 3 threads\n MainThread awake\n"
                   " Thread-1 (take_twice) waits for lock, held by itself\n"
                   " Thread-2 (take) waits for lock, held by Thread-1 (take_twice)\n"
                   "plait: a circle: Thread-1 (take_twice) waits for lock, held by itself\n");
    ck_assert_ok(plait_lock_release(&one));
    join_all(threads, 1);
    ck_assert_ok(plait_lock_release(&one));
    join_all(threads + 1, 1);
}

/* ---- sizes and shortages ---- */

TEST(hundreds_of_threads_have_a_line_each) {
    enum { MANY = 300 };
    plait_thread *threads[MANY];
    for (int i = 0; i < MANY; i++) threads[i] = plait_start(compute);
    wait_until_asleep(MANY);
    char *text = dump_text();
    int lines = 0;
    for (const char *at = text; (at = strstr(at, "(compute) ")); at++) lines++;
    ck_assert_int_eq(lines, MANY);
    ck_assert_int_eq(strncmp(text, "plait: 301 threads", 18), 0);
    free(text);
    plait_event_set(&go);
    join_all(threads, MANY);
}

static plait_status dump_to_nowhere(void) {
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    return plait_dump(nowhere);
}

TEST(without_memory_there_is_a_status) {
    fault_every(dump_to_nowhere);
}

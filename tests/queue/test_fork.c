/* A queue in the child of a fork: usable, unless a thread that is not there any more was inside. */
#include "support.h"

#include <sys/wait.h>
#include <unistd.h>

static plait_queue *queue;

static void *get_one(void *arg) {
    (void)arg;
    int item = 0;
    return (void *)(intptr_t)(plait_queue_get(queue, &item) == PLAIT_OK ? item : -1);
}

/* The exit status of what the child found. */
static int in_child(int (*look)(void)) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) _exit(look());
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int use(void) {
    int item = 0;
    if (plait_queue_get(queue, &item) != PLAIT_OK || item != 7) return 1;
    if (plait_queue_put(queue, &item) != PLAIT_OK) return 2;
    if (plait_queue_free(queue) != PLAIT_OK) return 3;
    return 0;
}

TEST(a_queue_nobody_was_in_goes_on_in_the_child) {
    queue = plait_queue_of(int, 0);
    int item = 7;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_int_eq(in_child(use), 0);
    ck_assert_uint_eq(plait_queue_qsize(queue), 1);
    ck_assert_ok(plait_queue_free(queue));
}

static int all_broken(void) {
    int item = 0;
    if (plait_queue_put(queue, &item) != PLAIT_BROKEN) return 1;
    if (plait_queue_get(queue, &item) != PLAIT_BROKEN) return 2;
    if (plait_queue_peek(queue, &item) != PLAIT_BROKEN) return 3;
    if (plait_queue_join(queue) != PLAIT_BROKEN) return 4;
    if (plait_queue_task_done(queue) != PLAIT_BROKEN) return 5;
    if (plait_queue_shutdown(queue, true) != PLAIT_BROKEN) return 6;
    plait_case one = plait_case_get(queue, &item);
    if (plait_select(&one, 1, NULL) != PLAIT_OK || one.status != PLAIT_BROKEN) return 7;
    if (plait_queue_free(queue) != PLAIT_BROKEN) return 8;
    return 0;
}

TEST(a_queue_with_a_vanished_waiter_is_broken) {
    queue = plait_queue_of(int, 0);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    ck_assert_int_eq(in_child(all_broken), 0);
    int item = 4;
    ck_assert_ok(plait_queue_put(queue, &item)); /* the parent's is as it was */
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)4);
    ck_assert_ok(plait_queue_free(queue));
}

static int stop;

static void *churn(void *arg) {
    (void)arg;
    int item = 1;
    while (!plait__load(&stop)) {
        if (plait_queue_put(queue, &item) != PLAIT_OK) return (void *)1;
        if (plait_queue_get(queue, &item) != PLAIT_OK) return (void *)2;
    }
    return NULL;
}

static int works_or_is_broken(void) {
    int item = 2;
    plait_status put = plait_queue_put_nowait(queue, &item);
    plait_status got = plait_queue_get_nowait(queue, &item);
    if (put == PLAIT_BROKEN && got == PLAIT_BROKEN) return 0;
    return put == PLAIT_OK && got == PLAIT_OK ? 0 : 1;
}

static bool smaller(const void *one, const void *other, void *context) {
    (void)context;
    return *(const int *)one < *(const int *)other;
}

static void fork_meanwhile(plait_queue *made) {
    queue = made;
    plait__store(&stop, 0);
    int largest = 9;
    for (int i = 0; i < 3; i++) ck_assert_ok(plait_queue_put(queue, &largest));
    pthread_t thread = queue_thread(churn, NULL);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(in_child(works_or_is_broken), 0);
    plait__store(&stop, 1);
    ck_assert_ptr_null(queue_thread_end(thread));
    ck_assert_ok(plait_queue_free(queue));
}

/* Forks at any moment: the child either has a sound queue or is told that it has not; it never hangs. */
TEST(a_fork_in_the_middle_of_a_put_is_told) {
    fork_meanwhile(plait_queue_of(int, 0));
    fork_meanwhile(plait_lifo_queue_of(int, 0));
}

TEST(a_fork_in_the_middle_of_a_comparison_is_told) {
    fork_meanwhile(plait_priority_queue_of(int, 0, smaller, NULL));
}

static int all_broken_in_a_rendezvous(void) {
    int item = 0;
    plait_case put = plait_case_put(queue, &item);
    if (plait_queue_put_nowait(queue, &item) != PLAIT_BROKEN) return 1;
    if (plait_queue_get_nowait(queue, &item) != PLAIT_BROKEN) return 2;
    size_t moved;
    if (plait_queue_put_many(queue, &item, 1, &moved) != PLAIT_BROKEN || moved) return 3;
    if (plait_queue_get_many(queue, &item, 1, &moved) != PLAIT_BROKEN || moved) return 4;
    if (plait_select(&put, 1, NULL) != PLAIT_OK || put.status != PLAIT_BROKEN) return 5;
    if (plait_queue_descriptor(queue) != -1 || plait_last_error() != PLAIT_BROKEN) return 6;
    return 0;
}

/* Whom a vanished thread waits for must not be looked for on its stack. */
TEST(a_rendezvous_with_a_vanished_getter_is_broken) {
    queue = plait_rendezvous_queue_of(int);
    pthread_t getter = queue_thread(get_one, NULL);
    wait_until_asleep_in("queue.get", 1);
    ck_assert_int_eq(in_child(all_broken_in_a_rendezvous), 0);
    int item = 4;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_ptr_eq(queue_thread_end(getter), (void *)4);
    ck_assert_ok(plait_queue_free(queue));
}

/* Pipes: both ways, in one process and between several, and how an end learns that the other is gone. */
#include "messages.h"
#include "process/pool_support.h"
#include "support/asleep.h"
#include "support/faults.h"
#include "support/kill.h"
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static plait_pipe *one, *other;
static char buffer[1 << 20];

static void make(size_t capacity) {
    ck_assert_ok(plait_pipe_new(capacity, &one, &other));
}

static void free_both(void) {
    plait_pipe_free(one);
    plait_pipe_free(other);
}

static void send_number(plait_pipe *end, size_t size, uint64_t number) {
    char *data = malloc(size + 1);
    message_fill(data, size, number);
    ck_assert_ok(plait_pipe_send(end, data, size));
    free(data);
}

static void recv_number(plait_pipe *end, size_t expected, uint64_t number) {
    size_t size;
    ck_assert_ok(plait_pipe_recv_until(end, buffer, sizeof buffer, &size, plait_after(30)));
    ck_assert_uint_eq(size, expected);
    ck_assert(message_whole(buffer, size, number));
}

TEST(messages_go_both_ways) {
    make(0);
    for (uint64_t i = 0; i < 100; i++) {
        send_number(one, i, i);
        send_number(other, 2 * i, i);
    }
    for (uint64_t i = 0; i < 100; i++) {
        recv_number(other, i, i);
        recv_number(one, 2 * i, i);
    }
    size_t size;
    ck_assert_status(plait_pipe_recv_nowait(one, buffer, 1, &size), PLAIT_EMPTY);
    ck_assert_status(plait_pipe_recv_until(one, buffer, 1, &size, plait_after(0.01)), PLAIT_TIMEOUT);
    free_both();
}

TEST(poll_tells_what_recv_would_find) {
    make(0);
    size_t size;
    ck_assert_status(plait_pipe_poll_nowait(one), PLAIT_EMPTY);
    ck_assert_status(plait_pipe_poll_until(one, plait_after(0.01)), PLAIT_TIMEOUT);
    send_number(other, 10, 1);
    ck_assert_ok(plait_pipe_poll_nowait(one));
    ck_assert_ok(plait_pipe_poll_until(one, PLAIT_FOREVER));
    ck_assert_status(plait_pipe_recv(one, buffer, 9, &size), PLAIT_TOO_LARGE);
    ck_assert_uint_eq(size, 10);
    recv_number(one, 10, 1);
    ck_assert_ok(plait_pipe_close(other));
    ck_assert_ok(plait_pipe_poll_nowait(one));
    ck_assert_status(plait_pipe_recv(one, buffer, 9, &size), PLAIT_SHUTDOWN);
    free_both();
}

TEST(what_makes_no_sense_is_refused) {
    size_t size;
    ck_assert_status(plait_pipe_new(0, NULL, &other), PLAIT_INVALID);
    ck_assert_status(plait_pipe_new(0, &one, NULL), PLAIT_INVALID);
    ck_assert_status(plait_pipe_new(SIZE_MAX, &one, &other), PLAIT_INVALID);
    make(0);
    ck_assert_status(plait_pipe_send(NULL, "", 1), PLAIT_INVALID);
    ck_assert_status(plait_pipe_send(one, NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_pipe_send_nowait(NULL, "", 1), PLAIT_INVALID);
    ck_assert_status(plait_pipe_recv(NULL, buffer, 1, &size), PLAIT_INVALID);
    ck_assert_status(plait_pipe_recv(one, buffer, 1, NULL), PLAIT_INVALID);
    ck_assert_status(plait_pipe_recv_nowait(one, NULL, 1, &size), PLAIT_INVALID);
    ck_assert_status(plait_pipe_poll_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_pipe_close(NULL), PLAIT_INVALID);
    ck_assert_ptr_null(plait_pipe_keep(NULL));
    plait_pipe_free(NULL);
    free_both();
}

/* ---- ends ---- */

TEST(a_closed_end_is_told_after_what_it_sent) {
    make(0);
    size_t size;
    send_number(other, 10, 1);
    send_number(one, 10, 2);
    ck_assert_ok(plait_pipe_close(other));
    ck_assert_ok(plait_pipe_close(other));
    ck_assert_status(plait_pipe_send(other, "", 0), PLAIT_SHUTDOWN);
    ck_assert_status(plait_pipe_recv(other, buffer, 10, &size), PLAIT_SHUTDOWN);
    ck_assert_status(plait_pipe_poll_nowait(other), PLAIT_SHUTDOWN);
    ck_assert_status(plait_pipe_send(one, "", 0), PLAIT_SHUTDOWN);
    recv_number(one, 10, 1);
    ck_assert_status(plait_pipe_recv(one, buffer, 10, &size), PLAIT_SHUTDOWN);
    free_both();
}

static void *recv_one(void *argument) {
    static char data[100];
    size_t size;
    return (void *)(intptr_t)plait_pipe_recv(argument, data, sizeof data, &size);
}

static void *send_much(void *argument) {
    plait_status status;
    char data[1000] = "";
    do {
        status = plait_pipe_send(argument, data, sizeof data);
    } while (status == PLAIT_OK);
    return (void *)(intptr_t)status;
}

static plait_status join_thread(pthread_t thread) {
    void *result;
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return (plait_status)(intptr_t)result;
}

static pthread_t start_thread(void *(*body)(void *), void *argument, const char *waits_in) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, argument), 0);
    wait_until_asleep_in(waits_in, 1);
    return thread;
}

TEST(a_close_ends_what_waits_at_either_end) {
    make(0);
    pthread_t thread = start_thread(recv_one, one, "pipe.recv");
    ck_assert_ok(plait_pipe_close(other));
    ck_assert_status(join_thread(thread), PLAIT_SHUTDOWN);
    free_both();
    make(0);
    thread = start_thread(recv_one, one, "pipe.recv");
    ck_assert_ok(plait_pipe_close(one));
    ck_assert_status(join_thread(thread), PLAIT_SHUTDOWN);
    free_both();
    make(0);
    thread = start_thread(send_much, one, "pipe.send");
    ck_assert_ok(plait_pipe_close(other));
    ck_assert_status(join_thread(thread), PLAIT_SHUTDOWN);
    free_both();
}

/* ---- other processes ---- */

/* A child of a fork has both ends, and closes what is not its own. */
static void echo(void *memory) {
    (void)memory;
    size_t size;
    (void)plait_pipe_close(one);
    while (plait_pipe_recv(other, buffer, sizeof buffer, &size) == PLAIT_OK)
        if (plait_pipe_send(other, buffer, size) != PLAIT_OK) break;
}

TEST(a_process_answers) {
    const size_t sizes[] = {0, 1, 100, 16384, 16385, 40000, 65536, 700000};
    make(0);
    pid_t child = kill_start(echo, NULL);
    ck_assert_ok(plait_pipe_close(other));
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            send_number(one, sizes[i], i);
            recv_number(one, sizes[i], i);
        }
    ck_assert_ok(plait_pipe_close(one));
    kill_join(child, 10);
    free_both();
}

static void wait_for_ever(void *memory) {
    (void)memory;
    (void)plait_pipe_close(one);
    for (;;) pause();
}

/* The first wait is one that nobody wakes but the death itself: it must be told at once, and not when the net
 * looks, which after so many looks would be late. */
TEST(a_killed_process_is_told_at_once) {
    make(0);
    pid_t child = kill_start(wait_for_ever, NULL);
    ck_assert_ok(plait_pipe_close(other));
    pthread_t thread = start_thread(recv_one, one, "pipe.recv");
    kill_now(child);
    ck_assert_status(join_thread(thread), PLAIT_SHUTDOWN);
    ck_assert_status(plait_pipe_send(one, "", 0), PLAIT_SHUTDOWN);
    free_both();
}

TEST(a_killed_process_makes_no_room) {
    make(0);
    pid_t child = kill_start(wait_for_ever, NULL);
    ck_assert_ok(plait_pipe_close(other));
    pthread_t thread = start_thread(send_much, one, "pipe.send");
    kill_now(child);
    ck_assert_status(join_thread(thread), PLAIT_SHUTDOWN);
    free_both();
}

static void send_for_ever(void *memory) {
    (void)memory;
    (void)plait_pipe_close(one);
    for (uint64_t i = 1;; i++) {
        size_t size = 8 + (size_t)(i * 7919 % 3000);
        char data[4000];
        message_fill(data, size, i);
        if (i == 2) kill_from_here();
        if (plait_pipe_send(other, data, size) != PLAIT_OK) return;
    }
}

static void prepare_pipe(void *memory) {
    (void)memory;
    free_both();
    make(1 << 12);
}

/* All that a killed sender had sent is received, whole and in order; then its end is told. */
static const char *check_sent(void *memory) {
    (void)memory;
    size_t size;
    (void)plait_pipe_close(other);
    for (uint64_t i = 1;; i++) {
        plait_status status = plait_pipe_recv(one, buffer, sizeof buffer, &size);
        if (status == PLAIT_SHUTDOWN) return NULL;
        kill_check(status == PLAIT_OK);
        kill_check(size == 8 + i * 7919 % 3000);
        kill_check(message_whole(buffer, size, i));
    }
}

TEST(what_a_killed_process_sent_is_received) {
    kill_at_random(&(struct kill_scenario){16, prepare_pipe, send_for_ever, check_sent, 0}, 50, 200);
    free_both();
}

PLAIT_TASK(size_t, answer, (plait_pipe *, end), (int, times)) {
    size_t size = 0, sum = 0;
    static char data[100000];
    for (int i = 0; i < times; i++) {
        if (plait_pipe_recv(end, data, sizeof data, &size) != PLAIT_OK)
            plait_raise(PLAIT_FAILED, "no message");
        if (plait_pipe_send(end, data, size) != PLAIT_OK) plait_raise(PLAIT_FAILED, "no answer");
        sum += size;
    }
    return sum;
}

TEST(an_end_goes_to_another_process_and_comes_to_an_end_there) {
    make(0);
    plait_pool *pool = process_pool(1, NULL);
    for (int round = 0; round < 3; round++) { /* the same end again: nothing was kept that was closed */
        plait_future *future = plait_submit(pool, answer, other, 2);
        send_number(one, 10, 1);
        recv_number(one, 10, 1);
        send_number(one, 100000, 2);
        recv_number(one, 100000, 2);
        size_t sum = 0;
        ck_assert_ok(plait_result(future, &sum));
        ck_assert_uint_eq(sum, 100010);
        plait_future_free(future);
    }
    plait_future *future = plait_submit(pool, answer, other, 1);
    send_number(one, 10, 1);
    recv_number(one, 10, 1);
    ck_assert_ok(plait_result(future, NULL));
    plait_future_free(future);
    plait_pipe_free(other); /* the last handle to it: the worker has kept none */
    other = NULL;
    size_t size;
    ck_assert_status(plait_pipe_recv(one, buffer, 1, &size), PLAIT_SHUTDOWN);
    process_pool_end(pool);
    free_both();
}

/* ---- what runs out ---- */

static plait_status use_a_pipe(void) {
    plait_pipe *left, *right;
    plait_status status = plait_pipe_new(0, &left, &right);
    if (status != PLAIT_OK) return status;
    size_t size;
    status = plait_pipe_send(left, "x", 1);
    if (status == PLAIT_OK) status = plait_pipe_recv(right, buffer, 1, &size);
    plait_pipe_free(left);
    plait_pipe_free(right);
    return status;
}

TEST(a_pipe_survives_lack_of_memory) {
    ck_assert_int_gt(fault_every(use_a_pipe), 0);
}

TEST(without_descriptors_there_is_no_pipe_and_nothing_is_left_open) {
    make(0); /* what is opened once */
    free_both();
    struct rlimit before, few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    for (int more = 0; more < 5; more++) {
        few = (struct rlimit){(rlim_t)(next + more), before.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        ck_assert_status(plait_pipe_new(0, &one, &other), PLAIT_ERRNO);
        ck_assert_int_eq(errno, EMFILE);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    int now = dup(0);
    ck_assert_int_eq(now, next);
    make(0);
    free_both();
}

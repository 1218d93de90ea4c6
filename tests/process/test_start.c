/* Starting a process that runs a function of the library (start.h): what the pool of processes stands on. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <process/start.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int end_of(const struct plait__child *child) {
    int status = -1;
    struct pollfd channel = {.fd = child->channel, .events = POLLIN};
    while (!plait__child_ended(child, &status)) poll(&channel, 1, -1);
    return status;
}

/* ---- what runs there ---- */

static void return_code(const void *data, size_t size, const int *descriptors, size_t count) {
    (void)descriptors;
    plait__child_end(size == sizeof(int) && count == 0 ? *(const int *)data : 99);
}

static void say_data(const void *data, size_t size, const int *descriptors, size_t count) {
    if (count != 2 || close(descriptors[1]) != 0) plait__child_end(98);
    for (size_t done = 0; done < size;) {
        ssize_t got = write(descriptors[0], (const char *)data + done, size - done);
        if (got <= 0) plait__child_end(97);
        done += (size_t)got;
    }
}

TEST(a_process_runs_and_tells_its_end) {
    for (int code = 0; code < 5; code++) {
        struct plait__child child;
        struct plait__start start = {.entry = return_code, .data = &code, .size = sizeof code};
        ck_assert_ok(plait__start_process(&start, &child));
        int status = end_of(&child);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), code);
        plait__child_close(&child);
    }
}

static void passes(size_t size) {
    int ends[2];
    char *data = malloc(size), *back = malloc(size);
    for (size_t i = 0; i < size; i++) data[i] = (char)(i * 7 / 3);
    ck_assert_int_eq(pipe(ends), 0);
    struct plait__child child;
    struct plait__start start = {
        .entry = say_data, .data = data, .size = size, .descriptors = (int[]){ends[1], ends[1]}, .count = 2};
    ck_assert_ok(plait__start_process(&start, &child));
    close(ends[1]);
    size_t done = 0;
    for (ssize_t got; (got = read(ends[0], back + done, size - done)) > 0;) done += (size_t)got;
    ck_assert_uint_eq(done, size);
    ck_assert_mem_eq(back, data, size);
    ck_assert_int_eq(end_of(&child), 0);
    plait__child_close(&child);
    close(ends[0]);
    free(data);
    free(back);
}

TEST(data_of_any_size_and_descriptors_get_there) {
    passes(1);
    passes(8192);
    passes(8193);
    passes(3 << 20);
}

static void wait_for_ever(const void *data, size_t size, const int *descriptors, size_t count) {
    (void)data;
    (void)size;
    (void)descriptors;
    (void)count;
    for (;;) pause();
}

TEST(many_at_once_and_killed) {
    enum { MANY = 20 };
    struct plait__child children[MANY];
    struct plait__start start = {.entry = wait_for_ever};
    for (int i = 0; i < MANY; i++) ck_assert_ok(plait__start_process(&start, &children[i]));
    for (int i = 0; i < MANY; i++) {
        int status;
        ck_assert(!plait__child_ended(&children[i], &status));
        ck_assert_int_eq(plait__child_kill(&children[i], SIGTERM), 0);
        ck_assert_int_eq(end_of(&children[i]), SIGTERM);
        ck_assert_int_eq(plait__child_kill(&children[i], SIGTERM), ESRCH);
        plait__child_close(&children[i]);
    }
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

TEST(a_signal_that_comes_with_the_job_is_not_lost) {
    for (int i = 0; i < 300; i++) {
        struct plait__child child;
        struct plait__start start = {.entry = wait_for_ever};
        ck_assert_ok(plait__start_process(&start, &child));
        ck_assert_int_eq(plait__child_kill(&child, SIGTERM), 0);
        ck_assert_int_eq(end_of(&child), SIGTERM);
        plait__child_close(&child);
    }
}

/* A program inside a test: a child process, how it ends, and what it says on standard error. */
#ifndef PLAIT_TEST_THREAD_PROGRAM_H
#define PLAIT_TEST_THREAD_PROGRAM_H

#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The children end in the middle of things, and some without the thread whose stack holds the pointers: the
 * leak checker would take all of that for leaks. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return 1;
}

/* In the child of a fork the sanitizers' own locks may be held by threads that are gone: programs that fork
 * while other threads run, and then go on, are not for them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROGRAM_SANITIZED 1
#else
#define PROGRAM_SANITIZED 0
#endif

struct program {
    int status; /* of waitpid */
    char said[4096];
};

/* Runs body() in a child; what it returns is the exit status, as if it were main. */
static inline struct program program_run(int (*body)(void)) {
    struct program program = {.status = -1};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        exit(body());
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length + 1 < sizeof program.said; length += (size_t)got) {
        got = read(ends[0], program.said + length, sizeof program.said - 1 - length);
        if (got <= 0) break;
    }
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &program.status, 0), child);
    return program;
}

/* It ended by itself, with this exit status. */
#define ck_assert_program_exit(program, expected) \
    do { \
        ck_assert_msg(WIFEXITED((program).status), "ended by signal %d: %s", WTERMSIG((program).status), \
                      (program).said); \
        ck_assert_msg(WEXITSTATUS((program).status) == (expected), "exit status %d: %s", \
                      WEXITSTATUS((program).status), (program).said); \
    } while (0)

#endif

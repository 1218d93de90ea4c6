/* main() of every test program (test.h).
 *
 * Each test gets a libcheck runner of its own, so that its result is printed as soon as it is known and with the
 * time it took. libcheck forks, puts the child in a process group of its own, kills the group when the time is up
 * and hands back a message with file and line. */
#include "test.h"
#include "stress.h"

#include <plait/process.h>
#include <plait/status.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct test *tests;

/* Constructors of one file run in order; appending keeps the order of the source. */
void test_register(struct test *test) {
    struct test **link = &tests;
    while (*link) {
        link = &(*link)->next;
    }
    *link = test;
}

/* Where the test has come to, for a message if it does not come back: each mark is kept until the test's end, so a
 * loop that asks the same again and again leaves one. */
static void mark(const char *file, int line) {
    static __thread const char *last_file;
    static __thread int last_line;
    if (file == last_file && line == last_line) return;
    _mark_point(last_file = file, last_line = line);
}

void test_assert_status(plait_status got, plait_status expected, const char *call, const char *file,
                        int line) {
    if (got == expected) {
        mark(file, line);
        return;
    }
    /* Both names may live in the same per-thread buffer. */
    char got_name[64];
    snprintf(got_name, sizeof got_name, "%s", plait_status_name(got));
    _ck_assert_failed(file, line, "Assertion failed", "%s is %s, expected %s", call, got_name,
                      plait_status_name(expected));
}

double test_time_scale(void) {
    const char *text = getenv("PLAIT_TEST_TIMEOUT_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    return scale > 0 ? scale : 1;
}

/* Up to a second of stress is in a test's own limit; longer stress comes on top. */
static double time_limit(const struct test *test) {
    double longer = stress_seconds() - 1;
    return test->seconds * test_time_scale() + (longer > 0 ? 4 * longer : 0);
}

/* First thing in the child. What a test prints must not be taken for a result; and libcheck's own handlers, which
 * the child inherits, would hide what a signal does to a program. */
static void prepare_child(void) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
}

/* A message of several lines stays a comment on every one of them. */
static void print_comment(const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        printf("# %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_failure(SRunner *runner) {
    TestResult **failures = srunner_failures(runner);
    int count = srunner_ntests_failed(runner);
    for (int i = 0; i < count; i++) {
        TestResult *failure = failures[i];
        printf("# %s:%d: %s\n", tr_lfile(failure), tr_lno(failure),
               tr_rtype(failure) == CK_FAILURE ? "check failed" : "ended at or after this line");
        print_comment(tr_msg(failure));
    }
    free(failures);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run(const struct test *test, int number, enum fork_status fork_status) {
    Suite *suite = suite_create(test->body->name);
    TCase *tcase = tcase_create(test->body->name);
    tcase_add_test(tcase, test->body);
    tcase_set_timeout(tcase, time_limit(test));
    if (fork_status == CK_FORK) {
        tcase_add_checked_fixture(tcase, prepare_child, NULL);
    }
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork_status);

    double start = seconds_now();
    srunner_run_all(runner, CK_SILENT);
    bool passed = srunner_ntests_failed(runner) == 0;
    printf("%s %d - %s (%.2f s)\n", passed ? "ok" : "not ok", number, test->body->name,
           seconds_now() - start);
    if (!passed) {
        print_failure(runner);
    }
    fflush(stdout);
    srunner_free(runner);
    return passed;
}

static bool is_named(const struct test *test, char **names) {
    for (; *names; names++) {
        if (strcmp(test->body->name, *names) == 0) {
            return true;
        }
    }
    return false;
}

/* What the command line and the environment leave of the list. */
static bool is_wanted(const struct test *test, const char *program, char **names) {
    const char *match = getenv("PLAIT_TEST_MATCH");
    if (*names) {
        return is_named(test, names);
    }
    return !match || strstr(test->body->name, match) || strstr(program, match);
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *program = slash ? slash + 1 : argv[0];
    enum fork_status fork_status = CK_FORK;
    bool list = false;
    /* What a test starts by PLAIT_START_SPAWN begins here, and stays in this call. */
    if (argc > 1 && strcmp(argv[1], "--plait-process") == 0 && plait_process_setup(argc, argv) != PLAIT_OK)
        return EXIT_FAILURE;
    char **names = argv + 1;
    for (; argc > 1 && *names && strncmp(*names, "--", 2) == 0; names++) {
        list = list || strcmp(*names, "--list") == 0;
        fork_status = strcmp(*names, "--no-fork") == 0 ? CK_NOFORK : fork_status;
    }
    int count = 0, failed = 0;
    for (const struct test *test = tests; test; test = test->next) {
        if (!is_wanted(test, program, names)) {
            continue;
        }
        count++;
        if (list) {
            puts(test->body->name);
        } else {
            failed += !run(test, count, fork_status);
        }
    }
    if (!list) {
        printf(count ? "1..%d\n" : "1..%d # SKIP no test of this name here\n", count);
    }
    return failed || (!count && *names) ? EXIT_FAILURE : EXIT_SUCCESS;
}

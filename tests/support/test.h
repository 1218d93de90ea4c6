/* The test harness: libcheck with the paperwork taken away.
 *
 * A test is a function that registers itself; it runs in a process of its own and is killed, with everything it
 * started, when its time is up. A test program is any number of such files linked with the support library, which
 * brings main().
 *
 *     #include "support/test.h"
 *
 *     TEST(a_new_event_is_clear) {
 *         plait_event event = PLAIT_EVENT_INIT;
 *         ck_assert(!plait_event_is_set(&event));
 *     }
 *
 * Checks are libcheck's (ck_assert_int_eq and its family; they may be used from the test's first thread only) and
 * the few below. Text that a test prints goes to standard error.
 *
 * The program itself:
 *     PROGRAM             run every test, print TAP
 *     PROGRAM --list      name them
 *     PROGRAM NAME...     run the tests with one of these names
 *     PROGRAM --no-fork NAME   run one in this process, for the debugger
 *
 * Environment: PLAIT_TEST_MATCH=TEXT runs only tests whose name, or whose program's name, contains TEXT;
 * PLAIT_TEST_TIMEOUT_SCALE=N multiplies every time limit (sanitizers are slow). */
#ifndef PLAIT_TEST_SUPPORT_TEST_H
#define PLAIT_TEST_SUPPORT_TEST_H

#include <plait/status.h>

#include <check.h>

/* Seconds a test may run unless it says otherwise. Stress tests get the length of the stress on top. */
#define TEST_SECONDS 60

struct test {
    const TTest *body;
    unsigned seconds;
    struct test *next;
};

/* Puts a test on the list that main() runs; called before main() by what TEST expands to. */
void test_register(struct test *test);

#define TEST(name) TEST_WITHIN(name, TEST_SECONDS)

/* The same with a time limit of its own. */
#define TEST_WITHIN(name, seconds) \
    static void test_body_##name(int); \
    __attribute__((constructor)) static void test_register_##name(void) { \
        static const TTest body = {#name, test_body_##name, __FILE__, __LINE__}; \
        static struct test test = {&body, (seconds), 0}; \
        test_register(&test); \
    } \
    static void test_body_##name(int unused_ __attribute__((unused)))

/* A call that returns a status, checked against the one expected; the message names both. */
#define ck_assert_status(call, expected) test_assert_status((call), (expected), #call, __FILE__, __LINE__)
#define ck_assert_ok(call) ck_assert_status((call), PLAIT_OK)

void test_assert_status(plait_status got, plait_status expected, const char *call, const char *file,
                        int line);

/* The factor from PLAIT_TEST_TIMEOUT_SCALE, 1 when it is not set. A test with a limit of its own on some real
 * time multiplies it with this. */
double test_time_scale(void);

#endif

/* misuse.c - what the tests say themselves: assertions, choices, and mistakes that plait met. */
#include <base/hooks.h>
#include <base/text.h>
#include <check/control.h>
#include <check/plain.h>
#include <plait/api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plait__check_misuse(const char *words, const volatile void *object) {
    if (!plait__acting || plait__control->ending) return;
    plait__run_fails(PLAIT_CHECK_MISUSE, (const void *)(uintptr_t)object, "%s", words);
}

void plait__check_signals(const volatile void *object) {
    if (plait__acting && !plait__control->ending) plait__place(object)->signalled = true;
}

void plait__check_unheard(const char *words) {
    if (!plait__acting || plait__control->ending) return;
    plait__run_fails(PLAIT_CHECK_TASK_FAILED, NULL, "%s", words);
}

/* Outside a run it is the plain library's. */
void plait_check_failed(const char *words, const char *file, int line) {
    if (!plait__acting || plait__control->ending) plait__check_failed_plainly(words, file, line);
    plait__call_begins(NULL, __builtin_return_address(0));
    plait__run_fails(PLAIT_CHECK_ASSERTION, NULL, "%s fails at %s:%d", words, plait__file_name(file), line);
}

/* What assert calls: the checking library comes before the C library, so the words are not lost. */
PLAIT_API _Noreturn void __assert_fail(const char *words, const char *file, unsigned line,
                                       const char *function);

void __assert_fail(const char *words, const char *file, unsigned line, const char *function) {
    if (plait__acting && !plait__control->ending) {
        plait__call_begins(NULL, __builtin_return_address(0));
        plait__run_fails(PLAIT_CHECK_ASSERTION, NULL, "assert(%s) fails at %s:%u", words,
                         plait__file_name(file), line);
    }
    fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function, words);
    abort();
}

unsigned plait_choose(unsigned n) {
    if (!plait__acting || plait__control->ending) return 0;
    unsigned value = plait__decide_value(PLAIT__WHICH_VALUE, n);
    if (plait__control->run->recording)
        plait__record(plait__acting, PLAIT__EVENT_VALUE, NULL, -1, value, true);
    return value;
}

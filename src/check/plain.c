/* plain.c - plait/check.h in the plain library, where nothing is under control. */
#include <base/memory.h>
#include <base/status.h>
#include <check/plain.h>
#include <plait/check.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void plait__check_failed_plainly(const char *words, const char *file, int line) {
    fprintf(stderr, "%s:%d: %s fails\n", file, line, words);
    abort();
}

static const char *const outcomes[] = {
    [PLAIT_CHECK_PASSED] = "passed",
    [PLAIT_CHECK_DEADLOCK] = "deadlock",
    [PLAIT_CHECK_LOST_WAKEUP] = "lost wake-up",
    [PLAIT_CHECK_ASSERTION] = "assertion failed",
    [PLAIT_CHECK_CRASH] = "crash",
    [PLAIT_CHECK_EXIT] = "ended with an error",
    [PLAIT_CHECK_LEFT_RUNNING] = "thread left running",
    [PLAIT_CHECK_MISUSE] = "misuse",
    [PLAIT_CHECK_USE_AFTER_FREE] = "use after free",
    [PLAIT_CHECK_LIVELOCK] = "livelock",
    [PLAIT_CHECK_TASK_FAILED] = "task failed unheard",
    [PLAIT_CHECK_RACE] = "data race",
    [PLAIT_CHECK_UNCONTROLLED] = "uncontrolled",
    [PLAIT_CHECK_NOT_DETERMINISTIC] = "not deterministic",
    [PLAIT_CHECK_NOTHING_CONTROLLED] = "nothing controlled",
    [PLAIT_CHECK_REFUSED] = "refused",
};

const char *plait_check_outcome_text(plait_check_outcome outcome) {
    if ((size_t)outcome >= sizeof outcomes / sizeof *outcomes) return "no such outcome";
    return outcomes[outcome];
}

#if !defined(PLAIT_CHECKED)
bool plait__checking;

static const char words[] =
    "one plain run, not checked: this is not the checking library\n"
    "  (link with `pkg-config --libs plait-check`, or run the program by `plait check`)\n";

plait_check_result *plait_check_run(void (*test)(void *arg), void *arg, const plait_check_options *options) {
    (void)options;
    plait_check_result *result = test ? plait__allocate(sizeof *result) : NULL;
    if (!test) plait__set_last_error(PLAIT_INVALID);
    if (!result) return NULL;
    test(arg);
    *result = (plait_check_result){
        .outcome = PLAIT_CHECK_NOTHING_CONTROLLED, .schedules = 1, .report = words};
    return result;
}

void plait_check_free(plait_check_result *result) {
    plait__release(result);
}

void plait_check_failed(const char *failed, const char *file, int line) {
    plait__check_failed_plainly(failed, file, line);
}

unsigned plait_choose(unsigned n) {
    (void)n;
    return 0;
}

void plait__check_access(const volatile void *address, size_t size, int writes, const char *name,
                         const char *file, int line) {
    (void)address, (void)size, (void)writes, (void)name, (void)file, (void)line;
}
#endif

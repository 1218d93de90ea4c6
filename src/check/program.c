/* program.c - a whole program is the test: `plait check ./program`.
 *
 * The checking library is loaded in front of everything else, and its constructor finds PLAIT_CHECK in the
 * environment. From then on this process never reaches main: it is the one that explores, and forks a child
 * for each run, which returns from the constructor and is the program, under control from its first
 * instruction to its last destructor. Forking here is cheap, for nothing has been touched yet.
 */
#include <base/memory.h>
#include <check/child.h>
#include <check/command.h>
#include <check/control.h>
#include <check/settings.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static jmp_buf into_the_program;

/* False: the run did not pass, or there is none any more. */
static bool run_once(struct plait__exploration *exploration) {
    struct plait__run *run = exploration->run;
    if (!run->following && !plait__search_next(exploration->search)) return false;
    run->end = (struct plait__end){.outcome = PLAIT_CHECK_PASSED};
    run->loud = exploration->options.replay != NULL;
    pid_t child = fork();
    if (child == 0) longjmp(into_the_program, 1);
    if (child < 0) {
        run->end = (struct plait__end){.outcome = PLAIT_CHECK_REFUSED,
                                       .words = "no process could be started for the program"};
        return false;
    }
    plait__child_await(exploration, child);
    return run->end.outcome == PLAIT_CHECK_PASSED;
}

static void execute(struct plait__exploration *exploration) {
    while (run_once(exploration) && !exploration->run->following)
        plait__search_ran(exploration->search, &exploration->run->end);
}

/* 0: passed; 1: a failure was found; 2: nothing can be said. */
static int exit_status(plait_check_outcome outcome) {
    switch (outcome) {
    case PLAIT_CHECK_PASSED:
        return 0;
    case PLAIT_CHECK_UNCONTROLLED:
    case PLAIT_CHECK_NOT_DETERMINISTIC:
    case PLAIT_CHECK_NOTHING_CONTROLLED:
    case PLAIT_CHECK_REFUSED:
        return 2;
    default:
        return 1;
    }
}

_Noreturn static void explore(struct plait__exploration *exploration) {
    plait_check_result *result = plait__explore(exploration);
    int status = result ? exit_status(result->outcome) : 2;
    fputs(result ? result->report : "plait check: memory is out\n", stdout);
    (void)fflush(stdout);
    _exit(status);
}

static struct plait__exploration exploration;

static void be_the_program(void) {
    plait__child_begin(exploration.run);
    if (!plait__control_new(exploration.run, exploration.search, true)) _exit(2);
    plait__actor_ends_with_thread();
    plait__run_begin();
}

__attribute__((constructor)) static void begin(void) {
    const char *settings = getenv("PLAIT_CHECK");
    if (!settings) return;
    if (!plait__settings_read(settings, &exploration.options) || !plait__exploration_new(&exploration)) {
        fputs("plait check: PLAIT_CHECK makes no sense; it is set by `plait check`\n", stderr);
        _exit(2);
    }
    unsetenv("PLAIT_CHECK"); /* programs that this one starts are not checked */
    if (!exploration.options.steps) exploration.options.steps = PLAIT__STEPS_OF_PROGRAM;
    exploration.execute = execute;
    exploration.program = plait__command_line();
    exploration.build = plait__build_of_program();
    if (setjmp(into_the_program) == 0) explore(&exploration);
    be_the_program();
}

__attribute__((destructor)) static void end(void) {
    if (!plait__acting || plait__control->ending) return;
    if (plait__control->run->recording) plait__describe(); /* for the report of an exit status */
    if (plait__control->program) plait__run_end();
}

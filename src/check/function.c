/* function.c - plait_check_run: a function is the test, run many times in one process.
 *
 * The process is a child of the caller's, so that nothing the test does can hurt it. It takes one schedule
 * after the other and runs the function under each, with the same threads and all of plait's state put back
 * in between, until a run fails; then it ends. What failed is tried again in a process of its own.
 */
#include <base/memory.h>
#include <base/status.h>
#include <check/child.h>
#include <check/control.h>
#include <plait/thread.h>
#include <sys/wait.h>
#include <thread/registry.h>
#include <unistd.h>

struct test {
    void (*function)(void *arg);
    void *arg;
};

static void nobody_may_be_left(void) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 1; i < control->count; i++) {
        const struct plait__actor *actor = &control->actors[i];
        if (actor->standing == PLAIT__ENDED || !plait__actor_counts(actor)) continue;
        const plait_thread *thread = actor->self ? actor->self->thread : NULL;
        plait__run_fails(PLAIT_CHECK_LEFT_RUNNING, NULL, "%s had not ended when the test had",
                         thread ? thread->name : "a thread");
    }
}

static void run_once(const struct test *test) {
    struct plait__actor *me = &plait__control->actors[0];
    plait__actor_clean_stack(me);
    plait__run_begin();
    if (setjmp(me->leave) == 0) {
        test->function(test->arg);
        plait__run_drain();
        nobody_may_be_left();
    }
    plait__actors_leave();
    plait__run_end();
    plait__state_restore();
}

/* What plait does once in a process is done before its state is kept. */
static bool prepare(struct plait__exploration *exploration) {
    (void)plait_thread_main();
    (void)plait__exit_watch();
    plait__thread_watch_forks();
    if (!plait__control_new(exploration->run, exploration->search, false)) return false;
    plait__state_keep();
    return true;
}

static void be_the_child(struct plait__exploration *exploration) {
    struct plait__run *run = exploration->run;
    plait__child_begin(run);
    if (!prepare(exploration)) _exit(2);
    if (run->following) {
        run_once(exploration->context);
        run->returned = true;
        _exit(0);
    }
    while (plait__search_next(exploration->search)) {
        run_once(exploration->context);
        plait__search_ran(exploration->search, &run->end);
    }
    run->returned = true;
    _exit(0);
}

static void execute(struct plait__exploration *exploration) {
    struct plait__end *end = &exploration->run->end;
    exploration->run->returned = false;
    end->outcome = PLAIT_CHECK_PASSED;
    pid_t child = fork();
    if (child == 0) be_the_child(exploration);
    if (child > 0) {
        plait__child_await(exploration, child);
        if (end->outcome == PLAIT_CHECK_PASSED && !exploration->run->returned)
            *end = (struct plait__end){.outcome = PLAIT_CHECK_EXIT, .words = "the test ended the process"};
        return;
    }
    *end = (struct plait__end){.outcome = PLAIT_CHECK_REFUSED,
                               .words = "no process could be started for the test"};
}

plait_check_result *plait_check_run(void (*function)(void *arg), void *arg,
                                    const plait_check_options *options) {
    struct test test = {function, arg};
    struct plait__exploration exploration = {.execute = execute, .context = &test};
    plait_check_result *result = NULL;
    if (options) exploration.options = *options;
    if (!function || plait__acting) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    if (plait__exploration_new(&exploration)) {
        exploration.build = plait__build_of_program();
        result = plait__explore(&exploration);
    }
    plait__exploration_end(&exploration);
    if (!result) plait__set_last_error(PLAIT_NO_MEMORY);
    return result;
}

void plait_check_free(plait_check_result *result) {
    if (!result) return;
    plait__release((char *)(uintptr_t)result->token);
    plait__release((char *)(uintptr_t)result->report);
    plait__release(result);
}

/* Processes by the hundred: started and ended in every way by many threads, and programs killed in the middle of that.
 * Nothing is lost, and nothing is left. */
#include "support/proc.h"
#include "support/stress.h"
#include "support/test.h"

#include <plait.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

PLAIT_TASK(long, square, (long, number)) {
    return number * number;
}
PLAIT_TASK(int, fails, (int, code)) {
    plait_raise(code, "as asked");
    return 0;
}
PLAIT_TASK(void, waits_for_ever) {
    for (;;) pause();
}

/* The sum of what was wrong: 0. */
static int come_and_go(struct stress_random *random) {
    static const plait_process_options daemon = {.daemon = true};
    int wrong = 0, code = 1000;
    long number = (long)stress_random_below(random, 1000), result = 0;
    uint32_t what = stress_random_below(random, 6);
    plait_process *process = what < 2    ? plait_process_start(square, number)
                             : what == 2 ? plait_process_start(fails, PLAIT_USER + 1)
                                         : plait_process_start_with(&daemon, waits_for_ever);
    if (!process) return 1;
    switch (what) {
    case 0: /* joined by its result */
        wrong += plait_process_result(process, &result) != PLAIT_OK || result != number * number;
        break;
    case 1: /* let go at once */
        break;
    case 2:
        wrong += plait_process_result(process, NULL) != PLAIT_USER + 1;
        wrong += strcmp(plait_process_message(process), "as asked") != 0;
        break;
    case 3:
        wrong += plait_process_join_until(process, plait_after(1e-6)) != PLAIT_TIMEOUT;
        wrong += plait_process_terminate(process) || plait_process_join(process);
        wrong += plait_process_exit_code(process, &code) != PLAIT_OK || code != -SIGTERM;
        break;
    default:
        wrong += plait_process_kill(process) || plait_process_join(process);
        wrong += plait_process_exit_code(process, &code) != PLAIT_OK || code != -SIGKILL;
    }
    plait_process_free(process);
    return wrong;
}

PLAIT_TASK(int, come_and_go_for_a_while, (int, stream)) {
    struct stress_random random = stress_random_stream((unsigned)stream);
    int wrong = 0;
    while (stress_goes_on()) wrong += come_and_go(&random);
    return wrong;
}

TEST(threads_start_and_end_processes_in_every_way) {
    enum { MOST = 64 };
    plait_thread *threads[MOST];
    int many = stress_threads(3), wrong = -1;
    if (many > 8) many = 8;
    ck_assert_ok(plait_process_setup(0, NULL));
    for (int i = 0; i < many; i++) threads[i] = plait_start(come_and_go_for_a_while, i);
    for (int i = 0; i < many; i++) {
        ck_assert_ok(plait_thread_result(threads[i], &wrong));
        ck_assert_int_eq(wrong, 0);
        plait_thread_free(threads[i]);
    }
    plait_process *left[256]; /* those let go that nobody has looked at */
    size_t count = plait_process_enumerate(left, 256);
    ck_assert_uint_le(count, 256);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ok(plait_process_join(left[i]));
        plait_process_free(left[i]);
    }
    ck_assert_uint_eq(plait_process_enumerate(NULL, 0), 0);
}

/* ---- a program that is killed ---- */

static bool group_lives(int group) {
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    bool found = false;
    while (directory && !found && (entry = readdir(directory)) != NULL) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        struct proc proc = pid > 0 ? proc_of(pid) : (struct proc){0};
        found = proc.group == group && !proc_has_ended(pid);
    }
    if (directory) closedir(directory);
    return found;
}

static void start_for_ever(void) {
    struct stress_random random = stress_random_stream((unsigned)getpid());
    setpgid(0, 0);
    for (;;) (void)come_and_go(&random);
}

TEST(a_program_killed_at_any_moment_leaves_nobody) {
    struct stress_random random = stress_random_stream(99);
    while (stress_goes_on()) {
        pid_t program = fork();
        ck_assert_int_ge(program, 0);
        if (program == 0) start_for_ever();
        struct timespec moment = {0, 1000 * (long)stress_random_below(&random, 5000)};
        nanosleep(&moment, NULL); /* chance, not order */
        ck_assert_int_eq(kill(program, SIGKILL), 0);
        ck_assert_int_eq(waitpid(program, NULL, 0), program);
        while (group_lives(program)) sched_yield();
    }
}

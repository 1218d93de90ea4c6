/* A dump on a signal. */
#include "situation.h"
#include "support/asleep.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Puts a pipe in the place of standard error; what can be read from it. */
static int catch_stderr(void) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

/* Reads until so many lines have come. */
static void read_lines(int from, int lines, char *text, size_t room) {
    for (size_t length = 0; lines && length + 1 < room; length++) {
        ck_assert_int_eq(read(from, text + length, 1), 1);
        lines -= text[length] == '\n';
        text[length + 1] = '\0';
    }
}

static bool is_caught(int number) {
    struct sigaction now;
    ck_assert_int_eq(sigaction(number, NULL, &now), 0);
    return now.sa_handler != SIG_DFL &&
           now.sa_handler != SIG_IGN; /* ignored, if the tests run in the background */
}

static plait_event go;

PLAIT_TASK(void, wait_for_go) {
    (void)plait_event_wait(&go);
}

TEST(the_signal_brings_a_dump_and_the_program_goes_on) {
    char text[2048];
    int from = catch_stderr();
    plait_thread *thread = plait_start(wait_for_go);
    wait_until_asleep(1);
    ck_assert_ok(plait_dump_on_signal(SIGQUIT));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(kill(getpid(), SIGQUIT), 0);
        read_lines(from, 3, text, sizeof text);
        normalise(text);
        ck_assert_str_eq(text,
                         "plait: 2 threads\n MainThread awake\n Thread-1 (wait_for_go) waits for event\n");
    }
    plait_event_set(&go);
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

TEST(another_signal_replaces_the_first_and_0_ends_it) {
    char text[2048];
    int from = catch_stderr();
    ck_assert_ok(plait_dump_on_signal(SIGQUIT));
    ck_assert_ok(plait_dump_on_signal(SIGQUIT));
    ck_assert(is_caught(SIGQUIT));
    ck_assert_ok(plait_dump_on_signal(SIGUSR1));
    ck_assert(!is_caught(SIGQUIT));
    ck_assert_int_eq(raise(SIGUSR1), 0);
    read_lines(from, 2, text, sizeof text);
    normalise(text);
    ck_assert_str_eq(text, "plait: 1 thread\n MainThread awake\n");
    ck_assert_ok(plait_dump_on_signal(0));
    ck_assert_ok(plait_dump_on_signal(0));
    ck_assert(!is_caught(SIGUSR1));
}

TEST(what_cannot_be_is_refused) {
    static const int bad[] = {-1, 100000, SIGKILL, SIGSTOP, SIGSEGV, SIGABRT};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_status(plait_dump_on_signal(bad[i]), PLAIT_INVALID);
}

static int status_of(pid_t child) {
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

TEST(a_forked_child_has_its_own_or_none) {
    ck_assert_ok(plait_dump_on_signal(SIGQUIT));
    pid_t child = fork();
    if (child == 0) {
        if (is_caught(SIGQUIT)) _exit(1);
#if !defined(__SANITIZE_THREAD__) /* a thread after a fork of many is not for it */
        char text[2048];
        int from = catch_stderr();
        if (plait_dump_on_signal(SIGQUIT) != PLAIT_OK) _exit(2);
        raise(SIGQUIT);
        read_lines(from, 2, text, sizeof text);
        if (!strstr(text, "MainThread")) _exit(3);
#endif
        _exit(0);
    }
    ck_assert_int_eq(status_of(child), 0);
    ck_assert(is_caught(SIGQUIT));
}

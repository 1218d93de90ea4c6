/* log.c - act 3: a log writer fed by many threads, and what becomes of the last lines.
 *
 * Lines go through a queue to one thread that writes them, each with a write of its own and at the pace
 * of a disk that takes its time, so the queue is full of lines when the feeders are through.
 * Stopped by shutdown and join, the writer writes what is left: no line is lost. A daemon thread is not
 * waited for: when its process ends, so does it, wherever it is. That needs a process which ends, so the
 * act starts this program once more.
 */
#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEEDERS = 8, LINES_EACH = 1000, LINES = FEEDERS * LINES_EACH, ROOM = 1000, TEXT = 48 };
static const double PACE = 0.00005; /* seconds a line */

struct line {
    char text[TEXT];
};

/* The writer ends when the queue is shut down and empty. It is shielded: after Ctrl-C, too, what was
 * handed over is written. */
PLAIT_TASK(void, write_log, (plait_queue *, lines), (int, file)) {
    struct line line;
    plait_shield();
    while (plait_queue_get(lines, &line) == PLAIT_OK) {
        size_t length = strlen(line.text);
        if (write(file, line.text, length) != (ssize_t)length) {
            plait_raise(PLAIT_ERRNO, "cannot write the log");
            plait_queue_shutdown(lines, true);
        }
        plait_sleep(PACE);
    }
}

/* Returns how many lines the queue took. */
PLAIT_TASK(int, feed_log, (plait_queue *, lines), (int, feeder)) {
    for (int i = 0; i < LINES_EACH; i++) {
        struct line line;
        snprintf(line.text, TEXT, "feeder %d says line %d of %d\n", feeder, i + 1, LINES_EACH);
        if (plait_queue_put(lines, &line) != PLAIT_OK) return i;
    }
    return LINES_EACH;
}

/* Lets all feeders feed, and returns how many lines they handed over. */
static int feed(plait_queue *lines) {
    plait_thread *feeders[FEEDERS];
    int all = 0;
    for (int i = 0; i < FEEDERS; i++) feeders[i] = plait_start(feed_log, lines, i);
    for (int i = 0; i < FEEDERS; i++) {
        int handed_over = 0;
        if (plait_thread_result(feeders[i], &handed_over) == PLAIT_OK) all += handed_over;
        plait_thread_free(feeders[i]);
    }
    return all;
}

static int lines_in(int file) {
    char text[4096];
    ssize_t got;
    int lines = 0;
    if (lseek(file, 0, SEEK_SET) != 0) return -1;
    while ((got = read(file, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++) lines += text[i] == '\n';
    return lines;
}

static void print_row(const char *how, int handed_over, int written, double seconds) {
    printf("  %-26s  %11d  %11d  %5d  %6.2f s\n", how, handed_over, written, handed_over - written, seconds);
}

/* ---- stopped by shutdown ---- */

static int with_shutdown(int file) {
    double start = plait_monotonic();
    plait_queue *lines = plait_queue_of(struct line, ROOM);
    plait_thread *writer = plait_start(write_log, lines, file);
    plait_shield();
    int handed_over = feed(lines);
    plait_queue_shutdown(lines, false);
    plait_status status = plait_thread_join(writer);
    plait_thread_free(writer);
    plait_queue_free(lines);
    int written = lines_in(file);
    print_row("shutdown, then join", handed_over, written, plait_monotonic() - start);
    return status == PLAIT_OK && written == handed_over ? 0 : 1;
}

/* ---- a daemon thread ---- */

int act_log_with_daemon(const char *path) {
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    plait_queue *lines = plait_queue_of(struct line, ROOM);
    plait_thread_options daemon = {.name = "log writer", .daemon = true};
    plait_thread *writer = plait_start_with(&daemon, write_log, lines, file);
    if (file < 0 || !writer) return 1;
    plait_thread_free(writer);
    return feed(lines) == LINES ? 0 : 1; /* the end of main ends the process, and the writer with it */
}

static int run_with_daemon(const char *program, const char *path) {
    char *arguments[] = {(char *)program, "log-with-daemon", (char *)path, NULL};
    pid_t child;
    int status = -1;
    if (posix_spawnp(&child, program, NULL, NULL, arguments, environ) != 0) return -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int with_daemon(const char *program, const char *path, int file) {
    double start = plait_monotonic();
    if (ftruncate(file, 0) != 0) return 1;
    int status = run_with_daemon(program, path);
    if (plait_cancelled()) return 0;
    int written = lines_in(file);
    print_row("daemon, process exits", LINES, written, plait_monotonic() - start);
    return status == 0 && written >= 0 ? 0 : 1; /* how many get lost is a matter of luck */
}

int act_log(const char *program) {
    char path[] = "/tmp/plait-log-XXXXXX";
    int file = mkostemp(path, O_APPEND | O_CLOEXEC);
    if (file < 0) {
        fprintf(stderr, "cannot make a file in /tmp: %s\n", strerror(errno));
        return 1;
    }
    printf("A log writer fed by %d threads, %d lines each\n", FEEDERS, LINES_EACH);
    printf("  %-26s  %11s  %11s  %5s  %8s\n", "how the writer is stopped", "handed over", "in the file",
           "lost", "time");
    int status = with_shutdown(file);
    if (status == 0 && !plait_cancelled()) status = with_daemon(program, path, file);
    close(file);
    unlink(path);
    return status;
}

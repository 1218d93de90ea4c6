/* start.c - the program's side of a start: announcements and jobs (start.h).
 *
 * Who starts a process takes exactly one announcement, and there was exactly one request for it: his own, or the one
 * that the start before made ahead. `ahead` of the server says whether there is such a one that nobody has taken.
 */
#include <base/os_process.h>
#include <base/status.h>
#include <errno.h>
#include <fcntl.h>
#include <process/job.h>
#include <process/server.h>
#include <process/setup.h>
#include <string.h>
#include <sys/wait.h>
#include <thread/interrupt.h>
#include <unistd.h>

/* ---- a spare ---- */

/* REFUSED: errno says why. KILLED: the spare, before it had its job. LOST: there is no server any more. */
enum answer { SPARE, REFUSED, KILLED, LOST };

static bool ask(struct plait__server *server) {
    static const char request = PLAIT__ONE_MORE;
    return plait__send(server->socket, &request, 1, NULL, 0, NULL, 0) == 0;
}

/* Waits as long as a fork takes. */
static enum answer hear(struct plait__server *server, struct plait__child *child) {
    struct plait__announcement announcement = {0};
    int descriptors[2];
    size_t count = 2;
    ssize_t got = plait__receive(server->socket, &announcement, sizeof announcement, NULL, 0, descriptors,
                                 &count, 0);
    if (got < 0 && errno == EMFILE) return REFUSED;
    if (got <= 0) return LOST;
    errno = announcement.error;
    if (count < 2) return REFUSED;
    *child = (struct plait__child){announcement.pid, descriptors[0], descriptors[1], false};
    return SPARE;
}

static enum answer ask_and_hear(struct plait__server *server, struct plait__child *child) {
    return ask(server) ? hear(server, child) : LOST;
}

/* The spare that was asked for ahead may have been refused for a reason that is no more: then once again. */
static enum answer take_spare(struct plait__server *server, struct plait__child *child) {
    if (!plait__exchange(&server->ahead, 0)) return ask_and_hear(server, child);
    enum answer answer = hear(server, child);
    return answer == REFUSED ? ask_and_hear(server, child) : answer;
}

static void ask_ahead(struct plait__server *server) {
    if (!plait__exchange(&server->ahead, 1)) (void)ask(server);
}

/* ---- a job ---- */

/* The program's working directory, if it is not the server's; else -1. False, with errno: it cannot be had. */
static bool other_directory(const struct plait__server *server, int *directory) {
    struct stat now;
    *directory = -1;
    if (stat(".", &now) != 0) return true; /* whoever has none gives none */
    if (now.st_dev == server->device && now.st_ino == server->directory) return true;
    *directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *directory >= 0;
}

void plait__describe_job(struct plait__job *job, const struct plait__start *start) {
    *job = (struct plait__job){.kind = PLAIT__JOB_RUN,
                               .quiet_interrupt = start->quiet_interrupt,
                               .executable = plait__setup_was_called(),
                               .cancel_on_interrupt = !start->quiet_interrupt && plait__interrupt_installed(),
                               .entry = (intptr_t)start->entry - (intptr_t)plait__start_process,
                               .size = start->size,
                               .count = start->count};
    if (start->name) strncpy(job->name, start->name, sizeof job->name - 1);
}

static int send_job(const struct plait__server *server, const struct plait__child *child,
                    const struct plait__start *start) {
    struct plait__job job;
    int descriptors[PLAIT__JOB_DESCRIPTORS], directory, file = -1, error = 0;
    size_t count = 0, own;
    plait__describe_job(&job, start);
    if (!other_directory(server, &directory)) return errno;
    if (directory >= 0) descriptors[count++] = directory;
    if (start->size > PLAIT__JOB_INLINE && (file = plait__file_of(start->data, start->size)) < 0)
        error = errno;
    if (file >= 0) descriptors[count++] = file;
    job.has_directory = directory >= 0;
    job.has_file = file >= 0;
    own = count;
    if (start->count) memcpy(descriptors + own, start->descriptors, start->count * sizeof *descriptors);
    count += start->count;
    if (!error && start->method == PLAIT_START_SPAWN) {
        struct plait__job first = {.kind = PLAIT__JOB_EXECUTE};
        error = plait__send(child->channel, &first, sizeof first, NULL, 0, NULL, 0);
    }
    if (!error)
        error = plait__send(child->channel, &job, sizeof job, start->data, file < 0 ? start->size : 0,
                            descriptors, count);
    while (own) close(descriptors[--own]);
    return error;
}

/* ---- a start ---- */

static enum answer try_start(struct plait__server *server, const struct plait__start *start,
                             struct plait__child *child) {
    enum answer answer = take_spare(server, child);
    if (answer != SPARE) return answer;
    int error = send_job(server, child, start);
    if (error) plait__child_close(child);
    ask_ahead(server);
    errno = error;
    return !error ? SPARE : error == EPIPE || error == ECONNRESET ? KILLED : REFUSED;
}

static plait_status start_by_server(const struct plait__start *start, struct plait__child *child) {
    for (int tries = 0; tries < 3; tries++) {
        struct plait__server *server = plait__server_keep();
        if (!server) return plait_last_error();
        enum answer answer = try_start(server, start, child);
        if (answer == LOST) plait__server_lost(server);
        plait__server_drop(server);
        if (answer == SPARE) return PLAIT_OK;
        if (answer == REFUSED)
            return plait__start_fails(errno == ENOMEM ? PLAIT_NO_MEMORY : PLAIT_ERRNO,
                                      "no other process can be started");
    }
    return plait__start_fails(PLAIT_BROKEN, "new processes are killed before they begin");
}

plait_status plait__start_process(const struct plait__start *start, struct plait__child *child) {
    if (!start->entry || start->count > PLAIT__START_DESCRIPTORS)
        return plait__start_fails(PLAIT_INVALID, "too many descriptors for a new process");
    if (start->method == PLAIT_START_SPAWN && !plait__setup_was_called())
        return plait__start_fails(PLAIT_INVALID,
                                  "to spawn, call plait_process_setup(argc, argv) in main's first line");
    return start->method == PLAIT_START_FORK ? plait__start_by_fork(start, child)
                                             : start_by_server(start, child);
}

/* ---- afterwards ---- */

/* The program's wait(-1) may have been faster, and where SIGCHLD is ignored nobody is told. */
static bool own_ended(const struct plait__child *child, int *wait_status) {
    siginfo_t info = {.si_pid = 0};
    *wait_status = W_EXITCODE(255, 0);
    if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0) return errno == ECHILD;
    if (!info.si_pid) return false;
    *wait_status = info.si_code == CLD_EXITED   ? W_EXITCODE(info.si_status, 0)
                   : info.si_code == CLD_DUMPED ? info.si_status | WCOREFLAG
                                                : info.si_status;
    return true;
}

bool plait__child_ended(const struct plait__child *child, int *wait_status) {
    struct plait__word word;
    if (child->own) return own_ended(child, wait_status);
    for (;;) {
        ssize_t got = recv(child->channel, &word, sizeof word, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return false;
        if (got <= 0) word.wait_status = SIGKILL; /* with the server */
        if (got > 0 && word.kind != PLAIT__WORD_STATUS) continue;
        *wait_status = word.wait_status;
        return true;
    }
}

int plait__child_kill(const struct plait__child *child, int number) {
    return plait__os_process_signal(child->pidfd, number) == 0 ? 0 : errno;
}

void plait__child_close(struct plait__child *child) {
    close(child->pidfd);
    close(child->channel);
    child->pidfd = child->channel = -1;
}

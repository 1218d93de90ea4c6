/* setup.c - starting the server, and the program's handle of it.
 *
 * The program forks its server; a child that the program's server has forked asks for one in the nursery (start.h).
 *
 * `current` is changed under the mutex. In the child of a fork it is the parent's server: the child begins with none.
 */
#include <base/memory.h>
#include <base/os.h>
#include <base/os_process.h>
#include <base/status.h>
#include <errno.h>
#include <fcntl.h>
#include <process/job.h>
#include <process/process.h>
#include <process/server.h>
#include <process/setup.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/task_frame.h>
#include <unistd.h>
#include <wait/fork.h>
#include <wait/mutex.h>

static struct plait__mutex mutex;
static struct plait__server *current;
static bool called; /* plait_process_setup, here or in the program above; under the mutex */
static bool lost;   /* there was a server, and it was killed; under the mutex */
static pthread_once_t once = PTHREAD_ONCE_INIT;

bool plait__setup_was_called(void) {
    (void)plait__mutex_lock(&mutex);
    bool was = called;
    plait__mutex_unlock(&mutex);
    return was;
}

void plait__setup_is_executable(bool is) {
    (void)plait__mutex_lock(&mutex);
    called = is;
    plait__mutex_unlock(&mutex);
}

int plait__setup_nursery(void) {
    int own = plait__child_nursery();
    (void)plait__mutex_lock(&mutex);
    if (own < 0 && current) own = current->nursery;
    if (own >= 0) own = fcntl(own, F_DUPFD_CLOEXEC, 3);
    plait__mutex_unlock(&mutex);
    return own;
}

/* ---- the handle ---- */

void plait__server_drop(struct plait__server *server) {
    if (plait__sub(&server->references, 1) != 1) return;
    close(server->socket);
    if (server->process >= 0) close(server->process);
    if (server->nursery >= 0) close(server->nursery);
    plait__release(server);
}

/* Until it has ended. */
static void wait_for_end(const struct plait__server *server) {
    struct pollfd process = {.fd = server->process, .events = POLLIN};
    if (server->process < 0)
        plait__os_reap_hidden(server->pid);
    else
        while (plait__os_poll(&process, 1, INT64_MAX) < 0) {}
}

void plait__server_lost(struct plait__server *server) {
    (void)plait__mutex_lock(&mutex);
    bool was = current == server;
    if (was) current = NULL;
    lost = lost || was;
    plait__mutex_unlock(&mutex);
    if (!was) return;
    (void)shutdown(server->socket, SHUT_RDWR); /* if it was only out of memory, say, it goes now */
    wait_for_end(server);
    plait__server_drop(server);
}

/* Who still talks to it finds that it is gone. */
void plait__server_end(void) {
    (void)plait__mutex_lock(&mutex);
    struct plait__server *server = current;
    current = NULL;
    plait__mutex_unlock(&mutex);
    if (!server) return;
    (void)shutdown(server->socket, SHUT_RDWR);
    wait_for_end(server);
    plait__server_drop(server);
}

/* ---- forks ---- */

static void prepare(void) {
    (void)plait__mutex_lock(&mutex);
}

static void parent(void) {
    plait__mutex_unlock(&mutex);
}

static void child(void) {
    if (current) plait__server_drop(current);
    current = NULL;
    lost = false;
    plait__lifeline_forked();
    plait__mutex_unlock(&mutex);
}

static void process_begins(void) {
    plait__thread_watch_forks();
    (void)pthread_atfork(prepare, parent, child);
}

int plait__setup_keep_lifeline(int (*get)(void)) {
    pthread_once(&once, process_begins);
    (void)plait__mutex_lock(&mutex);
    int line = get();
    plait__mutex_unlock(&mutex);
    return line;
}

/* ---- starting it ---- */

plait_status plait__start_fails(plait_status status, const char *words) {
    int error = errno;
    char message[112];
    if (status == PLAIT_ERRNO) {
        char reason[64] = "";
        snprintf(message, sizeof message, "%s: %s", words, strerror_r(error, reason, sizeof reason));
        words = message;
    }
    plait__set_last_message(words);
    plait__set_last_error(status);
    errno = error;
    return status;
}

/* In the server. Its memory is the program's, with the mutex taken and no program that would give it back. Each child will
 * look through the wait core's tables (wait/fork.c): once they have been read here the children share the pages. */
static _Noreturn void begin_server(int socket, int program, struct plait__nursery nursery) {
    plait__mutexes_after_fork();
    plait__parking_after_fork();
    plait__waiters_after_fork();
    current->nursery = -1; /* the server's from now on */
    plait__server_drop(current);
    current = NULL;
    plait__mutex_unlock(&mutex);
    plait__serve(socket, program, nursery);
}

/* With the mutex. What stdio holds is written before, or every child would write it once more. No signal may meet the
 * server before it is ready for none. */
static plait_status fork_server(struct plait__server *server, int socket, int program,
                                struct plait__nursery nursery) {
    sigset_t all;
    fflush(NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &plait__before.mask);
    server->pid = plait__os_fork_hidden();
    if (server->pid == 0) begin_server(socket, program, nursery);
    pthread_sigmask(SIG_SETMASK, &plait__before.mask, NULL);
    return server->pid < 0 ? PLAIT_ERRNO : PLAIT_OK;
}

/* One end for the server, one for the program. */
static bool pair(int *theirs, int *ours) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
    *theirs = ends[0];
    *ours = ends[1];
    return true;
}

static void close_all(const int *descriptors, int count) {
    int error = errno;
    for (int i = 0; i < count; i++)
        if (descriptors[i] >= 0) close(descriptors[i]);
    errno = error;
}

static plait_status launch(struct plait__server *server) {
    enum { SOCKET, PROGRAM, HEARING, COUNT };
    int theirs[COUNT] = {-1, plait__os_process_open(getpid()), -1};
    plait_status status = PLAIT_ERRNO;
    if (theirs[PROGRAM] >= 0 && pair(&theirs[SOCKET], &server->socket) &&
        pair(&theirs[HEARING], &server->nursery))
        status = fork_server(server, theirs[SOCKET], theirs[PROGRAM],
                             (struct plait__nursery){server->nursery, theirs[HEARING]});
    close_all(theirs, COUNT);
    return status;
}

/* In a child: asks for one. It is over if the other end of `socket` is closed without a word. */
static plait_status ask_nursery(struct plait__server *server, int nursery) {
    static const char request = PLAIT__ONE_MORE;
    struct plait__announcement announcement = {0};
    int given[2] = {-1, plait__os_process_open(getpid())};
    if (given[1] < 0 || !pair(&given[0], &server->socket)) {
        close_all(given, 2);
        return PLAIT_ERRNO;
    }
    int error = plait__send(nursery, &request, 1, NULL, 0, given, 2);
    close_all(given, 2);
    size_t count = 1;
    ssize_t got = error ? 0
                        : plait__receive(server->socket, &announcement, sizeof announcement, NULL, 0,
                                         &server->process, &count, 0);
    if (got > 0 && count == 1) return PLAIT_OK;
    server->process = -1;
    errno = error ? error : got > 0 ? announcement.error : got < 0 ? errno : EAGAIN;
    return PLAIT_ERRNO;
}

/* With the mutex: where the server works now. */
static void note_directory(struct plait__server *server) {
    struct stat directory = {.st_dev = 0};
    (void)stat(".", &directory);
    server->device = directory.st_dev;
    server->directory = directory.st_ino;
}

/* With the mutex. */
static plait_status start_server(void) {
    int nursery = plait__child_nursery();
    bool crowded = nursery < 0 && plait__os_other_threads();
    if (crowded && lost)
        return plait__start_fails(PLAIT_BROKEN, "the server was killed; another cannot start beside threads");
    if (crowded)
        return plait__start_fails(
            PLAIT_INVALID, "several threads run: call plait_process_setup(argc, argv) in main's first line");
    struct plait__server *server = plait__allocate(sizeof *server);
    if (!server) return plait__start_fails(PLAIT_NO_MEMORY, "no memory for the process server");
    *server = (struct plait__server){.references = 1, .socket = -1, .process = -1, .nursery = -1};
    if (nursery < 0) note_directory(server);
    current = server;
    plait_status status = nursery < 0 ? launch(server) : ask_nursery(server, nursery);
    if (status == PLAIT_OK) return PLAIT_OK;
    int error = errno;
    current = NULL;
    plait__server_drop(server);
    errno = error;
    return plait__start_fails(status, "the process server cannot be started");
}

static plait_status ready(void) {
    pthread_once(&once, process_begins);
    return plait__living_watch();
}

struct plait__server *plait__server_keep(void) {
    plait_status status = ready();
    if (status) {
        plait__start_fails(status, "no memory for the process server");
        return NULL;
    }
    (void)plait__mutex_lock(&mutex);
    if (!current) status = start_server();
    struct plait__server *server = status ? NULL : current;
    if (server) plait__add_relaxed(&server->references, 1);
    plait__mutex_unlock(&mutex);
    return server;
}

/* ---- setup ---- */

plait_status plait_process_setup(int argc, char **argv) {
    plait__child_executed(argc, argv);
    struct plait__server *server = plait__server_keep();
    if (!server) return plait_last_error();
    plait__server_drop(server);
    (void)plait__mutex_lock(&mutex);
    called = true;
    plait__mutex_unlock(&mutex);
    return PLAIT_OK;
}

/* setup.c - starting the server, and the program's handle of it.
 *
 * `current` is changed under the mutex. In the child of a fork it is the parent's server: the child begins with none.
 */
#include <base/memory.h>
#include <base/os.h>
#include <base/os_process.h>
#include <base/status.h>
#include <errno.h>
#include <fcntl.h>
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
static bool called; /* plait_process_setup; under the mutex */
static bool lost;   /* there was a server, and it was killed; under the mutex */
static pthread_once_t once = PTHREAD_ONCE_INIT;

bool plait__setup_was_called(void) {
    (void)plait__mutex_lock(&mutex);
    bool was = called;
    plait__mutex_unlock(&mutex);
    return was;
}

/* ---- the handle ---- */

void plait__server_drop(struct plait__server *server) {
    if (plait__sub(&server->references, 1) != 1) return;
    close(server->socket);
    plait__release(server);
}

void plait__server_lost(struct plait__server *server) {
    (void)plait__mutex_lock(&mutex);
    bool was = current == server;
    if (was) current = NULL;
    lost = lost || was;
    plait__mutex_unlock(&mutex);
    if (!was) return;
    plait__os_reap_hidden(server->pid);
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
    plait__os_reap_hidden(server->pid);
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
static _Noreturn void begin_server(int socket, int program) {
    plait__mutexes_after_fork();
    plait__parking_after_fork();
    plait__waiters_after_fork();
    plait__server_drop(current);
    current = NULL;
    called = false;
    plait__mutex_unlock(&mutex);
    plait__serve(socket, program);
}

/* With the mutex. What stdio holds is written before, or every child would write it once more. No signal may meet the
 * server before it is ready for none. */
static plait_status fork_server(struct plait__server *server, int socket, int program) {
    sigset_t all;
    fflush(NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &plait__before.mask);
    server->pid = plait__os_fork_hidden();
    if (server->pid == 0) begin_server(socket, program);
    pthread_sigmask(SIG_SETMASK, &plait__before.mask, NULL);
    return server->pid < 0 ? PLAIT_ERRNO : PLAIT_OK;
}

static plait_status launch(struct plait__server *server) {
    int ends[2], program = plait__os_process_open(getpid());
    struct stat directory = {.st_dev = 0};
    if (program < 0) return PLAIT_ERRNO;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        close(program);
        return PLAIT_ERRNO;
    }
    server->socket = ends[0];
    (void)stat(".", &directory);
    server->device = directory.st_dev;
    server->directory = directory.st_ino;
    plait_status status = fork_server(server, ends[1], program);
    int error = errno;
    close(program);
    close(ends[1]);
    if (status) close(ends[0]);
    errno = error;
    return status;
}

/* With the mutex. */
static plait_status start_server(void) {
    if (plait__os_other_threads() && lost)
        return plait__start_fails(PLAIT_BROKEN, "the server was killed; another cannot start beside threads");
    if (plait__os_other_threads())
        return plait__start_fails(
            PLAIT_INVALID, "several threads run: call plait_process_setup(argc, argv) in main's first line");
    struct plait__server *server = plait__allocate(sizeof *server);
    if (!server) return plait__start_fails(PLAIT_NO_MEMORY, "no memory for the process server");
    server->references = 1;
    current = server;
    plait_status status = launch(server);
    if (status == PLAIT_OK) return PLAIT_OK;
    current = NULL;
    plait__release(server);
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

static int executed_channel(int argc, char **argv) {
    if (argc != 3 || !argv || strcmp(argv[1], PLAIT__EXECUTED_FLAG) != 0) return -1;
    return atoi(argv[2]);
}

plait_status plait_process_setup(int argc, char **argv) {
    int channel = executed_channel(argc, argv);
    if (channel > 0) plait__child_executed(channel);
    struct plait__server *server = plait__server_keep();
    if (!server) return plait_last_error();
    plait__server_drop(server);
    (void)plait__mutex_lock(&mutex);
    called = true;
    plait__mutex_unlock(&mutex);
    return PLAIT_OK;
}

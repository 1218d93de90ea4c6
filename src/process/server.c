/* server.c - the server: forks spares, tells how children have ended, and takes them along when the program ends.
 *
 * It has one thread, so nothing here meets anything. What it holds of each child is the child's end of its channel: the
 * wait status goes through it, so a program whose child's channel ends without one knows that the server was killed, and
 * the child with it. Every descriptor it has is above 2, every child closes all of them but its own.
 */
#include <base/memory.h>
#include <base/os.h>
#include <base/os_process.h>
#include <errno.h>
#include <fcntl.h>
#include <process/server.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct plait__before plait__before;

struct living {
    pid_t pid;
    int channel;
};

static struct living *children;
static size_t living, room;

static bool make_room(void) {
    if (living < room) return true;
    size_t more = room ? 2 * room : 64;
    struct living *larger = plait__allocate_array(more, sizeof *larger);
    if (!larger) return false;
    if (living) memcpy(larger, children, living * sizeof *larger);
    plait__release(children);
    children = larger;
    room = more;
    return true;
}

/* ---- a spare ---- */

static void announce_failure(int socket, int error) {
    struct plait__announcement announcement = {.error = error};
    (void)plait__send(socket, &announcement, sizeof announcement, NULL, 0, NULL, 0);
}

/* An error of the program's socket means that the program is gone, which is learned of otherwise. A child that it does not
 * hear of ends when its channel does. */
static int announce(int socket, pid_t pid, int channel) {
    int descriptors[2] = {plait__os_process_open(pid), channel};
    if (descriptors[0] < 0) return errno;
    struct plait__announcement announcement = {.pid = pid};
    int error = plait__send(socket, &announcement, sizeof announcement, NULL, 0, descriptors, 2);
    close(descriptors[0]);
    return error;
}

static int fork_spare(int socket) {
    int ends[2];
    if (!make_room()) return ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    pid_t server = getpid(), pid = fork();
    if (pid == 0) plait__child_wait(ends[1], server);
    int error = pid < 0 ? errno : announce(socket, pid, ends[0]);
    close(ends[0]);
    if (pid < 0)
        close(ends[1]);
    else
        children[living++] = (struct living){pid, ends[1]};
    return error;
}

/* ---- ends ---- */

static void tell_end(pid_t pid, int status) {
    for (size_t i = living; i-- > 0;) {
        if (children[i].pid != pid) continue;
        struct plait__word word = {PLAIT__WORD_STATUS, status};
        (void)send(children[i].channel, &word, sizeof word, MSG_NOSIGNAL | MSG_DONTWAIT);
        close(children[i].channel);
        children[i] = children[--living];
        return;
    }
}

static void reap(int signals) {
    struct signalfd_siginfo info;
    int status;
    if (read(signals, &info, sizeof info) < 0) return;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) tell_end(pid, status);
}

/* The program is gone. Children that cannot be killed yet are init's. */
static _Noreturn void go(void) {
    for (size_t i = 0; i < living; i++) (void)kill(children[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
    _exit(0);
}

/* ---- the life of the server ---- */

/* Nothing of the program's stays open here but its output: whoever waits for the end of a file that the program closes must
 * see it. Its own descriptors become 3 and 4. Returns false if there are not enough. */
static bool keep_only(int *socket, int *program) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0) return false;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && dup2(null, i) < 0) return false;
    int low_socket = fcntl(*socket, F_DUPFD_CLOEXEC, 5), low_program = fcntl(*program, F_DUPFD_CLOEXEC, 5);
    if (low_socket < 0 || low_program < 0) return false;
    *socket = dup3(low_socket, 3, O_CLOEXEC);
    *program = dup3(low_program, 4, O_CLOEXEC);
    plait__os_close_from(5);
    return *socket == 3 && *program == 4;
}

static int watch_children(void) {
    sigset_t child;
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigaction(SIGCHLD, NULL, &plait__before.child_action);
    /* Where SIGCHLD is ignored the kernel throws away how children end. */
    sigaction(SIGCHLD, &action, NULL);
    return signalfd(-1, &child, SFD_CLOEXEC);
}

_Noreturn void plait__serve(int socket, int program) {
    int signals;
    if (!keep_only(&socket, &program) || (signals = watch_children()) < 0) _exit(1);
    plait__os_name_thread("plait-server");
    struct pollfd watched[3] = {{.fd = socket, .events = POLLIN},
                                {.fd = signals, .events = POLLIN},
                                {.fd = program, .events = POLLIN}};
    for (;;) {
        if (plait__os_poll(watched, 3, INT64_MAX) < 0) continue;
        if (watched[2].revents) go();
        if (watched[1].revents) reap(signals);
        char request;
        if (!watched[0].revents) continue;
        if (recv(socket, &request, 1, 0) <= 0) go();
        int error = fork_spare(socket);
        if (error) announce_failure(socket, error);
    }
}

/* server.c - the server: forks spares, tells how children have ended, and takes them along when the program ends.
 *
 * The program's server also forks servers for children who want one (start.h).
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
    int channel; /* -1: it is a server */
};

static struct living *children;
static size_t living, room;

static bool make_room(void) {
    if (living < room) return true;
    size_t more = room ? 2 * room : 64;
    struct living *larger = plait__allocate_array(more, sizeof *larger);
    if (!larger) {
        errno = ENOMEM;
        return false;
    }
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

static int fork_spare(int socket, int asking) {
    int ends[2];
    if (!make_room()) return ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    pid_t server = getpid(), pid = fork();
    if (pid == 0) plait__child_wait(ends[1], asking, server);
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
        if (children[i].channel >= 0) {
            (void)send(children[i].channel, &word, sizeof word, MSG_NOSIGNAL | MSG_DONTWAIT);
            close(children[i].channel);
        }
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

static _Noreturn void serve(int socket, int program, struct plait__nursery nursery);

/* For the child behind this socket and this pidfd. What it says first is who it is. */
static _Noreturn void begin_server(int socket, int program, int asking, pid_t parent) {
    struct plait__announcement announcement = {.pid = getpid()};
    int own = plait__os_process_open(getpid());
    if (!plait__os_die_with_parent(parent) || own < 0) _exit(1);
    if (plait__send(socket, &announcement, sizeof announcement, NULL, 0, &own, 1) != 0) _exit(1);
    serve(socket, program, (struct plait__nursery){asking, -1});
}

/* Whoever asked sees his socket close if there is to be no server. */
static void fork_server(struct plait__nursery nursery) {
    char request;
    int descriptors[2]; /* of the new server: its socket, and its program */
    size_t count = 2;
    ssize_t got = plait__receive(nursery.hearing, &request, 1, NULL, 0, descriptors, &count, MSG_DONTWAIT);
    if (got < 0) return;
    if (count == 2) {
        pid_t self = getpid(), pid = make_room() ? fork() : -1;
        if (pid == 0) begin_server(descriptors[0], descriptors[1], nursery.asking, self);
        if (pid > 0) children[living++] = (struct living){pid, -1};
        if (pid < 0) announce_failure(descriptors[0], errno);
    }
    while (count) close(descriptors[--count]);
}

/* Nothing of the program's stays open here but its output: whoever waits for the end of a file that the program closes must
 * see it. The server's own descriptors become 3 and so on. Returns false if there are not enough. */
static bool keep_only(int *own, int count) {
    enum { FIRST = 3 };
    /* Away first: where the program has closed its standard input or output they may have those numbers. */
    for (int i = 0; i < count; i++) {
        int low = own[i];
        if ((own[i] = fcntl(low, F_DUPFD_CLOEXEC, FIRST + count)) < 0) return false;
        close(low);
    }
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0) return false;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && dup2(null, i) < 0) return false;
    for (int i = 0; i < count; i++)
        if ((own[i] = dup3(own[i], FIRST + i, O_CLOEXEC)) < 0) return false;
    plait__os_close_from(FIRST + count);
    return true;
}

static int watch_children(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    return signalfd(-1, &child, SFD_CLOEXEC);
}

/* `hearing` is -1 where the other end of the nursery is not here. */
static _Noreturn void serve(int socket, int program, struct plait__nursery nursery) {
    int own[] = {socket, program, nursery.asking, nursery.hearing};
    int signals, count = nursery.hearing < 0 ? 3 : 4;
    living = 0; /* a server forked from another's child, or from another, has that one's in its memory */
    if (!keep_only(own, count) || (signals = watch_children()) < 0) _exit(1);
    plait__os_name_thread("plait-server");
    struct pollfd watched[4] = {{.fd = own[0], .events = POLLIN},
                                {.fd = signals, .events = POLLIN},
                                {.fd = own[1], .events = POLLIN},
                                {.fd = own[3], .events = POLLIN}}; /* passed over if negative */
    for (;;) {
        if (plait__os_poll(watched, 4, INT64_MAX) < 0) continue;
        if (watched[2].revents) go();
        if (watched[1].revents) reap(signals);
        if (watched[3].revents) fork_server((struct plait__nursery){own[2], own[3]});
        char request;
        if (!watched[0].revents) continue;
        if (recv(own[0], &request, 1, 0) <= 0) go();
        int error = fork_spare(own[0], own[2]);
        if (error) announce_failure(own[0], error);
    }
}

_Noreturn void plait__serve(int socket, int program, struct plait__nursery nursery) {
    /* Where SIGCHLD is ignored the kernel throws away how children end. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &action, &plait__before.child_action);
    serve(socket, program, nursery);
}

/* child.c - the life of a child: from the fork, through its job, to its end (start.h). */
#include <base/memory.h>
#include <base/os.h>
#include <base/os_process.h>
#include <errno.h>
#include <fcntl.h>
#include <plait/interrupt.h>
#include <process/server.h>
#include <process/setup.h>
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread/registry.h>
#include <unistd.h>

/* Their numbers in every child that the server has forked. */
enum { CHANNEL = 3, NURSERY = 4 };

/* Descriptors that the job may close, or take for its own: only the file that it was at first is meant. */
struct own {
    int descriptor; /* -1: none */
    dev_t device;
    ino_t inode;
};

static struct own channel = {-1, 0, 0}, nursery = {-1, 0, 0};
static uint32_t generation;

bool plait__is_child(void) {
    return channel.descriptor >= 0 && generation == plait__generation();
}

static struct own own_of(int descriptor) {
    struct stat about;
    if (descriptor < 0 || fstat(descriptor, &about) != 0) return (struct own){-1, 0, 0};
    return (struct own){descriptor, about.st_dev, about.st_ino};
}

static int descriptor_of(const struct own *own) {
    struct own now = own_of(own->descriptor);
    return now.device == own->device && now.inode == own->inode ? now.descriptor : -1;
}

int plait__child_channel(void) {
    return plait__is_child() ? descriptor_of(&channel) : -1;
}

int plait__child_nursery(void) {
    return plait__is_child() ? descriptor_of(&nursery) : -1;
}

static void let_go(struct own *own) {
    int descriptor = descriptor_of(own);
    if (descriptor >= 0) close(descriptor);
    own->descriptor = -1;
}

/* A fork of a child is not the child: its parent must not take its life for the child's. */
static void forked(void) {
    let_go(&channel);
    let_go(&nursery);
}

/* ---- the end ---- */

static void (*last_words)(int code);

void plait__child_says_last(void (*say)(int code)) {
    last_words = say;
}

static _Noreturn void end(int code) {
    plait__exit_leave();
    fflush(NULL);
    if (last_words) last_words(code);
    _exit(code);
}

/* The first of the exit handlers to run, behind those that the job itself has registered; the others are the
 * program's and are not run, as in Python. */
static void exit_called(int status, void *unused) {
    (void)unused;
    if (plait__is_child()) end(status);
}

_Noreturn void plait__child_end(int code) {
    exit(code);
}

/* ---- the job ---- */

static _Alignas(16) char inline_data[PLAIT__JOB_INLINE];

struct received {
    struct plait__job job;
    const void *data;
    int all[PLAIT__JOB_DESCRIPTORS];
    size_t count;
    const int *descriptors; /* the caller's */
};

/* False: there will be none. */
static bool receive(struct received *received) {
    struct plait__job *job = &received->job;
    received->count = PLAIT__JOB_DESCRIPTORS;
    ssize_t got = plait__receive(channel.descriptor, job, sizeof *job, inline_data, sizeof inline_data,
                                 received->all, &received->count, 0);
    if (got < (ssize_t)sizeof *job) return false;
    received->descriptors = received->all + job->has_directory + job->has_file;
    received->data = inline_data;
    if (!job->has_file) return true;
    int file = received->all[job->has_directory];
    void *data = mmap(NULL, job->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    close(file);
    received->data = data;
    return data != MAP_FAILED;
}

static void enter_directory(const struct received *received) {
    if (!received->job.has_directory) return;
    if (fchdir(received->all[0]) != 0) perror("plait: a new process cannot enter the working directory");
    close(received->all[0]);
}

/* Signals are blocked in a spare. Those that come while it waits, because the terminal or somebody sends them to the whole
 * group, are none of the later child's, and dropped. One that comes with the job may be meant for the child by who has
 * just started it: it is kept. */
static void drop_signal(int signals) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) < 0) return;
    struct pollfd job = {.fd = channel.descriptor, .events = POLLIN};
    if (plait__os_poll(&job, 1, INT64_MIN) != 0) (void)kill(getpid(), (int)info.ssi_signo);
}

static void wait_for_job(void) {
    sigset_t all;
    sigfillset(&all);
    int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd watched[2] = {{.fd = channel.descriptor, .events = POLLIN},
                                {.fd = signals, .events = POLLIN}};
    if (signals < 0) _exit(1);
    while (plait__os_poll(watched, 2, INT64_MAX) < 0 || !watched[0].revents) drop_signal(signals);
    close(signals);
}

static void give_signals_back(void) {
    sigaction(SIGCHLD, &plait__before.child_action, NULL);
    sigprocmask(SIG_SETMASK, &plait__before.mask, NULL);
}

/* Who it is to itself and to others. */
static void become(const struct plait__job *job) {
    if (*job->name) plait__os_name_thread(job->name);
    plait__setup_is_executable(job->executable);
    if (job->quiet_interrupt) signal(SIGINT, SIG_IGN);
    if (!plait__os_at_exit(exit_called)) _exit(1);
    if (job->cancel_on_interrupt && plait_interrupt_install() != PLAIT_OK) _exit(1);
}

static _Noreturn void run(struct received *received) {
    const struct plait__job *job = &received->job;
    void (*entry)(const void *, size_t, const int *, size_t);
    intptr_t address = (intptr_t)plait__start_process + job->entry;
    memcpy(&entry, &address, sizeof entry);
    enter_directory(received);
    become(job);
    entry(received->data, job->size, received->descriptors, job->count);
    plait__child_end(0);
}

/* Out of the server's image into a fresh one; channel and nursery go along. */
static _Noreturn void execute(void) {
    char number[16];
    char flag[] = PLAIT__EXECUTED_FLAG;
    char *arguments[] = {program_invocation_name, flag, number, NULL};
    snprintf(number, sizeof number, "%d", CHANNEL);
    (void)fcntl(CHANNEL, F_SETFD, 0);
    (void)fcntl(NURSERY, F_SETFD, 0);
    give_signals_back();
    execv("/proc/self/exe", arguments);
    _exit(127);
}

static void begin(int own_channel, int own_nursery) {
    channel = own_of(own_channel);
    nursery = own_of(own_nursery);
    generation = plait__generation();
    (void)pthread_atfork(NULL, NULL, forked);
}

_Noreturn void plait__child_wait(int number, int asking, pid_t server) {
    struct received received;
    if (!plait__os_die_with_parent(server)) _exit(1);
    if (dup3(number, CHANNEL, O_CLOEXEC) < 0) _exit(1); /* the server's own are lower, and both are taken */
    if (asking != NURSERY && dup3(asking, NURSERY, O_CLOEXEC) < 0) _exit(1);
    plait__os_close_from(NURSERY + 1);
    begin(CHANNEL, NURSERY);
    plait__os_name_thread("plait-spare");
    wait_for_job();
    if (!receive(&received)) _exit(0);
    if (received.job.kind == PLAIT__JOB_EXECUTE) execute();
    give_signals_back();
    run(&received);
}

/* What a user gives as an argument may look the same. */
static bool is_packet_socket(int descriptor) {
    int type = 0, domain = 0;
    socklen_t size = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
           getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

void plait__child_executed(int argc, char **argv) {
    struct received received;
    if (argc != 3 || !argv || strcmp(argv[1], PLAIT__EXECUTED_FLAG) != 0 || atoi(argv[2]) != CHANNEL) return;
    if (!is_packet_socket(CHANNEL) || !is_packet_socket(NURSERY)) return;
    begin(CHANNEL, NURSERY);
    (void)fcntl(CHANNEL, F_SETFD, FD_CLOEXEC);
    (void)fcntl(NURSERY, F_SETFD, FD_CLOEXEC);
    if (!receive(&received)) _exit(0);
    run(&received);
}

/* ---- a fork of the program ---- */

/* A standard number, where the program has closed that, is not for the library's own. */
static int away_from_standard(int descriptor) {
    if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
    int higher = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(descriptor);
    return higher;
}

/* Nothing may happen before the parent has a descriptor of it. What stdout holds is the parent's to write. */
_Noreturn void plait__child_forked(int number, int asking, int lifeline, const struct plait__start *start,
                                   const struct plait__job *job) {
    char go;
    begin(away_from_standard(number), away_from_standard(asking));
    if (recv(channel.descriptor, &go, 1, 0) != 1 || !plait__os_die_with_writer(lifeline)) _exit(1);
    __fpurge(stdout);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) (void)dup2(null, STDIN_FILENO);
    if (null > STDIN_FILENO) close(null);
    (void)plait_token_enter(plait_token_root());
    plait__self()->task = NULL;
    become(job);
    start->entry(start->data, start->size, start->descriptors, start->count);
    plait__child_end(0);
}

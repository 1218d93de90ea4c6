/* os_fifo.c - FIFOs that only tell by hanging up. Linux lets them be opened anew by way of /proc, which it
 * does not with sockets. */
#include <base/os_fifo.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int plait__os_fifo_new(int *reader, int *writer) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return errno;
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

uint64_t plait__os_fifo_number(int descriptor) {
    struct stat facts;
    return fstat(descriptor, &facts) == 0 && S_ISFIFO(facts.st_mode) ? (uint64_t)facts.st_ino : 0;
}

/* For writing alone it could not be opened when nobody reads it any more. */
static int open_again(const char *process, int descriptor, bool writer) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%s/fd/%d", process, descriptor);
    return open(path, (writer ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
}

int plait__os_fifo_borrow(uint32_t process, int descriptor, uint64_t number, bool writer, int *own) {
    char name[16];
    (void)snprintf(name, sizeof name, "%u", process);
    *own = open_again(name, descriptor, writer);
    if (*own < 0) return errno;
    if (number && plait__os_fifo_number(*own) == number) return 0;
    close(*own);
    return ENOENT;
}

bool plait__os_fifo_hung_up(int reader) {
    struct pollfd one = {.fd = reader};
    int kept = errno;
    bool hung_up = poll(&one, 1, 0) == 1 && one.revents & POLLHUP;
    errno = kept;
    return hung_up;
}

bool plait__os_fifo_close_writer(int writer) {
    int kept = errno;
    int reader = open_again("self", writer, false);
    close(writer);
    bool last = reader >= 0 && plait__os_fifo_hung_up(reader);
    if (reader >= 0) close(reader);
    errno = kept;
    return last;
}

void plait__os_fifo_close(int descriptor) {
    int kept = errno;
    if (descriptor >= 0) close(descriptor);
    errno = kept;
}

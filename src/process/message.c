/* message.c - messages with descriptors, by sendmsg and recvmsg (job.h). */
#include <base/os_file.h>
#include <base/os_process.h>
#include <errno.h>
#include <process/job.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(sizeof(int) * PLAIT__JOB_DESCRIPTORS)];
};

int plait__send(int socket, const void *head, size_t head_size, const void *data, size_t size,
                const int *descriptors, size_t count) {
    struct iovec parts[2] = {{(void *)(uintptr_t)head, head_size}, {(void *)(uintptr_t)data, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};
    union control control;
    if (count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        *rights = (struct cmsghdr){CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), descriptors, sizeof(int) * count);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

/* How many descriptors have come; they are copied to `descriptors`. */
static size_t take_descriptors(struct msghdr *message, int *descriptors, size_t room) {
    struct cmsghdr *rights = CMSG_FIRSTHDR(message);
    if (!rights || rights->cmsg_type != SCM_RIGHTS) return 0;
    size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count > room) count = room; /* cannot be: the control buffer has no more room */
    memcpy(descriptors, CMSG_DATA(rights), count * sizeof(int));
    return count;
}

ssize_t plait__receive(int socket, void *head, size_t head_size, void *data, size_t size, int *descriptors,
                       size_t *count, int flags) {
    // cppcheck-suppress ctuuninitvar; it is written through that
    struct iovec parts[2] = {{head, head_size}, {data, size}};
    union control control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};
    if (count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * *count);
    }
    ssize_t got;
    while ((got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    if (got < 0 || !count) return got;
    size_t came = take_descriptors(&message, descriptors, *count);
    if (message.msg_flags & MSG_CTRUNC) {
        while (came) close(descriptors[--came]);
        errno = EMFILE;
        got = -1;
    }
    *count = came;
    return got;
}

int plait__file_of(const void *data, size_t size) {
    int file = plait__os_file_new("plait", size);
    for (size_t done = 0; file >= 0 && done < size;) {
        ssize_t got = write(file, (const char *)data + done, size - done);
        if (got >= 0) {
            done += (size_t)got;
        } else if (errno != EINTR) {
            int error = errno;
            close(file);
            errno = error;
            return -1;
        }
    }
    return file;
}

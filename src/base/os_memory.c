/* os_memory.c - memory that processes share, as Linux has it: memfd, and files of the tmpfs at /dev/shm.
 *
 * A named file is made without a name (O_TMPFILE), gets its size and its pages, and then its name by a link: that
 * is one step, so nobody ever attaches half of it, and who is killed before leaves nothing.
 */
#include <base/os_file.h>
#include <base/os_memory.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#if !defined(MFD_NOEXEC_SEAL)
#define MFD_NOEXEC_SEAL 0x8U
#endif

static const char directory[] = "/dev/shm";
static const mode_t mine_alone = 0600;

struct path {
    char at[sizeof directory + 1 + PLAIT__NAME_MOST];
};

static struct path path_of(const char *name) {
    struct path path;
    (void)snprintf(path.at, sizeof path.at, "%s/%s", directory, name);
    return path;
}

void plait__os_memory_close(int descriptor) {
    int kept = errno;
    if (descriptor >= 0) close(descriptor);
    errno = kept;
}

/* Bytes that could be had without taking them from anybody; UINT64_MAX when it cannot be told. */
static uint64_t available(void) {
    char text[512] = "";
    int file = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (file < 0) return UINT64_MAX;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    const char *found = got > 0 ? strstr(text, "MemAvailable:") : NULL;
    return found ? strtoull(found + strlen("MemAvailable:"), NULL, 10) << 10 : UINT64_MAX;
}

/* Asked beforehand: /dev/shm may be as large as all memory and more, and to find its end by taking it would end the
 * program, and others, for lack of memory. */
static int has_room(int descriptor, size_t size) {
    struct statvfs room;
    if (fstatvfs(descriptor, &room) != 0) return errno;
    bool limited = room.f_blocks != 0;
    if (limited && size > (uint64_t)room.f_bavail * room.f_frsize) return ENOSPC;
    return size > available() ? ENOMEM : 0;
}

/* Takes all pages now, some at a time: a signal makes the system give back all that it has taken in one call. */
static int take_pages(int descriptor, size_t size) {
    const size_t step = (size_t)8 << 20;
    for (size_t done = 0; done < size;) {
        size_t next = size - done < step ? size - done : step;
        if (fallocate(descriptor, 0, (off_t)done, (off_t)next) == 0)
            done += next;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

static int make_nameable(size_t size, int *descriptor) {
    *descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, mine_alone);
    if (*descriptor < 0) return errno;
    int failed = has_room(*descriptor, size);
    return failed ? failed : take_pages(*descriptor, size);
}

static int make_nameless(size_t size, int *descriptor) {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    *descriptor = memfd_create("plait", flags | MFD_NOEXEC_SEAL);
    if (*descriptor < 0 && errno == EINVAL) *descriptor = memfd_create("plait", flags); /* before Linux 6.3 */
    if (*descriptor < 0 || ftruncate(*descriptor, (off_t)size) != 0) return errno;
    return fcntl(*descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 ? errno : 0;
}

int plait__os_memory_new(size_t size, bool nameable, int *descriptor) {
    *descriptor = -1;
    if (!plait__os_file_allowed(size)) return EFBIG;
    int failed = nameable ? make_nameable(size, descriptor) : make_nameless(size, descriptor);
    if (failed) plait__os_memory_close(*descriptor);
    return failed;
}

int plait__os_memory_link(int descriptor, const char *name) {
    char self[40];
    struct path path = path_of(name);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", descriptor);
    return linkat(AT_FDCWD, self, AT_FDCWD, path.at, AT_SYMLINK_FOLLOW) != 0 ? errno : 0;
}

/* Not blocking: whatever has the name may be a pipe. */
static int open_path(const char *path, int more, int *descriptor) {
    *descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | more);
    return *descriptor < 0 ? errno : 0;
}

int plait__os_memory_open(const char *name, int *descriptor) {
    struct path path = path_of(name);
    return open_path(path.at, O_NOFOLLOW, descriptor);
}

int plait__os_memory_unlink(const char *name) {
    struct path path = path_of(name);
    return unlink(path.at) != 0 ? errno : 0;
}

int plait__os_memory_borrow(uint32_t process, int descriptor, int *own) {
    char path[48];
    (void)snprintf(path, sizeof path, "/proc/%u/fd/%d", (unsigned)process, descriptor);
    return open_path(path, 0, own);
}

int plait__os_memory_identify(int descriptor, struct plait__file *file) {
    struct stat stat;
    if (fstat(descriptor, &stat) != 0) return errno;
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0) return EINVAL;
    *file = (struct plait__file){stat.st_dev, stat.st_ino, (uint64_t)stat.st_size};
    return 0;
}

int plait__os_memory_map(int descriptor, size_t size, void **address) {
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    *address = mapped == MAP_FAILED ? NULL : mapped;
    return *address ? 0 : errno;
}

void plait__os_memory_unmap(void *address, size_t size) {
    int kept = errno;
    munmap(address, size);
    errno = kept;
}

void *plait__os_memory_for_forks(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- names to be taken off: in the owner; what the tracker does is in os_tracker.c ---- */

void plait__os_tracked_set(struct plait__tracked *tracked, const char *name, const struct plait__file *file) {
    struct path path = path_of(name);
    _Static_assert(sizeof path.at <= sizeof tracked->path, "the tracker's paths are long enough");
    tracked->inode = file->inode;
    tracked->device_major = major(file->device);
    tracked->device_minor = minor(file->device);
    memcpy(tracked->path, path.at, sizeof path.at);
}

bool plait__os_tracked_has(const struct plait__tracked *tracked, const char *name) {
    return strcmp(tracked->path + sizeof directory, name) == 0;
}

bool plait__os_tracked_holds(const struct plait__tracked *tracked) {
    struct stat found;
    return lstat(tracked->path, &found) == 0 && found.st_ino == tracked->inode &&
           major(found.st_dev) == tracked->device_major && minor(found.st_dev) == tracked->device_minor;
}

/* os_tracker.c - the process that takes names off when their owner has ended.
 *
 * It may be started at any time, also while other threads run and hold whatever locks, because after the fork it calls
 * nothing but the kernel: not even what is safe in signal handlers, for a function that was never called before would be
 * looked up by the dynamic linker, in memory that is gone by then.
 *
 * It is a clone without an exit signal: the owner hears nothing of it, and waits for children do not see it
 * (without __WALL). That is better than forking twice, which hands it to the nearest reaper of orphans; that may be the
 * owner. It learns of the owner's end from a pidfd, or else by asking who its parent is, which also tells whether
 * the pidfd is the owner's. All signals are blocked, and it is in a process group of its own (which its owner puts it into, so
 * that there is no moment in which it is not), so neither Ctrl-C nor the end of a terminal nor a kill of the owner's
 * process group takes it along.
 *
 * A fork keeps a copy of all memory that its parent changes from then on, and keeps alive what is shared and what
 * descriptors stand for. So it first closes all descriptors and unmaps what is shared or large, but for the table, its
 * stack and its thread-local storage.
 */
#define PLAIT__OS_ITSELF 1
#include <base/atomic.h>
#include <base/os.h>
#include <base/os_memory.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What runs in the tracker: nothing that a compiler puts in may need the memory that is gone. */
#define ALONE __attribute__((noinline, no_instrument_function, no_sanitize("address", "thread", "undefined")))

#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif
#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif

enum { LARGE = 64 << 10, LOOK_MS = 100, MOST_DESCRIPTORS = 1 << 16 };

/* ---- what is mapped ---- */

/* Reads /proc/self/maps, a character at a time. */
struct maps {
    long descriptor, at, end;
    char buffer[2048];
};

ALONE static int next_char(struct maps *maps) {
    if (maps->at == maps->end) {
        maps->at = 0;
        maps->end = syscall(SYS_read, maps->descriptor, maps->buffer, sizeof maps->buffer);
        if (maps->end <= 0) return maps->end = 0, -1;
    }
    return (unsigned char)maps->buffer[maps->at++];
}

/* A number up to the character behind it, which is left in *behind. */
ALONE static uintptr_t number(struct maps *maps, unsigned base, int *behind) {
    uintptr_t value = 0;
    for (;;) {
        int c = next_char(maps);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 99;
        *behind = c;
        if (digit >= base) return value;
        value = value * base + digit;
    }
}

struct mapping {
    uintptr_t from, to;
    bool shared, of_file, of_kernel;
};

/* "7f00-7f10 rw-p 00000000 00:01 1234   [heap]" */
ALONE static bool next_mapping(struct maps *maps, struct mapping *mapping) {
    int c;
    mapping->from = number(maps, 16, &c);
    if (c != '-') return false;
    mapping->to = number(maps, 16, &c);
    for (int i = 0; i < 4; i++) c = next_char(maps);
    mapping->shared = c == 's';
    (void)next_char(maps);
    (void)number(maps, 16, &c); /* the offset; then the device */
    (void)number(maps, 16, &c);
    (void)number(maps, 16, &c);
    mapping->of_file = number(maps, 10, &c) != 0;
    while (c == ' ') c = next_char(maps);
    mapping->of_kernel = c == '[' && (c = next_char(maps)) == 'v'; /* [vdso] and its like */
    while (c != '\n' && c >= 0) c = next_char(maps);
    return true;
}

ALONE static bool holds(const struct mapping *mapping, const volatile void *address) {
    return (uintptr_t)address >= mapping->from && (uintptr_t)address < mapping->to;
}

ALONE static void leave_memory(const struct plait__tracking *table, const void *own_storage) {
    struct maps maps;
    struct mapping mapping;
    maps.at = maps.end = 0;
    maps.descriptor = syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY);
    if (maps.descriptor < 0) return;
    while (next_mapping(&maps, &mapping)) {
        bool needed = mapping.of_kernel || holds(&mapping, table) || holds(&mapping, &maps) ||
                      holds(&mapping, own_storage);
        bool cheap = mapping.of_file || mapping.to - mapping.from < LARGE;
        if (!needed && (mapping.shared || !cheap))
            syscall(SYS_munmap, mapping.from, mapping.to - mapping.from);
    }
    syscall(SYS_close, maps.descriptor);
}

ALONE static void close_all(void) {
    if (syscall(SYS_close_range, 0, ~0U, 0) == 0) return;
    for (int i = 0; i < MOST_DESCRIPTORS; i++) syscall(SYS_close, i);
}

/* ---- waiting, and what comes after ---- */

ALONE static void wait_for_end(pid_t owner) {
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, owner, 0), .events = POLLIN};
    while (syscall(SYS_getppid) == owner) {
        struct timespec look = {0, LOOK_MS * 1000000L}; /* the kernel changes it */
        bool told = end.fd >= 0;
        if (syscall(SYS_ppoll, &end, told, told ? NULL : &look, NULL, 0) > 0) return;
    }
}

/* A name that belongs to another file by now is somebody else's. */
ALONE static void take_off(const struct plait__tracked *tracked) {
    struct statx found;
    if (syscall(SYS_statx, AT_FDCWD, tracked->path, AT_SYMLINK_NOFOLLOW, STATX_INO, &found) != 0) return;
    if (found.stx_ino != tracked->inode || found.stx_dev_major != tracked->device_major ||
        found.stx_dev_minor != tracked->device_minor)
        return;
    syscall(SYS_unlinkat, AT_FDCWD, tracked->path, 0);
}

ALONE static void track(const struct plait__tracking *table, pid_t owner, const void *own_storage) {
    syscall(SYS_prctl, PR_SET_NAME, "plait-tracker", 0, 0, 0);
    syscall(SYS_chdir, "/");
    close_all();
    leave_memory(table, own_storage);
    wait_for_end(owner);
    uint32_t count = __atomic_load_n(&table->count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (__atomic_load_n(&table->of[i].used, __ATOMIC_ACQUIRE)) take_off(&table->of[i]);
    syscall(SYS_exit_group, 0);
}

int plait__os_tracker_start(const struct plait__tracking *table) {
    sigset_t all, before;
    pid_t owner = getpid();
    const void *own_storage = &errno;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    long tracker = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (tracker == 0) track(table, owner, own_storage);
    int kept = errno;
    if (tracker > 0) setpgid((pid_t)tracker, (pid_t)tracker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = kept;
    return (int)tracker;
}

bool plait__os_tracker_lives(int tracker) {
    int kept = errno;
    bool lives = waitpid(tracker, NULL, (int)__WCLONE | WNOHANG) == 0;
    errno = kept;
    return lives;
}

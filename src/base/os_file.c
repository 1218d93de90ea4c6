/* os_file.c - files in memory that processes hand each other, and how often the kernel has ended one for want of it. */
#include <base/os_file.h>
#include <base/os_memory.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

bool plait__os_file_allowed(size_t size) {
    struct rlimit most;
    if (size > INT64_MAX) return false;
    return getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY || size <= most.rlim_cur;
}

int plait__os_file_new(const char *name, size_t size) {
    if (!plait__os_file_allowed(size)) {
        errno = EFBIG;
        return -1;
    }
    int file = memfd_create(name, MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) == 0) return file;
    int why = errno;
    close(file);
    errno = why;
    return -1;
}

int plait__os_file_of(int32_t process, int file, size_t size) {
    struct plait__file found;
    int own;
    int failed = plait__os_memory_borrow((uint32_t)process, file, &own);
    if (!failed && (failed = plait__os_memory_identify(own, &found)) == 0 && found.size < size)
        failed = EINVAL;
    if (!failed) return own;
    plait__os_memory_close(own);
    errno = failed;
    return -1;
}

void *plait__os_map(int file, size_t size, bool shared) {
    int how = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, how, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void plait__os_unmap(void *memory, size_t size) {
    munmap(memory, size);
}

void plait__os_close(int file) {
    close(file);
}

/* ---- out of memory ---- */

/* The number behind "oom_kill " in a file; false: there is none. */
static bool read_kills(const char *path, uint64_t *kills) {
    char line[256];
    unsigned long long number;
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file))
        if ((found = sscanf(line, "oom_kill %llu", &number) == 1)) *kills = number;
    if (file) fclose(file);
    return found;
}

/* Where the process stands in the hierarchy of version 2. */
static void read_group(const char *membership, char *group, size_t room) {
    char line[512];
    FILE *file = fopen(membership, "re");
    group[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0) snprintf(group, room, "%s", line + 3);
    }
    if (file) fclose(file);
}

/* The root has no such file: there the whole machine's number stands for it. */
uint64_t plait__os_oom_kills_in(const char *root, const char *membership) {
    char group[512], path[1100];
    uint64_t kills = 0;
    read_group(membership, group, sizeof group);
    snprintf(path, sizeof path, "%s%s/memory.events", root, group);
    if (!read_kills(path, &kills)) (void)read_kills("/proc/vmstat", &kills);
    return kills;
}

uint64_t plait__os_oom_kills(void) {
    return plait__os_oom_kills_in("/sys/fs/cgroup", "/proc/self/cgroup");
}

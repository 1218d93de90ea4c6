/* os_cgroup.c - how many CPUs the cgroup's quota leaves to this process.
 *
 * Version 2: the process's own group and each one above it may have a file cpu.max, "150000 100000" or
 * "max 100000": so many microseconds of CPU in each period of so many. The least counts. Version 1: two
 * files, of which a container sees its own at the mount's root.
 * Asked perhaps by the first contended lock, on a thread with a small stack and in the middle of anything:
 * so no stdio, no allocation, and buffers that are only as large as sensible paths.
 */
#include <base/os.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 512, TEXT_ROOM = 512 };

/* The beginning of a file as a string; false if there is none. */
static bool read_text(const char *path, char *text) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t size = read(file, text, TEXT_ROOM - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* Rounded up; no limit if either makes no sense ("max", -1). */
static int whole_cpus(long quota, long period) {
    if (quota <= 0 || period <= 0) return INT_MAX;
    long cpus = quota / period + (quota % period != 0);
    return cpus < INT_MAX ? (int)cpus : INT_MAX;
}

static int quota_of_group(const char *directory) {
    char path[PATH_ROOM], text[TEXT_ROOM], *end;
    int length = snprintf(path, sizeof path, "%s/cpu.max", directory);
    if (length >= (int)sizeof path || !read_text(path, text)) return INT_MAX;
    long quota = strtol(text, &end, 10);
    return whole_cpus(quota, strtol(end, NULL, 10));
}

static long number_in(const char *root, const char *name) {
    char path[PATH_ROOM], text[TEXT_ROOM];
    int length = snprintf(path, sizeof path, "%s/cpu/%s", root, name);
    if (length >= (int)sizeof path || !read_text(path, text)) return -1;
    return strtol(text, NULL, 10);
}

/* Where the process stands in the hierarchy of version 2: what follows "0::" on a line of its own. */
static const char *own_group(char *lines) {
    for (char *line = lines; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        return line + 3;
    }
    return "";
}

int plait__os_cpus_quota_in(const char *root, const char *membership) {
    char lines[TEXT_ROOM], directory[PATH_ROOM];
    const char *group = read_text(membership, lines) ? own_group(lines) : "";
    int length = snprintf(directory, sizeof directory, "%s%s", root, group);
    if (length >= (int)sizeof directory) return INT_MAX;
    int least = whole_cpus(number_in(root, "cpu.cfs_quota_us"), number_in(root, "cpu.cfs_period_us"));
    for (char *end = directory + length; end; end = strrchr(directory, '/')) {
        *end = '\0';
        if (strlen(directory) < strlen(root)) break;
        int quota = quota_of_group(directory);
        if (quota < least) least = quota;
    }
    return least;
}

int plait__os_cpus_quota(void) {
    return plait__os_cpus_quota_in("/sys/fs/cgroup", "/proc/self/cgroup");
}

/* What /proc tells about other processes, for tests. */
#ifndef PLAIT_TEST_PROCESS_PROC_H
#define PLAIT_TEST_PROCESS_PROC_H

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct proc {
    char state; /* '\0': there is no such process */
    pid_t parent;
    int group;
};

static inline struct proc proc_of(pid_t pid) {
    struct proc found = {0};
    char path[64], text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) return found;
    const char *behind = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    fclose(file);
    if (behind) sscanf(behind, ") %c %d %d", &found.state, &found.parent, &found.group);
    return found;
}

/* Whether it has ended: gone, or only its new parent, who is none of ours, has not looked yet. */
static inline bool proc_has_ended(pid_t pid) {
    struct proc found = proc_of(pid);
    return !found.state || found.state == 'X' || (found.state == 'Z' && found.parent == 1);
}

static inline void proc_wait_for_end(pid_t pid) {
    while (!proc_has_ended(pid)) sched_yield();
}

static inline int proc_count_descriptors(const char *pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *directory = opendir(path);
    int count = -1; /* the one that reads it */
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count - 2; /* . and .. */
}

#endif

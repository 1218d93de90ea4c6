/* What /proc tells about other processes, for tests. */
#ifndef PLAIT_TEST_SUPPORT_PROC_H
#define PLAIT_TEST_SUPPORT_PROC_H

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

/* A set of signals from its status: "ShdPnd:" (pending), "SigIgn:". */
static inline unsigned long long proc_signals(pid_t pid, const char *which) {
    char path[64], line[256];
    unsigned long long set = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, which, strlen(which)) == 0) set = strtoull(line + strlen(which), NULL, 16);
    if (file) fclose(file);
    return set;
}

/* A living child of that process, but this one. Waits until there is one. */
static inline pid_t proc_child_but(pid_t parent, pid_t but) {
    for (;; sched_yield()) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        pid_t found = 0;
        while (directory && !found && (entry = readdir(directory)) != NULL) {
            pid_t pid = (pid_t)atoi(entry->d_name);
            struct proc proc = pid > 0 && pid != but ? proc_of(pid) : (struct proc){0};
            if (proc.parent == parent && proc.state && proc.state != 'Z') found = pid;
        }
        if (directory) closedir(directory);
        if (found) return found;
    }
}

#endif

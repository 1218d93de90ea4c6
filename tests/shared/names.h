/* What the tests of named memory share: names that are this process's own, and whether one is there. */
#ifndef PLAIT_TEST_SHARED_NAMES_H
#define PLAIT_TEST_SHARED_NAMES_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Good until the next call. */
static inline const char *name_of(const char *what) {
    static char name[64];
    (void)snprintf(name, sizeof name, "plait-test-%d-%s", (int)getpid(), what);
    return name;
}

static inline bool has_file(const char *name) {
    char path[300];
    (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
    return access(path, F_OK) == 0;
}

#endif

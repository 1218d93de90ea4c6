/* library.c - where the checking library is.
 *
 * PLAIT_CHECK_LIBRARY names it; else it lies where it was installed together with this command
 * (PREFIX/bin/plait and PREFIX/lib/x86_64-linux-gnu/plait-check/libplait.so.0, or the like), or where both were built.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tool/tool.h>
#include <unistd.h>

static const char *const places[] = {
    "../lib/plait-check/libplait.so.0",
    "../lib*/plait-check/libplait.so.0",
    "../lib*/*/plait-check/libplait.so.0",
    "../check/libplait.so.0",
};

/* Its full path, if it can be read. */
static bool is_good(const char *path, char *full) {
    char real[PATH_MAX];
    if (!realpath(path, real) || access(real, R_OK) || strlen(real) >= TOOL_PATH) return false;
    memcpy(full, real, strlen(real) + 1);
    return true;
}

static bool find_beside(const char *folder, char *path) {
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char pattern[TOOL_PATH + 64];
        glob_t found = {0};
        snprintf(pattern, sizeof pattern, "%s/%s", folder, places[i]);
        bool good = !glob(pattern, 0, NULL, &found) && is_good(found.gl_pathv[0], path);
        globfree(&found);
        if (good) return true;
    }
    return false;
}

static int find(char *path) {
    const char *named = getenv("PLAIT_CHECK_LIBRARY");
    if (named && *named)
        return is_good(named, path) ? 0
                                    : tool_refuse("PLAIT_CHECK_LIBRARY is %s: %s", named, strerror(errno));
    char folder[TOOL_PATH];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[length > 0 ? length : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    if (slash && find_beside(folder, path)) return 0;
    return tool_refuse(
        "the checking library is missing: there is no ../lib/plait-check/libplait.so.0 beside %s.\n"
        "Install all of plait, or set PLAIT_CHECK_LIBRARY to that file.",
        folder);
}

int tool_find_library(char *path) {
    int refused = find(path);
    if (refused || !strpbrk(path, " :")) return refused;
    return tool_refuse("the checking library is %s: LD_PRELOAD cannot take a name with a space or a colon.\n"
                       "Set PLAIT_CHECK_LIBRARY to a copy of it.",
                       path);
}

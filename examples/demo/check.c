/* check.c - act 5: a lost update is found, and shown; and the lock that mends it is proved to.
 *
 * The hash of examples/hasher.c, under the checker: two threads update it, in all orders. That program is linked with
 * the checking library, this one is not (checking is not free), so the act runs the other, which lies beside it.
 */
#include "acts.h"

#include <errno.h>
#include <plait.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH = 4096 };

int act_check(const char *program) {
    const char *slash = strrchr(program, '/');
    char path[PATH];
    snprintf(path, sizeof path, "%.*sexample-hasher-checked", slash ? (int)(slash + 1 - program) : 0,
             program);
    puts("A hash that loses updates, and one that is proved not to");
    fflush(stdout);

    double start = plait_monotonic();
    char *arguments[] = {path, "check", NULL};
    pid_t child;
    int status = -1;
    int refused = posix_spawnp(&child, path, NULL, NULL, arguments, environ);
    if (refused == ENOENT) {
        puts("  plait was built without the checker: there is nothing to show");
        return 0;
    }
    if (refused) {
        fprintf(stderr, "cannot run %s: %s\n", path, strerror(refused));
        return 1;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return plait_cancelled() ? 0 : 1;
    printf("  all of it took %.2f s\n", plait_monotonic() - start);
    return 0;
}

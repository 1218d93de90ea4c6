/* demo.c - the demo: what plait is for, in acts of a few seconds each.
 *
 *     plait-demo                                 all acts
 *     plait-demo fetch|sum|log|pool|check|crash  one of them
 *     plait-demo [fetch] URL ...                 fetches these pages
 *     plait-demo [fetch] --urls FILE             fetches those that the file names
 *
 * Ctrl-C ends it cleanly: what was done is printed. A second Ctrl-C ends it at once.
 */
#include "demo/acts.h"

#include <plait.h>
#include <stdio.h>
#include <string.h>

enum { AFTER_INTERRUPT = 130 }; /* as shells report it */

static const char usage[] =
    "plait-demo                                 all acts\n"
    "plait-demo fetch|sum|log|pool|check|crash  one of them\n"
    "plait-demo [fetch] URL ...                 fetch these pages\n"
    "plait-demo [fetch] --urls FILE             fetch those that the file names, one a line\n";

static int all_acts(const char *program) {
    int failed = 0;
    fputs("1. ", stdout);
    failed |= act_fetch(0, NULL);
    if (!plait_cancelled()) {
        fputs("\n2. ", stdout);
        failed |= act_sum();
    }
    if (!plait_cancelled()) {
        fputs("\n3. ", stdout);
        failed |= act_log(program);
    }
    if (!plait_cancelled()) {
        fputs("\n4. ", stdout);
        failed |= act_pool();
    }
    if (!plait_cancelled()) {
        fputs("\n5. ", stdout);
        failed |= act_check(program);
    }
    if (!plait_cancelled()) {
        fputs("\n6. ", stdout);
        failed |= act_crash();
    }
    return failed;
}

static int run(int count, char **arguments) {
    const char *first = count > 1 ? arguments[1] : "";
    if (count == 1) return all_acts(arguments[0]);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) return fputs(usage, stdout) == EOF;
    if (strcmp(first, "fetch") == 0) return act_fetch(count - 2, arguments + 2);
    if (strcmp(first, "sum") == 0 && count == 2) return act_sum();
    if (strcmp(first, "log") == 0 && count == 2) return act_log(arguments[0]);
    if (strcmp(first, "pool") == 0 && count == 2) return act_pool();
    if (strcmp(first, "check") == 0 && count == 2) return act_check(arguments[0]);
    if (strcmp(first, "crash") == 0 && count == 2) return act_crash();
    if (strcmp(first, "log-with-daemon") == 0 && count == 3) return act_log_with_daemon(arguments[2]);
    return act_fetch(count - 1, arguments + 1);
}

int main(int count, char **arguments) {
    if (plait_process_setup(count, arguments) != PLAIT_OK) return 1;
    if (plait_interrupt_install() != PLAIT_OK) fputs("Ctrl-C will end this at once\n", stderr);
    int status = run(count, arguments);
    if (!plait_cancelled()) return status;
    puts("\nStopped by Ctrl-C.");
    return AFTER_INTERRUPT;
}

/* progress.c - the progress bar. It is redrawn in place on standard error, by one thread. */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 40 };

static bool on_terminal(void) {
    return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

void progress_show(const char *what, int done, int all) {
    if (!on_terminal()) return;
    char bar[WIDTH + 1];
    int full = all > 0 ? (int)((long)WIDTH * done / all) : WIDTH;
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)full);
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r  %s  [%s] %d/%d\033[K", what, bar, done, all);
    fflush(stderr);
}

void progress_clear(void) {
    if (on_terminal()) fputs("\r\033[K", stderr);
}

/* addresses.c - reads the addresses of pages from the command line and from files. */
#include "addresses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096 };

static int add(struct addresses *addresses, const char *url) {
    if (addresses->count == ADDRESSES_MOST) {
        fprintf(stderr, "too many pages: %d are the most\n", ADDRESSES_MOST);
        return 0;
    }
    if (!addresses->urls) addresses->urls = calloc(ADDRESSES_MOST, sizeof *addresses->urls);
    char *copy = addresses->urls ? strdup(url) : NULL;
    if (!copy) {
        fputs("out of memory\n", stderr);
        return 0;
    }
    addresses->urls[addresses->count++] = copy;
    return 1;
}

static int add_lines(struct addresses *addresses, FILE *file, const char *path) {
    char line[LINE];
    while (fgets(line, sizeof line, file)) {
        if (!strchr(line, '\n') && !feof(file)) {
            fprintf(stderr, "%s: a line is longer than %d characters\n", path, LINE - 2);
            return 0;
        }
        const char *url = line + strspn(line, " \t");
        line[strcspn(line, "\r\n")] = '\0';
        if (*url && *url != '#' && !add(addresses, url)) return 0;
    }
    if (!ferror(file)) return 1;
    fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
    return 0;
}

static int add_file(struct addresses *addresses, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
        return 0;
    }
    int good = add_lines(addresses, file, path);
    fclose(file);
    return good;
}

int addresses_read(struct addresses *addresses, int count, char **arguments) {
    *addresses = (struct addresses){0, NULL};
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--urls") == 0) {
            if (++i == count) {
                fputs("--urls needs the name of a file\n", stderr);
                return 0;
            }
            if (!add_file(addresses, arguments[i])) return 0;
        } else if (arguments[i][0] == '-') {
            fprintf(stderr, "there is no option %s\n", arguments[i]);
            return 0;
        } else if (!add(addresses, arguments[i])) {
            return 0;
        }
    }
    if (count > 0 && addresses->count == 0) fputs("no pages are named there\n", stderr);
    return count == 0 || addresses->count > 0;
}

void addresses_free(struct addresses *addresses) {
    for (int i = 0; i < addresses->count; i++) free(addresses->urls[i]);
    free(addresses->urls);
}

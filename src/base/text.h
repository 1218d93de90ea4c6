/* text.h - a text that grows: a report is put together in memory before anything is written. */
#ifndef PLAIT__TEXT_H
#define PLAIT__TEXT_H

#include <plait/api.h>
#include <string.h>

/* Zeroed: empty. `at` is a string once something was said, and to be released; unless memory was out: NULL then, and
 * nothing more is said. */
struct plait__text {
    char *at;
    size_t length, room;
    bool failed;
};

void plait__say(struct plait__text *text, const char *format, ...) PLAIT_PRINTF(2, 3);
/* What must not break a line, or hide what follows: control characters are shown as question marks, and more than
 * `most` bytes are cut. */
void plait__say_plainly(struct plait__text *text, const char *words, size_t most);
/* Spaces up to this column of the last line; at least one if something stands there already. */
void plait__say_tab(struct plait__text *text, size_t column);
/* A number as people write it: 1,234,567. */
void plait__say_number(struct plait__text *text, uint64_t number);
/* The text, for plait__release, or NULL when memory was out. The text is empty then, and can be used again. */
char *plait__text_take(struct plait__text *text);

/* The last part of a path. */
static inline const char *plait__file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

#endif

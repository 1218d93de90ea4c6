/* text.h - a text that grows while it is written. When memory runs out it stays as it is and says so in the end. */
#ifndef PLAIT__TEXT_H
#define PLAIT__TEXT_H

#include <plait/api.h>
#include <string.h>

/* Zero is ready. */
struct plait__text {
    char *at;
    size_t length, room;
    bool failed;
};

void plait__text_add(struct plait__text *text, const char *format, ...) PLAIT_PRINTF(2, 3);
/* Spaces up to this column of the last line; at least one if something stands there already. */
void plait__text_tab(struct plait__text *text, size_t column);
/* A number as people write it: 1,234,567. */
void plait__text_number(struct plait__text *text, uint64_t number);
/* The text, for plait__release, or NULL when memory was out. The text is empty then, and can be used again. */
char *plait__text_take(struct plait__text *text);

/* The last part of a path. */
static inline const char *plait__file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

#endif

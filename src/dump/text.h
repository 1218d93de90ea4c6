/* text.h - a text that grows: a report is put together in memory before anything is written. */
#ifndef PLAIT__TEXT_H
#define PLAIT__TEXT_H

#include <plait/api.h>

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

#endif

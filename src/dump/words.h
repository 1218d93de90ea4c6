/* words.h - a snapshot in words, for people. */
#ifndef PLAIT__WORDS_H
#define PLAIT__WORDS_H

#include <base/text.h>
#include <dump/snapshot.h>

/* A line for each thread, and one for each circle. */
void plait__say_snapshot(struct plait__text *text, const struct plait__snapshot *snapshot);

/* dump.c: takes a snapshot and says it, behind what the text says already. PLAIT_OK, or PLAIT_NO_MEMORY: the text is
 * released then. */
plait_status plait__say_dump(struct plait__text *text);
/* Writes to standard error without its stream, which a stuck thread may have locked. */
void plait__write_to_stderr(const char *words, size_t length);

#endif

/* words.h - a place for the words of a refusal, on the caller's stack: nothing that could fail in turn. */
#ifndef PLAIT__PROCESS_WORDS_H
#define PLAIT__PROCESS_WORDS_H

#include <plait/api.h>

struct plait__words {
    char at[224]; /* a string; longer ones are cut */
};

/* Nothing if `words` is NULL. */
void plait__put_words(struct plait__words *words, const char *format, ...) PLAIT_PRINTF(2, 3);

#endif

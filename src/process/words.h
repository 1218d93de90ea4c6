/* words.h - a place for the words of a refusal, on the caller's stack: nothing that could fail in turn. */
#ifndef PLAIT__PROCESS_WORDS_H
#define PLAIT__PROCESS_WORDS_H

struct plait__words {
    char at[224]; /* a string; longer ones are cut */
};

#endif

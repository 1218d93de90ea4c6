/* What the tests of this room share: a dump as text, without what differs from run to run. */
#ifndef PLAIT_TEST_DUMP_SITUATION_H
#define PLAIT_TEST_DUMP_SITUATION_H

#include "support/test.h"

#include <ctype.h>
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes `word` and the number or address behind it out of the text at *in; false if something else stands there. */
static inline bool leave_out(const char **in, const char *word, const char *digits, const char *behind) {
    size_t length = strlen(word);
    if (strncmp(*in, word, length) != 0) return false;
    const char *at = *in + length + strspn(*in + length, digits);
    if (at == *in + length || strncmp(at, behind, strlen(behind)) != 0) return false;
    *in = at + strlen(behind);
    return true;
}

/* In place: numbers of threads and processes, addresses and times go; runs of spaces become one. */
static inline void normalise(char *text) {
    char *out = text;
    for (const char *in = text; *in;) {
        if (leave_out(&in, " at 0x", "0123456789abcdef", "") ||
            leave_out(&in, " 0x", "0123456789abcdef", "") ||
            leave_out(&in, " in process ", "0123456789", "") ||
            leave_out(&in, ", for ", "0123456789", " s") || leave_out(&in, ", ", "0123456789.", " s left") ||
            leave_out(&in, ", and ", "0123456789", " unknown to plait"))
            continue;
        bool line_begins = out == text || out[-1] == '\n';
        if (line_begins && *in == ' ') {
            in += strspn(in, " 0123456789?");
            *out++ = ' ';
        }
        if (*in == ' ' && in[1] == ' ')
            in++;
        else
            *out++ = *in++;
    }
    *out = '\0';
}

/* To be freed. */
static inline char *dump_text(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    ck_assert_ok(plait_dump(out));
    fclose(out);
    return text;
}

#define ck_assert_dump(expected) \
    do { \
        char *said = dump_text(); \
        normalise(said); \
        ck_assert_str_eq(said, expected); \
        free(said); \
    } while (0)

#endif

/* lines.h - files and lines of addresses in a program's file, from addr2line. */
#ifndef PLAIT__LINES_H
#define PLAIT__LINES_H

#include <plait/api.h>

struct plait__line_of {
    uint64_t address; /* as the file calls it */
    char file[64];    /* its last name, empty if not known */
    unsigned line;
};

/* Fills in what addr2line knows. Where a function was inlined the line is that of the code of the program, not of
 * the part of plait's headers in it. Blocks until addr2line has ended. */
void plait__lines_look_up(const char *path, struct plait__line_of *lines, size_t count);

#endif

/* tool.h - the command `plait`: what its files share. */
#ifndef PLAIT__TOOL_H
#define PLAIT__TOOL_H

#include <plait/api.h>

enum { TOOL_REFUSED = 2, TOOL_PATH = 4096 };

/* The name under which it speaks: "plait check". */
extern const char *tool_name;
/* Says on standard error what is wrong; returns TOOL_REFUSED, the exit status. */
int tool_refuse(const char *format, ...) PLAIT_PRINTF(1, 2);

/* check.c: the commands; argv[0] is the command's name. They return an exit status, or become the program. */
int tool_check(int argc, char **argv);
int tool_replay(int argc, char **argv);

/* The following give a path in a buffer of TOOL_PATH bytes and 0; or say what is wrong and what to do about it, and
 * return TOOL_REFUSED. */

/* library.c: where the checking library is. */
int tool_find_library(char *path);
/* program.c: finds the program as a shell would, and looks whether the library can control it. */
int tool_find_program(const char *name, char *path);

#endif

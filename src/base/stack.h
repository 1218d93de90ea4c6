/* stack.h - where a call came from, for reports to people. */
#ifndef PLAIT__STACK_H
#define PLAIT__STACK_H

#include <stddef.h>

/* Return addresses of the calling thread, innermost first, beginning with `caller`, which is one of them; how many
 * there are, at most `most`. Where the system cannot tell, `caller` alone. The first call may load a library. */
size_t plait__stack_capture(void **frames, size_t most, const void *caller);

/* A line for each, with the name of the function where it is known. */
void plait__stack_print(void *const *frames, size_t count, int descriptor);

#endif

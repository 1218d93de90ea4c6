/* os_stack.c - stacks, by glibc's backtrace; elsewhere only the place of the call is known. */
#include <base/stack.h>
#include <stdio.h>
#include <string.h>

#if defined(__GLIBC__)

#include <execinfo.h>

/* Room for frames of plait itself, which are left out. */
enum { OWN = 8, MOST = 32 };

size_t plait__stack_capture(void **frames, size_t most, const void *caller) {
    void *all[MOST + OWN];
    if (most > MOST) most = MOST;
    size_t count = (size_t)backtrace(all, (int)(most + OWN)), first = 0;
    while (first < count && all[first] != caller) first++;
    if (first == count) { /* its frame is not to be seen: better the call alone than frames of plait's */
        frames[0] = (void *)caller;
        return 1;
    }
    count = count - first < most ? count - first : most;
    memcpy(frames, all + first, count * sizeof *frames);
    return count;
}

void plait__stack_print(void *const *frames, size_t count, int descriptor) {
    for (size_t i = 0; i < count; i++) {
        dprintf(descriptor, "        ");
        backtrace_symbols_fd(frames + i, 1, descriptor);
    }
}

#else

size_t plait__stack_capture(void **frames, size_t most, const void *caller) {
    memcpy(frames, &caller, sizeof caller);
    return most ? 1 : 0;
}

void plait__stack_print(void *const *frames, size_t count, int descriptor) {
    for (size_t i = 0; i < count; i++) dprintf(descriptor, "        [%p]\n", frames[i]);
}

#endif

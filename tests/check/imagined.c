#include "imagined.h"

uint64_t imagined_calls[71];

__attribute__((noinline)) static int call(int line) {
    imagined_calls[line] = (uint64_t)(uintptr_t)__builtin_return_address(0) - 1;
    return line;
}

/* clang-format off */
int imagine(void) {
    int lines = 0;
#line 31 "/somewhere/q.c"
    lines += call(31);
    lines += call(32);
    lines += call(33);
    lines += call(34);
    lines += call(35);
#line 52
    lines += call(52);
    lines += call(53);
    lines += call(54);
    lines += call(55);
#line 70
    lines += call(70);
    return lines;
}

/* start.c - start a function with arguments: Python's Thread(target=greet, args=["Ada"], kwargs={...}).
 *
 * PLAIT_TASK writes a function once, with the types and names of its parameters. plait_start takes the
 * arguments in order, then by name; those left out are zero. A wrong type, or one argument too many, does
 * not compile.
 */
#include <plait.h>
#include <stdio.h>

PLAIT_TASK(void, greet, (const char *, name), (int, times), (bool, loudly)) {
    for (int i = 0; i < times; i++) printf("Hello %s%s\n", name, loudly ? "!" : ".");
}

static bool greeted(plait_thread *thread) {
    bool good = plait_thread_join(thread) == PLAIT_OK;
    plait_thread_free(thread);
    return good;
}

int main(void) {
    if (!greeted(plait_start(greet, "Ada", 2, true))) return 1;
    if (!greeted(plait_start(greet, "Grace", .times = 1))) return 1; /* not loudly */

    /* With a name for debuggers and ps, and a stack of its own size. */
    plait_thread_options options = {.name = "greeter", .stack_size = 262144};
    if (!greeted(plait_start_with(&options, greet, .name = "Barbara", .loudly = true, .times = 1))) return 1;
    return 0;
}

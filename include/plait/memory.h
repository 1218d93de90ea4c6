/* plait/memory.h - where plait's memory comes from.
 *
 * By default from malloc. A program that keeps its own heap, or a test that wants to see every
 * allocation fail once, puts its own pair of functions in place before it uses anything else.
 * No hot path of plait allocates: locks, events, waiting and passing items through a queue never do, and
 * futures come from free blocks that threads keep and exchange.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *
 *     static void *counted(size_t size, void *context) { ++*(int *)context; return malloc(size); }
 *     static void release(void *memory, void *context) { (void)context; free(memory); }
 *
 *     int main(void) {
 *         static int count;
 *         plait_allocator mine = {counted, release, &count};
 *         if (plait_set_allocator(&mine) != PLAIT_OK) return 1;
 *         plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
 *         plait_token_free(token);
 *         return count == 1 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_MEMORY_H
#define PLAIT_MEMORY_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_allocator {
    /* Memory of this many bytes (never 0), aligned for any type; NULL when there is none. */
    void *(*allocate)(size_t size, void *context);
    /* Gives back what allocate returned; never called with NULL. */
    void (*release)(void *memory, void *context);
    void *context;
} plait_allocator;

/* Replaces the allocator for the whole process; the struct is copied, NULL brings malloc back. Both
 * functions may be called from any thread at any time. Call it while nothing that plait allocated is
 * alive, usually first in main: PLAIT_BUSY otherwise, also while another thread lives that has used futures
 * (threads keep a few free blocks of malloc's; of an allocator that you set none are kept). PLAIT_INVALID if a
 * function is missing.
 * Not thread-safe against other calls of plait. */
PLAIT_API plait_status plait_set_allocator(const plait_allocator *allocator);

PLAIT_END

#endif

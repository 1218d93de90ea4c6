/* memory.c - the replaceable allocator.
 *
 * The allocator is set while nothing is allocated and so needs no lock: two counters, of the blocks that
 * were allocated and of those that were given back, tell whether any are out, and plait_set_allocator refuses
 * then. That is one add per block, on paths that call malloc anyway.
 */
#include <base/atomic.h>
#include <base/memory.h>
#include <base/status.h>
#include <stdlib.h>
#include <string.h>

#if defined(PLAIT_CHECKED)
#include <check/heap.h>
#define ALLOCATE plait__heap_allocate
#define RELEASE plait__heap_release
#else
#define ALLOCATE malloc
#define RELEASE free
#endif

static void *default_allocate(size_t size, void *context) {
    (void)context;
    return ALLOCATE(size);
}

static void default_release(void *memory, void *context) {
    (void)context;
    RELEASE(memory);
}

static const plait_allocator default_allocator = {default_allocate, default_release, NULL};
static plait_allocator allocator = {default_allocate, default_release, NULL};

/* A block is counted as allocated before anybody can release it: reading `released` first, with acquire, one
 * never finds fewer out than there are. */
static uint64_t allocated, released;

bool plait__memory_replaced;
void (*plait__memory_give_back)(void);

plait_status plait_set_allocator(const plait_allocator *replacement) {
    if (replacement && (!replacement->allocate || !replacement->release)) return PLAIT_INVALID;
    if (plait__memory_give_back) plait__memory_give_back();
    uint64_t back = plait__load_acquire(&released);
    if (plait__load(&allocated) != back) return PLAIT_BUSY;
    allocator = replacement ? *replacement : default_allocator;
    plait__memory_replaced = replacement != NULL;
    return PLAIT_OK;
}

void *plait__allocate_unset(size_t size) {
    void *memory = allocator.allocate(size ? size : 1, allocator.context);
    if (!memory) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    plait__add_relaxed(&allocated, 1);
    return memory;
}

void *plait__allocate(size_t size) {
    void *memory = plait__allocate_unset(size);
    return memory ? memset(memory, 0, size) : NULL;
}

void *plait__allocate_array(size_t count, size_t size) {
    ptrdiff_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    return plait__allocate((size_t)total);
}

void plait__release(void *memory) {
    if (!memory) return;
    allocator.release(memory, allocator.context);
    plait__add(&released, 1);
}

void *plait__give_away(void *memory) {
    plait__add(&released, 1);
    return memory;
}

void *plait__take_back(void *memory) {
    if (memory) plait__add_relaxed(&allocated, 1);
    return memory;
}

uint64_t plait__memory_allocations(void) {
    return plait__load(&allocated);
}

char *plait__copy_string(const char *string) {
    if (!string) return NULL;
    size_t size = strlen(string) + 1;
    char *copy = plait__allocate(size);
    return copy ? memcpy(copy, string, size) : NULL;
}

enum { CLEARED = 512 }; /* bytes at once */

/* A loop that compilers turn into wide loads: the tables have some 80 KiB. */
static bool has_something(const uint32_t *words) {
    uint32_t any = 0;
    for (int i = 0; i < CLEARED / 4; i++) any |= words[i];
    return any;
}

void plait__clear_used(void *table, size_t size) {
    char *at = table, *end = at + size;
    for (; end - at >= CLEARED; at += CLEARED)
        if (has_something((const uint32_t *)(void *)at)) memset(at, 0, CLEARED);
    if (at < end) memset(at, 0, (size_t)(end - at));
}

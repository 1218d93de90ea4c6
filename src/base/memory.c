/* memory.c - the replaceable allocator.
 *
 * The allocator is set while nothing is allocated and so needs no lock: `live` counts the blocks that are
 * out, and plait_set_allocator refuses while there are any. The count is one relaxed add per block, on
 * paths that call malloc anyway.
 */
#include <base/atomic.h>
#include <base/memory.h>
#include <base/status.h>
#include <stdlib.h>
#include <string.h>

static void *default_allocate(size_t size, void *context) {
    (void)context;
    return malloc(size);
}

static void default_release(void *memory, void *context) {
    (void)context;
    free(memory);
}

static const plait_allocator default_allocator = {default_allocate, default_release, NULL};
static plait_allocator allocator = {default_allocate, default_release, NULL};
static size_t live;

plait_status plait_set_allocator(const plait_allocator *replacement) {
    if (replacement && (!replacement->allocate || !replacement->release)) return PLAIT_INVALID;
    if (plait__load_acquire(&live) != 0) return PLAIT_BUSY;
    allocator = replacement ? *replacement : default_allocator;
    return PLAIT_OK;
}

void *plait__allocate(size_t size) {
    void *memory = allocator.allocate(size ? size : 1, allocator.context);
    if (!memory) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    plait__add_relaxed(&live, 1);
    return memset(memory, 0, size);
}

void *plait__allocate_array(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        plait__set_last_error(PLAIT_NO_MEMORY);
        return NULL;
    }
    return plait__allocate(total);
}

void plait__release(void *memory) {
    if (!memory) return;
    allocator.release(memory, allocator.context);
    plait__sub(&live, 1);
}

char *plait__copy_string(const char *string) {
    if (!string) return NULL;
    size_t size = strlen(string) + 1;
    char *copy = plait__allocate(size);
    return copy ? memcpy(copy, string, size) : NULL;
}

/* heap.c - plait's memory during a run: never used twice, so that who comes late is caught.
 *
 * Blocks are cut off one region from below; a byte for each sixteen says what they are. Freeing a block only
 * writes that down, and spoils what was in it: plait__heap_freed then tells a touch of what is gone. The
 * next run begins with an empty region, at the same addresses.
 * What is not touched by an atomic operation is spoilt with pointers into a shadow of the region, of the same
 * size, where nothing can be read or written: the signal then tells which block a stale pointer came from.
 */
#include <check/control.h>
#include <check/heap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { STEP = 16, SPOIL_AT_MOST = 512 };
enum { NONE, LIVE, LIVE_MORE, FREED, FREED_MORE };
#define REGION ((size_t)1 << 30)
/* The same in every process, where that can be had. */
#define WHERE ((uintptr_t)0x200000000000)
#define WHERE_SHADOW ((uintptr_t)0x210000000000)

struct plait__heap {
    char *region, *shadow;
    uint8_t *kinds; /* of each step */
    size_t used;
};

void *plait__reserve(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* At this address if that can be had. */
static char *map_at(uintptr_t address, int protection) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *memory = mmap((void *)address, REGION, protection, flags | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory == MAP_FAILED) memory = mmap(NULL, REGION, protection, flags, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct plait__heap *plait__heap_new(void) {
    struct plait__heap *heap = plait__reserve(sizeof *heap);
    if (!heap) return NULL;
    heap->region = map_at(WHERE, PROT_READ | PROT_WRITE);
    heap->shadow = map_at(WHERE_SHADOW, PROT_NONE);
    heap->kinds = plait__reserve(REGION / STEP);
    return heap->region && heap->shadow && heap->kinds ? heap : NULL;
}

static struct plait__heap *heap_now(void) {
    return plait__control ? plait__control->heap : NULL;
}

void plait__heap_begin(void) {
    struct plait__heap *heap = heap_now();
    memset(heap->kinds, NONE, heap->used / STEP);
    heap->used = 0;
}

static bool is_here(const volatile void *address) {
    const struct plait__heap *heap = heap_now();
    const char *at = (const char *)(uintptr_t)address;
    return heap && at >= heap->region && at < heap->region + heap->used;
}

static size_t step_of(const volatile void *address) {
    return (size_t)((const char *)(uintptr_t)address - heap_now()->region) / STEP;
}

void *plait__heap_allocate(size_t size) {
    if (!plait__acting || plait__control->ending) return malloc(size);
    if (plait__control->run->inject & PLAIT_CHECK_MEMORY &&
        plait__decide_value(PLAIT__DOES_MEMORY_FAIL, 2) == 1) {
        if (plait__control->run->recording)
            plait__record(plait__acting, PLAIT__EVENT_NO_MEMORY, NULL, -1, size, true);
        return NULL;
    }
    struct plait__heap *heap = heap_now();
    if (size > REGION - heap->used - STEP) return malloc(size);
    size_t rounded = (size + STEP - 1) / STEP * STEP;
    void *memory = heap->region + heap->used;
    heap->kinds[heap->used / STEP] = LIVE;
    memset(&heap->kinds[heap->used / STEP] + 1, LIVE_MORE, rounded / STEP - 1);
    heap->used += rounded;
    return memory;
}

static size_t size_from(size_t step, uint8_t more) {
    const struct plait__heap *heap = heap_now();
    size_t end = step + 1;
    while (end < heap->used / STEP && heap->kinds[end] == more) end++;
    return (end - step) * STEP;
}

static void spoil(char *block, size_t size) {
    const struct plait__heap *heap = heap_now();
    char *shadow = heap->shadow + (block - heap->region);
    for (size_t i = 0; i < size; i += sizeof shadow) memcpy(block + i, &shadow, sizeof shadow);
}

const void *plait__heap_spoilt(const void *address) {
    const struct plait__heap *heap = heap_now();
    const char *at = address;
    return heap && at >= heap->shadow && at < heap->shadow + REGION ? heap->region + (at - heap->shadow)
                                                                    : NULL;
}

void plait__heap_release(void *memory) {
    if (!is_here(memory)) {
        free(memory);
        return;
    }
    uint8_t *kinds = heap_now()->kinds;
    size_t step = step_of(memory);
    if (kinds[step] != LIVE) {
        if (plait__acting) plait__run_fails(PLAIT_CHECK_USE_AFTER_FREE, memory, "an object was freed twice");
        return;
    }
    size_t size = size_from(step, LIVE_MORE);
    kinds[step] = FREED;
    memset(&kinds[step] + 1, FREED_MORE, size / STEP - 1);
    spoil(memory, size < SPOIL_AT_MOST ? size : SPOIL_AT_MOST);
}

bool plait__heap_freed(const volatile void *address) {
    return is_here(address) && heap_now()->kinds[step_of(address)] >= FREED;
}

const void *plait__heap_block(const volatile void *address, size_t *size) {
    if (!is_here(address)) return NULL;
    const uint8_t *kinds = heap_now()->kinds;
    size_t step = step_of(address);
    while (step && kinds[step] != LIVE && kinds[step] != FREED) step--;
    *size = size_from(step, kinds[step] == LIVE ? LIVE_MORE : FREED_MORE);
    return heap_now()->region + step * STEP;
}

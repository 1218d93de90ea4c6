/* heap.c - plait's memory during a run: never used twice, so that who comes late is caught.
 *
 * Blocks are cut off one region from below; a byte for each sixteen says what they are. Freeing a block only
 * writes that down, and spoils what was in it: plait__heap_freed then tells a touch of what is gone. The
 * next run begins with an empty region, at the same addresses.
 */
#include <check/control.h>
#include <check/heap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { STEP = 16, SPOILT = 0xdb, SPOIL_AT_MOST = 512 };
enum { NONE, LIVE, LIVE_MORE, FREED, FREED_MORE };
#define REGION ((size_t)1 << 30)
#define WHERE ((void *)(uintptr_t)0x200000000000) /* the same in every process, where that can be had */

struct plait__heap {
    char *region;
    uint8_t *kinds; /* of each step */
    size_t used;
};

void *plait__reserve(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct plait__heap *plait__heap_new(void) {
    struct plait__heap *heap = plait__reserve(sizeof *heap);
    if (!heap) return NULL;
    heap->region = mmap(WHERE, REGION, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (heap->region == MAP_FAILED) heap->region = plait__reserve(REGION);
    heap->kinds = plait__reserve(REGION / STEP);
    return heap->region && heap->kinds ? heap : NULL;
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
    size_t rounded = (size + STEP - 1) / STEP * STEP;
    if (rounded > REGION - heap->used) return malloc(size);
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
    memset(memory, SPOILT, size < SPOIL_AT_MOST ? size : SPOIL_AT_MOST);
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

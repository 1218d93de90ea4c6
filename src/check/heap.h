/* heap.h - where plait's memory comes from in the checked build: the default allocator of base/memory.c. */
#ifndef PLAIT__HEAP_H
#define PLAIT__HEAP_H

#include <stddef.h>

void *plait__heap_allocate(size_t size);
void plait__heap_release(void *memory);

#endif

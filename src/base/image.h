/* image.h - the program and the libraries of this process, as the loader has put them into memory. */
#ifndef PLAIT__IMAGE_H
#define PLAIT__IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plait__image {
    const char *path; /* as the loader knows it; "": the program itself */
    uintptr_t base;   /* an address minus this is the same in every process */
    uint64_t build;   /* a hash of its build id; 0: it has none */
    const void *headers;
    size_t count;
};

/* Calls look(image, context) for one after the other until that returns true; whether it did. The loader's lock is held:
 * what `look` is given lives that long, and nothing may be loaded meanwhile. Does not allocate. */
bool plait__images(bool (*look)(const struct plait__image *image, void *context), void *context);

/* Whether so many bytes at this address lie in a part of it that can be read. */
bool plait__image_holds(const struct plait__image *image, uintptr_t address, size_t size);

/* A hash of bytes, never 0 (FNV-1a, Fowler, Noll & Vo). */
uint64_t plait__hash_of(const void *bytes, size_t size);

#endif

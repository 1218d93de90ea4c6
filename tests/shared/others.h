/* What the tests of objects in shared memory have in common: other processes, and an object at two addresses. */
#ifndef PLAIT_TEST_SHARED_OTHERS_H
#define PLAIT_TEST_SHARED_OTHERS_H

#include "support/kill.h"
#include "support/test.h"

#include <base/atomic.h>
#include <plait.h>

#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* For checks in other processes, which have no harness: says what does not hold, and ends the process. */
#define must(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "# %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            _exit(9); \
        } \
    } while (0)

/* Waits for another process to have come so far. */
static inline void await(const uint32_t *word, uint32_t least) {
    while (plait__load_acquire(word) < least) sched_yield();
}

/* The same memory of zeros at two addresses. */
static inline void map_twice(void *addresses[2], size_t size) {
    int memory = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_ge(memory, 0);
    ck_assert_int_eq(ftruncate(memory, (off_t)size), 0);
    for (int i = 0; i < 2; i++) {
        addresses[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        ck_assert_ptr_ne(addresses[i], MAP_FAILED);
    }
    close(memory);
}

#endif

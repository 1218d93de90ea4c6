/* halves.h - a state of 64 bits in shared memory, changed in one step, of which the low half is slept on.
 *
 * So one compare-and-swap changes what a process sleeps for together with what says whether somebody sleeps, and that is the
 * last touch of the object: who lets another process or thread go on knows already whether to wake it, and does that by the
 * address alone. And whoever is killed has made the whole change or none of it.
 */
#ifndef PLAIT__HALVES_H
#define PLAIT__HALVES_H

#include <base/atomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One in the high half. */
#define PLAIT__HIGH_ONE (UINT64_C(1) << 32)

static inline uint32_t plait__low(uint64_t state) {
    return (uint32_t)state;
}
static inline uint32_t plait__high(uint64_t state) {
    return (uint32_t)(state >> 32);
}
static inline uint64_t plait__halves(uint32_t high, uint32_t low) {
    return (uint64_t)high << 32 | low;
}

/* The word that is slept on. */
static inline uint32_t *plait__low_word(uint64_t *state) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (uint32_t *)state + 1;
#else
    return (uint32_t *)state;
#endif
}

/* Whether there is no such object: atomic operations and futexes need their alignment. */
static inline bool plait__is_none(const void *object, uintptr_t alignment) {
    return !object || (uintptr_t)object % alignment;
}

#endif

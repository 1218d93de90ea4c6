/* atomic.h - the one door through which every atomic operation of plait goes.
 *
 * Objects hold plain integers (their structs are public and must compile as C++ too); these macros give
 * them their meaning. Each names its memory order in its own name, so that a reader sees at the call what
 * the protocol relies on. There are no stand-alone fences: the thread sanitizer cannot follow them.
 *
 *   plait__load(p)            relaxed        plait__store(p, v)           relaxed
 *   plait__load_acquire(p)    acquire        plait__store_release(p, v)   release
 *   plait__load_seq(p)        seq_cst        plait__store_seq(p, v)       seq_cst
 *   plait__exchange(p, v)     acq_rel        plait__exchange_seq(p, v)    seq_cst
 *   plait__add / sub / or / and (p, v)       acq_rel, return the value before
 *   plait__add_relaxed(p, v)                 relaxed: counters and references taken
 *   plait__cas(p, &expected, v)              acq_rel, acquire on failure; strong
 *   plait__cas_seq(p, &expected, v)          seq_cst; strong
 *   plait__cas_acquire(p, &expected, v)      acquire, relaxed on failure; strong
 *   plait__cas_release(p, &expected, v)      release, relaxed on failure; strong
 * A failed compare-and-swap stores what it found in `expected`.
 * A checked build evaluates the address twice (hooks.h), so it must have no side effects.
 */
#ifndef PLAIT__ATOMIC_H
#define PLAIT__ATOMIC_H

#include <base/hooks.h>

/* The bare builtins, without even the empty hooks, for the test that compares the two. */
#if defined(PLAIT__RAW_ATOMICS)
#define PLAIT__HOOKED(what, address, operation) operation
#define PLAIT__HOOKED_SWAP(what, address, operation) operation
#else
#define PLAIT__HOOKED(what, address, operation) (PLAIT__POINT(what, address), operation)
#define PLAIT__HOOKED_SWAP(what, address, operation) (PLAIT__POINT(what, address), PLAIT__SWAPPED(operation))
#endif

#define PLAIT__ATOMIC_LOAD(p, what, order) PLAIT__HOOKED(PLAIT__LOAD | (what), p, __atomic_load_n((p), order))
#define plait__load(p) PLAIT__ATOMIC_LOAD(p, 0, __ATOMIC_RELAXED)
#define plait__load_acquire(p) PLAIT__ATOMIC_LOAD(p, PLAIT__ACQUIRES, __ATOMIC_ACQUIRE)
#define plait__load_seq(p) PLAIT__ATOMIC_LOAD(p, PLAIT__ACQUIRES, __ATOMIC_SEQ_CST)

#define PLAIT__ATOMIC_STORE(p, v, what, order) \
    PLAIT__HOOKED(PLAIT__STORE | (what), p, __atomic_store_n((p), (v), order))
#define plait__store(p, v) PLAIT__ATOMIC_STORE(p, v, 0, __ATOMIC_RELAXED)
#define plait__store_release(p, v) PLAIT__ATOMIC_STORE(p, v, PLAIT__RELEASES, __ATOMIC_RELEASE)
#define plait__store_seq(p, v) PLAIT__ATOMIC_STORE(p, v, PLAIT__RELEASES, __ATOMIC_SEQ_CST)

#define PLAIT__ATOMIC_UPDATE(p, operation) \
    PLAIT__HOOKED(PLAIT__UPDATE | PLAIT__ACQUIRES | PLAIT__RELEASES, p, operation)
#define plait__exchange(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL))
#define plait__exchange_seq(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define plait__add(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL))
#define plait__sub(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL))
#define plait__or(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL))
#define plait__and(p, v) PLAIT__ATOMIC_UPDATE(p, __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL))
#define plait__add_relaxed(p, v) \
    PLAIT__HOOKED(PLAIT__UPDATE, p, __atomic_fetch_add((p), (v), __ATOMIC_RELAXED))

#define PLAIT__CAS(p, expected, v, what, success, failure) \
    PLAIT__HOOKED_SWAP(PLAIT__SWAP | (what), p, \
                       __atomic_compare_exchange_n((p), (expected), (v), 0, success, failure))
#define plait__cas(p, expected, v) \
    PLAIT__CAS(p, expected, v, PLAIT__ACQUIRES | PLAIT__RELEASES, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define plait__cas_seq(p, expected, v) \
    PLAIT__CAS(p, expected, v, PLAIT__ACQUIRES | PLAIT__RELEASES, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define plait__cas_acquire(p, expected, v) \
    PLAIT__CAS(p, expected, v, PLAIT__ACQUIRES, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define plait__cas_release(p, expected, v) \
    PLAIT__CAS(p, expected, v, PLAIT__RELEASES, __ATOMIC_RELEASE, __ATOMIC_RELAXED)

/* Keeps the compiler, and nothing else, from moving memory accesses across: for order.h. */
static inline void plait__keep_order(void) {
    __asm__ __volatile__("" ::: "memory");
}

/* Branches that the slow paths hang on. */
#define plait__likely(x) __builtin_expect(!!(x), 1)
#define plait__unlikely(x) __builtin_expect(!!(x), 0)

#endif

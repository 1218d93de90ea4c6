/* The door of the atomics: what each operation does and returns, and that a checked build is told of each, once,
 * before it happens, with its address and the order that it promises; and of a compare-and-swap, what came of it. */
#define PLAIT_CHECKED 1
#include "support/test.h"

#include <base/atomic.h>

static struct {
    int count;
    unsigned what;
    int swapped, failed;
    const volatile void *address;
    uint32_t value_before;
} points;

static uint32_t word;

void plait__check_point(unsigned what, const volatile void *address) {
    points.count++;
    points.what = what;
    points.address = address;
    points.value_before = word;
}

bool plait__check_swapped(bool done) {
    points.swapped += done;
    points.failed += !done;
    return done;
}

/* True if since the last call there was one point, of this kind, on the word, which had this value then. */
static bool told(unsigned what, uint32_t value_before) {
    bool well = points.count == 1 && points.what == what && points.address == &word &&
                points.value_before == value_before;
    points.count = 0;
    return well;
}

#define BOTH(what) ((what) | PLAIT__ACQUIRES | PLAIT__RELEASES)

TEST(loads) {
    word = 7;
    ck_assert_uint_eq(plait__load(&word), 7);
    ck_assert(told(PLAIT__LOAD, 7));
    ck_assert_uint_eq(plait__load_acquire(&word), 7);
    ck_assert(told(PLAIT__LOAD | PLAIT__ACQUIRES, 7));
    ck_assert_uint_eq(plait__load_seq(&word), 7);
    ck_assert(told(PLAIT__LOAD | PLAIT__ACQUIRES, 7));
}

TEST(stores) {
    word = 1;
    plait__store(&word, 2);
    ck_assert(told(PLAIT__STORE, 1));
    plait__store_release(&word, 3);
    ck_assert(told(PLAIT__STORE | PLAIT__RELEASES, 2));
    plait__store_seq(&word, 4);
    ck_assert(told(PLAIT__STORE | PLAIT__RELEASES, 3));
    ck_assert_uint_eq(word, 4);
}

TEST(updates_return_what_was_before) {
    word = 12;
    ck_assert_uint_eq(plait__exchange(&word, 13), 12);
    ck_assert(told(BOTH(PLAIT__UPDATE), 12));
    ck_assert_uint_eq(plait__exchange_seq(&word, 12), 13);
    ck_assert(told(BOTH(PLAIT__UPDATE), 13));
    ck_assert_uint_eq(plait__add(&word, 4), 12);
    ck_assert(told(BOTH(PLAIT__UPDATE), 12));
    ck_assert_uint_eq(plait__sub(&word, 1), 16);
    ck_assert(told(BOTH(PLAIT__UPDATE), 16));
    ck_assert_uint_eq(plait__or(&word, 16), 15);
    ck_assert(told(BOTH(PLAIT__UPDATE), 15));
    ck_assert_uint_eq(plait__and(&word, 17), 31);
    ck_assert(told(BOTH(PLAIT__UPDATE), 31));
    ck_assert_uint_eq(plait__add_relaxed(&word, UINT32_MAX), 17);
    ck_assert(told(PLAIT__UPDATE, 17));
    ck_assert_uint_eq(word, 16);
}

#define CHECK_CAS(cas, order) \
    do { \
        uint32_t expected = 5; \
        word = 5; \
        points.swapped = points.failed = 0; \
        ck_assert(cas(&word, &expected, 6)); \
        ck_assert(told(PLAIT__SWAP | (order), 5) && points.swapped == 1); \
        ck_assert_uint_eq(word, 6); \
        ck_assert(!cas(&word, &expected, 7)); \
        ck_assert(told(PLAIT__SWAP | (order), 6) && points.failed == 1); \
        ck_assert_uint_eq(word, 6); \
        ck_assert_uint_eq(expected, 6); \
    } while (0)

TEST(a_failed_compare_and_swap_tells_what_it_found) {
    CHECK_CAS(plait__cas, BOTH(0));
    CHECK_CAS(plait__cas_seq, BOTH(0));
    CHECK_CAS(plait__cas_acquire, PLAIT__ACQUIRES);
    CHECK_CAS(plait__cas_release, PLAIT__RELEASES);
}

TEST(pointers_and_wide_numbers_go_through_the_same_door) {
    static const char *const text = "x";
    const char *pointer = NULL;
    plait__store_release(&pointer, text);
    ck_assert_ptr_eq(plait__load_acquire(&pointer), text);
    static uint64_t wide = UINT64_C(1) << 40;
    uint64_t expected = wide;
    ck_assert(plait__cas(&wide, &expected, wide + 1));
    ck_assert_uint_eq(plait__load(&wide), (UINT64_C(1) << 40) + 1);
}

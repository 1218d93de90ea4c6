/* The door of the atomics: what each operation does and returns, and that a checked build is told of each, once,
 * before it happens and with its address. */
#define PLAIT_CHECKED 1
#include "support/test.h"

#include <base/atomic.h>

static struct {
    int count;
    enum plait__point what;
    const volatile void *address;
    uint32_t value_before;
} points;

static uint32_t word;

void plait__check_point(enum plait__point what, const volatile void *address) {
    points.count++;
    points.what = what;
    points.address = address;
    points.value_before = word;
}

/* True if since the last call there was one point, of this kind, on the word, which had this value then. */
static bool told(enum plait__point what, uint32_t value_before) {
    bool well = points.count == 1 && points.what == what && points.address == &word &&
                points.value_before == value_before;
    points.count = 0;
    return well;
}

TEST(loads) {
    word = 7;
    ck_assert_uint_eq(plait__load(&word), 7);
    ck_assert(told(PLAIT__LOAD, 7));
    ck_assert_uint_eq(plait__load_acquire(&word), 7);
    ck_assert(told(PLAIT__LOAD, 7));
    ck_assert_uint_eq(plait__load_seq(&word), 7);
    ck_assert(told(PLAIT__LOAD, 7));
}

TEST(stores) {
    word = 1;
    plait__store(&word, 2);
    ck_assert(told(PLAIT__STORE, 1));
    plait__store_release(&word, 3);
    ck_assert(told(PLAIT__STORE, 2));
    plait__store_seq(&word, 4);
    ck_assert(told(PLAIT__STORE, 3));
    ck_assert_uint_eq(word, 4);
}

TEST(updates_return_what_was_before) {
    word = 12;
    ck_assert_uint_eq(plait__exchange(&word, 13), 12);
    ck_assert(told(PLAIT__UPDATE, 12));
    ck_assert_uint_eq(plait__exchange_seq(&word, 12), 13);
    ck_assert(told(PLAIT__UPDATE, 13));
    ck_assert_uint_eq(plait__add(&word, 4), 12);
    ck_assert(told(PLAIT__UPDATE, 12));
    ck_assert_uint_eq(plait__sub(&word, 1), 16);
    ck_assert(told(PLAIT__UPDATE, 16));
    ck_assert_uint_eq(plait__or(&word, 16), 15);
    ck_assert(told(PLAIT__UPDATE, 15));
    ck_assert_uint_eq(plait__and(&word, 17), 31);
    ck_assert(told(PLAIT__UPDATE, 31));
    ck_assert_uint_eq(plait__add_relaxed(&word, UINT32_MAX), 17);
    ck_assert(told(PLAIT__UPDATE, 17));
    ck_assert_uint_eq(word, 16);
}

#define CHECK_CAS(cas) \
    do { \
        uint32_t expected = 5; \
        word = 5; \
        ck_assert(cas(&word, &expected, 6)); \
        ck_assert(told(PLAIT__UPDATE, 5)); \
        ck_assert_uint_eq(word, 6); \
        ck_assert(!cas(&word, &expected, 7)); \
        ck_assert(told(PLAIT__UPDATE, 6)); \
        ck_assert_uint_eq(word, 6); \
        ck_assert_uint_eq(expected, 6); \
    } while (0)

TEST(a_failed_compare_and_swap_tells_what_it_found) {
    CHECK_CAS(plait__cas);
    CHECK_CAS(plait__cas_seq);
    CHECK_CAS(plait__cas_acquire);
    CHECK_CAS(plait__cas_release);
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

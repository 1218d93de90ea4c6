/* Tests that fail in every way a test can, for run.sh to see that the harness tells. Not a test program itself. */
#include "support/faults.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/memory.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

TEST(passes) {
    printf("not ok 1 - text of a test is no result\n");
    ck_assert_int_eq(1, 1);
}

TEST(fails_a_check) {
    ck_assert_int_eq(1, 2);
}

TEST(gets_another_status) {
    ck_assert_status(plait_set_allocator(NULL), PLAIT_TIMEOUT);
}

TEST_WITHIN(hangs, 1) {
    for (;;) pause();
}

TEST(crashes) {
    raise(SIGSEGV);
}

TEST(exits) {
    _exit(3);
}

TEST(dies_of_an_interrupt_as_any_program) {
    raise(SIGINT);
}

static plait_status two_blocks(void) {
    char *one = plait__copy_string("one");
    if (!one) return plait_last_error();
    char *two = plait__copy_string("two");
    plait__release(one);
    if (!two) return plait_last_error();
    plait__release(two);
    return PLAIT_OK;
}

static plait_status leaks_when_memory_is_out(void) {
    char *one = plait__copy_string("one");
    if (!one) return plait_last_error();
    char *two = plait__copy_string("two");
    if (!two) return plait_last_error();
    plait__release(one);
    plait__release(two);
    return PLAIT_OK;
}

static plait_status crashes_when_memory_is_out(void) {
    char *one = plait__copy_string("one");
    if (!one) raise(SIGSEGV);
    plait__release(one);
    return PLAIT_OK;
}

static plait_status never_works_again(void) {
    static plait_status first;
    char *one = plait__copy_string("one");
    if (!one) first = plait_last_error();
    plait__release(one);
    return first;
}

static plait_status reports_another_error(void) {
    char *one = plait__copy_string("one");
    plait__release(one);
    return one ? PLAIT_OK : PLAIT_INVALID;
}

static plait_status keeps_a_block_for_ever(void) {
    static char *kept;
    if (!kept) kept = plait__copy_string("kept");
    return kept ? PLAIT_OK : plait_last_error();
}

static plait_status allocates_nothing(void) {
    return PLAIT_OK;
}

TEST(passes_with_two_faults) {
    ck_assert_int_eq(fault_every(two_blocks), 2);
}

TEST(passes_with_a_block_kept) {
    ck_assert_int_eq(fault_every(keeps_a_block_for_ever), 1);
}

TEST(fault_leaks) {
    fault_every(leaks_when_memory_is_out);
}

TEST(fault_crashes) {
    fault_every(crashes_when_memory_is_out);
}

TEST(fault_never_works_again) {
    fault_every(never_works_again);
}

TEST(fault_reports_another_error) {
    fault_every(reports_another_error);
}

TEST(fault_without_allocations) {
    fault_every(allocates_nothing);
}

TEST(passes_with_the_same_numbers_from_the_same_seed) {
    struct stress_random one = stress_random_stream(1), again = stress_random_stream(1);
    struct stress_random other = stress_random_stream(2);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        uint32_t number = stress_random_below(&one, 1000);
        ck_assert_uint_lt(number, 1000);
        ck_assert_uint_eq(number, stress_random_below(&again, 1000));
        same += number == stress_random_below(&other, 1000);
    }
    ck_assert_int_lt(same, 10);
}

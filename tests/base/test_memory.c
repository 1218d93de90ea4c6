/* The allocator can be replaced while nothing is out, sizes cannot overflow, and lack of memory is a status. */
#include "support/faults.h"
#include "support/test.h"

#include <base/memory.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

TEST(memory_comes_zeroed_from_any_allocator) {
    fault_install();
    unsigned char *memory = plait__allocate(4096);
    ck_assert_ptr_nonnull(memory);
    for (int i = 0; i < 4096; i++) {
        ck_assert_int_eq(memory[i], 0);
    }
    ck_assert_int_eq(fault_outstanding(), 1);
    plait__release(memory);
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(releasing_nothing_is_allowed) {
    fault_install();
    plait__release(NULL);
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(no_bytes_are_still_a_block_of_their_own) {
    void *one = plait__allocate(0), *other = plait__allocate(0);
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_ne(one, other);
    plait__release(one);
    plait__release(other);
}

TEST(an_array_that_overflows_is_refused) {
    ck_assert_ptr_null(plait__allocate_array(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(
        plait__allocate_array(SIZE_MAX / 4, 3)); /* a sanitizer's malloc would end the program */
    ck_assert_int_eq(plait_last_error(), PLAIT_NO_MEMORY);
    int *numbers = plait__allocate_array(10, sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    numbers[9] = 1;
    plait__release(numbers);
}

TEST(lack_of_memory_is_remembered) {
    fault_install();
    fault_arm(1);
    ck_assert_ptr_null(plait__allocate(8));
    ck_assert(fault_happened());
    ck_assert_int_eq(plait_last_error(), PLAIT_NO_MEMORY);
    ck_assert_int_eq(fault_outstanding(), 0);
}

TEST(a_string_is_copied) {
    char original[] = "plait";
    char *copy = plait__copy_string(original);
    original[0] = 'P';
    ck_assert_str_eq(copy, "plait");
    plait__release(copy);
    ck_assert_ptr_null(plait__copy_string(NULL));
}

static void *allocate(size_t size, void *context) {
    ++*(int *)context;
    return malloc(size);
}

static void release(void *memory, void *context) {
    --*(int *)context;
    free(memory);
}

TEST(the_allocator_changes_only_while_nothing_is_out) {
    int blocks = 0;
    plait_allocator counting = {allocate, release, &blocks};
    void *memory = plait__allocate(1);
    ck_assert_status(plait_set_allocator(&counting), PLAIT_BUSY);
    plait__release(memory);
    ck_assert_int_eq(blocks, 0);

    ck_assert_ok(plait_set_allocator(&counting));
    memory = plait__allocate(1);
    ck_assert_int_eq(blocks, 1);
    ck_assert_status(plait_set_allocator(NULL), PLAIT_BUSY);
    plait__release(memory);
    ck_assert_int_eq(blocks, 0);

    ck_assert_ok(plait_set_allocator(NULL));
    memory = plait__allocate(1);
    ck_assert_int_eq(blocks, 0);
    plait__release(memory);
}

TEST(half_an_allocator_is_invalid) {
    plait_allocator no_release = {allocate, NULL, NULL}, no_allocate = {NULL, release, NULL};
    ck_assert_status(plait_set_allocator(&no_release), PLAIT_INVALID);
    ck_assert_status(plait_set_allocator(&no_allocate), PLAIT_INVALID);
}

static plait_status copy_a_string(void) {
    char *copy = plait__copy_string("plait");
    if (!copy) return plait_last_error();
    plait__release(copy);
    return PLAIT_OK;
}

TEST(a_copied_string_survives_lack_of_memory) {
    ck_assert_int_eq(fault_every(copy_a_string), 1);
}

/* Arguments and results as bytes, and back. */
#include "support/faults.h"
#include "support/test.h"

#include <base/memory.h>
#include <process/wire.h>
#include <stdlib.h>
#include <string.h>

struct point {
    int x, y;
};

PLAIT_TASK(void, nothing) {}
PLAIT_TASK(int, add, (int, a), (int, b)) {
    return a + b;
}
PLAIT_TASK(double, every, (const char *, string), (double, number), (plait_bytes, bytes),
           (struct point, point), (const char *, second), (bool, flag), (long double, wide),
           (plait_bytes, last)) {
    return number + point.x + point.y + flag + (double)wide + (string ? (double)strlen(string) : 0) +
           (second ? (double)strlen(second) : 0) + (double)bytes.size + (double)last.size;
}
PLAIT_TASK(const char *, name_of, (int, number)) {
    return number ? "one" : NULL;
}
PLAIT_TASK(plait_bytes, cut, (plait_bytes, bytes), (size_t, size)) {
    return (plait_bytes){bytes.data, size};
}
PLAIT_TASK(int, reads, (int, first), (char *, text)) {
    return text ? *text + first : first;
}
PLAIT_TASK(struct point *, points, (int, x)) {
    (void)x;
    return NULL;
}
PLAIT_TASK(int, takes_shared, (plait_shared *, memory), (plait_process_queue *, queue),
           (plait_message_queue *, messages), (plait_pipe *, pipe), (const plait_shared *, other)) {
    return (memory != NULL) + (queue != NULL) + (messages != NULL) + (pipe != NULL) + (other != NULL);
}

/* A wire of just that size, so that a sanitizer sees who goes beyond it. */
struct wire {
    void *at;
    size_t size;
};

static struct wire wire_of(const plait_task *task, const void *args) {
    struct wire wire = {NULL, 0};
    ck_assert_ok(plait__wire_write(task, args, NULL, 0, &wire.size, NULL));
    wire.at = malloc(wire.size ? wire.size : 1);
    size_t again = 0;
    ck_assert_ok(plait__wire_write(task, args, wire.at, wire.size, &again, NULL));
    ck_assert_uint_eq(again, wire.size);
    return wire;
}

static struct wire result_wire_of(const plait_task *task, const void *result) {
    struct wire wire = {NULL, 0};
    ck_assert_ok(plait__wire_write_result(task, result, NULL, 0, &wire.size, NULL));
    wire.at = malloc(wire.size ? wire.size : 1);
    ck_assert_ok(plait__wire_write_result(task, result, wire.at, wire.size, &wire.size, NULL));
    return wire;
}

/* What arrives at the other side, which is elsewhere in memory. */
static struct wire moved(struct wire wire) {
    struct wire there = {malloc(wire.size ? wire.size : 1), wire.size};
    memcpy(there.at, wire.at, wire.size);
    memset(wire.at, 0x5a, wire.size);
    free(wire.at);
    return there;
}

#define args_of(f, ...) ((const void *)&(struct plait__args_##f){0, __VA_ARGS__})

/* ---- there and back ---- */

TEST(a_task_of_numbers_is_its_struct) {
    const plait_task *task = plait_task_of(add);
    struct wire wire = wire_of(task, args_of(add, 40, 2));
    ck_assert_uint_eq(wire.size, task->args_size);
    ck_assert(plait__wire_is_flat(task));
    void *args = NULL;
    int sum = 0;
    wire = moved(wire);
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &args, NULL));
    task->run(args, &sum);
    ck_assert_int_eq(sum, 42);
    free(wire.at);
}

TEST(no_arguments_at_all_are_zeros) {
    const plait_task *task = plait_task_of(every);
    struct wire wire = moved(wire_of(task, NULL));
    void *args = NULL;
    double sum = -1;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &args, NULL));
    task->run(args, &sum);
    ck_assert_double_eq(sum, 0);
    free(wire.at);
}

TEST(a_task_without_parameters_has_a_wire_too) {
    const plait_task *task = plait_task_of(nothing);
    struct wire wire = moved(wire_of(task, NULL));
    void *args = NULL;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &args, NULL));
    task->run(args, NULL);
    free(wire.at);
}

TEST(every_kind_arrives_and_runs) {
    const plait_task *task = plait_task_of(every);
    char *string = strdup("hello"), *second = strdup("");
    const void *args = args_of(every, string, 0.5, {"\0\1\2", 3}, {10, 20}, second, true, 1000.0L,
                               {"last", 4});
    ck_assert(!plait__wire_is_flat(task));
    struct wire wire = wire_of(task, args);
    memset(string, 'x', 5); /* it has been copied */
    free(string);
    free(second);
    wire = moved(wire);
    void *there = NULL;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &there, NULL));
    const struct plait__args_every *got = there;
    ck_assert_str_eq(got->string, "hello");
    ck_assert_str_eq(got->second, "");
    ck_assert_uint_eq(got->bytes.size, 3);
    ck_assert_int_eq(memcmp(got->bytes.data, "\0\1\2", 3), 0);
    ck_assert_int_eq(memcmp(got->last.data, "last", 4), 0);
    ck_assert_int_eq(got->point.y, 20);
    ck_assert(got->flag && got->wide == 1000.0L);
    double sum = 0;
    task->run(there, &sum);
    ck_assert_double_eq(sum, 0.5 + 30 + 1 + 1000 + 5 + 3 + 4);
    free(wire.at);
}

TEST(null_stays_null_and_empty_stays_empty) {
    const plait_task *task = plait_task_of(every);
    struct wire wire = moved(
        wire_of(task, args_of(every, NULL, 0, {NULL, 0}, {0, 0}, "", false, 0, {"", 0})));
    void *there = NULL;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &there, NULL));
    const struct plait__args_every *got = there;
    ck_assert_ptr_null(got->string);
    ck_assert_str_eq(got->second, "");
    ck_assert_ptr_null(got->bytes.data);
    ck_assert_ptr_nonnull(got->last.data);
    ck_assert_uint_eq(got->last.size, 0);
    free(wire.at);
}

TEST(bytes_are_aligned_as_malloc_aligns) {
    const plait_task *task = plait_task_of(every);
    struct wire wire = moved(
        wire_of(task, args_of(every, "1", 0, {"12345", 5}, {0, 0}, "four", false, 0, {"12345", 5})));
    void *there = NULL;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &there, NULL));
    const struct plait__args_every *got = there;
    ck_assert_uint_eq((uintptr_t)got->bytes.data % PLAIT__WIRE_ALIGNMENT, 0);
    ck_assert_uint_eq((uintptr_t)got->last.data % PLAIT__WIRE_ALIGNMENT, 0);
    ck_assert_int_eq(memcmp(got->last.data, "12345", 5), 0);
    free(wire.at);
}

TEST(large_strings_and_bytes_arrive_whole) {
    const plait_task *task = plait_task_of(every);
    const size_t size = 3 << 20;
    char *large = malloc(size + 1);
    for (size_t i = 0; i < size; i++) large[i] = (char)('a' + i % 26);
    large[size] = '\0';
    const void *args = args_of(every, large, 0, {large, size}, {0, 0}, NULL, false, 0, {NULL, 0});
    struct wire wire = moved(wire_of(task, args));
    void *there = NULL;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &there, NULL));
    const struct plait__args_every *got = there;
    ck_assert_str_eq(got->string, large);
    ck_assert_int_eq(memcmp(got->bytes.data, large, size), 0);
    free(large);
    free(wire.at);
}

/* ---- room ---- */

TEST(too_little_room_is_told_and_nothing_beyond_it_is_touched) {
    const plait_task *task = plait_task_of(every);
    const void *args = args_of(every, "hello", 0, {"bytes", 5}, {0, 0}, "again", false, 0, {"last", 4});
    size_t whole = 0;
    ck_assert_ok(plait__wire_write(task, args, NULL, 0, &whole, NULL));
    for (size_t room = 0; room < whole; room++) {
        char *wire = malloc(room + 16);
        memset(wire, 0x77, room + 16);
        size_t size = 0;
        ck_assert_ok(plait__wire_write(task, args, wire, room, &size, NULL));
        ck_assert_uint_eq(size, whole);
        for (size_t i = room; i < room + 16; i++) ck_assert_int_eq(wire[i], 0x77);
        free(wire);
    }
}

/* ---- what is refused ---- */

TEST(a_pointer_is_refused_by_name) {
    struct plait__words why = {""};
    ck_assert_status(plait__wire_allows(plait_task_of(reads), &why), PLAIT_INVALID);
    ck_assert_str_eq(why.at,
                     "parameter 'text' of 'reads' is a pointer, which means nothing in another process");
    ck_assert_status(plait__wire_allows(plait_task_of(reads), NULL), PLAIT_INVALID);
    ck_assert_ok(plait__wire_allows(plait_task_of(every), &why));
    ck_assert_ok(plait__wire_allows(plait_task_of(nothing), &why));
}

TEST(a_result_that_is_a_pointer_is_refused) {
    struct plait__words why = {""};
    ck_assert_status(plait__wire_allows(plait_task_of(points), &why), PLAIT_INVALID);
    ck_assert_str_eq(why.at, "the result of 'points' is a pointer, which means nothing in another process");
}

TEST(shared_objects_have_a_kind_of_their_own_unless_they_are_const) {
    const plait_task *task = plait_task_of(takes_shared);
    for (size_t i = 0; i < 4; i++) ck_assert_int_eq(task->parameters[i].kind, PLAIT_KIND_SHARED);
    ck_assert_int_eq(task->parameters[4].kind, PLAIT_KIND_POINTER);
}

TEST(no_shared_object_stays_none) {
    const plait_task *task = plait_task_of(takes_shared);
    struct wire wire = moved(wire_of(task, args_of(takes_shared, .queue = NULL)));
    void *args = NULL;
    int given = -1;
    ck_assert_ok(plait__wire_read(task, wire.at, wire.size, &args, NULL));
    task->run(args, &given);
    ck_assert_int_eq(given, 0);
    free(wire.at);
}

TEST(bytes_without_data_but_with_a_size_are_refused) {
    struct plait__words why = {""};
    size_t size = 0;
    const void *args = args_of(every, .last = {NULL, 5});
    ck_assert_status(plait__wire_write(plait_task_of(every), args, NULL, 0, &size, &why), PLAIT_INVALID);
    ck_assert_str_eq(why.at, "last of 'every' has a size, but no data");
    ck_assert_status(plait__wire_write(plait_task_of(every), args, NULL, 0, &size, NULL), PLAIT_INVALID);
    plait_bytes result = {NULL, 1};
    ck_assert_status(plait__wire_write_result(plait_task_of(cut), &result, NULL, 0, &size, &why),
                     PLAIT_INVALID);
    ck_assert_str_eq(why.at, "the result of 'cut' has a size, but no data");
}

TEST(a_size_that_no_memory_has_is_refused) {
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 8, (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX};
    struct plait__words why = {""};
    char wire[512];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = 0;
        const void *args = args_of(every, .bytes = {"x", sizes[i]}, .second = "y", .last = {"z", 1});
        ck_assert_status(plait__wire_write(plait_task_of(every), args, wire, sizeof wire, &size, &why),
                         PLAIT_INVALID);
        ck_assert_str_eq(why.at, "what 'every' is to be sent is larger than any memory");
    }
}

/* ---- results ---- */

TEST(a_result_of_any_kind_comes_back) {
    void *block = NULL;
    double number = 2.5, back = 0;
    struct wire wire = moved(result_wire_of(plait_task_of(every), &number));
    ck_assert_ok(plait__wire_read_result(plait_task_of(every), wire.at, wire.size, &back, &block, NULL));
    ck_assert(back == 2.5);
    ck_assert_ptr_null(block);
    free(wire.at);

    wire = moved(result_wire_of(plait_task_of(nothing), NULL));
    ck_assert_ok(plait__wire_read_result(plait_task_of(nothing), wire.at, wire.size, &back, &block, NULL));
    free(wire.at);
}

TEST(strings_and_bytes_of_results_live_in_a_block) {
    void *block = NULL;
    const char *string = "result", *got = NULL;
    struct wire wire = moved(result_wire_of(plait_task_of(name_of), &string));
    ck_assert_ok(plait__wire_read_result(plait_task_of(name_of), wire.at, wire.size, &got, &block, NULL));
    memset(wire.at, 0, wire.size);
    ck_assert_ptr_eq(got, block);
    ck_assert_str_eq(got, "result");
    plait__release(block);
    free(wire.at);

    plait_bytes bytes = {"\0\1\0", 3}, back = {NULL, 0};
    wire = moved(result_wire_of(plait_task_of(cut), &bytes));
    ck_assert_ok(plait__wire_read_result(plait_task_of(cut), wire.at, wire.size, &back, &block, NULL));
    ck_assert_uint_eq(back.size, 3);
    ck_assert_ptr_eq(back.data, block);
    ck_assert_int_eq(memcmp(back.data, "\0\1\0", 3), 0);
    plait__release(block);
    free(wire.at);
}

TEST(results_may_be_null_or_empty) {
    void *block = &block;
    const char *string = NULL, *got = "x";
    struct wire wire = moved(result_wire_of(plait_task_of(name_of), &string));
    ck_assert_ok(plait__wire_read_result(plait_task_of(name_of), wire.at, wire.size, &got, &block, NULL));
    ck_assert_ptr_null(got);
    ck_assert_ptr_null(block);
    free(wire.at);

    plait_bytes bytes = {"", 0}, back = {NULL, 9};
    wire = moved(result_wire_of(plait_task_of(cut), &bytes));
    ck_assert_ok(plait__wire_read_result(plait_task_of(cut), wire.at, wire.size, &back, &block, NULL));
    ck_assert_uint_eq(back.size, 0);
    ck_assert_ptr_nonnull(back.data);
    plait__release(block);
    free(wire.at);
}

/* ---- damage ---- */

TEST(a_wire_that_is_cut_is_refused) {
    const plait_task *task = plait_task_of(every);
    const void *args = args_of(every, "hello", 0, {"bytes", 5}, {0, 0}, "again", false, 0, {"last", 4});
    size_t whole = 0;
    ck_assert_ok(plait__wire_write(task, args, NULL, 0, &whole, NULL));
    for (size_t size = 0; size < whole; size++) {
        struct wire wire = wire_of(task, args);
        wire.size = size;
        wire = moved(wire);
        struct plait__words why = {""};
        void *there = NULL;
        ck_assert_status(plait__wire_read(task, wire.at, wire.size, &there, &why), PLAIT_INVALID);
        ck_assert_str_eq(why.at, "the arguments of 'every' arrived damaged");
        free(wire.at);
    }
}

/* Every byte of the struct and behind it set to something else: it is refused, or what comes out can be used. */
TEST(a_wire_with_any_byte_changed_is_refused_or_harmless) {
    const plait_task *task = plait_task_of(every);
    const void *args = args_of(every, "hello", 0, {"bytes", 5}, {0, 0}, "again", false, 0, {"last", 4});
    static const unsigned char bits[] = {0x01, 0x80, 0xff};
    size_t whole = 0, refused = 0;
    ck_assert_ok(plait__wire_write(task, args, NULL, 0, &whole, NULL));
    for (size_t i = 0; i < whole * sizeof bits; i++) {
        struct wire wire = moved(wire_of(task, args));
        size_t at = i / sizeof bits;
        if (at == offsetof(struct plait__args_every, flag)) { /* a bool that is none may not be read */
            free(wire.at);
            continue;
        }
        ((unsigned char *)wire.at)[at] ^= bits[i % sizeof bits];
        void *there = NULL;
        double sum;
        if (plait__wire_read(task, wire.at, wire.size, &there, NULL) == PLAIT_OK)
            task->run(there, &sum);
        else
            refused++;
        free(wire.at);
    }
    ck_assert_uint_gt(refused, 40);
}

TEST(a_result_that_is_damaged_changes_nothing) {
    const plait_task *task = plait_task_of(name_of);
    const char *string = "result";
    struct wire wire = moved(result_wire_of(task, &string));
    static char untouched;
    for (size_t i = 0; i < wire.size; i++) {
        const char *got = &untouched;
        void *block = NULL;
        struct plait__words why = {""};
        ck_assert_status(plait__wire_read_result(task, wire.at, i, &got, &block, &why), PLAIT_INVALID);
        ck_assert_str_eq(why.at, "the result of 'name_of' arrived damaged");
        ck_assert_ptr_eq(got, &untouched);
        ck_assert_ptr_null(block);
    }
    ((char *)wire.at)[wire.size - 1] = 'x'; /* a string without an end */
    const char *got = &untouched;
    void *block = NULL;
    ck_assert_status(plait__wire_read_result(task, wire.at, wire.size, &got, &block, NULL), PLAIT_INVALID);
    free(wire.at);
}

/* ---- memory ---- */

static plait_status a_string_comes_back(void) {
    const char *string = "result", *got = NULL;
    void *block = NULL;
    char wire[64];
    size_t size;
    plait_status status = plait__wire_write_result(plait_task_of(name_of), &string, wire, sizeof wire, &size,
                                                   NULL);
    if (status) return status;
    status = plait__wire_read_result(plait_task_of(name_of), wire, size, &got, &block, NULL);
    if (status == PLAIT_OK && strcmp(got, "result") != 0) status = PLAIT_FAILED;
    plait__release(block);
    return status;
}

TEST(a_result_survives_lack_of_memory) {
    fault_every(a_string_comes_back);
}

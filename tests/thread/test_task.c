/* Typed tasks: what the descriptor says, and what the thunks do. */
#include "support/test.h"

#include <plait/raise.h>
#include <plait/task.h>
#include <stddef.h>
#include <string.h>
#include <thread/task_frame.h>

struct point {
    int x, y;
};
enum colour { RED, GREEN };

PLAIT_TASK(void, nothing) {}
PLAIT_TASK(bool, negate, (bool, b)) {
    return !b;
}
PLAIT_TASK(struct point, many, (int, a), (long, b), (double, c), (const char *, d), (plait_bytes, e),
           (struct point, f), (char *, g), (const enum colour, h)) {
    struct point sum = {a + (int)b + (int)c + (int)strlen(d), (int)e.size + f.x + (g != NULL) + (int)h};
    return sum;
}
PLAIT_TASK(long, scaled, (long, value), (const long, by)) {
    if (value < 0) plait_raise(PLAIT_USER, "%ld is negative", value);
    return value * by;
}

TEST(a_task_is_an_ordinary_function) {
    ck_assert(negate(false));
    nothing();
    ck_assert_int_eq(scaled(6, 7), 42);
}

TEST(the_descriptor_of_a_task_without_parameters_or_result) {
    const plait_task *task = plait_task_of(nothing);
    ck_assert_uint_eq(task->version, PLAIT_TASK_VERSION);
    ck_assert_uint_eq(task->count, 0);
    ck_assert_str_eq(task->name, "nothing");
    ck_assert_uint_eq(task->result_size, 0);
    ck_assert_int_eq(task->result_kind, PLAIT_KIND_NOTHING);
    ck_assert_ptr_nonnull(task->parameters);
    char behind = 7; /* a void result has no room: nothing is written */
    task->run(PLAIT__ARGS_OF(nothing, ), NULL);
    task->run(PLAIT__ARGS_OF(nothing, ), &behind);
    ck_assert_uint_eq(task->range(NULL, &behind, 0, &(size_t){1}), 1);
    ck_assert_int_eq(behind, 7);
}

TEST(the_descriptor_names_kinds_offsets_and_sizes) {
    const plait_task *task = plait_task_of(many);
    static const plait_kind kinds[] = {PLAIT_KIND_INTEGER, PLAIT_KIND_INTEGER, PLAIT_KIND_FLOAT,
                                       PLAIT_KIND_STRING,  PLAIT_KIND_BYTES,   PLAIT_KIND_STRUCT,
                                       PLAIT_KIND_POINTER, PLAIT_KIND_INTEGER};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    ck_assert_uint_eq(task->count, 8);
    for (size_t i = 0; i < 8; i++) {
        ck_assert_int_eq(task->parameters[i].kind, kinds[i]);
        ck_assert_str_eq(task->parameters[i].name, names[i]);
    }
    ck_assert_uint_eq(task->parameters[2].offset, offsetof(struct plait__args_many, c));
    ck_assert_uint_eq(task->parameters[4].size, sizeof(plait_bytes));
    ck_assert_uint_eq(task->args_size, sizeof(struct plait__args_many));
    ck_assert_uint_eq(task->result_size, sizeof(struct point));
    ck_assert_int_eq(task->result_kind, PLAIT_KIND_STRUCT);
}

TEST(running_passes_every_parameter_and_stores_the_result) {
    char text[] = "x";
    plait_bytes bytes = {"12345", 5};
    struct point f = {100, 0}, result = {0, 0};
    PLAIT__TYPED(
        plait_task_of(many)->run(PLAIT__ARGS_OF(many, 1, 20, 300.0, "four", bytes, f, text, GREEN), &result),
        many, 1, 20, 300.0, "four", bytes, f, text, GREEN);
    ck_assert_int_eq(result.x, 325);
    ck_assert_int_eq(result.y, 107);
    plait_task_of(negate)->run(PLAIT__ARGS_OF(negate, true), NULL); /* nobody wants the result */
}

TEST(arguments_left_out_are_zero) {
    long result = -1;
    PLAIT__TYPED(plait_task_of(scaled)->run(PLAIT__ARGS_OF(scaled, .by = 3), &result), scaled, .by = 3);
    ck_assert_int_eq(result, 0);
}

TEST(a_range_takes_columns_with_strides) {
    struct point points[3] = {{1, 0}, {2, 0}, {3, 0}};
    long values[3] = {4, 5, 6}, by = 10, results[4] = {0, 0, 0, -7};
    plait_column columns[] = {{values, sizeof *values}, {&by, 0}};
    ck_assert_uint_eq(plait_task_of(scaled)->range(columns, results, 0, &(size_t){3}), 3);
    ck_assert_int_eq(results[0], 40);
    ck_assert_int_eq(results[2], 60);
    ck_assert_int_eq(results[3], -7);
    ck_assert_uint_eq(plait_task_of(scaled)->range(columns, NULL, 1, &(size_t){2}), 2);
    (void)points;
}

TEST(a_range_stops_after_the_item_that_failed) {
    long values[4] = {1, -2, 3, -4}, by = 1, results[4] = {0};
    plait_column columns[] = {{values, sizeof *values}, {&by, 0}};
    const plait_task *task = plait_task_of(scaled);
    struct plait__frame frame;
    size_t failed[4], failures = 0, at = 0;
    plait__frame_begin(&frame, task->name);
    while (at < 4) {
        frame.end = 4;
        at = task->range(columns, results, at, &frame.end);
        if (!frame.raised) continue;
        failed[failures++] = at - 1;
        ck_assert_int_eq(frame.status, PLAIT_USER);
        plait__frame_clear(&frame);
    }
    ck_assert_ok(plait__frame_end(&frame));
    ck_assert_uint_eq(failures, 2);
    ck_assert_uint_eq(failed[0], 1);
    ck_assert_uint_eq(failed[1], 3);
    ck_assert_int_eq(results[2], 3);
}

TEST(columns_are_checked_like_arguments_and_lie_like_an_array) {
    long values[2] = {7, 8}, by = 2, results[2] = {0};
    plait_column columns[2];
    const char *typed;
    PLAIT__TYPED_COLUMNS(
        (typed = (const char *)PLAIT__COLUMNS_OF(scaled, values, sizeof *values, &by, 0),
         memcpy(columns, typed + offsetof(struct plait__columns_scaled, value), sizeof columns)),
        scaled, values, sizeof *values, &by, 0);
    ck_assert_uint_eq(plait_task_of(scaled)->range(columns, PLAIT__OUT_OF(scaled, results), 0, &(size_t){2}),
                      2);
    ck_assert_int_eq(results[1], 16);
}

/* Shared between files: a header declares, one file defines. */
PLAIT_TASK_DECLARE(int, shared_task, (int, x));
PLAIT_TASK_DEFINE(int, shared_task, (int, x)) {
    return x + 1;
}

TEST(a_declared_task_is_one_object_for_all_files) {
    int result = 0;
    plait_task_of(shared_task)->run(PLAIT__ARGS_OF(shared_task, 4), &result);
    ck_assert_int_eq(result, 5);
}

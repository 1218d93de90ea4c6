/* Functions, variables, files and lines of this very program. */
#include "support/test.h"

#include <check/symbols.h>
#include <plait.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t called_from;
static plait_lock locks[4];
plait_event an_event;

__attribute__((noinline)) static void note_caller(void) {
    called_from = (uint64_t)(uintptr_t)__builtin_return_address(0) - 1;
}

static const char *place_of(struct plait__symbols **symbols, uint64_t caller) {
    *symbols = plait__symbols_new(&caller, 1);
    ck_assert_ptr_nonnull(*symbols);
    return plait__symbols_place(*symbols, caller);
}

TEST(a_call_has_a_file_and_a_line) {
    char expected[64];
    snprintf(expected, sizeof expected, "test_symbols.c:%d", __LINE__ + 1);
    note_caller();
    struct plait__symbols *symbols;
    ck_assert_str_eq(place_of(&symbols, called_from), expected);
    plait__symbols_free(symbols);
}

/* More than one command line takes; some addresses twice. */
TEST(many_calls_are_looked_up_at_once) {
    enum { CALLS = 2500 };
    uint64_t *callers = calloc(CALLS, sizeof *callers);
    unsigned lines[2] = {__LINE__ + 1, __LINE__ + 3};
    note_caller();
    callers[0] = called_from;
    note_caller();
    callers[1] = called_from;
    for (unsigned i = 2; i < CALLS; i++) callers[i] = called_from + i % 1200;
    struct plait__symbols *symbols = plait__symbols_new(callers, CALLS);
    ck_assert_ptr_nonnull(symbols);
    for (int i = 0; i < 2; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "test_symbols.c:%u", lines[i]);
        ck_assert_str_eq(plait__symbols_place(symbols, callers[i]), expected);
    }
    int with_lines = 0;
    for (int i = 2; i < CALLS; i++) {
        ck_assert_str_ne(plait__symbols_place(symbols, callers[i]), "?");
        with_lines += strstr(plait__symbols_place(symbols, callers[i]), ".c:") != NULL;
    }
    ck_assert_int_gt(with_lines, CALLS * 9 / 10); /* some may lie between functions */
    plait__symbols_free(symbols);
    free(callers);
}

TEST(nonsense_has_no_place) {
    struct plait__symbols *symbols;
    ck_assert_str_eq(place_of(&symbols, 0), "?");
    plait__symbols_free(symbols);
    ck_assert_str_eq(place_of(&symbols, 1), "?");
    plait__symbols_free(symbols);
    ck_assert_str_eq(place_of(&symbols, UINT64_MAX), "?");
    ck_assert_str_eq(plait__symbols_place(symbols, 17), "?");
    plait__symbols_free(symbols);
    symbols = plait__symbols_new(NULL, 0);
    ck_assert_str_eq(plait__symbols_place(symbols, called_from), "?");
    plait__symbols_free(symbols);
}

/* In a library without debug information, and in one made when it is run. */
TEST(without_lines_there_is_a_name) {
    struct plait__symbols *symbols;
    const char *place = place_of(&symbols, (uint64_t)(uintptr_t)hcreate + 5);
    ck_assert_msg(strstr(place, "hcreate") || strstr(place, ".so") || strstr(place, ".c:"), "%s", place);
    plait__symbols_free(symbols);
}

TEST(functions_have_names) {
    char name[64];
    ck_assert(plait__symbols_function((uint64_t)(uintptr_t)plait_lock_acquire + 1, name, sizeof name));
    ck_assert_str_eq(name, "plait_lock_acquire");
    ck_assert(plait__symbols_function((uint64_t)(uintptr_t)place_of, name, sizeof name));
    ck_assert_str_eq(name, "place_of");
    ck_assert(!plait__symbols_function((uint64_t)(uintptr_t)&locks, name, sizeof name));
    ck_assert(!plait__symbols_function(0, name, sizeof name));
    ck_assert(plait__symbols_function((uint64_t)(uintptr_t)plait_lock_acquire, name, 6));
    ck_assert_str_eq(name, "plait");
}

TEST(variables_have_names) {
    char name[64], expected[64];
    ck_assert(plait__symbols_variable((uint64_t)(uintptr_t)&an_event, name, sizeof name));
    ck_assert_str_eq(name, "an_event");
    ck_assert(plait__symbols_variable((uint64_t)(uintptr_t)&locks[0], name, sizeof name));
    ck_assert_str_eq(name, "locks");
    ck_assert(plait__symbols_variable((uint64_t)(uintptr_t)&locks[3], name, sizeof name));
    snprintf(expected, sizeof expected, "locks+%zu", 3 * sizeof locks[0]);
    ck_assert_str_eq(name, expected);
    int local = 0;
    ck_assert(!plait__symbols_variable((uint64_t)(uintptr_t)&local, name, sizeof name));
    ck_assert(!plait__symbols_variable((uint64_t)(uintptr_t)place_of, name, sizeof name));
}

/* Nobody there to ask: names are left. */
TEST(without_addr2line_there_is_a_name) {
    setenv("PATH", "/nonexistent", 1);
    note_caller();
    struct plait__symbols *symbols;
    const char *place = place_of(&symbols, called_from);
    ck_assert_msg(strstr(place, "test_body_without_addr2line") == place && strchr(place, '+'), "%s", place);
    plait__symbols_free(symbols);
}

/* Items of a map as bytes, and what became of them. */
#include "support/test.h"

#include <base/memory.h>
#include <process/items.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 20 };

PLAIT_TASK(double, mix, (char, small), (double, number), (const char *, text), (plait_bytes, bytes)) {
    return small + number + (text ? (double)strlen(text) : 0) + (double)bytes.size;
}
PLAIT_TASK(long, add, (long, a), (long, b)) {
    return a + b;
}
PLAIT_TASK(const char *, name_of, (long, number)) {
    (void)number;
    return NULL;
}

static char smalls[COUNT];
static double number = 0.5;
static const char *texts[COUNT];
static plait_bytes bytes[COUNT];

static void columns_of_mix(plait_column *columns) {
    static const char *const words[] = {"one", "", NULL, "a longer word"};
    for (int i = 0; i < COUNT; i++) {
        smalls[i] = (char)i;
        texts[i] = words[i % 4];
        bytes[i] = i % 3 ? (plait_bytes){"123456789", (size_t)i % 9} : (plait_bytes){NULL, 0};
    }
    columns[0] = (plait_column){smalls, sizeof *smalls};
    columns[1] = (plait_column){&number, 0};
    columns[2] = (plait_column){texts, sizeof *texts};
    columns[3] = (plait_column){bytes, sizeof *bytes};
}

static double expected(size_t item) {
    return smalls[item] + number + (texts[item] ? (double)strlen(texts[item]) : 0) + (double)bytes[item].size;
}

/* Of just its size, elsewhere in memory. */
static char *wire_of(const struct plait__items *items, size_t *size) {
    ck_assert_ok(plait__items_write(items, NULL, 0, size, NULL));
    char *wire = malloc(*size);
    ck_assert_ok(plait__items_write(items, wire, *size, size, NULL));
    return wire;
}

TEST(any_range_of_items_arrives) {
    plait_column columns[4], there[PLAIT__ITEMS_COLUMNS];
    columns_of_mix(columns);
    for (size_t from = 0; from < COUNT; from += 3)
        for (size_t count = 1; from + count <= COUNT; count += 2) {
            struct plait__items items = {plait_task_of(mix), columns, from, count};
            size_t size = 0, arrived = 0;
            char *wire = wire_of(&items, &size);
            double results[COUNT];
            ck_assert_ok(plait__items_read(plait_task_of(mix), wire, size, there, &arrived, NULL));
            ck_assert_uint_eq(arrived, count);
            ck_assert_uint_eq(plait_task_of(mix)->range(there, results, 0, &count), count);
            for (size_t i = 0; i < count; i++) ck_assert_double_eq(results[i], expected(from + i));
            free(wire);
        }
}

TEST(as_many_items_as_fit_fit) {
    plait_column columns[4];
    columns_of_mix(columns);
    size_t before = 0;
    for (size_t room = 0; room < 2000; room += 16) {
        struct plait__items items = {plait_task_of(mix), columns, 0, COUNT};
        size_t fit = plait__items_fit(&items, room), size = 0;
        ck_assert(fit >= 1 && fit <= COUNT && fit >= before);
        before = items.count = fit;
        ck_assert_ok(plait__items_write(&items, NULL, 0, &size, NULL));
        ck_assert(fit == 1 || size <= room);
    }
    ck_assert_uint_eq(before, COUNT);
}

TEST(numbers_fit_by_their_size) {
    static long values[10000];
    plait_column columns[2] = {{values, sizeof *values}, {values, 0}};
    struct plait__items items = {plait_task_of(add), columns, 0, 10000};
    size_t fit = plait__items_fit(&items, 65536), size = 0;
    ck_assert_uint_gt(fit, 8100);
    items.count = fit;
    ck_assert_ok(plait__items_write(&items, NULL, 0, &size, NULL));
    ck_assert_uint_le(size, 65536);
    columns[0].stride = 0; /* all the same: any number fits */
    items.count = 10000;
    ck_assert_uint_eq(plait__items_fit(&items, 65536), 10000);
}

TEST(too_little_room_for_items_is_told_and_nothing_beyond_it_is_touched) {
    plait_column columns[4];
    columns_of_mix(columns);
    struct plait__items items = {plait_task_of(mix), columns, 0, COUNT};
    size_t whole = 0, size = 0;
    ck_assert_ok(plait__items_write(&items, NULL, 0, &whole, NULL));
    for (size_t room = 0; room < whole; room++) {
        char *wire = malloc(room ? room : 1);
        ck_assert_ok(plait__items_write(&items, wire, room, &size, NULL));
        ck_assert_uint_eq(size, whole);
        free(wire);
    }
}

TEST(items_that_arrive_cut_or_changed_are_refused_or_harmless) {
    plait_column columns[4], there[PLAIT__ITEMS_COLUMNS];
    columns_of_mix(columns);
    struct plait__items items = {plait_task_of(mix), columns, 0, COUNT};
    size_t whole = 0, arrived = 0, refused = 0;
    free(wire_of(&items, &whole));
    for (size_t size = 0; size < whole; size++) {
        char *wire = wire_of(&items, &whole), *cut = malloc(size ? size : 1);
        memcpy(cut, wire, size);
        struct plait__words why = {""};
        plait_status status = plait__items_read(plait_task_of(mix), cut, size, there, &arrived, &why);
        ck_assert_int_eq(status, PLAIT_INVALID);
        ck_assert(strstr(why.at, "of 'mix' arrived damaged") != NULL);
        free(cut);
        free(wire);
    }
    for (size_t i = 0; i < whole; i++) {
        char *wire = wire_of(&items, &whole);
        double results[COUNT];
        wire[i] = (char)(wire[i] ^ 0x81);
        if (plait__items_read(plait_task_of(mix), wire, whole, there, &arrived, NULL) != PLAIT_OK)
            refused++;
        else if (arrived <= COUNT)
            (void)plait_task_of(mix)->range(there, results, 0, &arrived);
        free(wire);
    }
    ck_assert_uint_gt(refused, 100);
}

/* ---- and back ---- */

struct heard {
    struct plait__range range;
    plait_status statuses[COUNT];
    char words[COUNT][64];
};

static void hear(struct plait__range *range, size_t item, plait_status status, char *message) {
    struct heard *heard = (struct heard *)range;
    heard->statuses[item] = status;
    (void)strncpy(heard->words[item], message ? message : "(none)", sizeof heard->words[item] - 1);
    plait__release(message);
}

/* Items 1, 4 ... have failed, of the others each third has no result. */
static struct plait__items_log log_of_names(char *room, size_t size) {
    struct plait__items_log log = {room, size, 0};
    for (size_t i = 0; i < 10; i++) {
        const char *name = i % 3 == 2 ? NULL : "a name";
        struct plait__items_entry entry;
        if (i % 3 == 1) {
            entry = plait__items_failure(i, PLAIT_USER + (int)i, i == 4 ? NULL : "no luck");
            ck_assert(plait__items_log(&log, &entry));
        } else if (plait__items_result(plait_task_of(name_of), i, &name, &entry)) {
            ck_assert(plait__items_log(&log, &entry));
        }
    }
    return log;
}

TEST(strings_and_failures_come_back_in_the_log) {
    _Alignas(16) char room[1024];
    const char *out[COUNT];
    struct heard heard = {.range = {plait_task_of(name_of), NULL, (char *)out, hear}};
    struct plait__items_log log = log_of_names(room, sizeof room);
    size_t good = 0;
    for (int i = 0; i < COUNT; i++) out[i] = "untouched";
    ck_assert_ok(plait__items_take(&heard.range, 5, 8, NULL, &log, &good)); /* the last two are not done */
    ck_assert_uint_eq(good, 8);
    for (size_t i = 0; i < COUNT; i++) {
        size_t item = i - 5;
        if (i < 5 || item >= 8) {
            ck_assert_str_eq(out[i], "untouched");
        } else if (item % 3 == 0) {
            ck_assert_str_eq(out[i], "a name");
            free((char *)(uintptr_t)out[i]);
        } else {
            ck_assert_ptr_null(out[i]);
        }
        bool failed = i >= 5 && item < 8 && item % 3 == 1;
        ck_assert_int_eq(heard.statuses[i], failed ? PLAIT_USER + (int)item : 0);
        if (failed) ck_assert_str_eq(heard.words[i], item == 4 ? "(none)" : "no luck");
    }
}

TEST(a_full_log_takes_nothing_more) {
    _Alignas(16) char room[128];
    struct plait__items_log log = {room, sizeof room, 0};
    struct plait__items_entry entry = plait__items_failure(0, PLAIT_FAILED, "words");
    size_t taken = 0;
    while (plait__items_log(&log, &entry)) taken++;
    ck_assert_uint_eq(taken, sizeof room / plait__items_log_size(&entry));
    ck_assert_uint_le(log.size, sizeof room);
    entry.size = SIZE_MAX;
    ck_assert(!plait__items_log(&log, &entry));
}

TEST(a_damaged_log_is_refused_and_never_read_beyond) {
    _Alignas(16) char room[1024];
    size_t whole = log_of_names(room, sizeof room).size, refused = 0;
    for (size_t i = 0; i < whole * 2; i++) {
        const char *out[COUNT] = {NULL};
        struct heard heard = {.range = {plait_task_of(name_of), NULL, (char *)out, hear}};
        (void)log_of_names(room, sizeof room);
        char *copy = malloc(whole);
        memcpy(copy, room, whole);
        copy[i / 2] = (char)(copy[i / 2] ^ (i % 2 ? 0x80 : 0x01));
        struct plait__items_log log = {copy, whole, whole};
        size_t good = COUNT;
        if (plait__items_take(&heard.range, 0, 10, NULL, &log, &good) != PLAIT_OK) refused++;
        ck_assert_uint_le(good, 10);
        for (int k = 0; k < COUNT; k++) free((char *)(uintptr_t)out[k]);
        free(copy);
    }
    ck_assert_uint_gt(refused, 50);
}

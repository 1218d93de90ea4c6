/* The options of the checker as text. */
#include "support/test.h"

#include <check/settings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TEST(settings_are_read) {
    plait_check_options options = {.steps = 5};
    ck_assert(plait__settings_read("schedules=1000;seconds=2.5;strategy=dfs;depth=4;bound=3;"
                                   "inject=timeouts,memory;seed=18446744073709551615;inside=yes;"
                                   "replay=a/file;with=a mark",
                                   &options));
    ck_assert_uint_eq(options.schedules, 1000);
    ck_assert_double_eq(options.seconds, 2.5);
    ck_assert_int_eq(options.strategy, PLAIT_CHECK_DFS);
    ck_assert_uint_eq(options.depth, 4);
    ck_assert_uint_eq(options.bound, 3);
    ck_assert_uint_eq(options.inject, PLAIT_CHECK_TIMEOUTS | PLAIT_CHECK_MEMORY);
    ck_assert_uint_eq(options.steps, 5);
    ck_assert(options.seed == UINT64_MAX);
    ck_assert(options.inside);
    ck_assert_str_eq(options.replay, "a/file;with=a mark");
}

TEST(nothing_is_a_setting_too) {
    plait_check_options options = {.bound = 7};
    ck_assert(plait__settings_read("", &options));
    ck_assert_uint_eq(options.bound, 7);
    ck_assert(plait__settings_read("inject=nothing;inside=no", &options));
    ck_assert_uint_eq(options.inject, PLAIT_CHECK_NOTHING);
    ck_assert(!options.inside);
}

TEST(nonsense_is_refused) {
    static const char *const nonsense[] = {
        "x",
        "=",
        ";",
        "schedules",
        "schedules=",
        "schedules=0",
        "schedules=-1",
        "schedules=+1",
        "schedules= 1",
        "schedules=1 ",
        "schedules=1x",
        "schedules=18446744073709551616",
        "schedules=99999999999999999999999",
        "depth=1000001",
        "bound=0",
        "seconds=.",
        "seconds=",
        "seconds=0",
        "seconds=0.0",
        "seconds=1.2.3",
        "seconds=1e9",
        "seconds=nan",
        "seconds=-1",
        "seconds=1111111111111111111",
        "strategy=DFS",
        "strategy=df",
        "strategy=dfs ",
        "inject=",
        "inject=timeouts,",
        "inject=,timeouts",
        "inject=nothing,timeouts",
        "inject=all",
        "inside=",
        "inside=1",
        "replay=",
        "seed=0",
        "Seed=1",
        "seeds=1",
        "seed=1;;bound=2",
        "bound=2 ;seed=1",
    };
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        plait_check_options options = {0};
        ck_assert_msg(!plait__settings_read(nonsense[i], &options), "'%s' was read", nonsense[i]);
    }
}

/* Settings with bytes changed, lost and doubled: the sanitizers and the end of a page look on. What is accepted means
 * something. */
TEST(damaged_settings_do_no_harm) {
    static const char whole[] =
        "schedules=10;seconds=1.5;strategy=pct;inject=spurious,memory;inside=yes;replay=p1";
    unsigned random = 1;
    for (int round = 0; round < 100000; round++) {
        char *text = malloc(sizeof whole);
        memcpy(text, whole, sizeof whole);
        for (int damage = 0; damage < 3; damage++) {
            random = random * 1103515245u + 12345u;
            size_t at = (random >> 8) % (sizeof whole - 1);
            text[at] = (random >> 4 & 3) ? whole[(random >> 16) % (sizeof whole - 1)] : (char)(random >> 24);
        }
        plait_check_options options = {0};
        if (plait__settings_read(text, &options)) {
            ck_assert(options.strategy <= PLAIT_CHECK_DFS);
            ck_assert(options.seconds >= 0 && options.seconds < 1e16);
            ck_assert(options.inject <= PLAIT_CHECK_NOTHING);
            ck_assert(!options.replay || (options.replay > text && *options.replay));
        }
        free(text);
    }
}

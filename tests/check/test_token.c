/* Tokens: they say all of a schedule, and notice what people do to them. */
#include "support/test.h"

#include <base/memory.h>
#include <check/explore.h>
#include <check/strategy.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct plait__schedule schedule, other;
static uint64_t state = 42;

static uint32_t below(uint32_t n) {
    return plait__random_below(&state, n);
}

static void draw_schedule(uint32_t count, uint32_t gap, uint32_t choices) {
    uint32_t index = 0;
    schedule.count = count;
    for (uint32_t i = 0; i < count; i++) {
        index += below(gap);
        schedule.of[i] = (struct plait__deviation){.index = index, .choice = 1 + below(choices)};
        index++;
    }
}

static void expect_the_same(void) {
    ck_assert_uint_eq(other.count, schedule.count);
    for (uint32_t i = 0; i < schedule.count; i++) {
        ck_assert_uint_eq(other.of[i].index, schedule.of[i].index);
        ck_assert_uint_eq(other.of[i].choice, schedule.of[i].choice);
    }
}

static const plait_check_options usual = {.inject = 3, .steps = 100000};

static enum plait__token_read read_back(const char *token, uint64_t build) {
    plait_check_options options;
    return plait__token_read(token, &other, &options, build);
}

TEST(every_schedule_comes_back) {
    for (int round = 0; round < 20000; round++) {
        static const uint32_t gaps[] = {1, 5, 100, 3000, 1000000, 400000000};
        draw_schedule(below(6), gaps[below(6)], below(4) ? 3 : 1 + below(1000000));
        plait_check_options options = {.inject = below(8),
                                       .inside = below(2),
                                       .steps = below(2) ? 100000 : 1 + below(1000000000)},
                            got = {0};
        uint64_t build = plait__random_next(&state);
        char *token = plait__token_of(&schedule, &options, build);
        ck_assert_ptr_nonnull(token);
        if (strchr(token, '.')) {
            ck_assert_int_eq(unlink(token), 0);
        } else {
            ck_assert_int_eq(plait__token_read(token, &other, &got, build), PLAIT__TOKEN_GOOD);
            expect_the_same();
            ck_assert_uint_eq(got.inject, options.inject ? options.inject : PLAIT_CHECK_NOTHING);
            ck_assert(got.inside == options.inside);
            ck_assert_uint_eq(got.steps, options.steps);
            ck_assert_int_eq(read_back(token, build ^ 1), PLAIT__TOKEN_OF_ANOTHER_BUILD);
        }
        plait__release(token);
    }
}

TEST(most_tokens_fit_in_24_characters) {
    for (int round = 0; round < 1000; round++) {
        draw_schedule(4, 1000, 3);
        char *token = plait__token_of(&schedule, &usual, 123);
        ck_assert_msg(strlen(token) <= 24, "%s", token);
        plait__release(token);
    }
}

TEST(a_mistyped_token_is_told) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int round = 0; round < 50; round++) {
        draw_schedule(1 + below(4), 300, 3);
        char *token = plait__token_of(&schedule, &usual, 123), wrong[64];
        for (size_t at = 3; token[at]; at++) {
            if (token[at] == '-') continue;
            strcpy(wrong, token);
            for (const char *letter = letters; *letter; letter++) {
                if (*letter == token[at]) continue;
                wrong[at] = *letter;
                ck_assert_int_eq(read_back(wrong, 123), PLAIT__TOKEN_MISTYPED);
            }
            size_t next = at + 1 + (token[at + 1] == '-');
            if (!token[next] || token[next] == token[at]) continue;
            wrong[at] = token[next];
            wrong[next] = token[at];
            ck_assert_int_eq(read_back(wrong, 123), PLAIT__TOKEN_MISTYPED);
        }
        plait__release(token);
    }
}

TEST(a_token_may_be_written_as_people_write) {
    draw_schedule(4, 1000, 3);
    char *token = plait__token_of(&schedule, &usual, 123), written[128];
    size_t length = 0;
    for (const char *at = token; *at; at++) {
        if (*at == '-')
            written[length++] = ' ';
        else if (*at == '0')
            written[length++] = 'o';
        else if (*at == '1' && at > token + 1)
            written[length++] = below(2) ? 'l' : 'I';
        else
            written[length++] = (char)tolower(*at);
    }
    written[length] = 0;
    ck_assert_int_eq(read_back(written, 123), PLAIT__TOKEN_GOOD);
    expect_the_same();
    plait__release(token);
}

TEST(nonsense_is_told) {
    static const char *const nonsense[] = {"",           "p", "p1", "p1-", "p1-0", "hello world",
                                           "p1-AAAAA-U", "-", "42"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        ck_assert_int_eq(read_back(nonsense[i], 123), PLAIT__TOKEN_NONSENSE);
        ck_assert_uint_eq(other.count, 0);
    }
    ck_assert_int_eq(read_back("p2-7F2K9-QX", 123), PLAIT__TOKEN_OF_ANOTHER_VERSION);
    ck_assert_int_eq(read_back("/nowhere/plait.schedule", 123), PLAIT__TOKEN_NO_FILE);
    ck_assert_int_eq(read_back(".", 123), PLAIT__TOKEN_NO_FILE);
}

TEST(any_letters_are_read_without_harm) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ-o \n!";
    for (int round = 0; round < 200000; round++) {
        char text[40] = "p1";
        uint32_t length = 2 + below(37);
        for (uint32_t i = 2; i < length; i++) text[i] = letters[below(round % 2 ? 32 : 37)];
        text[length] = 0;
        if (read_back(text, 123) != PLAIT__TOKEN_GOOD) continue;
        for (uint32_t i = 0; i < other.count; i++) {
            ck_assert_uint_ge(other.of[i].choice, 1);
            ck_assert(i == 0 || other.of[i].index > other.of[i - 1].index);
        }
    }
}

/* A directory of its own. */
static void go_elsewhere(char *directory) {
    strcpy(directory, "/tmp/plait-token-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
}

TEST(a_long_schedule_becomes_a_file) {
    char directory[64];
    go_elsewhere(directory);
    draw_schedule(20000, 100, 5);
    char *token = plait__token_of(&schedule, &usual, 123);
    ck_assert_int_eq(strncmp(token, "plait-", 6), 0);
    ck_assert_ptr_nonnull(strstr(token, ".schedule"));
    ck_assert_ptr_null(strchr(token, '/'));
    ck_assert_int_eq(read_back(token, 123), PLAIT__TOKEN_GOOD);
    expect_the_same();
    ck_assert_int_eq(read_back(token, 124), PLAIT__TOKEN_OF_ANOTHER_BUILD);
    FILE *file = fopen(token, "r+");
    ck_assert_ptr_nonnull(file);
    fseek(file, 1000, SEEK_SET);
    fputc('!', file);
    fclose(file);
    ck_assert_int_eq(read_back(token, 123), PLAIT__TOKEN_NONSENSE);
    unlink(token);
    rmdir(directory);
    plait__release(token);
}

TEST(the_largest_schedule_becomes_a_file_too) {
    char directory[64];
    go_elsewhere(directory);
    draw_schedule(PLAIT__DEVIATIONS, 60000, 1000000);
    char *token = plait__token_of(&schedule, &usual, 123);
    ck_assert_int_eq(read_back(token, 123), PLAIT__TOKEN_GOOD);
    expect_the_same();
    unlink(token);
    rmdir(directory);
    plait__release(token);
}

TEST(where_nothing_can_be_written_the_file_is_a_temporary_one) {
    char directory[64];
    go_elsewhere(directory);
    ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
    ck_assert_int_eq(chdir("/proc"), 0);
    draw_schedule(1000, 100, 5);
    char *token = plait__token_of(&schedule, &usual, 123);
    ck_assert_int_eq(strncmp(token, directory, strlen(directory)), 0);
    ck_assert_int_eq(read_back(token, 123), PLAIT__TOKEN_GOOD);
    expect_the_same();
    unlink(token);
    rmdir(directory);
    plait__release(token);
    ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    token = plait__token_of(&schedule, &usual, 123);
    ck_assert_int_eq(strncmp(token, "p1-", 3), 0);
    ck_assert_int_eq(read_back(token, 123), PLAIT__TOKEN_GOOD);
    plait__release(token);
}

TEST(all_troubles_have_words) {
    for (int read = PLAIT__TOKEN_GOOD; read <= PLAIT__TOKEN_NO_MEMORY; read++) {
        ck_assert_uint_gt(strlen(plait__token_trouble((enum plait__token_read)read)), 10);
    }
}

TEST(a_build_is_the_same_each_time) {
    ck_assert_uint_ne(plait__build_of_program(), 0);
    ck_assert_uint_eq(plait__build_of_program(), plait__build_of_program());
}

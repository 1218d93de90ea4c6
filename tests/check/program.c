/* program.h: runs a program under the checker and says what came of it. */
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REPLAYS = 100, MOST = 200000 };

static plait_check_result *run(void (*program)(void *), struct variant *variant,
                               plait_check_options options) {
    plait_check_result *result = plait_check_run(program, variant, &options);
    ck_assert_msg(result, "plait_check_run: %s", plait_status_name(plait_last_error()));
    return result;
}

static void expect(const plait_check_result *result, const struct expectation *expected) {
    ck_assert_msg(result->outcome == expected->outcome, "%s, expected %s, after %ju schedules\n%s",
                  plait_check_outcome_text(result->outcome), plait_check_outcome_text(expected->outcome),
                  (uintmax_t)result->schedules, result->report);
    for (const char *const *words = expected->words; words < expected->words + 4 && *words; words++)
        ck_assert_msg(strstr(result->report, *words), "the report does not say '%s'\n%s", *words,
                      result->report);
}

/* The token alone, without what led to it. */
static void replay(void (*program)(void *), struct variant *variant, const plait_check_result *found,
                   const struct expectation *expected) {
    plait_check_options options = {.replay = found->token};
    for (int i = 0; i < REPLAYS; i++) {
        plait_check_result *again = run(program, variant, options);
        ck_assert_msg(again->outcome == found->outcome, "replay %d of %s: %s\n%s", i, found->token,
                      plait_check_outcome_text(again->outcome), again->report);
        expect(again, expected);
        plait_check_free(again);
    }
}

void check_finds(void (*program)(void *), const struct expectation *expected) {
    struct variant wrong = {.right = false, .n = expected->n};
    plait_check_result *found = run(program, &wrong, expected->options);
    printf("%s after %ju schedules (%.3f s), token %s\n%s\n", plait_check_outcome_text(found->outcome),
           (uintmax_t)found->schedules, found->seconds, found->token ? found->token : "none", found->report);
    expect(found, expected);
    if (!expected->not_replayed) {
        ck_assert_ptr_nonnull(found->token);
        replay(program, &wrong, found, expected);
        if (strstr(found->token, ".schedule"))
            unlink(found->token); /* too long for a line, so it is a file */
    }
    plait_check_free(found);
}

void check_passes(void (*program)(void *), const struct expectation *expected) {
    struct variant right = {.right = true, .n = expected->n};
    plait_check_options options = expected->options;
    if (options.strategy == PLAIT_CHECK_DFS) options.schedules = MOST;
    plait_check_result *result = run(program, &right, options);
    printf("%s", result->report);
    expect(result, expected);
    ck_assert_ptr_null(result->token);
    if (expected->options.strategy == PLAIT_CHECK_DFS)
        ck_assert_msg(result->complete, "not all orders within the bound were run\n%s", result->report);
    plait_check_free(result);
}

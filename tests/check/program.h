/* Small programs with a known bug, and their corrected twins, given to the checker.
 *
 * A program is one function that is told which of the two to be:
 *
 *     static void two_deposits(void *arg) {
 *         const struct variant *is = arg;
 *         ...
 *         if (is->right) plait_lock_acquire(&lock);
 *     }
 *
 *     FINDS(a_lost_update, two_deposits, PLAIT_CHECK_ASSERTION, .words = {"balance == 30"})
 *     PASSES(deposits_under_a_lock, two_deposits, .options = {.strategy = PLAIT_CHECK_DFS})
 *
 * FINDS is a test that the checker finds just that, that its report says the words, and that the token shows the same
 * failure 100 times of 100. PASSES is a test that
 * all schedules pass; a DFS must also have tried all of them. Both print what it took. */
#ifndef PLAIT_TEST_CHECK_PROGRAM_H
#define PLAIT_TEST_CHECK_PROGRAM_H

#include "support/test.h"

#include <plait.h>
#include <plait/check.h>
#include <stdatomic.h>

struct variant {
    bool right; /* the corrected twin */
    int n;      /* of threads, or what else the program comes in several sizes of */
};

struct expectation {
    plait_check_outcome outcome;
    const char *words[4]; /* all of them are in the report */
    int n;
    plait_check_options options;
    bool not_replayed; /* what went wrong lies outside plait: a token could not bring it back */
};

void check_finds(void (*program)(void *), const struct expectation *expected);
void check_passes(void (*program)(void *), const struct expectation *expected);

#define FINDS(name, ...) FINDS_(name, __VA_ARGS__, )
#define FINDS_(name, program, result, ...) \
    TEST_WITHIN(name, 180) { \
        check_finds((program), &(struct expectation){.outcome = (result), __VA_ARGS__}); \
    }
#define PASSES(name, ...) PASSES_(name, __VA_ARGS__, )
#define PASSES_(name, program, ...) \
    TEST_WITHIN(name, 180) { \
        check_passes((program), &(struct expectation){.outcome = PLAIT_CHECK_PASSED, __VA_ARGS__}); \
    }

/* Waits for a thread and lets go of it. */
static inline void finish(plait_thread *thread) {
    plait_thread_join(thread);
    plait_thread_free(thread);
}

#endif

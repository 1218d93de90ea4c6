/* What the checker chooses besides the order: the test's own choices, timeouts, wake-ups for no reason, memory that
 * fails; and its clock. */
#include "program.h"

#include <sys/mman.h>

/* ---- plait_choose ---- */

static void choose_badly(void *arg) {
    const struct variant *is = arg;
    unsigned day = plait_choose(7), hour = plait_choose(24);
    plait_check_that(is->right || !(day == 5 && hour == 13));
}

FINDS(one_choice_of_many, choose_badly, PLAIT_CHECK_ASSERTION, .words = {"hour"})

static void note_choices(void *arg) {
    unsigned char *chosen = arg;
    unsigned day = plait_choose(7), hour = plait_choose(24);
    chosen[day * 24 + hour] = 1;
}

TEST(all_choices_are_tried) {
    unsigned char *chosen = mmap(NULL, 7 * 24, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(chosen, MAP_FAILED);
    plait_check_options options = {.strategy = PLAIT_CHECK_DFS};
    plait_check_result *result = plait_check_run(note_choices, chosen, &options);
    ck_assert_ptr_nonnull(result);
    ck_assert_msg(result->outcome == PLAIT_CHECK_PASSED && result->complete, "%s", result->report);
    for (int i = 0; i < 7 * 24; i++) ck_assert_msg(chosen[i], "day %d, hour %d", i / 24, i % 24);
    plait_check_free(result);
}

/* ---- timeouts ---- */

static plait_queue *letters;

PLAIT_TASK(void, send_letter) {
    int letter = 1;
    plait_queue_put(letters, &letter);
}

/* Gives up at the first timeout, and then frees the queue as if the letter had come. */
static void expect_letter(void *arg) {
    const struct variant *is = arg;
    int letter = 0;
    letters = plait_queue_of(int, 0);
    plait_thread *sender = plait_start(send_letter);
    plait_status status;
    do status = plait_queue_get_until(letters, &letter, plait_after(60));
    while (is->right && status == PLAIT_TIMEOUT);
    plait_check_that(letter == 1);
    finish(sender);
    plait_queue_free(letters);
}

FINDS(a_timeout_taken_for_a_letter, expect_letter, PLAIT_CHECK_ASSERTION,
      .words = {"letter == 1", "its time is up"})
PASSES(a_timeout_that_is_handled, expect_letter, .options = {.schedules = 2000})

static void expect_letter_calmly(void *arg) {
    (void)arg;
    expect_letter(&(struct variant){.right = false});
}

PASSES(no_timeout_when_none_is_injected, expect_letter_calmly,
       .options = {.strategy = PLAIT_CHECK_DFS, .inject = PLAIT_CHECK_NOTHING})

/* ---- memory that fails ---- */

static void make_letters(void *arg) {
    const struct variant *is = arg;
    int letter = 0;
    letters = plait_queue_of(int, 4);
    if (is->right && !letters) return;
    plait_check_that(plait_queue_put(letters, &letter) == PLAIT_OK || is->right);
    plait_queue_free(letters);
}

FINDS(a_queue_taken_for_granted, make_letters, PLAIT_CHECK_ASSERTION, .words = {"plait_queue_put"},
      .options = {.inject = PLAIT_CHECK_MEMORY})
PASSES(a_queue_not_taken_for_granted, make_letters,
       .options = {.strategy = PLAIT_CHECK_DFS, .inject = PLAIT_CHECK_MEMORY})

/* ---- the clock ---- */

static plait_lock lock;
static int ended[2], ends;

PLAIT_TASK(void, sleep_for, (int, who), (double, seconds)) {
    plait_sleep(seconds);
    plait_hold(&lock);
    ended[ends++] = who;
}

static void two_sleepers(void *arg) {
    (void)arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    ends = 0;
    double begin = plait_monotonic();
    plait_thread *late = plait_start(sleep_for, 1, 7200), *soon = plait_start(sleep_for, 0, 3600);
    finish(late);
    finish(soon);
    plait_check_that(ended[0] == 0 && ended[1] == 1);
    double slept = plait_monotonic() - begin;
    plait_check_that(slept >= 7200 && slept < 7201);
}

PASSES(two_hours_of_sleep_in_order, two_sleepers,
       .options = {.strategy = PLAIT_CHECK_DFS, .inject = PLAIT_CHECK_NOTHING})

/* With timeouts injected the clock may pass one sleeper's end before he looks. */
static void two_sleepers_disturbed(void *arg) {
    (void)arg;
    two_sleepers(NULL);
}

FINDS(two_sleepers_whose_time_jumps, two_sleepers_disturbed, PLAIT_CHECK_ASSERTION,
      .words = {"ended[0] == 0"}, .options = {.inject = PLAIT_CHECK_TIMEOUTS})

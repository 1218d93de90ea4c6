/* Done once: by one thread, and the others see it done. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <sys/wait.h>
#include <unistd.h>

static plait_once once;
static int runs, made;

static void make(void *arg) {
    runs++;
    made = *(int *)arg;
}

TEST(it_is_done_once) {
    int value = 5, other = 6;
    ck_assert(!plait_once_done(&once));
    ck_assert_ok(plait_once_run(&once, make, &value));
    ck_assert_ok(plait_once_run(&once, make, &other));
    ck_assert(plait_once_done(&once));
    ck_assert_int_eq(made, 5);
    ck_assert_int_eq(runs, 1);
    ck_assert_uint_le(sizeof once, 16);
}

TEST(null_is_refused) {
    ck_assert_status(plait_once_run(NULL, make, NULL), PLAIT_INVALID);
    ck_assert_status(plait_once_run(&once, NULL, NULL), PLAIT_INVALID);
    ck_assert(!plait_once_done(NULL));
    ck_assert(!plait_once_done(&once));
}

static void run_again(void *status) {
    *(plait_status *)status = plait_once_run(&once, make, NULL);
}

TEST(waiting_for_oneself_is_refused) {
    plait_status status = PLAIT_OK;
    ck_assert_ok(plait_once_run(&once, run_again, &status));
    ck_assert_status(status, PLAIT_DEADLOCK);
    ck_assert(plait_once_done(&once));
}

static plait_event begun, go_on;

static void make_slowly(void *arg) {
    plait_event_set(&begun);
    plait_event_wait(&go_on);
    make(arg);
}

static void *run(void *value) {
    must(plait_once_run(&once, make_slowly, value) == PLAIT_OK);
    must(made == 7);
    return NULL;
}

TEST(those_who_come_meanwhile_wait_and_cannot_be_cancelled) {
    struct crew crew = {.count = 0};
    int value = 7;
    for (int i = 0; i < 10; i++) crew_add(&crew, run, &value);
    wait_until_asleep(10);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_cancel(token);
    ck_assert(!plait_once_done(&once));
    plait_event_set(&go_on);
    plait_token *before = plait_token_enter(token);
    ck_assert_ok(plait_once_run(&once, make_slowly, &value));
    plait_token_leave(before);
    crew_join(&crew);
    ck_assert_int_eq(runs, 1);
    plait_token_free(token);
}

TEST(a_child_of_a_fork_is_told_that_the_runner_has_vanished) {
    struct crew crew = {.count = 0};
    int value = 7;
    crew_add(&crew, run, &value);
    plait_event_wait(&begun);
    pid_t child = fork();
    if (child == 0) _exit(plait_once_run(&once, make, &value) == PLAIT_BROKEN ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&go_on);
    crew_join(&crew);
}

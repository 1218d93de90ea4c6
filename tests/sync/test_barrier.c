/* The barrier, as CPython's BarrierTests have it, and what C adds. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>

#include <sys/wait.h>
#include <unistd.h>

enum { PARTIES = 5 };

static plait_barrier barrier;
static int passed, broken, timed_out, actions, index_sum;

static void count(int *counter, int more) {
    __atomic_add_fetch(counter, more, __ATOMIC_RELAXED);
}

static void note(plait_status status, int index) {
    if (status == PLAIT_OK) {
        count(&passed, 1);
        count(&index_sum, index);
    } else {
        must(status == PLAIT_BROKEN || status == PLAIT_TIMEOUT);
        count(status == PLAIT_BROKEN ? &broken : &timed_out, 1);
    }
}

static void *pass(void *unused) {
    (void)unused;
    int index = -1;
    plait_status status = plait_barrier_wait(&barrier, &index);
    note(status, index);
    return NULL;
}

static void start(struct crew *crew, int threads) {
    for (int i = 0; i < threads; i++) crew_add(crew, pass, NULL);
    wait_until_asleep(threads);
}

static plait_status act(void *arg) {
    count(&actions, 1);
    return *(plait_status *)arg;
}

TEST(all_go_on_when_the_last_arrives_each_with_its_own_index) {
    struct crew crew = {.count = 0};
    int index;
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, NULL, NULL));
    ck_assert_int_eq(plait_barrier_parties(&barrier), PARTIES);
    for (long round = 1; round <= 3; round++) {
        start(&crew, PARTIES - 1);
        ck_assert_int_eq(plait_barrier_n_waiting(&barrier), PARTIES - 1);
        ck_assert_ok(plait_barrier_wait(&barrier, &index));
        ck_assert_int_eq(index, PARTIES - 1);
        crew_join(&crew);
        ck_assert_int_eq(plait_barrier_n_waiting(&barrier), 0);
        ck_assert_int_eq(passed, round * (PARTIES - 1));
        ck_assert_int_eq(index_sum, round * 6); /* 0 + 1 + 2 + 3 */
        ck_assert(!plait_barrier_broken(&barrier));
    }
}

TEST(a_barrier_for_one_does_not_wait) {
    int index = -1;
    ck_assert_ok(plait_barrier_init(&barrier, 1, NULL, NULL));
    ck_assert_ok(plait_barrier_wait(&barrier, &index));
    ck_assert_int_eq(index, 0);
    ck_assert_ok(plait_barrier_wait_until(&barrier, NULL, PLAIT_NOW));
}

TEST(what_makes_no_sense_is_refused) {
    plait_barrier zero = {0};
    ck_assert_status(plait_barrier_init(NULL, 1, NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_init(&barrier, 0, NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_init(&barrier, -1, NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_wait(NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_wait(&zero, NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_reset(NULL), PLAIT_INVALID);
    ck_assert_status(plait_barrier_abort(NULL), PLAIT_INVALID);
    ck_assert(!plait_barrier_broken(NULL));
    ck_assert_int_eq(plait_barrier_n_waiting(NULL), 0);
    ck_assert_int_eq(plait_barrier_parties(NULL), 0);
}

TEST(the_action_is_run_once_a_round) {
    struct crew crew = {.count = 0};
    plait_status good = PLAIT_OK;
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, act, &good));
    for (int round = 1; round <= 2; round++) {
        start(&crew, PARTIES - 1);
        ck_assert_int_eq(actions, round - 1);
        ck_assert_ok(plait_barrier_wait(&barrier, NULL));
        ck_assert_int_eq(actions, round);
        crew_join(&crew);
    }
}

TEST(an_action_that_fails_breaks_the_barrier) {
    struct crew crew = {.count = 0};
    plait_status bad = PLAIT_USER + 3;
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, act, &bad));
    start(&crew, PARTIES - 1);
    ck_assert_status(plait_barrier_wait(&barrier, NULL), PLAIT_USER + 3);
    crew_join(&crew);
    ck_assert_int_eq(broken, PARTIES - 1);
    ck_assert(plait_barrier_broken(&barrier));
    ck_assert_status(plait_barrier_wait(&barrier, NULL), PLAIT_BROKEN);
}

TEST(abort_breaks_it_until_it_is_reset) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, NULL, NULL));
    start(&crew, PARTIES - 1);
    ck_assert_ok(plait_barrier_abort(&barrier));
    crew_join(&crew);
    ck_assert_int_eq(broken, PARTIES - 1);
    ck_assert(plait_barrier_broken(&barrier));
    ck_assert_status(plait_barrier_wait(&barrier, NULL), PLAIT_BROKEN);
    ck_assert_ok(plait_barrier_reset(&barrier));
    ck_assert(!plait_barrier_broken(&barrier));
    start(&crew, PARTIES - 1);
    ck_assert_ok(plait_barrier_wait(&barrier, NULL));
    crew_join(&crew);
    ck_assert_int_eq(passed, PARTIES - 1);
}

TEST(reset_sends_those_away_who_wait_and_leaves_it_usable) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, NULL, NULL));
    start(&crew, PARTIES - 1);
    ck_assert_ok(plait_barrier_reset(&barrier));
    crew_join(&crew);
    ck_assert_int_eq(broken, PARTIES - 1);
    ck_assert(!plait_barrier_broken(&barrier));
    start(&crew, PARTIES - 1);
    ck_assert_ok(plait_barrier_wait(&barrier, NULL));
    crew_join(&crew);
    ck_assert_int_eq(passed, PARTIES - 1);
}

TEST(who_gives_up_breaks_it) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, NULL, NULL));
    start(&crew, 3);
    ck_assert_status(plait_barrier_wait_until(&barrier, NULL, plait_after(0.01)), PLAIT_TIMEOUT);
    crew_join(&crew);
    ck_assert_int_eq(broken, 3);
    ck_assert(plait_barrier_broken(&barrier));
    ck_assert_int_eq(plait_barrier_n_waiting(&barrier), 0);
}

TEST(who_is_cancelled_breaks_it) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_barrier_init(&barrier, PARTIES, NULL, NULL));
    start(&crew, 2);
    plait_token *token = plait_token_new(NULL, plait_after(0.01));
    plait_token *before = plait_token_enter(token);
    ck_assert_status(plait_barrier_wait(&barrier, NULL), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
    crew_join(&crew);
    ck_assert_int_eq(broken, 2);
}

/* An action that takes its time. */
static plait_event acting, go_on;

static plait_status act_slowly(void *status) {
    plait_event_set(&acting);
    must(plait_event_wait(&go_on) == PLAIT_OK);
    return *(plait_status *)status;
}

static double patience; /* seconds */

static void *pass_soon(void *unused) {
    (void)unused;
    note(plait_barrier_wait_until(&barrier, NULL, plait_after(patience)), 0);
    return NULL;
}

/* Two with little patience and, behind them, one with all. False if somebody had none left before the last came. */
static bool complete_a_round(struct crew *crew) {
    passed = broken = timed_out = 0;
    for (int i = 0; i < 2; i++) crew_add(crew, pass_soon, NULL);
    while (plait_barrier_n_waiting(&barrier) < 2 && !plait_barrier_broken(&barrier)) sched_yield();
    crew_add(crew, pass, NULL);
    while (!plait_event_is_set(&acting) && !plait_barrier_broken(&barrier)) sched_yield();
    if (plait_event_is_set(&acting)) return true;
    crew_join(crew);
    ck_assert_ok(plait_barrier_reset(&barrier));
    return false;
}

TEST(a_complete_round_passes_though_deadlines_go_by_and_it_is_aborted) {
    struct crew crew = {.count = 0};
    plait_status good = PLAIT_OK;
    ck_assert_ok(plait_barrier_init(&barrier, 3, act_slowly, &good));
    for (patience = 0.03; !complete_a_round(&crew);) patience *= 2;
    ck_assert_int_eq(plait_barrier_n_waiting(&barrier), 0);
    plait_sleep(1.5 * patience); /* the deadlines go by: time itself is what is tested */
    wait_until_asleep(3);
    ck_assert_int_eq(passed + broken + timed_out, 0);
    ck_assert_ok(plait_barrier_abort(&barrier));
    ck_assert(plait_barrier_broken(&barrier));
    plait_event_set(&go_on);
    crew_join(&crew);
    ck_assert_int_eq(passed, 3);
    ck_assert(plait_barrier_broken(&barrier));
}

TEST(who_comes_while_the_action_runs_belongs_to_the_next_round) {
    struct crew crew = {.count = 0};
    plait_status good = PLAIT_OK;
    ck_assert_ok(plait_barrier_init(&barrier, 2, act_slowly, &good));
    crew_add(&crew, pass, NULL);
    crew_add(&crew, pass, NULL);
    plait_event_wait(&acting);
    wait_until_asleep(2);
    crew_add(&crew, pass, NULL);
    wait_until_asleep(3);
    plait_event_set(&go_on);
    while (plait_barrier_n_waiting(&barrier) != 1) plait_sleep(0.0001);
    ck_assert_ok(plait_barrier_wait(&barrier, NULL));
    crew_join(&crew);
    ck_assert_int_eq(passed, 3);
}

TEST(in_the_child_of_a_fork_it_is_broken_if_somebody_waited_there) {
    struct crew crew = {.count = 0};
    ck_assert_ok(plait_barrier_init(&barrier, 2, NULL, NULL));
    start(&crew, 1);
    pid_t child = fork();
    if (child == 0) {
        if (!plait_barrier_broken(&barrier) || plait_barrier_n_waiting(&barrier) != 0) _exit(1);
        if (plait_barrier_wait(&barrier, NULL) != PLAIT_BROKEN) _exit(2);
        struct crew own = {.count = 0};
        plait_barrier_reset(&barrier);
        start(&own, 1);
        _exit(plait_barrier_wait(&barrier, NULL) == PLAIT_OK ? 0 : 3);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ok(plait_barrier_wait(&barrier, NULL));
    crew_join(&crew);
}

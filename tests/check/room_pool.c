/* room_pool.c - scenarios of the pool of threads: every task is run or cancelled, once; whoever is needed comes;
 * everybody leaves. */
#include "rooms.h"

static plait_pool *pool;
static int runs;
static plait_event never, news;

static void begin_pool(const plait_pool_options *options) {
    runs = 0;
    never = news = (plait_event)PLAIT_EVENT_INIT;
    pool = plait_pool_new_with(options);
    plait_check_that(pool);
}

static void begin_workers(int workers) {
    begin_pool(&(plait_pool_options){.max_workers = workers});
}

static void *count(void *unused) {
    plait_write(runs) = plait_read(runs) + 1;
    return unused;
}

SCENARIO(pool, task_is_run) {
    begin_workers(1);
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK && plait_read(runs) == 1);
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK && plait_read(runs) == 2);
    end_pool(pool);
}

static void submit_one(void *unused) {
    (void)unused;
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK);
}

SCENARIO(pool, two_submit) {
    begin_workers(1);
    together(2, (body *[]){submit_one, submit_one}, NULL);
    plait_check_that(plait_read(runs) == 2);
    end_pool(pool);
}

/* ---- whoever is needed comes ---- */

static plait_barrier meeting;

static void *meet(void *unused) {
    plait_check_that(plait_barrier_wait(&meeting, NULL) == PLAIT_OK);
    return unused;
}

/* Two tasks that wait for each other: both workers must come. */
SCENARIO(pool, two_tasks_meet) {
    begin_workers(2);
    plait_barrier_init(&meeting, 2, NULL, NULL);
    plait_future *one = plait_submit_function(pool, meet, NULL),
                 *other = plait_submit_function(pool, meet, NULL);
    plait_check_that(ask(one) == PLAIT_OK && ask(other) == PLAIT_OK);
    end_pool(pool);
}

static void *tell_news(void *unused) {
    plait_event_set(&news);
    return unused;
}

static void *post_and_wait(void *unused) {
    plait_check_that(plait_post_function(pool, tell_news, NULL) == PLAIT_OK);
    plait_check_that(plait_event_wait(&news) == PLAIT_OK);
    return unused;
}

/* What a task hands over lies in its worker's ring, and that one waits: the other must come and take it. */
SCENARIO(pool, other_worker_takes_from_the_ring) {
    begin_workers(2);
    plait_check_that(ask(plait_submit_function(pool, post_and_wait, NULL)) == PLAIT_OK);
    end_pool(pool);
}

/* The same with a second worker that is there, and just about to rest. */
SCENARIO(pool, resting_worker_takes_from_the_ring) {
    begin_workers(2);
    plait_future *one = plait_submit_function(pool, count, NULL);
    plait_future *other = plait_submit_function(pool, post_and_wait, NULL);
    plait_check_that(ask(one) == PLAIT_OK && ask(other) == PLAIT_OK);
    end_pool(pool);
}

static void *wait_for_news(void *unused) {
    plait_check_that(plait_event_wait(&news) == PLAIT_OK);
    return unused;
}

/* A worker is called for what lies in a ring, finds something else first, and calls the next. */
SCENARIO(pool, worker_that_found_other_work_calls_the_next) {
    begin_workers(3);
    plait_future *one = plait_submit_function(pool, post_and_wait, NULL);
    plait_future *other = plait_submit_function(pool, wait_for_news, NULL);
    plait_check_that(ask(one) == PLAIT_OK && ask(other) == PLAIT_OK);
    end_pool(pool);
}

static plait_event more_news;

static void *tell_more_news(void *unused) {
    plait_event_set(&more_news);
    return unused;
}

static void *post_again_and_wait(void *unused) {
    plait_event_set(&news);
    plait_check_that(plait_post_function(pool, tell_more_news, NULL) == PLAIT_OK);
    plait_check_that(plait_event_wait(&more_news) == PLAIT_OK);
    return unused;
}

static void *post_that_and_wait(void *unused) {
    plait_check_that(plait_post_function(pool, post_again_and_wait, NULL) == PLAIT_OK);
    plait_check_that(plait_event_wait(&news) == PLAIT_OK);
    plait_check_that(plait_event_wait(&more_news) == PLAIT_OK);
    return unused;
}

/* Who took something from a ring has arrived, and what it hands over itself calls the third. */
SCENARIO(pool, thief_sets_the_next_going) {
    more_news = (plait_event)PLAIT_EVENT_INIT;
    begin_workers(3);
    plait_check_that(ask(plait_submit_function(pool, post_that_and_wait, NULL)) == PLAIT_OK);
    end_pool(pool);
}

static void *submit_and_ask(void *unused) {
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK);
    return unused;
}

/* The only worker runs what it waits for itself. */
SCENARIO(pool, worker_helps_itself) {
    begin_workers(1);
    plait_check_that(ask(plait_submit_function(pool, submit_and_ask, NULL)) == PLAIT_OK);
    plait_check_that(plait_read(runs) == 1);
    end_pool(pool);
}

/* The last idle worker leaves just when a task comes. */
SCENARIO(pool, worker_leaves_as_a_task_comes) {
    begin_pool(&(plait_pool_options){.max_workers = 1, .idle_time = 0.01});
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK);
    let_time_pass();
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_OK);
    plait_check_that(plait_read(runs) == 2);
    end_pool(pool);
}

/* ---- room ---- */

PLAIT_TASK(void, count_one) {
    count(NULL);
}

static void submit_in_time(void *unused) {
    (void)unused;
    plait_deadline deadline = soon();
    plait_status status = ask(
        plait_submit_with(pool, (&(plait_submit_options){.deadline = &deadline}), count_one));
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
}

static void *count_late(void *unused) {
    let_time_pass();
    return count(unused);
}

/* Room for one: others wait until a worker has taken it, and who gives up meanwhile swallows no room. */
SCENARIO(pool, late_submit_swallows_no_room) {
    begin_pool(&(plait_pool_options){.max_workers = 1, .max_pending = 1});
    plait_check_that(plait_post_function(pool, count_late, NULL) == PLAIT_OK);
    plait_check_that(plait_post_function(pool, count, NULL) == PLAIT_OK);
    together(2, (body *[]){submit_in_time, submit_one}, NULL);
    plait_check_that(plait_read(runs) >= 3);
    end_pool(pool);
}

static plait_token *token;

static void *cancel_late(void *unused) {
    let_time_pass();
    plait_cancel(token);
    return unused;
}

static void submit_and_be_cancelled(void *unused) {
    (void)unused;
    plait_token *before = plait_token_enter(token);
    plait_future *future = plait_submit_function(pool, count, NULL);
    plait_token_leave(before);
    plait_status status = ask(future);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
}

/* The same, given up for another reason, and just before there is room. */
SCENARIO(pool, cancelled_submit_swallows_no_room) {
    begin_pool(&(plait_pool_options){.max_workers = 1, .max_pending = 1});
    token = plait_token_new(NULL, PLAIT_FOREVER);
    plait_check_that(plait_post_function(pool, cancel_late, NULL) == PLAIT_OK);
    plait_check_that(plait_post_function(pool, count, NULL) == PLAIT_OK);
    together(2, (body *[]){submit_and_be_cancelled, submit_one}, NULL);
    plait_token_free(token);
    plait_check_that(plait_read(runs) >= 2);
    end_pool(pool);
}

/* ---- the end ---- */

static void submit_or_be_refused(void *unused) {
    (void)unused;
    plait_status status = ask(plait_submit_function(pool, count, NULL));
    plait_check_that(status == PLAIT_OK || status == PLAIT_SHUTDOWN);
    plait_check_that(plait_read(runs) == (status == PLAIT_OK));
}

static void close_pool(void *unused) {
    (void)unused;
    plait_check_that(plait_pool_close(pool) == PLAIT_OK);
}

/* Who gives up on a pool's end is not looked for when that comes. */
SCENARIO(pool, late_join_of_a_pool) {
    begin_workers(1);
    plait_check_that(plait_post_function(pool, wait_for_news, NULL) == PLAIT_OK);
    close_pool(NULL);
    plait_status status = plait_pool_join_until(pool, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    plait_event_set(&news);
    end_pool(pool);
}

/* What comes after the close, on the same thread, is refused, though what came before is still on its way. */
SCENARIO(pool, submit_after_a_close) {
    begin_workers(1);
    plait_future *before = plait_submit_function(pool, count, NULL),
                 *more = plait_submit_function(pool, count, NULL);
    close_pool(NULL);
    plait_check_that(ask(plait_submit_function(pool, count, NULL)) == PLAIT_SHUTDOWN);
    plait_check_that(ask(before) == PLAIT_OK && ask(more) == PLAIT_OK && plait_read(runs) == 2);
    end_pool(pool);
}

/* A submit beside a close is refused, or its task is run. */
SCENARIO(pool, close_beside_a_submit) {
    begin_workers(1);
    together(2, (body *[]){submit_or_be_refused, close_pool}, NULL);
    end_pool(pool);
}

/* The same when there is a worker already, about to rest. */
SCENARIO(pool, close_beside_a_second_submit) {
    begin_workers(1);
    plait_check_that(ask(plait_submit_function(pool, tell_news, NULL)) == PLAIT_OK);
    together(2, (body *[]){submit_or_be_refused, close_pool}, NULL);
    end_pool(pool);
}

SCENARIO(pool, what_was_posted_is_run) {
    begin_workers(1);
    plait_check_that(plait_post_function(pool, count, NULL) == PLAIT_OK);
    plait_pool_free(pool);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
    plait_check_that(plait_read(runs) == 1);
}

SCENARIO(pool, shutdown_runs_or_cancels) {
    begin_workers(1);
    plait_future *future = plait_submit_function(pool, count, NULL);
    plait_check_that(plait_pool_shutdown(pool, true, true) == PLAIT_OK);
    plait_status status = ask(future);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    plait_check_that(plait_read(runs) == (status == PLAIT_OK));
    end_pool(pool);
}

static void *wait_for_ever(void *unused) {
    plait_check_that(plait_event_wait(&never) == PLAIT_CANCELLED);
    return unused;
}

/* A terminate reaches the task, wherever it is on its way. */
SCENARIO(pool, terminate_ends_what_runs) {
    begin_workers(1);
    plait_future *future = plait_submit_function(pool, wait_for_ever, NULL);
    plait_check_that(plait_pool_terminate(pool) == PLAIT_OK);
    plait_status status = ask(future);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    end_pool(pool);
}

/* ---- cancelling one ---- */

static int called;

static void count_call(plait_future *future, void *unused) {
    (void)unused;
    plait_check_that(plait_future_done(future));
    plait_write(called) = plait_read(called) + 1;
}

SCENARIO(pool, task_is_run_or_cancelled) {
    begin_workers(1);
    called = 0;
    plait_future *future = plait_submit_function(pool, count, NULL);
    plait_check_that(plait_future_add_done_callback(future, count_call, NULL) == PLAIT_OK);
    (void)plait_future_cancel(future);
    plait_status status = ask(future);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    end_pool(pool);
    plait_check_that(plait_read(called) == 1 && plait_read(runs) == (status == PLAIT_OK));
}

/* Not begun, just beginning or running: a cancel ends it. */
SCENARIO(pool, cancel_ends_the_task) {
    begin_workers(1);
    plait_future *future = plait_submit_function(pool, wait_for_ever, NULL);
    plait_check_that(plait_future_cancel(future));
    plait_status status = ask(future);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    end_pool(pool);
}

/* ---- map ---- */

PLAIT_TASK(int, twice, (int, x)) {
    return 2 * x;
}

SCENARIO(pool, map_has_all_its_results) {
    const int in[] = {1, 2, 3};
    static int out[3];
    out[0] = out[1] = out[2] = 0;
    begin_workers(1);
    plait_map_options one_by_one = {.chunk = 1};
    plait_check_that(plait_map_with(pool, &one_by_one, twice, in, out, 3) == PLAIT_OK);
    plait_check_that(out[0] == 2 && out[1] == 4 && out[2] == 6);
    end_pool(pool);
}

/* ---- waits that cannot end ---- */

static plait_future *first_of_circle, *second_of_circle;
static int told_so;

static void *ask_second(void *unused) {
    plait_event_wait(&news);
    told_so += plait_result(second_of_circle) == PLAIT_DEADLOCK;
    return unused;
}

static void *ask_first(void *unused) {
    plait_event_wait(&news);
    told_so += plait_result(first_of_circle) == PLAIT_DEADLOCK;
    return unused;
}

SCENARIO(pool, circle_is_told) {
    begin_workers(2);
    told_so = 0;
    first_of_circle = plait_submit_function(pool, ask_second, NULL);
    second_of_circle = plait_submit_function(pool, ask_first, NULL);
    plait_event_set(&news);
    plait_check_that(plait_result(first_of_circle) == PLAIT_OK && plait_result(second_of_circle) == PLAIT_OK);
    plait_future_free(first_of_circle);
    plait_future_free(second_of_circle);
    plait_check_that(told_so == 1);
    end_pool(pool);
}

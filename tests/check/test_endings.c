/* All that can go wrong besides waiting for ever: each kind of failure, in an order that is not the usual one. */
#undef NDEBUG
#include "program.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- what a thread does that comes first although it should not ---- */

enum harm { ASSERTS_THAT, ASSERTS, ABORTS, WRITES_TO_NULL, EXITS };

static _Atomic(int *) place;
static plait_event placed;

static void do_harm(enum harm harm, int *where) {
    switch (harm) {
    case ASSERTS_THAT:
        plait_check_that(where);
        break;
    case ASSERTS:
        assert(where);
        break;
    case ABORTS:
        if (!where) abort();
        break;
    case WRITES_TO_NULL:
        *(int volatile *)where = 1;
        break;
    case EXITS:
        if (!where) exit(3);
        break;
    }
}

PLAIT_TASK(void, use_place, (int, harm), (bool, right)) {
    if (right) plait_event_wait(&placed);
    do_harm((enum harm)harm, plait_read(place));
}

static void hurry(void *arg) {
    const struct variant *is = arg;
    static int somewhere;
    place = NULL;
    placed = (plait_event)PLAIT_EVENT_INIT;
    plait_thread *thread = plait_start(use_place, is->n, is->right);
    plait_write(place) = &somewhere;
    plait_event_set(&placed);
    finish(thread);
}

FINDS(an_assertion_of_the_test, hurry, PLAIT_CHECK_ASSERTION,
      .words = {"plait_check_that(where)", "test_endings.c"}, .n = ASSERTS_THAT)
FINDS(an_assertion_of_the_program, hurry, PLAIT_CHECK_ASSERTION, .words = {"where"}, .n = ASSERTS)
FINDS(an_abort, hurry, PLAIT_CHECK_ASSERTION, .words = {"abort"}, .n = ABORTS)
FINDS(a_write_to_null, hurry, PLAIT_CHECK_CRASH, .words = {"SIGSEGV"}, .n = WRITES_TO_NULL)
FINDS(an_exit_in_the_middle, hurry, PLAIT_CHECK_EXIT, .words = {"3"}, .n = EXITS)
PASSES(nobody_hurries, hurry, .n = WRITES_TO_NULL, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- threads: left running, joined twice, used after free ---- */

PLAIT_TASK(void, wait_for_the_place) {
    plait_event_wait(&placed);
}

static void leave_running(void *arg) {
    const struct variant *is = arg;
    placed = (plait_event)PLAIT_EVENT_INIT;
    plait_thread *thread = plait_start(wait_for_the_place);
    if (is->right) plait_event_set(&placed);
    plait_thread_free(thread);
}

FINDS(a_thread_left_running, leave_running, PLAIT_CHECK_LEFT_RUNNING, .words = {"wait_for_the_place"})
PASSES(a_thread_that_ends_by_itself, leave_running, .options = {.strategy = PLAIT_CHECK_DFS})

static void leave_daemon(void *arg) {
    (void)arg;
    placed = (plait_event)PLAIT_EVENT_INIT;
    plait_thread_free(plait_start_with((&(plait_thread_options){.daemon = true}), wait_for_the_place));
}

PASSES(a_daemon_left_running, leave_daemon, .options = {.schedules = 1000})

/* A thread may be joined as often as one likes, but not when its last handle is gone. */
static void join_twice(void *arg) {
    const struct variant *is = arg;
    placed = (plait_event){1};
    plait_thread *thread = plait_start(wait_for_the_place);
    plait_thread_join(thread);
    if (!is->right) plait_thread_free(thread);
    plait_check_that(plait_thread_join(thread) == PLAIT_OK);
    if (is->right) plait_thread_free(thread);
}

FINDS(a_thread_joined_after_free, join_twice, PLAIT_CHECK_USE_AFTER_FREE, .words = {"plait_thread_join"})
PASSES(a_thread_joined_twice, join_twice, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- locks: released by who does not hold them ---- */

static plait_rlock ours;
static plait_lock open_lock;

PLAIT_TASK(void, release_ours, (bool, right)) {
    if (right) plait_rlock_acquire(&ours);
    plait_status status = plait_rlock_release(&ours);
    plait_check_that(status == PLAIT_OK || !right);
}

static void release_by_another(void *arg) {
    const struct variant *is = arg;
    ours = (plait_rlock)PLAIT_RLOCK_INIT;
    plait_rlock_acquire(&ours);
    plait_thread *thread = plait_start(release_ours, is->right);
    plait_rlock_release(&ours);
    finish(thread);
}

FINDS(an_rlock_released_by_another, release_by_another, PLAIT_CHECK_MISUSE,
      .words = {"rlock", "release_ours"})
PASSES(an_rlock_released_by_its_owner, release_by_another, .options = {.strategy = PLAIT_CHECK_DFS})

static void release_twice(void *arg) {
    const struct variant *is = arg;
    open_lock = (plait_lock)PLAIT_LOCK_INIT;
    plait_lock_acquire(&open_lock);
    plait_lock_release(&open_lock);
    if (!is->right) plait_lock_release(&open_lock);
    plait_thread *thread = plait_start(release_ours, true);
    finish(thread);
}

FINDS(a_lock_released_twice, release_twice, PLAIT_CHECK_MISUSE,
      .words = {"plait_lock_release(open_lock)", "nobody holds"})

/* ---- objects: used by another thread after free ---- */

static plait_event served;

PLAIT_TASK(void, serve_one, (plait_queue *, queue)) {
    int item;
    if (plait_queue_get(queue, &item) != PLAIT_OK) return;
    plait_event_set(&served);
    plait_queue_task_done(queue);
}

static void free_queue(void *arg) {
    const struct variant *is = arg;
    served = (plait_event)PLAIT_EVENT_INIT;
    plait_queue *queue = plait_queue_of(int, 0);
    plait_thread *server = plait_start(serve_one, queue);
    int item = 1;
    plait_queue_put(queue, &item);
    plait_event_wait(&served);
    if (is->right) plait_thread_join(server);
    plait_queue_free(queue);
    finish(server);
}

FINDS(a_queue_used_after_free, free_queue, PLAIT_CHECK_USE_AFTER_FREE, .words = {"serve_one", "queue"})
PASSES(a_queue_used_before_free, free_queue, .options = {.strategy = PLAIT_CHECK_DFS, .bound = 1})

PLAIT_TASK(int, seven) {
    return 7;
}

PLAIT_TASK(void, post_to, (plait_pool *, pool)) {
    plait_post(pool, seven);
}

static void free_pool(void *arg) {
    const struct variant *is = arg;
    plait_pool *pool = plait_pool_new(1);
    plait_thread *poster = plait_start(post_to, pool);
    if (is->right) plait_thread_join(poster);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    finish(poster);
}

FINDS(a_pool_used_after_free, free_pool, PLAIT_CHECK_USE_AFTER_FREE, .words = {"post_to", "pool"})
PASSES(a_pool_used_before_free, free_pool, .options = {.schedules = 2000})

PLAIT_TASK(void, ask_for_seven, (plait_future *, future)) {
    int number = 0;
    plait_check_that(plait_result(future, &number) == PLAIT_OK && number == 7);
}

static void free_future(void *arg) {
    const struct variant *is = arg;
    plait_future *future = plait_future_of(int);
    plait_thread *asker = plait_start(ask_for_seven, future);
    int result = 7;
    plait_future_set_result(future, &result);
    if (is->right) plait_thread_join(asker);
    plait_future_free(future);
    finish(asker);
}

FINDS(a_future_used_after_free, free_future, PLAIT_CHECK_USE_AFTER_FREE, .words = {"ask_for_seven", "future"})
PASSES(a_future_used_before_free, free_future, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- a failure that nobody reads ---- */

PLAIT_TASK(void, fail_at_once) {
    plait_raise(PLAIT_USER, "the till is empty");
}

static void fail_in_pool(void *arg) {
    const struct variant *is = arg;
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_submit(pool, fail_at_once);
    if (is->right) plait_check_that(plait_result(future) == PLAIT_USER);
    plait_future_free(future);
    plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
}

FINDS(a_failure_in_a_pool_that_nobody_reads, fail_in_pool, PLAIT_CHECK_TASK_FAILED,
      .words = {"the till is empty", "pool-1-1"})
PASSES(a_failure_in_a_pool_that_is_read, fail_in_pool, .options = {.schedules = 2000})

static void fail_in_thread(void *arg) {
    const struct variant *is = arg;
    plait_thread *thread = plait_start(fail_at_once);
    if (is->right) plait_check_that(plait_thread_result(thread, NULL) == PLAIT_USER);
    finish(thread);
}

FINDS(a_failure_of_a_thread_that_nobody_reads, fail_in_thread, PLAIT_CHECK_TASK_FAILED,
      .words = {"the till is empty"})
PASSES(a_failure_of_a_thread_that_is_read, fail_in_thread, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- a race that did no harm: what was written is what is read, in every order that is tried ---- */

static int written;

PLAIT_TASK(void, write_once) {
    plait_write(written) = 1;
    plait_event_set(&placed);
}

static void write_and_read(void *arg) {
    const struct variant *is = arg;
    written = 1;
    placed = (plait_event)PLAIT_EVENT_INIT;
    plait_thread *writer = plait_start(write_once);
    if (is->right) plait_event_wait(&placed);
    plait_check_that(plait_read(written) == 1);
    finish(writer);
}

FINDS(a_race_that_did_no_harm, write_and_read, PLAIT_CHECK_RACE,
      .words = {"written: T0 reads it", "write_once"})
PASSES(a_write_that_an_event_orders, write_and_read, .options = {.strategy = PLAIT_CHECK_DFS})

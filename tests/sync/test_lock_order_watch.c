/* Watching orders of locks beside the rest: conditions, threads, beginning and ending, forks, limits, words. */
#include "support/faults.h"
#include "told.h"

#include <sys/wait.h>
#include <unistd.h>
#include <wait/self.h>

static plait_condition changed;
static bool change;

static bool has_changed(void *unused) {
    (void)unused;
    return change;
}

static void *make_change(void *lock) {
    plait_lock_acquire(lock);
    change = true;
    plait_condition_notify(&changed, 1);
    plait_lock_release(lock);
    return NULL;
}

TEST(a_condition_gives_its_lock_back_while_it_waits) {
    struct crew crew = {.count = 0};
    watch();
    plait_lock_acquire(&a);
    crew_add(&crew, make_change, &a);
    ck_assert_ok(plait_condition_wait_for(&changed, &a, has_changed, NULL));
    plait_lock_acquire(&b); /* a is held again */
    plait_lock_release(&b);
    plait_lock_release(&a);
    crew_join(&crew);
    ck_assert_int_eq(told, 0);
    take_both(&b, &a);
    unwatch(1);
}

TEST(waiting_at_a_condition_with_another_lock_held_is_an_inversion) {
    watch();
    plait_lock_acquire(&a);
    plait_lock_acquire(&b);
    ck_assert_status(plait_condition_wait_until(&changed, &a, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_int_eq(told, 1);
    ck_assert_ptr_eq(steps[0].held, &b);
    ck_assert_ptr_eq(steps[0].wanted, &a);
    plait_lock_release(&b);
    plait_lock_release(&a);
    unwatch(1);
}

TEST(a_condition_with_an_rlock_takes_it_back) {
    static plait_rlock r;
    watch();
    plait_rlock_acquire(&r);
    plait_rlock_acquire(&r);
    ck_assert_status(plait_condition_wait_until_rlock(&changed, &r, plait_after(0.001)), PLAIT_TIMEOUT);
    plait_lock_acquire(&a);
    plait_lock_release(&a);
    plait_rlock_release(&r);
    plait_rlock_release(&r);
    plait_lock_acquire(&a); /* nothing is held */
    plait_rlock_acquire(&r);
    ck_assert_int_eq(told, 1);
    plait_rlock_release(&r);
    plait_lock_release(&a);
    unwatch(1);
}

static plait_event go, ready;

static void *invert(void *unused) {
    (void)unused;
    take_both(&c, &d); /* its first use of plait, before it is watched */
    plait_event_set(&ready);
    must(plait_event_wait(&go) == PLAIT_OK);
    take_both(&b, &a);
    return NULL;
}

TEST(threads_that_run_already_are_watched_from_then_on) {
    struct crew crew = {.count = 0};
    crew_add(&crew, invert, NULL);
    ck_assert_ok(plait_event_wait(&ready));
    watch();
    take_both(&a, &b);
    plait_event_set(&go);
    crew_join(&crew);
    ck_assert_uint_ne(steps[0].thread, steps[1].thread);
    unwatch(1);
}

static void *follow_switch(void *unused) {
    (void)unused;
    must(plait__self()->ident == plait__quick());
    plait_event_set(&ready);
    must(plait_event_wait(&go) == PLAIT_OK);
    must(plait__quick() == 0);
    plait_event_clear(&go);
    plait_event_set(&ready);
    must(plait_event_wait(&go) == PLAIT_OK);
    must(plait__self()->ident == plait__quick());
    return NULL;
}

static void let_it_look(void) {
    plait_event_clear(&ready);
    plait_event_set(&go);
}

TEST(short_paths_are_open_while_nobody_watches) {
    struct crew crew = {.count = 0};
    crew_add(&crew, follow_switch, NULL);
    ck_assert_ok(plait_event_wait(&ready));
    watch();
    ck_assert_uint_eq(plait__quick(), 0);
    let_it_look();
    ck_assert_ok(plait_event_wait(&ready));
    unwatch(0);
    ck_assert_uint_eq(plait__quick(), plait__self()->ident);
    let_it_look();
    crew_join(&crew);
}

TEST(it_can_be_ended_and_begun_anew) {
    take_both(&a, &b);
    watch();
    ck_assert_status(plait_lock_order_watch(note, NULL), PLAIT_BUSY);
    take_both(&b, &a);
    unwatch(0);
    take_both(&a, &b);
    watch();
    take_both(&b, &a);
    ck_assert_int_eq(told, 0); /* all was forgotten */
    take_both(&a, &b);
    unwatch(1);
    ck_assert_ok(plait_lock_order_unwatch());
}

TEST(locks_held_across_its_begin_and_end_do_no_harm) {
    plait_lock_acquire(&a);
    watch();
    plait_lock_acquire(&b);
    plait_lock_release(&a);
    unwatch(0);
    plait_lock_release(&b);
    watch();
    take_both(&a, &b);
    unwatch(0);
    ck_assert(!plait_lock_locked(&a) && !plait_lock_locked(&b));
}

static void use_locks(const plait_lock_order_report *report, void *context) {
    note(report, context);
    take_both(&c, &d);
    ck_assert_ok(plait_lock_order_unwatch());
}

TEST(a_callback_may_use_plait_and_end_it) {
    told = 0;
    int calls = 0;
    ck_assert_ok(plait_lock_order_watch(use_locks, &calls));
    take_both(&a, &b);
    take_both(&b, &a);
    ck_assert_int_eq(calls, 1);
    take_both(&a, &c);
    take_both(&c, &a);
    unwatch(1);
    ck_assert(!plait_lock_locked(&a) && !plait_lock_locked(&b));
}

TEST(null_is_refused_as_ever) {
    static plait_rwlock shared;
    watch();
    ck_assert_status(plait_lock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rlock_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_read_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lock_release(NULL), PLAIT_INVALID);
    ck_assert_status(plait_lock_release(&a), PLAIT_NOT_OWNER);
    ck_assert_status(plait_rwlock_read_release(&shared), PLAIT_NOT_OWNER);
    ck_assert_status(plait_rwlock_write_release(&shared), PLAIT_NOT_OWNER);
    unwatch(0);
    plait_lock_order_print(NULL, 2);
}

TEST(more_than_it_can_remember_is_told_once) {
    enum { MANY = 20000 };
    static plait_lock many[MANY];
    watch();
    for (int i = 0; i + 1 < MANY; i += 2) take_both(&many[i], &many[i + 1]);
    ck_assert_int_eq(told_full, 1);
    ck_assert_int_eq(told, 0);
    take_both(&many[1], &many[0]); /* those that it knows it still knows */
    ck_assert_int_eq(told, 1);
    ck_assert_ok(plait_lock_order_unwatch());
}

TEST(more_held_at_once_than_it_can_remember_is_told) {
    static plait_lock many[20];
    watch();
    for (int i = 0; i < 20; i++) plait_lock_acquire(&many[i]);
    for (int i = 0; i < 20; i++) plait_lock_release(&many[i]);
    ck_assert_int_eq(told_full, 1);
    take_both(&many[10], &many[0]);
    ck_assert_int_eq(told, 1);
    ck_assert_ok(plait_lock_order_unwatch());
}

TEST(the_child_of_a_fork_knows_what_was_learned) {
    watch();
    take_both(&a, &b);
    plait_lock_acquire(&b);
    pid_t child = fork();
    if (child == 0) {
        plait_lock_acquire(&a);
        _exit(told);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    plait_lock_release(&b);
    unwatch(0);
}

#if !defined(__SANITIZE_THREAD__) /* which starts no threads after a fork with several */

static void *stay(void *unused) {
    (void)unused;
    take_both(&c, &d);
    plait_event_set(&ready);
    must(plait_event_wait(&go) == PLAIT_OK);
    return NULL;
}

TEST(the_child_of_a_fork_switches_its_own_threads_alone) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 8; i++) {
        crew_add(&crew, stay, NULL);
        ck_assert_ok(plait_event_wait(&ready));
        plait_event_clear(&ready);
    }
    pid_t child = fork();
    if (child == 0) {
        struct crew own = {.count = 0};
        for (int i = 0; i < 8; i++) crew_add(&own, stay, NULL); /* on the stacks of those who vanished */
        watch();
        bool right = plait__quick() == 0;
        plait_event_set(&go);
        crew_join(&own);
        unwatch(0);
        _exit(right && plait__quick() == plait__self()->ident ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&go);
    crew_join(&crew);
}

#endif

/* What a report says, from a pipe in place of standard error. */
static void read_report(char *text, size_t room) {
    int ends[2], kept = dup(STDERR_FILENO);
    ck_assert(pipe(ends) == 0 && kept >= 0);
    dup2(ends[1], STDERR_FILENO);
    ck_assert_ok(plait_set_name(&b, "the second"));
    ck_assert_ok(plait_lock_order_watch(NULL, NULL));
    take_both(&a, &b);
    take_both(&b, &a);
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    close(kept);
    size_t length = 0;
    for (ssize_t got; length + 1 < room && (got = read(ends[0], text + length, room - 1 - length)) > 0;)
        length += (size_t)got;
    text[length] = 0;
    close(ends[0]);
    ck_assert_ok(plait_lock_order_unwatch());
}

TEST(without_a_callback_it_is_printed) {
    char text[16384], address[80];
    read_report(text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "plait: lock order: 2 locks are taken in a circle"));
    snprintf(address, sizeof address, "held %p, acquired at", (void *)&a);
    ck_assert_ptr_nonnull(strstr(text, address));
    snprintf(address, sizeof address, "asked for %p at", (void *)&a);
    ck_assert_ptr_nonnull(strstr(text, address));
    snprintf(address, sizeof address, "held \"the second\" (%p), acquired at", (void *)&b);
    ck_assert_ptr_nonnull(strstr(text, address));
    ck_assert_ptr_nonnull(strstr(text, "sync-lock_order_watch"));
}

static plait_status watch_and_unwatch(void) {
    plait_status status = plait_lock_order_watch(note, NULL);
    take_both(&a, &b);
    plait_lock_order_unwatch();
    return status;
}

TEST(it_survives_lack_of_memory) {
    fault_every(watch_and_unwatch);
}

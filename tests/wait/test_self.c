/* What plait keeps for each thread: there from a thread's first call to its last destructor, also where plait did not
 * start the thread. */
#include "support/asleep.h"
#include "support/test.h"

#include <plait/lock.h>
#include <plait/sleep.h>
#include <wait/self.h>
#include <wait/spin.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static void *run_in_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, argument), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

static void *tell_ident(void *unused) {
    (void)unused;
    if (plait__ident_begun()) return NULL; /* looking does not begin it */
    uint32_t first = plait__self()->ident;
    return (void *)(uintptr_t)(plait__self()->ident == first && plait__ident_begun() == first ? first : 0);
}

TEST(every_thread_has_an_ident_of_its_own) {
    enum { THREADS = 100 };
    uint32_t before = plait__self()->ident;
    ck_assert_uint_ne(before, 0);
    for (int i = 0; i < THREADS; i++) {
        uint32_t next = (uint32_t)(uintptr_t)run_in_thread(tell_ident, NULL);
        ck_assert_uint_gt(next, before);
        ck_assert_uint_eq(next & ~PLAIT__IDENT_MASK, 0);
        before = next;
    }
    ck_assert_ptr_eq(plait__self_begun(), plait__self());
}

/* ---- signal handlers ---- */

static struct plait__self *seen_by_handler;

static void look_at_self(int number) {
    (void)number;
    seen_by_handler = plait__self_begun();
    plait_host_interrupt();
}

static void *take_a_signal(void *unused) {
    (void)unused;
    seen_by_handler = plait__self();
    pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

static void *take_a_signal_first(void *unused) {
    (void)unused;
    pthread_kill(pthread_self(), SIGUSR1);
    return plait__self_begun();
}

TEST(a_signal_handler_does_not_begin_it) {
    signal(SIGUSR1, look_at_self);
    ck_assert_ptr_null(run_in_thread(take_a_signal_first, NULL));
    ck_assert_ptr_null(seen_by_handler);
    run_in_thread(take_a_signal, NULL);
    ck_assert_ptr_nonnull(seen_by_handler);
}

/* ---- destructors ---- */

static plait_lock lock;
static _Atomic int destructors_run, ended_calls;
static _Atomic uint32_t ident_of_thread;
static pthread_key_t early, late;

/* Uses plait, with a wait, in whichever round of destructors it comes; asks for a second round once. */
static void use_plait(void *value) {
    uint32_t ident = plait__self()->ident, known = atomic_load(&ident_of_thread);
    bool well = ident != 0 && (known == 0 || ident == known);
    well = well && plait_lock_acquire(&lock) == PLAIT_OK;
    well = well && plait_lock_acquire_until(&lock, plait_after(0.0005)) == PLAIT_TIMEOUT;
    well = well && plait_lock_release(&lock) == PLAIT_OK && plait_sleep(0.0005) == PLAIT_OK;
    atomic_fetch_add(&destructors_run, well ? 1 : 100);
    if ((intptr_t)value == 1) pthread_setspecific(late, (void *)2);
}

static void *set_keys(void *uses_plait) {
    if (uses_plait) atomic_store(&ident_of_thread, plait__self()->ident);
    pthread_setspecific(early, (void *)3);
    pthread_setspecific(late, (void *)1);
    return NULL;
}

TEST(it_works_in_destructors) {
    ck_assert_int_eq(pthread_key_create(&early, use_plait), 0); /* older than plait's own key */
    (void)plait__self();
    ck_assert_int_eq(pthread_key_create(&late, use_plait), 0);
    uint32_t running = plait__running();
    run_in_thread(set_keys, &lock);
    ck_assert_int_eq(destructors_run, 3); /* `late` again, with 2 */
    atomic_store(&ident_of_thread, 0);
    run_in_thread(set_keys, NULL); /* plait is first used in a destructor */
    ck_assert_int_eq(destructors_run, 6);
    ck_assert_uint_eq(plait__running(), running);
}

static void note_end(struct plait__self *self) {
    atomic_fetch_add(&ended_calls, self->ident == atomic_load(&ident_of_thread) ? 1 : 100);
}

static void *watch_end(void *unused) {
    (void)unused;
    atomic_store(&ident_of_thread, plait__self()->ident);
    plait__self_watch_end(note_end);
    plait__self_watch_end(note_end);
    return NULL;
}

static void *do_nothing(void *unused) {
    (void)unused;
    return plait__self();
}

TEST(the_end_of_a_thread_is_told_once) {
    run_in_thread(watch_end, NULL);
    ck_assert_int_eq(ended_calls, 1);
    run_in_thread(do_nothing, NULL); /* may get the same storage */
    ck_assert_int_eq(ended_calls, 1);
}

static void watch_again(void *value) {
    (void)value;
    plait__self_watch_end(note_end);
}

static void *watch_in_destructor(void *unused) {
    (void)unused;
    atomic_store(&ident_of_thread, plait__self()->ident);
    pthread_setspecific(late, (void *)1);
    return NULL;
}

TEST(the_end_can_be_watched_from_a_destructor) {
    (void)plait__self(); /* its key is older: its destructor has run when the other one asks */
    ck_assert_int_eq(pthread_key_create(&late, watch_again), 0);
    uint32_t running = plait__running();
    run_in_thread(watch_in_destructor, NULL);
    ck_assert_int_eq(ended_calls, 1);
    ck_assert_uint_eq(plait__running(), running);
}

/* ---- who runs ---- */

static _Atomic int stage;

static void *run_until_told(void *unused) {
    (void)unused;
    (void)plait__self();
    atomic_fetch_add(&stage, 1);
    while (atomic_load(&stage) < 100) sched_yield();
    return NULL;
}

TEST(threads_that_run_are_counted_and_sleepers_are_not) {
    pthread_t threads[3], sleeper;
    (void)plait__self();
    ck_assert_uint_eq(plait__running(), 1);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, run_until_told, NULL), 0);
    while (atomic_load(&stage) < 3) sched_yield();
    ck_assert_uint_eq(plait__running(), 4);
    ck_assert_ok(plait_lock_acquire(&lock));
    ck_assert_int_eq(
        pthread_create(&sleeper, NULL, (void *(*)(void *))(void (*)(void))plait_lock_acquire, &lock), 0);
    wait_until_asleep(1);
    ck_assert_uint_eq(plait__running(), plait__spinning_cpus() > 1 ? 4 : 5); /* with one CPU nobody asks */
    ck_assert_ok(plait_lock_release(&lock));
    pthread_join(sleeper, NULL);
    atomic_store(&stage, 100);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(plait__running(), 1);
}

/* ---- fork ---- */

TEST(a_fork_keeps_the_ident_and_makes_the_others_vanish) {
    uint32_t mine = plait__self()->ident;
    uint32_t other = (uint32_t)(uintptr_t)run_in_thread(tell_ident, NULL);
    ck_assert(!plait__vanished(mine) && !plait__vanished(other));
    ck_assert_uint_eq(plait__generation(), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool well = plait__self()->ident == mine && !plait__vanished(mine) && plait__vanished(other) &&
                    plait__generation() == 1 && plait__running() == 1 && !plait__vanished(other + 1);
        _exit(well ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(plait__generation(), 0);
}

static void *fork_first(void *unused) {
    (void)unused;
    pid_t child = fork();
    if (child == 0) _exit(plait__self()->ident != 0 && !plait__vanished(plait__self()->ident) ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return (void *)(intptr_t)status;
}

TEST(a_thread_may_fork_before_it_uses_plait) {
    (void)plait__self();
    ck_assert_ptr_null(run_in_thread(fork_first, NULL));
}

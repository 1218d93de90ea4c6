/* The lock for many readers or one writer. */
#include "crew.h"
#include "support/asleep.h"

#include <plait.h>
#include <wait/self.h>

#include <sys/wait.h>
#include <unistd.h>

static plait_rwlock lock;
static plait_event go_on;
static int inside;

static int now_inside(void) {
    return __atomic_load_n(&inside, __ATOMIC_SEQ_CST);
}

TEST(many_may_read_and_one_may_write) {
    ck_assert(!plait_rwlock_locked(&lock));
    ck_assert_ok(plait_rwlock_read_acquire(&lock));
    ck_assert_ok(plait_rwlock_read_acquire_until(&lock, PLAIT_NOW));
    ck_assert_ok(plait_rwlock_read_acquire_nowait(&lock));
    ck_assert_status(plait_rwlock_write_acquire_nowait(&lock), PLAIT_BUSY);
    ck_assert_status(plait_rwlock_write_acquire_until(&lock, plait_after(0.005)), PLAIT_TIMEOUT);
    ck_assert_ok(plait_rwlock_read_acquire_nowait(&lock));
    for (int i = 0; i < 4; i++) {
        ck_assert(plait_rwlock_locked(&lock));
        ck_assert_ok(plait_rwlock_read_release(&lock));
    }
    ck_assert(!plait_rwlock_locked(&lock));
    ck_assert_ok(plait_rwlock_write_acquire(&lock));
    ck_assert_status(plait_rwlock_read_acquire_nowait(&lock), PLAIT_BUSY);
    ck_assert_status(plait_rwlock_read_acquire_until(&lock, plait_after(0.005)), PLAIT_TIMEOUT);
    ck_assert_status(plait_rwlock_write_acquire_nowait(&lock), PLAIT_BUSY);
    ck_assert_ok(plait_rwlock_write_release(&lock));
    ck_assert(!plait_rwlock_locked(&lock));
}

TEST(releasing_what_is_not_held_is_refused) {
    ck_assert_status(plait_rwlock_read_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_status(plait_rwlock_write_release(&lock), PLAIT_NOT_OWNER);
    plait_rwlock_read_acquire(&lock);
    ck_assert_status(plait_rwlock_write_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_ok(plait_rwlock_read_release(&lock));
    plait_rwlock_write_acquire(&lock);
    ck_assert_status(plait_rwlock_read_release(&lock), PLAIT_NOT_OWNER);
    ck_assert_ok(plait_rwlock_write_release(&lock));
}

TEST(null_is_refused) {
    ck_assert_status(plait_rwlock_read_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_read_acquire_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_read_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_write_acquire(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_write_acquire_until(NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_write_acquire_nowait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_read_release(NULL), PLAIT_INVALID);
    ck_assert_status(plait_rwlock_write_release(NULL), PLAIT_INVALID);
    ck_assert(!plait_rwlock_locked(NULL));
}

static void *read_until_set(void *unused) {
    (void)unused;
    plait_hold_read(&lock);
    __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    must(plait_event_wait(&go_on) == PLAIT_OK);
    return NULL;
}

TEST(readers_that_wait_for_a_writer_get_in_together) {
    struct crew crew = {.count = 0};
    plait_rwlock_write_acquire(&lock);
    for (int i = 0; i < 40; i++) crew_add(&crew, read_until_set, NULL);
    wait_until_asleep(40);
    ck_assert_int_eq(now_inside(), 0);
    plait_rwlock_write_release(&lock);
    while (now_inside() < 40) plait_sleep(0.0005);
    plait_event_set(&go_on);
    crew_join(&crew);
    ck_assert(!plait_rwlock_locked(&lock));
}

/* ---- nobody starves ---- */

static bool over;

static bool is_over(void) {
    return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static void *read_on_and_on(void *unused) {
    (void)unused;
    while (!is_over()) {
        plait_hold_read(&lock);
        for (volatile int i = 0; i < 2000; i++) {}
    }
    return NULL;
}

static void *write_on_and_on(void *unused) {
    (void)unused;
    while (!is_over()) {
        plait_hold_write(&lock);
        for (volatile int i = 0; i < 2000; i++) {}
    }
    return NULL;
}

TEST(a_writer_gets_in_though_readers_overlap) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 6; i++) crew_add(&crew, read_on_and_on, NULL);
    for (int i = 0; i < 50; i++) {
        plait_rwlock_write_acquire(&lock);
        plait_rwlock_write_release(&lock);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    crew_join(&crew);
}

TEST(a_reader_gets_in_though_writers_follow_each_other) {
    struct crew crew = {.count = 0};
    for (int i = 0; i < 6; i++) crew_add(&crew, write_on_and_on, NULL);
    for (int i = 0; i < 50; i++) {
        plait_rwlock_read_acquire(&lock);
        plait_rwlock_read_release(&lock);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    crew_join(&crew);
}

static plait_event stop_writing, gave_up;

static void *write_for_a_while(void *seconds) {
    plait_status status = plait_rwlock_write_acquire_until(&lock, plait_after(*(double *)seconds));
    if (status == PLAIT_OK) {
        plait_event_wait(&stop_writing);
        plait_rwlock_write_release(&lock);
    } else {
        plait_event_set(&gave_up);
    }
    return NULL;
}

static bool asleep_before_it_gives_up(int count) {
    while (threads_asleep_in(NULL) < count)
        if (plait_event_is_set(&gave_up)) return false;
    return true;
}

/* False if the writer gave up before the readers had come. */
static bool read_behind_a_writer(double seconds) {
    struct crew crew = {.count = 0};
    inside = 0;
    plait_event_clear(&go_on);
    plait_event_clear(&gave_up);
    crew_add(&crew, write_for_a_while, &seconds);
    (void)asleep_before_it_gives_up(1);
    plait_sleep(0.005); /* longer than the millisecond in which readers may pass: time itself is tested */
    plait_status status = plait_rwlock_read_acquire_nowait(&lock);
    if (status == PLAIT_OK) plait_rwlock_read_release(&lock);
    for (int i = 0; i < 3; i++) crew_add(&crew, read_until_set, NULL);
    bool in_time = asleep_before_it_gives_up(4);
    if (in_time) ck_assert_status(status, PLAIT_BUSY);
    while (now_inside() < 3) plait_sleep(0.001);
    ck_assert_ok(plait_rwlock_read_acquire_nowait(&lock));
    ck_assert_ok(plait_rwlock_read_release(&lock));
    plait_event_set(&go_on);
    crew_join(&crew);
    return in_time;
}

TEST(readers_go_on_when_the_writer_before_them_gives_up) {
    double seconds = 0.1;
    plait_rwlock_read_acquire(&lock);
    while (!read_behind_a_writer(seconds)) seconds *= 2;
    ck_assert_ok(plait_rwlock_read_release(&lock));
    ck_assert(!plait_rwlock_locked(&lock));
}

TEST(taking_it_cannot_be_cancelled) {
    plait_token *token = plait_token_new(NULL, PLAIT_NOW);
    plait_token *before = plait_token_enter(token);
    plait_rwlock_write_acquire(&lock);
    ck_assert_status(plait_rwlock_read_acquire_until(&lock, plait_after(0.002)), PLAIT_TIMEOUT);
    plait_token_leave(before);
    plait_token_free(token);
}

/* ---- fork ---- */

/* The thread sanitizer cannot follow threads that the child starts. */
#if !defined(__SANITIZE_THREAD__)
TEST(in_the_child_of_a_fork_it_works_though_others_waited) {
    struct crew crew = {.count = 0};
    double seconds = 1000;
    plait_rwlock_read_acquire(&lock);
    crew_add(&crew, write_for_a_while, &seconds);
    wait_until_asleep(1);
    plait_event_set(&stop_writing);
    pid_t child = fork();
    if (child == 0) {
        struct crew own = {.count = 0};
        plait_rwlock_read_release(&lock);
        crew_add(&own, write_for_a_while, &seconds);
        crew_join(&own);
        _exit(plait_rwlock_read_acquire_nowait(&lock) == PLAIT_OK ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_rwlock_read_release(&lock);
    crew_join(&crew);
}
#endif

static void *tell_ident(void *ident) {
    *(uint32_t *)ident = plait__self()->ident;
    return NULL;
}

TEST(in_the_child_of_a_fork_a_looker_that_vanished_keeps_nobody_out) {
    struct crew crew = {.count = 0};
    uint32_t vanished = 0;
    crew_add(&crew, tell_ident, &vanished);
    crew_join(&crew);
    pid_t child = fork();
    if (child == 0) {
        lock = (plait_rwlock){.word = UINT32_C(0x60000000), .looker = vanished}; /* PARKED, LOOKING */
        if (plait_rwlock_read_acquire_until(&lock, PLAIT_FOREVER) != PLAIT_OK) _exit(1);
        struct crew own = {.count = 0};
        double seconds = 1000;
        crew_add(&own, write_for_a_while, &seconds);
        wait_until_asleep(1);
        plait_event_set(&stop_writing);
        plait_rwlock_read_release(&lock);
        crew_join(&own);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

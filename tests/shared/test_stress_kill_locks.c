/* A crowd of processes that uses everything in shared memory at once, while one after the other is killed at random and
 * replaced. What the lock guards is whole or said to be broken, no permit is made, and everybody always gets on. */
#include "others.h"

#include <stdio.h>

enum { CROWD = 6, PERMITS = 3, PATIENCE_S = 20 };

struct book {
    plait_process_lock lock;
    plait_process_rlock rlock;
    plait_process_condition changed;
    plait_process_bounded_semaphore permits;
    plait_process_event event;
    plait_process_barrier barrier;
    uint32_t left, right;     /* the same, under the lock */
    uint32_t outer, inner;    /* the same, under the rlock */
    uint32_t stock;           /* under the lock */
    uint32_t told;            /* how often somebody was told of a death */
    uint64_t progress[CROWD]; /* how much each has done */
};

/* Of the process that is started next, which has a copy: whose random numbers and whose place it takes. */
static uint32_t number;

static plait_deadline later(struct stress_random *random) {
    return plait_after(stress_random_below(random, 3000) / 1e6);
}

/* Often for no time at all, sometimes so long that many are killed here. */
static void dawdle(struct stress_random *random) {
    if (stress_random_below(random, 4)) return;
    double end = plait_monotonic() + stress_random_below(random, 100) / 1e6;
    while (plait_monotonic() < end) {}
}

/* ---- what each does ---- */

static void use_lock(struct book *book, struct stress_random *random) {
    plait_status status = stress_random_below(random, 4)
                              ? plait_process_lock_acquire(&book->lock)
                              : plait_process_lock_acquire_until(&book->lock, later(random));
    if (status == PLAIT_TIMEOUT) return;
    must(status == PLAIT_OK || status == PLAIT_BROKEN);
    must(status == PLAIT_BROKEN || book->left == book->right);
    if (status == PLAIT_BROKEN) plait__add(&book->told, 1);
    plait__store(&book->left, plait__load(&book->right) + 1);
    dawdle(random);
    plait__store(&book->right, plait__load(&book->left));
    must(plait_process_lock_release(&book->lock) == PLAIT_OK);
}

static void use_rlock(struct book *book, struct stress_random *random) {
    plait_status status = plait_process_rlock_acquire(&book->rlock);
    must(status == PLAIT_OK || status == PLAIT_BROKEN);
    must(status == PLAIT_BROKEN || book->outer == book->inner);
    if (status == PLAIT_BROKEN) plait__add(&book->told, 1);
    plait__store(&book->outer, plait__load(&book->outer) + 1);
    dawdle(random);
    must(plait_process_rlock_acquire(&book->rlock) == PLAIT_OK);
    plait__store(&book->inner, plait__load(&book->outer));
    must(plait_process_rlock_release(&book->rlock) == PLAIT_OK);
    must(plait_process_rlock_owned(&book->rlock));
    must(plait_process_rlock_release(&book->rlock) == PLAIT_OK);
}

static bool in_stock(void *memory) {
    return ((struct book *)memory)->stock > 0;
}

static void give_or_take(struct book *book, struct stress_random *random) {
    plait_hold(&book->lock);
    book->right = book->left;
    if (stress_random_below(random, 2)) {
        book->stock++;
        must(plait_process_condition_notify(&book->changed, 1 + stress_random_below(random, 2)) == PLAIT_OK);
        return;
    }
    plait_deadline deadline = later(random);
    plait_status status = plait_process_condition_wait_for_until(&book->changed, &book->lock, in_stock, book,
                                                                 deadline);
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_BROKEN);
    must(status != PLAIT_OK || book->stock > 0);
    book->right = book->left; /* who was told of a death puts it right */
    if (book->stock) book->stock--;
}

static void use_permit(struct book *book, struct stress_random *random) {
    if (plait_process_bounded_semaphore_acquire_until(&book->permits, later(random)) != PLAIT_OK) return;
    long value = plait_process_bounded_semaphore_value(&book->permits);
    must(value >= 0 && value < PERMITS);
    plait_status status = plait_process_bounded_semaphore_release(&book->permits, 1);
    must(status == PLAIT_OK || status == PLAIT_OVERFLOW); /* the test replaces those that the dead had */
}

static void use_event(struct book *book, struct stress_random *random) {
    switch (stress_random_below(random, 3)) {
    case 0:
        must(plait_process_event_set(&book->event) == PLAIT_OK);
        break;
    case 1:
        must(plait_process_event_clear(&book->event) == PLAIT_OK);
        break;
    default: {
        plait_status status = plait_process_event_wait_until(&book->event, later(random));
        must(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    }
    }
}

static void use_barrier(struct book *book, struct stress_random *random) {
    int index = -1;
    plait_status status = plait_process_barrier_wait_until(&book->barrier, &index, later(random));
    must(status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_BROKEN);
    must(status != PLAIT_OK || (index >= 0 && index < plait_process_barrier_parties(&book->barrier)));
    if (status != PLAIT_OK) must(plait_process_barrier_reset(&book->barrier) == PLAIT_OK);
}

static void use_all(void *memory) {
    static void (*const uses[])(struct book *, struct stress_random *) = {use_lock,   use_rlock, give_or_take,
                                                                          use_permit, use_event, use_barrier};
    struct book *book = memory;
    struct stress_random random = stress_random_stream(number);
    uint64_t *progress = &book->progress[number % CROWD];
    for (;;) {
        uses[stress_random_below(&random, 6)](book, &random);
        plait__add(progress, 1);
    }
}

/* ---- the test ---- */

/* Everybody who lives does something, however many have died. */
static void all_get_on(struct book *book, uint32_t kills) {
    plait_deadline deadline = plait_after(PATIENCE_S * test_time_scale());
    for (int i = 0; i < CROWD; i++) {
        uint64_t before = plait__load(&book->progress[i]);
        while (plait__load(&book->progress[i]) == before) {
            ck_assert_msg(!plait_passed(deadline), "after %u kills process %d gets no further", kills, i);
            sched_yield();
        }
    }
}

/* Permits that went with the dead; some that are only on their way at this moment are replaced, too, which the bound
 * forgives. */
static void replace_permits(struct book *book) {
    if (plait_process_bounded_semaphore_value(&book->permits) == 0)
        (void)plait_process_bounded_semaphore_release(&book->permits, 1);
}

TEST(a_crowd_of_which_many_die) {
    kill_nothing_left_begin();
    struct book *book = kill_memory(sizeof *book);
    struct stress_random random = stress_random_stream(10000);
    pid_t crowd[CROWD];
    uint32_t kills = 0;
    ck_assert_ok(plait_process_bounded_semaphore_init(&book->permits, PERMITS));
    ck_assert_ok(plait_process_barrier_init(&book->barrier, 2));
    for (int i = 0; i < CROWD; i++) {
        number = (uint32_t)i;
        crowd[i] = kill_start(use_all, book);
    }
    while (stress_goes_on()) {
        uint32_t i = stress_random_below(&random, CROWD);
        kill_linger(&random, 1000);
        kill_now(crowd[i]);
        kills++;
        number = kills * CROWD + i;
        crowd[i] = kill_start(use_all, book);
        replace_permits(book);
        if (kills % 8 == 0) all_get_on(book, kills);
    }
    all_get_on(book, kills);
    for (int i = 0; i < CROWD; i++) kill_now(crowd[i]);
    plait_status status = plait_process_lock_acquire(&book->lock);
    ck_assert(status == PLAIT_BROKEN || (status == PLAIT_OK && book->left == book->right));
    ck_assert_int_le(plait_process_bounded_semaphore_value(&book->permits), PERMITS);
    fprintf(stderr, "# %u killed, %u times told\n", kills, book->told);
    kill_nothing_left(NULL);
}

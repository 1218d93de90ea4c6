/* The lock under everything between processes: it excludes, its holder's death at any instruction gives it
 * back, and who sleeps for it is woken. */
#include "support/asleep.h"
#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>
#include <shared/lane.h>
#include <shared/robust.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char object;

static struct plait__robust_wait until(plait_deadline deadline) {
    return (struct plait__robust_wait){"test", &object, deadline, true};
}

/* Two numbers that are equal whenever the lock is free. */
struct book {
    struct plait__robust lock;
    bool stop;
    pid_t sleeper;
    uint64_t left, right, crashes;
};

static plait_status turn_page(struct book *book, plait_deadline deadline) {
    struct plait__robust_wait wait = until(deadline);
    plait_status status = plait__robust_lock(&book->lock, &wait);
    if (status == PLAIT_CRASHED) {
        book->right = book->left;
        book->crashes++;
        status = PLAIT_OK;
    }
    if (status != PLAIT_OK) return status;
    if (book->left != book->right) status = PLAIT_BROKEN;
    plait__store(&book->left, book->left + 1);
    plait__store(&book->right, book->right + 1);
    plait__robust_unlock(&book->lock);
    return status;
}

TEST(zero_is_free_and_a_holder_keeps_others_out_until_their_deadline) {
    struct book *book = kill_memory(sizeof *book);
    struct plait__robust_wait wait = until(PLAIT_FOREVER);
    ck_assert_ok(plait__robust_lock(&book->lock, &wait));
    ck_assert_uint_eq(book->lock.word, plait__os_native_id());
    wait = until(plait_after(0.02));
    ck_assert_status(plait__robust_lock(&book->lock, &wait), PLAIT_TIMEOUT);
    wait = until(PLAIT_NOW);
    ck_assert_status(plait__robust_lock(&book->lock, &wait), PLAIT_TIMEOUT);
    plait__robust_unlock(&book->lock);
    ck_assert_uint_eq(book->lock.word, 0);
    ck_assert_ok(turn_page(book, PLAIT_FOREVER));
}

static void hold_for_ever(void *memory) {
    struct book *book = memory;
    struct plait__robust_wait wait = until(PLAIT_FOREVER);
    if (plait__robust_lock(&book->lock, &wait) != PLAIT_OK) _exit(1);
    plait__store(&book->left, book->left + 1);
    for (;;) pause();
}

static bool is_taken(const struct book *book) {
    return plait__load(&book->lock.word) & ~PLAIT__OWNER_DIED;
}

TEST(a_stopped_holder_keeps_nobody_from_a_cancel) {
    struct book *book = kill_memory(sizeof *book);
    pid_t holder = kill_start(hold_for_ever, book);
    while (!is_taken(book)) plait_sleep(0.001);
    ck_assert_int_eq(kill(holder, SIGSTOP), 0);
    plait_token *token = plait_token_new(NULL, plait_after(0.02));
    plait_token *before = plait_token_enter(token);
    ck_assert_status(turn_page(book, PLAIT_FOREVER), PLAIT_CANCELLED);
    plait_token_leave(before);
    plait_token_free(token);
    kill_now(holder);
    ck_assert_ok(turn_page(book, PLAIT_FOREVER));
    ck_assert_uint_eq(book->crashes, 1);
}

TEST(who_leaves_the_news_to_the_next_tells_it) {
    struct book *book = kill_memory(sizeof *book);
    pid_t holder = kill_start(hold_for_ever, book);
    while (!is_taken(book)) plait_sleep(0.001);
    kill_now(holder);
    struct plait__robust_wait wait = until(PLAIT_FOREVER);
    ck_assert_status(plait__robust_lock(&book->lock, &wait), PLAIT_CRASHED);
    plait__robust_unlock_to(&book->lock, PLAIT__OWNER_DIED);
    ck_assert_ok(turn_page(book, PLAIT_FOREVER));
    ck_assert_uint_eq(book->crashes, 1);
    ck_assert_ok(turn_page(book, PLAIT_FOREVER));
    ck_assert_uint_eq(book->crashes, 1);
}

/* ---- dying inside ---- */

static void turn_once(void *memory) {
    struct book *other = kill_memory(sizeof *other);
    if (turn_page(other, PLAIT_FOREVER) != PLAIT_OK) _exit(1);
    kill_from_here();
    if (turn_page(memory, PLAIT_FOREVER) != PLAIT_OK) _exit(1);
    kill_to_here();
}

static const char *turn_after(void *memory) {
    struct book *book = memory;
    double began = plait_monotonic();
    kill_check(turn_page(book, PLAIT_FOREVER) == PLAIT_OK);
    kill_check(plait_monotonic() - began < 5);
    kill_check(book->left == book->right);
    kill_check(book->left == 1 || book->left == 2);
    kill_check(book->left == 2 || !kill_finished());
    return NULL;
}

TEST(a_holder_killed_at_any_instruction_gives_it_back) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct book), NULL, turn_once, turn_after, 0});
}

/* The waker's way: another process sleeps for it. */
static void turn_when_taken(void *memory) {
    struct book *book = memory;
    while (!is_taken(book)) plait_sleep(0.0005);
    if (turn_page(book, PLAIT_FOREVER) != PLAIT_OK) _exit(1);
}

static void start_sleeper(void *memory) {
    ((struct book *)memory)->sleeper = kill_start(turn_when_taken, memory);
}

static void release_to_sleeper(void *memory) {
    struct book *book = memory;
    struct plait__robust_wait wait = until(PLAIT_FOREVER);
    if (plait__robust_lock(&book->lock, &wait) != PLAIT_OK) _exit(1);
    while (!plait__load(&book->lock.wanted)) plait_sleep(0.0005);
    kill_from_here();
    plait__robust_unlock(&book->lock);
    kill_to_here();
}

static const char *join_sleeper(void *memory) {
    struct book *book = memory;
    kill_join(book->sleeper, 5);
    kill_check(turn_page(book, PLAIT_FOREVER) == PLAIT_OK);
    kill_check(book->left == 2 && book->right == 2);
    return NULL;
}

TEST(a_holder_killed_while_others_sleep_for_it) {
    kill_at_every_instruction(
        &(struct kill_scenario){sizeof(struct book), start_sleeper, release_to_sleeper, join_sleeper, 0});
}

static void *turn_in_thread(void *memory) {
    return (void *)(intptr_t)turn_page(memory, PLAIT_FOREVER);
}

TEST(who_sleeps_for_it_gets_it_when_the_holder_is_killed) {
    struct book *book = kill_memory(sizeof *book);
    pid_t holder = kill_start(hold_for_ever, book);
    while (!is_taken(book)) plait_sleep(0.001);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, turn_in_thread, book), 0);
    wait_until_asleep(1);
    kill_now(holder);
    void *status;
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_ptr_null(status);
    ck_assert_uint_eq(book->crashes, 1);
}

static void turn_for_ever(void *memory) {
    kill_from_here();
    while (turn_page(memory, PLAIT_FOREVER) == PLAIT_OK) {}
    _exit(1);
}

static const char *turn_often(void *memory) {
    struct book *book = memory;
    for (int i = 0; i < 100; i++) kill_check(turn_page(book, PLAIT_FOREVER) == PLAIT_OK);
    return NULL;
}

TEST(one_killed_at_random_leaves_it_to_the_others) {
    kill_at_random(&(struct kill_scenario){sizeof(struct book), NULL, turn_for_ever, turn_often, 0}, 100,
                   500);
}

/* ---- many at once ---- */

static void turn_until_stopped(void *memory) {
    struct book *book = memory;
    while (!plait__load(&book->stop))
        if (turn_page(book, PLAIT_FOREVER) != PLAIT_OK) _exit(1);
}

static void *turn_in_a_thread(void *memory) {
    turn_until_stopped(memory);
    return NULL;
}

TEST(processes_and_threads_exclude_each_other_while_some_are_killed) {
    struct book *book = kill_memory(sizeof *book);
    struct stress_random random = stress_random_stream(0);
    enum { PROCESSES = 4, THREADS = 2 };
    pid_t processes[PROCESSES];
    pthread_t threads[THREADS];
    for (int i = 0; i < PROCESSES; i++) processes[i] = kill_start(turn_until_stopped, book);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, turn_in_a_thread, book), 0);
    while (stress_goes_on()) {
        int i = (int)stress_random_below(&random, PROCESSES);
        kill_linger(&random, 3000);
        kill_now(processes[i]);
        processes[i] = kill_start(turn_until_stopped, book);
    }
    plait__store(&book->stop, true);
    for (int i = 0; i < PROCESSES; i++) kill_join(processes[i], 10);
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_ok(turn_page(book, PLAIT_FOREVER));
    ck_assert_uint_eq(book->left, book->right);
}

/* ---- lanes ---- */

/* Whoever was woken owes a wake to the next, and the one who has the lane may have lost its CPU for longer than he can
 * wait. */
TEST(a_wake_goes_on_to_the_next_though_the_lane_is_held) {
    struct plait__shared_lane *lane = kill_memory(sizeof *lane);
    const struct plait__shared_lane_call call = {.wait = until(PLAIT_FOREVER), .slept = true};
    ck_assert_ok(plait__shared_lane_lock(lane, &call));
    plait__store(&lane->asleep, 1);
    uint32_t turn = plait__load(&lane->turn);
    plait__shared_lane_pass_on(lane, 0, &call);
    ck_assert_uint_ne(plait__load(&lane->turn), turn);
    plait__shared_lane_unlock(lane);
}

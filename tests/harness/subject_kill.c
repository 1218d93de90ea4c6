/* Mistakes in what is shared between processes, planted for the kill harness to find: run.sh sees that it tells. */
#include "support/kill.h"
#include "support/test.h"

#include <base/atomic.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Two numbers that are to be the same whenever somebody looks. Changed one after the other they are not; both in one
 * word they are. */
struct book {
    uint32_t left, right;
    uint64_t both;
    uint32_t locked;
};

static void change_one_by_one(void *memory) {
    struct book *book = memory;
    kill_from_here();
    plait__store(&book->left, plait__load(&book->left) + 1);
    plait__store(&book->right, plait__load(&book->right) + 1);
    kill_to_here();
}

static void change_both_at_once(void *memory) {
    struct book *book = memory;
    kill_from_here();
    plait__add(&book->both, UINT64_C(0x100000001));
    kill_to_here();
}

static const char *same(void *memory) {
    const struct book *book = memory;
    kill_check(book->left == book->right);
    kill_check((uint32_t)book->both == book->both >> 32);
    kill_check(!kill_finished() || book->left == 1 || (uint32_t)book->both == 1);
    return NULL;
}

TEST(kill_finds_what_is_half_changed) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct book), NULL, change_one_by_one, same, 0});
}

TEST(passes_when_nothing_is_half_changed) {
    kill_nothing_left_begin();
    long killed = kill_at_every_instruction(
        &(struct kill_scenario){sizeof(struct book), NULL, change_both_at_once, same, 0});
    ck_assert(killed == 0 || killed > 3);
    kill_nothing_left(NULL);
}

static void change_and_change(void *memory) {
    struct book *book = memory;
    kill_from_here();
    for (;;) {
        plait__store(&book->left, plait__load(&book->left) + 1);
        for (int i = 0; i < 1000; i++) plait__load(&book->locked);
        plait__store(&book->right, plait__load(&book->right) + 1);
    }
}

TEST(kill_at_random_finds_it_too) {
    kill_at_random(&(struct kill_scenario){sizeof(struct book), NULL, change_and_change, same, 0}, 2000,
                   1000);
}

/* A lock that dies with its holder. */
static void take_and_give_back(void *memory) {
    struct book *book = memory;
    kill_from_here();
    plait__store(&book->locked, 1);
    plait__store(&book->locked, 0);
    kill_to_here();
}

static const char *wait_for_the_lock(void *memory) {
    const struct book *book = memory;
    while (plait__load(&book->locked)) sched_yield();
    return NULL;
}

TEST(kill_finds_a_survivor_that_hangs) {
    kill_at_every_instruction(
        &(struct kill_scenario){sizeof(struct book), NULL, take_and_give_back, wait_for_the_lock, 0});
}

static void crash(void *memory) {
    (void)memory;
    kill_from_here();
    raise(SIGSEGV);
}

TEST(kill_tells_a_victim_that_crashes) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct book), NULL, crash, same, 0});
}

static void never_wakes(void *memory) {
    struct book *book = memory;
    kill_from_here();
    plait__store(&book->locked, 1);
    pause();
}

static const char *all_is_well(void *memory) {
    (void)memory;
    return NULL;
}

TEST(passes_when_the_victim_falls_asleep) {
    struct kill_scenario scenario = {sizeof(struct book), NULL, never_wakes, all_is_well, 30};
    long killed = kill_at_every_instruction(&scenario);
    ck_assert(killed == 0 || killed > 3);
}

/* What is left here must not be left for good: it goes when the test has ended. */
static void outlive(pid_t test) {
    setsid(); /* the harness kills the group */
    while (kill(test, 0) == 0) usleep(10000);
}

static void leave_a_process(void *memory) {
    (void)memory;
    pid_t test = getppid();
    if (fork() > 0) return;
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    outlive(test);
}

TEST(kill_finds_a_process_that_is_left) {
    kill_nothing_left_begin();
    kill_join(kill_start(leave_a_process, NULL), 10);
    kill_nothing_left(NULL);
}

static void leave_a_name(void *memory) {
    const char *name = memory;
    pid_t test = getppid();
    if (close(shm_open(name, O_CREAT | O_RDWR, 0600)) < 0) _exit(1);
    if (fork() > 0) return;
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    outlive(test);
    shm_unlink(name);
}

TEST(kill_finds_a_name_that_is_left) {
    char *name = kill_memory(64);
    snprintf(name, 64, "/plait-left-%d", (int)getpid());
    kill_join(kill_start(leave_a_name, name), 10);
    kill_nothing_left(name + 1);
}

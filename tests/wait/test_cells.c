/* Blocks that threads keep: reused, exchanged in batches, bounded, and given back. */
#include "support/faults.h"
#include "support/stress.h"
#include "support/test.h"

#include <base/atomic.h>
#include <base/memory.h>
#include <plait.h>
#include <wait/cells.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 150, MANY = 20000 };

static void *cells[MANY];

static void take_many(int count) {
    int taken = 0;
    for (; taken < count && (cells[taken] = plait__cell_take(SIZE)); taken++)
        memset(cells[taken], taken, SIZE);
    ck_assert_int_eq(taken, count);
}

static void give_many(int count) {
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        wrong += ((unsigned char *)cells[i])[SIZE - 1] != (i & 255);
        plait__cell_give(cells[i], SIZE);
    }
    ck_assert_int_eq(wrong, 0);
}

static uint64_t allocations_of(void (*act)(void)) {
    uint64_t before = plait__memory_allocations();
    act();
    return plait__memory_allocations() - before;
}

static void take_and_give(void) {
    take_many(3000);
    give_many(3000);
}

TEST(what_was_given_back_is_taken_again) {
    take_and_give();
    if (PLAIT__CELLS_KEPT) ck_assert_uint_eq(allocations_of(take_and_give), 0);
    plait__cells_flush();
    ck_assert_uint_ge(allocations_of(take_and_give), 3000);
}

TEST(any_size_will_do) {
    static const size_t sizes[] = {0, 1, 31, 32, 33, 64, 255, 256, 257, 4096};
    for (int round = 0; round < 3; round++) {
        void *taken[10];
        for (int i = 0; i < 10; i++) {
            taken[i] = plait__cell_take(sizes[i]);
            ck_assert_uint_eq((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
            memset(taken[i], 255, sizes[i]);
        }
        for (int i = 0; i < 10; i++) plait__cell_give(taken[i], sizes[i]);
    }
    plait__cell_give(NULL, 5);
}

/* A burst goes back to malloc but for what the depot may keep: 2 MiB of each class. */
TEST(what_is_kept_is_bounded) {
    take_many(MANY);
    give_many(MANY);
    uint64_t before = plait__memory_allocations();
    take_many(MANY);
    ck_assert_uint_ge(plait__memory_allocations() - before, MANY - (2 << 20) / SIZE);
    give_many(MANY);
}

PLAIT_TASK(void, take_elsewhere, (int, count)) {
    take_many(count);
}

PLAIT_TASK(void, give_elsewhere, (int, count)) {
    give_many(count);
}

static void in_a_thread(plait_thread *thread) {
    ck_assert_ok(plait_thread_join(thread));
    plait_thread_free(thread);
}

TEST(batches_go_from_thread_to_thread) {
    take_many(1000);
    in_a_thread(plait_start(give_elsewhere, 1000));
    uint64_t before = plait__memory_allocations();
    take_many(900);
    if (PLAIT__CELLS_KEPT) ck_assert_uint_lt(plait__memory_allocations() - before, 10);
    give_many(900);
}

TEST(a_thread_that_has_ended_keeps_nothing) {
    in_a_thread(plait_start(take_elsewhere, 100));
    in_a_thread(plait_start(give_elsewhere, 100));
    while (plait_set_allocator(NULL) != PLAIT_OK) {} /* the last handles are given back after the join */
}

TEST(an_allocator_of_ones_own_sees_every_block) {
    take_and_give(); /* malloc's; given back below, though they were kept */
    fault_install();
    take_many(100);
    ck_assert_int_eq(fault_outstanding(), 100);
    give_many(100);
    ck_assert_int_eq(fault_outstanding(), 0);
    ck_assert_ok(plait_set_allocator(NULL));
    take_and_give();
}

static plait_status take_one_of_each(void) {
    void *small = plait__cell_take(24), *large = plait__cell_take(1000);
    plait_status status = small && large ? PLAIT_OK : plait_last_error();
    plait__cell_give(small, 24);
    plait__cell_give(large, 1000);
    return status;
}

TEST(lack_of_memory_is_a_status) {
    ck_assert_int_eq(fault_every(take_one_of_each), 2);
}

TEST(the_child_of_a_fork_begins_with_an_empty_depot) {
    take_and_give();
    pid_t child = fork();
    if (child == 0) {
        take_and_give();
        _exit(0);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

/* Threads take and give blocks of all sizes through a shared board, each marked by who has it. */
enum { BOARD = 512 };
static struct marked {
    size_t size;
    unsigned char mark;
} * board[BOARD];
static uint32_t torn;

PLAIT_TASK(void, exchange, (unsigned, index), (int, rounds)) {
    struct stress_random random = stress_random_stream(index);
    for (int i = 0; i < rounds; i++) {
        size_t size = 16 + stress_random_below(&random, 260);
        struct marked *mine = plait__cell_take(size);
        memset(mine, (int)index + 1, size);
        mine->size = size;
        mine->mark = (unsigned char)(index + 1);
        struct marked *other = plait__exchange(&board[stress_random_below(&random, BOARD)], mine);
        if (!other) continue;
        const unsigned char *bytes = (const unsigned char *)other;
        for (size_t at = sizeof *other; at < other->size; at++)
            if (bytes[at] != other->mark) plait__add_relaxed(&torn, 1);
        plait__cell_give(other, other->size);
    }
}

TEST_WITHIN(nobody_has_anothers_block, 180) {
    int count = stress_threads(4);
    plait_thread *threads[64];
    if (count > 64) count = 64;
    for (int i = 0; i < count; i++) threads[i] = plait_start(exchange, (unsigned)i, 200000 / count);
    for (int i = 0; i < count; i++) in_a_thread(threads[i]);
    ck_assert_uint_eq(torn, 0);
    for (int i = 0; i < BOARD; i++)
        if (board[i]) plait__cell_give(board[i], board[i]->size);
}

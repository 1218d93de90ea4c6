/* The protocol between a pool and its workers, without the pool: cells are claimed, finished and collected exactly once,
 * whoever is killed, and at whichever instruction. */
#include "process/pool_support.h"
#include "support/kill.h"
#include "support/stress.h"

#include <process/pool_memory.h>
#include <wait/shared.h>

enum { QUEUED = 4, PART = offsetof(struct plait__pool_memory, initializer_args) };

static struct plait__pool_memory *with_cells(void *memory) {
    for (uint32_t i = 0; i < QUEUED; i++) plait__pool_queue(memory, i);
    return memory;
}

static void prepare(void *memory) {
    (void)with_cells(memory);
}

/* Nobody is asleep, and it is the one on its way. */
static void prepare_called(void *memory) {
    struct plait__pool_memory *pool = with_cells(memory);
    pool->searching = 1;
    pool->idle[0] = 2;
    pool->slots[1].word = PLAIT__POOL_ASLEEP;
}

/* Another one is on its way, so it does not look on before it sleeps. */
static void prepare_rest(void *memory) {
    struct plait__pool_memory *pool = with_cells(memory);
    pool->searching = 2;
}

static void work_once(struct plait__pool_memory *pool, uint32_t worker) {
    uint32_t cell;
    if (!plait__pool_find(pool, worker, &cell)) return;
    plait__pool_done(pool, cell);
    (void)plait__pool_push(pool, cell);
}

static void victim(void *memory) {
    struct plait__pool_memory *pool = memory;
    kill_from_here();
    work_once(pool, 0);
    work_once(pool, 0);
    kill_to_here();
}

static void resting_victim(void *memory) {
    struct plait__pool_memory *pool = memory;
    uint32_t cell;
    while (plait__pool_claim(pool, 0, &cell)) plait__pool_done(pool, cell);
    uint32_t word = 0;
    (void)plait__wait_shared(&word, 0, "the first wait", NULL, plait_after(0.001), false);
    kill_from_here();
    plait__pool_rest(pool, 0);
    kill_to_here();
}

/* How often each cell has come out; the list's order does not matter. */
struct account {
    int finished[QUEUED], running[QUEUED];
};

static bool collect(struct plait__pool_memory *pool, struct account *account) {
    uint32_t one = plait__pool_take_finished(pool);
    for (int steps = 0; one; steps++) {
        if (one > QUEUED || steps > QUEUED) return false;
        if (plait__cell_state(pool->cells[one - 1].word) != PLAIT__CELL_DONE) return false;
        account->finished[one - 1]++;
        pool->cells[one - 1].word = PLAIT__CELL_FREE;
        one = pool->cells[one - 1].next;
    }
    return true;
}

/* What the keeper does. */
static const char *bury(struct plait__pool_memory *pool, struct account *account) {
    plait__pool_bury(pool, 0);
    kill_check(collect(pool, account));
    for (uint32_t i = 0; i < QUEUED; i++) {
        uint64_t word = pool->cells[i].word;
        if (plait__cell_state(word) == PLAIT__CELL_DONE) account->finished[i]++;
        if (plait__cell_state(word) == PLAIT__CELL_RUNNING) account->running[i]++;
        if (plait__cell_state(word) != PLAIT__CELL_QUEUED) pool->cells[i].word = PLAIT__CELL_FREE;
    }
    plait__pool_wake_all(pool, 2);
    return NULL;
}

/* Another worker does the rest; all come out once, and nobody is left on its way. */
static const char *check(void *memory) {
    struct plait__pool_memory *pool = memory;
    struct account account = {{0}, {0}};
    const char *why = bury(pool, &account);
    if (why) return why;
    int crashed = 0;
    for (uint32_t i = 0; i < QUEUED; i++) crashed += account.running[i];
    kill_check(crashed <= 1);
    for (uint32_t i = 0; i <= QUEUED; i++) work_once(pool, 1);
    kill_check(collect(pool, &account));
    for (uint32_t i = 0; i < QUEUED; i++) kill_check(account.finished[i] + account.running[i] == 1);
    kill_check(pool->searching == 0);
    kill_check(pool->idle[0] == 0);
    kill_check(plait__pool_queued(pool) == 0);
    for (uint32_t i = 0; i < QUEUED; i++) plait__pool_queue(pool, i); /* and it goes on so */
    for (uint32_t i = 0; i < QUEUED; i++) work_once(pool, 1);
    struct account again = {{0}, {0}};
    kill_check(collect(pool, &again));
    for (uint32_t i = 0; i < QUEUED; i++) kill_check(again.finished[i] == 1);
    return NULL;
}

static const char *check_rested(void *memory) {
    struct plait__pool_memory *pool = memory;
    plait__pool_bury(pool, 0);
    kill_check(pool->searching == 2);
    kill_check(pool->idle[0] == 0);
    return NULL;
}

TEST_WITHIN(a_worker_killed_at_any_instruction_leaves_an_exact_record, 120) {
    (void)kill_at_every_instruction(&(struct kill_scenario){PART, prepare, victim, check, 0});
}

TEST_WITHIN(so_does_one_that_was_about_to_call_another, 120) {
    (void)kill_at_every_instruction(&(struct kill_scenario){PART, prepare_called, victim, check, 0});
}

TEST_WITHIN(so_does_one_about_to_rest, 120) {
    (void)kill_at_every_instruction(
        &(struct kill_scenario){PART, prepare_rest, resting_victim, check_rested, 20});
}

/* ---- with threads ---- */

static struct plait__pool_memory *shared;

static void *work(void *argument) {
    uint32_t worker = (uint32_t)(uintptr_t)argument, cell;
    while (true) {
        if (plait__pool_find(shared, worker, &cell)) {
            plait__pool_done(shared, cell);
            (void)plait__pool_push(shared, cell);
        } else if (plait__load_seq(&shared->slots[worker].leave)) {
            plait__pool_leave(shared, worker);
            return NULL;
        } else {
            if (!plait__pool_linger(shared, worker)) plait__pool_rest(shared, worker);
        }
    }
}

static void tell_all_to_leave(uint32_t workers) {
    for (uint32_t i = 0; i < workers; i++) plait__store_seq(&shared->slots[i].leave, 1);
    plait__pool_wake_all(shared, workers);
}

/* Worker 1 sleeps, worker 0 does what there is. */
TEST(nobody_is_called_when_nothing_waits) {
    uint32_t cell;
    shared = process_shared(sizeof *shared);
    shared->idle[0] = 2;
    ck_assert(!plait__pool_may_call(shared));
    plait__pool_queue(shared, 0);
    ck_assert(plait__pool_may_call(shared));
    ck_assert(plait__pool_claim(shared, 0, &cell));
    ck_assert(!plait__pool_may_call(shared));
    plait__pool_queue(shared, 1);
    shared->searching = 1;
    ck_assert(!plait__pool_may_call(shared));
}

/* The parent queues free cells, some of which it takes back, and collects. */
TEST_WITHIN(each_cell_comes_out_as_often_as_it_went_in, 120) {
    enum { CELLS = 64, WORKERS = 3 };
    plait_thread *threads[WORKERS];
    static uint64_t in[CELLS], out[CELLS];
    static bool free_cell[CELLS];
    struct stress_random random = stress_random_stream(1);
    shared = process_shared(sizeof *shared);
    for (uint32_t i = 0; i < WORKERS; i++) threads[i] = plait_thread_new(NULL, work, (void *)(uintptr_t)i);
    memset(free_cell, 1, sizeof free_cell);
    uint64_t taken_back = 0;
    bool goes_on;
    size_t flight = 0;
    do {
        goes_on = stress_goes_on();
        uint32_t cell = stress_random_below(&random, CELLS);
        if (goes_on && free_cell[cell]) {
            free_cell[cell] = false;
            in[cell]++;
            flight++;
            plait__pool_queue(shared, cell);
            if (plait__pool_may_call(shared)) plait__pool_call(shared);
            if (stress_random_below(&random, 8) == 0 && plait__pool_unqueue(shared, cell)) {
                free_cell[cell] = true;
                in[cell]--;
                flight--;
                taken_back++;
            }
        }
        for (uint32_t one = plait__pool_take_finished(shared); one; flight--) {
            uint32_t next = shared->cells[one - 1].next;
            ck_assert_int_eq(plait__cell_state(plait__load_acquire(&shared->cells[one - 1].word)),
                             PLAIT__CELL_DONE);
            out[one - 1]++;
            free_cell[one - 1] = true;
            plait__store(&shared->cells[one - 1].word, PLAIT__CELL_FREE);
            one = next;
        }
    } while (goes_on || flight);
    tell_all_to_leave(WORKERS);
    for (uint32_t i = 0; i < WORKERS; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    for (uint32_t i = 0; i < CELLS; i++) ck_assert_uint_eq(in[i], out[i]);
    ck_assert_uint_eq(plait__load(&shared->searching), 0);
    ck_assert_uint_gt(taken_back, 0);
}
